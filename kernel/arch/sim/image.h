// kernel/arch/sim/image.h: a boot image of C functions, in the first pages of simulated RAM.
// Ownership:  the caller owns the programs; sim_ram is set up before.
// Errors:     RAM that is too small ends the process with a message.
#pragma once

#include "kernel/arch/sim/sim.h"

#ifdef __cplusplus
extern "C" {
#endif

struct sim_image {
    const struct sim_program *programs;
    uint32_t program_count;
    uint32_t hart_count;
};

// The number of pages it takes.
uint32_t sim_image_build(const struct sim_image *what);

#ifdef __cplusplus
}
#endif
