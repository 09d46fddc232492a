// kernel/core/stats.h: kernel_stats: what the kernel tells of itself to who holds a capability for
// it. kernel/abi/stats.h has the records.
// Locking:    none: a figure is what it was at some moment, and a task whose object was given to
//             another meanwhile is left out. The audit stops the other harts (stop.h).
// Blocking:   never for long, but for the audit.
#pragma once

#include "kernel/core/kernel.h"

// Boot hart, once the page pool is there: pages for events and for an audit.
void stats_init(struct kernel *kernel, const struct boot_info *info);

WARN_UNUSED struct task *syscall_kernel_stats(struct kernel *kernel, struct hart *hart,
                                              struct task *task);

// Whether everything adds up, with the others stopped; prints what does not. Not measured as an
// entry (kernel/arch/riscv64/measured.c).
WARN_UNUSED bool stats_audit(struct kernel *kernel, struct hart *hart);
