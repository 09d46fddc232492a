// ipc/block_client.h: a disk by the name of its service (virtioblkd), through a window of memory
// that both share: data never travels in a message.
//
// A program fills the window and writes from there, or reads into it. block_run takes up to
// BLOCK_ITEMS_MAX reads, writes and flushes at once, which are done together and cost one call;
// a flush among them is a barrier (block_item.h says how, and what each result means). The others
// are one operation each.
//
// An OK write is seen by every later read. It is durable after an OK flush: of all that was
// acknowledged before it. A flush is LOST instead if the device was reset or the service started
// anew since a write was acknowledged; then what was written since the last OK flush must be
// written again, for it may be there, in part, or not at all.
//
// The service may be started anew at any time: the client opens its window there, and the operation
// is done again, which does no harm, for nobody else changes the window meanwhile.
// Units:     sectors of disk.sector_bytes; offsets are bytes in the window; nanoseconds since boot.
// Ownership: the caller owns the struct, and lives with one such client a task: the service keeps
//            one window for each caller. The window is the client's to write only while no
//            operation is under way, and after CUT_OFF not before block_open.
// Blocking:  until the answer, at most until the deadline. A request that the device does not
//            answer within 10 to 15 s resets it, and everything that was out is answered; so a
//            deadline BLOCK_PATIENCE_NS from now is reached only when the device is as slow again
//            and again, or the service does not run.
// Errors:    enum block_result. After CUT_OFF everything is CLOSED until block_open.
#pragma once

#include "ipc/ask.h"
#include "ipc/block_item.h"
#include "ipc/bulk_window.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BLOCK_PATIENCE_NS UINT64_C(30000000000)

struct block_disk {
    uint64_t sectors;
    uint32_t sector_bytes;
    bool read_only;
};

struct block_client {
    struct ipc_client *ipc;
    struct service_id target;
    struct slot factory;  // For the window: RIGHT_MAKE_VMO.
    struct bulk_window window;
    struct block_disk disk;
    uint32_t channel;    // 0: closed.
    uint64_t unflushed;  // Epoch of the first write since the last flush; 0: there is none.
    uint64_t opened;     // How often: more than once is after a restart, or CUT_OFF.
};

// `target` is the service's name, as for ipc_ask; usually "virtioblkd".
void block_client_init(struct block_client *client, struct ipc_client *ipc,
                       struct service_id target, struct slot factory);

// Makes a window of at least `bytes`, at most BLOCK_WINDOW_BYTES_MAX, unless there is one already,
// and shows it to the service: BLOCK_OK, and `disk` and `window` are filled in. Also the way on
// after CUT_OFF: once it is OK, the service no longer uses the window for anything before.
// Errors: NO_SERVICE, NO_MEMORY, BAD_WINDOW (no bytes, or too many), BUSY, CUT_OFF.
WARN_UNUSED enum block_result block_open(struct block_client *client, uint64_t bytes,
                                         struct deadline deadline);

// `count` sectors from `sector` on, into the window at `offset`, which is a multiple of a sector.
// Any count that the window holds.
WARN_UNUSED enum block_result block_read(struct block_client *client, uint64_t sector,
                                         uint32_t count, uint32_t offset, struct deadline deadline);

// From the window. A result that is not OK and not block_nothing_done may have written any of them.
WARN_UNUSED enum block_result block_write(struct block_client *client, uint64_t sector,
                                          uint32_t count, uint32_t offset,
                                          struct deadline deadline);

WARN_UNUSED enum block_result block_flush(struct block_client *client, struct deadline deadline);

// Several at once: each item is at most BLOCK_ITEM_BYTES_MAX, and its result is put there. OK: all
// are. Otherwise the first result, in their order, of one that is neither OK nor NOT_DONE.
WARN_UNUSED enum block_result block_run(struct block_client *client, struct block_item *items,
                                        uint32_t count, struct deadline deadline);

// Lets go of the window. What is under way at the service is not waited for.
void block_close(struct block_client *client);

#ifdef __cplusplus
}
#endif
