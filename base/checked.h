// base/checked.h: arithmetic that says when it would wrap, and ranges compared with overflow in
// mind.
// Units:   whatever the caller's are.
// Errors:  every function returns true on success; on false `out` is untouched.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

WARN_UNUSED static inline bool checked_add_u64(uint64_t a, uint64_t b, uint64_t *out) {
    uint64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) {
        return false;
    }
    *out = sum;
    return true;
}

WARN_UNUSED static inline bool checked_mul_u64(uint64_t a, uint64_t b, uint64_t *out) {
    uint64_t product = 0;
    if (__builtin_mul_overflow(a, b, &product)) {
        return false;
    }
    *out = product;
    return true;
}

// Whether [offset, offset + bytes) lies inside [0, total).
WARN_UNUSED static inline bool range_within(uint64_t offset, uint64_t bytes, uint64_t total) {
    return offset <= total && bytes <= total - offset;
}

static inline uint64_t align_down_u64(uint64_t value, uint64_t alignment) {
    return value & ~(alignment - 1);
}

// Rounds up to a power of two; false if that wraps.
WARN_UNUSED static inline bool checked_align_up_u64(uint64_t value, uint64_t alignment,
                                                    uint64_t *out) {
    uint64_t sum = 0;
    if (!checked_add_u64(value, alignment - 1, &sum)) {
        return false;
    }
    *out = align_down_u64(sum, alignment);
    return true;
}
