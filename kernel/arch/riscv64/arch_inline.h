// kernel/arch/riscv64/arch_inline.h: the short functions of kernel/core/arch.h. Presented as
// kernel/core/arch_inline.h.
#pragma once

#include "base/words.h"
#include "kernel/arch/riscv64/csr.h"
#include "kernel/arch/riscv64/layout.h"
#include "kernel/arch/riscv64/port.h"

static ALWAYS_INLINE uint64_t arch_time_ns(void) {
    return csr_time() * port.ns_per_tick;
}

static ALWAYS_INLINE void *arch_page(struct page_number page) {
    return port_virtual((uint64_t)page.value << 12);
}

// Clears eight blocks and returns what is behind them. cbo.zero (Zicboz), which the assembler need
// not know.
static ALWAYS_INLINE char *zero_8_blocks(char *at) {
    __asm__ volatile(
        ".rept 8\n"
        ".insn i 0x0f, 2, x0, 4(%[at])\n"
        "addi %[at], %[at], %[bytes]\n"
        ".endr"
        : [at] "+r"(at)
        : [bytes] "i"(MACHINE_ZERO_BYTES)
        : "memory");
    return at;
}

static ALWAYS_INLINE void arch_page_clear(struct page_number page) {
    char *at = (char *)arch_page(page);
    char *end = at + 4096;
    if (UNLIKELY(!port.zeroes_blocks)) {
        words_zero_64s(at, 4096 / 8);
        return;
    }
    while (at != end) {
        at = zero_8_blocks(at);
    }
}

static ALWAYS_INLINE struct page_number arch_page_number(const void *page) {
    return (struct page_number){(uint32_t)(port_physical(page) >> 12)};
}

// What trap.S does at `resume`, for a task that waited in a system call. Every register that holds
// no result is zero: nothing of the kernel or of another task is in them. Whoever was current stays
// so until its tables are no longer walked here. No fence: the fast path does not look at that task
// once it has published its wait, and who reclaims its space shoots translations down first, which
// this hart acknowledges between two instructions.
static ALWAYS_INLINE struct task *arch_resume(struct hart *hart, struct task *next, uint64_t a1,
                                              uint64_t a2) {
    register uint64_t first __asm__("a1") = a1;
    register uint64_t second __asm__("a2") = a2;
    __asm__ volatile(
        "ld t0, %[pc](%[next])\n"
        "ld t1, %[satp](%[next])\n"
        "ld sp, 16(%[next])\n"
        "ld gp, 24(%[next])\n"
        "ld tp, 32(%[next])\n"
        "csrw sscratch, %[next]\n"
        "csrw sepc, t0\n"
        "csrw satp, t1\n"
        "sd %[next], %[current](%[hart])\n"
        "li ra, 0; li t0, 0; li t1, 0; li t2, 0; li s0, 0; li s1, 0; li a0, 0\n"
        "li a3, 0; li a4, 0; li a5, 0; li a6, 0; li a7, 0; li s2, 0; li s3, 0\n"
        "li s4, 0; li s5, 0; li s6, 0; li s7, 0; li s8, 0; li s9, 0; li s10, 0\n"
        "li s11, 0; li t3, 0; li t4, 0; li t5, 0; li t6, 0\n"
        "sret"
        :
        : [hart] "r"(hart), [next] "r"(next), "r"(first), "r"(second), [pc] "i"(REGS_PC),
          [satp] "i"(TASK_SATP_OFFSET), [current] "i"(HART_CURRENT_OFFSET)
        : "t0", "t1", "memory");
    __builtin_unreachable();
}

// A jump into 64 loads and stores, the last word first, as many as there are words. Each pair has 8
// bytes, as a word has.
static ALWAYS_INLINE void arch_words_copy(void *to, const void *from, uint64_t word_count) {
    __asm__ volatile(
        ".option push\n"
        ".option norvc\n"
        "auipc t0, 0\n"
        "sub t0, t0, %[bytes]\n"
        "jr 12 + 512(t0)\n"
        ".set .Lwords_copy_offset, 512\n"
        ".rept 64\n"
        ".set .Lwords_copy_offset, .Lwords_copy_offset - 8\n"
        "ld t1, .Lwords_copy_offset(%[from])\n"
        "sd t1, .Lwords_copy_offset(%[to])\n"
        ".endr\n"
        ".option pop"
        :
        : [to] "r"(to), [from] "r"(from), [bytes] "r"(word_count * 8)
        : "t0", "t1", "memory");
}

static ALWAYS_INLINE void arch_spin_hint(void) {
    csr_spin_hint();
}

static ALWAYS_INLINE void arch_page_poison(struct page_number page) {
    (void)page;
}

static ALWAYS_INLINE void arch_page_unpoison(struct page_number page) {
    (void)page;
}
