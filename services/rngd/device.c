// services/rngd/device.c: see device.h.
#include "services/rngd/device.h"

#include <string.h>

#include "kernel/abi/device.h"
#include "runtime/syscall.h"

enum {
    QUEUE = 0,  // Section 5.4.2: requestq.
    QUEUE_SIZE = 8,
    BUFFER_OFFSET = 2048,  // In the arena, which is a page; the queue is before it.
};

enum virtio_result entropy_device_open(struct entropy_device *device, struct slot slot,
                                       struct slot endpoint, enum status *status) {
    memset(device, 0, sizeof(*device));
    struct map_result map = sys_mmio_map(slot);
    struct query_result told = sys_cap_query(slot);
    *status = map.status != STATUS_OK ? map.status : told.status;
    if (*status == STATUS_OK) {
        *status = sys_irq_bind(slot, endpoint, ENTROPY_IRQ_BIT);
    }
    if (*status != STATUS_OK) {
        return VIRTIO_NO_TRANSPORT;
    }
    device->slot = slot;
    device->arena = (uint8_t *)map.arena;
    device->physical = told.detail;
    const struct virtio_wish wish = {.device_id = DEVICE_ID_ENTROPY};
    enum virtio_result result = virtio_begin(&device->device, map.window, &wish);
    if (result != VIRTIO_OK) {
        return result;
    }
    if (virtqueue_init(&device->queue, device->arena, device->physical, QUEUE_SIZE) !=
        VIRTQUEUE_OK) {
        return VIRTIO_NO_QUEUE;
    }
    result = virtio_set_queue(&device->device, QUEUE, &device->queue);
    if (result == VIRTIO_OK) {
        virtio_go(&device->device);
    }
    return result;
}

void entropy_device_ask(struct entropy_device *device) {
    if (device->out || device->broken) {
        return;
    }
    const struct virtqueue_buffer buffer = {.physical = device->physical + BUFFER_OFFSET,
                                            .bytes = ENTROPY_BUFFER_BYTES,
                                            .device_writes = true};
    uint16_t chain = 0;
    device->broken = virtqueue_add(&device->queue, &buffer, 1, &chain) != VIRTQUEUE_OK;
    device->out = !device->broken;
    if (device->out) {
        virtio_notify(&device->device, QUEUE);
    }
}

uint32_t entropy_device_take(struct entropy_device *device, const uint8_t **bytes) {
    uint16_t chain = 0;
    uint32_t written = 0;
    *bytes = device->arena + BUFFER_OFFSET;
    (void)virtio_reasons_take(&device->device);  // Its line goes down; the queue says the rest.
    struct ack_result acked = sys_irq_ack(device->slot);
    enum virtqueue_result got = virtqueue_take(&device->queue, &chain, &written);
    device->broken = device->broken || acked.status != STATUS_OK || got == VIRTQUEUE_BROKEN ||
                     (got == VIRTQUEUE_OK && written == 0);
    if (got != VIRTQUEUE_OK || device->broken) {
        return 0;
    }
    device->out = false;
    return written;
}
