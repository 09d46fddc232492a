// kernel/core/hart.h: what one hart owns: its run queue, its deadlines, its current task.
// Locking:   "own" fields are touched by that hart only; the others stand under their lock.
#pragma once

#include <stdint.h>

#include "base/atomic.h"
#include "kernel/core/lock.h"
#include "kernel/core/task.h"
#include "kernel/core/wheel.h"

// 10 ms: a task that does not block gives way to the next of its hart.
#define QUANTUM_NS UINT64_C(10000000)

// What went wrong in a way that nobody is told: counted.
struct hart_counts {
    uint64_t stale_sends;    // Stored sends dropped at hand-over: their family had been revoked.
    uint64_t late_replies;   // Answers to callers that had left.
    uint64_t gone_requests;  // Stored asynchronous requests that nobody wanted answered any more.
};

// More than one kernel entry drops under an endpoint's lock.
enum { CAP_DEFERRED_MAX = 8, ASYNC_DEFERRED_MAX = 8 };

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
    uint64_t tick_ns;         // When the timer is armed for, or UINT64_MAX.
    uint64_t quantum_end_ns;  // When the current task gives way.
    uint64_t quiesced;        // Up to which request this hart has left the kernel. Changed under
                              // the quiesce lock, which others need to read it.
    struct hart_counts counts;
    // To be given up once no lock is held; 0 outside: capabilities, and asynchronous requests that
    // nobody will see.
    uint32_t deferred_count;
    uint32_t unseen_count;
    struct capability deferred[CAP_DEFERRED_MAX];
    struct async_ref unseen[ASYNC_DEFERRED_MAX];
    uint32_t vmo_dying;  // VMOs without references whose pages this hart returns, or VMO_NONE.

    // Atomic, set by other harts, which then send an IPI:
    struct atomic_u32 doorbell;  // Not zero: look at run queue and killed tasks before sleeping.
    struct atomic_u32 idle;
    struct atomic_u32 kill_count;  // Tasks in `killed`: changed under run_lock, looked at without.

    struct lock run_lock;  // LOCK_RANK_RUN_QUEUE
    // Guarded by run_lock:
    uint32_t run_head;
    uint32_t run_tail;
    uint32_t run_count;
    struct list killed;  // Tasks homed here that were killed and not yet pulled out of their wait.
    struct list noted;   // Tasks homed here that blocked since the last tick.
    struct wheel *wheel;
};
