// kernel/core/entry.c: what a port's trap code calls, but for system calls (syscall.c).
#include "kernel/core/deadline.h"
#include "kernel/core/kernel.h"
#include "kernel/core/panic.h"
#include "kernel/core/run_queue.h"
#include "kernel/core/task_ops.h"

struct task *kernel_hart_start(struct kernel *kernel, struct hart *hart) {
    hart->online = 1;
    // Release: whoever sees the bit sees the hart's queues ready.
    atomic_or_release_u64(&kernel->harts_online, UINT64_C(1) << hart->index);
    hart->current = 0;
    return kernel_idle(kernel, hart);
}

// Whether the current task gives way because its time is over, and to nobody of a higher class. With
// nobody to give way to it gets another quantum.
static bool quantum_is_over(struct hart *hart) {
    uint64_t now = arch_time_ns();
    if (now + QUANTUM_SLACK_NS < hart->quantum_end_ns) {
        return false;
    }
    hart->quantum_end_ns = now + QUANTUM_NS;
    return true;
}

struct task *kernel_interrupt(struct kernel *kernel, struct hart *hart, uint32_t events) {
    struct task *task = hart->current;
    if ((events & ARCH_EVENT_IPI) != 0) {
        atomic_store_u32(&hart->doorbell, 0);
        atomic_fence();
    }
    task_kills_take(kernel, hart);
    bool over = false;
    if ((events & ARCH_EVENT_TIMER) != 0) {
        over = quantum_is_over(hart);
        deadline_tick(kernel, hart, hart->quantum_end_ns);
    }
    if (over || atomic_load_u32(&task->killed) != 0) {
        run_queue_push(kernel, hart, task);
        return run_queue_next(kernel, hart);
    }
    // Another hart that queued something here has sent the IPI; what this entry queued said so.
    bool asked = (events & ARCH_EVENT_IPI) != 0 || atomic_load_u32(&hart->slow) != 0;
    return asked ? run_queue_settle(kernel, hart, task) : task;
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
        task_kills_take(kernel, hart);
        deadline_tick(kernel, hart, UINT64_MAX);
        struct task *task = run_queue_next(kernel, hart);
        if (task) {
            atomic_store_u32(&hart->idle, 0);
            deadline_tick(kernel, hart, hart->quantum_end_ns);
            return run_queue_leave(kernel, hart, task);
        }
        uint32_t events = arch_idle(&hart->doorbell);
        (void)events;  // Whatever it was, the next round looks at everything.
        atomic_store_u32(&hart->idle, 0);
    }
}
