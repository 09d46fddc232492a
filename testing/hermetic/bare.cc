// Freestanding C++: the compiler's own headers only.
#include <stdint.h>

extern "C" uint64_t from_cxx(void);

extern "C" uint64_t from_cxx(void) {
    return 1;
}
