// services/keystored/audit.c: what was done with keys, and what was refused, for the journal. A
// send that waits for nobody; one that cannot go is counted. Names and numbers only, never a
// secret.
#include "ipc/log_record.h"
#include "ipc/wire/log_wire.h"
#include "runtime/format.h"
#include "services/keystored/state.h"

static void tell(struct keystored_service *service, const struct format_buffer *line) {
    static const uint8_t scope[] = {'k', 'e', 'y', 's'};
    struct log_message message = {
        .header = {.op = LOG_OP_APPEND},
        .level = LOG_AUDIT,
        .scope = {.data = scope, .count = sizeof(scope)},
        .text = {.data = (const uint8_t *)line->text, .count = line->count}};
    const struct ipc_question question = {.target = service_id_named("logd"),
                                          .protocol = &log_rows,
                                          .deadline = {.ns = sys_clock_get() + AUDIT_PATIENCE_NS},
                                          .carried = slot_at(CAP_SLOT_NONE)};
    const bool sent = ipc_tell(&service->client, &question, &message).error == IPC_OK;
    service->told += sent;
    service->untold += !sent;
}

// Good names have letters that the console takes.
static void append_name(struct format_buffer *line, const struct ipc_exchange *exchange) {
    const struct keys_message *message = exchange->message;
    for (uint32_t i = 0; i < message->name.count && i < KEYS_NAME_BYTES_MAX; i++) {
        format_append(line, "%c", message->name.data[i]);
    }
}

static enum wire_status refuse(struct keystored_service *service,
                               const struct ipc_exchange *exchange, const char *what,
                               enum wire_status status) {
    service->refused++;
    if (keystored_is_told(service->refused)) {
        char text[LOG_TEXT_MAX];
        struct format_buffer line = {.text = text, .capacity = sizeof(text)};
        format_append(&line, "refused %s to %lx, status %u, refusal %lu", what,
                      exchange->request->meta.service_id, (uint32_t)status, service->refused);
        tell(service, &line);
    }
    return status;
}

enum wire_status audit_use(struct keystored_service *service, const struct ipc_exchange *exchange,
                           const char *what, uint64_t uses, enum wire_status status) {
    if (status != WIRE_OK) {
        return refuse(service, exchange, what, status);
    }
    service->uses++;
    if (keystored_is_told(uses)) {
        char text[LOG_TEXT_MAX];
        struct format_buffer line = {.text = text, .capacity = sizeof(text)};
        format_append(&line, "%s ", what);
        append_name(&line, exchange);
        format_append(&line, " by %lx, use %lu", exchange->request->meta.service_id, uses);
        tell(service, &line);
    }
    return status;
}

enum wire_status audit_change(struct keystored_service *service,
                              const struct ipc_exchange *exchange, const char *what,
                              enum wire_status status) {
    if (status != WIRE_OK) {
        return refuse(service, exchange, what, status);
    }
    char text[LOG_TEXT_MAX];
    struct format_buffer line = {.text = text, .capacity = sizeof(text)};
    format_append(&line, "%s ", what);
    append_name(&line, exchange);
    format_append(&line, " by %lx", exchange->request->meta.service_id);
    tell(service, &line);
    return status;
}

void audit_new_identity(struct keystored_service *service) {
    char text[LOG_TEXT_MAX];
    struct format_buffer line = {.text = text, .capacity = sizeof(text)};
    format_append(&line, "new identity");
    tell(service, &line);
}
