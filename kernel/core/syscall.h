// kernel/core/syscall.h: dispatch of system calls.
#pragma once

#include "kernel/core/run_queue.h"

// Goes on with the long system call that `task` (current, from the run queue, `again` set) is in.
// STEP_DONE: its results are stored and it can return to user mode. STEP_GONE: it waits.
WARN_UNUSED enum step syscall_resume(struct kernel *kernel, struct hart *hart, struct task *task);

// The current task has more steps to do, which syscall_resume goes on with.
WARN_UNUSED struct task *syscall_again(struct kernel *kernel, struct hart *hart, struct task *task);

// The current task's system call has its results, and may have given up memory: it ends when this
// hart has returned that.
WARN_UNUSED struct task *syscall_give_back(struct kernel *kernel, struct hart *hart,
                                           struct task *task);
