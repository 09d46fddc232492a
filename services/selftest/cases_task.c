// services/selftest/cases_task.c: preemption, and calls between harts.
#include "services/selftest/cases.h"
#include "services/selftest/peer.h"
#include "services/selftest/probe/protocol.h"

// Where the boot manifest puts selftest.
enum {
    OWN_HART = 0,
    CROSS_HART_ROUNDS = 50,
    BUSY_HART_ROUNDS = 1,  // It may wait for the end of the busy task's quantum.
};

bool case_task_preempt(struct selftest *selftest) {
    // Once the peer computes, this task runs on the same hart only if the timer takes the hart away
    // from it.
    struct peer peer;
    if (!peer_start(selftest, OWN_HART, &peer) || !peer_ask(selftest, &peer, PROBE_SPIN, 0)) {
        return false;
    }
    struct query_result found = sys_cap_query(peer.task);
    return selftest_expect_status(selftest, "cap_query", found.status, STATUS_OK) &&
           selftest_expect(selftest, "the state of a peer that computes",
                           task_query_state(found.value), TASK_LIVE) &&
           peer_end(selftest, &peer);
}

static bool calls_to_hart(struct selftest *selftest, uint32_t hart, uint32_t rounds) {
    struct peer peer;
    if (!peer_start(selftest, hart, &peer)) {
        return false;
    }
    for (uint64_t round = 0; round < rounds; round++) {
        const uint64_t key = UINT64_C(0x0101010101010101) * PROBE_ECHO_KEY;
        uint64_t word = round * UINT64_C(0x9e3779b97f4a7c15);
        if (!peer_ask(selftest, &peer, PROBE_ECHO, word) ||
            !selftest_expect(selftest, "an answer from another hart", peer_reply_word(selftest, 0),
                             word ^ key)) {
            return false;
        }
    }
    return peer_end(selftest, &peer);
}

// One peer computes on its own hart without end; calls to a peer of this hart and of that hart go
// on.
static bool calls_beside_a_busy_hart(struct selftest *selftest) {
    struct peer busy;
    return peer_start(selftest, 1, &busy) && peer_ask(selftest, &busy, PROBE_SPIN, 0) &&
           calls_to_hart(selftest, OWN_HART, CROSS_HART_ROUNDS) &&
           calls_to_hart(selftest, 1, BUSY_HART_ROUNDS) && peer_end(selftest, &busy);
}

static bool no_such_hart(struct selftest *selftest) {
    struct peer peer;
    if (!peer_start(selftest, TASK_HART_ANY, &peer)) {
        return false;
    }
    // A live task is not started again, on any hart.
    return selftest_expect_status(selftest, "a second task_start", sys_task_start(peer.task, 0, 1),
                                  STATUS_BUSY) &&
           peer_end(selftest, &peer);
}

bool case_smp_cross_hart_call(struct selftest *selftest) {
    for (uint32_t hart = 1; hart < selftest->image->hart_count; hart++) {
        if (!calls_to_hart(selftest, hart, CROSS_HART_ROUNDS)) {
            return false;
        }
    }
    return calls_beside_a_busy_hart(selftest) && no_such_hart(selftest);
}
