// kernel/arch/riscv64/layout.h: where the kernel lives, and offsets the assembly relies on
// (asserted in port.c). Numbers only: also included by .S files and by the linker script's author,
// who repeats KERNEL_LINK_BASE in kernel.ld.
#pragma once

#define DIRECT_MAP_BASE 0xffffffc000000000  // Physical address 0 of the kernel's map of everything.
#define KERNEL_LOAD_BASE 0x80200000         // Physical: where the firmware enters.
#define STACK_STRIDE_SHIFT 14               // One hart's stack and the guard page under it: 16 KiB.
#define STACK_GUARD_BYTES 4096
#define STACK_TOP_BYTES 16  // Above the first frame: the word at the stack pointer is the hart.

#define REGS_PC 0                        // struct regs; register xN is at 8 * N.
#define SYSCALL_NUMBER_IPC_REPLY_RECV 1  // SYSCALL_IPC_CALL is 0.
#define SYSCALL_NUMBER_CLOCK_GET 7
#define TASK_HART_OFFSET 272
#define TASK_SATP_OFFSET 288
#define TASK_REGS_ALL_OFFSET 360
#define HART_CURRENT_OFFSET 0
#define HART_KERNEL_OFFSET 8
#define HART_STACK_OFFSET 16
#define HART_SLOW_OFFSET 32
#define PORT_SATP_OFFSET 0
#define PORT_PANIC_REGS_OFFSET 8
#define PORT_NS_PER_TICK_OFFSET 264
