// kernel/arch/riscv64/panic.c: the end of a broken kernel: what it can still say, then power off
// with failure.
//
// The kernel keeps no frame pointers (they would cost the call path), so the backtrace is found by
// looking through the stack for words that point behind a call instruction in the kernel's text. It
// names every caller that is live, and may name one that is not.

#include "kernel/core/panic.h"
#include "kernel/abi/message.h"
#include "kernel/arch/riscv64/port.h"
#include "kernel/arch/riscv64/sbi.h"
#include "kernel/arch/riscv64/trap.h"

#define PANIC_WAIT_NS UINT64_C(1000000000)

enum {
    BACKTRACE_MAX = 16,
    REGS_A_LINE = 4,
    REGISTER_COUNT = 31,
};

struct text {
    char bytes[CONSOLE_LINE_MAX];
    uint32_t count;
};

static void text_add(struct text *text, const char *more) {
    while (*more != 0 && text->count < CONSOLE_LINE_MAX - 1) {
        text->bytes[text->count++] = *more++;
    }
}

static void text_add_hex(struct text *text, uint64_t value) {
    char digits[19] = "0x";
    for (uint32_t i = 0; i < 16; i++) {
        digits[2 + i] = "0123456789abcdef"[(value >> (60 - 4 * i)) & 15];
    }
    digits[18] = 0;
    text_add(text, digits);
}

static void text_end(struct text *text) {
    text->bytes[text->count++] = '\n';
    arch_console_write(text->bytes, text->count);
    text->count = 0;
}

static const char *register_name(uint32_t index) {
    static const char names[REGISTER_COUNT][4] = {
        "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0", "a1",
        "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5", "s6",
        "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
    };
    return names[index];
}

static void print_registers(const struct regs *regs) {
    struct text text = {.count = 0};
    for (uint32_t i = 0; i < REGISTER_COUNT; i++) {
        text_add(&text, i % REGS_A_LINE == 0 ? "kernel: registers " : " ");
        text_add(&text, register_name(i));
        text_add(&text, " ");
        text_add_hex(&text, regs->x[i]);
        if (i % REGS_A_LINE == REGS_A_LINE - 1 || i == REGISTER_COUNT - 1) {
            text_end(&text);
        }
    }
}

static bool in_text(uint64_t address) {
    return address > (uint64_t)(uintptr_t)kernel_start &&
           address < (uint64_t)(uintptr_t)kernel_text_end && address % 2 == 0;
}

// Whether the instruction before `address` is a call: jal ra, jalr ra, or c.jalr.
static bool follows_call(uint64_t address) {
    const uint16_t *code = (const uint16_t *)(uintptr_t)address;
    uint16_t last = code[-1];
    bool short_jalr = (last & 0xf07f) == 0x9002 && (last & 0x0f80) != 0;
    if (short_jalr) {
        return true;
    }
    if (address < (uint64_t)(uintptr_t)kernel_start + 4) {
        return false;
    }
    uint32_t word = code[-2] | ((uint32_t)last << 16);
    bool links_ra = ((word >> 7) & 31) == 1;
    bool is_jal = (word & 0x7f) == 0x6f;
    bool is_jalr = (word & 0x707f) == 0x67;
    return links_ra && (is_jal || is_jalr);
}

struct span {
    uint64_t first;
    uint64_t end;
};

// The live part of the stack that holds `sp`; of one that overflowed into its guard page, all of
// it. Empty when it is no stack.
static struct span stack_live(uint64_t sp) {
    uint64_t stacks = (uint64_t)(uintptr_t)kernel_stacks;
    uint64_t panic_first = (uint64_t)(uintptr_t)kernel_panic_stack;
    uint64_t panic_end = (uint64_t)(uintptr_t)kernel_panic_stack_top;
    uint64_t aligned = (sp + 7) & ~UINT64_C(7);
    uint64_t index = (sp - stacks) >> STACK_STRIDE_SHIFT;
    if (index < MAX_HARTS) {
        uint64_t guard = stacks + (index << STACK_STRIDE_SHIFT);
        uint64_t lowest = guard + STACK_GUARD_BYTES;
        return (struct span){aligned < lowest ? lowest : aligned,
                             guard + (UINT64_C(1) << STACK_STRIDE_SHIFT)};
    }
    bool on_panic_stack = sp >= panic_first && sp < panic_end;
    return on_panic_stack ? (struct span){aligned, panic_end} : (struct span){0, 0};
}

static void print_backtrace(uint64_t pc, uint64_t ra, uint64_t sp) {
    struct text text = {.count = 0};
    text_add(&text, "kernel: backtrace");
    uint32_t found = 0;
    uint64_t first[2] = {pc, ra == pc ? 0 : ra};
    for (uint32_t i = 0; i < 2; i++) {
        if (in_text(first[i])) {
            text_add(&text, " ");
            text_add_hex(&text, first[i]);
            found++;
        }
    }
    struct span live = stack_live(sp);
    for (uint64_t at = live.first; at < live.end && found < BACKTRACE_MAX; at += 8) {
        uint64_t word = *(const uint64_t *)(uintptr_t)at;
        if (in_text(word) && word != ra && follows_call(word)) {
            if (text.count > CONSOLE_LINE_MAX - 24) {
                text_end(&text);
                text_add(&text, "kernel: backtrace");
            }
            text_add(&text, " ");
            text_add_hex(&text, word);
            found++;
        }
    }
    text_end(&text);
}

// The first to come tells. Whoever comes later (another hart, or the same one whose telling
// trapped) gives it a second to finish, then ends the machine.
static void claim_panic(void) {
    if (atomic_exchange_acquire_u32(&port.panic_owner, 1) == 0) {
        return;
    }
    uint64_t until_ns = arch_time_ns() + PANIC_WAIT_NS;
    while (arch_time_ns() < until_ns) {
        arch_spin_hint();
    }
    arch_power_off(true);
}

// Best effort: a hart that does not listen is stopped by the power.
static void stop_others(void) {
    uint64_t hartids = 0;
    for (uint32_t i = 0; i < port.hart_count; i++) {
        hartids |= UINT64_C(1) << port.hartid[i];
    }
    int64_t error = hartids != 0 ? sbi_send_ipi(hartids) : SBI_SUCCESS;
    (void)error;
}

static NORETURN void tell_and_end(const struct regs *regs) {
    stop_others();
    print_registers(regs);
    print_backtrace(regs->pc, regs->x[REG_RA], regs->x[REG_SP]);
    arch_power_off(true);
}

void panic_told(const struct regs *regs) {
    claim_panic();
    tell_and_end(regs);
}

void trap_from_kernel(const struct regs *regs) {
    claim_panic();
    struct text text = {.count = 0};
    text_add(&text, arch_console_open() ? "\n" : "");
    text_add(&text, "kernel: PANIC trap in the kernel: cause ");
    text_add_hex(&text, csr_scause());
    text_add(&text, " pc ");
    text_add_hex(&text, regs->pc);
    text_add(&text, " address ");
    text_add_hex(&text, csr_stval());
    text_end(&text);
    tell_and_end(regs);
}
