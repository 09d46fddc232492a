// kernel/arch/sim/device.h: the simulated devices as a driver sees them: words of 8 bytes in one
// page.
//
// A device with a period raises its line at a random time within it; STATUS says whether the line
// is up, and writing STATUS lowers it and starts the next period. Writing PERIOD resets the device;
// 0 turns it off. Device 1 has a DMA arena, and may be one that a test brings (struct
// sim_device_model).
#pragma once

enum {
    SIM_DEVICE_COUNT = 3,
    SIM_DEVICE_WITH_ARENA = 1,
    SIM_ARENA_PAGES = 2,  // Unless sim_options say otherwise.

    SIM_DEVICE_MAGIC = 0,  // Read: SIM_DEVICE_MAGIC_VALUE plus the index.
    SIM_DEVICE_STATUS = 8,
    SIM_DEVICE_PERIOD = 16,  // Nanoseconds.
    SIM_DEVICE_RAISED = 24,  // Read: how often the line went up.

    SIM_DEVICE_MAGIC_VALUE = 0x51d0,
};
