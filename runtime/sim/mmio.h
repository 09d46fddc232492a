// runtime/sim/mmio.h: device registers on the host: the test that drives a driver has the
// device. The build presents it as "runtime/mmio.h".
#pragma once

#include <stdint.h>

#include "base/compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

uint32_t sim_mmio_read32(uint64_t address);
void sim_mmio_write32(uint64_t address, uint32_t value);

#ifdef __cplusplus
}
#endif

static ALWAYS_INLINE uint32_t mmio_read32(uint64_t address) {
    return sim_mmio_read32(address);
}

static ALWAYS_INLINE void mmio_write32(uint64_t address, uint32_t value) {
    sim_mmio_write32(address, value);
}
