// Enough of the C library that the compiler must find headers and the linker archives.
#define _DEFAULT_SOURCE  // MAP_ANONYMOUS
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>

int host_c(void);

int host_c(void) {
    return printf("%p\n", mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}
