// kernel/core/run_queue.h: which task a hart runs next.
//
// Each hart has a queue for each class (kernel/abi/qos.h); the highest class goes first, within one
// first come first served; a task that uses up its quantum goes to the end. A class that has waited
// for STARVATION_NS is served before higher ones, for one quantum. A task enters the queue of its
// effective class (kernel/core/donation.h). Quantum and class stay with the hart when an IPC
// operation switches directly: they are not renewed.
// Locking:   the queue's own, LOCK_RANK_RUN_QUEUE.
// Blocking:  never.
#pragma once

#include "kernel/core/kernel.h"

// 10 ms: a task that does not block gives way to the next of its hart and class.
#define QUANTUM_NS UINT64_C(10000000)
// A quantum may end so much earlier, that the timer need not come twice.
#define QUANTUM_SLACK_NS (QUANTUM_NS / 64)
#define STARVATION_NS (16 * QUANTUM_NS)

// Reasons to leave the short ways: bits of hart->slow.
enum slow_reason {
    SLOW_RESCHEDULE = 1u << 0,  // A task of a higher class than the running one is queued here.
};

void run_queue_init(struct hart *hart);

// Puts a task that its caller has claimed at the end of its home hart's queue. Tells that hart if
// it sleeps or runs something of a lower class: by IPI, or itself by SLOW_RESCHEDULE.
void run_queue_push(struct kernel *kernel, struct hart *hart, struct task *task);

// The next task of this hart, with a new quantum; null when there is none or when the time was used
// for a step of kernel work (reclaiming a dead task, a long system call): the caller then goes
// idle, where interrupts are looked at before the next step.
WARN_UNUSED struct task *run_queue_next(struct kernel *kernel, struct hart *hart);

// Whether a task of a higher class than the running one waits here.
WARN_UNUSED bool run_queue_outranks(struct hart *hart);

// The current task gives way to whoever outranks it, and goes on after those: to be called before
// an entry returns `task` (claimed, or null) when hart->slow says so.
WARN_UNUSED COLD struct task *run_queue_settle(struct kernel *kernel, struct hart *hart,
                                               struct task *task);

// What an entry that has made tasks runnable returns instead of `task`.
WARN_UNUSED static inline struct task *run_queue_leave(struct kernel *kernel, struct hart *hart,
                                                       struct task *task) {
    bool quiet = LIKELY((atomic_load_u32(&hart->slow) & SLOW_RESCHEDULE) == 0);
    return quiet ? task : run_queue_settle(kernel, hart, task);
}

// A task that is in a run queue moves to that of `qos` if it is in a lower one's.
void run_queue_raise(struct hart *hart, struct task *task, uint32_t qos);

// Asks a hart to look at its queue and its killed tasks; an IPI unless it is this one.
void run_queue_kick(struct kernel *kernel, struct hart *hart, struct hart *target);
