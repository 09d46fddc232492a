// services/keystored/seal.h: bytes that only who has the key can read, or change unnoticed.
//
//   sealed: version u8 = 1, salt[16], the bytes encrypted, tag[16]
//
// Each is encrypted with a key of its own, which BLAKE2b makes from the seal's key and the salt, by
// ChaCha20-Poly1305 (RFC 8439) with the nonce zero, which so serves once. The context is covered by
// the tag: what was sealed with one opens with no other.
// Units:     bytes.
// Ownership: the caller's bytes; keys on the way are wiped.
// Blocking:  never; a call takes what encrypting its bytes takes.
// Errors:    seal_open is false of everything but what seal_close made; `out` is zero then.
#pragma once

#include "ipc/keys_item.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    SEAL_KEY_BYTES = 32,
    SEAL_SALT_BYTES = 16,
    SEAL_TAG_BYTES = 16,
    SEAL_BYTES_MAX = STATE_VALUE_BYTES_MAX,  // Of what is sealed.
};

struct seal_key {
    uint8_t bytes[SEAL_KEY_BYTES];
};

// What a key that is made from another is for.
enum seal_purpose {
    SEAL_ROOT = 1,     // The record with everything else's keys.
    SEAL_NAMED = 2,    // Records of names.
    SEAL_CLIENTS = 3,  // What a client has sealed.
    SEAL_MESSAGE = 4,  // One sealed thing.
};

// A key from bytes of any number that somebody has kept secret.
void seal_key_of_secret(struct wire_bytes secret, struct seal_key *out);

// A key from another, for that purpose, and for that number: whose it is.
void seal_key_derive(const struct seal_key *from, enum seal_purpose purpose, uint64_t number,
                     struct seal_key *out);

// `out` has room for KEYS_SEAL_BYTES more than `plain` has, which is at most KEYS_PLAIN_BYTES_MAX.
// A salt serves once.
void seal_close(const struct seal_key *key, struct wire_bytes context, const uint8_t *salt,
                struct wire_bytes plain, uint8_t *out);

// `out` has room for KEYS_PLAIN_BYTES_MAX; *count bytes are there if it is true.
WARN_UNUSED bool seal_open(const struct seal_key *key, struct wire_bytes context,
                           struct wire_bytes sealed, uint8_t *out, uint32_t *count);

#ifdef __cplusplus
}
#endif
