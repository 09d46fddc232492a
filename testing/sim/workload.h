// testing/sim/workload.h: user programs that call, reply, send, notify, share memory, kill and
// close at random, and check every outcome.
//
// init starts servers, each with an endpoint of its own, clients that call them, and a manager that
// supervises clients of its own, and drivers of devices that raise interrupts as fast as they can,
// and a watcher that reads statistics and the trace; it kills tasks and closes endpoints as the
// seed says, starts others in their place, and in the end ends them all, gives everything back, and
// exits. What must hold on the way is checked by workload_expect: the first thing that does not is
// kept in the struct.
// Ownership: the caller owns struct workload; one at a time, from workload_begin to the end of the
//            run.
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
    WORKLOAD_DRIVER_COUNT = 2,  // On two devices, and sometimes on the other's.
    WORKLOAD_WATCHER_COUNT = 1,
    WORKLOAD_ROUNDS = 80,  // Looks of init at its children.
    WORKLOAD_PROGRAM_COUNT = 6,
    WORKLOAD_GRANT_MAX = 1024,  // Families in one run, at most.
    WORKLOAD_WINDOW_PAGES = 5,
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
    struct atomic_u32 asks;  // Asynchronous requests.
    struct atomic_u32 asks_answered;
    struct atomic_u32 cancels;
    struct atomic_u32 notifies;
    struct atomic_u32 interrupts;
    struct atomic_u32 device_refusals;  // Of a device that another holds.
    struct atomic_u32 kills;
    struct atomic_u32 closes;
    struct atomic_u32 tasks_started;
    struct atomic_u32 vmos;
    struct atomic_u32 maps;
    struct atomic_u32 revokes;
    struct atomic_u32 moves;           // Capabilities that a frame carried over.
    struct atomic_u32 events_paired;   // Calls found in the trace,
    struct atomic_u32 audits;          // and audits that a program asked for.
    struct atomic_u32 audit_findings;  // What those found; the simulation's own say what it is.
    bool classes;                      // Tasks have different classes, and change them.
    struct atomic_u32 class_changes;
    // Families: a badge names one. How many revocations there had been when grant_revoke of it had
    // returned; 0: it has not.
    uint32_t grants;
    struct atomic_u64 revoked_at[WORKLOAD_GRANT_MAX];
};

extern const struct sim_program workload_programs[WORKLOAD_PROGRAM_COUNT];

// `rounds` is set.
void workload_begin(struct workload *workload);

#ifdef __cplusplus
}
#endif
