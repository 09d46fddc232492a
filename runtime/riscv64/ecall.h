// runtime/riscv64/ecall.h: the instruction that enters the kernel, as functions of zero to four
// arguments. The build presents it as "runtime/ecall.h".
//
// The kernel keeps sp, gp and tp and returns zero in every other register but a0..a3
// (kernel/abi/syscall.h), so each form declares all of them as clobbered: what the caller still
// needs afterwards, and only that, the compiler saves. No wrapper function stands between. The
// forms differ by the argument registers that they set: an unused one costs no instruction.
#pragma once

#include <stdint.h>

#include "base/compiler.h"

struct ecall_result {
    uint64_t a0;
    uint64_t a1;
    uint64_t a2;
    uint64_t a3;
};

#define ECALL_CLOBBERS                                                                        \
    "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a4", "a5", "a6", "s0", "s1", "s2", "s3", \
        "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "memory"

static ALWAYS_INLINE struct ecall_result ecall_0(uint64_t number) {
    register uint64_t a0 __asm__("a0");
    register uint64_t a1 __asm__("a1");
    register uint64_t a2 __asm__("a2");
    register uint64_t a3 __asm__("a3");
    register uint64_t a7 __asm__("a7") = number;
    __asm__ volatile("ecall" : "=r"(a0), "=r"(a1), "=r"(a2), "=r"(a3), "+r"(a7) : : ECALL_CLOBBERS);
    struct ecall_result result = {.a0 = a0, .a1 = a1, .a2 = a2, .a3 = a3};
    return result;
}

static ALWAYS_INLINE struct ecall_result ecall_1(uint64_t number, uint64_t arg0) {
    register uint64_t a0 __asm__("a0") = arg0;
    register uint64_t a1 __asm__("a1");
    register uint64_t a2 __asm__("a2");
    register uint64_t a3 __asm__("a3");
    register uint64_t a7 __asm__("a7") = number;
    __asm__ volatile("ecall" : "+r"(a0), "=r"(a1), "=r"(a2), "=r"(a3), "+r"(a7) : : ECALL_CLOBBERS);
    struct ecall_result result = {.a0 = a0, .a1 = a1, .a2 = a2, .a3 = a3};
    return result;
}

static ALWAYS_INLINE struct ecall_result ecall_2(uint64_t number, uint64_t arg0, uint64_t arg1) {
    register uint64_t a0 __asm__("a0") = arg0;
    register uint64_t a1 __asm__("a1") = arg1;
    register uint64_t a2 __asm__("a2");
    register uint64_t a3 __asm__("a3");
    register uint64_t a7 __asm__("a7") = number;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1), "=r"(a2), "=r"(a3), "+r"(a7) : : ECALL_CLOBBERS);
    struct ecall_result result = {.a0 = a0, .a1 = a1, .a2 = a2, .a3 = a3};
    return result;
}

static ALWAYS_INLINE struct ecall_result ecall_3(uint64_t number, uint64_t arg0, uint64_t arg1,
                                                 uint64_t arg2) {
    register uint64_t a0 __asm__("a0") = arg0;
    register uint64_t a1 __asm__("a1") = arg1;
    register uint64_t a2 __asm__("a2") = arg2;
    register uint64_t a3 __asm__("a3");
    register uint64_t a7 __asm__("a7") = number;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1), "+r"(a2), "=r"(a3), "+r"(a7) : : ECALL_CLOBBERS);
    struct ecall_result result = {.a0 = a0, .a1 = a1, .a2 = a2, .a3 = a3};
    return result;
}

static ALWAYS_INLINE struct ecall_result ecall_4(uint64_t number, uint64_t arg0, uint64_t arg1,
                                                 uint64_t arg2, uint64_t arg3) {
    register uint64_t a0 __asm__("a0") = arg0;
    register uint64_t a1 __asm__("a1") = arg1;
    register uint64_t a2 __asm__("a2") = arg2;
    register uint64_t a3 __asm__("a3") = arg3;
    register uint64_t a7 __asm__("a7") = number;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a7) : : ECALL_CLOBBERS);
    struct ecall_result result = {.a0 = a0, .a1 = a1, .a2 = a2, .a3 = a3};
    return result;
}
