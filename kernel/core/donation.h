// kernel/core/donation.h: a task that serves a call, or for whom calls are queued, runs in the
// highest class of those who wait for it.
//
// Nothing is done when a call is handed over. The effective class is computed where it matters: a
// task enters a run queue, or goes on where something else waits. It is the highest of the task's
// own, of the calls queued where it receives (a count a class, in the task), and of the same two of
// the caller that it serves, of that one's caller, and so on. Whom a task serves is no state of its
// own either: task->serving is the reply entry that its last receive took, and it serves that call
// as long as the caller waits with the word in the entry. The fast path only takes and frees that
// very entry, so it never has to say so.
//
// What must be told is a class that rises for a task which stands in a run queue: a call is queued,
// or a class is set. Then it spreads from that task along what each waits for. A class that falls
// is found when the task is next looked at. Both ways end after DONATION_DEPTH tasks that are
// blocked in calls.
// Locking:   donation_look takes none, and may see a chain that is just changing: then the class is
//            one of a moment before or after. donation_spread takes one lock at a time; the caller
//            holds none.
#pragma once

#include "kernel/core/kernel.h"

enum { DONATION_DEPTH = 8 };

// One call in task->calls_waiting.
static inline uint64_t donation_unit(uint32_t qos) {
    return UINT64_C(1) << (16 * (qos - 1));
}

struct donation {
    uint32_t qos;  // The task's effective class.
    bool even;     // Whoever it serves, and whom that one serves, has the same: a reply changes
                   // nothing.
};

// Whether there ever were tasks of different classes, or with a CPU budget.
static ALWAYS_INLINE bool classes_differ(const struct kernel *kernel) {
    uint32_t seen = atomic_load_u32(&kernel->qos_seen);
    return UNLIKELY((seen & (seen - 1)) != 0);
}

// The reply entry of the call that the task serves, if the caller still waits for it; null
// otherwise.
WARN_UNUSED struct reply_entry *donation_serves(const struct task *task);

COLD struct donation donation_look_along(const struct task *task);

// The task is current or claimed, or blocked.
WARN_UNUSED static ALWAYS_INLINE struct donation donation_look(const struct kernel *kernel,
                                                               const struct task *task) {
    if (LIKELY(!classes_differ(kernel))) {
        return (struct donation){atomic_load_u32(&task->qos), true};
    }
    return donation_look_along(task);
}

COLD void donation_spread_along(struct kernel *kernel, struct hart *hart, struct task *task);

// The task's class may have risen: so may that of whoever it waits for.
static ALWAYS_INLINE void donation_spread(struct kernel *kernel, struct hart *hart,
                                          struct task *task) {
    if (classes_differ(kernel)) {
        donation_spread_along(kernel, hart, task);
    }
}

// The task has just been queued with a call, which now counts, or was, and no longer does. Under
// the endpoint's lock, before it is linked nowhere.
void donation_join_locked(struct kernel *kernel, struct endpoint *endpoint, struct task *task)
    REQUIRES(endpoint->lock);
void donation_leave_locked(struct endpoint *endpoint, struct task *task) REQUIRES(endpoint->lock);
