// kernel/core/run_queue.h: which task a hart runs next.
//
// Each hart has one queue, served first come first served; a task that uses up its quantum goes to
// the end. A task stays on its home hart.
// Locking:   the queue's own, LOCK_RANK_RUN_QUEUE.
// Blocking:  never.
#pragma once

#include "kernel/core/kernel.h"

void run_queue_init(struct hart *hart);

// Puts a task that its caller has claimed at the end of its home hart's queue, and wakes that hart
// if it sleeps.
void run_queue_push(struct kernel *kernel, struct hart *hart, struct task *task);

// The next task of this hart, with a new quantum; null when there is none or when the time was used
// for a step of kernel work (reclaiming a dead task, a long system call): the caller then goes
// idle, where interrupts are looked at before the next step.
WARN_UNUSED struct task *run_queue_next(struct kernel *kernel, struct hart *hart)
    EXCLUDES(hart->run_lock);

// Asks a hart to look at its queue and its killed tasks; an IPI unless it is this one.
void run_queue_kick(struct kernel *kernel, struct hart *hart, struct hart *target);
