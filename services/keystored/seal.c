// services/keystored/seal.c: see seal.h.
#include "services/keystored/seal.h"

#include <sodium/crypto_aead_chacha20poly1305.h>
#include <sodium/crypto_generichash_blake2b.h>
#include <sodium/utils.h>
#include <string.h>

enum {
    SEAL_VERSION = 1,
    SALT_AT = 1,
    BYTES_AT = SALT_AT + SEAL_SALT_BYTES,
};

BASE_STATIC_ASSERT(BYTES_AT + (int)SEAL_TAG_BYTES == (int)KEYS_SEAL_BYTES, "what sealing adds");
BASE_STATIC_ASSERT(SEAL_KEY_BYTES == crypto_aead_chacha20poly1305_ietf_KEYBYTES, "the key");
BASE_STATIC_ASSERT(SEAL_TAG_BYTES == crypto_aead_chacha20poly1305_ietf_ABYTES, "the tag");

static const uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

// Of lengths that are constant or bounded: cannot fail.
static void hash(const uint8_t *key, uint32_t key_bytes, struct wire_bytes text,
                 struct seal_key *out) {
    if (crypto_generichash_blake2b(out->bytes, sizeof(out->bytes), text.data, text.count, key,
                                   key_bytes) != 0) {
        __builtin_trap();  // Rather than a key that everybody knows.
    }
}

void seal_key_of_secret(struct wire_bytes secret, struct seal_key *out) {
    static const uint8_t word[] = {'k', 'e', 'y', 's', 't', 'o', 'r', 'e', 'd', ' ', 'd', 'e',
                                   'v', 'i', 'c', 'e', ' ', 's', 'e', 'c', 'r', 'e', 't'};
    hash(word, sizeof(word), secret, out);
}

static void derive(const struct seal_key *from, enum seal_purpose purpose, struct wire_bytes more,
                   struct seal_key *out) {
    uint8_t text[8 + SEAL_SALT_BYTES] = {'k', 'e', 'y', 's', ' ', '1', ' ', (uint8_t)purpose};
    memcpy(text + 8, more.data, more.count);
    hash(from->bytes, sizeof(from->bytes), (struct wire_bytes){text, 8 + more.count}, out);
}

void seal_key_derive(const struct seal_key *from, enum seal_purpose purpose, uint64_t number,
                     struct seal_key *out) {
    uint8_t bytes[8];
    struct wire_writer writer = wire_writer_of(bytes, sizeof(bytes));
    wire_put_u64(&writer, number);
    derive(from, purpose, (struct wire_bytes){bytes, sizeof(bytes)}, out);
}

// libsodium wants a pointer to no bytes too.
static const uint8_t *data_of(struct wire_bytes bytes) {
    return bytes.count == 0 ? nonce : bytes.data;
}

void seal_close(const struct seal_key *key, struct wire_bytes context, const uint8_t *salt,
                struct wire_bytes plain, uint8_t *out) {
    struct seal_key own;
    derive(key, SEAL_MESSAGE, (struct wire_bytes){salt, SEAL_SALT_BYTES}, &own);
    out[0] = SEAL_VERSION;
    memcpy(out + SALT_AT, salt, SEAL_SALT_BYTES);
    (void)crypto_aead_chacha20poly1305_ietf_encrypt_detached(
        out + BYTES_AT, out + BYTES_AT + plain.count, 0, data_of(plain), plain.count,
        data_of(context), context.count, 0, nonce, own.bytes);
    sodium_memzero(&own, sizeof(own));
}

bool seal_open(const struct seal_key *key, struct wire_bytes context, struct wire_bytes sealed,
               uint8_t *out, uint32_t *count) {
    memset(out, 0, KEYS_PLAIN_BYTES_MAX);
    if (sealed.count < KEYS_SEAL_BYTES || sealed.count > SEAL_BYTES_MAX ||
        sealed.data[0] != SEAL_VERSION) {
        return false;
    }
    const uint32_t bytes = sealed.count - KEYS_SEAL_BYTES;
    struct seal_key own;
    derive(key, SEAL_MESSAGE, (struct wire_bytes){sealed.data + SALT_AT, SEAL_SALT_BYTES}, &own);
    const int failed = crypto_aead_chacha20poly1305_ietf_decrypt_detached(
        out, 0, sealed.data + BYTES_AT, bytes, sealed.data + BYTES_AT + bytes, data_of(context),
        context.count, nonce, own.bytes);
    sodium_memzero(&own, sizeof(own));
    if (failed != 0) {
        return false;
    }
    *count = bytes;
    return true;
}
