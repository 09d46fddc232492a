// services/logd/service.c: connects the journal (logd.h) with its senders and readers.
#include "services/logd/service.h"

#include "images/markers.h"
#include "ipc/server.h"
#include "ipc/wire/log_wire.h"
#include "services/logd/logd.h"

struct logd_service {
    struct ipc_server server;
    struct logd logd;
    uint8_t page[LOG_PAGE_BYTES_MAX];  // Of the answer to a query.
};

static enum wire_status on_append(void *state, struct ipc_exchange *exchange) {
    struct logd_service *service = state;
    struct log_message *message = exchange->message;
    struct log_record record = {.at_ns = sys_clock_get(),
                                .sender = exchange->request->meta.service_id,
                                .level = message->level,
                                .scope = message->scope,
                                .text = message->text};
    enum wire_status status = logd_append(&service->logd, &record);
    message->sequence = record.sequence;
    return status;
}

static enum wire_status on_query(void *state, struct ipc_exchange *exchange) {
    struct logd_service *service = state;
    struct log_message *message = exchange->message;
    struct logd_wanted wanted = {
        .from = message->sequence, .least_level = message->level, .scope = message->scope};
    struct wire_writer page = wire_writer_of(service->page, sizeof(service->page));
    struct log_record record;
    while (logd_find(&service->logd, &wanted, &record) && log_record_put(&page, &record)) {
        wanted.from = record.sequence + 1;  // Ends: the page is full, or the journal.
    }
    message->records = (struct wire_bytes){.data = service->page, .count = page.count};
    message->next = page.count != 0 ? wanted.from : service->logd.next;
    return WIRE_OK;
}

static enum wire_status on_stats(void *state, struct ipc_exchange *exchange) {
    const struct logd_service *service = state;
    const struct logd *logd = &service->logd;
    struct log_message *message = exchange->message;
    message->next = logd->next;
    message->first = logd_first(logd);
    message->overwritten = logd->overwritten;
    message->over_rate = logd->over_rate;
    message->over_size = logd->over_size;
    return WIRE_OK;
}

int logd_main(struct runtime *runtime) {
    static const struct ipc_row rows[] = {
        [LOG_OP_APPEND] = {.call = on_append, .send = on_append},
        [LOG_OP_QUERY] = {.call = on_query},
        [LOG_OP_STATS] = {.call = on_stats},
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
