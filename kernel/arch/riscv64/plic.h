// kernel/arch/riscv64/plic.h: the interrupt controller: which line goes to which hart.
// Reference:  RISC-V Platform-Level Interrupt Controller Specification 1.0.
// Units:      lines 1..1023; hart indices of the kernel.
// Locking:    after plic_start, the caller's: kernel/core holds device_lock.
#pragma once

#include <stdint.h>

// Every line off for every hart; a line gets its priority, above the threshold 0, when it is
// enabled. On the kernel's own map, before a hart listens.
void plic_start(void);

// Each hart for itself, once harts have their numbers: its threshold. The firmware sets that of a
// hart which it starts so high that nothing is heard.
void plic_hart_start(uint32_t hart_index);
