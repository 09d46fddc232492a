// ipc/bulk_memory.h: what both kinds of bulk do with a capability to memory.
// Ownership, errors: as in bulk_window.h, which uses it.
#pragma once

#include "ipc/bulk_window.h"
#include "kernel/abi/message.h"

#ifdef __cplusplus
extern "C" {
#endif

struct bulk_memory {
    const uint8_t *bytes;
    uint64_t size;
};

// Maps all of it to be read, after it was checked: memory, with the right to read, not over
// size_max, and sealed or not as VMO_QUERY_SEALED in `seal` says. On an error `vmo` is closed.
WARN_UNUSED enum bulk_error bulk_memory_map(struct bulk_memory *out, struct slot vmo,
                                            uint64_t size_max, uint64_t seal);

WARN_UNUSED enum bulk_error bulk_error_of(enum status status);

// Unmaps and closes; does nothing for CAP_SLOT_NONE.
void bulk_close(struct slot vmo, const void *bytes);

#ifdef __cplusplus
}
#endif
