// kernel/arch/riscv64/boot.h: the steps from the firmware to the first task, in their order. Boot
// hart only, unless said otherwise.
// Blocking:   smp_start waits for the other harts, a bounded time.
// Errors:     what the machine lacks is a panic that names it.
#pragma once

#include "base/compiler.h"
#include "kernel/arch/riscv64/machine.h"
#include "kernel/core/kernel.h"

// Entered from entry.S on the early map. `tree_physical` is the device tree.
NORETURN void boot_main(uint64_t hartid, uint64_t tree_physical);

// Every hart: traps, counters, timer, interrupts enabled one by one; the hart's own scratch area
// and stack.
void hart_init(uint32_t index);

// Every hart, once kernel_init is done: into the kernel for good.
NORETURN void hart_enter(uint32_t index);

// Builds the kernel's map and turns it on. Devices that the port uses, and all RAM from the
// kernel's start on.
void paging_start(struct machine_range tree);

// Starts every other hart and shows that each takes an interrupt.
void smp_start(uint64_t boot_hartid);

// Lets the started harts go on.
void smp_release(void);

// Entered from entry.S on each hart that smp_start started.
NORETURN void secondary_main(uint32_t index);

// An interrupt or fault of a hart that starts.
void boot_trap(void);
