// services/selftest/probe/probe.h: the peer of selftest: does what each request says, right or
// wrong.
#pragma once

#include "runtime/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

// Returns when its endpoint closes.
int probe_main(struct runtime *runtime);

#ifdef __cplusplus
}
#endif
