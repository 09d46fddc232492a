// testing/bench/bench.h: what the two programs of the benchmark agree on.
#pragma once

#include <stdint.h>

#include "runtime/types.h"

// 100 s: longer than any run may take.
#define BENCH_PATIENCE_NS UINT64_C(100000000000)

enum bench_slot {
    SLOT_ECHO = 4,  // Route to echo: RIGHT_CALL.
};
