// services/console/words.h: a typed line cut into words, and words as numbers.
//
// Words are separated by blanks; "double quotes" hold blanks together, also within a word.
// Ownership: words point into the text, which is changed.
// Blocking:  never.
// Errors:    enum words_flaw; false for what is no number.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { WORDS_MAX = 16 };

enum words_flaw {
    WORDS_FLAW_NONE,
    WORDS_FLAW_TOO_MANY,
    WORDS_FLAW_QUOTE,  // One that is not closed.
};

struct words {
    uint32_t count;
    char *at[WORDS_MAX];
};

WARN_UNUSED enum words_flaw words_cut(struct words *words, char *text);

// A number of 64 bits: decimal, or hexadecimal behind 0x.
WARN_UNUSED bool words_number(const char *word, uint64_t *out);

#ifdef __cplusplus
}
#endif
