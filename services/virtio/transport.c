// services/virtio/transport.c: see transport.h. Register offsets: section 4.2.2, table "MMIO Device
// Register Layout".
#include "services/virtio/transport.h"

#include <stdbool.h>

#include "runtime/mmio.h"

enum virtio_register {
    REGISTER_MAGIC = 0x000,
    REGISTER_VERSION = 0x004,
    REGISTER_DEVICE_ID = 0x008,
    REGISTER_DEVICE_FEATURES = 0x010,
    REGISTER_DEVICE_FEATURES_SELECT = 0x014,
    REGISTER_DRIVER_FEATURES = 0x020,
    REGISTER_DRIVER_FEATURES_SELECT = 0x024,
    REGISTER_QUEUE_SELECT = 0x030,
    REGISTER_QUEUE_SIZE_MAX = 0x034,
    REGISTER_QUEUE_SIZE = 0x038,
    REGISTER_QUEUE_READY = 0x044,
    REGISTER_QUEUE_NOTIFY = 0x050,
    REGISTER_INTERRUPT_STATUS = 0x060,
    REGISTER_INTERRUPT_ACK = 0x064,
    REGISTER_STATUS = 0x070,
    REGISTER_QUEUE_DESCRIPTORS = 0x080,  // Low word, high word; likewise the next two.
    REGISTER_QUEUE_DRIVER = 0x090,
    REGISTER_QUEUE_DEVICE = 0x0a0,
    REGISTER_CONFIG_GENERATION = 0x0fc,
    REGISTER_CONFIG = 0x100,
};

enum {
    MAGIC_VALUE = 0x74726976,  // "virt"
    VERSION_MODERN = 2,        // 1 is the legacy interface (section 4.2.4).
    CONFIG_LOOKS = 16,
};

// Section 2.1, "Device Status Field".
enum virtio_status {
    STATUS_ACKNOWLEDGE = 1,
    STATUS_DRIVER = 2,
    STATUS_DRIVER_OK = 4,
    STATUS_FEATURES_OK = 8,
    STATUS_FAILED = 128,
};

const char *virtio_result_text(enum virtio_result result) {
    static const char *const texts[] = {
        [VIRTIO_OK] = "done",
        [VIRTIO_NO_TRANSPORT] = "no virtio device in the window",
        [VIRTIO_LEGACY] = "a legacy device",
        [VIRTIO_OTHER_DEVICE] = "another kind of device",
        [VIRTIO_STUCK] = "the device does not reset",
        [VIRTIO_NO_FEATURE] = "a needed feature is not offered",
        [VIRTIO_REFUSED] = "the chosen features are refused",
        [VIRTIO_NO_QUEUE] = "the queue is missing, too short or in use",
    };
    BASE_STATIC_ASSERT(ARRAY_LEN(texts) == VIRTIO_RESULT_COUNT, "one text a result");
    return (unsigned)result < VIRTIO_RESULT_COUNT ? texts[(unsigned)result] : "?";
}

static uint32_t get(const struct virtio_device *device, enum virtio_register at) {
    return mmio_read32(device->window + at);
}

static void set(const struct virtio_device *device, enum virtio_register at, uint32_t value) {
    mmio_write32(device->window + at, value);
}

static void add_status(const struct virtio_device *device, enum virtio_status bit) {
    set(device, REGISTER_STATUS, get(device, REGISTER_STATUS) | (uint32_t)bit);
}

enum virtio_result virtio_reset(const struct virtio_device *device) {
    set(device, REGISTER_STATUS, 0);
    for (uint32_t look = 0; look < VIRTIO_RESET_LOOKS; look++) {
        if (get(device, REGISTER_STATUS) == 0) {
            return VIRTIO_OK;
        }
    }
    return VIRTIO_STUCK;
}

static uint64_t offered_features(const struct virtio_device *device) {
    set(device, REGISTER_DEVICE_FEATURES_SELECT, 0);
    uint64_t low = get(device, REGISTER_DEVICE_FEATURES);
    set(device, REGISTER_DEVICE_FEATURES_SELECT, 1);
    return low | ((uint64_t)get(device, REGISTER_DEVICE_FEATURES) << 32);
}

static void choose_features(const struct virtio_device *device) {
    set(device, REGISTER_DRIVER_FEATURES_SELECT, 0);
    set(device, REGISTER_DRIVER_FEATURES, (uint32_t)device->features);
    set(device, REGISTER_DRIVER_FEATURES_SELECT, 1);
    set(device, REGISTER_DRIVER_FEATURES, (uint32_t)(device->features >> 32));
}

static enum virtio_result negotiate(struct virtio_device *device, const struct virtio_wish *wish) {
    uint64_t needed = wish->needed | VIRTIO_F_VERSION_1;
    uint64_t offered = offered_features(device);
    if ((offered & needed) != needed) {
        return VIRTIO_NO_FEATURE;
    }
    device->features = offered & (needed | wish->useful);
    choose_features(device);
    add_status(device, STATUS_FEATURES_OK);
    bool taken = (get(device, REGISTER_STATUS) & STATUS_FEATURES_OK) != 0;
    return taken ? VIRTIO_OK : VIRTIO_REFUSED;
}

enum virtio_result virtio_begin(struct virtio_device *device, uint64_t window,
                                const struct virtio_wish *wish) {
    *device = (struct virtio_device){.window = window};
    if (get(device, REGISTER_MAGIC) != MAGIC_VALUE) {
        return VIRTIO_NO_TRANSPORT;
    }
    if (get(device, REGISTER_VERSION) != VERSION_MODERN) {
        return VIRTIO_LEGACY;
    }
    if (wish->device_id == 0 || get(device, REGISTER_DEVICE_ID) != wish->device_id) {
        return VIRTIO_OTHER_DEVICE;
    }
    enum virtio_result result = virtio_reset(device);
    if (result != VIRTIO_OK) {
        return result;
    }
    add_status(device, STATUS_ACKNOWLEDGE);
    add_status(device, STATUS_DRIVER);
    result = negotiate(device, wish);
    if (result != VIRTIO_OK) {
        add_status(device, STATUS_FAILED);
    }
    return result;
}

static void set_address(const struct virtio_device *device, enum virtio_register low,
                        uint64_t address) {
    mmio_write32(device->window + low, (uint32_t)address);
    mmio_write32(device->window + low + 4, (uint32_t)(address >> 32));
}

enum virtio_result virtio_set_queue(const struct virtio_device *device, uint32_t index,
                                    const struct virtqueue *queue) {
    set(device, REGISTER_QUEUE_SELECT, index);
    if (get(device, REGISTER_QUEUE_READY) != 0 ||
        get(device, REGISTER_QUEUE_SIZE_MAX) < queue->size) {
        add_status(device, STATUS_FAILED);
        return VIRTIO_NO_QUEUE;
    }
    set(device, REGISTER_QUEUE_SIZE, queue->size);
    set_address(device, REGISTER_QUEUE_DESCRIPTORS, virtqueue_descriptors_physical(queue));
    set_address(device, REGISTER_QUEUE_DRIVER, virtqueue_driver_physical(queue));
    set_address(device, REGISTER_QUEUE_DEVICE, virtqueue_device_physical(queue));
    set(device, REGISTER_QUEUE_READY, 1);
    return VIRTIO_OK;
}

void virtio_go(const struct virtio_device *device) {
    add_status(device, STATUS_DRIVER_OK);
}

void virtio_notify(const struct virtio_device *device, uint32_t index) {
    set(device, REGISTER_QUEUE_NOTIFY, index);
}

uint32_t virtio_reasons_take(const struct virtio_device *device) {
    uint32_t reasons = get(device, REGISTER_INTERRUPT_STATUS);
    set(device, REGISTER_INTERRUPT_ACK, reasons);
    return reasons;
}

// Ends: a device that changes all the time is read as it is.
static uint64_t config_read(const struct virtio_device *device, uint32_t offset, bool wide) {
    uint64_t at = device->window + REGISTER_CONFIG + offset;
    uint64_t value = 0;
    for (uint32_t look = 0; look < CONFIG_LOOKS; look++) {
        uint32_t before = get(device, REGISTER_CONFIG_GENERATION);
        value = mmio_read32(at);
        if (wide) {
            value |= (uint64_t)mmio_read32(at + 4) << 32;
        }
        if (get(device, REGISTER_CONFIG_GENERATION) == before) {
            break;
        }
    }
    return value;
}

uint32_t virtio_config_read32(const struct virtio_device *device, uint32_t offset) {
    return (uint32_t)config_read(device, offset, false);
}

uint64_t virtio_config_read64(const struct virtio_device *device, uint32_t offset) {
    return config_read(device, offset, true);
}
