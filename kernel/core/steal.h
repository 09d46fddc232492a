// kernel/core/steal.h: a hart that has nothing to run takes tasks from another that has too many.
//
// Only tasks that stand in a run queue move: one that waits stays where its deadline is noted and
// its waker looks for it. Never moved: a task that was started on a certain hart, one that was
// killed, one in the middle of a long system call (both go on with what their hart has begun), one
// whose hart is still in the entry in which it blocked. A sleeping hart is about to run what it
// has: nothing is taken from it; nor does it keep a task's address space, which may go meanwhile.
// What the new hart needs it has: it is added to the task's space.harts, which says where
// translations are shot down; and code was made fetchable on every hart that was online, and on the
// others when they came.
// Locking:   one run-queue lock at a time. In between a task stands in no list; whoever looks for
//            it finds its new home (run_queue_lock_home).
// Blocking:  never; a bounded number of tasks is looked at.
#pragma once

#include "kernel/core/kernel.h"

enum { STEAL_MAX = 2 };  // Tasks that one look takes.

struct steal_wish {
    uint64_t from;     // The other hart's index.
    uint32_t count;    // Tasks, at most.
    uint32_t highest;  // Of at most that class.
};

// Takes what is wished, the highest and oldest first and never more than half of what may move;
// *taken says how many. Errors, counted, nothing taken: STATUS_TOO_LARGE (count over STEAL_MAX),
// STATUS_DENIED (a higher class than this hart may run), STATUS_BAD_ARG (no other hart that is
// online).
WARN_UNUSED enum status steal_from(struct kernel *kernel, struct hart *hart,
                                   const struct steal_wish *wish, uint32_t *taken);

// This hart has nothing to run: true if it has now.
WARN_UNUSED bool steal_some(struct kernel *kernel, struct hart *hart);
