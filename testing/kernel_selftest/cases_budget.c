// testing/kernel_selftest/cases_budget.c: a task with a CPU budget, beside one that has none.
#include <string.h>

#include "kernel/abi/stats.h"
#include "services/selftest/peer.h"
#include "services/selftest/probe/protocol.h"
#include "services/selftest/slots.h"
#include "testing/kernel_selftest/cases.h"

enum {
    SHARE_MS = 100,    // Of each second: 10 ms in each period of 100.
    COMPUTE_MS = 250,  // Two periods and parts of two.
    GREEDY_MAX_MS = 50,
    GREEDY_MIN_MS = 25,  // More than one period gives, with a quantum that it overran.
    OTHER_MIN_MS = 190,
};

static bool run_ms_of(struct selftest *selftest, const struct peer *peer, uint64_t *out) {
    uint64_t index = 0;
    do {
        struct stats_result got =
            sys_kernel_stats(slot_at(SELFTEST_SLOT_STATS), STATS_TASKS, index, 0);
        if (!selftest_expect_status(selftest, "kernel_stats of tasks", got.status, STATUS_OK)) {
            return false;
        }
        for (uint64_t i = 0; i < got.count; i++) {
            struct stats_task task;
            memcpy(&task, &selftest->runtime->page->stats[i * sizeof(task) / sizeof(uint64_t)],
                   sizeof(task));
            if (task.instance == peer->instance) {
                *out = task.run_ns / SELFTEST_MS;
                return true;
            }
        }
        index = got.next;
    } while (index != 0);
    return selftest_expect(selftest, "a task among the statistics", 0, peer->instance);
}

static bool expect_between(struct selftest *selftest, const char *what, uint64_t got, uint64_t min,
                           uint64_t max) {
    return selftest_expect(selftest, what, got < min || got > max ? got : min, min);
}

// Both compute on one hart without a system call.
bool case_time_cpu_budget(struct selftest *selftest) {
    struct peer greedy;
    struct peer other;
    uint64_t words[PROBE_COMPUTE_WORDS];
    uint64_t greedy_ms = 0;
    uint64_t other_ms = 0;
    uint64_t hart = selftest->image->hart_count - 1;
    selftest->peers_shares.cpu = SHARE_MS;
    bool begun = peer_start(selftest, hart, &greedy);
    selftest->peers_shares.cpu = 0;
    return begun && peer_start(selftest, hart, &other) &&
           peer_ask(selftest, &greedy, PROBE_SPIN, 0) &&
           peer_ask(selftest, &other, PROBE_COMPUTE, COMPUTE_MS * SELFTEST_MS) &&
           peer_result(selftest, &other, words, PROBE_COMPUTE_WORDS) &&
           run_ms_of(selftest, &greedy, &greedy_ms) && run_ms_of(selftest, &other, &other_ms) &&
           expect_between(selftest, "ms that the bounded one ran", greedy_ms, GREEDY_MIN_MS,
                          GREEDY_MAX_MS) &&
           expect_between(selftest, "ms that the other ran", other_ms, OTHER_MIN_MS, UINT64_MAX) &&
           peer_end(selftest, &greedy) && peer_end(selftest, &other);
}

bool case_time_reject_cpu_budget(struct selftest *selftest) {
    const struct task_plan plan = {.limits = {.pages = 8, .slots = 1},
                                   .shares = {.cpu = TASK_SHARE_CPU_MAX + 1}};
    return selftest_expect_status(selftest, "more than a hart",
                                  sys_task_create_as(slot_at(SELFTEST_SLOT_FACTORY),
                                                     selftest->probe_program->service_id, plan)
                                      .status,
                                  STATUS_BAD_ARG);
}
