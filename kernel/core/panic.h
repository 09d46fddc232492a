// kernel/core/panic.h: a broken kernel invariant ends the machine, with its values.
// If user code can reach a panic, that is a security bug.
#pragma once

#include <stdint.h>

#include "base/compiler.h"

// Prints "kernel: PANIC " and the text as one line, then registers and a backtrace, stops every
// hart and ends the machine with failure. The format knows %u %x %#x %s %c %% and the l modifier of
// u and x (64 bits).
NORETURN COLD void kernel_panic(const char *format, ...) PRINTF_LIKE(1, 2);

#define KASSERT(condition) \
    ((condition) ? (void)0 \
                 : kernel_panic("%s:%u: assertion %s", __FILE__, (unsigned)__LINE__, #condition))
