// kernel/arch/riscv64/mmio.h: device registers, touched once an access, in program order: the only
// way in the kernel. Registers are 32 bits wide, but for the UART's: a 16550 has bytes side by
// side, and a wider access would touch, and so acknowledge, its neighbours.
#pragma once

#include <stdint.h>

#include "base/compiler.h"

static ALWAYS_INLINE uint32_t mmio_read32(uint64_t address) {
    return *(const volatile uint32_t *)address;
}

static ALWAYS_INLINE void mmio_write32(uint64_t address, uint32_t value) {
    *(volatile uint32_t *)address = value;
}

static ALWAYS_INLINE uint8_t mmio_read8(uint64_t address) {
    return *(const volatile uint8_t *)address;
}

static ALWAYS_INLINE void mmio_write8(uint64_t address, uint8_t value) {
    *(volatile uint8_t *)address = value;
}
