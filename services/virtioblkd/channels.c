// services/virtioblkd/channels.c: see channels.h.
#include "services/virtioblkd/channels.h"

static void let_go(struct virtioblkd *blk, struct channel *one) {
    virtioblkd_let_go(blk, one->number);
    bulk_fill_close(&one->window);
    one->number = 0;
}

// The least recently used place that nothing is under way through; a free one first. Null: none.
static struct channel *place_for(struct channels *channels, const struct virtioblkd *blk) {
    struct channel *found = 0;
    for (uint32_t i = 0; i < CHANNEL_MAX; i++) {
        struct channel *one = &channels->places[i];
        if (one->number == 0) {
            return one;
        }
        if (!virtioblkd_uses(blk, one->number) && (!found || one->used < found->used)) {
            found = one;
        }
    }
    return found;
}

// Whether it was opened by that service, of which there is one instance at a time.
static bool is_same_service(const struct channel *one, struct channel_owner owner) {
    return one->number != 0 && one->owner.service_id == owner.service_id &&
           (owner.service_id >> 63) == 0;
}

// Of `owner`, or of an instance of that service that has ended.
static bool is_over(const struct channel *one, struct channel_owner owner) {
    return one->number != 0 &&
           (one->owner.instance == owner.instance || is_same_service(one, owner));
}

// What an instance sent before it ended may be served after what the next one sent.
static bool has_successor(const struct channels *channels, struct channel_owner owner) {
    for (uint32_t i = 0; i < CHANNEL_MAX; i++) {
        const struct channel *one = &channels->places[i];
        if (is_same_service(one, owner) && one->owner.instance > owner.instance) {
            return true;
        }
    }
    return false;
}

enum wire_status channels_open(struct channels *channels, struct virtioblkd *blk,
                               struct channel_owner owner, struct slot vmo, uint32_t *number) {
    if (has_successor(channels, owner)) {
        slot_release(vmo);
        return WIRE_DENIED;
    }
    for (uint32_t i = 0; i < CHANNEL_MAX; i++) {
        struct channel *one = &channels->places[i];
        if (is_over(one, owner)) {
            let_go(blk, one);
        }
    }
    struct channel *place = place_for(channels, blk);
    if (!place) {
        slot_release(vmo);
        return WIRE_OVERLOAD;
    }
    struct bulk_fill window;
    enum bulk_error error = bulk_fill_open(&window, vmo, BLOCK_WINDOW_BYTES_MAX);
    if (error != BULK_OK) {
        return error == BULK_NO_ROOM ? WIRE_OVERLOAD : WIRE_MALFORMED;
    }
    if (place->number != 0) {
        let_go(blk, place);
    }
    channels->last_number++;
    channels->now++;
    *place = (struct channel){
        .number = channels->last_number, .owner = owner, .used = channels->now, .window = window};
    *number = place->number;
    return WIRE_OK;
}

const struct channel *channels_find(struct channels *channels, uint32_t instance, uint32_t number) {
    for (uint32_t i = 0; i < CHANNEL_MAX; i++) {
        struct channel *one = &channels->places[i];
        if (number != 0 && one->number == number && one->owner.instance == instance) {
            channels->now++;
            one->used = channels->now;
            return one;
        }
    }
    return 0;
}
