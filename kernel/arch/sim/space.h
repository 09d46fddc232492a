// kernel/arch/sim/space.h: address spaces over kernel/arch/riscv64/sv39.c (the arch functions of
// both ports of the host).
// Locking:   as kernel/core/arch.h says.
#pragma once

#include "kernel/core/task.h"

// The hart that calls. Each port's own.
struct hart *space_hart(void);

// Ends the run if a hart walks the tables. Each port's own.
void space_check_unused(struct page_number root);

WARN_UNUSED bool space_exists(const struct task *task);
