// testing/sim/workload.h: user programs that call, reply, send, notify, kill and close at random,
// and check every outcome.
//
// init starts servers, each with an endpoint of its own, clients that call them, and a manager that
// supervises clients of its own; it kills tasks and closes endpoints as the seed says, starts
// others in their place, and in the end ends them all, gives everything back, and exits. What must
// hold on the way is checked by workload_expect: the first thing that does not is kept in the
// struct. Ownership:  the caller owns struct workload; one at a time, from workload_begin to the
// end of the run.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"
#include "kernel/arch/sim/sim.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    WORKLOAD_SERVER_COUNT = 3,
    WORKLOAD_CLIENT_COUNT = 5,
    WORKLOAD_MANAGER_COUNT = 1,
    WORKLOAD_ROUNDS = 80,  // Looks of init at its children.
    WORKLOAD_PROGRAM_COUNT = 4,
};

struct workload {
    uint32_t rounds;
    struct atomic_u32 failed;
    const char *failure;  // The first expectation that was not met.
    uint64_t failure_value;
    struct atomic_u32 calls;
    struct atomic_u32 calls_answered;
    struct atomic_u32 nested_calls;
    struct atomic_u32 sends;
    struct atomic_u32 notifies;
    struct atomic_u32 kills;
    struct atomic_u32 closes;
    struct atomic_u32 tasks_started;
};

extern const struct sim_program workload_programs[WORKLOAD_PROGRAM_COUNT];

void workload_begin(struct workload *workload);

#ifdef __cplusplus
}
#endif
