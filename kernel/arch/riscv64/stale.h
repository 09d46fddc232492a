// kernel/arch/riscv64/stale.h: a page fault that the tables allow: a hart remembered an older
// entry. It is flushed and tried once more; twice at one place is a fault after all. Plain data:
// tested on the host.
// Ownership: each hart has one, of the last such fault there.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

struct stale_fault {
    uint64_t pc;
    uint64_t address;
    uint32_t instance;  // Of the task; 0: none. Another task at the same place has its own try.
};

// Whether the fault is to be tried once more, which is then noted.
WARN_UNUSED static inline bool stale_fault_retries(struct stale_fault *last,
                                                   struct stale_fault now) {
    bool again =
        last->instance == now.instance && last->pc == now.pc && last->address == now.address;
    *last = again ? (struct stale_fault){0, 0, 0} : now;
    return !again;
}

// The hart changes a mapping: what is remembered of an address may be stale once more.
static inline void stale_fault_forget(struct stale_fault *last) {
    last->instance = 0;
}
