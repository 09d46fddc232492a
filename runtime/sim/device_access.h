// runtime/sim/device_access.h: device registers on the host: the test that drives a driver has the
// device. The build presents it as "runtime/device_access.h".
#pragma once

#include <stdint.h>

#include "base/compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

uint32_t sim_device_read32(uint64_t address);
void sim_device_write32(uint64_t address, uint32_t value);

#ifdef __cplusplus
}
#endif

static ALWAYS_INLINE uint32_t device_read32(uint64_t address) {
    return sim_device_read32(address);
}

static ALWAYS_INLINE void device_write32(uint64_t address, uint32_t value) {
    sim_device_write32(address, value);
}
