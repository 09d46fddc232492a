// services/updated/service.h: updated as a program.
#pragma once

#include "runtime/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

// What the boot manifest gives updated besides runtime/slots.h.
enum updated_slot {
    UPDATED_SLOT_FACTORY = SLOT_FIRST_OWN,  // RIGHT_MAKE_VMO
    UPDATED_SLOT_IMAGE,                     // RIGHT_READ: the key that is trusted.
    UPDATED_SLOT_WATCH,  // RIGHT_CALL to init, with INIT_BADGE_WATCHER (services/init/service.h).
};

// The file of the boot image with the public key.
#define UPDATE_KEY_NAME "update_key"

// `image` is the boot image. The manifest's argument is how long a trial may take until it is
// confirmed, in milliseconds; 0: 30 s. Runs until its endpoint closes, or it cannot serve; returns
// the exit code, never 0.
int updated_main(struct runtime *runtime, const void *image);

#ifdef __cplusplus
}
#endif
