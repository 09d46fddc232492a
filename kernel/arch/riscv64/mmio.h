// kernel/arch/riscv64/mmio.h: device registers, touched once an access, in program order.
#pragma once

#include <stdint.h>

#include "base/compiler.h"

static ALWAYS_INLINE uint8_t mmio_read8(uint64_t address) {
    return *(const volatile uint8_t *)address;
}

static ALWAYS_INLINE void mmio_write8(uint64_t address, uint8_t value) {
    *(volatile uint8_t *)address = value;
}
