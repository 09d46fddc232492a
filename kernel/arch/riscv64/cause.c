// kernel/arch/riscv64/cause.c: see cause.h.
#include "kernel/arch/riscv64/cause.h"

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
    enum exit_reason reason;  // EXIT_NONE: no cause that is known for user mode.
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

// The row of a cause, or null.
static const struct cause_row *row_of(uint64_t cause) {
    return cause < CAUSE_COUNT && causes[cause].reason != EXIT_NONE ? &causes[cause] : 0;
}

uint32_t cause_access(uint64_t cause) {
    const struct cause_row *row = row_of(cause);
    return row ? row->access : 0;
}

struct user_fault cause_fault(uint64_t cause, uint64_t pc, uint64_t address) {
    const struct cause_row *row = row_of(cause);
    if (!row) {
        return (struct user_fault){.reason = EXIT_FAULT_OTHER, .detail = cause};
    }
    return (struct user_fault){.reason = row->reason, .detail = row->detail_is_pc ? pc : address};
}
