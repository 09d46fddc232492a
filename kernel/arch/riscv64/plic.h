// kernel/arch/riscv64/plic.h: the interrupt controller: which line goes to which hart.
// Reference:  RISC-V Platform-Level Interrupt Controller Specification 1.0.
// Units:      lines 1..1023; hart indices of the kernel.
// Locking:    after plic_start, the caller's: kernel/core holds device_lock.
#pragma once

// Every line off for every hart, every priority and threshold such that an enabled line is heard.
// On the kernel's own map, before a hart listens.
void plic_start(void);
