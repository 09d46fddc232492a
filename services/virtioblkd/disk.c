// services/virtioblkd/disk.c: see disk.h.
#include "services/virtioblkd/disk.h"

#include <string.h>

#include "base/bits.h"
#include "base/checked.h"
#include "ipc/plant.h"
#include "kernel/abi/device.h"

// Section 5.2.3.
#define FEATURE_SIZE_MAX (UINT64_C(1) << 1)
#define FEATURE_RO (UINT64_C(1) << 5)
#define FEATURE_BLK_SIZE (UINT64_C(1) << 6)
#define FEATURE_FLUSH (UINT64_C(1) << 9)

enum {
    QUEUE = 0,  // Section 5.2.2.
    // Section 5.2.4.
    CONFIG_CAPACITY = 0,
    CONFIG_SIZE_MAX = 8,
    CONFIG_BLK_SIZE = 20,
    // Section 5.2.6.
    TYPE_IN = 0,
    TYPE_OUT = 1,
    TYPE_FLUSH = 4,
    STATUS_DONE = 0,
    STATUS_UNTOUCHED = 0xff,
    UNIT_BYTES = 512,  // Of capacity and sector, whatever the device's own sectors are.
};

// Section 5.2.6: what the device reads first.
struct request_header {
    uint32_t type;
    uint32_t reserved;
    uint64_t sector;
};
BASE_STATIC_ASSERT(sizeof(struct request_header) == 16, "section 5.2.6");

// The second own page: headers, then statuses.
enum {
    HEADERS_OFFSET = DISK_PAGE_BYTES,
    STATUSES_OFFSET = HEADERS_OFFSET + DISK_DEPTH * (int)sizeof(struct request_header),
};

const char *disk_result_text(enum disk_result result) {
    static const char *const texts[] = {
        [DISK_OK] = "done",
        [DISK_NO_DEVICE] = "no such device",
        [DISK_SMALL_ARENA] = "the arena is too small",
        [DISK_BAD_CONFIG] = "a disk without sectors, or segments that are too small",
    };
    BASE_STATIC_ASSERT(ARRAY_LEN(texts) == DISK_RESULT_COUNT, "one text a result");
    return (unsigned)result < DISK_RESULT_COUNT ? texts[(unsigned)result] : "?";
}

static bool read_facts(struct disk *disk) {
    const struct virtio_device *device = &disk->device;
    uint32_t bytes = UNIT_BYTES;
    if ((device->features & FEATURE_BLK_SIZE) != 0) {
        bytes = virtio_config_read32(device, CONFIG_BLK_SIZE);
    }
    if (bytes < BLOCK_SECTOR_BYTES_MIN || bytes > BLOCK_SECTOR_BYTES_MAX ||
        (bytes & (bytes - 1)) != 0) {
        return false;
    }
    if ((device->features & FEATURE_SIZE_MAX) != 0 &&
        virtio_config_read32(device, CONFIG_SIZE_MAX) < BLOCK_ITEM_BYTES_MAX) {
        return false;
    }
    // What does not make a whole sector at the end is no part of the disk.
    uint64_t capacity = virtio_config_read64(device, CONFIG_CAPACITY);
    disk->facts = (struct disk_facts){.sectors = capacity / (bytes / UNIT_BYTES),
                                      .sector_bytes = bytes,
                                      .read_only = (device->features & FEATURE_RO) != 0};
    return disk->facts.sectors != 0 && capacity <= UINT64_MAX / UNIT_BYTES;
}

enum disk_result disk_begin(struct disk *disk, const struct disk_place *place) {
    const struct virtio_wish wish = {
        .device_id = DEVICE_ID_BLOCK,
        .needed = FEATURE_FLUSH,
        .useful = FEATURE_SIZE_MAX | FEATURE_RO | FEATURE_BLK_SIZE | VIRTIO_F_EVENT_IDX};
    *disk = (struct disk){.place = *place, .free = UINT32_MAX, .broken = true};
    if (place->pages < DISK_OWN_PAGES + DISK_REQUEST_PAGES_MAX ||
        virtqueue_bytes(DISK_QUEUE_SIZE) > DISK_PAGE_BYTES) {
        return DISK_SMALL_ARENA;
    }
    uint32_t pages = place->pages - DISK_OWN_PAGES;
    disk->pages_free = pages >= DISK_DATA_PAGES_MAX ? UINT64_MAX : (UINT64_C(1) << pages) - 1;
    disk->refusal = virtio_begin(&disk->device, place->window, &wish);
    if (disk->refusal != VIRTIO_OK) {
        return DISK_NO_DEVICE;
    }
    if (!read_facts(disk)) {
        return DISK_BAD_CONFIG;
    }
    // The device is reset: from here on the arena is the driver's alone until disk_tell.
    enum virtqueue_result queue =
        virtqueue_init(&disk->queue, place->arena, place->physical, DISK_QUEUE_SIZE);
    disk->refusal = queue == VIRTQUEUE_OK ? virtio_set_queue(&disk->device, QUEUE, &disk->queue)
                                          : VIRTIO_NO_QUEUE;
    if (disk->refusal != VIRTIO_OK) {
        return DISK_NO_DEVICE;
    }
    if ((disk->device.features & VIRTIO_F_EVENT_IDX) != 0) {
        virtqueue_use_events(&disk->queue);
    }
    virtio_go(&disk->device);
    disk->broken = false;
    return DISK_OK;
}

enum block_result disk_check(const struct disk_facts *facts, const struct block_item *item,
                             uint64_t window_bytes) {
    if (item->op == BLOCK_FLUSH) {
        bool bare = item->sector == 0 && item->count == 0 && item->offset == 0;
        return bare ? BLOCK_OK : BLOCK_BAD_ITEM;
    }
    uint64_t bytes = (uint64_t)item->count * facts->sector_bytes;
    if ((item->op != BLOCK_READ && item->op != BLOCK_WRITE) || item->count == 0 ||
        bytes > BLOCK_ITEM_BYTES_MAX) {
        return BLOCK_BAD_ITEM;
    }
    if (!range_within(item->sector, item->count, facts->sectors)) {
        return BLOCK_BAD_RANGE;
    }
    if (!range_within(item->offset, bytes, window_bytes)) {
        return BLOCK_BAD_WINDOW;
    }
    if (item->offset % facts->sector_bytes != 0) {
        return BLOCK_MISALIGNED;
    }
    return item->op == BLOCK_WRITE && facts->read_only ? BLOCK_READ_ONLY : BLOCK_OK;
}

static uint32_t pages_of(uint32_t bytes) {
    return (bytes + DISK_PAGE_BYTES - 1) / DISK_PAGE_BYTES;
}

static uint64_t page_bits(uint32_t first, uint32_t count) {
    return ((UINT64_C(1) << count) - 1) << first;
}

static uint32_t data_offset(const struct disk_request *request) {
    return ((uint32_t)DISK_OWN_PAGES + request->page) * DISK_PAGE_BYTES;
}

// `count` pages side by side, at most DISK_REQUEST_PAGES_MAX; the lowest ones.
static bool take_pages(struct disk *disk, uint32_t count, uint8_t *first) {
    uint64_t starts = disk->pages_free;
    for (uint32_t i = 1; i < count; i++) {
        starts &= disk->pages_free >> i;
    }
    if (starts == 0) {
        return false;
    }
    *first = (uint8_t)bits_lowest_u64(starts);
    disk->pages_free &= ~page_bits(*first, count);
    return true;
}

// Section 5.2.6.
static void put_header(const struct disk *disk, uint32_t number, const struct block_item *item) {
    static const uint8_t types[] = {
        [BLOCK_READ] = TYPE_IN, [BLOCK_WRITE] = TYPE_OUT, [BLOCK_FLUSH] = TYPE_FLUSH};
    const struct request_header header = {
        .type = types[item->op], .sector = item->sector * (disk->facts.sector_bytes / UNIT_BYTES)};
    memcpy(disk->place.arena + HEADERS_OFFSET + number * sizeof(header), &header, sizeof(header));
    disk->place.arena[STATUSES_OFFSET + number] = STATUS_UNTOUCHED;
}

static bool give(struct disk *disk, uint32_t number) {
    struct disk_request *request = &disk->requests[number];
    const uint64_t physical = disk->place.physical;
    struct virtqueue_buffer buffers[3];
    uint32_t count = 0;
    buffers[count++] = (struct virtqueue_buffer){
        .physical = physical + HEADERS_OFFSET + number * sizeof(struct request_header),
        .bytes = sizeof(struct request_header)};
    if (request->bytes != 0) {
        buffers[count++] = (struct virtqueue_buffer){.physical = physical + data_offset(request),
                                                     .bytes = request->bytes,
                                                     .device_writes = request->op == BLOCK_READ};
    }
    buffers[count++] = (struct virtqueue_buffer){
        .physical = physical + STATUSES_OFFSET + number, .bytes = 1, .device_writes = true};
    return virtqueue_add(&disk->queue, buffers, count, &request->chain) == VIRTQUEUE_OK;
}

bool disk_start(struct disk *disk, const struct block_item *item, const uint8_t *data,
                uint32_t *number) {
    struct disk_request request = {.op = item->op,
                                   .bytes = (uint32_t)item->count * disk->facts.sector_bytes};
    if (disk->broken || disk->free == 0 ||
        (request.bytes != 0 && !take_pages(disk, pages_of(request.bytes), &request.page))) {
        return false;
    }
    uint32_t index = bits_lowest_u64(disk->free);
    disk->free &= ~(UINT32_C(1) << index);
    disk->requests[index] = request;
    put_header(disk, index, item);
    if (item->op == BLOCK_WRITE) {
        memcpy(disk->place.arena + data_offset(&request), data, request.bytes);
    }
    if (!give(disk, index)) {  // Of a queue that has room: it is broken.
        disk->broken = true;
        disk_release(disk, index);
        return false;
    }
    disk->request_of[disk->requests[index].chain] = (uint8_t)index;
    disk->out++;
    if (request.bytes != 0 && plant_fires(PLANT_PAGES_EARLY)) {
        disk->pages_free |= page_bits(request.page, pages_of(request.bytes));
    }
    *number = index;
    return true;
}

bool disk_tell(struct disk *disk) {
    bool wanted = virtqueue_must_tell(&disk->queue);
    if (wanted) {
        virtio_notify(&disk->device, QUEUE);
    }
    return wanted;
}

// Of a read the device says how much it wrote: all of it and the status, or it has failed.
static enum block_result result_of(const struct disk *disk, uint32_t number, uint32_t written) {
    const struct disk_request *request = &disk->requests[number];
    bool whole = request->op != BLOCK_READ || written == request->bytes + 1;
    uint8_t status = disk->place.arena[STATUSES_OFFSET + number];
    bool done = (status == STATUS_DONE && whole) || plant_fires(PLANT_FAILED_IS_DONE);
    return done ? BLOCK_OK : BLOCK_FAILED;
}

bool disk_take(struct disk *disk, struct disk_done *done) {
    uint16_t chain = 0;
    uint32_t written = 0;
    if (disk->broken) {
        return false;
    }
    enum virtqueue_result got = virtqueue_take(&disk->queue, &chain, &written);
    if (got != VIRTQUEUE_OK) {
        disk->broken = got == VIRTQUEUE_BROKEN;
        return false;
    }
    uint32_t number = disk->request_of[chain];
    disk->out--;
    *done = (struct disk_done){.number = number,
                               .result = result_of(disk, number, written),
                               .data = disk->place.arena + data_offset(&disk->requests[number])};
    return true;
}

void disk_release(struct disk *disk, uint32_t number) {
    const struct disk_request *request = &disk->requests[number];
    if (request->bytes != 0) {
        disk->pages_free |= page_bits(request->page, pages_of(request->bytes));
    }
    disk->free |= UINT32_C(1) << number;
}

bool disk_wait_for(struct disk *disk, uint32_t count) {
    return virtqueue_wait_for(&disk->queue, (uint16_t)count) && !disk->broken;
}
