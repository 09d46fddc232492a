// runtime/riscv64/mmio.h: device registers from user mode, in a window that mmio_map has
// mapped. The build presents it as "runtime/mmio.h".
//
// Each access happens once, in program order, and is ordered with memory that the device shares:
// what was written before a register is written is seen by the device, and what is read after a
// register was read is not older than it (RISC-V Unprivileged, fence).
// Errors:    an address outside the window ends the task, as any other would.
#pragma once

#include <stdint.h>

#include "base/compiler.h"

static ALWAYS_INLINE uint32_t mmio_read32(uint64_t address) {
    uint32_t value = *(const volatile uint32_t *)address;
    __asm__ volatile("fence i, ir" : : : "memory");
    return value;
}

static ALWAYS_INLINE void mmio_write32(uint64_t address, uint32_t value) {
    __asm__ volatile("fence iorw, ow" : : : "memory");
    *(volatile uint32_t *)address = value;
}
