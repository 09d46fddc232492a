// kernel/core/stop.h: one hart stops all others, so that it alone looks at the kernel's state.
//
// A hart stops where it holds nothing: on an interrupt from user mode, or before it looks for work.
// kernel.stop_request is 256 times a number that grows, plus 1 + the hart that asks, or plus 0 when
// nobody does; a stopped hart says for which request it is.
// Blocking:   the hart waits, by wfi, until every other one that is online has taken one IPI; the
//             others wait until stop_end. This is the one place in the kernel where a hart waits
//             for another with its task's system call half done: what runs in between is exempt
//             from the bound of kernel entries (docs/decisions/0015-audit-stops-the-harts.md).
// Locking:    the caller holds none.
#pragma once

#include "kernel/core/kernel.h"

// Stops the others. False: another hart does just that, and this one goes on.
WARN_UNUSED bool stop_begin(struct kernel *kernel, struct hart *hart);
void stop_end(struct kernel *kernel, struct hart *hart);

void stop_wait(struct kernel *kernel, struct hart *hart, uint64_t request);

// Whether some hart wants the others to stop, or has stopped them.
static inline bool stop_is_asked(uint64_t request) {
    return (request & 0xff) != 0;
}

// This hart holds nothing: it stops if another one asks for it.
static inline void stop_pass(struct kernel *kernel, struct hart *hart) {
    // Acquire: what the others did before they stopped, and what the asker did, is seen.
    uint64_t request = atomic_load_acquire_u64(&kernel->stop_request);
    if (UNLIKELY(stop_is_asked(request))) {
        stop_wait(kernel, hart, request);
    }
}
