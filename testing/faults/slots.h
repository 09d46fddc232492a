// testing/faults/slots.h: what the boot manifest gives who ends services, besides
// services/selftest/slots.h.
#pragma once

#include "services/selftest/slots.h"

enum faults_slot {
    FAULTS_SLOT_CLIENT = SELFTEST_SLOT_OPERATOR + 1,  // RIGHT_CALL to the first client; the second
                                                      // one's follows.
};
