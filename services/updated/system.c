// services/updated/system.c: see system.h.
#include "services/updated/system.h"

#include <sodium/crypto_generichash_blake2b.h>
#include <sodium/crypto_sign_ed25519.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "services/execd/bundle.h"

BASE_STATIC_ASSERT(SYSTEM_KEY_BYTES == crypto_sign_ed25519_PUBLICKEYBYTES, "the key");
BASE_STATIC_ASSERT(SYSTEM_SIGNATURE_BYTES == crypto_sign_ed25519_BYTES, "the signature");
BASE_STATIC_ASSERT(offsetof(struct system_header, signature) == SYSTEM_SIGNED_BYTES, "signed");

static bool is_zero(const uint8_t *bytes, uint64_t count) {
    uint8_t all = 0;
    for (uint64_t i = 0; i < count; i++) {
        all |= bytes[i];
    }
    return all == 0;
}

static bool is_sound(const struct system_header *header, const uint8_t *page) {
    return header->magic == SYSTEM_MAGIC && header->version != 0 && header->payload_bytes != 0 &&
           header->payload_bytes <= SYSTEM_PAYLOAD_BYTES_MAX &&
           header->payload_bytes % SYSTEM_PAGE_BYTES == 0 && header->health != 0 &&
           is_zero(page + sizeof(*header), SYSTEM_PAGE_BYTES - sizeof(*header));
}

enum update_result system_open(const uint8_t page[SYSTEM_PAGE_BYTES], const struct system_key *key,
                               struct system_header *out) {
    struct system_header header;
    memcpy(&header, page, sizeof(header));
    if (!is_sound(&header, page)) {
        return UPDATE_BAD_HEADER;
    }
    if (is_zero(header.signer, sizeof(header.signer)) ||
        is_zero(header.signature, sizeof(header.signature))) {
        return UPDATE_UNSIGNED;
    }
    if (memcmp(header.signer, key->bytes, sizeof(key->bytes)) != 0) {
        return UPDATE_WRONG_KEY;
    }
    if (crypto_sign_ed25519_verify_detached(header.signature, (const uint8_t *)&header,
                                            SYSTEM_SIGNED_BYTES, key->bytes) != 0) {
        return UPDATE_BAD_SIGNATURE;
    }
    *out = header;
    return UPDATE_OK;
}

// Of lengths that are constant or bounded: cannot fail.
void system_hash(const uint8_t *payload, uint64_t bytes, uint8_t out[SYSTEM_HASH_BYTES]) {
    if (crypto_generichash_blake2b(out, SYSTEM_HASH_BYTES, payload, bytes, 0, 0) != 0) {
        memset(out, 0, SYSTEM_HASH_BYTES);
    }
}

enum update_result system_check_count(const uint8_t *payload) {
    struct bundle_header header;
    memcpy(&header, payload, sizeof(header));
    return header.program_count <= SYSTEM_PROGRAM_MAX ? UPDATE_OK : UPDATE_TOO_MANY_PROGRAMS;
}

enum update_result system_check_payload(const struct system_header *header,
                                        const uint8_t *payload) {
    uint8_t hash[SYSTEM_HASH_BYTES];
    system_hash(payload, header->payload_bytes, hash);
    return memcmp(hash, header->hash, sizeof(hash)) == 0 ? UPDATE_OK : UPDATE_BAD_CONTENTS;
}
