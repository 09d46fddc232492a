// kernel/arch/riscv64/port.c: the two objects that hold all state of the kernel image, and proof of
// the offsets that the assembly uses.
#include "kernel/arch/riscv64/port.h"

#include <stddef.h>

#include "kernel/abi/syscall.h"
#include "kernel/core/kernel.h"

struct port port;
struct kernel kernel_state __attribute__((section(".bss.kernel_state")));  // boot.c zeroes what
                                                                           // must be.

_Static_assert(offsetof(struct regs, pc) == REGS_PC && offsetof(struct regs, x) == 8, "layout.h");
_Static_assert(offsetof(struct task, regs) == 0, "sscratch names both");
_Static_assert(SYSCALL_IPC_CALL == 0 && SYSCALL_IPC_REPLY_RECV == SYSCALL_NUMBER_IPC_REPLY_RECV,
               "layout.h");
_Static_assert(SYSCALL_CLOCK_GET == SYSCALL_NUMBER_CLOCK_GET && STATUS_OK == 0, "layout.h");
_Static_assert(offsetof(struct hart, slow) == HART_SLOW_OFFSET, "layout.h");
_Static_assert(offsetof(struct port, ns_per_tick) == PORT_NS_PER_TICK_OFFSET, "layout.h");
_Static_assert(offsetof(struct task, hart) == TASK_HART_OFFSET, "layout.h");
_Static_assert(offsetof(struct task, space.port) == TASK_SATP_OFFSET, "layout.h");
_Static_assert(offsetof(struct task, regs_all) == TASK_REGS_ALL_OFFSET, "layout.h");
_Static_assert(offsetof(struct hart, current) == HART_CURRENT_OFFSET, "layout.h");
_Static_assert(offsetof(struct hart, kernel) == HART_KERNEL_OFFSET, "layout.h");
_Static_assert(offsetof(struct hart, port_stack) == HART_STACK_OFFSET, "layout.h");
_Static_assert(offsetof(struct port, kernel_satp) == PORT_SATP_OFFSET, "layout.h");
_Static_assert(offsetof(struct port, panic_regs) == PORT_PANIC_REGS_OFFSET, "layout.h");
_Static_assert((int)MACHINE_DEVICE_MAX == (int)DEVICE_MAX &&
                   (int)MACHINE_WINDOW_PAGES_MAX == (int)DEVICE_WINDOW_PAGES_MAX,
               "the device tree's devices fit");
_Static_assert((int)MACHINE_HART_MAX == (int)MAX_HARTS, "the device tree's harts fit");

uint32_t port_hart_index(void) {
    return (uint32_t)((csr_stack_pointer() - (uint64_t)(uintptr_t)kernel_stacks) >>
                      STACK_STRIDE_SHIFT);
}
