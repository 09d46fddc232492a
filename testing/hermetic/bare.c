// Freestanding C: the compiler's own headers only.
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

extern uint64_t from_assembly(void);
extern uint64_t from_cxx(void);
void _start(void);

void _start(void) {
    static _Atomic uint64_t sum;
    atomic_fetch_add(&sum, from_assembly() + from_cxx());
    for (;;) {
    }
}
