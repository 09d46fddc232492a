// services/statefsd/window_disk.h: the disk of virtioblkd as the journal sees it.
//
// Writes are collected in the window and go out with the flush behind them: a commit is one call.
// Reads fetch more than they are asked for, for a mount reads a region from end to end.
// Units:     sectors of DISK_SECTOR_BYTES; nanoseconds since boot.
// Ownership: the caller owns both structs; the struct disk made points to this one.
// Blocking:  each call at most BLOCK_PATIENCE_NS, four times that if the service is started anew.
// Errors:    DISK_LOST if virtioblkd or its device cannot say that everything is durable; it is
//            right to write it again. DISK_FAILED if it cannot be reached.
#pragma once

#include "ipc/block_client.h"
#include "services/statefsd/disk.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    WINDOW_DISK_PLACES = 8,  // For items; the last is the flush, and has no place in the window.
    WINDOW_DISK_PLACE_BYTES = DISK_TRANSFER_SECTORS_MAX * DISK_SECTOR_BYTES,
    WINDOW_DISK_AHEAD_SECTORS = 128,  // In one read.
    WINDOW_DISK_AHEAD_AT = (WINDOW_DISK_PLACES - 1) * WINDOW_DISK_PLACE_BYTES,
    WINDOW_DISK_BYTES = WINDOW_DISK_AHEAD_AT + WINDOW_DISK_AHEAD_SECTORS * DISK_SECTOR_BYTES,
};

struct window_disk {
    struct block_client *client;
    struct block_item items[WINDOW_DISK_PLACES];
    uint32_t count;
    uint64_t ahead_first;  // What stands at WINDOW_DISK_AHEAD_AT: these sectors,
    uint32_t ahead_count;  // until one is written.
    bool lost;             // Since the last flush, without one having said so.
};

// Opens the window. Not BLOCK_OK: `disk` is untouched; BLOCK_BAD_ITEM: its sectors have another
// size, or it cannot be written.
WARN_UNUSED enum block_result window_disk_open(struct window_disk *state,
                                               struct block_client *client, struct disk *disk);

#ifdef __cplusplus
}
#endif
