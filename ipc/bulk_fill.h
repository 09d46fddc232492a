// ipc/bulk_fill.h: bulk that a service answers with, in memory that its reader brings: the reader
// pays for it, so no reader can use up what the service may hold. The service fills it and seals
// it; after that the reader opens it as sealed bulk (bulk_sealed.h), and may hand it on. Or it
// keeps it for the life of a channel and lets go of it: a window that both write
// (bulk_window_lend).
//
// Whose memory it is does not matter to the service: it only writes there, and believes nothing
// that it reads.
// Units:     bytes; memory is whole pages.
// Ownership: as said at each function.
// Blocking:  never; making and mapping may take long (runtime/syscall.h).
// Errors:    enum bulk_error. BULK_REJECTED: not memory, without the right to read and write,
//            sealed, too large, or mapped by somebody to be written.
#pragma once

#include "ipc/bulk_window.h"

#ifdef __cplusplus
extern "C" {
#endif

// The reader's side: memory that nobody has mapped. `own` stays with the reader, for
// bulk_sealed_open once it is filled; `sent` goes with the request. On an error there is neither.
struct bulk_blank {
    struct slot own;
    struct slot sent;
};

// At least `size` bytes. `factory` needs RIGHT_MAKE_VMO.
WARN_UNUSED enum bulk_error bulk_blank_create(struct bulk_blank *blank, struct slot factory,
                                              uint64_t size);

// The service's side: read and write.
struct bulk_fill {
    struct slot vmo;
    uint8_t *bytes;
    uint64_t size;
};

// Takes what a reader has sent, and maps it. `vmo` is the fill's from now on; on an error it is
// closed.
WARN_UNUSED enum bulk_error bulk_fill_open(struct bulk_fill *fill, struct slot vmo,
                                           uint64_t size_max);

// Lets go of it as it is.
void bulk_fill_close(struct bulk_fill *fill);

// Nobody can change it any more. The fill is closed, whatever comes of it.
WARN_UNUSED enum bulk_error bulk_fill_seal(struct bulk_fill *fill);

#ifdef __cplusplus
}
#endif
