// services/selftest/cases_kernel.c: what the kernel tells of itself: counts, events, and whether
// all adds up.
#include <string.h>

#include "kernel/abi/stats.h"
#include "services/selftest/cases.h"
#include "services/selftest/peer.h"
#include "services/selftest/probe/protocol.h"
#include "services/selftest/slots.h"

enum { CALLS_TRACED = 3, AUDITS_BUSY = 3, WAITS_MAX = 1000, SAME_LOOKS = 20, NS_A_WAIT = 1000000 };

static struct stats_result ask(enum stats_what what, uint64_t index, uint64_t from) {
    return sys_kernel_stats(slot_at(SELFTEST_SLOT_STATS), what, index, from);
}

static bool read_system(struct selftest *selftest, struct stats_system *out) {
    struct stats_result got = ask(STATS_SYSTEM, 0, 0);
    memcpy(out, selftest->runtime->page->stats, sizeof(*out));
    return selftest_expect_status(selftest, "kernel_stats of the system", got.status, STATUS_OK) &&
           selftest_expect(selftest, "its records", got.count, 1);
}

// The task of that instance among all of them.
static bool find_task(struct selftest *selftest, uint32_t instance, struct stats_task *out) {
    uint64_t index = 0;
    do {
        struct stats_result got = ask(STATS_TASKS, index, 0);
        if (!selftest_expect_status(selftest, "kernel_stats of tasks", got.status, STATUS_OK)) {
            return false;
        }
        for (uint64_t i = 0; i < got.count; i++) {
            memcpy(out, &selftest->runtime->page->stats[i * sizeof(*out) / sizeof(uint64_t)],
                   sizeof(*out));
            if (out->instance == instance) {
                return true;
            }
        }
        index = got.next;
    } while (index != 0);
    return selftest_expect(selftest, "a task among the statistics", 0, instance);
}

static bool harts_are_told(struct selftest *selftest) {
    struct stats_result got = ask(STATS_HARTS, 0, 0);
    if (!selftest_expect_status(selftest, "kernel_stats of harts", got.status, STATUS_OK) ||
        !selftest_expect(selftest, "harts", got.count, selftest->image->hart_count)) {
        return false;
    }
    for (uint64_t i = 0; i < got.count; i++) {
        struct stats_hart hart;
        memcpy(&hart, &selftest->runtime->page->stats[i * sizeof(hart) / sizeof(uint64_t)],
               sizeof(hart));
        if (!selftest_expect(selftest, "a hart's index", hart.index, i) ||
            !selftest_expect(selftest, "whether it is online", hart.online, 1) ||
            !selftest_expect(selftest, "a hart that did nothing", hart.busy_ns == 0, false)) {
            return false;
        }
    }
    return true;
}

static bool peer_is_told(struct selftest *selftest, const struct peer *peer) {
    struct stats_task task = {0};
    struct stats_task before = {0};
    return find_task(selftest, peer->instance, &before) &&
           peer_ask(selftest, peer, PROBE_ECHO, 1) && find_task(selftest, peer->instance, &task) &&
           selftest_expect(selftest, "a peer's service_id", task.service_id,
                           selftest->probe_program->service_id) &&
           selftest_expect(selftest, "its state", task.state, TASK_LIVE) &&
           selftest_expect(selftest, "its supervisor", task.supervisor,
                           selftest->runtime->instance) &&
           selftest_expect(selftest, "calls that it answered", task.answers, before.answers + 1);
}

static bool same_pools(const struct stats_system *a, const struct stats_system *b) {
    return a->tasks.free == b->tasks.free && a->endpoints.free == b->endpoints.free &&
           a->pages.free == b->pages.free;
}

// Looks again a moment later.
static bool read_later(struct selftest *selftest, struct stats_system *out) {
    struct recv_result waited = sys_ipc_recv(slot_at(SLOT_ENDPOINT), sys_clock_get() + NS_A_WAIT);
    (void)waited.status;  // A notice of what has ended may come first; the looks are many.
    return read_system(selftest, out);
}

// The last of a task goes back after its end is told: looked at again for a while.
static bool read_system_like(struct selftest *selftest, const struct stats_system *wanted,
                             struct stats_system *out) {
    bool good = read_system(selftest, out);
    for (uint32_t i = 0; i < WAITS_MAX && good && !same_pools(out, wanted); i++) {
        good = read_later(selftest, out);
    }
    return good;
}

// The services that the cases before have ended are gone: nothing has changed for a while.
static bool read_system_at_rest(struct selftest *selftest, struct stats_system *out) {
    struct stats_system before;
    uint32_t same = 0;
    bool good = read_system(selftest, out);
    for (uint32_t i = 0; i < WAITS_MAX && good && same < SAME_LOOKS; i++) {
        before = *out;
        good = read_later(selftest, out);
        same = same_pools(&before, out) ? same + 1 : 0;
    }
    return good && selftest_expect(selftest, "looks without a change", same, SAME_LOOKS);
}

// A task and its endpoint leave nothing behind.
bool case_kernel_stats(struct selftest *selftest) {
    struct stats_system before;
    struct stats_system during;
    struct stats_system after;
    struct peer peer;
    return read_system_at_rest(selftest, &before) && harts_are_told(selftest) &&
           selftest_expect(selftest, "harts of the system", before.hart_count,
                           selftest->image->hart_count) &&
           peer_start(selftest, TASK_HART_ANY, &peer) && peer_is_told(selftest, &peer) &&
           read_system(selftest, &during) &&
           selftest_expect(selftest, "free tasks", during.tasks.free, before.tasks.free - 1) &&
           selftest_expect(selftest, "free endpoints", during.endpoints.free,
                           before.endpoints.free - 1) &&
           selftest_expect(selftest, "pages were taken", during.pages.free < before.pages.free,
                           true) &&
           peer_end(selftest, &peer) && read_system_like(selftest, &before, &after) &&
           selftest_expect(selftest, "free tasks afterwards", after.tasks.free,
                           before.tasks.free) &&
           selftest_expect(selftest, "free endpoints afterwards", after.endpoints.free,
                           before.endpoints.free) &&
           selftest_expect(selftest, "free pages afterwards", after.pages.free, before.pages.free);
}

struct pairs {
    uint32_t calls;  // Of this task to the peer,
    uint32_t pairs;  // and answers with the sequence of the last such call.
    uint64_t sequence;
    uint64_t time_ns;
    bool in_order;
};

static void pair_up(const struct selftest *selftest, const struct trace_event *event,
                    const struct peer *peer, struct pairs *pairs) {
    uint32_t self = selftest->runtime->instance;
    pairs->in_order = pairs->in_order && event->time_ns >= pairs->time_ns;
    pairs->time_ns = event->time_ns;
    if (event->kind == EVENT_CALL && event->task == self && event->peer == peer->instance) {
        pairs->calls++;
        pairs->sequence = event->sequence;
    }
    pairs->pairs += event->kind == EVENT_REPLY && event->task == peer->instance &&
                    event->peer == self && event->sequence == pairs->sequence;
}

static bool events_pair_up(struct selftest *selftest, const struct peer *peer, uint64_t from) {
    struct pairs pairs = {.in_order = true};
    struct stats_result got;
    do {
        got = ask(STATS_TRACE_READ, 0, from);
        if (!selftest_expect_status(selftest, "kernel_stats of events", got.status, STATUS_OK) ||
            !selftest_expect(selftest, "events lost", got.lost, 0)) {
            return false;
        }
        for (uint64_t i = 0; i < got.count; i++) {
            struct trace_event event;
            memcpy(&event, &selftest->runtime->page->stats[i * sizeof(event) / sizeof(uint64_t)],
                   sizeof(event));
            pair_up(selftest, &event, peer, &pairs);
        }
        from = got.next;
    } while (got.count != 0);
    return selftest_expect(selftest, "calls in the trace", pairs.calls, CALLS_TRACED) &&
           selftest_expect(selftest, "answers that belong to them", pairs.pairs, CALLS_TRACED) &&
           selftest_expect(selftest, "events in the order of time", pairs.in_order, true);
}

static bool trace_calls(struct selftest *selftest, const struct peer *peer) {
    bool answered = true;
    for (uint64_t i = 0; i < CALLS_TRACED && answered; i++) {
        answered = peer_ask(selftest, peer, PROBE_ECHO, i);
    }
    return answered;
}

// The number that the next event of the first hart gets.
static bool next_event(struct selftest *selftest, uint64_t *number) {
    struct stats_result harts = ask(STATS_HARTS, 0, 0);
    struct stats_hart first;
    memcpy(&first, selftest->runtime->page->stats, sizeof(first));
    *number = first.events;
    return selftest_expect_status(selftest, "kernel_stats of harts", harts.status, STATUS_OK);
}

// A peer of this hart, so that the calls take the direct way, and all is in one ring. Who records
// the whole run goes on doing so.
bool case_kernel_trace(struct selftest *selftest) {
    struct peer peer;
    struct stats_system system;
    uint64_t from = 0;
    if (!peer_start(selftest, 0, &peer) || !peer_ask(selftest, &peer, PROBE_ECHO, 0) ||
        !next_event(selftest, &from)) {
        return false;
    }
    struct stats_result before = ask(STATS_TRACE_SET, 1, 0);
    return selftest_expect_status(selftest, "turning the trace on", before.status, STATUS_OK) &&
           trace_calls(selftest, &peer) && read_system(selftest, &system) &&
           selftest_expect(selftest, "whether it is on", system.tracing, 1) &&
           selftest_expect_status(selftest, "turning it off", ask(STATS_TRACE_SET, 0, 0).status,
                                  STATUS_OK) &&
           events_pair_up(selftest, &peer, from) &&
           selftest_expect_status(selftest, "leaving it as it was",
                                  ask(STATS_TRACE_SET, (uint32_t)before.count, 0).status,
                                  STATUS_OK) &&
           peer_end(selftest, &peer);
}

static bool refused(struct selftest *selftest, const char *what, struct stats_result got,
                    enum status status) {
    return selftest_expect_status(selftest, what, got.status, status) &&
           selftest_expect(selftest, "records with a refusal", got.count, 0);
}

// With one right nothing is told that needs another; with none of them nothing at all.
bool case_kernel_reject_stats(struct selftest *selftest) {
    struct slot stats = slot_at(SELFTEST_SLOT_STATS);
    struct slot_result reads = sys_cap_clone(stats, RIGHT_STATS_READ);
    struct slot_result traces = sys_cap_clone(stats, RIGHT_STATS_TRACE);
    return selftest_expect_status(selftest, "cap_clone", reads.status, STATUS_OK) &&
           selftest_expect_status(selftest, "cap_clone", traces.status, STATUS_OK) &&
           refused(selftest, "events without TRACE",
                   sys_kernel_stats(reads.slot, STATS_TRACE_READ, 0, 0), STATUS_DENIED) &&
           refused(selftest, "tracing without TRACE",
                   sys_kernel_stats(reads.slot, STATS_TRACE_SET, 1, 0), STATUS_DENIED) &&
           refused(selftest, "an audit without AUDIT",
                   sys_kernel_stats(reads.slot, STATS_AUDIT, 0, 0), STATUS_DENIED) &&
           refused(selftest, "counts without READ",
                   sys_kernel_stats(traces.slot, STATS_SYSTEM, 0, 0), STATUS_DENIED) &&
           refused(selftest, "statistics through the console",
                   sys_kernel_stats(slot_at(SLOT_CONSOLE), STATS_SYSTEM, 0, 0), STATUS_BAD_CAP) &&
           refused(selftest, "a hart that is not there",
                   ask(STATS_TRACE_READ, selftest->image->hart_count, 0), STATUS_BAD_ARG) &&
           refused(selftest, "events that are still to come", ask(STATS_TRACE_READ, 0, UINT64_MAX),
                   STATUS_BAD_ARG) &&
           refused(selftest, "a task object that is not there", ask(STATS_TASKS, UINT64_MAX, 0),
                   STATUS_BAD_ARG) &&
           refused(selftest, "an unknown kind", ask(STATS_WHAT_COUNT, 0, 0), STATUS_BAD_ARG) &&
           selftest_expect_status(selftest, "cap_close", sys_cap_close(reads.slot), STATUS_OK) &&
           selftest_expect_status(selftest, "cap_close", sys_cap_close(traces.slot), STATUS_OK);
}

static bool adds_up(struct selftest *selftest) {
    struct stats_result got = ask(STATS_AUDIT, 0, 0);
    return selftest_expect_status(selftest, "kernel_stats for an audit", got.status, STATUS_OK) &&
           selftest_expect(selftest, "what does not add up", got.count, 0);
}

// Tasks compute on every hart and are stopped in the middle. They are of a lower class: this one
// waits for no quantum of theirs.
bool case_kernel_audit_busy(struct selftest *selftest) {
    enum { HART_MAX = 8 };
    struct peer peers[HART_MAX];
    uint32_t count = selftest->image->hart_count;
    bool holds =
        selftest_expect(selftest, "more harts than this case knows", count > HART_MAX, false);
    for (uint32_t i = 0; i < count && holds; i++) {
        holds = peer_start_as(selftest, i, QOS_IDLE, &peers[i]);
    }
    for (uint32_t i = 0; i < count && holds; i++) {
        holds = peer_ask(selftest, &peers[i], PROBE_SPIN, 0);
    }
    for (uint32_t i = 0; i < AUDITS_BUSY && holds; i++) {
        holds = adds_up(selftest);
    }
    for (uint32_t i = 0; i < count && holds; i++) {
        holds = peer_end(selftest, &peers[i]);
    }
    return holds;
}

bool case_kernel_audit(struct selftest *selftest) {
    return adds_up(selftest);
}
