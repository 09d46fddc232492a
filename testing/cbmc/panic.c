// testing/cbmc/panic.c: a broken assertion of the kernel is a failed proof.
#include "kernel/core/panic.h"

#include "testing/cbmc/prove.h"

void kernel_panic(const char *format, ...) {
    (void)format;
    PROVE(false, "kernel_panic");
    GIVEN(false);
    __builtin_unreachable();
}
