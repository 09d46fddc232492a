// services/keystored/keystored.h: keys and secrets by the name and the service they belong to, and
// what is done with them. No system calls, no storage, no randomness of its own: records come in
// and go out sealed, random bytes are given.
//
// The root is one record: the seed of the device's identity, and the key that everything else is
// sealed with. It is sealed with the device secret, which is used for that alone and not kept. A
// change is made in two steps: asked for (make, keep, erase), which gives a record to be stored,
// and done, once that is durable.
// Units:     bytes.
// Ownership: the caller owns the struct, and wipes it when it is over. What is read out in the
//            clear (a secret, opened bytes) is the caller's to wipe. Views of an entry are good
//            until the next change.
// Blocking:  never. A call takes what one signature takes, and a look at
//            each entry.
// Errors:    enum wire_status, as ipc/wire/keys_ops.def says of each operation; a refused request
//            changes nothing and leaves its outputs alone. A name that is none is MALFORMED.
#pragma once

#include "services/keystored/seal.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    KEYSTORED_ENTRIES_MAX = 15,  // Named, of all; with the root as many as statefsd keeps for one.
    KEYSTORED_OWNER_MAX = 3,     // Of one service: five that use up theirs fill it.
    KEYSTORED_SEED_BYTES = 32,
    KEYSTORED_PAIR_BYTES = 64,  // Seed and public key: libsodium's secret key.
    KEYSTORED_ROOT_RANDOM = 2 * KEYSTORED_SEED_BYTES + SEAL_SALT_BYTES,
    KEYSTORED_MAKE_RANDOM = KEYSTORED_SEED_BYTES + SEAL_SALT_BYTES,
    KEYSTORED_SECRET_MIN = 16,  // Of a device secret.
    KEYSTORED_ROOT_BYTES = 2 * KEYSTORED_SEED_BYTES + KEYS_SEAL_BYTES,
    // A record: the kind, and a seed or a secret.
    KEYSTORED_SEALED_BYTES_MAX = 1 + KEYS_SECRET_BYTES_MAX + KEYS_SEAL_BYTES,
    // What a record is stored under: a letter, the owner's service_id, the name.
    KEYSTORED_PLACE_HEAD_BYTES = 9,
    KEYSTORED_PLACE_BYTES_MAX = KEYSTORED_PLACE_HEAD_BYTES + KEYS_NAME_BYTES_MAX,
};

#define KEYSTORED_ROOT_PLACE "root"

struct keystored_entry {
    uint64_t owner;
    uint8_t name_count;  // 0: free.
    uint8_t kind;        // enum keys_kind; 0: it does not open.
    uint16_t sealed_count;
    uint8_t name[KEYS_NAME_BYTES_MAX];
    uint8_t sealed[KEYSTORED_SEALED_BYTES_MAX];
    uint64_t uses;
};

// Whose, and which.
struct keystored_name {
    uint64_t owner;
    struct wire_bytes name;
};

// What is sealed or opened, and the context that must be the same.
struct keystored_content {
    struct wire_bytes context;
    struct wire_bytes bytes;
};

// To be stored, then done.
struct keystored_change {
    bool erase;
    bool none;  // There is nothing to store: it is so already.
    struct keystored_entry entry;
};

struct keystored {
    enum keys_state state;
    uint32_t flawed;          // Records that did not open.
    struct seal_key named;    // SEAL_NAMED,
    struct seal_key clients;  // and what each client's key is made from.
    uint8_t identity[KEYSTORED_PAIR_BYTES];
    uint8_t public_key[KEYS_PUBLIC_BYTES];
    uint64_t attested;
    uint64_t sealed;  // And opened.
    struct keystored_entry entries[KEYSTORED_ENTRIES_MAX];
};

// Locked, and with no entry.
void keystored_init(struct keystored *keystored);

// A new root: `sealed` has KEYSTORED_ROOT_BYTES afterwards, to be stored and then opened. `random`
// has KEYSTORED_ROOT_RANDOM.
void keystored_root_make(struct wire_bytes secret, const uint8_t *random, uint8_t *sealed);

// False: it does not open, and keystored stays locked.
WARN_UNUSED bool keystored_root_open(struct keystored *keystored, struct wire_bytes secret,
                                     struct wire_bytes sealed);

// A record that was found. What does not open stays in its place, flawed; false: it is in nobody's
// place, or there is no room, and it is counted.
bool keystored_take(struct keystored *keystored, struct wire_bytes place, struct wire_bytes sealed);

// All that is kept is read again: `fresh` has everything but the entries, which are taken again,
void keystored_renew(const struct keystored *keystored, struct keystored *fresh);
// and takes the place of what there was; what is there still goes on counting its uses. `fresh` is
// wiped.
void keystored_replace(struct keystored *keystored, struct keystored *fresh);

// Where an entry is stored: `out` has room for KEYSTORED_PLACE_BYTES_MAX.
uint32_t keystored_place(const struct keystored_entry *entry, uint8_t *out);

// Whether such a request is refused whatever the random bytes are: before any are asked for.
WARN_UNUSED enum wire_status keystored_may_make(const struct keystored *keystored,
                                                struct keystored_name name);
WARN_UNUSED enum wire_status keystored_may_keep(const struct keystored *keystored,
                                                struct keystored_name name,
                                                struct wire_bytes secret);
WARN_UNUSED enum wire_status keystored_may_seal(const struct keystored *keystored,
                                                struct keystored_content plain);

// Changes.
WARN_UNUSED enum wire_status keystored_make(const struct keystored *keystored,
                                            struct keystored_name name, const uint8_t *random,
                                            struct keystored_change *change, uint8_t *public_key);
WARN_UNUSED enum wire_status keystored_keep(const struct keystored *keystored,
                                            struct keystored_name name, struct wire_bytes secret,
                                            const uint8_t *salt, struct keystored_change *change);
WARN_UNUSED enum wire_status keystored_erase(const struct keystored *keystored,
                                             struct keystored_name name,
                                             struct keystored_change *change);
void keystored_done(struct keystored *keystored, const struct keystored_change *change);

// Uses. Those that are OK are counted: in the entry, or together.
WARN_UNUSED enum wire_status keystored_identity(const struct keystored *keystored,
                                                struct wire_bytes *public_key);
WARN_UNUSED enum wire_status keystored_attest(struct keystored *keystored, uint64_t owner,
                                              struct wire_bytes message, uint8_t *signature);
WARN_UNUSED enum wire_status keystored_sign(struct keystored *keystored, struct keystored_name name,
                                            struct wire_bytes message, uint8_t *signature);
// `out` has room for KEYS_PLAIN_BYTES_MAX, as of keystored_open.
WARN_UNUSED enum wire_status keystored_give(struct keystored *keystored, struct keystored_name name,
                                            uint8_t *out, struct wire_bytes *secret);
// `out` has room for STATE_VALUE_BYTES_MAX.
WARN_UNUSED enum wire_status keystored_seal(struct keystored *keystored, uint64_t owner,
                                            struct keystored_content plain, const uint8_t *salt,
                                            uint8_t *out);
WARN_UNUSED enum wire_status keystored_open(struct keystored *keystored, uint64_t owner,
                                            struct keystored_content sealed, uint8_t *out,
                                            uint32_t *count);

// Of anybody's key.
WARN_UNUSED enum wire_status keystored_verify(struct wire_bytes public_key,
                                              struct wire_bytes message,
                                              struct wire_bytes signature);

// The owner's entry with the least name after that one, which may be empty; or null.
const struct keystored_entry *keystored_next(const struct keystored *keystored,
                                             struct keystored_name name);
const struct keystored_entry *keystored_find(const struct keystored *keystored,
                                             struct keystored_name name);
// How often that entry was used; 0 of one that is not there.
uint64_t keystored_uses(const struct keystored *keystored, struct keystored_name name);
uint32_t keystored_owned(const struct keystored *keystored, uint64_t owner);

// Whether the n-th use is told for the record: the first, the second, the fourth, ..
static inline bool keystored_is_told(uint64_t uses) {
    return uses != 0 && (uses & (uses - 1)) == 0;
}

#ifdef __cplusplus
}
#endif
