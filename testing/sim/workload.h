// testing/sim/workload.h: user programs that call, reply, send, notify, share memory, kill and
// close at random, and check every outcome.
//
// init starts servers, each with an endpoint of its own, clients that call them, and a manager that
// supervises clients of its own, and drivers of devices that raise interrupts as fast as they can;
// it kills tasks and closes endpoints as the seed says, starts
// others in their place, and in the end ends them all, gives everything back, and exits. What must
// hold on the way is checked by workload_expect: the first thing that does not is kept in the
// struct. Ownership:  the caller owns struct workload; one at a time, from workload_begin to the
// end of the run.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/status.h"
#include "kernel/arch/sim/sim.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    WORKLOAD_SERVER_COUNT = 3,
    WORKLOAD_CLIENT_COUNT = 5,
    WORKLOAD_MANAGER_COUNT = 1,
    WORKLOAD_DRIVER_COUNT = 2,  // On two devices, and sometimes on the other's.
    WORKLOAD_ROUNDS = 80,       // Looks of init at its children.
    WORKLOAD_PROGRAM_COUNT = 5,
    WORKLOAD_GRANT_MAX = 1024,  // Families in one run, at most.
    WORKLOAD_WINDOW_PAGES = 5,
};

struct workload {
    uint32_t rounds;
    const char *failure;  // The first expectation that was not met.
    uint64_t failure_value;
    uint64_t calls;
    uint64_t calls_answered;
    uint64_t nested_calls;
    uint64_t sends;
    uint64_t notifies;
    uint64_t interrupts;
    uint64_t device_refusals;  // Of a device that another holds.
    uint64_t kills;
    uint64_t closes;
    uint64_t tasks_started;
    uint64_t vmos;
    uint64_t maps;
    uint64_t revokes;
    uint64_t moves;  // Capabilities that a frame carried over.
    // Families: a badge names one. How many revocations there had been when grant_revoke of it had
    // returned; 0: it has not.
    uint32_t grants;
    uint64_t revoked_at[WORKLOAD_GRANT_MAX];
    uint64_t statuses[STATUS_COUNT];  // Results of calls and sends.
};

extern const struct sim_program workload_programs[WORKLOAD_PROGRAM_COUNT];

void workload_begin(struct workload *workload);

#ifdef __cplusplus
}
#endif
