// kernel/arch/threads/state.h: the machine, for the files of this folder. Test machinery: one a
// process, not kernel state.
#pragma once

#include <pthread.h>

#include "kernel/arch/sim/fiber.h"
#include "kernel/arch/sim/random.h"
#include "kernel/arch/threads/threads.h"
#include "kernel/core/kernel.h"

enum threads_trap {
    THREADS_TRAP_SYSCALL,
    THREADS_TRAP_INTERRUPT,
    THREADS_TRAP_FAULT,
    THREADS_TRAP_STOP,
};

// Touched by its own thread only, but for `ipi`.
struct threads_hart {
    pthread_t thread;
    struct fiber kernel_fiber;
    struct task *task;  // Whose user mode it is in, or came from.
    enum threads_trap trap;
    uint32_t events;
    struct user_fault fault;
    uint64_t timer_at_ns;
    struct sim_random random;
    struct atomic_u32 ipi;  // A futex: not zero, an IPI is pending.
};

struct threads_user {
    struct fiber fiber;
    uint32_t instance;  // Whose fiber it is.
};

struct threads {
    struct threads_options options;
    struct atomic_u32 booted;  // Harts other than 0 may start.
    struct atomic_u32 stop;    // Init has ended: every thread leaves at its next look.
    uint32_t pages_at_start;
    struct threads_hart harts[MAX_HARTS];
    struct threads_user users[MAX_TASKS];
    struct kernel kernel;
};

extern struct threads threads;

// Of this thread. A function, so that a fiber that goes on in another thread asks anew.
struct threads_hart *threads_this(void);

NORETURN void threads_fail(const char *what);

// Acknowledges and returns what has come.
WARN_UNUSED uint32_t threads_events_take(struct threads_hart *hart);

// user.c: runs the task until it enters the kernel: hart->trap says how.
void threads_user_run(struct threads_hart *hart, struct task *task);
