// kernel/core/wrong/locks.c: mistakes with locks that clang's analysis turns into errors. Each is
// compiled alone, by kernel/core:locks_test.
#include "kernel/core/endpoint_ops.h"
#include "kernel/core/quiesce.h"

void link_task(struct kernel *kernel, struct hart *hart, struct endpoint *endpoint,
               struct task *task);
void link_task(struct kernel *kernel, struct hart *hart, struct endpoint *endpoint,
               struct task *task) {
#if defined(ANOTHER_LOCK)
    lock_acquire(&hart->locks, &hart->run_lock);
    endpoint_link_locked(kernel, endpoint, task);
    lock_release(&hart->locks, &hart->run_lock);
#elif defined(NO_LOCK)
    endpoint_link_locked(kernel, endpoint, task);
#elif defined(KEEP_ON_ONE_PATH)
    lock_acquire(&hart->locks, &endpoint->lock);
    if (endpoint->owner == task->index) {
        lock_release(&hart->locks, &endpoint->lock);
    }
#elif defined(TRY_AND_IGNORE)
    if (lock_try_acquire(&hart->locks, &endpoint->lock) || endpoint->owner == task->index) {
        lock_release(&hart->locks, &endpoint->lock);
    }
#else
    lock_acquire(&hart->locks, &endpoint->lock);
#ifdef TAKE_TWICE
    lock_acquire(&hart->locks, &endpoint->lock);
#endif
    endpoint_link_locked(kernel, endpoint, task);
#ifndef LEAVE_WITH_LOCK
    lock_release(&hart->locks, &endpoint->lock);
#endif
#ifdef RELEASE_TWICE
    lock_release(&hart->locks, &endpoint->lock);
#endif
#endif
}

void pass(struct kernel *kernel, struct hart *hart);
void pass(struct kernel *kernel, struct hart *hart) {
#ifdef TAKE_INSIDE
    lock_acquire(&hart->locks, &kernel->quiesce.lock);
#endif
    quiesce_pass(kernel, hart);
#ifdef TAKE_INSIDE
    lock_release(&hart->locks, &kernel->quiesce.lock);
#endif
}
