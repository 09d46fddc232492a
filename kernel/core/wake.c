// kernel/core/wake.c: see wake.h.
#include "kernel/core/wake.h"

#include "kernel/core/endpoint_ops.h"

// A wait at an endpoint is left under its lock.
static bool wake_at_endpoint(struct kernel *kernel, struct hart *hart, struct task *task,
                             uint64_t word) {
    struct endpoint *endpoint = &kernel->endpoints[wait_object_of(word)];
    bool disorder = fault_point_fires(FAULT_POINT_WRONG_LOCK_ORDER);
    if (disorder) {
        lock_acquire(&hart->locks, &hart->run_lock);
    }
    lock_acquire(&hart->locks, &endpoint->lock);
    bool won = task_claim(task, word);
    if (won && wait_state_of(word) == WAIT_QUEUED) {
        endpoint_unlink_locked(kernel, endpoint, task);
    }
    lock_release(&hart->locks, &endpoint->lock);
    if (disorder) {
        lock_release(&hart->locks, &hart->run_lock);
    }
    return won;
}

// Claims the task out of the wait `word`.
static bool wake_claim(struct kernel *kernel, struct hart *hart, struct task *task, uint64_t word) {
    return wait_state_of(word) == WAIT_REPLY ? task_claim(task, word)
                                             : wake_at_endpoint(kernel, hart, task, word);
}

bool wake_early(struct kernel *kernel, struct hart *hart, struct task *task, enum status status) {
    uint64_t word = atomic_load_acquire_u64(&task->wait);
    // Ends: a wait goes from queued to handed over to none, and only this hart, its home, lets it
    //       begin another.
    while (wait_state_of(word) != WAIT_NONE && !wake_claim(kernel, hart, task, word)) {
        word = atomic_load_acquire_u64(&task->wait);
    }
    if (wait_state_of(word) == WAIT_NONE) {
        return false;
    }
    bool handed_over = wait_state_of(word) == WAIT_REPLY;
    if (handed_over) {
        notify_task(kernel, hart, atomic_load_u64(&kernel->tasks[wait_object_of(word)].home),
                    NOTIFY_REPLY_GONE);
    }
    task_results(task, status, handed_over ? DELIVERY_HANDED_OVER : DELIVERY_NONE, 0, 0);
    return true;
}
