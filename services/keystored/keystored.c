// services/keystored/keystored.c: see keystored.h. What is kept and changed; uses are in uses.c.
#include "services/keystored/keystored.h"

#include <sodium/crypto_sign_ed25519.h>
#include <sodium/utils.h>
#include <string.h>

#include "services/keystored/internal.h"

BASE_STATIC_ASSERT(crypto_sign_ed25519_SEEDBYTES == KEYSTORED_SEED_BYTES, "a seed");
BASE_STATIC_ASSERT(crypto_sign_ed25519_PUBLICKEYBYTES == KEYS_PUBLIC_BYTES, "a public key");
BASE_STATIC_ASSERT(crypto_sign_ed25519_SECRETKEYBYTES == KEYSTORED_PAIR_BYTES, "a secret key");
BASE_STATIC_ASSERT((int)KEYSTORED_PLACE_BYTES_MAX <= (int)STATE_KEY_BYTES_MAX,
                   "a place is a key of statefsd's");
BASE_STATIC_ASSERT((int)KEYSTORED_SEALED_BYTES_MAX <= (int)STATE_VALUE_BYTES_MAX,
                   "a record is a value of statefsd's");

enum { PLACE_LETTER = 'n' };

static struct wire_bytes root_place(void) {
    return (struct wire_bytes){(const uint8_t *)KEYSTORED_ROOT_PLACE,
                               sizeof(KEYSTORED_ROOT_PLACE) - 1};
}

void keystored_init(struct keystored *keystored) {
    sodium_memzero(keystored, sizeof(*keystored));
    keystored->state = KEYS_LOCKED;
}

static void root_key(struct wire_bytes secret, struct seal_key *out) {
    struct seal_key device;
    seal_key_of_secret(secret, &device);
    seal_key_derive(&device, SEAL_ROOT, 0, out);
    sodium_memzero(&device, sizeof(device));
}

void keystored_root_make(struct wire_bytes secret, const uint8_t *random, uint8_t *sealed) {
    struct seal_key key;
    root_key(secret, &key);
    const struct wire_bytes plain = {random + SEAL_SALT_BYTES, 2 * KEYSTORED_SEED_BYTES};
    seal_close(&key, root_place(), random, plain, sealed);
    sodium_memzero(&key, sizeof(key));
}

bool keystored_root_open(struct keystored *keystored, struct wire_bytes secret,
                         struct wire_bytes sealed) {
    struct seal_key key;
    uint8_t plain[KEYS_PLAIN_BYTES_MAX];
    uint32_t count = 0;
    root_key(secret, &key);
    const bool opened =
        seal_open(&key, root_place(), sealed, plain, &count) && count == 2 * KEYSTORED_SEED_BYTES;
    if (opened) {
        struct seal_key root;
        memcpy(root.bytes, plain + KEYSTORED_SEED_BYTES, sizeof(root.bytes));
        seal_key_derive(&root, SEAL_NAMED, 0, &keystored->named);
        seal_key_derive(&root, SEAL_CLIENTS, 0, &keystored->clients);
        (void)crypto_sign_ed25519_seed_keypair(keystored->public_key, keystored->identity, plain);
        keystored->state = KEYS_READY;
        sodium_memzero(&root, sizeof(root));
    }
    sodium_memzero(&key, sizeof(key));
    sodium_memzero(plain, sizeof(plain));
    return opened;
}

static bool name_is_good(struct wire_bytes name) {
    if (name.count == 0 || name.count > KEYS_NAME_BYTES_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < name.count; i++) {
        const uint8_t letter = name.data[i];
        const bool good = (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') ||
                          letter == '.' || letter == '_' || letter == '-';
        if (!good) {
            return false;
        }
    }
    return true;
}

enum wire_status keystored_look(const struct keystored *keystored, struct wire_bytes name) {
    if (keystored->state != KEYS_READY) {
        return WIRE_UNAVAILABLE;
    }
    return name_is_good(name) ? WIRE_OK : WIRE_MALFORMED;
}

// < 0, 0, > 0, as the names stand in order.
static int compare(const struct keystored_entry *entry, struct wire_bytes name) {
    const uint32_t least = entry->name_count < name.count ? entry->name_count : name.count;
    const int order = least == 0 ? 0 : memcmp(entry->name, name.data, least);
    return order != 0 ? order : (int)entry->name_count - (int)name.count;
}

static bool belongs(const struct keystored_entry *entry, uint64_t owner) {
    return entry->name_count != 0 && entry->owner == owner;
}

const struct keystored_entry *keystored_find(const struct keystored *keystored,
                                             struct keystored_name name) {
    for (uint32_t i = 0; i < KEYSTORED_ENTRIES_MAX; i++) {
        const struct keystored_entry *entry = &keystored->entries[i];
        if (belongs(entry, name.owner) && compare(entry, name.name) == 0) {
            return entry;
        }
    }
    return 0;
}

uint64_t keystored_uses(const struct keystored *keystored, struct keystored_name name) {
    const struct keystored_entry *entry = keystored_find(keystored, name);
    return entry ? entry->uses : 0;
}

const struct keystored_entry *keystored_next(const struct keystored *keystored,
                                             struct keystored_name name) {
    const struct keystored_entry *best = 0;
    for (uint32_t i = 0; i < KEYSTORED_ENTRIES_MAX; i++) {
        const struct keystored_entry *entry = &keystored->entries[i];
        const bool nearer =
            !best || compare(entry, (struct wire_bytes){best->name, best->name_count}) < 0;
        if (belongs(entry, name.owner) && compare(entry, name.name) > 0 && nearer) {
            best = entry;
        }
    }
    return best;
}

uint32_t keystored_owned(const struct keystored *keystored, uint64_t owner) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < KEYSTORED_ENTRIES_MAX; i++) {
        count += belongs(&keystored->entries[i], owner);
    }
    return count;
}

static struct keystored_entry *place_of(struct keystored *keystored, struct keystored_name name) {
    struct keystored_entry *free_place = 0;
    for (uint32_t i = 0; i < KEYSTORED_ENTRIES_MAX; i++) {
        struct keystored_entry *entry = &keystored->entries[i];
        if (belongs(entry, name.owner) && compare(entry, name.name) == 0) {
            return entry;
        }
        if (entry->name_count == 0 && !free_place) {
            free_place = entry;
        }
    }
    return free_place;
}

uint32_t keystored_place(const struct keystored_entry *entry, uint8_t *out) {
    struct wire_writer writer = wire_writer_of(out, KEYSTORED_PLACE_BYTES_MAX);
    wire_put_u8(&writer, PLACE_LETTER);
    wire_put_u64(&writer, entry->owner);
    memcpy(out + KEYSTORED_PLACE_HEAD_BYTES, entry->name, entry->name_count);
    return KEYSTORED_PLACE_HEAD_BYTES + entry->name_count;
}

bool keystored_unseal(const struct keystored *keystored, const struct keystored_entry *entry,
                      uint8_t *plain, uint32_t *count) {
    uint8_t place[KEYSTORED_PLACE_BYTES_MAX];
    const struct wire_bytes context = {place, keystored_place(entry, place)};
    const struct wire_bytes sealed = {entry->sealed, entry->sealed_count};
    if (!seal_open(&keystored->named, context, sealed, plain, count)) {
        return false;
    }
    const bool pair = *count == 1 + KEYSTORED_SEED_BYTES && plain[0] == KEYS_PAIR;
    const bool secret =
        *count > 1 && *count <= 1 + KEYS_SECRET_BYTES_MAX && plain[0] == KEYS_SECRET;
    return pair || secret;
}

bool keystored_take(struct keystored *keystored, struct wire_bytes place,
                    struct wire_bytes sealed) {
    struct keystored_entry found = {.owner = 0};
    struct wire_reader reader = wire_reader_of(place.data, place.count);
    const uint8_t letter = wire_get_u8(&reader);
    found.owner = wire_get_u64(&reader);
    const struct wire_bytes name = {reader.next, reader.left};
    if (letter != PLACE_LETTER || reader.failed || !name_is_good(name)) {
        keystored->flawed++;
        return false;
    }
    struct keystored_entry *entry = place_of(keystored, (struct keystored_name){found.owner, name});
    if (!entry) {
        keystored->flawed++;
        return false;
    }
    uint8_t plain[KEYS_PLAIN_BYTES_MAX];
    uint32_t count = 0;
    found.name_count = (uint8_t)name.count;
    memcpy(found.name, name.data, name.count);
    // What is longer than any record was changed; it stays in its place, and does not open.
    const bool whole = sealed.count <= sizeof(found.sealed);
    found.sealed_count = whole ? (uint16_t)sealed.count : 0;
    memcpy(found.sealed, sealed.data, found.sealed_count);
    if (keystored->state == KEYS_READY && whole &&
        keystored_unseal(keystored, &found, plain, &count)) {
        found.kind = plain[0];
    } else {
        keystored->flawed++;
    }
    sodium_memzero(plain, sizeof(plain));
    *entry = found;
    return true;
}

void keystored_renew(const struct keystored *keystored, struct keystored *fresh) {
    *fresh = *keystored;
    sodium_memzero(fresh->entries, sizeof(fresh->entries));
    fresh->flawed = 0;
}

void keystored_replace(struct keystored *keystored, struct keystored *fresh) {
    for (uint32_t i = 0; i < KEYSTORED_ENTRIES_MAX; i++) {
        struct keystored_entry *entry = &fresh->entries[i];
        const struct keystored_name name = {entry->owner, {entry->name, entry->name_count}};
        entry->uses = keystored_uses(keystored, name);
    }
    *keystored = *fresh;
    sodium_memzero(fresh, sizeof(*fresh));
}

// Whether the owner may have an entry of that name and kind: *found is the one it has, or null.
static enum wire_status look_for_place(const struct keystored *keystored,
                                       struct keystored_name name, enum keys_kind kind,
                                       const struct keystored_entry **found) {
    enum wire_status status = keystored_look(keystored, name.name);
    if (status != WIRE_OK) {
        return status;
    }
    *found = keystored_find(keystored, name);
    if (*found) {
        return (*found)->kind == 0               ? WIRE_UNAVAILABLE
               : (*found)->kind == (uint8_t)kind ? WIRE_OK
                                                 : WIRE_DENIED;
    }
    uint32_t used = 0;
    for (uint32_t i = 0; i < KEYSTORED_ENTRIES_MAX; i++) {
        used += keystored->entries[i].name_count != 0;
    }
    const bool room = used < KEYSTORED_ENTRIES_MAX &&
                      keystored_owned(keystored, name.owner) < KEYSTORED_OWNER_MAX;
    return room ? WIRE_OK : WIRE_OVERLOAD;
}

// What is in `plain` from its second byte on; the first becomes the kind.
static void seal_entry(const struct keystored *keystored, enum keys_kind kind, const uint8_t *salt,
                       struct wire_bytes what, struct keystored_entry *entry) {
    uint8_t plain[1 + KEYS_SECRET_BYTES_MAX];
    uint8_t place[KEYSTORED_PLACE_BYTES_MAX];
    const struct wire_bytes context = {place, keystored_place(entry, place)};
    plain[0] = (uint8_t)kind;
    memcpy(plain + 1, what.data, what.count);
    seal_close(&keystored->named, context, salt, (struct wire_bytes){plain, 1 + what.count},
               entry->sealed);
    entry->kind = (uint8_t)kind;
    entry->sealed_count = (uint16_t)(1 + what.count + KEYS_SEAL_BYTES);
    sodium_memzero(plain, sizeof(plain));
}

static struct keystored_change change_of(struct keystored_name name) {
    struct keystored_change change = {
        .entry = {.owner = name.owner, .name_count = (uint8_t)name.name.count}};
    memcpy(change.entry.name, name.name.data, name.name.count);
    return change;
}

enum wire_status keystored_may_make(const struct keystored *keystored, struct keystored_name name) {
    const struct keystored_entry *found = 0;
    return look_for_place(keystored, name, KEYS_PAIR, &found);
}

enum wire_status keystored_may_keep(const struct keystored *keystored, struct keystored_name name,
                                    struct wire_bytes secret) {
    const struct keystored_entry *found = 0;
    if (secret.count == 0 || secret.count > KEYS_SECRET_BYTES_MAX) {
        return secret.count == 0 ? WIRE_MALFORMED : WIRE_TOO_LARGE;
    }
    return look_for_place(keystored, name, KEYS_SECRET, &found);
}

enum wire_status keystored_make(const struct keystored *keystored, struct keystored_name name,
                                const uint8_t *random, struct keystored_change *change,
                                uint8_t *public_key) {
    const struct keystored_entry *found = 0;
    enum wire_status status = look_for_place(keystored, name, KEYS_PAIR, &found);
    if (status != WIRE_OK) {
        return status;
    }
    if (found) {
        *change = (struct keystored_change){.none = true};
        return keystored_public_of(keystored, found, public_key);
    }
    *change = change_of(name);
    seal_entry(keystored, KEYS_PAIR, random + KEYSTORED_SEED_BYTES,
               (struct wire_bytes){random, KEYSTORED_SEED_BYTES}, &change->entry);
    return keystored_public_of(keystored, &change->entry, public_key);
}

enum wire_status keystored_keep(const struct keystored *keystored, struct keystored_name name,
                                struct wire_bytes secret, const uint8_t *salt,
                                struct keystored_change *change) {
    enum wire_status status = keystored_may_keep(keystored, name, secret);
    if (status != WIRE_OK) {
        return status;
    }
    *change = change_of(name);
    change->entry.uses = keystored_uses(keystored, name);
    seal_entry(keystored, KEYS_SECRET, salt, secret, &change->entry);
    return WIRE_OK;
}

enum wire_status keystored_erase(const struct keystored *keystored, struct keystored_name name,
                                 struct keystored_change *change) {
    enum wire_status status = keystored_look(keystored, name.name);
    if (status != WIRE_OK) {
        return status;
    }
    if (!keystored_find(keystored, name)) {
        return WIRE_ABSENT;
    }
    *change = change_of(name);
    change->erase = true;
    return WIRE_OK;
}

void keystored_done(struct keystored *keystored, const struct keystored_change *change) {
    const struct keystored_name name = {change->entry.owner,
                                        {change->entry.name, change->entry.name_count}};
    struct keystored_entry *entry = change->none ? 0 : place_of(keystored, name);
    if (!entry) {
        return;
    }
    if (change->erase) {
        keystored->flawed -= entry->kind == 0 && entry->name_count != 0;
        sodium_memzero(entry, sizeof(*entry));
    } else {
        *entry = change->entry;
    }
}
