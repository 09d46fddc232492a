// services/keystored/service.h: keystored as a program, on RISC-V and in simulation.
#pragma once

#include "ipc/wire/codec.h"
#include "runtime/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

// What the boot manifest gives keystored besides runtime/slots.h.
enum keystored_slot {
    KEYSTORED_SLOT_FACTORY = SLOT_FIRST_OWN,  // RIGHT_MAKE_ENDPOINT: one to pause at.
    KEYSTORED_SLOT_IMAGE,                     // RIGHT_READ | RIGHT_SECRET
};

// Where the boot image has the device secret, under the name `device_secret`; without bytes: it has
// none. init has checked the image's table.
struct wire_bytes keystored_secret_of(const void *image);

// Runs until its endpoint closes; ends if there is no device secret, or statefsd or rngd does not
// answer while it starts. Returns the exit code, never 0.
int keystored_main(struct runtime *runtime, struct wire_bytes secret);

#ifdef __cplusplus
}
#endif
