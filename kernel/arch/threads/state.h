// kernel/arch/threads/state.h: the machine, for the files of this folder. Test machinery: one a
// process, not kernel state.
#pragma once

#include <pthread.h>

#include "kernel/arch/sim/fiber.h"
#include "kernel/arch/sim/image.h"
#include "kernel/arch/sim/random.h"
#include "kernel/arch/threads/threads.h"
#include "kernel/core/kernel.h"

enum threads_trap {
    THREADS_TRAP_SYSCALL,
    THREADS_TRAP_INTERRUPT,
    THREADS_TRAP_FAULT,
    THREADS_TRAP_STOP,
};

// Touched by its own thread only, but for the atomic words.
struct threads_hart {
    pthread_t thread;
    struct fiber kernel_fiber;
    struct task *task;  // Whose user mode it is in, or came from.
    enum threads_trap trap;
    uint32_t events;
    struct user_fault fault;
    uint64_t timer_at_ns;
    struct sim_random random;
    struct atomic_u32 ipi;    // A futex: not zero, an IPI is pending.
    struct atomic_u32 space;  // The root of the tables that it walks, or 0. Read by others.
};

// A device and its line: each word is relaxed, so that it orders nothing.
struct threads_device {
    struct atomic_u64 raise_at_ns;  // UINT64_MAX: not scheduled.
    struct atomic_u64 period_ns;    // 0: off.
    struct atomic_u32 level;
    struct atomic_u32 claimed;
    struct atomic_u32 hart;  // Index plus 1 of the hart it is enabled for; 0: none.
};

struct threads_user {
    struct fiber fiber;
    uint32_t instance;  // Whose fiber it is.
};

struct threads {
    struct threads_options options;
    bool booted;             // Set before the first thread begins.
    struct atomic_u32 stop;  // Init has ended: every thread leaves at its next look.
    uint64_t begin_ns;
    uint32_t pages_at_start;
    struct threads_hart harts[MAX_HARTS];
    struct threads_user users[MAX_TASKS];
    struct threads_device devices[DEVICE_COUNT];
    struct kernel kernel;
};

extern struct threads threads;

// Of this thread. A function, so that a fiber that goes on in another thread asks anew.
struct threads_hart *threads_this(void);

NORETURN void threads_fail(const char *what);

// Acknowledges and returns what has come.
WARN_UNUSED uint32_t threads_events_take(struct threads_hart *hart);

// device.c: whether a line is up for this hart, when its next device does something, and what a
// driver reads and writes.
void threads_devices_reset(void);
WARN_UNUSED bool threads_device_pending(void);
WARN_UNUSED uint64_t threads_device_next_ns(void);
WARN_UNUSED bool threads_device_find(struct page_number page, uint32_t *index);
WARN_UNUSED uint64_t threads_device_load(uint32_t index, uint64_t offset);
void threads_device_store(uint32_t index, uint64_t offset, uint64_t value);

// user.c: runs the task until it enters the kernel: hart->trap says how.
void threads_user_run(struct threads_hart *hart, struct task *task);
