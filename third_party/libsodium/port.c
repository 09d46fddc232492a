// third_party/libsodium/port.c: what libsodium's portable code asks of its surroundings: to wipe
// memory, to compare it in a time that does not depend on it, and to stop when it is used wrongly.
// Its own forms are in one file with what wants an operating system.
#include <stddef.h>
#include <string.h>

void sodium_memzero(void *memory, size_t count);
int sodium_memcmp(const void *one, const void *other, size_t count);
int sodium_is_zero(const unsigned char *memory, size_t count);
void sodium_misuse(void);

void sodium_memzero(void *memory, size_t count) {
    memset(memory, 0, count);  // Not left out: the caller's memory is alive as far as is known
                               // here.
}

// 0: they are the same; else -1.
int sodium_memcmp(const void *one, const void *other, size_t count) {
    const unsigned char *a = one;
    const unsigned char *b = other;
    unsigned int different = 0;
    for (size_t i = 0; i < count; i++) {
        different |= (unsigned int)(a[i] ^ b[i]);
    }
    return (int)(1 & ((different - 1) >> 8)) - 1;
}

// 1: all bytes are; else 0.
int sodium_is_zero(const unsigned char *memory, size_t count) {
    const unsigned char *bytes = memory;
    unsigned int any = 0;
    for (size_t i = 0; i < count; i++) {
        any |= bytes[i];
    }
    return (int)(1 & ((any - 1) >> 8));
}

void sodium_misuse(void) {
    __builtin_trap();
}
