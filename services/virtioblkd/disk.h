// services/virtioblkd/disk.h: a virtio block device with several requests out at a time. Knows no
// system calls and no clients: data is copied into the arena before the device sees it, and out of
// it afterwards, for the device touches nothing else.
// Reference:  Virtual I/O Device (VIRTIO) 1.2, section 5.2, "Block Device".
// Units:      sectors of facts.sector_bytes; bytes.
// Ownership:  the arena's memory is the driver's while the device has a driver; request numbers are
//             the disk's, from disk_start until disk_release.
// Blocking:   never, but for the reset in disk_begin (virtio_begin).
// Errors:     enum disk_result of disk_begin; a device that breaks the rules later is `broken`
//             until disk_begin.
#pragma once

#include "ipc/block_item.h"
#include "services/virtio/transport.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    DISK_DEPTH = BLOCK_ITEMS_MAX,  // Requests out.
    DISK_PAGE_BYTES = 4096,
    DISK_OWN_PAGES = 2,  // Of the arena: the queue, and the requests' headers and statuses.
    DISK_DATA_PAGES_MAX = 64,
    DISK_REQUEST_PAGES_MAX = BLOCK_ITEM_BYTES_MAX / DISK_PAGE_BYTES,
    DISK_QUEUE_SIZE = 128,  // Three descriptors a request: header, data, status.
};
BASE_STATIC_ASSERT(3 * DISK_DEPTH <= DISK_QUEUE_SIZE, "the queue is never full");

enum disk_result {
    DISK_OK,
    DISK_NO_DEVICE,    // `refusal` says why; a device without FLUSH too, for without it nothing
                       // says when a write is durable (section 5.2.6.2).
    DISK_SMALL_ARENA,  // Too few pages for the largest request.
    DISK_BAD_CONFIG,   // Sectors that are none, or segments too small.
    DISK_RESULT_COUNT
};

const char *disk_result_text(enum disk_result result);

// What a driver is given: where registers and arena are, and the arena as the device sees it.
struct disk_place {
    uint64_t window;
    uint8_t *arena;
    uint64_t physical;
    uint32_t pages;
};

struct disk_facts {
    uint64_t sectors;
    uint32_t sector_bytes;
    bool read_only;
};

struct disk_request {
    uint32_t bytes;  // Of data; 0 of a flush.
    uint16_t chain;
    uint8_t page;  // The first, among the data pages.
    uint8_t op;
};

struct disk {
    struct disk_place place;
    struct disk_facts facts;
    struct virtio_device device;
    struct virtqueue queue;
    enum virtio_result refusal;
    uint64_t pages_free;  // Bit i: data page i.
    uint32_t free;        // Bit i: request i.
    uint32_t out;         // Requests that the device has.
    bool broken;
    struct disk_request requests[DISK_DEPTH];
    uint8_t request_of[DISK_QUEUE_SIZE];  // By the chain's name.
};

// What a finished request came to. `data`: of a read that is BLOCK_OK, until disk_release.
struct disk_done {
    uint32_t number;
    enum block_result result;
    const uint8_t *data;
};

// Resets the device, agrees with it, and begins with no request out: those that were are gone. Also
// the way on after a device that is broken or does not answer.
WARN_UNUSED enum disk_result disk_begin(struct disk *disk, const struct disk_place *place);

// Gives the device the item, which is valid for the disk (disk_check): of a write `data` is copied.
// False: there is no room now, and nothing changed.
WARN_UNUSED bool disk_start(struct disk *disk, const struct block_item *item, const uint8_t *data,
                            uint32_t *number);

// After one or more disk_start: tells the device, if it wants to know. True: it was told.
bool disk_tell(struct disk *disk);

// A request that has come back; false: none has, or the disk is broken.
WARN_UNUSED bool disk_take(struct disk *disk, struct disk_done *done);

void disk_release(struct disk *disk, uint32_t number);

// The device interrupts when `count` more requests are back, 1 to those that are out. False: there
// is something to take now, or the disk is broken.
WARN_UNUSED bool disk_wait_for(struct disk *disk, uint32_t count);

// Whether the item can be done on this disk, with a window of so many bytes: BLOCK_OK, or why not.
WARN_UNUSED enum block_result disk_check(const struct disk_facts *facts,
                                         const struct block_item *item, uint64_t window_bytes);

#ifdef __cplusplus
}
#endif
