// services/execd/service.h: execd as a program, on RISC-V and in simulation.
#pragma once

#include "runtime/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

// What the boot manifest gives execd besides runtime/slots.h.
enum execd_slot {
    EXECD_SLOT_FACTORY = SLOT_FIRST_OWN,  // Of endpoints, VMOs, and tasks `of *`.
    EXECD_SLOT_IMAGE,                     // RIGHT_READ
    EXECD_SLOT_STATS,  // RIGHT_STATS_READ: where a fault ended a program; may be missing.
};

// The bundle that execd begins with, at that place of the boot image; without bytes: none.
struct execd_boot {
    const uint8_t *bytes;
    uint64_t count;
    uint64_t offset;
};

// Where the boot image has the bundle of BUNDLE_NAME; init has checked the image's table.
struct execd_boot execd_boot_of(const void *image);

// Returns only when it cannot serve.
int execd_main(struct runtime *runtime, struct execd_boot boot);

#ifdef __cplusplus
}
#endif
