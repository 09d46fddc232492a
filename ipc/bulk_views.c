// ipc/bulk_views.c: see bulk_views.h.
#include "ipc/bulk_views.h"

void bulk_views_init(struct bulk_views *views) {
    *views = (struct bulk_views){.now = 0};
}

static void close_channel(struct bulk_channel *channel) {
    bulk_view_close(&channel->view);
    channel->number = 0;
}

// The least recently used place of `owner`, if it has as many as it may; else a free one, else the
// least recently used of all.
static struct bulk_channel *place_for(struct bulk_views *views, uint32_t owner) {
    struct bulk_channel *free = 0;
    struct bulk_channel *own = 0;
    struct bulk_channel *oldest = &views->channels[0];
    uint32_t own_count = 0;
    for (uint32_t i = 0; i < BULK_CHANNEL_MAX; i++) {
        struct bulk_channel *one = &views->channels[i];
        if (one->number == 0) {
            free = one;
            continue;
        }
        oldest = oldest->number == 0 || one->used < oldest->used ? one : oldest;
        if (one->owner == owner) {
            own_count++;
            own = !own || one->used < own->used ? one : own;
        }
    }
    if (own_count >= BULK_CHANNELS_EACH) {
        return own;
    }
    return free ? free : oldest;
}

enum bulk_error bulk_views_open(struct bulk_views *views, uint32_t owner, struct slot vmo,
                                uint64_t size_max, uint32_t *number) {
    struct bulk_view view;
    enum bulk_error error = bulk_view_open(&view, vmo, size_max);
    if (error != BULK_OK) {
        return error;
    }
    struct bulk_channel *place = place_for(views, owner);
    if (place->number != 0) {
        close_channel(place);
        views->evicted++;
    }
    views->now++;
    views->last_number++;
    *place = (struct bulk_channel){
        .number = views->last_number, .owner = owner, .used = views->now, .view = view};
    *number = views->last_number;
    return BULK_OK;
}

const struct bulk_view *bulk_views_find(struct bulk_views *views, uint32_t owner, uint32_t number) {
    for (uint32_t i = 0; i < BULK_CHANNEL_MAX; i++) {
        struct bulk_channel *one = &views->channels[i];
        if (number != 0 && one->number == number && one->owner == owner) {
            views->now++;
            one->used = views->now;
            return &one->view;
        }
    }
    return 0;
}

void bulk_views_release(struct bulk_views *views) {
    for (uint32_t i = 0; i < BULK_CHANNEL_MAX; i++) {
        if (views->channels[i].number != 0) {
            close_channel(&views->channels[i]);
        }
    }
}
