// services/virtioblkd/channels.h: the windows of callers: one for each, mapped to be read and
// written, from OPEN until the caller opens another or its place is needed.
//
// A channel belongs to the instance that opened it, as the kernel names it: no other reaches it. Of
// a service that init starts there is one instance at a time, so what an earlier one left is let go
// when the next opens, and what an earlier one sent before it ended opens nothing while the next
// has a window: later instances have higher numbers. Programs of execd may run several times.
// When all places are taken the least recently used one goes, but none through which something is
// under way.
// Units:     bytes; channels are numbered from 1 and never reused.
// Ownership: the caller owns the struct; it owns the windows in it.
// Blocking:  never; each function looks at every place once.
// Errors:    null, or enum wire_status.
#pragma once

#include "ipc/bulk_fill.h"
#include "ipc/wire/wire.h"
#include "services/virtioblkd/virtioblkd.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { CHANNEL_MAX = VIRTIOBLKD_SUBMISSIONS };

struct channel_owner {
    uint64_t service_id;
    uint32_t instance;
};

struct channel {
    uint32_t number;  // 0: the place is free.
    struct channel_owner owner;
    uint64_t used;  // When, by the struct's own count.
    struct bulk_fill window;
};

struct channels {
    struct channel places[CHANNEL_MAX];
    uint32_t last_number;
    uint64_t now;
};

// Takes what `owner` has sent as a new channel; its earlier one, and one of an earlier instance of
// its service, is let go. WIRE_DENIED: a later instance of the service has one, and nothing has
// changed; WIRE_MALFORMED: it is no such window; WIRE_OVERLOAD: something is under way through
// every place, or there is no memory to map it. After an error `vmo` is closed; after the last two
// the caller's earlier channel is gone all the same.
WARN_UNUSED enum wire_status channels_open(struct channels *channels, struct virtioblkd *blk,
                                           struct channel_owner owner, struct slot vmo,
                                           uint32_t *number);

// Null: not there, or of another.
WARN_UNUSED const struct channel *channels_find(struct channels *channels, uint32_t instance,
                                                uint32_t number);

#ifdef __cplusplus
}
#endif
