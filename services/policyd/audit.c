// services/policyd/audit.c: see audit.h.
#include "services/policyd/audit.h"

#include "ipc/ask.h"
#include "ipc/log_record.h"
#include "ipc/wire/log_wire.h"
#include "runtime/format.h"

void audit_init(struct audit *audit, struct ipc_client *client) {
    *audit = (struct audit){.client = client};
    audit_book_init(&audit->book);
}

static void say(struct audit *audit, const struct format_buffer *line) {
    static const uint8_t scope[] = {'p', 'o', 'l', 'i', 'c', 'y'};
    struct log_message message = {
        .header = {.op = LOG_OP_APPEND},
        .level = LOG_AUDIT,
        .scope = {.data = scope, .count = sizeof(scope)},
        .text = {.data = (const uint8_t *)line->text, .count = line->count}};
    const struct ipc_question question = {.target = service_id_named("logd"),
                                          .protocol = &log_rows,
                                          .deadline = {.ns = sys_clock_get() + AUDIT_ROUTE_NS},
                                          .carried = slot_at(CAP_SLOT_NONE)};
    audit->lost += ipc_tell(audit->client, &question, &message).error != IPC_OK;
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
