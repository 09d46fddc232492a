// kernel/arch/riscv64/trap.c: what trap.S hands over: interrupts and faults of user mode, and traps
// of the kernel itself.
// Reference:  RISC-V Privileged, table "Supervisor cause register (scause) values".
#include "kernel/arch/riscv64/trap.h"

#include "kernel/arch/riscv64/port.h"
#include "kernel/arch/riscv64/sv39.h"
#include "kernel/core/panic.h"

enum cause {
    CAUSE_FETCH_MISALIGNED = 0,
    CAUSE_FETCH_ACCESS = 1,
    CAUSE_ILLEGAL = 2,
    CAUSE_BREAKPOINT = 3,
    CAUSE_LOAD_MISALIGNED = 4,
    CAUSE_LOAD_ACCESS = 5,
    CAUSE_STORE_MISALIGNED = 6,
    CAUSE_STORE_ACCESS = 7,
    CAUSE_FETCH_PAGE = 12,
    CAUSE_LOAD_PAGE = 13,
    CAUSE_STORE_PAGE = 15,
    CAUSE_COUNT = 16,
};

struct cause_row {
    enum exit_reason reason;  // EXIT_NONE: user mode cannot cause it.
    uint32_t access;          // Of a page fault: what was tried.
    bool detail_is_pc;
};

static const struct cause_row causes[CAUSE_COUNT] = {
    [CAUSE_FETCH_MISALIGNED] = {EXIT_FAULT_ALIGN, 0, false},
    [CAUSE_FETCH_ACCESS] = {EXIT_FAULT_EXEC, 0, false},
    [CAUSE_ILLEGAL] = {EXIT_FAULT_INSTRUCTION, 0, true},
    [CAUSE_BREAKPOINT] = {EXIT_FAULT_BREAK, 0, true},
    [CAUSE_LOAD_MISALIGNED] = {EXIT_FAULT_ALIGN, 0, false},
    [CAUSE_LOAD_ACCESS] = {EXIT_FAULT_READ, 0, false},
    [CAUSE_STORE_MISALIGNED] = {EXIT_FAULT_ALIGN, 0, false},
    [CAUSE_STORE_ACCESS] = {EXIT_FAULT_WRITE, 0, false},
    [CAUSE_FETCH_PAGE] = {EXIT_FAULT_EXEC, ARCH_EXECUTE, false},
    [CAUSE_LOAD_PAGE] = {EXIT_FAULT_READ, ARCH_READ, false},
    [CAUSE_STORE_PAGE] = {EXIT_FAULT_WRITE, ARCH_WRITE, false},
};

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
    if (cause >= CAUSE_COUNT || causes[cause].reason == EXIT_NONE) {
        kernel_panic("user trap with cause %lu at pc %#lx, address %#lx", cause, task->regs.pc,
                     address);
    }
    const struct cause_row *row = &causes[cause];
    if (is_stale(task, address, row->access)) {
        return task;
    }
    struct user_fault fault = {.reason = row->reason,
                               .detail = row->detail_is_pc ? task->regs.pc : address};
    return kernel_fault(hart->kernel, hart, fault);
}
