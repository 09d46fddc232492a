// services/selftest/cases_timed.c: timed as its clients see it.
#include <string.h>

#include "ipc/timed_class.h"
#include "ipc/timed_client.h"
#include "services/selftest/cases.h"
#include "services/selftest/peer.h"
#include "services/selftest/probe/protocol.h"

enum {
    SLEEPER_COUNT = 4,
    ATTEMPT_MAX = 6,
    LOOK_MAX = 10000,
};

static struct timed_message new_request(struct selftest *selftest, uint8_t op,
                                        uint64_t deadline_ns) {
    struct timed_message request = {.header = {.op = op, .nonce = {.value = selftest->next_nonce}},
                                    .deadline_ns = deadline_ns,
                                    .laxity = TIMED_BURST};
    selftest->next_nonce++;
    return request;
}

static bool ask(struct selftest *selftest, const struct timed_message *request,
                struct timed_message *out) {
    enum status status =
        timed_call(selftest->runtime, selftest->timed, request, selftest_patience(), out);
    return selftest_expect_status(selftest, "a call to timed", status, STATUS_OK) &&
           selftest_expect(selftest, "timed's status", out->header.status, WIRE_OK) &&
           selftest_expect(selftest, "timed's op", out->header.op, request->header.op);
}

static bool ask_timed(struct selftest *selftest, uint8_t op, uint64_t deadline_ns,
                      struct timed_message *out) {
    struct timed_message request = new_request(selftest, op, deadline_ns);
    return ask(selftest, &request, out);
}

bool case_timed_clock(struct selftest *selftest) {
    struct timed_message reply = {0};
    uint64_t last_ns = sys_clock_get();
    for (uint32_t i = 0; i < 5; i++) {
        if (!ask_timed(selftest, TIMED_OP_CLOCK, 0, &reply)) {
            return false;
        }
        uint64_t now_ns = sys_clock_get();
        if (!selftest_expect(selftest, "the clock went back", reply.now_ns < last_ns, false) ||
            !selftest_expect(selftest, "the clock is ahead", reply.now_ns > now_ns, false)) {
            return false;
        }
        last_ns = now_ns;
    }
    // A sleep ends at its deadline or later, never before.
    uint64_t deadline_ns = sys_clock_get() + 2 * SELFTEST_MS;
    return ask_timed(selftest, TIMED_OP_SLEEP, deadline_ns, &reply) &&
           selftest_expect(selftest, "woken early",
                           reply.now_ns < deadline_ns || sys_clock_get() < deadline_ns, false);
}

// Waits until timed has that many sleepers.
static bool await_sleepers(struct selftest *selftest, uint32_t count) {
    struct timed_message reply = {0};
    for (uint32_t i = 0; i < LOOK_MAX; i++) {
        if (!ask_timed(selftest, TIMED_OP_STATS, 0, &reply)) {
            return false;
        }
        if (reply.sleepers == count) {
            return true;
        }
        sys_yield();
    }
    return selftest_expect(selftest, "timed's sleepers", reply.sleepers, count);
}

struct sleepers {
    struct peer peers[SLEEPER_COUNT];
    uint64_t deadlines_ns[SLEEPER_COUNT];
    uint64_t wake_orders[SLEEPER_COUNT];
    enum timed_class laxity;
    uint64_t wakeups_before;  // Of timed.
};

static bool start_sleepers(struct selftest *selftest, struct sleepers *sleepers) {
    for (uint32_t i = 0; i < SLEEPER_COUNT; i++) {
        if (!peer_start(selftest, TASK_HART_ANY, &sleepers->peers[i])) {
            return false;
        }
    }
    return true;
}

static bool begin_sleep(struct selftest *selftest, const struct peer *peer, uint64_t deadline_ns,
                        enum timed_class laxity) {
    const uint64_t words[] = {deadline_ns, laxity};
    memcpy(selftest->runtime->page->call_out.payload, words, sizeof(words));
    struct call_result result =
        peer_call_bytes(selftest, peer, PROBE_SLEEP, sizeof(words), selftest_patience());
    return selftest_expect_status(selftest, "a peer that shall sleep", result.status, STATUS_OK);
}

// One after the other, each asleep before the next begins. With a deadline that has passed
// meanwhile timed never holds `i + 1` sleepers; *in_time says so.
static bool lay_down(struct selftest *selftest, struct sleepers *sleepers, uint64_t base_ns,
                     bool *in_time) {
    // Out of order, and two at the same time: those wake in the order they came.
    static const uint64_t offsets_ns[SLEEPER_COUNT] = {3 * SELFTEST_MS, SELFTEST_MS,
                                                       2 * SELFTEST_MS, SELFTEST_MS};
    *in_time = true;
    for (uint32_t i = 0; i < SLEEPER_COUNT; i++) {
        sleepers->deadlines_ns[i] = base_ns + offsets_ns[i];
        if (!begin_sleep(selftest, &sleepers->peers[i], sleepers->deadlines_ns[i],
                         sleepers->laxity)) {
            return false;
        }
        struct timed_message reply = {0};
        bool asleep = false;
        for (uint32_t look = 0; look < LOOK_MAX && *in_time && !asleep; look++) {
            if (!ask_timed(selftest, TIMED_OP_STATS, 0, &reply)) {
                return false;
            }
            asleep = reply.sleepers == i + 1;
            *in_time = sys_clock_get() < base_ns;
        }
    }
    return true;
}

static bool take_report(struct selftest *selftest, struct sleepers *sleepers) {
    struct recv_result event = sys_ipc_recv(slot_at(SLOT_ENDPOINT), selftest_patience());
    if (!selftest_expect_status(selftest, "a sleeper's report", event.status, STATUS_OK)) {
        return false;
    }
    if (event.received != RECEIVED_SEND) {
        return true;  // An exit notice of an earlier case.
    }
    uint64_t words[PROBE_REPORT_WORDS];
    memcpy(words, selftest->runtime->page->request_in.payload, sizeof(words));
    for (uint32_t i = 0; i < SLEEPER_COUNT; i++) {
        if (sleepers->peers[i].argument == words[PROBE_REPORT_ARGUMENT]) {
            sleepers->wake_orders[i] = words[PROBE_REPORT_WAKE_ORDER] + 1;
            return selftest_expect(selftest, "a sleeper's status", words[PROBE_REPORT_STATUS],
                                   WIRE_OK) &&
                   selftest_expect(selftest, "woken early",
                                   words[PROBE_REPORT_NOW_NS] < sleepers->deadlines_ns[i], false);
        }
    }
    return selftest_expect(selftest, "whose report", words[PROBE_REPORT_ARGUMENT],
                           sleepers->peers[0].argument);
}

static bool take_reports(struct selftest *selftest, struct sleepers *sleepers) {
    uint64_t deadline_ns = selftest_patience();
    uint32_t missing = SLEEPER_COUNT;
    while (missing != 0) {  // Ends with the last report, or with the deadline.
        if (!take_report(selftest, sleepers) ||
            !selftest_expect(selftest, "reports are late", sys_clock_get() > deadline_ns, false)) {
            return false;
        }
        missing = 0;
        for (uint32_t i = 0; i < SLEEPER_COUNT; i++) {
            missing += sleepers->wake_orders[i] == 0;
        }
    }
    return true;
}

static bool wake_order_is(struct selftest *selftest, const struct sleepers *sleepers) {
    static const uint32_t wanted[SLEEPER_COUNT] = {1, 3, 2, 0};
    uint64_t first = sleepers->wake_orders[wanted[0]];
    for (uint32_t i = 0; i < SLEEPER_COUNT; i++) {
        if (!selftest_expect(selftest, "the order of waking", sleepers->wake_orders[wanted[i]],
                             first + i)) {
            return false;
        }
    }
    return true;
}

// False: something failed. *in_time: all lay down before the first deadline, and `then` held.
static bool sleep_once(struct selftest *selftest, enum timed_class laxity, uint64_t lead_ns,
                       bool (*then)(struct selftest *, const struct sleepers *), bool *in_time) {
    struct sleepers sleepers = {.laxity = laxity};
    struct timed_message stats = {0};
    if (!ask_timed(selftest, TIMED_OP_STATS, 0, &stats)) {
        return false;
    }
    sleepers.wakeups_before = stats.wakeups;
    if (!start_sleepers(selftest, &sleepers) ||
        !lay_down(selftest, &sleepers, sys_clock_get() + lead_ns, in_time) ||
        !take_reports(selftest, &sleepers) || (*in_time && !then(selftest, &sleepers))) {
        return false;
    }
    for (uint32_t i = 0; i < SLEEPER_COUNT; i++) {
        if (!peer_end(selftest, &sleepers.peers[i])) {
            return false;
        }
    }
    return true;
}

// A machine that is busy with other things gets more time to lay all of them down.
static bool sleep_in_time(struct selftest *selftest, enum timed_class laxity,
                          bool (*then)(struct selftest *, const struct sleepers *)) {
    uint64_t lead_ns = 20 * SELFTEST_MS;
    bool in_time = false;
    for (uint32_t attempt = 0; attempt < ATTEMPT_MAX && !in_time; attempt++) {
        if (!sleep_once(selftest, laxity, lead_ns, then, &in_time)) {
            return false;
        }
        lead_ns *= 4;
    }
    return selftest_expect(selftest, "sleepers laid down in time", in_time, true);
}

bool case_timed_sleep_order(struct selftest *selftest) {
    return sleep_in_time(selftest, TIMED_BURST, wake_order_is);
}

// Nobody so far was woken later after its window than the manifest's argument says, in ms.
static bool is_in_time(struct selftest *selftest, const struct timed_message *stats) {
    const uint64_t late_ns_max = runtime_argument(selftest->runtime) * SELFTEST_MS;
    const uint64_t late_ns = stats->late_max_ns;
    return selftest_expect(selftest, "woken too late, ns", late_ns > late_ns_max ? late_ns : 0, 0);
}

// The window is longer than from the first deadline to the last: one wake-up served all.
static bool woken_at_once(struct selftest *selftest, const struct sleepers *sleepers) {
    struct timed_message stats = {0};
    return wake_order_is(selftest, sleepers) && ask_timed(selftest, TIMED_OP_STATS, 0, &stats) &&
           selftest_expect(selftest, "wake-ups for four sleepers", stats.wakeups,
                           sleepers->wakeups_before + 1) &&
           is_in_time(selftest, &stats);
}

bool case_timed_coalesced(struct selftest *selftest) {
    return sleep_in_time(selftest, TIMED_NORMAL, woken_at_once);
}

#define TICK_NS SELFTEST_MS

// The next tick after *last_ns, which it becomes. It is due a whole number of periods later, it is
// not early, and those between are counted.
static bool next_tick(struct selftest *selftest, uint64_t *last_ns, uint64_t *missed) {
    struct timed_message request = new_request(selftest, TIMED_OP_TICK, *last_ns);
    struct timed_message reply = {0};
    request.period_ns = TICK_NS;
    if (!ask(selftest, &request, &reply)) {
        return false;
    }
    uint64_t periods = (reply.due_ns - *last_ns) / TICK_NS;
    *missed = reply.missed;
    bool good =
        selftest_expect(selftest, "the tick's drift", (reply.due_ns - *last_ns) % TICK_NS, 0) &&
        selftest_expect(selftest, "ticks not seen", reply.missed, periods - 1) &&
        selftest_expect(selftest, "an early tick", reply.now_ns < reply.due_ns, false);
    *last_ns = reply.due_ns;
    return good;
}

bool case_timed_tick(struct selftest *selftest) {
    uint64_t last_ns = sys_clock_get();
    uint64_t missed = 0;
    struct timed_message reply = {0};
    for (uint32_t i = 0; i < 3; i++) {
        if (!next_tick(selftest, &last_ns, &missed)) {
            return false;
        }
    }
    // Who sleeps over three of them hears of the fourth, and of those.
    return ask_timed(selftest, TIMED_OP_SLEEP, last_ns + 4 * TICK_NS, &reply) &&
           next_tick(selftest, &last_ns, &missed) &&
           selftest_expect(selftest, "missed fewer than slept over", missed < 3, false);
}

static bool wish_refused(struct selftest *selftest, const struct timed_message *wish) {
    struct timed_message reply = {0};
    enum status status =
        timed_call(selftest->runtime, selftest->timed, wish, selftest_patience(), &reply);
    return selftest_expect_status(selftest, "a wrong wish", status, STATUS_OK) &&
           selftest_expect(selftest, "the answer to it", reply.header.status, WIRE_MALFORMED);
}

bool case_timed_reject_wish(struct selftest *selftest) {
    struct timed_message no_class = new_request(selftest, TIMED_OP_SLEEP, 0);
    no_class.laxity = TIMED_CLASS_COUNT;
    struct timed_message no_period = new_request(selftest, TIMED_OP_TICK, 0);
    struct timed_message no_time = new_request(selftest, TIMED_OP_TICK, UINT64_MAX);
    no_time.period_ns = 1;
    return wish_refused(selftest, &no_class) && wish_refused(selftest, &no_period) &&
           wish_refused(selftest, &no_time);
}

// The caller's deadline passes, after `lead_ns`, long before the sleeper's.
static bool give_up_sleep(struct selftest *selftest, uint64_t lead_ns) {
    struct timed_message request = new_request(selftest, TIMED_OP_SLEEP, selftest_patience() * 2);
    struct timed_message reply = {0};
    enum status status =
        timed_call(selftest->runtime, selftest->timed, &request, sys_clock_get() + lead_ns, &reply);
    return selftest_expect_status(selftest, "a sleep longer than its call", status,
                                  STATUS_TIMED_OUT);
}

static bool cancelled_by_deadline(struct selftest *selftest, uint64_t cancelled_before) {
    // On a machine that is busy with other things timed may not get to see so short a call.
    struct timed_message stats = {0};
    uint64_t lead_ns = 2 * SELFTEST_MS;
    for (uint32_t attempt = 0; attempt < ATTEMPT_MAX; attempt++) {
        if (!give_up_sleep(selftest, lead_ns) || !await_sleepers(selftest, 0) ||
            !ask_timed(selftest, TIMED_OP_STATS, 0, &stats)) {
            return false;
        }
        if (stats.cancelled != cancelled_before) {
            break;
        }
        lead_ns *= 4;
    }
    return selftest_expect(selftest, "sleeps cancelled by a deadline", stats.cancelled,
                           cancelled_before + 1);
}

static bool cancelled_by_death(struct selftest *selftest) {
    struct peer peer;
    return peer_start(selftest, TASK_HART_ANY, &peer) &&
           begin_sleep(selftest, &peer, selftest_patience() * 2, TIMED_BURST) &&
           await_sleepers(selftest, 1) && peer_end(selftest, &peer);
}

bool case_timed_sleep_cancelled(struct selftest *selftest) {
    struct timed_message before = {0};
    struct timed_message after = {0};
    return ask_timed(selftest, TIMED_OP_STATS, 0, &before) &&
           selftest_expect(selftest, "sleepers of earlier cases", before.sleepers, 0) &&
           cancelled_by_deadline(selftest, before.cancelled) && cancelled_by_death(selftest) &&
           await_sleepers(selftest, 0) && ask_timed(selftest, TIMED_OP_STATS, 0, &after) &&
           selftest_expect(selftest, "sleeps cancelled", after.cancelled, before.cancelled + 2) &&
           selftest_expect(selftest, "sleeps woken", after.woken, before.woken);
}
