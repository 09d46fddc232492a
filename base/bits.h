// base/bits.h: single bits of a 64-bit word, in plain instructions: the target's basic instruction
// set counts no zeros, and the compiler would call a library.
#pragma once

#include <stdint.h>

// The number of the lowest bit that is set, 0..63. `word` is not 0. (de Bruijn's sequence: each
// shift of it begins with other six bits.)
static inline uint32_t bits_lowest_u64(uint64_t word) {
    static const uint8_t numbers[64] = {
        0,  1,  48, 2,  57, 49, 28, 3,  61, 58, 50, 42, 38, 29, 17, 4,  62, 55, 59, 36, 53, 51,
        43, 22, 45, 39, 33, 30, 24, 18, 12, 5,  63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21,
        44, 32, 23, 11, 46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9,  13, 8,  7,  6,
    };
    return numbers[((word & (0 - word)) * UINT64_C(0x03f79d71b4cb0a89)) >> 58];
}

// The number of the highest bit that is set, 0..63. `word` is not 0.
static inline uint32_t bits_highest_u64(uint64_t word) {
    uint32_t number = 0;
    for (uint32_t half = 32; half != 0; half /= 2) {
        if ((word >> half) != 0) {
            word >>= half;
            number += half;
        }
    }
    return number;
}
