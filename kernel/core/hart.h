// kernel/core/hart.h: what one hart owns: its run queue, its deadlines, its current task.
// Locking:   "own" fields are touched by that hart only; the others stand under their lock.
#pragma once

#include <stdint.h>

#include "base/atomic.h"
#include "kernel/abi/qos.h"
#include "kernel/core/lock.h"
#include "kernel/core/task.h"
#include "kernel/core/wheel.h"

// Counted by this hart, read by any.
struct hart_counters {
    struct atomic_u64 reschedules;         // IPIs sent for a task that the other hart runs at once,
    struct atomic_u64 reschedules_spared;  // and not sent, because it would not have.
    struct atomic_u64 preemptions;         // Its running task gave way to a higher class.
    struct atomic_u64 donations;           // Tasks in a run queue that a queued call moved up.
};

struct ALIGNED(64) hart {
    // Own.
    struct task *current;  // Null while idle.
    struct kernel *kernel;
    uint64_t port_stack;  // The port's: where its entries start on this hart.
    uint32_t index;
    uint32_t online;
    struct atomic_u32 slow;  // enum slow_reason: not zero leaves the short ways.
    struct lock_holder locks;
    uint64_t tick_ns;         // When the timer is armed for, or UINT64_MAX.
    uint64_t quantum_end_ns;  // When the current task gives way.

    // Atomic, set by other harts, which then send an IPI:
    struct atomic_u32 doorbell;  // Not zero: look at run queue and killed tasks before sleeping.
    struct atomic_u32 idle;
    struct hart_counters counters;
    struct atomic_u32 kill_count;  // Tasks in `killed`: changed under run_lock, looked at without.

    struct lock run_lock;  // LOCK_RANK_RUN_QUEUE
    // Guarded by run_lock:
    struct list run[QOS_COUNT];  // By class.
    uint64_t class_waits_ns[QOS_COUNT];  // Since when the class has not been served.
    uint32_t run_classes;                // Bit i: class i is not empty.
    uint32_t run_count;
    uint32_t quantum_class;  // The class in which the quantum was given; 0: nothing runs.
    struct list killed;  // Tasks homed here that were killed and not yet pulled out of their wait.
    struct list noted;   // Tasks homed here that blocked since the last tick.
    struct wheel *wheel;
};
