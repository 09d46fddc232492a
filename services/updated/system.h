// services/updated/system.h: a system bundle: what a slot of the disk holds and a client brings. A
// page with a header, then a bundle of programs (services/execd/bundle.h). tools/bundle makes one.
//
//   page 0: | header: magic version payload_bytes health hash signer | signature | zeros |
//   page 1..: the bundle, payload_bytes
//
// The signature (Ed25519) is over the header before it, and the header holds the hash (BLAKE2b) of
// the bundle. So a header is checked alone, and what is checked after it is one pass.
// Check only what nobody can change any more: a copy, or sealed memory.
// Units:     bytes; little-endian. Versions rise; 0 is none.
// Ownership: plain values; nothing is kept.
// Blocking:  never; the hash takes as long as the bundle is.
// Errors:    enum update_result.
#pragma once

#include <stdint.h>

#include "base/compiler.h"
#include "services/updated/result.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SYSTEM_MAGIC UINT64_C(0x314d455453595354)  // "TSYSTEM1"
#define SYSTEM_PAYLOAD_BYTES_MAX UINT64_C(0x400000)

enum {
    SYSTEM_PAGE_BYTES = 4096,
    SYSTEM_HASH_BYTES = 32,
    SYSTEM_KEY_BYTES = 32,
    SYSTEM_SIGNATURE_BYTES = 64,
    SYSTEM_SIGNED_BYTES = 96,  // Of the header: all before the signature.
    SYSTEM_PROGRAM_MAX = 4,    // Of the bundle: what execd runs at one time of one owner.
};

struct system_header {
    uint64_t magic;
    uint64_t version;
    uint64_t payload_bytes;  // Whole pages, 1 at least.
    uint64_t health;  // service_id of the program of the bundle that says the system is well.
    uint8_t hash[SYSTEM_HASH_BYTES];
    uint8_t signer[SYSTEM_KEY_BYTES];  // The public key; zeros: nobody signed it.
    uint8_t signature[SYSTEM_SIGNATURE_BYTES];
};
BASE_STATIC_ASSERT(sizeof(struct system_header) == SYSTEM_SIGNED_BYTES + SYSTEM_SIGNATURE_BYTES,
                   "frozen");

struct system_key {
    uint8_t bytes[SYSTEM_KEY_BYTES];
};

// The page that a bundle begins with: OK, BAD_HEADER, UNSIGNED, WRONG_KEY or BAD_SIGNATURE. *out is
// the header that was checked: a copy.
WARN_UNUSED enum update_result system_open(const uint8_t page[SYSTEM_PAGE_BYTES],
                                           const struct system_key *key, struct system_header *out);

// OK, or BAD_CONTENTS. `payload` are header->payload_bytes.
WARN_UNUSED enum update_result system_check_payload(const struct system_header *header,
                                                    const uint8_t *payload);

// OK, or TOO_MANY_PROGRAMS: it is signed, and not all of it would run.
WARN_UNUSED enum update_result system_check_count(const uint8_t *payload);

// The hash of a payload, for who makes one.
void system_hash(const uint8_t *payload, uint64_t bytes, uint8_t out[SYSTEM_HASH_BYTES]);

static inline uint64_t system_bytes(const struct system_header *header) {
    return SYSTEM_PAGE_BYTES + header->payload_bytes;
}

#ifdef __cplusplus
}
#endif
