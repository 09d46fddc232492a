// kernel/core/qos.h: a task's own class and the ceiling that its creator gave it
// (kernel/abi/qos.h).
#pragma once

#include "kernel/core/kernel.h"

// The ceiling that a creator's wish means. Errors: STATUS_BAD_ARG (no class), STATUS_DENIED (higher
// than its own).
WARN_UNUSED enum status qos_ceiling_of(const struct task *creator, uint64_t wanted, uint32_t *out);

// The class of a task that does not run yet; not above its ceiling.
void qos_begin(struct kernel *kernel, struct task *task, uint32_t qos);

WARN_UNUSED struct task *syscall_set_qos(struct kernel *kernel, struct hart *hart,
                                         struct task *task);
