// testing/kernel_selftest/cases_kill.c: a task ends whatever it is doing, on whichever hart, and
// everybody who waits for it hears of it.
#include "services/selftest/peer.h"
#include "services/selftest/probe/protocol.h"
#include "services/selftest/slots.h"
#include "testing/kernel_selftest/cases.h"

// Long enough for a peer that has answered to begin its next call: nobody computes.
#define BEGUN_NS (2 * SELFTEST_MS)

// Kills a task that never ran.
static bool dies_unstarted(struct selftest *selftest, const struct peer *peer) {
    struct peer_exit end = {.reason = EXIT_NONE};
    enum status killed = sys_task_kill(peer->task);
    enum status started = sys_task_start(peer->task, 0, 0);
    return selftest_expect_status(selftest, "task_kill", killed, STATUS_OK) &&
           selftest_expect_status(selftest, "task_start of a killed task", started, STATUS_BUSY) &&
           peer_await_exit(selftest, peer, &end) &&
           selftest_expect(selftest, "the exit reason", end.reason, EXIT_KILLED) &&
           peer_close(selftest, peer);
}

bool case_kill_unstarted(struct selftest *selftest) {
    struct peer created;
    struct peer loaded;
    return peer_create(selftest, &created) && dies_unstarted(selftest, &created) &&
           peer_create(selftest, &loaded) && peer_load(selftest, &loaded) &&
           dies_unstarted(selftest, &loaded);
}

bool case_kill_running(struct selftest *selftest) {
    // On the own hart it is runnable rather than running.
    for (uint32_t hart = 0; hart < selftest->image->hart_count; hart++) {
        struct peer peer;
        if (!peer_start(selftest, hart, &peer) || !peer_ask(selftest, &peer, PROBE_SPIN, 0) ||
            !peer_end(selftest, &peer)) {
            return false;
        }
    }
    return true;
}

bool case_kill_waiting(struct selftest *selftest) {
    for (uint32_t hart = 0; hart < selftest->image->hart_count; hart++) {
        struct peer peer;
        if (!peer_start(selftest, hart, &peer) || !peer_ask(selftest, &peer, PROBE_ECHO, 0) ||
            !kernel_selftest_settle(selftest, BEGUN_NS) || !peer_end(selftest, &peer)) {
            return false;
        }
    }
    return true;
}

// `first` waits in the queue of `middle`, which waits for the answer of `last`, which keeps it.
struct chain {
    struct peer first;
    struct peer middle;
    struct peer last;
};

static bool start_caller(struct selftest *selftest, uint32_t hart, const struct peer *to,
                         struct peer *out) {
    const struct peer_grant route = {to->endpoint, PROBE_SLOT_FORWARD, RIGHT_CALL};
    return peer_start_with(selftest, hart, &route, out);
}

static bool start_chain(struct selftest *selftest, uint32_t hart, uint32_t stride,
                        struct chain *out) {
    uint32_t count = selftest->image->hart_count;
    return peer_start(selftest, hart, &out->last) &&
           start_caller(selftest, (hart + stride) % count, &out->last, &out->middle) &&
           start_caller(selftest, (hart + 2 * stride) % count, &out->middle, &out->first) &&
           peer_ask(selftest, &out->middle, PROBE_CALL_ON, PROBE_HOLD) &&
           kernel_selftest_settle(selftest, BEGUN_NS) &&
           peer_ask(selftest, &out->first, PROBE_CALL_ON, PROBE_ECHO) &&
           kernel_selftest_settle(selftest, BEGUN_NS);
}

// How the call of one of the chain ended.
static bool call_ended(struct selftest *selftest, const struct peer *caller, enum status status,
                       enum delivery delivery) {
    uint64_t words[PROBE_FORWARD_WORDS];
    return peer_result(selftest, caller, words, PROBE_FORWARD_WORDS) &&
           selftest_expect_status(selftest, "how a caller's call ended",
                                  (enum status)words[PROBE_FORWARD_STATUS], status) &&
           selftest_expect(selftest, "its delivery", words[PROBE_FORWARD_DELIVERY], delivery);
}

// The last of the chain answers the call that it kept; its caller has left.
static bool answer_comes_late(struct selftest *selftest, const struct peer *last) {
    return peer_ask(selftest, last, PROBE_ANSWER_HELD, 0) &&
           selftest_expect_status(selftest, "an answer to a caller that was killed",
                                  (enum status)peer_reply_word(selftest, 0), STATUS_PEER_CLOSED);
}

static bool kill_callers(struct selftest *selftest, uint32_t hart, uint32_t stride) {
    struct chain chain;
    return start_chain(selftest, hart, stride, &chain) && peer_end(selftest, &chain.first) &&
           peer_end(selftest, &chain.middle) && answer_comes_late(selftest, &chain.last) &&
           peer_end(selftest, &chain.last);
}

static bool kill_middle(struct selftest *selftest, uint32_t hart, uint32_t stride) {
    struct chain chain;
    return start_chain(selftest, hart, stride, &chain) &&
           selftest_expect_status(selftest, "task_kill", sys_task_kill(chain.middle.task),
                                  STATUS_OK) &&
           call_ended(selftest, &chain.first, STATUS_PEER_CLOSED, DELIVERY_NONE) &&
           peer_end(selftest, &chain.middle) && answer_comes_late(selftest, &chain.last) &&
           peer_end(selftest, &chain.first) && peer_end(selftest, &chain.last);
}

static bool kill_receiver(struct selftest *selftest, uint32_t hart, uint32_t stride) {
    struct chain chain;
    // Once its own call has ended the middle answers the first.
    return start_chain(selftest, hart, stride, &chain) &&
           selftest_expect_status(selftest, "task_kill", sys_task_kill(chain.last.task),
                                  STATUS_OK) &&
           call_ended(selftest, &chain.middle, STATUS_PEER_CLOSED, DELIVERY_HANDED_OVER) &&
           call_ended(selftest, &chain.first, STATUS_OK, DELIVERY_HANDED_OVER) &&
           peer_end(selftest, &chain.last) && peer_end(selftest, &chain.middle) &&
           peer_end(selftest, &chain.first);
}

// All three on each hart, then each on another one.
static bool everywhere(struct selftest *selftest,
                       bool (*run)(struct selftest *selftest, uint32_t hart, uint32_t stride)) {
    uint32_t count = selftest->image->hart_count;
    for (uint32_t i = 0; i < 2 * count; i++) {
        if ((count > 1 || i == 0) && !run(selftest, i % count, i / count)) {
            return false;
        }
    }
    return true;
}

bool case_kill_callers(struct selftest *selftest) {
    return everywhere(selftest, kill_callers);
}

bool case_kill_middle(struct selftest *selftest) {
    return everywhere(selftest, kill_middle);
}

bool case_kill_receiver(struct selftest *selftest) {
    return everywhere(selftest, kill_receiver);
}

// The next request to this task: what the peer asks for without waiting.
static bool hold_request(struct selftest *selftest, const struct peer *peer,
                         struct reply_handle *out) {
    struct recv_result event = sys_ipc_recv(slot_at(SLOT_ENDPOINT), selftest_patience());
    *out = event.reply;
    return selftest_expect_status(selftest, "a peer's request", event.status, STATUS_OK) &&
           selftest_expect(selftest, "its kind", event.received, RECEIVED_CALL) &&
           selftest_expect(selftest, "who asks", selftest->runtime->page->request_in.meta.instance,
                           peer->instance);
}

static bool reply_stands(struct selftest *selftest, struct reply_handle reply, bool wanted) {
    struct query_result found = sys_reply_query(reply);
    return selftest_expect_status(selftest, "a held reply", found.status, STATUS_OK) &&
           selftest_expect(selftest, "somebody wants it", found.value, wanted);
}

// Two requests of a peer that dies: one is answered before, one is held.
bool case_kill_async_sender(struct selftest *selftest) {
    for (uint32_t hart = 0; hart < selftest->image->hart_count; hart++) {
        struct peer peer;
        struct reply_handle answered;
        struct reply_handle held;
        uint64_t words[PROBE_FORWARD_WORDS];
        if (!kernel_selftest_settle(selftest, SELFTEST_MS) || !peer_start(selftest, hart, &peer) ||
            !peer_ask(selftest, &peer, PROBE_REQUEST, 2) ||
            !hold_request(selftest, &peer, &answered) || !hold_request(selftest, &peer, &held) ||
            !peer_result(selftest, &peer, words, PROBE_FORWARD_WORDS) ||
            !selftest_expect_status(selftest, "how the peer's requests went",
                                    (enum status)words[PROBE_FORWARD_STATUS], STATUS_OK) ||
            !selftest_expect_status(selftest, "an answer", sys_ipc_reply(answered), STATUS_OK) ||
            !reply_stands(selftest, held, true) || !peer_end(selftest, &peer) ||
            !reply_stands(selftest, held, false) ||
            !selftest_expect_status(selftest, "an answer to nobody", sys_ipc_reply(held),
                                    STATUS_PEER_CLOSED)) {
            return false;
        }
    }
    return kernel_selftest_settle(selftest, SELFTEST_MS);
}

// Notices until it is quiet; the first must find the task dead.
static bool count_notices(struct selftest *selftest, const struct peer *peer, uint32_t *notices) {
    enum { NOTICE_MAX = 10 };
    *notices = 0;
    while (*notices < NOTICE_MAX) {  // Ends when it is quiet.
        struct recv_result event =
            sys_ipc_recv(slot_at(SLOT_ENDPOINT), sys_clock_get() + SLICES_NS);
        if (event.status != STATUS_OK) {
            return selftest_expect_status(selftest, "no more notices", event.status,
                                          STATUS_TIMED_OUT);
        }
        bool is_exit = event.received == RECEIVED_NOTIFICATION &&
                       event.kernel_bits == NOTIFY_CHILD_EXIT && event.badge_bits == 0;
        struct query_result found = sys_cap_query(peer->task);
        *notices += 1;
        if (!selftest_expect(selftest, "an exit notice", is_exit, true) ||
            !selftest_expect(selftest, "the state at the notice", task_query_state(found.value),
                             TASK_DEAD)) {
            return false;
        }
    }
    return true;
}

bool case_kill_one_notice(struct selftest *selftest) {
    for (uint32_t hart = 0; hart < selftest->image->hart_count; hart++) {
        struct peer peer;
        uint32_t notices = 0;
        if (!kernel_selftest_settle(selftest, SELFTEST_MS) || !peer_start(selftest, hart, &peer) ||
            !peer_ask(selftest, &peer, PROBE_SPIN, 0) ||
            !selftest_expect_status(selftest, "task_kill", sys_task_kill(peer.task), STATUS_OK) ||
            !selftest_expect_status(selftest, "a second task_kill", sys_task_kill(peer.task),
                                    STATUS_OK) ||
            !count_notices(selftest, &peer, &notices) ||
            !selftest_expect(selftest, "exit notices", notices, 1) ||
            !selftest_expect_status(selftest, "task_kill of a dead task", sys_task_kill(peer.task),
                                    STATUS_OK) ||
            !kernel_selftest_settle(selftest, SELFTEST_MS) || !peer_close(selftest, &peer)) {
            return false;
        }
    }
    return true;
}
