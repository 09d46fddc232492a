// kernel/arch/threads/threads.h: the kernel core with a real thread for each hart, so that
// ThreadSanitizer sees what harts do to each other. Programs are those of a simulation
// (kernel/arch/sim/sim.h, user.h): fibers of the thread that is their home hart.
//
// Nothing is deterministic here but the programs' own chance. IPIs and sleeps go through a futex
// and relaxed atomics, which ThreadSanitizer takes no order from: two harts are ordered by what the
// core does and by nothing else.
// Ownership: the caller owns options and programs; one run a process.
// Blocking:  threads_run returns when init has ended and every thread has left.
// Errors:    a panic, a program that runs on after its end, or no end in time: a line on stderr and
//            exit code 3.
#pragma once

#include "kernel/arch/sim/sim.h"

#ifdef __cplusplus
extern "C" {
#endif

struct threads_options {
    uint64_t seed;
    uint32_t hart_count;
    uint32_t seconds_max;
    const struct sim_program *programs;  // programs[0] is named init.
    uint32_t program_count;
    uint32_t fault_rate[FAULT_POINT_COUNT];  // Chances in 65536.
};

// After it the state has been audited. The pages that were lost.
uint32_t threads_run(const struct threads_options *options);

#ifdef __cplusplus
}
#endif
