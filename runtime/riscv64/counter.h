// runtime/riscv64/counter.h: the hart's instruction counter, for benchmarks.
// Units:     instructions retired by this hart since power-on. Exact only under QEMU's -icount
//            (testing/bench/README.md).
// Reference: RISC-V Unprivileged, Zicntr. The kernel lets user mode read it (scounteren).
#pragma once

#include <stdint.h>

#include "base/compiler.h"

static ALWAYS_INLINE uint64_t counter_instructions(void) {
    uint64_t count = 0;
    __asm__ volatile("rdinstret %0" : "=r"(count) : : "memory");
    return count;
}
