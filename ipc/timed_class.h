// ipc/timed_class.h: the classes of sleepers, which timed and its clients name by number.
// Units:     nanoseconds.
#pragma once

#include <stdint.h>

enum timed_class {
#define TIMED_CLASS(NAME, window_ns, whom) TIMED_##NAME,
#include "ipc/timed_class.def"
#undef TIMED_CLASS
    TIMED_CLASS_COUNT
};

// How long after its deadline a sleeper of that class may be woken; it exists.
static inline uint64_t timed_window_ns(uint32_t laxity) {
    static const uint64_t windows_ns[TIMED_CLASS_COUNT] = {
#define TIMED_CLASS(NAME, window_ns, whom) UINT64_C(window_ns),
#include "ipc/timed_class.def"
#undef TIMED_CLASS
    };
    return windows_ns[laxity];
}
