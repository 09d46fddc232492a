// services/virtio/queue.h: a split virtqueue in memory that a device shares: chains of buffers go
// out, and come back used. No system calls, no registers.
// Reference:  Virtual I/O Device (VIRTIO) 1.2, section 2.7, "Split Virtqueues".
// Units:      physical addresses are the device's view of the memory; bytes.
// Ownership:  the memory is the caller's and lives as long as the device may use it: a DMA arena.
//             A buffer is the device's from virtqueue_add until virtqueue_take brings it back.
// Blocking:   never. A call takes a chain's length at most.
// Errors:     enum virtqueue_result; a refusal changes nothing. What the device writes is checked
//             before it is used: a device that breaks the rules makes the queue BROKEN for good.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    VIRTQUEUE_SIZE_MAX = 256,
    VIRTQUEUE_CHAIN_MAX = 16,
};

enum virtqueue_result {
    VIRTQUEUE_OK,
    VIRTQUEUE_EMPTY,  // Nothing has come back.
    VIRTQUEUE_FULL,   // Too few descriptors are free now.
    VIRTQUEUE_BAD,  // No buffer, too many, an empty one, or one for reading behind one for writing.
    VIRTQUEUE_BROKEN,  // The device has said what cannot be.
};

// Section 2.7.5.
struct virtqueue_descriptor {
    uint64_t physical;
    uint32_t bytes;
    uint16_t flags;
    uint16_t next;
};
BASE_STATIC_ASSERT(sizeof(struct virtqueue_descriptor) == 16, "section 2.7.5");

struct virtqueue {
    uint8_t *memory;
    uint64_t physical;  // Of the same memory.
    uint32_t size;      // Descriptors; a power of 2.
    uint16_t free_head;
    uint16_t free_count;
    uint16_t added;  // Chains made available and taken back, both modulo 65536.
    uint16_t taken;
    uint16_t told;  // What was added when the device was told last, or needed not be.
    bool broken;
    bool events;
    // By the first descriptor of a chain that is out: its length in descriptors, 0 for none, and
    // the bytes that the device may write. The ring is the device's to read, and so not to be
    // believed.
    uint8_t chain_length[VIRTQUEUE_SIZE_MAX];
    uint32_t chain_room[VIRTQUEUE_SIZE_MAX];
    uint16_t next[VIRTQUEUE_SIZE_MAX];
};

struct virtqueue_buffer {
    uint64_t physical;
    uint32_t bytes;
    bool device_writes;
};

// Bytes of memory for that many descriptors; the memory is aligned to 16.
uint32_t virtqueue_bytes(uint32_t size);

// Lays out an empty queue. `size` is a power of 2 and at most VIRTQUEUE_SIZE_MAX, otherwise
// VIRTQUEUE_BAD. The device must not know of this memory: it is reset, or not told yet.
WARN_UNUSED enum virtqueue_result virtqueue_init(struct virtqueue *queue, void *memory,
                                                 uint64_t physical, uint32_t size);

uint64_t virtqueue_descriptors_physical(const struct virtqueue *queue);
uint64_t virtqueue_driver_physical(const struct virtqueue *queue);
uint64_t virtqueue_device_physical(const struct virtqueue *queue);

// Makes a chain available; *chain names it until it comes back. The device is told by
// virtio_notify.
WARN_UNUSED enum virtqueue_result virtqueue_add(struct virtqueue *queue,
                                                const struct virtqueue_buffer *buffers,
                                                uint32_t count, uint16_t *chain);

// VIRTIO_F_EVENT_IDX was agreed on (section 2.7.7): each side says when it wants to hear of the
// other. After virtqueue_init.
void virtqueue_use_events(struct virtqueue *queue);

// After virtqueue_add, once for any number of them: whether the device must be told
// (virtio_notify).
WARN_UNUSED bool virtqueue_must_tell(struct virtqueue *queue);

// With events the device interrupts when `count` chains more have come back, 1 to those that are
// out; without, at each. False: so many are there already, or the queue is broken: take them.
WARN_UNUSED bool virtqueue_wait_for(struct virtqueue *queue, uint16_t count);

// Takes back one used chain and how many bytes the device wrote.
WARN_UNUSED enum virtqueue_result virtqueue_take(struct virtqueue *queue, uint16_t *chain,
                                                 uint32_t *written);

#ifdef __cplusplus
}
#endif
