// services/rngd/rngd.c: see rngd.h.
#include "services/rngd/rngd.h"

#include <sodium/crypto_generichash_blake2b.h>
#include <sodium/randombytes.h>
#include <sodium/utils.h>
#include <string.h>

#include "ipc/plant.h"

BASE_STATIC_ASSERT(RNGD_KEY_BYTES == randombytes_SEEDBYTES, "the generator's seed");
BASE_STATIC_ASSERT(2 * 8 * RNGD_KEY_BYTES <= HEALTH_BITS * RNGD_SEED_BYTES,
                   "twice the entropy of the key");

void rngd_init(struct rngd *rngd) {
    memset(rngd, 0, sizeof(*rngd));
    health_init(&rngd->health);
}

void rngd_fail(struct rngd *rngd) {
    rngd->state = RNGD_FAILED;
    sodium_memzero(rngd->key, sizeof(rngd->key));
    sodium_memzero(rngd->raw, sizeof(rngd->raw));
    rngd->raw_count = 0;
}

// The old key stays in it: a seed that somebody knows makes nothing worse.
static void take_seed(struct rngd *rngd) {
    uint8_t key[RNGD_KEY_BYTES];
    if (plant_fires(PLANT_SAME_SEED)) {
        memset(rngd->raw, 0, sizeof(rngd->raw));
    }
    int failed = crypto_generichash_blake2b(key, sizeof(key), rngd->raw, sizeof(rngd->raw),
                                            rngd->key, sizeof(rngd->key));
    memcpy(rngd->key, key, sizeof(key));
    sodium_memzero(key, sizeof(key));
    sodium_memzero(rngd->raw, sizeof(rngd->raw));
    rngd->raw_count = 0;
    rngd->since_seed = 0;
    rngd->seeds++;
    rngd->state = RNGD_READY;
    if (failed != 0) {  // Of lengths that are constant: cannot be.
        rngd_fail(rngd);
    }
}

void rngd_take_raw(struct rngd *rngd, const uint8_t *bytes, uint32_t count) {
    for (uint32_t i = 0; i < count && rngd->state != RNGD_FAILED; i++) {
        // Those of the start-up are not used.
        bool begun = health_is_good(&rngd->health) || plant_fires(PLANT_SERVE_EARLY);
        rngd->raw_total++;
        if (!health_take(&rngd->health, bytes[i])) {
            rngd_fail(rngd);
        } else if (begun && rngd_wants(rngd)) {
            rngd->raw[rngd->raw_count++] = bytes[i];
            if (rngd->raw_count == RNGD_SEED_BYTES) {
                take_seed(rngd);
            }
        }
    }
}

enum wire_status rngd_give(struct rngd *rngd, uint32_t count, uint8_t *out) {
    if (count == 0) {
        return WIRE_MALFORMED;
    }
    if (count > RNGD_REQUEST_MAX) {
        return WIRE_TOO_LARGE;
    }
    bool ready = rngd->state == RNGD_READY ||
                 (rngd->state == RNGD_FAILED && plant_fires(PLANT_SERVE_FAILED));
    if (!ready || rngd->since_seed + count > RNGD_SEED_MAX) {
        return WIRE_UNAVAILABLE;
    }
    uint8_t block[RNGD_KEY_BYTES + RNGD_REQUEST_MAX];
    randombytes_buf_deterministic(block, RNGD_KEY_BYTES + count, rngd->key);
    if (!plant_fires(PLANT_KEEP_KEY)) {
        memcpy(rngd->key, block, RNGD_KEY_BYTES);
    }
    memcpy(out, block + RNGD_KEY_BYTES, count);
    sodium_memzero(block, sizeof(block));
    rngd->since_seed += count;
    rngd->given += count;
    return WIRE_OK;
}
