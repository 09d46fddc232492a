// ipc/bulk_views.h: the windows that a service has mapped for its clients: a bounded cache. A
// client opens a channel once and names it in later requests; a channel that was evicted is gone,
// and the client opens it again.
//
// A channel belongs to the instance that opened it, as the kernel names it: no other reaches it.
// Each instance has at most BULK_CHANNELS_EACH, its oldest makes room; when all places are taken
// the least recently used of all goes.
// Units:     sizes in bytes; channels are numbered from 1 and never reused.
// Ownership: the caller owns the struct; it owns the views in it.
// Blocking:  never; each function looks at every place once.
// Errors:    enum bulk_error.
#pragma once

#include "ipc/bulk_window.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    BULK_CHANNEL_MAX = 8,
    BULK_CHANNELS_EACH = 2,
};

struct bulk_channel {
    uint32_t number;  // 0: the place is free.
    uint32_t owner;   // Instance.
    uint64_t used;    // When, by the cache's own count.
    struct bulk_view view;
};

struct bulk_views {
    struct bulk_channel channels[BULK_CHANNEL_MAX];
    uint32_t last_number;
    uint64_t now;
    uint64_t evicted;
};

void bulk_views_init(struct bulk_views *views);

// Takes what `owner` has sent as a new channel, *number. On an error the capability is closed and
// nothing else changes.
WARN_UNUSED enum bulk_error bulk_views_open(struct bulk_views *views, uint32_t owner,
                                            struct slot vmo, uint64_t size_max, uint32_t *number);

// Null: not there, or of another.
WARN_UNUSED const struct bulk_view *bulk_views_find(struct bulk_views *views, uint32_t owner,
                                                    uint32_t number);

void bulk_views_release(struct bulk_views *views);

#ifdef __cplusplus
}
#endif
