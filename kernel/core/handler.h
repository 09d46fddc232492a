// kernel/core/handler.h: how a system call's handler reads its arguments and ends. Each takes the
// current task with its arguments in its registers, stores its results there or blocks it, and
// returns the task to run next on this hart (null: idle).
#pragma once

#include "kernel/core/wake.h"

static ALWAYS_INLINE uint64_t handler_arg(const struct task *task, uint32_t index) {
    return task->regs.x[REG_A0 + index];
}

static ALWAYS_INLINE struct task *handler_finish(struct task *task, enum status status) {
    task_status(task, status);
    return task;
}

static ALWAYS_INLINE struct task *handler_finish_value(struct task *task, enum status status,
                                                       uint64_t value) {
    task_results(task, status, status == STATUS_OK ? value : 0, 0, 0);
    return task;
}
