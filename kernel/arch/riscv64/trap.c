// kernel/arch/riscv64/trap.c: what trap.S hands over: interrupts and faults of user mode, and traps
// of the kernel itself.
#include "kernel/arch/riscv64/trap.h"

#include "kernel/arch/riscv64/cause.h"
#include "kernel/arch/riscv64/port.h"
#include "kernel/arch/riscv64/sv39.h"

// A page fault that the tables allow: this hart remembered an older entry. It is flushed and tried
// once more; twice at one place is a fault after all.
static bool is_stale(const struct task *task, uint64_t address, uint32_t access) {
    if (access == 0 || !sv39_allows(sv39_walk(task->space.root, address), access)) {
        return false;
    }
    struct port_hart *own = &port.harts[task->hart->index];
    if (own->retry_pc == task->regs.pc && own->retry_address == address) {
        return false;
    }
    own->retry_pc = task->regs.pc;
    own->retry_address = address;
    csr_flush_asid(task->space.asid);
    return true;
}

struct task *trap_from_user(struct task *task, struct hart *hart) {
    uint64_t cause = csr_scause();
    uint64_t address = csr_stval();
    if ((cause & CAUSE_INTERRUPT) != 0) {
        return kernel_interrupt(hart->kernel, hart, port_events_take());
    }
    if (is_stale(task, address, cause_access(cause))) {
        return task;
    }
    return kernel_fault(hart->kernel, hart, cause_fault(cause, task->regs.pc, address));
}
