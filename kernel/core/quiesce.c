// kernel/core/quiesce.c: see quiesce.h. The queue is in the order of the numbers, so the first of
// it is the first to be over.
#include "kernel/core/quiesce.h"

#include "base/bits.h"
#include "kernel/core/panic.h"
#include "kernel/core/wake.h"

void quiesce_init(struct kernel *kernel) {
    lock_init(&kernel->quiesce.lock, LOCK_RANK_QUIESCE);
    kernel->quiesce.head = TASK_NONE;
    kernel->quiesce.tail = TASK_NONE;
}

static void link_locked(struct kernel *kernel, struct task *task) REQUIRES(kernel->quiesce.lock) {
    struct quiesce *quiesce = &kernel->quiesce;
    task->queue_next = TASK_NONE;
    task->queue_prev = quiesce->tail;
    if (quiesce->tail == TASK_NONE) {
        quiesce->head = task->index;
    } else {
        kernel->tasks[quiesce->tail].queue_next = task->index;
    }
    quiesce->tail = task->index;
}

static void unlink_locked(struct kernel *kernel, struct task *task) REQUIRES(kernel->quiesce.lock) {
    struct quiesce *quiesce = &kernel->quiesce;
    if (task->queue_prev == TASK_NONE) {
        quiesce->head = task->queue_next;
    } else {
        kernel->tasks[task->queue_prev].queue_next = task->queue_next;
    }
    if (task->queue_next == TASK_NONE) {
        quiesce->tail = task->queue_prev;
    } else {
        kernel->tasks[task->queue_next].queue_prev = task->queue_prev;
    }
}

// Up to which number all harts have left the kernel. One that comes online now has read nothing
// before, and says so first of all.
static uint64_t passed_by_all_locked(struct kernel *kernel) REQUIRES(kernel->quiesce.lock) {
    uint64_t passed = UINT64_MAX;
    // Acquire: pairs with kernel_hart_start.
    uint64_t online = atomic_load_acquire_u64(&kernel->harts_online);
    for (; online != 0; online &= online - 1) {
        uint64_t one = kernel->harts[bits_lowest_u64(online)].quiesced;
        passed = one < passed ? one : passed;
    }
    return passed;
}

// This hart has left the kernel since every request so far: wakes whoever waited for no other. If
// there are many, some now: the hart then says that it has left for those, and comes back at once.
static void pass_locked(struct kernel *kernel, struct hart *hart) REQUIRES(kernel->quiesce.lock) {
    struct quiesce *quiesce = &kernel->quiesce;
    hart->quiesced = atomic_load_u64(&quiesce->requested);
    uint64_t passed = passed_by_all_locked(kernel);
    uint32_t most = hart_wakes_left(hart);
    for (uint32_t woken = 0; quiesce->head != TASK_NONE; woken++) {
        struct task *task = &kernel->tasks[quiesce->head];
        if (task->quiesce_number > passed) {
            break;
        }
        if (woken == most) {
            hart->quiesced = task->quiesce_number - 1;
            atomic_store_u32(&hart->doorbell, 1);
            hart_ipi_send(hart, UINT64_C(1) << hart->index);
            break;
        }
        unlink_locked(kernel, task);
        hart->woken++;
        bool won = task_claim(task, atomic_load_u64(&task->wait));
        KASSERT(won);
        wake_push(kernel, hart, task);
    }
}

static void ring(struct kernel *kernel, struct hart *hart) {
    uint64_t others =
        atomic_load_acquire_u64(&kernel->harts_online) & ~(UINT64_C(1) << hart->index);
    for (uint64_t left = others; left != 0; left &= left - 1) {
        atomic_store_u32(&kernel->harts[bits_lowest_u64(left)].doorbell, 1);
    }
    atomic_fence();
    hart_ipi_send(hart, others);
}

bool quiesce_wait(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct quiesce *quiesce = &kernel->quiesce;
    if (fault_point_fires(FAULT_POINT_SKIP_QUIESCE)) {
        return false;
    }
    hart->woken = 0;  // A system call, and so an entry that has seen to nothing.
    lock_acquire(&hart->locks, &kernel->quiesce.lock);
    uint64_t number = atomic_load_u64(&quiesce->requested) + 1;
    // Release: a hart that sees the number sees what its caller changed before.
    atomic_store_release_u64(&quiesce->requested, number);
    pass_locked(kernel, hart);
    bool waits = passed_by_all_locked(kernel) < number;
    if (waits) {
        task->quiesce_number = number;
        atomic_raw_store_shared(&task->deadline_ns, UINT64_MAX);
        link_locked(kernel, task);
        uint64_t unused = task_wait(task, WAIT_QUIESCE, 0);
        (void)unused;
    }
    lock_release(&hart->locks, &kernel->quiesce.lock);
    if (waits) {
        ring(kernel, hart);
    }
    return waits;
}

void quiesce_pass(struct kernel *kernel, struct hart *hart) {
    // Acquire: pairs with the release in quiesce_wait. Only this hart changes its own number.
    if (LIKELY(atomic_load_acquire_u64(&kernel->quiesce.requested) == hart->quiesced)) {
        return;
    }
    lock_acquire(&hart->locks, &kernel->quiesce.lock);
    pass_locked(kernel, hart);
    lock_release(&hart->locks, &kernel->quiesce.lock);
}

bool quiesce_cancel(struct kernel *kernel, struct hart *hart, struct task *task, uint64_t word) {
    lock_acquire(&hart->locks, &kernel->quiesce.lock);
    bool won = task_claim(task, word);
    if (won) {
        unlink_locked(kernel, task);
    }
    lock_release(&hart->locks, &kernel->quiesce.lock);
    return won;
}
