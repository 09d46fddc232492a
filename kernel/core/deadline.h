// kernel/core/deadline.h: waits that end at a time, and timers.
//
// A deadline beyond the hart's next tick costs a load and a compare once its task is noted, which
// it is from its first wait after a tick: only the tick puts what still waits into the hart's wheel
// (kernel/core/wheel.h). Expiry costs nothing for tasks that are not due, and each entry point does
// a bounded part of it: the timer then fires again at once.
// Units:     nanoseconds since boot.
// Locking:   each function takes the run-queue lock of the hart to which the task or timer belongs,
//            and lets it go before it wakes anybody.
#pragma once

#include "kernel/core/kernel.h"
#include "kernel/core/timer.h"

void deadline_init(struct kernel *kernel, struct hart *hart);

COLD void deadline_note_first(struct hart *hart, struct task *task) EXCLUDES(hart->run_lock);

// The task, homed here, has just published a wait that ends at task->deadline_ns. If that is before
// hart->tick_ns, deadline_sooner must follow.
static ALWAYS_INLINE void deadline_note(struct hart *hart, struct task *task) {
    if (UNLIKELY(task->end.place != WHEEL_NOTED)) {
        deadline_note_first(hart, task);
    }
}

// Whether a wait until `ns` needs neither: it has no end, or the task is noted and `ns` is not
// before the tick that was armed then. That only comes sooner until the tick takes the note back.
// Never true of 0, which means not to wait.
static ALWAYS_INLINE bool deadline_is_noted(const struct task *task, uint64_t ns) {
    return ns >= task->deadline_noted_ns;
}

// The timer fired, or the hart is about to idle: ends due waits with STATUS_TIMED_OUT (their tasks
// go to the run queue), tells due timers, moves noted tasks into the wheel, and arms the timer for
// the earliest deadline or `latest_ns`, whichever is first.
void deadline_tick(struct kernel *kernel, struct hart *hart, uint64_t latest_ns)
    EXCLUDES(hart->run_lock);

// The task stands in the run queue of `home` and leaves that hart: its waits are over. Under that
// hart's run-queue lock.
void deadline_move_locked(struct hart *home, struct task *task) REQUIRES(home->run_lock);

// Forgets a dying task.
void deadline_forget(struct hart *hart, struct task *task) EXCLUDES(hart->run_lock);

// A deadline before the armed tick: arms the timer anew.
COLD void deadline_sooner(struct hart *hart, struct task *task);

// Sets the timer, anew if it is set already. A time that has passed is told at this hart's next
// tick, which is at once.
void timer_set(struct hart *hart, struct timer *timer, uint64_t ns);

// It does not expire any more, though a bit that it has just set may still be on its way. Its
// memory is free to be used for something else.
void timer_stop(struct hart *hart, struct timer *timer);
