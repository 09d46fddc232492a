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

// The answer to a sleeper whose deadline has passed.
static void fill_answer(struct timed *timed, const struct timed_wish *wish, uint64_t now_ns,
                        struct timed_message *message) {
    struct timed_tick tick = timed_tick_at(wish, now_ns);
    message->now_ns = now_ns;
    message->due_ns = tick.due_ns;
    message->missed = tick.missed;
    message->wake_order = timed_count_answer(timed, &tick);
}

static enum wire_status answer_wish(struct timed_service *service, struct ipc_exchange *exchange,
                                    const struct timed_wish *wish) {
    if (!timed_wish_is_good(wish)) {
        return WIRE_MALFORMED;
    }
    uint64_t now_ns = sys_clock_get();
    if (timed_wish_deadline(wish) <= now_ns) {
        fill_answer(&service->timed, wish, now_ns, exchange->message);
        return WIRE_OK;
    }
    const struct kept_call *call = ipc_keep(exchange);
    return call && timed_sleep(&service->timed, wish, call) ? WIRE_OK : WIRE_OVERLOAD;
}

static enum wire_status on_sleep(void *state, struct ipc_exchange *exchange) {
    const struct timed_message *message = exchange->message;
    const struct timed_wish wish = {.deadline_ns = message->deadline_ns, .laxity = message->laxity};
    return answer_wish(state, exchange, &wish);
}

static enum wire_status on_tick(void *state, struct ipc_exchange *exchange) {
    const struct timed_message *message = exchange->message;
    const struct timed_wish wish = {.deadline_ns = message->deadline_ns,
                                    .period_ns = message->period_ns,
                                    .laxity = message->laxity};
    return wish.period_ns == 0 ? WIRE_MALFORMED : answer_wish(state, exchange, &wish);
}

static enum wire_status on_stats(void *state, struct ipc_exchange *exchange) {
    const struct timed_service *service = state;
    const struct timed *timed = &service->timed;
    struct timed_message *message = exchange->message;
    message->sleepers = timed->sleeper_count;
    message->woken = timed->woken;
    message->wakeups = timed->wakeups;
    message->missed = timed->missed;
    message->late_max_ns = timed->late_max_ns;
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
    struct timed_sleeper sleeper;
    timed_begin_wakeup(&service->timed);
    while (timed_wake(&service->timed, now_ns, &sleeper)) {  // At most once a sleeper.
        struct timed_message message = {.now_ns = now_ns};
        fill_answer(&service->timed, &sleeper.wish, now_ns, &message);
        (void)ipc_answer(&service->server, &sleeper.call, WIRE_OK, &message,
                         slot_at(CAP_SLOT_NONE));
    }
}

int timed_main(struct runtime *runtime) {
    static const struct ipc_row rows[] = {
        [TIMED_OP_CLOCK] = {.call = on_clock},
        [TIMED_OP_SLEEP] = {.call = on_sleep},
        [TIMED_OP_STATS] = {.call = on_stats},
        [TIMED_OP_TICK] = {.call = on_tick},
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
