// kernel/arch/riscv64/trap.c: what trap.S hands over: interrupts and faults of user mode, and traps
// of the kernel itself.
#include "kernel/arch/riscv64/trap.h"

#include "kernel/arch/riscv64/cause.h"
#include "kernel/arch/riscv64/port.h"
#include "kernel/arch/riscv64/sv39.h"

static bool is_stale(const struct task *task, uint64_t address, uint32_t access) {
    if (access == 0 || !sv39_allows(sv39_walk(task->space.root, address), access)) {
        return false;
    }
    const struct stale_fault now = {task->regs.pc, address, task->instance};
    if (!stale_fault_retries(&port.harts[task->hart->index].stale, now)) {
        return false;
    }
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
