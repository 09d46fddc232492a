// kernel/core/entry.c: what a port's trap code calls, but for system calls (syscall.c).
#include "kernel/core/cpu_budget.h"
#include "kernel/core/deadline.h"
#include "kernel/core/device_ops.h"
#include "kernel/core/endpoint_ops.h"
#include "kernel/core/event.h"
#include "kernel/core/kernel.h"
#include "kernel/core/panic.h"
#include "kernel/core/quiesce.h"
#include "kernel/core/run_queue.h"
#include "kernel/core/steal.h"
#include "kernel/core/stop.h"
#include "kernel/core/task_ops.h"

struct task *kernel_hart_start(struct kernel *kernel, struct hart *hart) {
    hart->online = 1;
    atomic_store_shared(&hart->current, 0);
    // Release: whoever sees the bit sees the hart ready; from here on others look at it.
    atomic_or_release_u64(&kernel->harts_online, UINT64_C(1) << hart->index);
    return kernel_idle(kernel, hart);
}

static void count_tick(struct kernel *kernel, struct hart *hart, uint64_t now) {
    struct hart_counts *counts = &hart->counts;
    hart_count_up(&counts->ticks, 1);
    lock_acquire(&hart->locks, &hart->run_lock);
    if (cpu_budgets_exist(kernel)) {
        cpu_charge_locked(kernel, hart, now);
    } else {
        hart_charge(hart, now);
    }
    uint64_t runnable = hart->run_count;
    lock_release(&hart->locks, &hart->run_lock);
    if (runnable > atomic_load_u64(&counts->runnable_most)) {
        atomic_store_u64(&counts->runnable_most, runnable);
    }
}

// Those who wait at an endpoint that has ended are told at once, whatever runs here: a step in each
// entry that does nothing else that is long. They count as woken: two steps may follow.
static void close_some(struct kernel *kernel, struct hart *hart, bool ticked) {
    if (LIKELY(hart->endpoint_closing == ENDPOINT_NONE)) {
        return;
    }
    if (ticked || hart_has_done_enough(hart)) {
        endpoint_close_later(hart);
    } else {
        uint64_t begun_ns = arch_time_ns();
        hart->woken = (uint16_t)(hart->woken + TOLD_A_STEP);
        endpoint_close_step(kernel, hart);
        hart_charge_nobody(hart, begun_ns);
    }
}

struct task *kernel_interrupt(struct kernel *kernel, struct hart *hart, uint32_t events) {
    struct task *task = hart->current;
    bool ticked = (events & ARCH_EVENT_TIMER) != 0;
    bool over = false;
    hart->looks = true;
    if ((events & ARCH_EVENT_IPI) != 0) {
        hart_count_up(&hart->counts.ipis_taken, 1);
        stop_pass(kernel, hart);
        atomic_store_u32(&hart->doorbell, 0);
        atomic_fence();
        quiesce_pass(kernel, hart);
    }
    if (UNLIKELY((events & ARCH_EVENT_EXTERNAL) != 0)) {
        hart_count_up(&hart->counts.interrupts, 1);
        device_interrupt(kernel, hart);
    }
    task_kills_take(kernel, hart);
    if (ticked) {
        uint64_t now = arch_time_ns();
        count_tick(kernel, hart, now);
        uint64_t next_ns = cpu_tick(kernel, hart);
        over = now >= hart->quantum_end_ns;
        deadline_tick(kernel, hart,
                      over || next_ns < hart->quantum_end_ns ? next_ns : hart->quantum_end_ns);
    }
    close_some(kernel, hart, ticked);
    hart->looks = false;
    struct task *next = over || atomic_load_u32(&task->killed) != 0
                            ? run_queue_preempt(kernel, hart, task)
                            : run_queue_go_on(kernel, hart, task);
    if (UNLIKELY(!next)) {
        atomic_store_u32(&hart->doorbell, 1);  // Idle looks at interrupts before anything else.
    }
    hart->woken = 0;
    if (ticked) {
        run_queue_offer(kernel, hart);
    }
    return next;
}

struct task *kernel_fault(struct kernel *kernel, struct hart *hart, struct user_fault fault) {
    KASSERT(fault.reason > EXIT_KILLED && fault.reason < EXIT_REASON_COUNT);
    hart_count_up(&hart->counts.faults, 1);
    event_note_type(hart, EVENT_FAULT, hart->current, fault.reason, 0);
    task_end_current(kernel, hart, hart->current, fault.reason, fault.detail);
    return run_queue_next(kernel, hart);
}

// Until an interrupt comes or the doorbell is set. Whatever else it was, the next round of
// kernel_idle looks at everything.
static void doze(struct kernel *kernel, struct hart *hart) {
    if ((arch_idle(&hart->doorbell) & ARCH_EVENT_EXTERNAL) != 0) {
        device_interrupt(kernel, hart);
    }
}

// Publish idle, fence, look again, sleep; wakers publish work, fence, look at idle
// (run_queue_push). The doorbell is cleared before the queue is looked at, so what is rung after
// the look is not slept over.
struct task *kernel_idle(struct kernel *kernel, struct hart *hart) {
    hart_count_up(&hart->counts.idles, 1);
    event_note(hart, EVENT_SWITCH, 0, hart->current, 0);
    arch_space_leave();  // The task whose it is may be taken by another hart, and end there,
    atomic_store_shared(&hart->current, 0);  // from here on.
    if (atomic_load_u32(&hart->doorbell) != 0) {
        doze(kernel, hart);  // No: a step may have been done already, so interrupts are next.
    }
    for (;;) {  // Ends when there is a task; each round sleeps or does a bounded step of work.
        atomic_store_u32(&hart->doorbell, 0);
        atomic_store_u32(&hart->idle, 1);
        atomic_fence();
        stop_pass(kernel, hart);
        quiesce_pass(kernel, hart);
        task_kills_take(kernel, hart);
        deadline_tick(kernel, hart, cpu_tick(kernel, hart));
        struct task *task = run_queue_next(kernel, hart);
        if (!task && atomic_load_u32(&hart->doorbell) == 0 && steal_some(kernel, hart)) {
            task = run_queue_next(kernel, hart);
        }
        hart->woken = 0;
        if (task) {
            atomic_store_u32(&hart->idle, 0);
            return task;
        }
        doze(kernel, hart);
        atomic_store_u32(&hart->idle, 0);
    }
}
