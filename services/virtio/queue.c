// services/virtio/queue.c: see queue.h. Layout in the memory: descriptors, the driver's ring, the
// device's ring (sections 2.7.5, 2.7.6, 2.7.8), each aligned as section 2.7 wants.
#include "services/virtio/queue.h"

#include <string.h>

#include "base/atomic.h"

enum {
    DESCRIPTOR_NEXT = 1,   // Section 2.7.5.
    DESCRIPTOR_WRITE = 2,  // For the device.
    RING_HEAD_BYTES = 4,   // flags, index: one aligned word.
    RING_TAIL_BYTES = 2,   // used_event, avail_event.
    USED_BYTES = 8,        // id, length
    INDEX_SHIFT = 16,
};

static uint32_t driver_offset(uint32_t size) {
    return size * (uint32_t)sizeof(struct virtqueue_descriptor);
}

static uint32_t device_offset(uint32_t size) {
    return (driver_offset(size) + RING_HEAD_BYTES + 2 * size + RING_TAIL_BYTES + 3) & ~3u;
}

uint32_t virtqueue_bytes(uint32_t size) {
    return device_offset(size) + RING_HEAD_BYTES + USED_BYTES * size + RING_TAIL_BYTES;
}

uint64_t virtqueue_descriptors_physical(const struct virtqueue *queue) {
    return queue->physical;
}

uint64_t virtqueue_driver_physical(const struct virtqueue *queue) {
    return queue->physical + driver_offset(queue->size);
}

uint64_t virtqueue_device_physical(const struct virtqueue *queue) {
    return queue->physical + device_offset(queue->size);
}

static struct virtqueue_descriptor *descriptor_at(const struct virtqueue *queue, uint32_t index) {
    return (struct virtqueue_descriptor *)(void *)queue->memory + index;
}

static struct atomic_u32 *ring_head(const struct virtqueue *queue, uint32_t offset) {
    return (struct atomic_u32 *)(void *)(queue->memory + offset);
}

enum virtqueue_result virtqueue_init(struct virtqueue *queue, void *memory, uint64_t physical,
                                     uint32_t size) {
    if (size == 0 || size > VIRTQUEUE_SIZE_MAX || (size & (size - 1)) != 0) {
        return VIRTQUEUE_BAD;
    }
    memset(queue, 0, sizeof(*queue));
    memset(memory, 0, virtqueue_bytes(size));
    queue->memory = (uint8_t *)memory;
    queue->physical = physical;
    queue->size = size;
    queue->free_count = (uint16_t)size;
    for (uint32_t i = 0; i < size; i++) {
        queue->next[i] = (uint16_t)(i + 1);
    }
    return VIRTQUEUE_OK;
}

// Section 2.7.4.2: what the device writes comes behind what it reads.
static bool buffers_valid(const struct virtqueue_buffer *buffers, uint32_t count) {
    bool valid = count >= 1 && count <= VIRTQUEUE_CHAIN_MAX;
    for (uint32_t i = 0; valid && i < count; i++) {
        bool in_order = i == 0 || buffers[i].device_writes || !buffers[i - 1].device_writes;
        valid = buffers[i].bytes != 0 && in_order;
    }
    return valid;
}

// Section 2.7.13: the entry and its buffers are complete before the index says so; the index before
// the device is told.
static void publish(struct virtqueue *queue, uint16_t head) {
    uint32_t offset = driver_offset(queue->size);
    uint32_t place = queue->added & (queue->size - 1);
    memcpy(queue->memory + offset + RING_HEAD_BYTES + 2 * place, &head, sizeof(head));
    queue->added++;
    atomic_fence();
    atomic_store_release_u32(ring_head(queue, offset), (uint32_t)queue->added << INDEX_SHIFT);
    atomic_fence();
}

enum virtqueue_result virtqueue_add(struct virtqueue *queue, const struct virtqueue_buffer *buffers,
                                    uint32_t count, uint16_t *chain) {
    if (queue->broken) {
        return VIRTQUEUE_BROKEN;
    }
    if (!buffers_valid(buffers, count)) {
        return VIRTQUEUE_BAD;
    }
    if (count > queue->free_count) {
        return VIRTQUEUE_FULL;
    }
    uint16_t head = queue->free_head;
    uint16_t index = head;
    uint32_t room = 0;
    for (uint32_t i = 0; i < count; i++) {
        bool more = i + 1 < count;
        uint16_t next = queue->next[index];
        *descriptor_at(queue, index) = (struct virtqueue_descriptor){
            .physical = buffers[i].physical,
            .bytes = buffers[i].bytes,
            .flags = (uint16_t)((more ? DESCRIPTOR_NEXT : 0) |
                                (buffers[i].device_writes ? DESCRIPTOR_WRITE : 0)),
            .next = more ? next : 0,
        };
        room += buffers[i].device_writes ? buffers[i].bytes : 0;
        index = next;
    }
    queue->free_head = index;
    queue->free_count = (uint16_t)(queue->free_count - count);
    queue->chain_length[head] = (uint8_t)count;
    queue->chain_room[head] = room;
    publish(queue, head);
    *chain = head;
    return VIRTQUEUE_OK;
}

void virtqueue_use_events(struct virtqueue *queue) {
    queue->events = true;
}

// Section 2.7.10.1: between `old` and `now` the index went past what the other side waits for.
static bool passes(uint16_t event, uint16_t now, uint16_t old) {
    return (uint16_t)(now - event - 1) < (uint16_t)(now - old);
}

bool virtqueue_must_tell(struct virtqueue *queue) {
    uint16_t old = queue->told;
    uint16_t event = 0;
    queue->told = queue->added;
    if (!queue->events) {
        return queue->added != old;
    }
    memcpy(&event,
           queue->memory + device_offset(queue->size) + RING_HEAD_BYTES + USED_BYTES * queue->size,
           sizeof(event));
    return passes(event, queue->added, old);
}

// The index of chains that the device has used. Acquire: the entries are read after it.
static uint16_t used_index(const struct virtqueue *queue) {
    return (uint16_t)(atomic_load_acquire_u32(ring_head(queue, device_offset(queue->size))) >>
                      INDEX_SHIFT);
}

bool virtqueue_wait_for(struct virtqueue *queue, uint16_t count) {
    uint16_t event = (uint16_t)(queue->taken + count - 1);
    if (queue->events) {
        memcpy(queue->memory + driver_offset(queue->size) + RING_HEAD_BYTES + 2 * queue->size,
               &event, sizeof(event));
        atomic_fence();  // The device sees it before its index is looked at.
    }
    uint16_t waiting = (uint16_t)(used_index(queue) - queue->taken);
    return !queue->broken && waiting < (queue->events ? count : 1);
}

static void free_chain(struct virtqueue *queue, uint16_t head) {
    uint16_t last = head;
    for (uint32_t i = 1; i < queue->chain_length[head]; i++) {
        last = queue->next[last];
    }
    queue->next[last] = queue->free_head;
    queue->free_head = head;
    queue->free_count = (uint16_t)(queue->free_count + queue->chain_length[head]);
    queue->chain_length[head] = 0;
}

enum virtqueue_result virtqueue_take(struct virtqueue *queue, uint16_t *chain, uint32_t *written) {
    uint32_t offset = device_offset(queue->size);
    uint16_t waiting = (uint16_t)(used_index(queue) - queue->taken);
    uint16_t out = (uint16_t)(queue->added - queue->taken);
    if (queue->broken || waiting > out) {
        queue->broken = true;
        return VIRTQUEUE_BROKEN;
    }
    if (waiting == 0) {
        return VIRTQUEUE_EMPTY;
    }
    uint32_t entry[2];  // Section 2.7.8: id, length.
    uint32_t place = queue->taken & (queue->size - 1);
    memcpy(entry, queue->memory + offset + RING_HEAD_BYTES + USED_BYTES * place, sizeof(entry));
    if (entry[0] >= queue->size || queue->chain_length[entry[0]] == 0 ||
        entry[1] > queue->chain_room[entry[0]]) {
        queue->broken = true;
        return VIRTQUEUE_BROKEN;
    }
    queue->taken++;
    free_chain(queue, (uint16_t)entry[0]);
    *chain = (uint16_t)entry[0];
    *written = entry[1];
    return VIRTQUEUE_OK;
}
