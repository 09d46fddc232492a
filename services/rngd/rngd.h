// services/rngd/rngd.h: the generator between a device and who asks for random bytes. No system
// calls, no device: raw bytes come in, random ones go out.
//
// Raw bytes are tested (health.h) and condensed by a keyed hash into the key of a generator, both
// libsodium's (BLAKE2b; randombytes_buf_deterministic, ChaCha20). Each answer takes a new key from
// the generator first, so that nobody who sees the state later can tell what was given before.
// After RNGD_SEED_LASTS bytes a new seed is wanted; without one nothing is given beyond
// RNGD_SEED_MAX.
// Units:     bytes.
// Ownership: the caller owns the struct.
// Blocking:  never. A call takes what RNGD_REQUEST_MAX bytes or the given raw ones take.
// Errors:    enum wire_status. A failed test of the device is for good: the key is wiped.
#pragma once

#include "ipc/wire/wire.h"
#include "services/rngd/health.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    RNGD_REQUEST_MAX = 256,
    RNGD_KEY_BYTES = 32,
    RNGD_SEED_BYTES = 128,  // Raw: 512 bits at the entropy claimed, twice the key's.
    RNGD_SEED_LASTS = 16384,
    RNGD_SEED_MAX = 65536,
};

enum rngd_state { RNGD_STARTING, RNGD_READY, RNGD_FAILED, RNGD_STATE_COUNT };

struct rngd {
    enum rngd_state state;
    struct health health;
    uint8_t key[RNGD_KEY_BYTES];
    uint8_t raw[RNGD_SEED_BYTES];
    uint32_t raw_count;
    uint32_t since_seed;  // Bytes given.
    uint64_t given;
    uint64_t raw_total;
    uint64_t seeds;
};

void rngd_init(struct rngd *rngd);

// Whether raw bytes are wanted now.
static inline bool rngd_wants(const struct rngd *rngd) {
    return rngd->state == RNGD_STARTING ||
           (rngd->state == RNGD_READY && rngd->since_seed >= RNGD_SEED_LASTS);
}

// From the device. Those that are not wanted are tested all the same.
void rngd_take_raw(struct rngd *rngd, const uint8_t *bytes, uint32_t count);

// The device is broken: as after a failed test.
void rngd_fail(struct rngd *rngd);

// WIRE_MALFORMED: none are wanted; WIRE_TOO_LARGE: more than RNGD_REQUEST_MAX; WIRE_UNAVAILABLE:
// there is no seed, it has served too long, or the device has failed.
WARN_UNUSED enum wire_status rngd_give(struct rngd *rngd, uint32_t count, uint8_t *out);

#ifdef __cplusplus
}
#endif
