// testing/faults/systems.h: a client of updated that brings it a system, which writes to updated's
// part of the disk, and sees that it is there.
// Ownership: what it makes is given back before it returns.
// Blocking:  as services/selftest/caller.h.
// Errors:    functions that return bool have printed what went wrong.
#pragma once

#include "services/selftest/selftest.h"

// The file of the boot image with a signed system.
#define SYSTEMS_FILE "system"

// Whether updated has the system in its first slot, or in an instance of before had.
WARN_UNUSED bool systems_is_there(struct selftest *selftest);

// Brings it there once more.
WARN_UNUSED bool systems_bring(struct selftest *selftest);
