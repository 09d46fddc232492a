// kernel/core/cpu_budget.h: how much of a hart a task may use, in each period.
//
// A task whose share is not 0 has that many milliseconds a second: a tenth of it in each period of
// CPU_PERIOD_NS, which begin for all tasks at the same time. What it does not use is gone. When it
// is spent, the task goes on in the next period: taken from the run queue it is parked, not run, in
// a list of its home hart, and the tick at which a period begins gives it back. One that overran
// its budget, by a quantum at most each time, begins with less, or waits for another period.
//
// Time is charged where it is counted anyway: when a hart takes a task from its run queue, at its
// ticks, and when it has nothing to run. The fast path has no part in it: what it switched to
// directly since the last such moment is charged as a whole to who runs now, and to the callers
// whom that one serves, as far as they live on this hart. A caller that is spent so lends nothing
// any more, and the answer to it leaves the fast path, so that it waits for its turn (WAIT_DEFERRED
// in kernel/core/task.h). Only who calls a spent task directly lends it time, to the next tick.
//
// A share comes out of the creator's, if that has one, and goes back to its supervisor when it has
// ended: so descendants of a bounded task have together what it was given. A child begins with a
// whole budget, which a bounded creator pays out of what it has left of the period. (One that is
// not bounded pays nothing: children that it starts one after the other begin with one each.)
// Units:     nanoseconds; a share is milliseconds a second.
// Locking:   a task's account and the hart's list of spent tasks stand under the run-queue lock of
//            its home hart. A spent task does not change its hart.
// Blocking:  never; a bounded number of tasks is looked at in each entry.
#pragma once

#include "kernel/core/donation.h"

// Whether any task was ever bounded. Then classes_differ says so too: what is done for either is on
// one side of one branch.
static ALWAYS_INLINE bool cpu_budgets_exist(const struct kernel *kernel) {
    return UNLIKELY((atomic_load_u32(&kernel->qos_seen) & QOS_SEEN_BUDGETS) != 0);
}

static ALWAYS_INLINE bool cpu_is_spent(const struct task *task) {
    return UNLIKELY(atomic_load_u32(&task->cpu.spent) != 0);
}

// Of a new task, a share out of its creator's. Null: init, which is not bounded. Errors, nothing
// changed: STATUS_DENIED (no bound, by one that is bounded),
// STATUS_NO_SPACE (the creator would have none left).
WARN_UNUSED enum status cpu_share_take(struct kernel *kernel, struct hart *hart,
                                       struct task *creator, uint32_t share);

// Back to where it came from: `to` is the creator, or the supervisor of a task that has ended.
void cpu_share_give(struct kernel *kernel, struct hart *hart, struct task *to, uint32_t share);

// The child has been made by the current task: what it begins with is charged to that.
void cpu_pay_first(struct kernel *kernel, struct hart *hart, struct task *creator, uint32_t share)
    EXCLUDES(hart->run_lock);

// The new task's account, with the share that was taken for it.
void cpu_begin(struct kernel *kernel, struct task *task, uint32_t share);

// The time since the last charge is the current task's, if there is one, and its callers'.
COLD void cpu_charge_locked(struct kernel *kernel, struct hart *hart, uint64_t now_ns)
    REQUIRES(hart->run_lock);

// Until when the task may run that was just taken; `end_ns` if it is not bounded.
WARN_UNUSED COLD uint64_t cpu_end(struct kernel *kernel, struct hart *hart, struct task *task,
                                  uint64_t now_ns, uint64_t end_ns) EXCLUDES(hart->run_lock);

// A task taken from the run queue: true if it is spent, and parked now.
WARN_UNUSED bool cpu_park(struct task *task);

WARN_UNUSED COLD uint64_t cpu_return(struct kernel *kernel, struct hart *hart)
    EXCLUDES(hart->run_lock);

// At a tick, and before the hart idles: gives back those whose period has begun. When this hart has
// to look again, UINT64_MAX if nobody is spent.
WARN_UNUSED static ALWAYS_INLINE uint64_t cpu_tick(struct kernel *kernel, struct hart *hart)
    EXCLUDES(hart->run_lock) {
    return cpu_budgets_exist(kernel) ? cpu_return(kernel, hart) : UINT64_MAX;
}

// Home hart: the task was killed. If it is parked it stands in the run queue again.
void cpu_unpark(struct kernel *kernel, struct hart *hart, struct task *task)
    EXCLUDES(hart->run_lock);

// Home hart: the task is being reclaimed.
void cpu_forget(struct hart *hart, struct task *task) EXCLUDES(hart->run_lock);
