// services/init/slots.h: how many slots of its capability table init has for services;
// tools/mkimage refuses a manifest that needs more, and so does init itself.
#pragma once

#include "kernel/abi/cap.h"
#include "kernel/abi/layout.h"

enum {
    // Of a service that init starts: one for its task, one for its endpoint if it has one, and one
    // for its family of routes if it has one. The two others are init's own endpoint, and what is
    // on its way: minted for a task or an answer, or called through.
    INIT_SLOTS_SERVICES = CAP_SLOT_COUNT - INIT_SLOT_FIRST_FREE - 2,
};
