// runtime/riscv64/stack.h: how much of its stack a program has needed so far. The build presents it
// as "runtime/stack.h".
//
// The kernel gives a stack of zeros and nothing clears it again, so the lowest word that is not
// zero says how deep it was: at least so deep, for the deepest frame may have held zeros below it.
// Units:     bytes.
// Blocking:  never; looks at each word that was never used, so it costs about a nanosecond a byte.
#pragma once

#include <stdint.h>

#include "kernel/abi/layout.h"

// The linker script's.
extern const char runtime_stack_bytes[];

static inline uint32_t runtime_stack_size(void) {
    return (uint32_t)(uintptr_t)runtime_stack_bytes;
}

static inline uint32_t runtime_stack_used(void) {
    uint64_t at = USER_STACK_TOP - runtime_stack_size();
    while (at < USER_STACK_TOP && *(const volatile uint64_t *)(uintptr_t)at == 0) {
        at += sizeof(uint64_t);
    }
    return (uint32_t)(USER_STACK_TOP - at);
}
