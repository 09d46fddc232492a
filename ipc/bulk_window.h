// ipc/bulk_window.h: bulk that goes through memory that sender and receiver share for the life of a
// channel. The first transfer makes, shares and maps it; later ones map and copy nothing: a request
// names a range, and costs the same however long that is.
//
// What the receiver sees may change under it at any time. So a range is copied out of the request
// once and then checked; and what must be checked before it is used comes sealed (bulk_sealed.h) or
// is copied out first (bulk_view_copy). A range is the sender's word: nothing is believed of it.
// Units:     bytes; a window is whole pages.
// Ownership: a window or view owns its capability and its mapping. The receiver keeps the memory
//            when the sender dies.
// Blocking:  never; making and mapping may take long (runtime/syscall.h).
// Errors:    enum bulk_error.
#pragma once

#include "ipc/types.h"
#include "runtime/syscall.h"

#ifdef __cplusplus
extern "C" {
#endif

enum bulk_error {
    BULK_OK,
    BULK_REJECTED,  // It is not what it must be: no memory, no right, too large, not sealed.
    BULK_NO_ROOM,   // Memory, addresses or slots are used up.
};

// Part of a window, as a request names it.
struct bulk_range {
    uint64_t offset;
    uint64_t bytes;
};

// The sender's side: read and write.
struct bulk_window {
    struct slot vmo;
    uint8_t *bytes;
    uint64_t size;
};

// The receiver's side: read.
struct bulk_view {
    struct slot vmo;
    const uint8_t *bytes;
    uint64_t size;
};

// At least `size` bytes, zeroed. `factory` needs RIGHT_MAKE_VMO. On an error nothing is left
// behind.
WARN_UNUSED enum bulk_error bulk_window_create(struct bulk_window *window, struct slot factory,
                                               uint64_t size);

// A capability to send to the receiver (struct ipc_request, carried): to read only.
WARN_UNUSED enum bulk_error bulk_window_share(const struct bulk_window *window, struct slot *out);

// The same for a receiver that writes there too (bulk_fill_open).
WARN_UNUSED enum bulk_error bulk_window_lend(const struct bulk_window *window, struct slot *out);

void bulk_window_close(struct bulk_window *window);

// Takes what a sender has sent, and maps it. `vmo` is the view's from now on; on an error it is
// closed. BULK_REJECTED: larger than size_max, sealed, or no memory at all.
WARN_UNUSED enum bulk_error bulk_view_open(struct bulk_view *view, struct slot vmo,
                                           uint64_t size_max);

// Where a range lies, or null when it is not all inside.
WARN_UNUSED const uint8_t *bulk_view_at(const struct bulk_view *view, struct bulk_range range);

// Copies a range to where nobody changes it. False: not all inside.
WARN_UNUSED bool bulk_view_copy(const struct bulk_view *view, struct bulk_range range, void *to);

void bulk_view_close(struct bulk_view *view);

WARN_UNUSED static inline bool bulk_range_is_within(struct bulk_range range, uint64_t size) {
    return range.offset <= size && range.bytes <= size - range.offset;
}

#ifdef __cplusplus
}
#endif
