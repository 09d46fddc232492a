// testing/faults/pools.h: what is free in the kernel's pools when nothing happens, so that what was
// left behind shows.
// Blocking:  up to some seconds, until nothing has changed for a while.
// Errors:    functions that return bool have printed what went wrong.
#pragma once

#include "kernel/abi/stats.h"
#include "services/selftest/selftest.h"

// Until init has given up on that service: after that nothing of it comes and goes.
WARN_UNUSED bool pools_without(struct selftest *selftest, const char *name);

// Once nothing changes any more.
WARN_UNUSED bool pools_at_rest(struct selftest *selftest, struct stats_system *out);

// Whether as much is free as was then, and whether every reference of the kernel adds up. `what`
// names what happened since.
WARN_UNUSED bool pools_as_before(struct selftest *selftest, const char *what,
                                 const struct stats_system *before);
