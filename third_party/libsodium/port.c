// third_party/libsodium/port.c: what libsodium's portable code asks of its surroundings: to wipe
// memory, and to stop when it is used wrongly. Its own forms of both want an operating system.
#include <stddef.h>
#include <string.h>

void sodium_memzero(void *memory, size_t count);
void sodium_misuse(void);

void sodium_memzero(void *memory, size_t count) {
    memset(memory, 0, count);  // Not left out: the caller's memory is alive as far as is known
                               // here.
}

void sodium_misuse(void) {
    __builtin_trap();
}
