// runtime/sim/ticks.h: the time in simulation: a tick is a nanosecond of its clock. The build
// presents it as "runtime/ticks.h".
#pragma once

#include <stdint.h>

#include "kernel/abi/syscall.h"
#include "runtime/ecall.h"

static ALWAYS_INLINE uint64_t runtime_ticks(void) {
    return ecall_0(SYSCALL_CLOCK_GET).a1;
}
