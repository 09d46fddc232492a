// kernel/arch/riscv64/trap.h: where trap.S goes on in C.
#pragma once

#include "base/compiler.h"
#include "kernel/core/kernel.h"

// An interrupt or fault of the current task, whose registers are saved. The task to run next, or
// null.
WARN_UNUSED struct task *trap_from_user(struct task *task, struct hart *hart);

// The kernel trapped; `regs` are what it found. On the panic stack.
NORETURN void trap_from_kernel(const struct regs *regs);

// arch_panic_stop, once its registers are stored.
NORETURN void panic_told(const struct regs *regs);
