// services/keystored/uses.c: what is done with keys and secrets (keystored.h). Nothing in the clear
// outlives the call that needed it.
#include <sodium/crypto_sign_ed25519.h>
#include <sodium/utils.h>
#include <string.h>

#include "ipc/plant.h"
#include "services/keystored/internal.h"

BASE_STATIC_ASSERT(crypto_sign_ed25519_BYTES == KEYS_SIGNATURE_BYTES, "a signature");

static void sign(const uint8_t *secret_key, struct wire_bytes message, uint8_t *signature) {
    (void)crypto_sign_ed25519_detached(signature, 0, message.data, message.count, secret_key);
}

// libsodium's form of a key pair; `secret_key` is the caller's to wipe.
static enum wire_status pair_of(const struct keystored *keystored,
                                const struct keystored_entry *entry, uint8_t *public_key,
                                uint8_t *secret_key) {
    uint8_t plain[KEYS_PLAIN_BYTES_MAX];
    uint32_t count = 0;
    const bool opened = keystored_unseal(keystored, entry, plain, &count) && plain[0] == KEYS_PAIR;
    if (opened) {
        (void)crypto_sign_ed25519_seed_keypair(public_key, secret_key, plain + 1);
    }
    sodium_memzero(plain, sizeof(plain));
    return opened ? WIRE_OK : WIRE_UNAVAILABLE;
}

enum wire_status keystored_public_of(const struct keystored *keystored,
                                     const struct keystored_entry *entry, uint8_t *public_key) {
    uint8_t secret_key[crypto_sign_ed25519_SECRETKEYBYTES];
    enum wire_status status = pair_of(keystored, entry, public_key, secret_key);
    sodium_memzero(secret_key, sizeof(secret_key));
    return status;
}

enum wire_status keystored_identity(const struct keystored *keystored,
                                    struct wire_bytes *public_key) {
    if (keystored->state != KEYS_READY) {
        return WIRE_UNAVAILABLE;
    }
    *public_key = (struct wire_bytes){keystored->public_key, sizeof(keystored->public_key)};
    return WIRE_OK;
}

enum wire_status keystored_attest(struct keystored *keystored, uint64_t owner,
                                  struct wire_bytes message, uint8_t *signature) {
    if (message.count > KEYS_MESSAGE_BYTES_MAX) {
        return WIRE_TOO_LARGE;
    }
    if (keystored->state != KEYS_READY) {
        return WIRE_UNAVAILABLE;
    }
    uint8_t statement[KEYS_SIGNED_BYTES_MAX];
    const uint32_t count = keys_statement_put(owner, message, statement);
    sign(keystored->identity, (struct wire_bytes){statement, count}, signature);
    keystored->attested++;
    return WIRE_OK;
}

// The owner's entry of that name, if it is of that kind and opens.
static enum wire_status find_kind(struct keystored *keystored, struct keystored_name name,
                                  enum keys_kind kind, struct keystored_entry **out) {
    enum wire_status status = keystored_look(keystored, name.name);
    if (status != WIRE_OK) {
        return status;
    }
    const struct keystored_entry *found = keystored_find(keystored, name);
    if (!found) {
        return WIRE_ABSENT;
    }
    if (found->kind != (uint8_t)kind) {
        return found->kind == 0 ? WIRE_UNAVAILABLE : WIRE_DENIED;
    }
    *out = &keystored->entries[found - keystored->entries];
    return WIRE_OK;
}

enum wire_status keystored_sign(struct keystored *keystored, struct keystored_name name,
                                struct wire_bytes message, uint8_t *signature) {
    if (message.count > KEYS_MESSAGE_BYTES_MAX) {
        return WIRE_TOO_LARGE;
    }
    struct keystored_entry *entry = 0;
    enum wire_status status = find_kind(keystored, name, KEYS_PAIR, &entry);
    if (status != WIRE_OK) {
        return status;
    }
    uint8_t public_key[KEYS_PUBLIC_BYTES];
    uint8_t secret_key[crypto_sign_ed25519_SECRETKEYBYTES];
    status = pair_of(keystored, entry, public_key, secret_key);
    if (status == WIRE_OK) {
        sign(secret_key, message, signature);
        entry->uses++;
    }
    sodium_memzero(secret_key, sizeof(secret_key));
    return status;
}

enum wire_status keystored_give(struct keystored *keystored, struct keystored_name name,
                                uint8_t *out, struct wire_bytes *secret) {
    struct keystored_entry *entry = 0;
    enum wire_status status = find_kind(keystored, name, KEYS_SECRET, &entry);
    if (status != WIRE_OK) {
        return status;
    }
    uint32_t count = 0;
    if (!keystored_unseal(keystored, entry, out, &count) || out[0] != KEYS_SECRET) {
        sodium_memzero(out, KEYS_PLAIN_BYTES_MAX);
        return WIRE_UNAVAILABLE;
    }
    entry->uses++;
    *secret = (struct wire_bytes){out + 1, count - 1};
    return WIRE_OK;
}

enum wire_status keystored_may_seal(const struct keystored *keystored,
                                    struct keystored_content plain) {
    if (plain.context.count > KEYS_CONTEXT_BYTES_MAX || plain.bytes.count > KEYS_PLAIN_BYTES_MAX) {
        return WIRE_TOO_LARGE;
    }
    return keystored->state == KEYS_READY ? WIRE_OK : WIRE_UNAVAILABLE;
}

static void client_key(const struct keystored *keystored, uint64_t owner, struct seal_key *out) {
    const uint64_t number = plant_fires(PLANT_KEYS_ONE_KEY) ? 0 : owner;
    seal_key_derive(&keystored->clients, SEAL_CLIENTS, number, out);
}

enum wire_status keystored_seal(struct keystored *keystored, uint64_t owner,
                                struct keystored_content plain, const uint8_t *salt, uint8_t *out) {
    const enum wire_status status = keystored_may_seal(keystored, plain);
    if (status != WIRE_OK) {
        return status;
    }
    struct seal_key key;
    client_key(keystored, owner, &key);
    seal_close(&key, plain.context, salt, plain.bytes, out);
    sodium_memzero(&key, sizeof(key));
    keystored->sealed++;
    return WIRE_OK;
}

enum wire_status keystored_open(struct keystored *keystored, uint64_t owner,
                                struct keystored_content sealed, uint8_t *out, uint32_t *count) {
    if (sealed.context.count > KEYS_CONTEXT_BYTES_MAX ||
        sealed.bytes.count > STATE_VALUE_BYTES_MAX) {
        return WIRE_TOO_LARGE;
    }
    if (keystored->state != KEYS_READY) {
        return WIRE_UNAVAILABLE;
    }
    struct seal_key key;
    client_key(keystored, owner, &key);
    const bool opened = seal_open(&key, sealed.context, sealed.bytes, out, count);
    sodium_memzero(&key, sizeof(key));
    keystored->sealed += opened;
    return opened ? WIRE_OK : WIRE_DENIED;
}

enum wire_status keystored_verify(struct wire_bytes public_key, struct wire_bytes message,
                                  struct wire_bytes signature) {
    if (public_key.count != KEYS_PUBLIC_BYTES || signature.count != KEYS_SIGNATURE_BYTES) {
        return WIRE_MALFORMED;
    }
    if (message.count > KEYS_SIGNED_BYTES_MAX) {
        return WIRE_TOO_LARGE;
    }
    return crypto_sign_ed25519_verify_detached(signature.data, message.data, message.count,
                                               public_key.data) == 0
               ? WIRE_OK
               : WIRE_DENIED;
}
