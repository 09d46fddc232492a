// services/samgrd/service.h: samgrd as a program, on RISC-V and in simulation.
#pragma once

#include "runtime/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

// What the boot manifest gives samgrd besides runtime/slots.h.
enum samgrd_slot {
    SAMGRD_SLOT_POLICYD = SLOT_FIRST_OWN,  // RIGHT_CALL
};

// Returns only when it cannot serve.
int samgrd_main(struct runtime *runtime);

#ifdef __cplusplus
}
#endif
