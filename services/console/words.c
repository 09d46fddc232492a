// services/console/words.c: see words.h.
#include "services/console/words.h"

// The word that begins at *from, its quotes taken out in place; *from is then behind it. False: a
// quote is not closed.
static bool cut(char **from) {
    char *out = *from;
    char *in = *from;
    bool quoted = false;
    for (; *in != 0 && (quoted || *in != ' '); in++) {
        if (*in == '"') {
            quoted = !quoted;
        } else {
            *out++ = *in;
        }
    }
    *from = *in == 0 ? in : in + 1;
    *out = 0;
    return !quoted;
}

enum words_flaw words_cut(struct words *words, char *text) {
    words->count = 0;
    for (;;) {  // Once a word.
        while (*text == ' ') {
            text++;
        }
        if (*text == 0) {
            return WORDS_FLAW_NONE;
        }
        if (words->count == WORDS_MAX) {
            return WORDS_FLAW_TOO_MANY;
        }
        words->at[words->count++] = text;
        if (!cut(&text)) {
            return WORDS_FLAW_QUOTE;
        }
    }
}

static int digit_of(char letter) {
    if (letter >= '0' && letter <= '9') {
        return letter - '0';
    }
    char lower = (char)(letter | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 16;
}

bool words_number(const char *word, uint64_t *out) {
    bool is_hex = word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
    uint32_t radix = is_hex ? 16 : 10;
    uint64_t value = 0;
    word += is_hex ? 2 : 0;
    if (*word == 0) {
        return false;
    }
    for (; *word != 0; word++) {
        uint64_t digit = (uint64_t)digit_of(*word);
        if (digit >= radix || value > (UINT64_MAX - digit) / radix) {
            return false;
        }
        value = value * radix + digit;
    }
    *out = value;
    return true;
}
