// runtime/sim/stack.h: in simulation nobody knows how much of its stack a program has needed. The
// build presents it as "runtime/stack.h".
#pragma once

#include <stdint.h>

static inline uint32_t runtime_stack_size(void) {
    return 0;
}

static inline uint32_t runtime_stack_used(void) {
    return 0;
}
