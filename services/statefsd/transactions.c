// services/statefsd/transactions.c: see transactions.h.
#include "services/statefsd/transactions.h"

#include <string.h>

void state_transactions_init(struct state_transactions *all, uint32_t start) {
    memset(all, 0, sizeof(*all));
    all->last = (uint64_t)start << 32;
}

static struct state_transaction *find(struct state_transactions *all, struct state_caller from,
                                      uint64_t number) {
    for (uint32_t i = 0; i < STATE_TRANSACTIONS_MAX; i++) {
        struct state_transaction *place = &all->places[i];
        if (place->number == number && number != 0 && place->from.id == from.id &&
            place->from.instance == from.instance) {
            return place;
        }
    }
    return 0;
}

// The sender's own, whichever instance began it; else a free one, or one that is too old.
static struct state_transaction *place_for(struct state_transactions *all, struct state_caller from,
                                           uint64_t now_ns) {
    struct state_transaction *found = 0;
    for (uint32_t i = 0; i < STATE_TRANSACTIONS_MAX; i++) {
        struct state_transaction *place = &all->places[i];
        if (place->number != 0 && place->from.id == from.id) {
            return place;
        }
        const bool expired = now_ns - place->since_ns > STATE_TRANSACTION_NS;
        if (place->number == 0 || (expired && !found)) {
            found = place;
        }
    }
    return found;
}

enum state_status state_transaction_begin(struct state_transactions *all, struct state_caller from,
                                          uint64_t now_ns, uint64_t *number) {
    struct state_transaction *place = place_for(all, from, now_ns);
    if (!place) {
        return STATE_NO_ROOM;
    }
    all->last++;
    place->number = all->last;
    place->from = from;
    place->since_ns = now_ns;
    place->count = 0;
    *number = place->number;
    return STATE_OK;
}

static struct state_kept *change_of(struct state_transaction *place, struct wire_bytes key) {
    for (uint32_t i = 0; i < place->count; i++) {
        struct state_kept *kept = &place->changes[i];
        if (kept->key_count == key.count && memcmp(kept->key, key.data, key.count) == 0) {
            return kept;
        }
    }
    return place->count < STATE_CHANGES_MAX ? &place->changes[place->count++] : 0;
}

enum state_status state_transaction_add(struct state_transactions *all, struct state_caller from,
                                        uint64_t number, const struct state_change *change) {
    struct state_transaction *place = find(all, from, number);
    if (!place) {
        return STATE_ABSENT;
    }
    if (change->key.count == 0) {
        return STATE_BAD_KEY;
    }
    if (change->key.count > STATE_KEY_BYTES_MAX || change->value.count > STATE_VALUE_BYTES_MAX) {
        return STATE_TOO_LARGE;
    }
    struct state_kept *kept = change_of(place, change->key);
    if (!kept) {
        return STATE_NO_ROOM;
    }
    kept->erase = change->erase;
    kept->key_count = (uint8_t)change->key.count;
    kept->value_count = change->erase ? 0 : (uint16_t)change->value.count;
    memcpy(kept->key, change->key.data, change->key.count);
    if (kept->value_count > 0) {
        memcpy(kept->value, change->value.data, kept->value_count);
    }
    return STATE_OK;
}

enum state_status state_transaction_end(struct state_transactions *all, struct state_caller from,
                                        uint64_t number, struct state_change *changes,
                                        uint32_t *count) {
    struct state_transaction *place = find(all, from, number);
    if (!place) {
        return STATE_ABSENT;
    }
    for (uint32_t i = 0; i < place->count; i++) {
        const struct state_kept *kept = &place->changes[i];
        changes[i] =
            (struct state_change){.erase = kept->erase,
                                  .key = {.data = kept->key, .count = kept->key_count},
                                  .value = {.data = kept->value, .count = kept->value_count}};
    }
    *count = place->count;
    place->number = 0;
    return STATE_OK;
}
