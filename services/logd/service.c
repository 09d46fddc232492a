// services/logd/service.c: connects the journal (logd.h) with its senders and readers.
#include "services/logd/service.h"

#include "images/markers.h"
#include "ipc/bulk_fill.h"
#include "ipc/server.h"
#include "ipc/wire/log_wire.h"
#include "services/logd/logd.h"

struct logd_service {
    struct ipc_server server;
    struct logd logd;
    uint8_t page[LOG_PAGE_BYTES_MAX];  // Of the answer to a query.
};

// Who sends and when: the kernel's words.
static struct log_record record_of(const struct ipc_exchange *exchange) {
    return (struct log_record){.at_ns = sys_clock_get(),
                               .sender = exchange->request->meta.service_id};
}

static enum wire_status on_append(void *state, struct ipc_exchange *exchange) {
    struct logd_service *service = state;
    struct log_message *message = exchange->message;
    struct log_record record = record_of(exchange);
    record.kind = LOG_KIND_TEXT;
    record.level = message->level;
    record.scope = message->scope;
    record.text = message->text;
    enum wire_status status = logd_append(&service->logd, &record);
    message->sequence = record.sequence;
    return status;
}

static enum wire_status on_crash(void *state, struct ipc_exchange *exchange) {
    struct logd_service *service = state;
    struct log_message *message = exchange->message;
    struct log_record record = record_of(exchange);
    const struct log_crash crash = {.subject = message->subject,
                                    .detail = message->detail,
                                    .instance = message->instance,
                                    .start = message->start,
                                    .reason = message->reason,
                                    .pc = message->pc,
                                    .ra = message->ra};
    enum wire_status status = logd_append_crash(&service->logd, &record, &crash);
    message->sequence = record.sequence;
    return status;
}

static struct logd_wanted wanted_of(const struct log_message *message) {
    return (struct logd_wanted){.from = message->sequence,
                                .until = message->until,
                                .kind = message->kind,
                                .least_level = message->level,
                                .scope = message->scope};
}

static enum wire_status on_query(void *state, struct ipc_exchange *exchange) {
    struct logd_service *service = state;
    struct log_message *message = exchange->message;
    const struct logd_wanted wanted = wanted_of(message);
    enum wire_status status = logd_wanted_check(&wanted);
    if (status != WIRE_OK) {
        return status;
    }
    struct wire_writer out = wire_writer_of(service->page, sizeof(service->page));
    struct logd_page page = logd_read(&service->logd, &wanted, LOGD_LOOKS_MAX, &out);
    message->records = (struct wire_bytes){.data = service->page, .count = out.count};
    message->next = page.next;
    message->more = page.more;
    return WIRE_OK;
}

// The memory is the reader's own (bulk_fill.h): the journal needs none for it.
static enum wire_status on_export(void *state, struct ipc_exchange *exchange) {
    const struct logd_service *service = state;
    struct log_message *message = exchange->message;
    const struct logd_wanted wanted = wanted_of(message);
    struct bulk_fill fill;
    enum wire_status status = logd_wanted_check(&wanted);
    if (status != WIRE_OK || exchange->came.value == CAP_SLOT_NONE) {
        return WIRE_MALFORMED;
    }
    enum bulk_error error = bulk_fill_open(&fill, exchange->came, LOG_EXPORT_BYTES_MAX);
    exchange->came = slot_at(CAP_SLOT_NONE);
    if (error == BULK_OK) {
        struct wire_writer out = wire_writer_of(fill.bytes, (uint32_t)fill.size);
        struct logd_page page = logd_read(&service->logd, &wanted, LOGD_RECORD_MAX, &out);
        message->more = page.more;
        message->count = page.count;
        message->bytes = out.count;
        message->next = page.next;
        error = bulk_fill_seal(&fill);
    }
    if (error != BULK_OK) {
        return error == BULK_NO_ROOM ? WIRE_OVERLOAD : WIRE_MALFORMED;
    }
    return WIRE_OK;
}

static enum wire_status on_stats(void *state, struct ipc_exchange *exchange) {
    const struct logd_service *service = state;
    const struct logd *logd = &service->logd;
    struct log_message *message = exchange->message;
    message->next = logd->next;
    message->first = logd_first(logd);
    message->appended = logd->counts.appended;
    message->overwritten = logd->overwritten;
    message->over_rate = logd->counts.over_rate;
    message->over_size = logd->counts.over_size;
    message->forgotten = logd->forgotten;
    return WIRE_OK;
}

static enum wire_status on_sender(void *state, struct ipc_exchange *exchange) {
    const struct logd_service *service = state;
    struct log_message *message = exchange->message;
    const struct logd_sender *sender = logd_sender_find(&service->logd, message->subject);
    if (!sender) {
        return WIRE_ABSENT;
    }
    message->appended = sender->counts.appended;
    message->over_rate = sender->counts.over_rate;
    message->over_size = sender->counts.over_size;
    return WIRE_OK;
}

int logd_main(struct runtime *runtime) {
    static const struct ipc_row rows[] = {
        [LOG_OP_APPEND] = {.call = on_append, .send = on_append},
        [LOG_OP_QUERY] = {.call = on_query},
        [LOG_OP_STATS] = {.call = on_stats},
        [LOG_OP_CRASH] = {.call = on_crash, .send = on_crash},
        [LOG_OP_EXPORT] = {.call = on_export},
        [LOG_OP_SENDER] = {.call = on_sender},
    };
    const struct ipc_service service = {.name = "logd",
                                        .ready = MARKER_LOGD_READY,
                                        .protocol = &log_rows,
                                        .rows = rows,
                                        .row_count = ARRAY_LEN(rows)};
    struct logd_service state;
    logd_init(&state.logd);
    return ipc_serve(&state.server, runtime, &service, &state);
}
