// kernel/core/syscall.h: dispatch of system calls.
#pragma once

#include "kernel/core/kernel.h"

// Goes on with the long system call that `task` (from the run queue, `again` set) is in. True once
// its results are stored and it can return to user mode.
WARN_UNUSED bool syscall_resume(struct kernel *kernel, struct hart *hart, struct task *task);

// The current task's system call has its results, and may have given up memory: it ends when this
// hart has returned that.
WARN_UNUSED struct task *syscall_give_back(struct kernel *kernel, struct hart *hart,
                                           struct task *task);
