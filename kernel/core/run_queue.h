// kernel/core/run_queue.h: which task a hart runs next.
//
// Each hart has a list for each class (kernel/abi/qos.h): the highest class that has somebody is
// served, first come first served; a task that uses up its quantum goes to the end of its list. A
// class that was passed over for STARVATION_NS has the hart for one quantum (README.md says what
// bound follows). A task stands in the list of its effective class (donation.h).
//
// Who makes a task runnable that counts more than what runs on its home hart interrupts that hart:
// by IPI, also if it is its own. So preemption has one place, the end of kernel_interrupt, and
// system calls have none to look at. hart->running_class is what the running task counts as; both
// that and the lists are changed under the same lock, so an IPI is sent exactly when the other hart
// would otherwise go on with something lower. A direct switch of the fast path changes neither the
// class nor the quantum: where the class could fall, SLOW_CLASS is set.
// Locking:   the queue's own, LOCK_RANK_RUN_QUEUE.
// Blocking:  never.
#pragma once

#include "kernel/core/donation.h"

// 10 ms: a task that does not block gives way to the next of its hart and class.
#define QUANTUM_NS UINT64_C(10000000)
#define STARVATION_NS (16 * QUANTUM_NS)

// How a step of the kernel's own work for a task ended.
enum step {
    STEP_DONE,  // The task can run.
    STEP_MORE,  // It stands in the run queue for the next.
    STEP_GONE,  // It waits, or somebody else has it, or it is no more.
};

void run_queue_init(struct hart *hart);

// Puts a task that its caller has claimed at the end of its list, and tells its home hart if that
// sleeps or runs something of a lower class.
void run_queue_push(struct kernel *kernel, struct hart *hart, struct task *task);

// The next task of this hart, with a new quantum; null when there is none or when the time was used
// for a step of kernel work (reclaiming a dead task, a long system call): the caller then goes
// idle, where interrupts are looked at before the next step.
WARN_UNUSED struct task *run_queue_next(struct kernel *kernel, struct hart *hart)
    EXCLUDES(hart->run_lock);

WARN_UNUSED COLD struct task *run_queue_make_way(struct kernel *kernel, struct hart *hart,
                                                 struct task *task);

// `task`, current or claimed, would go on here: it does unless something of a higher class is
// queued. Then it stands first in its own class, with what is left of the quantum, and that runs.
WARN_UNUSED static ALWAYS_INLINE struct task *run_queue_go_on(struct kernel *kernel,
                                                              struct hart *hart,
                                                              struct task *task) {
    return classes_differ(kernel) ? run_queue_make_way(kernel, hart, task) : task;
}

// The current task, which has its results, lets the others of its class run.
WARN_UNUSED struct task *run_queue_yield(struct kernel *kernel, struct hart *hart,
                                         struct task *task);

// The task's class may have changed. If it stands in a run queue, it moves to the end of the list
// where it belongs.
void run_queue_reclass(struct kernel *kernel, struct hart *hart, struct task *task);

// Whether the task stands in a run queue. What was stored before is seen by the hart that takes it.
WARN_UNUSED bool run_queue_holds(struct hart *hart, struct task *task);

// Asks a hart to look at its queue and its killed tasks; an IPI unless it is this one.
void run_queue_kick(struct kernel *kernel, struct hart *hart, struct hart *target);

// The current task's time is up, or it was killed: the next runs, which may be the same.
WARN_UNUSED struct task *run_queue_preempt(struct kernel *kernel, struct hart *hart,
                                           struct task *task);

// At a tick, of which there is one a quantum at least while anything runs: if tasks wait here that
// may move, tells a hart that sleeps that there is something to steal.
void run_queue_offer(struct kernel *kernel, struct hart *hart);

// An IPI to the hart of that number, which may be this one. Errors, counted: STATUS_BAD_ARG (no
// such hart), STATUS_BUSY (it is not online).
enum status run_queue_ipi(struct kernel *kernel, struct hart *hart, uint64_t target);

// Locks the run queue of the task's home hart, which is returned; null if it has none.
// The analysis of locks cannot follow a lock that a function chooses: who calls it is UNCHECKED.
WARN_UNUSED struct hart *run_queue_lock_home(struct hart *hart, struct task *task) UNCHECKED_LOCKS;
