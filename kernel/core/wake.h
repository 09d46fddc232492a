// kernel/core/wake.h: ending a task's wait: who may, and what it finds in its registers.
// Locking:   stated at each function. "Claimed": the caller has won the task's wait word and must
//            push it or run it.
#pragma once

#include "kernel/abi/syscall.h"
#include "kernel/core/event.h"
#include "kernel/core/run_queue.h"

static ALWAYS_INLINE void task_results(struct task *task, enum status status, uint64_t a1,
                                       uint64_t a2, uint64_t a3) {
    task->regs.x[REG_A0] = (uint64_t)status;
    task->regs.x[REG_A0 + 1] = a1;
    task->regs.x[REG_A0 + 2] = a2;
    task->regs.x[REG_A0 + 3] = a3;
}

static ALWAYS_INLINE void task_status(struct task *task, enum status status) {
    task_results(task, status, 0, 0, 0);
}

// Publishes that the task waits. Release: its registers and frame are complete before the word says
// so; pairs with the acquire in task_claim.
static ALWAYS_INLINE uint64_t task_wait(struct task *task, enum wait_state state, uint32_t object) {
    uint64_t word = wait_next(atomic_load_u64(&task->wait), state, object);
    atomic_store_release_u64(&task->wait, word);
    return word;
}

// One of many may win; the winner owns the task until it is runnable.
WARN_UNUSED static ALWAYS_INLINE bool task_claim(struct task *task, uint64_t word) {
    return atomic_claim_u64(&task->wait, word, wait_over(word));
}

static ALWAYS_INLINE void wake_push(struct kernel *kernel, struct hart *hart, struct task *task) {
    event_note(hart, EVENT_WAKE, task, hart->current, 0);
    run_queue_push(kernel, hart, task);
}

// Ends the wait of the task with `status` if it still waits, whatever for by now, in a system call
// whose deadline is not after `due_ns`; true means claimed. A receiver whose caller leaves so is
// notified.
// Locking:  takes an endpoint lock; the caller holds none.
WARN_UNUSED bool wake_early(struct kernel *kernel, struct hart *hart, struct task *task,
                            enum status status, uint64_t due_ns);
