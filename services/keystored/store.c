// services/keystored/store.c: where keystored's records are: in statefsd, under its own identity.
// Random bytes come from rngd.
#include <sodium/utils.h>
#include <string.h>

#include "images/markers.h"
#include "ipc/plant.h"
#include "ipc/wire/entropy_wire.h"
#include "ipc/wire/state_wire.h"
#include "services/keystored/state.h"

#define EARLY_NS UINT64_C(20000)  // Of the planted bug: it sends, and goes on.

enum {
    PLACES_MAX = KEYSTORED_ENTRIES_MAX + 1,  // With the root.
    PAGES_MAX = 8,                           // Of a list.
};

struct places {
    uint32_t count;
    struct {
        uint8_t count;
        uint8_t bytes[STATE_KEY_BYTES_MAX];
    } place[PLACES_MAX];
};

// All questions of a request have one deadline, which begins with the first.
static struct ipc_question question_of(struct keystored_service *service, const char *name,
                                       const struct wire_protocol_rows *protocol) {
    if (service->until_ns == 0) {
        service->until_ns = sys_clock_get() + STORE_PATIENCE_NS;
    }
    return (struct ipc_question){.target = service_id_named(name),
                                 .protocol = protocol,
                                 .deadline = {.ns = service->until_ns},
                                 .carried = slot_at(CAP_SLOT_NONE)};
}

static bool ask_state(struct keystored_service *service, enum state_op op,
                      struct state_message *message) {
    const struct ipc_question question = question_of(service, "statefsd", &state_rows);
    message->header.op = (uint8_t)op;
    return ipc_ask(&service->client, &question, message).error == IPC_OK;
}

// The pool is refilled whole; what is left of it is wiped first.
static bool refill(struct keystored_service *service) {
    struct entropy_message message = {.header = {.op = ENTROPY_OP_BYTES}, .count = RANDOM_BYTES};
    const struct ipc_question question = question_of(service, "rngd", &entropy_rows);
    sodium_memzero(service->random, sizeof(service->random));
    service->random_left = 0;
    if (ipc_ask(&service->client, &question, &message).error != IPC_OK ||
        message.header.status != WIRE_OK || message.bytes.count != RANDOM_BYTES) {
        return false;
    }
    memcpy(service->random, message.bytes.data, RANDOM_BYTES);
    service->random_left = RANDOM_BYTES;
    service->dirty = true;
    return true;
}

bool store_random(struct keystored_service *service, uint8_t *out, uint32_t count) {
    if (count > RANDOM_BYTES || (service->random_left < count && !refill(service))) {
        return false;
    }
    service->random_left -= count;
    memcpy(out, service->random + service->random_left, count);
    sodium_memzero(service->random + service->random_left, count);
    return true;
}

static enum wire_status put(struct keystored_service *service, struct wire_bytes place,
                            struct wire_bytes value) {
    struct state_message message = {.key = place, .value = value};
    return ask_state(service, STATE_OP_PUT, &message) ? (enum wire_status)message.header.status
                                                      : WIRE_UNAVAILABLE;
}

enum wire_status store_change(struct keystored_service *service,
                              const struct keystored_change *change) {
    if (change->none || (change->erase && plant_fires(PLANT_KEYS_ERASE_LATER))) {
        return WIRE_OK;
    }
    uint8_t place[KEYSTORED_PLACE_BYTES_MAX];
    const struct wire_bytes key = {place, keystored_place(&change->entry, place)};
    enum wire_status status = WIRE_UNAVAILABLE;
    const bool early = plant_fires(PLANT_KEYS_EARLY);
    if (early) {
        service->until_ns = sys_clock_get() + EARLY_NS;
    }
    if (change->erase) {
        struct state_message message = {.key = key};
        if (ask_state(service, STATE_OP_DELETE, &message)) {
            // What an earlier try has erased already is gone, as it should be.
            status = message.header.status == WIRE_ABSENT ? WIRE_OK
                                                          : (enum wire_status)message.header.status;
        }
    } else {
        status = put(service, key,
                     (struct wire_bytes){change->entry.sealed, change->entry.sealed_count});
    }
    if (early) {
        return WIRE_OK;
    }
    service->stale |= status != WIRE_OK && status != WIRE_OVERLOAD;
    return status;
}

// One page of what is there; its last place becomes the cursor.
static bool take_page(struct keystored_service *service, struct places *places, bool *more) {
    struct state_message message = {.transaction = 0};
    if (places->count > 0) {
        message.key = (struct wire_bytes){places->place[places->count - 1].bytes,
                                          places->place[places->count - 1].count};
    }
    if (!ask_state(service, STATE_OP_LIST, &message) || message.header.status != WIRE_OK) {
        return false;
    }
    *more = message.more != 0;
    struct wire_reader reader = wire_reader_of(message.items.data, message.items.count);
    while (reader.left > 0) {
        struct state_item item;
        if (!state_item_get(&reader, &item) || item.key.count > STATE_KEY_BYTES_MAX ||
            places->count == PLACES_MAX) {
            return false;
        }
        places->place[places->count].count = (uint8_t)item.key.count;
        memcpy(places->place[places->count].bytes, item.key.data, item.key.count);
        places->count++;
    }
    return true;
}

static bool is_root(struct wire_bytes place) {
    return place.count == sizeof(KEYSTORED_ROOT_PLACE) - 1 &&
           memcmp(place.data, KEYSTORED_ROOT_PLACE, place.count) == 0;
}

static struct wire_bytes place_at(const struct places *places, uint32_t index) {
    return (struct wire_bytes){places->place[index].bytes, places->place[index].count};
}

static bool list(struct keystored_service *service, struct places *places) {
    bool more = true;
    *places = (struct places){.count = 0};
    if (plant_fires(PLANT_KEYS_SHORT_LIST)) {
        return true;
    }
    // Each a question of its own.
    for (uint32_t page = 0; page < PAGES_MAX && more; page++) {
        if (!take_page(service, places, &more)) {
            return false;
        }
    }
    return !more;
}

static bool make_root(struct keystored_service *service) {
    uint8_t random[KEYSTORED_ROOT_RANDOM];
    uint8_t sealed[KEYSTORED_ROOT_BYTES];
    if (!store_random(service, random, sizeof(random))) {
        return false;
    }
    // Said first: of a put whose answer is lost the next start would know nothing.
    marker_text(service->server.runtime, MARKER_KEYSTORED_NEW_IDENTITY);
    audit_new_identity(service);
    keystored_root_make(service->secret, random, sealed);
    sodium_memzero(random, sizeof(random));
    static const uint8_t place[] = KEYSTORED_ROOT_PLACE;
    if (put(service, (struct wire_bytes){place, sizeof(place) - 1},
            (struct wire_bytes){sealed, sizeof(sealed)}) != WIRE_OK) {
        return false;
    }
    return keystored_root_open(&service->keystored, service->secret,
                               (struct wire_bytes){sealed, sizeof(sealed)});
}

// One record. That it opens is not needed for true.
static bool take_one(struct keystored_service *service, struct wire_bytes place) {
    struct state_message message = {.key = place};
    if (!ask_state(service, STATE_OP_GET, &message) || message.header.status != WIRE_OK) {
        return false;
    }
    if (!is_root(place)) {
        (void)keystored_take(&service->fresh, place, message.value);
    } else if (service->fresh.state != KEYS_READY &&
               !keystored_root_open(&service->fresh, service->secret, message.value)) {
        log_line(service->server.runtime,
                 "keystored: another device secret, or the identity was changed");
    }
    return true;
}

bool store_load(struct keystored_service *service) {
    struct places places;
    if (!list(service, &places)) {
        return false;
    }
    // A root is made where there is nothing: never over records that belong to another.
    if (places.count == 0 && service->keystored.state != KEYS_READY && !make_root(service)) {
        return false;
    }
    keystored_renew(&service->keystored, &service->fresh);
    // Of each place a question of its own.
    for (uint32_t round = 0; round < 2; round++) {  // The root first: it opens the others.
        // Each a question of its own.
        for (uint32_t i = 0; i < places.count; i++) {
            const struct wire_bytes place = place_at(&places, i);
            if (is_root(place) == (round == 0) && !take_one(service, place)) {
                return false;  // What was known is known on, and stale.
            }
        }
    }
    keystored_replace(&service->keystored, &service->fresh);
    service->stale = false;
    return true;
}

void store_begin(struct keystored_service *service) {
    service->until_ns = 0;
}

bool store_is_fresh(struct keystored_service *service) {
    store_begin(service);
    return !service->stale || store_load(service);
}
