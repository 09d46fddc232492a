// kernel/core/hart.h: what one hart owns: its run queue, its deadlines, its current task.
// Locking:   "own" fields are touched by that hart only; the others stand under their lock.
#pragma once

#include <stdint.h>

#include "base/atomic.h"
#include "kernel/core/lock.h"
#include "kernel/core/task.h"

// 10 ms: a task that does not block gives way to the next of its hart.
#define QUANTUM_NS UINT64_C(10000000)

struct deadline_entry {
    uint64_t ns;
    uint32_t task;
    uint32_t reserved;
};

struct ALIGNED(64) hart {
    // Own.
    struct task *current;  // Null while idle.
    struct kernel *kernel;
    uint64_t port_stack;  // The port's: where its entries start on this hart.
    uint32_t index;
    uint32_t online;
    struct atomic_u32 slow;  // Not zero: calls and replies on this hart leave the fast path, for
                             // whatever is rare (tracing). Set by any hart.
    uint32_t reserved;
    struct lock_holder locks;
    uint64_t tick_ns;           // When the timer is armed for, or UINT64_MAX.
    uint64_t quantum_end_ns;    // When the current task gives way.
    uint64_t deadline_waiting;  // Bit i: task i blocked with a deadline beyond tick_ns and is not
                                // in the heap yet.
    uint32_t deadline_count;
    struct deadline_entry deadlines[MAX_TASKS];  // Min-heap by ns; at most one a task.

    // Atomic, set by other harts, which then send an IPI:
    struct atomic_u32 doorbell;  // Not zero: look at the run queue and kill_mask before sleeping.
    struct atomic_u32 idle;
    struct atomic_u64 kill_mask;  // Bit i: task i, homed here, was killed.

    struct lock run_lock;  // LOCK_RANK_RUN_QUEUE
    // Guarded by run_lock:
    uint32_t run_head;
    uint32_t run_tail;
    uint32_t run_count;
};
