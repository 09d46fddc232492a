// runtime/slots.h: the slots that every program finds filled the same way. A boot manifest says so
// in its text; a service checks it when it starts (runtime_expect), so that a manifest and a
// program that disagree fail with a message.
#pragma once

#include "runtime/types.h"

enum well_known_slot {
    SLOT_CONSOLE = 1,    // RIGHT_WRITE, and RIGHT_MARKER for those whose lines are markers.
    SLOT_INIT = 2,       // RIGHT_CALL to init, to say "ready".
    SLOT_ENDPOINT = 3,   // Its own endpoint: RIGHT_RECV.
    SLOT_FIRST_OWN = 4,  // From here on each program has its own plan.
    SLOT_SAMGRD = 63,    // RIGHT_CALL to samgrd, for those who call services by name.
};
