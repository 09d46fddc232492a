// kernel/arch/riscv64/cause.h: what an exception of user mode means for the task. Plain data:
// tested on the host.
//
// A machine may have exceptions that this kernel does not know (16 and above, custom ones): what a
// program can cause ends the program, never the machine.
// Reference:  RISC-V Privileged, table "Supervisor cause register (scause) values".
#pragma once

#include "kernel/core/kernel.h"

// What was tried (enum arch_access) when the cause is a page fault; 0 of any other.
WARN_UNUSED uint32_t cause_access(uint64_t cause);

// Why the task ends. `cause` is scause of an exception, `address` is stval.
WARN_UNUSED struct user_fault cause_fault(uint64_t cause, uint64_t pc, uint64_t address);
