// services/policyd/service.h: policyd as a program, on RISC-V and in simulation.
#pragma once

#include "runtime/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

// What the boot manifest gives policyd besides runtime/slots.h.
enum policyd_slot {
    POLICYD_SLOT_FAMILY = SLOT_FIRST_OWN,  // RIGHT_MINT_UNDER, RIGHT_REVOKE; kept by init.
    POLICYD_SLOT_IMAGE,                    // RIGHT_READ
    POLICYD_SLOT_LOGD,                     // RIGHT_SEND; without it nothing is audited.
};

// Which policy decides is kept with init over policyd's end.
// `image` is the boot image as policyd sees it: its policies are the data entries whose names begin
// with `policy`, in their order. Returns only when it cannot serve.
int policyd_main(struct runtime *runtime, const void *image);

#ifdef __cplusplus
}
#endif
