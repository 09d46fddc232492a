// kernel/core/run_queue.c: see run_queue.h.
#include "kernel/core/run_queue.h"

#include "kernel/core/event.h"
#include "kernel/core/panic.h"
#include "kernel/core/reap.h"
#include "kernel/core/syscall.h"
#include "kernel/core/vmo_ops.h"

void run_queue_init(struct hart *hart) {
    lock_init(&hart->run_lock, LOCK_RANK_RUN_QUEUE);
    hart->run_head = TASK_NONE;
    hart->run_tail = TASK_NONE;
    hart->run_count = 0;
    list_init(&hart->killed);
}

// A sleeper publishes `idle`, fences, and looks at the queue and the doorbell; here work and
// doorbell are published before the fence, then `idle` is read: one of the two sees the other. A
// hart that is not idle looks at its queue when its task blocks, or at its next tick.
void run_queue_push(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct hart *home = task->hart;
    lock_acquire(&hart->locks, &home->run_lock);
    task->queue_next = TASK_NONE;
    if (home->run_head == TASK_NONE) {
        home->run_head = task->index;
    } else {
        kernel->tasks[home->run_tail].queue_next = task->index;
    }
    home->run_tail = task->index;
    home->run_count++;
    lock_release(&hart->locks, &home->run_lock);
    if (home == hart) {
        return;
    }
    atomic_store_u32(&home->doorbell, 1);
    atomic_fence();
    if (atomic_load_u32(&home->idle) != 0 && !fault_point_fires(FAULT_POINT_LOSE_IPI)) {
        hart_ipi_send(hart, UINT64_C(1) << home->index);
    }
}

void run_queue_kick(struct kernel *kernel, struct hart *hart, struct hart *target) {
    (void)kernel;
    atomic_store_u32(&target->doorbell, 1);
    atomic_fence();
    if (target != hart) {
        hart_ipi_send(hart, UINT64_C(1) << target->index);
    }
}

static struct task *run_queue_pop(struct kernel *kernel, struct hart *hart) {
    lock_acquire(&hart->locks, &hart->run_lock);
    struct task *task = 0;
    if (hart->run_head != TASK_NONE) {
        task = &kernel->tasks[hart->run_head];
        hart->run_head = task->queue_next;
        if (hart->run_head == TASK_NONE) {
            hart->run_tail = TASK_NONE;
        }
        hart->run_count--;
    }
    lock_release(&hart->locks, &hart->run_lock);
    return task;
}

struct task *run_queue_next(struct kernel *kernel, struct hart *hart) {
    if (UNLIKELY(hart->vmo_dying != VMO_NONE)) {
        vmo_return_step(kernel, hart);
        atomic_store_u32(&hart->doorbell, 1);  // Idle comes back for the rest.
    }
    struct task *task = run_queue_pop(kernel, hart);
    if (!task) {
        hart_charge(hart, arch_time_ns());
        return 0;
    }
    KASSERT(task->hart == hart);
    bool finished = true;
    if (UNLIKELY(atomic_load_u32(&task->killed) != 0)) {
        finished = reap_step(kernel, hart, task);
        task = finished ? 0 : task;
    } else if (UNLIKELY(task->again)) {
        finished = syscall_resume(kernel, hart, task);
    }
    if (!finished) {
        run_queue_push(kernel, hart, task);
        task = 0;
    }
    if (!task) {
        hart_charge(hart, arch_time_ns());
        atomic_store_u32(&hart->doorbell, 1);  // There may be more: idle looks at interrupts and
                                               // comes back.
        return 0;
    }
    uint64_t now_ns = arch_time_ns();
    hart->quantum_end_ns = now_ns + QUANTUM_NS;
    if (task != hart->current) {
        hart_charge(hart, now_ns);
        hart_count_up(&hart->counts.switches, 1);
        event_note(hart, EVENT_SWITCH, task, hart->current, 0);
    }
    return task;
}
