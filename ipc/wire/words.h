// ipc/wire/words.h: a message's bytes taken and put as whole words: a field costs some ten
// instructions, wherever it stands. Little-endian, as both machines are.
//
// The bytes are those of a message area's payload or as good: they begin at a multiple of 8, and a
// word of which a byte belongs to the message may be read or written whole. Nobody checks bounds
// here: who takes or puts has done so.
// Units:     bytes.
// Ownership: the caller's bytes; nothing is kept.
#pragma once

#include "base/compiler.h"
#include "ipc/types.h"

BASE_STATIC_ASSERT(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are put as they travel");

enum {
    WORD_BYTES = 8,
    WORD_BITS = 64,
    WORDS_WHOLE = 1,  // Strings are copied by words; 0: byte by byte (testing/cbmc).
};

// What the bytes are read and written as.
typedef uint64_t __attribute__((may_alias)) wire_word;

static ALWAYS_INLINE uint64_t word_get(const uint8_t *bytes, uint32_t index) {
    return ((const wire_word *)(const void *)bytes)[index];
}

static ALWAYS_INLINE void word_put(uint8_t *bytes, uint32_t index, uint64_t word) {
    ((wire_word *)(void *)bytes)[index] = word;
}

// Of a word, those of its bytes that come before a place in it; 0 of a place where one begins.
static ALWAYS_INLINE uint64_t word_before(uint64_t word, uint32_t at) {
    return word & ((UINT64_C(1) << (at % WORD_BYTES * 8)) - 1);
}

// 1 to 8 bytes from `at` on, the first lowest. What stands above them is undefined.
static ALWAYS_INLINE uint64_t words_take(const uint8_t *bytes, uint32_t at, uint32_t count) {
    uint32_t shift = at % WORD_BYTES * 8;
    uint64_t value = word_get(bytes, at / WORD_BYTES) >> shift;
    if (shift + 8 * count > WORD_BITS) {
        value |= word_get(bytes, at / WORD_BYTES + 1) << (WORD_BITS - shift);
    }
    return value;
}

// What is written from the first byte on.
struct word_sink {
    uint8_t *bytes;
    uint32_t at;
    uint64_t word;  // The bytes of the last word, which has not been written; 0 above them.
};

// 1 to 8 bytes; above them `value` is 0.
static ALWAYS_INLINE void words_add(struct word_sink *sink, uint64_t value, uint32_t count) {
    uint32_t shift = sink->at % WORD_BYTES * 8;
    sink->word |= value << shift;
    if (shift + 8 * count >= WORD_BITS) {
        word_put(sink->bytes, sink->at / WORD_BYTES, sink->word);
        sink->word = shift == 0 ? 0 : value >> (WORD_BITS - shift);
    }
    sink->at += count;
}

// Writes the last word, if a byte of it is used.
static ALWAYS_INLINE void words_flush(const struct word_sink *sink) {
    if (sink->at % WORD_BYTES != 0) {
        word_put(sink->bytes, sink->at / WORD_BYTES, sink->word);
    }
}

// Bytes from anywhere else: as words where they begin as words do, singly otherwise. Inline, so
// that encoders of messages without such fields call nothing.
static inline void words_add_bytes(struct word_sink *sink, const uint8_t *from, uint32_t count) {
    uint32_t done = 0;
    if (WORDS_WHOLE != 0 && (uintptr_t)from % WORD_BYTES == 0) {
        for (; count - done >= WORD_BYTES; done += WORD_BYTES) {
            words_add(sink, word_get(from, done / WORD_BYTES), WORD_BYTES);
        }
    }
    words_flush(sink);
    for (; done < count; done++) {
        sink->bytes[sink->at++] = from[done];
    }
    sink->word = sink->at % WORD_BYTES == 0
                     ? 0
                     : word_before(word_get(sink->bytes, sink->at / WORD_BYTES), sink->at);
}
