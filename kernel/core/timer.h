// kernel/core/timer.h: what a timer of the kernel is; kernel/core/deadline.h sets and stops it.
#pragma once

#include <stdint.h>

#include "base/atomic.h"
#include "kernel/core/wheel.h"

struct hart;

// When its time comes it sets bits at an endpoint and counts, nothing else.
// Ownership: its owner's memory, cleared before first use. Its owner alone calls timer_set and
//            timer_stop, one at a time; `home` and the bits are constant while it is set.
struct timer {
    struct wheel_entry entry;
    struct hart *hart;  // The one on which it was set last.
    uint64_t home;      // The endpoint that is told, as home_pack says.
    uint64_t kernel_bits;
    uint64_t badge_bits;
    struct atomic_u64 expirations;
};
