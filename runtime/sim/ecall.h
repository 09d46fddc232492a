// runtime/sim/ecall.h: system calls in simulation: every one goes through one function, which
// kernel/arch/sim implements. The build presents it as "runtime/ecall.h".
//
// sim_ecall acts for the fiber that calls it: it stores number and arguments in that task's
// registers, enters kernel_syscall, and comes back when the task runs again, with a0..a3 of its
// registers. It does not come back for a task that has ended.
#pragma once

#include <stdint.h>

#include "base/compiler.h"

struct ecall_result {
    uint64_t a0;
    uint64_t a1;
    uint64_t a2;
    uint64_t a3;
};

#ifdef __cplusplus
extern "C" {
#endif

struct ecall_result sim_ecall(uint64_t number, uint64_t arg0, uint64_t arg1, uint64_t arg2,
                              uint64_t arg3);

#ifdef __cplusplus
}
#endif

static ALWAYS_INLINE struct ecall_result ecall_0(uint64_t number) {
    return sim_ecall(number, 0, 0, 0, 0);
}

static ALWAYS_INLINE struct ecall_result ecall_1(uint64_t number, uint64_t arg0) {
    return sim_ecall(number, arg0, 0, 0, 0);
}

static ALWAYS_INLINE struct ecall_result ecall_2(uint64_t number, uint64_t arg0, uint64_t arg1) {
    return sim_ecall(number, arg0, arg1, 0, 0);
}

static ALWAYS_INLINE struct ecall_result ecall_3(uint64_t number, uint64_t arg0, uint64_t arg1,
                                                 uint64_t arg2) {
    return sim_ecall(number, arg0, arg1, arg2, 0);
}

static ALWAYS_INLINE struct ecall_result ecall_4(uint64_t number, uint64_t arg0, uint64_t arg1,
                                                 uint64_t arg2, uint64_t arg3) {
    return sim_ecall(number, arg0, arg1, arg2, arg3);
}
