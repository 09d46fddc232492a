// ipc/ring.h: a stream of records from one task to another, without a message for each: the
// writer's window holds the bytes and how far it has written, the reader's holds how far it has
// read. Each writes its own window and reads the other's.
//
//   writer's window: page 0: head    pages 1..: the bytes, a power of two
//   reader's window: page 0: tail, and whether the reader sleeps
//
// The doorbell is ipc_notify to the reader's endpoint, and is rung only when the reader sleeps
// (ring_wants_bell): a busy stream makes no system call at all.
//
// Neither believes the other. A position that cannot be is RING_BROKEN, for good; a record is
// copied out before it is looked at; no byte outside the windows is ever touched.
// Units:     bytes.
// Ownership: windows and views are the caller's and outlive the ring; one task writes, one reads.
// Blocking:  never: a full or an empty ring says so.
// Errors:    enum ring_result.
#pragma once

#include "base/atomic.h"
#include "ipc/bulk_window.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    RING_RECORD_MAX = 4096,
};

enum ring_result {
    RING_OK,
    RING_FULL,       // Nothing was written; counted.
    RING_EMPTY,      // Nothing to read now.
    RING_TOO_LARGE,  // More than RING_RECORD_MAX, or than the ring holds.
    RING_BROKEN,     // The other side does not keep to the rules: end it.
};

struct ring_head {
    struct atomic_u64 written;  // Bytes since the beginning.
};

struct ring_tail {
    struct atomic_u64 read;
    struct atomic_u32 asleep;
};

struct ring_writer {
    struct ring_head *head;
    const struct ring_tail *tail;
    uint8_t *bytes;
    uint64_t capacity;
    uint64_t written;
    uint64_t full;  // Records refused because the reader is behind.
    bool broken;
};

struct ring_reader {
    const struct ring_head *head;
    struct ring_tail *tail;
    const uint8_t *bytes;
    uint64_t capacity;
    uint64_t read;
    bool broken;
};

// False: the windows do not have that form.
WARN_UNUSED bool ring_writer_init(struct ring_writer *writer, const struct bulk_window *own,
                                  const struct bulk_view *readers);
WARN_UNUSED bool ring_reader_init(struct ring_reader *reader, const struct bulk_window *own,
                                  const struct bulk_view *writers);

WARN_UNUSED enum ring_result ring_put(struct ring_writer *writer, const void *record,
                                      uint32_t bytes);

// After one or more ring_put: whether the reader waits for the doorbell.
WARN_UNUSED bool ring_wants_bell(const struct ring_writer *writer);

// Takes the next record. `capacity` is that of `record`; a longer one breaks the ring.
WARN_UNUSED enum ring_result ring_take(struct ring_reader *reader, void *record, uint32_t capacity,
                                       uint32_t *bytes);

// Before the reader waits at its endpoint: from now on the writer rings. False: there is something
// to take, and it does not sleep.
WARN_UNUSED bool ring_sleep(struct ring_reader *reader);

// After the wait: the writer need not ring.
void ring_wake(struct ring_reader *reader);

#ifdef __cplusplus
}
#endif
