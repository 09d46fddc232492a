// kernel/abi/device.h: devices for drivers in user mode: what cap_query says of one, where mmio_map
// maps it.
//
// A device is a window of registers in whole pages of its own, an interrupt line, and perhaps a DMA
// arena: contiguous pages that the boot manifest asked for, the same ones as long as the machine
// runs. One task at a time holds a device: the first that maps or binds it, until it ends.
// Units:     pages of PAGE_BYTES.
#pragma once

#include <stdint.h>

#include "base/compiler.h"
#include "kernel/abi/layout.h"

enum {
    DEVICE_MAX = 16,
    DEVICE_WINDOW_PAGES_MAX = 4,
    DEVICE_ARENA_PAGES_MAX = 64,
};

// Device identifiers of virtio (Virtual I/O Device 1.2, section 5), as the transport's DeviceID
// register says; 0 is a transport with nothing behind it.
enum device_id {
    DEVICE_ID_NONE = 0,
    DEVICE_ID_NET = 1,
    DEVICE_ID_BLOCK = 2,
    DEVICE_ID_CONSOLE = 3,
    DEVICE_ID_ENTROPY = 4,
};

// Where device `index` appears in the task that holds it. What lies between and behind is not
// mapped.
static inline uint64_t device_window_address(uint32_t index) {
    return USER_DEVICES + (uint64_t)index * USER_DEVICE_STRIDE;
}

static inline uint64_t device_arena_address(uint32_t index) {
    return device_window_address(index) + USER_DEVICE_ARENA;
}

// cap_query's second result for one device: index in bits 0..7, pages of the window in bits 8..15,
// pages of the arena in bits 16..31, device identifier in bits 32..63. Its third is the arena's
// physical address for the device's holder, if the capability has RIGHT_DEVICE_DMA; otherwise 0.
// For all devices the second result is their number.
static inline uint64_t device_query_pack(uint32_t index, uint32_t window_pages,
                                         uint32_t arena_pages, uint32_t id) {
    return (uint64_t)index | ((uint64_t)window_pages << 8) | ((uint64_t)arena_pages << 16) |
           ((uint64_t)id << 32);
}

static inline uint32_t device_query_index(uint64_t packed) {
    return (uint32_t)(packed & 0xff);
}

static inline uint32_t device_query_window_pages(uint64_t packed) {
    return (uint32_t)(packed >> 8) & 0xff;
}

static inline uint32_t device_query_arena_pages(uint64_t packed) {
    return (uint32_t)(packed >> 16) & 0xffff;
}

static inline uint32_t device_query_id(uint64_t packed) {
    return (uint32_t)(packed >> 32);
}
