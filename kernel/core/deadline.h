// kernel/core/deadline.h: waits that end at a time.
//
// A deadline beyond the hart's next tick costs a store and a compare: the task is noted in a
// bitmap, which lasts until the tick, and enters the heap only when the tick finds it still
// waiting. Expiry costs O(log MAX_TASKS) a due task, whatever else waits. Units:     nanoseconds
// since boot. Locking:   none: every structure here belongs to the task's home hart, which alone
// calls.
#pragma once

#include "kernel/core/kernel.h"

void deadline_init(struct hart *hart);

// The task, homed here, has just published a wait that ends at task->deadline_ns. If that is before
// hart->tick_ns, deadline_sooner must follow.
static ALWAYS_INLINE void deadline_note(struct hart *hart, struct task *task) {
    hart->deadline_waiting |= UINT64_C(1) << task->index;
    task->deadline_noted_ns = hart->tick_ns;
}

// Whether a wait until `ns` needs neither: it has no end, or the task is noted and `ns` is not
// before the tick that was armed then. That only comes sooner until the tick takes the note back.
static ALWAYS_INLINE bool deadline_is_noted(const struct task *task, uint64_t ns) {
    return ns >= task->deadline_noted_ns;
}

// The timer fired, or the hart is about to idle: ends every due wait with STATUS_TIMED_OUT (its
// task goes to the run queue), moves noted ones into the heap, and arms the timer for the earliest
// deadline or `latest_ns`, whichever is first.
void deadline_tick(struct kernel *kernel, struct hart *hart, uint64_t latest_ns);

// Forgets a dying task.
void deadline_forget(struct kernel *kernel, struct hart *hart, struct task *task);

// A deadline before the armed tick: arms the timer anew.
COLD void deadline_sooner(struct hart *hart, struct task *task);
