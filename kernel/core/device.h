// kernel/core/device.h: a device that a driver in user mode may hold: its window, its interrupt
// line, its DMA arena.
// Locking:    fields stand under what guards them; the lock is the kernel's device_lock
//             (LOCK_RANK_DEVICE), one for all: it also orders accesses to the interrupt controller.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/device.h"
#include "kernel/core/arch.h"

enum {
    DEVICE_INPUT = DEVICE_MAX,  // The console's receiver: a line without a window.
    DEVICE_COUNT,
};

struct device {
    // Constant after boot:
    struct page_number window;
    uint32_t window_pages;
    struct page_number arena;
    uint32_t arena_pages;
    uint32_t line;  // 0: none.
    uint32_t id;    // enum device_id

    // Guarded by device_lock:
    uint64_t holder;  // task_name; 0: nobody.
    uint64_t home;    // home_pack of the endpoint that is notified; 0: not bound, the line is off.
    uint32_t hart;    // While bound: where the line goes,
    uint32_t bit;     // and the bit of the badges.
    bool mapped;
    bool claimed;    // An interrupt was taken and waits for irq_ack; until then none comes.
    uint64_t count;  // Taken since the last irq_ack.
};
