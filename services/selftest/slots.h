// services/selftest/slots.h: what the boot manifest gives selftest, besides runtime/slots.h.
#pragma once

#include "runtime/slots.h"

enum selftest_slot {
    SELFTEST_SLOT_FACTORY = SLOT_FIRST_OWN,  // All rights; tasks with the
                                             // service_id of `probe` only.
    SELFTEST_SLOT_IMAGE,                     // RIGHT_READ
    SELFTEST_SLOT_TIMED,                     // RIGHT_CALL
    SELFTEST_SLOT_RNG,       // A virtio entropy device: all rights, with an arena of one page.
    SELFTEST_SLOT_STATS,     // All rights.
    SELFTEST_SLOT_OPERATOR,  // RIGHT_CALL to init, with the badge that may end services.
};
