// services/rngd/health.h: continuous tests of what a source of randomness gives, byte by byte: the
// repetition count test and the adaptive proportion test of NIST SP 800-90B, section 4.4.
//
// A source that is claimed to have HEALTH_BITS bits of entropy in each byte fails one of them by
// chance less than once in 2^20 windows; one that is stuck, or nearly, fails soon.
// Units:     bytes of the source.
// Ownership: plain values.
// Blocking:  never.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    HEALTH_BITS = 4,        // H: entropy that is claimed for each byte.
    HEALTH_ALPHA_BITS = 20, // A false alarm: one in 2^20.
    // Section 4.4.1: 1 + ceiling(20 / H) equal bytes in a row.
    HEALTH_REPEATED_MAX = 1 + (HEALTH_ALPHA_BITS + HEALTH_BITS - 1) / HEALTH_BITS,
    // Section 4.4.2: of 512 bytes so many are the first one: 1 + critbinom(512, 2^-H, 1 - 2^-20).
    HEALTH_WINDOW = 512,
    HEALTH_SAME_MAX = 62,
    // Section 4.3: so many before any is used.
    HEALTH_STARTUP = 1024,
};

struct health {
    uint32_t seen;      // Bytes, up to HEALTH_STARTUP.
    uint32_t repeated;  // The last byte came so often in a row.
    uint32_t window;    // Bytes of the window that is open.
    uint32_t same;      // Of them, those that are the first.
    uint8_t last;
    uint8_t first;
    bool failed;
};

void health_init(struct health *health);

// False: a test has failed, now or before.
WARN_UNUSED bool health_take(struct health *health, uint8_t byte);

// The start-up tests have passed and none has failed since.
static inline bool health_is_good(const struct health *health) {
    return health->seen >= HEALTH_STARTUP && !health->failed;
}

#ifdef __cplusplus
}
#endif
