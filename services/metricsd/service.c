// services/metricsd/service.c: connects the logic (metricsd.h) with those who count and read.
#include "services/metricsd/service.h"

#include "images/markers.h"
#include "ipc/bulk_fill.h"
#include "ipc/resolver.h"
#include "ipc/server.h"
#include "ipc/wire/metrics_wire.h"
#include "services/metricsd/metricsd.h"
#include "services/metricsd/retain.h"

#define NS_PER_MS UINT64_C(1000000)

struct metricsd_service {
    struct ipc_server server;
    struct ipc_resolver resolver;
    struct ipc_client client;  // To logd.
    uint8_t page[METRIC_PAGE_BYTES_MAX];
    struct metricsd metricsd;
};

// The kernel's words.
static struct metricsd_caller caller_of(const struct ipc_exchange *exchange) {
    return (struct metricsd_caller){.id = exchange->request->meta.service_id,
                                    .instance = exchange->request->meta.instance};
}

static enum wire_status update(void *state, struct ipc_exchange *exchange, enum metric_kind kind) {
    struct metricsd_service *service = state;
    struct metrics_message *message = exchange->message;
    const struct metricsd_change change = {.from = caller_of(exchange),
                                           .kind = kind,
                                           .name = message->name,
                                           .value = message->value,
                                           .at_ns = sys_clock_get()};
    return metricsd_update(&service->metricsd, &change, &message->value);
}

static enum wire_status on_add(void *state, struct ipc_exchange *exchange) {
    return update(state, exchange, METRIC_COUNTER);
}

static enum wire_status on_set(void *state, struct ipc_exchange *exchange) {
    return update(state, exchange, METRIC_GAUGE);
}

static enum wire_status on_observe(void *state, struct ipc_exchange *exchange) {
    return update(state, exchange, METRIC_HISTOGRAM);
}

static enum wire_status on_start(void *state, struct ipc_exchange *exchange) {
    struct metricsd_service *service = state;
    struct metrics_message *message = exchange->message;
    return metricsd_start(&service->metricsd, caller_of(exchange), message->name, sys_clock_get(),
                          &message->span);
}

static enum wire_status on_stop(void *state, struct ipc_exchange *exchange) {
    struct metricsd_service *service = state;
    struct metrics_message *message = exchange->message;
    return metricsd_stop(&service->metricsd, caller_of(exchange), message->span, sys_clock_get(),
                         &message->value);
}

static uint64_t owner_asked(const struct ipc_exchange *exchange) {
    const struct metrics_message *message = exchange->message;
    return message->owner != 0 ? message->owner : exchange->request->meta.service_id;
}

static enum wire_status on_read(void *state, struct ipc_exchange *exchange) {
    struct metricsd_service *service = state;
    struct metrics_message *message = exchange->message;
    struct wire_writer out = wire_writer_of(service->page, sizeof(service->page));
    enum wire_status status = metricsd_read(&service->metricsd, owner_asked(exchange),
                                            message->kind, message->name, &out);
    message->series = (struct wire_bytes){.data = service->page, .count = out.count};
    return status;
}

static enum wire_status on_page(void *state, struct ipc_exchange *exchange) {
    struct metricsd_service *service = state;
    struct metrics_message *message = exchange->message;
    struct wire_writer out = wire_writer_of(service->page, sizeof(service->page));
    struct metricsd_page page =
        metricsd_put_page(&service->metricsd, message->from, METRICSD_LOOKS_MAX, &out);
    message->more = page.more;
    message->next = page.next;
    message->series = (struct wire_bytes){.data = service->page, .count = out.count};
    return WIRE_OK;
}

// The memory is the reader's own (bulk_fill.h). Nothing changes while it is filled: all series are
// of one time.
static enum wire_status on_snapshot(void *state, struct ipc_exchange *exchange) {
    const struct metricsd_service *service = state;
    struct metrics_message *message = exchange->message;
    struct bulk_fill fill;
    if (exchange->came.value == CAP_SLOT_NONE) {
        return WIRE_MALFORMED;
    }
    enum bulk_error error = bulk_fill_open(&fill, exchange->came, METRIC_SNAPSHOT_BYTES_MAX);
    exchange->came = slot_at(CAP_SLOT_NONE);
    if (error == BULK_OK) {
        struct wire_writer out = wire_writer_of(fill.bytes, (uint32_t)fill.size);
        struct metricsd_page page =
            metricsd_put_page(&service->metricsd, message->from, METRICSD_PLACE_MAX, &out);
        message->more = page.more;
        message->next = page.next;
        message->count = page.count;
        message->bytes = out.count;
        message->at_ns = sys_clock_get();
        error = bulk_fill_seal(&fill);
    }
    if (error != BULK_OK) {
        return error == BULK_NO_ROOM ? WIRE_OVERLOAD : WIRE_MALFORMED;
    }
    return WIRE_OK;
}

static void fill_counts(struct metrics_message *message, const struct metricsd_counts *counts) {
    message->updates = counts->updates;
    message->over_series = counts->over_series;
    message->over_spans = counts->over_spans;
    message->bad_names = counts->bad_names;
    message->abandoned = counts->abandoned;
}

static enum wire_status on_stats(void *state, struct ipc_exchange *exchange) {
    const struct metricsd_service *service = state;
    const struct metricsd *metricsd = &service->metricsd;
    struct metrics_message *message = exchange->message;
    fill_counts(message, &metricsd->counts);
    for (uint32_t i = 0; i < METRICSD_OWNER_MAX; i++) {
        const struct metricsd_owner *owner = &metricsd->owners[i];
        message->owners += owner->id != 0;
        message->count += metricsd_series_count(owner);
        message->spans += metricsd_span_count(owner);
    }
    message->periods = metricsd->periods;
    message->retained = metricsd->retained;
    message->unretained = metricsd->unretained;
    return WIRE_OK;
}

static enum wire_status on_owner(void *state, struct ipc_exchange *exchange) {
    const struct metricsd_service *service = state;
    struct metrics_message *message = exchange->message;
    const struct metricsd_owner *owner =
        metricsd_owner_find(&service->metricsd, owner_asked(exchange));
    if (!owner) {
        return WIRE_ABSENT;
    }
    fill_counts(message, &owner->counts);
    message->count = metricsd_series_count(owner);
    message->spans = metricsd_span_count(owner);
    return WIRE_OK;
}

static uint64_t next_deadline(const void *state) {
    const struct metricsd_service *service = state;
    return metricsd_next_deadline(&service->metricsd);
}

static void on_wake(void *state, uint64_t now_ns) {
    struct metricsd_service *service = state;
    retain_period(&service->metricsd, &service->client, now_ns);
}

static const struct ipc_client *client_of(const void *state) {
    const struct metricsd_service *service = state;
    return &service->client;
}

static void trace_hits(void *state, bool on) {
    struct metricsd_service *service = state;
    route_cache_trace_hits(&service->client.routes, on);
}

int metricsd_main(struct runtime *runtime) {
    static const struct ipc_row rows[] = {
        [METRICS_OP_ADD] = {.call = on_add, .send = on_add},
        [METRICS_OP_SET] = {.call = on_set, .send = on_set},
        [METRICS_OP_OBSERVE] = {.call = on_observe, .send = on_observe},
        [METRICS_OP_START] = {.call = on_start},
        [METRICS_OP_STOP] = {.call = on_stop},
        [METRICS_OP_READ] = {.call = on_read},
        [METRICS_OP_PAGE] = {.call = on_page},
        [METRICS_OP_SNAPSHOT] = {.call = on_snapshot},
        [METRICS_OP_STATS] = {.call = on_stats},
        [METRICS_OP_OWNER] = {.call = on_owner},
    };
    const struct ipc_service service = {.name = "metricsd",
                                        .ready = MARKER_METRICSD_READY,
                                        .protocol = &metrics_rows,
                                        .rows = rows,
                                        .row_count = ARRAY_LEN(rows),
                                        .next_deadline = next_deadline,
                                        .wake = on_wake,
                                        .client = client_of,
                                        .trace_hits = trace_hits};
    struct metricsd_service state;
    if (!runtime_expect(runtime, slot_at(SLOT_SAMGRD), CAP_ENDPOINT, RIGHT_CALL,
                        "the route to samgrd")) {
        return 1;
    }
    metricsd_init(&state.metricsd);
    // The manifest's argument is another period, in milliseconds, for a test that does not want to
    // wait.
    if (runtime_argument(runtime) != 0) {
        state.metricsd.period_ns = runtime_argument(runtime) * NS_PER_MS;
    }
    ipc_resolver_init(&state.resolver, runtime, SLOT_SAMGRD);
    ipc_client_init(&state.client, runtime, ipc_resolver_ask, &state.resolver,
                    slot_at(CAP_SLOT_NONE));
    return ipc_serve(&state.server, runtime, &service, &state);
}
