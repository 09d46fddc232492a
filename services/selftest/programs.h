// services/selftest/programs.h: programs of bundles, for cases that need somebody with an identity
// of its own. In cases_exec.c, whose cases are about execd itself.
#pragma once

#include "services/selftest/caller.h"

// Has execd start it and waits for its end, with that code.
WARN_UNUSED bool programs_run_to(struct caller *caller, const char *name, uint32_t argument,
                                 uint64_t code);
