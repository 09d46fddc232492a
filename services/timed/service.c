// services/timed/service.c: connects the logic (timed.h) with its clients.
#include "services/timed/service.h"

#include "images/markers.h"
#include "ipc/server.h"
#include "ipc/wire/timed_wire.h"
#include "services/timed/timed.h"

struct timed_service {
    struct ipc_server server;
    struct timed timed;
};

static enum wire_status on_clock(void *state, struct ipc_exchange *exchange) {
    (void)state;
    struct timed_message *message = exchange->message;
    message->now_ns = sys_clock_get();
    return WIRE_OK;
}

static enum wire_status on_sleep(void *state, struct ipc_exchange *exchange) {
    struct timed_service *service = state;
    struct timed_message *message = exchange->message;
    uint64_t now_ns = sys_clock_get();
    if (message->deadline_ns <= now_ns) {
        message->now_ns = now_ns;
        message->wake_order = timed_count_woken(&service->timed);
        return WIRE_OK;
    }
    const struct kept_call *call = ipc_keep(exchange);
    return call && timed_sleep(&service->timed, message->deadline_ns, call) ? WIRE_OK
                                                                            : WIRE_OVERLOAD;
}

static enum wire_status on_stats(void *state, struct ipc_exchange *exchange) {
    const struct timed_service *service = state;
    const struct timed *timed = &service->timed;
    struct timed_message *message = exchange->message;
    message->sleepers = timed->sleeper_count;
    message->woken = timed->woken;
    message->cancelled = timed->cancelled;
    message->overloaded = timed->overloaded;
    return WIRE_OK;
}

static void on_left(void *state, struct reply_handle reply) {
    struct timed_service *service = state;
    timed_cancel(&service->timed, reply);
}

static uint64_t next_deadline(const void *state) {
    const struct timed_service *service = state;
    return timed_next_deadline(&service->timed);
}

static void on_wake(void *state, uint64_t now_ns) {
    struct timed_service *service = state;
    struct kept_call sleeper;
    while (timed_wake(&service->timed, now_ns, &sleeper)) {  // At most once a sleeper.
        struct timed_message message = {.now_ns = now_ns,
                                        .wake_order = timed_count_woken(&service->timed)};
        (void)ipc_answer(&service->server, &sleeper, WIRE_OK, &message, slot_at(CAP_SLOT_NONE));
    }
}

int timed_main(struct runtime *runtime) {
    static const struct ipc_row rows[] = {
        [TIMED_OP_CLOCK] = {.call = on_clock},
        [TIMED_OP_SLEEP] = {.call = on_sleep},
        [TIMED_OP_STATS] = {.call = on_stats},
    };
    const struct ipc_service service = {.name = "timed",
                                        .ready = MARKER_TIMED_READY,
                                        .protocol = &timed_rows,
                                        .rows = rows,
                                        .row_count = ARRAY_LEN(rows),
                                        .left = on_left,
                                        .next_deadline = next_deadline,
                                        .wake = on_wake};
    struct timed_service state;
    timed_init(&state.timed);
    return ipc_serve(&state.server, runtime, &service, &state);
}
