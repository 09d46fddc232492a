// base/words.h: copying and clearing whole 8-byte words; both sides 8-byte aligned, not
// overlapping.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

// A word that may overlay any type: what is copied are bytes.
typedef uint64_t aliasing_word __attribute__((may_alias));

static ALWAYS_INLINE void words_copy(void *to, const void *from, size_t word_count) {
    aliasing_word *target = (aliasing_word *)to;
    const aliasing_word *source = (const aliasing_word *)from;
    const aliasing_word *end = source + word_count;
    const aliasing_word *end_of_blocks = source + (word_count & ~(size_t)7);
    for (; source != end_of_blocks; source += 8, target += 8) {
        aliasing_word a = source[0];
        aliasing_word b = source[1];
        aliasing_word c = source[2];
        aliasing_word d = source[3];
        aliasing_word e = source[4];
        aliasing_word f = source[5];
        aliasing_word g = source[6];
        aliasing_word h = source[7];
        target[0] = a;
        target[1] = b;
        target[2] = c;
        target[3] = d;
        target[4] = e;
        target[5] = f;
        target[6] = g;
        target[7] = h;
    }
    for (; source != end; source++, target++) {
        *target = *source;
    }
}

// Without a loop: four words are fewer than it takes to count them.
static ALWAYS_INLINE void words_copy_4(void *to, const void *from) {
    aliasing_word *target = (aliasing_word *)to;
    const aliasing_word *source = (const aliasing_word *)from;
    aliasing_word a = source[0];
    aliasing_word b = source[1];
    aliasing_word c = source[2];
    aliasing_word d = source[3];
    target[0] = a;
    target[1] = b;
    target[2] = c;
    target[3] = d;
}

// first, first + step, ..
static ALWAYS_INLINE void words_series(uint64_t *to, size_t word_count, uint64_t first,
                                       uint64_t step) {
    uint64_t *end = to + word_count;
    uint64_t *end_of_blocks = to + (word_count & ~(size_t)7);
    for (; to != end_of_blocks; to += 8) {
        to[0] = first;
        to[1] = first += step;
        to[2] = first += step;
        to[3] = first += step;
        to[4] = first += step;
        to[5] = first += step;
        to[6] = first += step;
        to[7] = first += step;
        first += step;
    }
    for (; to != end; to++, first += step) {
        *to = first;
    }
}

static ALWAYS_INLINE void words_zero_16(aliasing_word *target) {
    target[0] = 0;
    target[1] = 0;
    target[2] = 0;
    target[3] = 0;
    target[4] = 0;
    target[5] = 0;
    target[6] = 0;
    target[7] = 0;
    target[8] = 0;
    target[9] = 0;
    target[10] = 0;
    target[11] = 0;
    target[12] = 0;
    target[13] = 0;
    target[14] = 0;
    target[15] = 0;
}

static ALWAYS_INLINE void words_zero(void *to, size_t word_count) {
    aliasing_word *target = (aliasing_word *)to;
    aliasing_word *end = target + word_count;
    aliasing_word *end_of_blocks = target + (word_count & ~(size_t)15);
    for (; target != end_of_blocks; target += 16) {
        words_zero_16(target);
    }
    for (; target != end; target++) {
        *target = 0;
    }
}

// The same for a multiple of 64 words, with fewer looks at the end.
static ALWAYS_INLINE void words_zero_64s(void *to, size_t word_count) {
    aliasing_word *target = (aliasing_word *)to;
    aliasing_word *end = target + word_count;
    for (; target != end; target += 64) {
        words_zero_16(target);
        words_zero_16(target + 16);
        words_zero_16(target + 32);
        words_zero_16(target + 48);
    }
}
