// ipc/ring.c: see ring.h.
#include "ipc/ring.h"

#include <string.h>

#include "kernel/abi/message.h"

// A record is its length in 8 bytes, the bytes, and zeros up to a multiple of 8.
enum { LENGTH_BYTES = 8 };

static uint64_t space_of(uint64_t bytes) {
    return LENGTH_BYTES + (bytes + 7) / 8 * 8;
}

// The bytes behind page 0: whole pages, a power of two.
static uint64_t capacity_of(uint64_t window_size) {
    uint64_t capacity = window_size >= UINT64_C(2) * PAGE_BYTES ? window_size - PAGE_BYTES : 0;
    return (capacity & (capacity - 1)) == 0 ? capacity : 0;
}

bool ring_writer_init(struct ring_writer *writer, const struct bulk_window *own,
                      const struct bulk_view *readers) {
    *writer = (struct ring_writer){.head = (struct ring_head *)(void *)own->bytes,
                                   .tail = (const struct ring_tail *)(const void *)readers->bytes,
                                   .bytes = own->bytes + PAGE_BYTES,
                                   .capacity = capacity_of(own->size)};
    return writer->capacity != 0 && readers->size >= PAGE_BYTES;
}

bool ring_reader_init(struct ring_reader *reader, const struct bulk_window *own,
                      const struct bulk_view *writers) {
    *reader = (struct ring_reader){.head = (const struct ring_head *)(const void *)writers->bytes,
                                   .tail = (struct ring_tail *)(void *)own->bytes,
                                   .bytes = writers->bytes + PAGE_BYTES,
                                   .capacity = capacity_of(writers->size)};
    return reader->capacity != 0 && own->size >= PAGE_BYTES;
}

static void copy_in(struct ring_writer *writer, uint64_t at, const void *from, uint64_t bytes) {
    if (bytes == 0) {
        return;  // An empty record may have no address.
    }
    uint64_t place = at & (writer->capacity - 1);
    uint64_t first = bytes < writer->capacity - place ? bytes : writer->capacity - place;
    memcpy(writer->bytes + place, from, first);
    memcpy(writer->bytes, (const uint8_t *)from + first, bytes - first);
}

static void copy_out(const struct ring_reader *reader, uint64_t at, void *to, uint64_t bytes) {
    uint64_t place = at & (reader->capacity - 1);
    uint64_t first = bytes < reader->capacity - place ? bytes : reader->capacity - place;
    memcpy(to, reader->bytes + place, first);
    memcpy((uint8_t *)to + first, reader->bytes, bytes - first);
}

enum ring_result ring_put(struct ring_writer *writer, const void *record, uint32_t bytes) {
    uint64_t space = space_of(bytes);
    if (bytes > RING_RECORD_MAX || space > writer->capacity) {
        return RING_TOO_LARGE;
    }
    // Acquire: pairs with the reader's release; what it has read it reads no more.
    uint64_t used = writer->written - atomic_load_acquire_u64(&writer->tail->read);
    if (writer->broken || used > writer->capacity) {
        writer->broken = true;
        return RING_BROKEN;
    }
    if (writer->capacity - used < space) {
        writer->full++;
        return RING_FULL;
    }
    const uint64_t length = bytes;
    const uint64_t zeros = 0;
    copy_in(writer, writer->written, &length, LENGTH_BYTES);
    copy_in(writer, writer->written + LENGTH_BYTES, record, bytes);
    copy_in(writer, writer->written + LENGTH_BYTES + bytes, &zeros, space - LENGTH_BYTES - bytes);
    writer->written += space;
    // Release: pairs with ring_take; the record is there before it is announced.
    atomic_store_release_u64(&writer->head->written, writer->written);
    return RING_OK;
}

bool ring_wants_bell(const struct ring_writer *writer) {
    atomic_fence();  // Announce, then look; the reader says that it sleeps, then looks.
    return atomic_load_u32(&writer->tail->asleep) != 0;
}

enum ring_result ring_take(struct ring_reader *reader, void *record, uint32_t capacity,
                           uint32_t *bytes) {
    // Acquire: pairs with the writer's release.
    uint64_t used = atomic_load_acquire_u64(&reader->head->written) - reader->read;
    if (reader->broken || used > reader->capacity) {
        reader->broken = true;
        return RING_BROKEN;
    }
    if (used == 0) {
        return RING_EMPTY;
    }
    uint64_t length = 0;  // The writer may change it: this copy counts.
    copy_out(reader, reader->read, &length, LENGTH_BYTES);
    if (length > capacity || length > RING_RECORD_MAX || space_of(length) > used) {
        reader->broken = true;
        return RING_BROKEN;
    }
    copy_out(reader, reader->read + LENGTH_BYTES, record, length);
    reader->read += space_of(length);
    *bytes = (uint32_t)length;
    // Release: pairs with ring_put; the bytes are read before they are given back.
    atomic_store_release_u64(&reader->tail->read, reader->read);
    return RING_OK;
}

bool ring_sleep(struct ring_reader *reader) {
    atomic_store_u32(&reader->tail->asleep, 1);
    atomic_fence();  // Pairs with ring_wants_bell.
    if (atomic_load_u64(&reader->head->written) == reader->read && !reader->broken) {
        return true;
    }
    ring_wake(reader);
    return false;
}

void ring_wake(struct ring_reader *reader) {
    atomic_store_u32(&reader->tail->asleep, 0);
}
