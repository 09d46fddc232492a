// runtime/riscv64/ticks.h: the time, without a system call, for whoever measures how long something
// took. The build presents it as "runtime/ticks.h".
// Units:     ticks of the platform's timer, the same on all harts; ipc/server_counts.h tells
//            how long one is.
// Reference: RISC-V Unprivileged, Zicntr. The kernel lets user mode read it (scounteren).
#pragma once

#include <stdint.h>

#include "base/compiler.h"

static ALWAYS_INLINE uint64_t runtime_ticks(void) {
    uint64_t ticks = 0;
    __asm__ volatile("rdtime %0" : "=r"(ticks));
    return ticks;
}
