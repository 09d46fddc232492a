// kernel/core/hart.h: what one hart owns: its run queue, its deadlines, its current task.
// Locking:   "own" fields are touched by that hart only; the others stand under their lock.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"
#include "kernel/abi/qos.h"
#include "kernel/core/lock.h"
#include "kernel/core/task.h"
#include "kernel/core/wheel.h"

// What struct stats_hart (kernel/abi/stats.h) tells. Changed by the own hart with hart_count_up,
// read by any.
struct hart_counts {
    struct atomic_u64 charged_ns;  // Up to when its time is somebody's (hart_charge).
    struct atomic_u64 use;         // HART_IDLES, and how long it did the other.
    struct atomic_u64 switches;
    struct atomic_u64 preemptions;
    struct atomic_u64 idles;
    struct atomic_u64 ticks;
    struct atomic_u64 ipis_sent;
    struct atomic_u64 ipis_taken;
    struct atomic_u64 interrupts;
    struct atomic_u64 faults;
    struct atomic_u64 slow_calls;
    struct atomic_u64 late_replies;
    struct atomic_u64 stale_sends;
    struct atomic_u64 gone_requests;
    struct atomic_u64 runnable_most;
    struct atomic_u64 refused_sends;
};

// What the scheduler spared, refused and moved: counted by this hart, told by struct stats_hart.
struct sched_counts {
    struct atomic_u64 ipis_spared;  // The other hart runs nothing lower: it finds the task in time.
    struct atomic_u64 ipis_invalid;   // Refused: there is no such hart,
    struct atomic_u64 ipis_offline;   // or it is not online.
    struct atomic_u64 raises;         // Tasks in a run queue that were lent a higher class.
    struct atomic_u64 steals;         // Tasks taken from another hart.
    struct atomic_u64 steals_bound;   // Refused: more at once than STEAL_MAX,
    struct atomic_u64 steals_higher;  // of a higher class than this hart may run,
    struct atomic_u64 steals_pinned;  // and tasks passed over, because they stay where they are.
};

static ALWAYS_INLINE void hart_count_up(struct atomic_u64 *count, uint64_t by) {
    atomic_store_u64(count, atomic_load_u64(count) + by);
}

// The last events of a hart, each at its number modulo how many there is room for
// (kernel/core/event.h). Written by the own hart.
struct event_words {
    struct atomic_u64 words[4];  // struct trace_event
};

struct event_ring {
    struct atomic_u64 next;      // The number of the next event.
    struct event_words *events;  // Constant after boot, as the next two.
    uint64_t mask;               // Of the offset of an event in `events`, in bytes.
    uint64_t tag;                // What every event of this hart has in its second word.
};

// Bits of hart->slow. Not zero: calls and replies leave the fast path, for whatever is rare.
#define SLOW_TRACE (UINT32_C(1) << 0)    // Events are recorded; alone, by a fast path of its own.
#define SLOW_CLASS (UINT32_C(1) << 1)    // A direct switch may change the class of what runs.
#define SLOW_CHANCE (UINT32_C(1) << 31)  // Simulation wants the complete path.

// More than one kernel entry drops under an endpoint's lock.
enum { CAP_DEFERRED_MAX = 16, ASYNC_DEFERRED_MAX = 8 };

struct ALIGNED(64) hart {
    // Own.
    struct task *current;  // Null while idle.
    struct kernel *kernel;
    uint64_t port_stack;  // The port's: where its entries start on this hart.
    uint32_t index;
    uint32_t online;
    struct atomic_u32 slow;  // SLOW_*. Changed by any hart.
    bool uneven;             // SLOW_CLASS is set.
    bool looks;              // This entry looks at the run queue before it ends.
    uint16_t woken;          // What was seen to of what fell due (hart_wakes_left) since the last
                             // interrupt or round of idle was over, or task_kill or grant_revoke
                             // began.
    struct lock_holder locks;
    uint64_t tick_ns;         // When the timer is armed for, or UINT64_MAX.
    uint64_t quantum_end_ns;  // When the current task gives way.
    uint64_t quiesced;        // Up to which request this hart has left the kernel. Changed under
                              // the quiesce lock, which others need to read it.
    struct hart_counts counts;
    struct sched_counts sched;
    struct event_ring events;
    // To be given up once no lock is held; 0 outside: capabilities, and asynchronous requests that
    // nobody will see.
    uint32_t deferred_count;
    uint32_t unseen_count;
    // What this hart has still to give back, a step each time it looks at its run queue
    // (hart_owes):
    uint32_t vmo_dying;         // VMOs without references, or VMO_NONE.
    uint32_t endpoint_closing;  // Closed endpoints at which tasks are queued, or ENDPOINT_NONE.
    uint32_t returning;         // Tasks homed here that return the VMOs in steps of their own.

    // Atomic, set by other harts, which then send an IPI:
    struct atomic_u64 stopped;   // For which request (kernel/core/stop.h). Set by the own hart.
    struct atomic_u32 doorbell;  // Not zero: look at run queue and killed tasks before sleeping.
    struct atomic_u32 idle;
    struct atomic_u32 kill_count;  // Tasks in `killed`: changed under run_lock, looked at without.

    struct lock run_lock;  // LOCK_RANK_RUN_QUEUE
    // Guarded by run_lock:
    struct list run[QOS_COUNT];     // By class, in the order in which they run.
    uint64_t passed_ns[QOS_COUNT];  // Since when a higher class was served before this; 0: not yet.
    uint64_t boost_end_ns;          // Until when boost_class is served, before all others.
    uint32_t boost_class;           // 0: none.
    struct atomic_u32 run_classes;  // Bit i: class i is not empty. Looked at without.
    uint32_t run_count;
    uint32_t running_class;         // What runs counts as that; 0: nothing runs.
    uint32_t steal_ceiling;         // The highest class that it may take from others. Constant.
    struct atomic_u32 run_movable;  // Of run_count, those that may be stolen. Looked at without.
    struct list cpu_spent;          // Tasks homed here that have used up their CPU budget.
    struct list killed;  // Tasks homed here that were killed and not yet pulled out of their wait.
    struct list noted;   // Tasks homed here that blocked since the last tick.
    struct wheel *wheel;

    // Own, as far away as may be: what deferred_count and unseen_count count.
    struct capability deferred[CAP_DEFERRED_MAX];
    struct async_ref unseen[ASYNC_DEFERRED_MAX];
};

// In counts.use, one word so that a reader on any hart sees all of it: how long the hart has done
// what it is not doing now. HART_IDLES: it idles, and has been busy so long; the rest of the time
// that there was it has idled. Otherwise the other way round.
#define HART_IDLES (UINT64_C(1) << 63)
#define HART_TURNS UINT64_MAX  // It begins to do the other; a reader waits.

// What the hart does changes: the time of that. Nobody who reads the clock after this does still
// counts the former: each sees HART_TURNS, or has read the clock before (kernel/core/stats.c).
static inline uint64_t hart_turn(struct hart *hart) {
    uint64_t use = atomic_load_u64(&hart->counts.use);
    atomic_store_u64(&hart->counts.use, HART_TURNS);
    atomic_fence();
    uint64_t now_ns = arch_time_ns();
    // Modulo 2^64 the flag drops out of a difference of times that are below it.
    atomic_store_u64(&hart->counts.use, (now_ns - use) ^ HART_IDLES);
    return now_ns;
}

// The time since the last charge belongs to the current task.
static ALWAYS_INLINE void hart_charge(struct hart *hart, uint64_t now_ns) {
    uint64_t spent_ns = now_ns - atomic_load_u64(&hart->counts.charged_ns);
    atomic_store_u64(&hart->counts.charged_ns, now_ns);
    hart_count_up(&hart->current->run_ns, spent_ns);
}

// The time from `begun_ns` to now is nobody's.
static inline void hart_charge_nobody(struct hart *hart, uint64_t begun_ns) {
    hart_count_up(&hart->counts.charged_ns, arch_time_ns() - begun_ns);
}

// Somebody runs after there was nobody.
static inline void hart_works(struct hart *hart) {
    atomic_store_u64(&hart->counts.charged_ns, hart_turn(hart));
}

// Whether this hart has something to give back. Both words in one load: each that says no has every
// bit.
static ALWAYS_INLINE bool hart_owes(const struct hart *hart) {
    return atomic_raw_load_pair((const aliasing_pair *)(const void *)&hart->vmo_dying) !=
           UINT64_MAX;
}
BASE_STATIC_ASSERT(offsetof(struct hart, vmo_dying) % 8 == 0 &&
                       offsetof(struct hart, endpoint_closing) ==
                           offsetof(struct hart, vmo_dying) + 4,
                   "one word of 64 bits");

// How much an entry sees to of what has fallen due, and beside how much of that it does up to two
// steps. One costs up to 700 instructions, which is a wake-up here and one on another hart with its
// IPI; two steps cost up to 13,000.
enum { WOKEN_AN_ENTRY = 16, WOKEN_BESIDE_A_STEP = 8 };

// How many of one kind this entry sees to: what the kinds before it have left (revocations,
// devices, kills, CPU budgets, deadlines), and one at least, so that none is starved. The rest
// comes at once, in the next entry. So an entry sees to WOKEN_AN_ENTRY and one more of each other
// kind, 20 in all.
static inline uint32_t hart_wakes_left(const struct hart *hart) {
    uint32_t seen = hart->woken;
    return seen < WOKEN_AN_ENTRY ? WOKEN_AN_ENTRY - seen : 1;
}

// Whether this entry has done so much already that all steps wait for the next.
static inline bool hart_has_done_enough(const struct hart *hart) {
    return hart->woken > WOKEN_BESIDE_A_STEP;
}

// arch_ipi_send, counted.
static inline void hart_ipi_send(struct hart *hart, uint64_t hart_mask) {
    hart_count_up(&hart->counts.ipis_sent, 1);
    arch_ipi_send(hart_mask);
}
