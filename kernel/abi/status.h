// kernel/abi/status.h: what a system call answers in a0.
#pragma once

#include "base/compiler.h"

enum status {
#define STATUS(name, meaning) STATUS_##name,
#include "kernel/abi/status.def"
#undef STATUS
    STATUS_COUNT
};

BASE_STATIC_ASSERT(STATUS_OK == 0, "user code tests a0 against zero");

static inline const char *status_name(enum status status) {
    static const char *const names[] = {
#define STATUS(name, meaning) #name,
#include "kernel/abi/status.def"
#undef STATUS
    };
    return (unsigned)status < STATUS_COUNT ? names[(unsigned)status] : "?";
}

// Discards a result on purpose; `why` is for the reader.
static inline void status_ignore(enum status status, const char *why) {
    (void)status;
    (void)why;
}
