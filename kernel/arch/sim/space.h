// kernel/arch/sim/space.h: address spaces over kernel/arch/riscv64/sv39.c (the arch functions of
// both ports of the host), and what a space holds, for the audit. Locking:   as kernel/core/arch.h
// says; the audit runs while no hart is in the kernel.
#pragma once

#include "kernel/core/task.h"

// The hart that calls. Each port's own.
struct hart *space_hart(void);

WARN_UNUSED bool space_exists(const struct task *task);

// Tables and owned pages.
WARN_UNUSED uint32_t space_pages(struct page_number root);
