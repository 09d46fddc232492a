// kernel/arch/sim/image.h: a boot image of C functions, in the first pages of simulated RAM.
// Ownership:  the caller owns the programs; sim_ram is set up before.
// Errors:     RAM that is too small ends the process with a message.
#pragma once

#include "kernel/arch/sim/sim.h"
#include "kernel/core/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    SIM_DEVICE_FIRST_PAGE = 0x10001,  // Of the windows, one page each.
    SIM_LINE_FIRST = 5,               // Of the devices in their order, the receiver's last.
};

struct sim_image {
    const struct sim_program *programs;
    uint32_t program_count;
    uint32_t hart_count;
    uint32_t arena_pages;  // 0: SIM_ARENA_PAGES.
};

// The number of pages it takes.
uint32_t sim_image_build(const struct sim_image *what);

// The devices of kernel/arch/sim/device.h: two that have something behind them, and an empty
// transport.
void sim_image_devices(struct boot_info *out);

#ifdef __cplusplus
}
#endif
