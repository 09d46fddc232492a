// ipc/bulk_sealed.h: bulk that nobody can change any more: what a receiver must check before it
// uses it, a signature, an ELF file, a policy, comes only so. The sender fills a window, seals it,
// and sends it once.
//
// A view of a window is no sealed bulk: another type, opened by another function, and the kernel is
// asked which it is.
// Units:     bytes.
// Ownership: bulk_seal takes the window; sealed bulk owns its capability and its mapping.
// Blocking:  never; mapping may take long.
// Errors:    enum bulk_error; BULK_REJECTED of what is not sealed.
#pragma once

#include "ipc/bulk_window.h"

#ifdef __cplusplus
extern "C" {
#endif

struct bulk_sealed {
    struct slot vmo;
    const uint8_t *bytes;
    uint64_t size;
};

// The window is closed, whatever comes of it. BULK_OK: *out is a capability to send, to read only.
WARN_UNUSED enum bulk_error bulk_seal(struct bulk_window *window, struct slot *out);

// Takes what a sender has sent, checks that it is sealed, and maps it. `vmo` is the bulk's from now
// on; on an error it is closed.
WARN_UNUSED enum bulk_error bulk_sealed_open(struct bulk_sealed *bulk, struct slot vmo,
                                             uint64_t size_max);

// Where a range lies, or null when it is not all inside. What is read there stays as it is.
WARN_UNUSED const uint8_t *bulk_sealed_at(const struct bulk_sealed *bulk, struct bulk_range range);

void bulk_sealed_close(struct bulk_sealed *bulk);

#ifdef __cplusplus
}
#endif
