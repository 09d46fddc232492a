// kernel/core/deadline.c: see deadline.h.
#include "kernel/core/deadline.h"

#include "kernel/core/endpoint_ops.h"
#include "kernel/core/panic.h"
#include "kernel/core/wake.h"

void deadline_init(struct kernel *kernel, struct hart *hart) {
    hart->tick_ns = UINT64_MAX;
    hart->wheel = &kernel->wheels[hart->index];
    list_init(&hart->noted);
    wheel_init(hart->wheel);
}

static void take_out_locked(struct hart *home, struct wheel_entry *entry) REQUIRES(home->run_lock) {
    if (entry->place == WHEEL_NOTED) {  // Only tasks are.
        list_remove(&entry->node);
        entry->place = WHEEL_NOWHERE;
        LIST_OBJECT(entry, struct task, end)->deadline_noted_ns = UINT64_MAX;
    } else if (entry->place == WHEEL_INSIDE) {
        wheel_remove(home->wheel, entry);
    }
}

void deadline_note_first(struct hart *hart, struct task *task) {
    lock_acquire(&hart->locks, &hart->run_lock);
    take_out_locked(hart, &task->end);
    if (!fault_point_fires(FAULT_POINT_LOSE_DEADLINE)) {
        task->end.place = WHEEL_NOTED;
        list_append(&hart->noted, &task->end.node);
        // 0 is a tick that is overdue; no wait ends at 0.
        task->deadline_noted_ns = hart->tick_ns != 0 ? hart->tick_ns : 1;
    }
    lock_release(&hart->locks, &hart->run_lock);
}

void deadline_sooner(struct hart *hart, struct task *task) {
    hart->tick_ns = task->deadline_ns;
    arch_timer_arm(hart->tick_ns);
}

// Noted tasks that still wait enter the wheel; the others have been served in the meantime.
static void collect_noted_locked(struct hart *hart, uint32_t *steps) REQUIRES(hart->run_lock) {
    for (; *steps > 0 && !list_is_empty(&hart->noted); (*steps)--) {
        struct task *task = LIST_OBJECT(hart->noted.next, struct task, end.node);
        take_out_locked(hart, &task->end);
        bool waits = wait_state_of(atomic_load_u64(&task->wait)) != WAIT_NONE;
        if (waits && task->deadline_ns != UINT64_MAX) {
            task->end.ns = task->deadline_ns;
            wheel_insert(hart->wheel, &task->end);
        }
    }
}

// What one due entry asks for, copied out of it under the lock: afterwards its owner may be gone.
struct due {
    struct task *task;  // Null: a timer.
    uint64_t home;
    uint64_t kernel_bits;
    uint64_t badge_bits;
};

static bool take_due_locked(struct hart *hart, uint64_t now, uint32_t *steps, struct due *out)
    REQUIRES(hart->run_lock) {
    struct wheel_entry *entry = wheel_take(hart->wheel, now, steps);
    if (!entry) {
        return false;
    }
    if (entry->kind == WHEEL_TASK) {
        *out = (struct due){.task = LIST_OBJECT(entry, struct task, end)};
        return true;
    }
    struct timer *timer = LIST_OBJECT(entry, struct timer, entry);
    uint64_t before = atomic_load_u64(&timer->expirations);
    atomic_store_u64(&timer->expirations, before + 1);
    *out = (struct due){0, timer->home, timer->kernel_bits, timer->badge_bits};
    return true;
}

// An entry belongs to a system call, not to one wait of it; if that call is over, the task waits
// for something else or not at all, until later (wake_early compares).
static void tell_due(struct kernel *kernel, struct hart *hart, const struct due *due,
                     uint64_t now) {
    if (!due->task) {
        status_ignore(notify_endpoint(kernel, hart, due->home, due->kernel_bits, due->badge_bits),
                      "a timer whose endpoint is closed tells nobody");
    } else if (wake_early(kernel, hart, due->task, STATUS_TIMED_OUT, now)) {
        wake_push(kernel, hart, due->task);
    }
}

void deadline_tick(struct kernel *kernel, struct hart *hart, uint64_t latest_ns) {
    uint32_t most = hart_wakes_left(hart);
    uint32_t steps = most;
    uint64_t now = arch_time_ns();
    lock_acquire(&hart->locks, &hart->run_lock);
    collect_noted_locked(hart, &steps);
    struct due due;
    while (take_due_locked(hart, now, &steps, &due)) {
        lock_release(&hart->locks, &hart->run_lock);
        tell_due(kernel, hart, &due, now);
        lock_acquire(&hart->locks, &hart->run_lock);
    }
    // What is left over is work for the next tick, which comes at once.
    uint64_t next_ns = list_is_empty(&hart->noted) ? wheel_next(hart->wheel) : 0;
    lock_release(&hart->locks, &hart->run_lock);
    hart->woken = (uint16_t)(hart->woken + most - steps);
    hart->tick_ns = next_ns < latest_ns ? next_ns : latest_ns;
    arch_timer_arm(hart->tick_ns);
}

void deadline_move_locked(struct hart *home, struct task *task) {
    take_out_locked(home, &task->end);
}

void deadline_forget(struct hart *hart, struct task *task) {
    lock_acquire(&hart->locks, &hart->run_lock);
    take_out_locked(hart, &task->end);
    lock_release(&hart->locks, &hart->run_lock);
}

void timer_stop(struct hart *hart, struct timer *timer) {
    struct hart *home = timer->hart;
    if (home) {
        lock_acquire(&hart->locks, &home->run_lock);
        take_out_locked(home, &timer->entry);
        lock_release(&hart->locks, &home->run_lock);
    }
}

void timer_set(struct hart *hart, struct timer *timer, uint64_t ns) {
    timer_stop(hart, timer);
    timer->hart = hart;
    timer->entry.kind = WHEEL_TIMER;
    timer->entry.ns = ns;
    lock_acquire(&hart->locks, &hart->run_lock);
    wheel_insert(hart->wheel, &timer->entry);
    lock_release(&hart->locks, &hart->run_lock);
    if (ns < hart->tick_ns) {
        hart->tick_ns = ns;
        arch_timer_arm(ns);
    }
}
