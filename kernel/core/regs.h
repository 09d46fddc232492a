// kernel/core/regs.h: a task's saved integer registers.
// Arguments arrive and results leave in a0..a7 of this structure on both ports.
#pragma once

#include <stdint.h>

#include "base/compiler.h"

// x[i] is register x(i+1): x[0] is ra, x[1] sp, x[2] gp, x[3] tp, x[9] a0 .. x[16] a7.
struct regs {
    uint64_t pc;
    uint64_t x[31];
};
BASE_STATIC_ASSERT(sizeof(struct regs) == 256, "kernel/arch/riscv64/trap.S relies on it");

enum {
    REG_RA = 0,
    REG_SP = 1,
    REG_GP = 2,
    REG_TP = 3,
    REG_A0 = 9,
    REG_A7 = 16,
};
