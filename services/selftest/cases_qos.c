// services/selftest/cases_qos.c: who runs before whom on one hart, and which tasks another hart
// takes.
#include "services/selftest/cases.h"
#include "services/selftest/peer.h"
#include "services/selftest/probe/protocol.h"
#include "services/selftest/slots.h"

enum {
    OWN_HART = 0,
    PEERS_MAX = 9,
    COMPUTE_HIGH_MS = 17,
    GAP_MS = 15,  // More than a quantum: nobody of the same class computes so long in one piece.
    BEGIN_MS = 1,
    ATTEMPT_MAX = 5,
    LOOK_MS = 1,
    LOOKS_MAX = 2000,
    PINNED_LOOKS = 10,
};

static uint32_t hart_of(const struct peer *peer) {
    return task_query_hart(sys_cap_query(peer->task).value);
}

static void sleep_ms(uint64_t ms) {
    uint64_t end_ns = sys_clock_get() + ms * SELFTEST_MS;
    while (sys_clock_get() < end_ns) {
        struct recv_result got = sys_ipc_recv(slot_at(SLOT_ENDPOINT), end_ns);
        (void)got;  // Nobody sends anything that matters here.
    }
}

// Both compute on this hart, the lower one first. Tells how that was for each. It is of a lower
// class than this task too, which need not wait for the end of its quantum.
static bool compute_both(struct selftest *selftest, uint64_t *of_low, uint64_t *of_high) {
    struct peer low;
    struct peer high;
    if (!peer_start_as(selftest, OWN_HART, QOS_IDLE, &low) ||
        !peer_start_as(selftest, OWN_HART, QOS_INTERACTIVE, &high) ||
        !peer_ask(selftest, &low, PROBE_COMPUTE_TO_GAP, GAP_MS * SELFTEST_MS)) {
        return false;
    }
    sleep_ms(BEGIN_MS);
    if (!peer_ask(selftest, &high, PROBE_COMPUTE, COMPUTE_HIGH_MS * SELFTEST_MS)) {
        return false;
    }
    sleep_ms(COMPUTE_HIGH_MS);  // Not in a call: that would raise the class of who is called.
    return peer_result(selftest, &high, of_high, PROBE_COMPUTE_WORDS) &&
           peer_result(selftest, &low, of_low, PROBE_COMPUTE_WORDS) && peer_end(selftest, &high) &&
           peer_end(selftest, &low);
}

// The one that began first stands still for as long as the one of the higher class computes, and
// goes on afterwards. On a machine that is busy with other things it may stand still for so long
// before the other begins, or not have begun by then.
bool case_qos_higher_first(struct selftest *selftest) {
    uint64_t of_low[PROBE_COMPUTE_WORDS] = {0};
    uint64_t of_high[PROBE_COMPUTE_WORDS] = {0};
    bool seen = true;
    selftest->peers_ceiling = QOS_INTERACTIVE;
    for (uint32_t i = 0;
         seen && i < ATTEMPT_MAX &&
         (of_low[PROBE_COMPUTE_BEGIN_NS] >= of_high[PROBE_COMPUTE_BEGIN_NS] ||
          of_low[PROBE_COMPUTE_END_NS] <= of_high[PROBE_COMPUTE_END_NS]);
         i++) {
        seen = compute_both(selftest, of_low, of_high);
    }
    selftest->peers_ceiling = QOS_DEFAULT;
    return seen &&
           selftest_expect(selftest, "the lower class began first",
                           of_low[PROBE_COMPUTE_BEGIN_NS] < of_high[PROBE_COMPUTE_BEGIN_NS],
                           true) &&
           selftest_expect(selftest, "the lower class went on afterwards",
                           of_low[PROBE_COMPUTE_END_NS] > of_high[PROBE_COMPUTE_END_NS], true) &&
           selftest_expect(selftest, "the lower class stood still meanwhile",
                           of_low[PROBE_COMPUTE_GAP_NS] >= GAP_MS * SELFTEST_MS, true);
}

bool case_qos_reject_above_ceiling(struct selftest *selftest) {
    struct peer peer;
    const struct task_limits small = {.pages = 8, .slots = 1};
    if (!peer_create(selftest, &peer) ||
        !selftest_expect_status(selftest, "a class above the ceiling",
                                sys_set_qos(peer.task, QOS_INTERACTIVE), STATUS_DENIED) ||
        !selftest_expect(selftest, "the class afterwards",
                         task_query_qos(sys_cap_query(peer.task).value), QOS_NORMAL)) {
        return false;
    }
    struct task_result made = sys_task_create_up_to(
        slot_at(SELFTEST_SLOT_FACTORY), selftest->probe_program->service_id, small, QOS_BURST);
    return selftest_expect_status(selftest, "a ceiling above one's own", made.status,
                                  STATUS_DENIED) &&
           peer_end(selftest, &peer);
}

// All are there before the first computes, and are of a lower class: this task waits for no quantum
// of theirs.
static bool spin(struct selftest *selftest, uint64_t hart, uint32_t count, struct peer *peers) {
    bool good = true;
    for (uint32_t i = 0; i < count && good; i++) {
        good = peer_start_as(selftest, hart, QOS_IDLE, &peers[i]);
    }
    for (uint32_t i = 0; i < count && good; i++) {
        good = peer_ask(selftest, &peers[i], PROBE_SPIN, 0);
    }
    return good;
}

// Two of the peers that share a hart; false if there are none.
static bool find_two_of_one_hart(const struct peer *peers, uint32_t count, uint32_t found[2]) {
    for (uint32_t pair = 0; pair < count * count; pair++) {
        found[0] = pair / count;
        found[1] = pair % count;
        if (found[0] < found[1] && hart_of(&peers[found[0]]) == hart_of(&peers[found[1]])) {
            return true;
        }
    }
    return false;
}

// Of the peers, all of which compute, two that share a hart are the first two afterwards; the
// others end.
static bool keep_two_of_one_hart(struct selftest *selftest, uint32_t count, struct peer *peers) {
    uint32_t found[2] = {0, 0};
    if (!selftest_expect(selftest, "peers that share a hart",
                         find_two_of_one_hart(peers, count, found), true)) {
        return false;
    }
    struct peer kept[] = {peers[found[0]], peers[found[1]]};
    for (uint32_t i = 0; i < count; i++) {
        if (i != found[0] && i != found[1] && !peer_end(selftest, &peers[i])) {
            return false;
        }
    }
    peers[0] = kept[0];
    peers[1] = kept[1];
    return true;
}

// One peer more than there are harts: two share one. When the others have ended, a hart that has
// nothing to do takes one of the two.
bool case_smp_steal(struct selftest *selftest) {
    struct peer peers[PEERS_MAX];
    uint32_t count = selftest->image->hart_count + 1;
    if (count > PEERS_MAX || !spin(selftest, TASK_HART_ANY, count, peers) ||
        !keep_two_of_one_hart(selftest, count, peers)) {
        return false;
    }
    uint32_t looks = 0;
    while (hart_of(&peers[0]) == hart_of(&peers[1]) && looks < LOOKS_MAX) {
        sleep_ms(LOOK_MS);
        looks++;
    }
    return selftest_expect(selftest, "two peers share a hart, and another has nothing to do",
                           looks < LOOKS_MAX, true) &&
           peer_end(selftest, &peers[0]) && peer_end(selftest, &peers[1]);
}

// The same with two that were started on that hart: they stay.
bool case_smp_reject_steal_pinned(struct selftest *selftest) {
    struct peer peers[2];
    if (!spin(selftest, 1, ARRAY_LEN(peers), peers)) {
        return false;
    }
    for (uint32_t look = 0; look < PINNED_LOOKS; look++) {
        sleep_ms(LOOK_MS);
        if (!selftest_expect(selftest, "the hart of a pinned peer", hart_of(&peers[0]), 1) ||
            !selftest_expect(selftest, "the hart of the other", hart_of(&peers[1]), 1)) {
            return false;
        }
    }
    return peer_end(selftest, &peers[0]) && peer_end(selftest, &peers[1]);
}
