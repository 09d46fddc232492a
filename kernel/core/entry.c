// kernel/core/entry.c: what a port's trap code calls, but for system calls (syscall.c).
#include "kernel/core/deadline.h"
#include "kernel/core/device_ops.h"
#include "kernel/core/kernel.h"
#include "kernel/core/panic.h"
#include "kernel/core/quiesce.h"
#include "kernel/core/run_queue.h"
#include "kernel/core/task_ops.h"

struct task *kernel_hart_start(struct kernel *kernel, struct hart *hart) {
    hart->online = 1;
    // Release: whoever sees the bit sees the hart's queues ready.
    atomic_or_release_u64(&kernel->harts_online, UINT64_C(1) << hart->index);
    hart->current = 0;
    return kernel_idle(kernel, hart);
}

struct task *kernel_interrupt(struct kernel *kernel, struct hart *hart, uint32_t events) {
    struct task *task = hart->current;
    if ((events & ARCH_EVENT_IPI) != 0) {
        atomic_store_u32(&hart->doorbell, 0);
        atomic_fence();
        quiesce_pass(kernel, hart);
    }
    if (UNLIKELY((events & ARCH_EVENT_EXTERNAL) != 0)) {
        device_interrupt(kernel, hart);
    }
    task_kills_take(kernel, hart);
    bool gives_way = atomic_load_u32(&task->killed) != 0;
    if ((events & ARCH_EVENT_TIMER) != 0) {
        uint64_t now = arch_time_ns();
        deadline_tick(kernel, hart, now + QUANTUM_NS);
        gives_way = gives_way || now >= hart->quantum_end_ns;
    }
    if (gives_way) {
        run_queue_push(kernel, hart, task);
        task = run_queue_next(kernel, hart);
    }
    return task;
}

struct task *kernel_fault(struct kernel *kernel, struct hart *hart, struct user_fault fault) {
    KASSERT(fault.reason > EXIT_KILLED && fault.reason < EXIT_REASON_COUNT);
    task_end_current(kernel, hart, hart->current, fault.reason, fault.detail);
    return run_queue_next(kernel, hart);
}

// Publish idle, fence, look again, sleep; wakers publish work, fence, look at idle
// (run_queue_push). The doorbell is cleared before the queue is looked at, so what is rung after
// the look is not slept over.
struct task *kernel_idle(struct kernel *kernel, struct hart *hart) {
    for (;;) {  // Ends when there is a task; each round sleeps or does a bounded step of work.
        atomic_store_u32(&hart->doorbell, 0);
        atomic_store_u32(&hart->idle, 1);
        atomic_fence();
        quiesce_pass(kernel, hart);
        task_kills_take(kernel, hart);
        deadline_tick(kernel, hart, UINT64_MAX);
        struct task *task = run_queue_next(kernel, hart);
        if (task) {
            atomic_store_u32(&hart->idle, 0);
            deadline_tick(kernel, hart, arch_time_ns() + QUANTUM_NS);
            return task;
        }
        // Whatever else it was, the next round looks at everything.
        if ((arch_idle(&hart->doorbell) & ARCH_EVENT_EXTERNAL) != 0) {
            device_interrupt(kernel, hart);
        }
        atomic_store_u32(&hart->idle, 0);
    }
}
