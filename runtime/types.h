// runtime/types.h: newtypes of what system calls take, so that a slot cannot be passed for a badge
// or a reply. Each travels in one register.
#pragma once

#include <stdint.h>

#include "kernel/abi/cap.h"

// A place in the task's own capability table.
struct slot {
    uint64_t value;
};

// A held call: answered or closed once.
struct reply_handle {
    uint64_t value;
};

// An asynchronous request that is under way.
struct sequence {
    uint64_t value;
};

// No reply is held; the kernel never makes this handle.
#define REPLY_HANDLE_NONE ((struct reply_handle){.value = 0})

static inline struct slot slot_at(uint64_t index) {
    struct slot slot = {.value = index};
    return slot;
}
