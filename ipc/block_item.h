// ipc/block_item.h: what a SUBMIT of the protocol "block" carries: items, and a result for each.
//
// All items of a SUBMIT are checked before any is begun: if one is refused none is begun, and the
// others are NOT_DONE. Then they are done in any order, several at a time, but for a FLUSH: it
// begins when all items before it are over, and those behind it begin when it is over. If an item
// fails, neither the next FLUSH nor anything behind it is begun. So what stands behind a FLUSH is
// on the disk only if all before it is, and stays there when the power goes. (block_client gives a
// service that was started anew all of a SUBMIT again: a power cut then may tear what was durable.)
//
// A device that was reset, or a service that was started anew, may have lost what was acknowledged
// and not flushed. So a SUBMIT says in which epoch that was, and if it holds a FLUSH and the epoch
// has passed, all of it is refused as LOST: no FLUSH is OK over a write that is gone.
// Units:     sectors of the disk's own size; an offset is bytes, in the window.
// Ownership: plain values.
// Errors:    block_item_get is false of what is not whole.
#pragma once

#include "ipc/wire/wire.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    BLOCK_ITEMS_MAX = 32,  // In a SUBMIT, and out with the device.
    BLOCK_ITEM_WIRE_BYTES = 15,
    BLOCK_ITEM_BYTES_MAX = 65536,  // Of data, in an item.
    BLOCK_WINDOW_BYTES_MAX = BLOCK_ITEMS_MAX * BLOCK_ITEM_BYTES_MAX,
    BLOCK_SECTOR_BYTES_MIN = 512,
    BLOCK_SECTOR_BYTES_MAX = 4096,
};

enum block_action {
    BLOCK_READ = 1,
    BLOCK_WRITE = 2,
    BLOCK_FLUSH = 3,  // Sector, count and offset are 0.
};

// What became of an item, or of an operation of block_client.h.
enum block_result {
    BLOCK_OK = 0,
    // Nothing of it was done: the disk and the window are as before.
    BLOCK_NOT_DONE = 1,    // Another item was refused, or failed before it.
    BLOCK_BAD_ITEM = 2,    // Unknown, no sectors or too many, or a flush that names some.
    BLOCK_BAD_RANGE = 3,   // Not all on the disk.
    BLOCK_BAD_WINDOW = 4,  // Not all in the window.
    BLOCK_MISALIGNED = 5,  // The offset is no multiple of a sector.
    BLOCK_READ_ONLY = 6,   // A write, and the disk is read-only.
    // What was acknowledged since the last OK flush may be lost, and all of this was refused or,
    // with a service that was started anew meanwhile, may be done: write it all again.
    BLOCK_LOST = 7,
    // It is not known what was done. Of a write: each sector is as before or as written, whatever
    // is read there now. Of a flush: nothing since the last one is durable for sure. Of a read:
    // its part of the window holds anything.
    BLOCK_FAILED = 8,       // The device says that it failed.
    BLOCK_UNKNOWN = 9,      // The device did not answer in time and was reset.
    BLOCK_RESULT_WIRE_END,  // The rest the client alone says (block_client.h). Nothing was done:
    BLOCK_BUSY = 16,        // Too many are under way.
    BLOCK_NO_SERVICE = 17,  // There is none, policy denies it, or it refuses the window.
    BLOCK_NO_MEMORY = 18,   // For the window.
    BLOCK_CLOSED = 19,      // Not open, or not open again after CUT_OFF.
    // As BLOCK_UNKNOWN, and the service may still use the window:
    BLOCK_CUT_OFF = 20,  // No answer came before the deadline.
};

// The disk, and the window, are as if nobody had asked.
WARN_UNUSED static inline bool block_nothing_done(enum block_result result) {
    return result != BLOCK_OK && result != BLOCK_LOST && result != BLOCK_FAILED &&
           result != BLOCK_UNKNOWN && result != BLOCK_CUT_OFF;
}

struct block_item {
    uint64_t sector;
    uint32_t offset;
    uint16_t count;  // Sectors.
    uint8_t op;      // enum block_action; of another's: any value.
    uint8_t result;  // enum block_result; not sent with the item.
};

static inline void block_item_put(struct wire_writer *writer, const struct block_item *item) {
    wire_put_u8(writer, item->op);
    wire_put_u16(writer, item->count);
    wire_put_u32(writer, item->offset);
    wire_put_u64(writer, item->sector);
}

WARN_UNUSED static inline bool block_item_get(struct wire_reader *reader, struct block_item *item) {
    item->op = wire_get_u8(reader);
    item->count = wire_get_u16(reader);
    item->offset = wire_get_u32(reader);
    item->sector = wire_get_u64(reader);
    item->result = BLOCK_NOT_DONE;
    return !reader->failed;
}

#ifdef __cplusplus
}
#endif
