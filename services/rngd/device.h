// services/rngd/device.h: the virtio entropy device: one buffer is out with it at a time.
// Reference:  Virtual I/O Device (VIRTIO) 1.2, section 5.4, "Entropy Device".
// Ownership:  the driver owns window and arena of the device's capability.
// Blocking:   never, but for the reset at the start (virtio_begin).
// Errors:     entropy_device_open says why not; afterwards a device that breaks the rules is broken
//             for good.
#pragma once

#include "kernel/abi/status.h"
#include "runtime/types.h"
#include "services/virtio/transport.h"

enum {
    ENTROPY_IRQ_BIT = 5,  // Of the badges' bits at the endpoint.
    ENTROPY_BUFFER_BYTES = 256,
};

struct entropy_device {
    struct virtio_device device;
    struct virtqueue queue;
    struct slot slot;
    uint8_t *arena;
    uint64_t physical;
    bool out;  // The device has the buffer.
    bool broken;
};

// Maps the device in `slot`, has its interrupts told at `endpoint`, and starts it. With VIRTIO_OK
// `*status` is STATUS_OK too; otherwise one of the two says what was refused.
WARN_UNUSED enum virtio_result entropy_device_open(struct entropy_device *device, struct slot slot,
                                                   struct slot endpoint, enum status *status);

// Gives it the buffer, unless it has it.
void entropy_device_ask(struct entropy_device *device);

// After an interrupt: what the device wrote, and how much; 0: nothing yet. Valid until the next
// entropy_device_ask.
WARN_UNUSED uint32_t entropy_device_take(struct entropy_device *device, const uint8_t **bytes);
