// services/policyd/audit.c: see audit.h.
#include "services/policyd/audit.h"

#include "ipc/boot_route.h"
#include "ipc/frame.h"
#include "ipc/log_record.h"
#include "ipc/wire/log_wire.h"
#include "runtime/format.h"
#include "services/policyd/service.h"

void audit_init(struct audit *audit, struct runtime *runtime, struct slot logd) {
    struct query_result found = sys_cap_query(logd);
    bool given = found.status == STATUS_OK &&
                 (cap_query_rights(found.kind_rights) & RIGHT_SEND) != 0 &&
                 cap_query_kind(found.kind_rights) == CAP_ENDPOINT;
    *audit = (struct audit){.runtime = runtime, .logd = given ? logd : slot_at(CAP_SLOT_NONE)};
    audit_book_init(&audit->book);
}

static enum status send_line(struct audit *audit, const struct format_buffer *line) {
    static const uint8_t scope[] = {'p', 'o', 'l', 'i', 'c', 'y'};
    struct message_area *out = &audit->runtime->page->call_out;
    const struct log_message message = {
        .header = {.op = LOG_OP_APPEND},
        .level = LOG_AUDIT,
        .scope = {.data = scope, .count = sizeof(scope)},
        .text = {.data = (const uint8_t *)line->text, .count = line->count}};
    frame_finish(out, WIRE_TYPE(WIRE_PROTOCOL_LOG, LOG_OP_APPEND, WIRE_VIA_NONE),
                 log_encode(WIRE_REQUEST, &message, out->payload, sizeof(out->payload)));
    return sys_ipc_send(audit->logd, 0).status;
}

// logd is gone: its next instance gets the line.
static bool reroute(struct audit *audit, struct slot manifest_slot) {
    const struct deadline deadline = {.ns = sys_clock_get() + AUDIT_ROUTE_NS};
    struct slot_result again =
        ipc_boot_route(audit->runtime, (uint32_t)manifest_slot.value, deadline);
    if (again.status != STATUS_OK) {
        return false;
    }
    slot_release(audit->logd);
    audit->logd = again.slot;
    return true;
}

static void say(struct audit *audit, const struct format_buffer *line) {
    if (audit->logd.value == CAP_SLOT_NONE) {
        return;
    }
    enum status status = send_line(audit, line);
    if (status == STATUS_PEER_CLOSED && reroute(audit, slot_at(POLICYD_SLOT_LOGD))) {
        status = send_line(audit, line);
    }
    audit->sent += status == STATUS_OK;
    audit->lost += status != STATUS_OK;
}

static const char *word_of(uint32_t action) {
    return action < POLICY_ACTION_COUNT ? policy_action_word((enum policy_action)action) : "?";
}

void audit_denied(struct audit *audit, const struct policyd_question *question, uint32_t line) {
    char text[LOG_TEXT_MAX];
    struct format_buffer buffer = {.text = text, .capacity = sizeof(text)};
    const struct audit_denial denial = {
        .subject = question->subject, .object = question->object, .action = question->action};
    uint64_t before = 0;
    if (!audit_book_denied(&audit->book, &denial, sys_clock_get(), &before)) {
        return;
    }
    format_append(&buffer, "denied %lx %s %lx, line %u", question->subject,
                  word_of(question->action), question->object, line);
    if (before != 0) {
        format_append(&buffer, ", after %lu of it that are not here", before);
    }
    say(audit, &buffer);
}

void audit_learned(struct audit *audit, const struct policyd_question *question) {
    char text[LOG_TEXT_MAX];
    struct format_buffer buffer = {.text = text, .capacity = sizeof(text)};
    format_append(&buffer, "learned %lx %s %lx", question->subject, word_of(question->action),
                  question->object);
    say(audit, &buffer);
}

void audit_learning(struct audit *audit, uint64_t subject, bool on) {
    char text[LOG_TEXT_MAX];
    struct format_buffer buffer = {.text = text, .capacity = sizeof(text)};
    format_append(&buffer, "learning %s by %lx", on ? "on" : "off", subject);
    say(audit, &buffer);
}
