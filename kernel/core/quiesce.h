// kernel/core/quiesce.h: waiting until every other hart has left the kernel once.
//
// What a kernel entry has read without a lock (an epoch, a flag) it may act on until it ends.
// Whoever changes such a thing, and must know that nobody acts on the old value any more, changes
// it and then waits here. Each request has a number; each hart says up to which number it has left
// the kernel since, when it next takes an interrupt or looks for work, and an IPI makes that soon.
// The last hart to say so wakes the waiter.
// Units:      requests, numbered from 1.
// Blocking:   the task waits, the hart does not: nothing spins. A request ends when each hart has
//             taken one IPI.
// Locking:    its own, LOCK_RANK_QUIESCE. Leaving WAIT_QUIESCE needs it.
#pragma once

#include "kernel/core/kernel.h"

void quiesce_init(struct kernel *kernel);

// Makes the current task wait until all other harts that are online have left the kernel once; the
// caller has stored its results and holds no lock. What this hart does is over already. False:
// nobody else is online, and the task goes on.
WARN_UNUSED bool quiesce_wait(struct kernel *kernel, struct hart *hart, struct task *task)
    EXCLUDES(kernel->quiesce.lock);

// This hart acts on nothing that it has read: it came from user mode, or looks for work.
void quiesce_pass(struct kernel *kernel, struct hart *hart) EXCLUDES(kernel->quiesce.lock);

// Home hart of a killed task: claims it out of its wait `word`.
WARN_UNUSED bool quiesce_cancel(struct kernel *kernel, struct hart *hart, struct task *task,
                                uint64_t word) EXCLUDES(kernel->quiesce.lock);
