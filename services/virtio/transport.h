// services/virtio/transport.h: a modern virtio device behind MMIO registers: found, negotiated
// with, reset. Knows no system calls: the window is mapped by whoever uses it.
//
// Reference:  Virtual I/O Device (VIRTIO) 1.2; sections stand at each step.
// Ownership:  struct virtio_device is the driver's; one driver a device.
// Blocking:   virtio_begin looks at the device's status at most VIRTIO_RESET_LOOKS times.
// Errors:     enum virtio_result; the device is then marked FAILED, or was never touched.
#pragma once

#include <stdint.h>

#include "base/compiler.h"
#include "services/virtio/queue.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    VIRTIO_RESET_LOOKS = 100000,
};

// Section 6.
#define VIRTIO_F_EVENT_IDX (UINT64_C(1) << 29)
#define VIRTIO_F_VERSION_1 (UINT64_C(1) << 32)  // Always asked for.

enum virtio_result {
    VIRTIO_OK,
    VIRTIO_NO_TRANSPORT,  // The window is not a virtio device's.
    VIRTIO_LEGACY,        // A device of the old interface, or one newer than this driver.
    VIRTIO_OTHER_DEVICE,  // Another kind of device, or none, behind the transport.
    VIRTIO_STUCK,         // It does not reset.
    VIRTIO_NO_FEATURE,    // It does not offer what is needed,
    VIRTIO_REFUSED,       // or does not take what was chosen.
    VIRTIO_NO_QUEUE,      // It lacks the queue, has it shorter, or in use.
    VIRTIO_RESULT_COUNT
};

const char *virtio_result_text(enum virtio_result result);

struct virtio_device {
    uint64_t window;
    uint64_t features;  // Agreed on.
};

struct virtio_wish {
    uint32_t device_id;  // Section 5.
    uint64_t needed;     // Features besides VERSION_1,
    uint64_t useful;     // and those that are taken if offered.
};

// Resets the device and agrees on features (section 3.1.1, steps 1 to 6).
WARN_UNUSED enum virtio_result virtio_begin(struct virtio_device *device, uint64_t window,
                                            const struct virtio_wish *wish);

// Tells the device where queue `index` is (section 4.2.3.2). After virtio_begin.
WARN_UNUSED enum virtio_result virtio_set_queue(const struct virtio_device *device, uint32_t index,
                                                const struct virtqueue *queue);

// The device may work from here on (section 3.1.1, step 8).
void virtio_go(const struct virtio_device *device);

// There is something new in queue `index` (section 4.2.3.3).
void virtio_notify(const struct virtio_device *device, uint32_t index);

// Why the device interrupted, acknowledged: its line goes down (section 4.2.3.4). Before irq_ack.
enum virtio_reason {
    VIRTIO_USED_BUFFER = 1u << 0,
    VIRTIO_CONFIG_CHANGE = 1u << 1,
};
uint32_t virtio_reasons_take(const struct virtio_device *device);

// A word of the device's own configuration (section 4.2.2.2), read twice or more until it did not
// change meanwhile. `offset` is a multiple of 4.
WARN_UNUSED uint32_t virtio_config_read32(const struct virtio_device *device, uint32_t offset);

// The same of two words, the lower one first, as one value.
WARN_UNUSED uint64_t virtio_config_read64(const struct virtio_device *device, uint32_t offset);

// The device stops touching memory (section 2.4); before a restarted driver uses its arena again
// virtio_begin has done the same. Errors: VIRTIO_STUCK.
WARN_UNUSED enum virtio_result virtio_reset(const struct virtio_device *device);

#ifdef __cplusplus
}
#endif
