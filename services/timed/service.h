// services/timed/service.h: timed as a service: its slots, its handlers, its loop. The same on
// RISC-V and in simulation.
#pragma once

#include "runtime/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

// Runs until its endpoint closes. Returns the exit code, which is never 0.
int timed_main(struct runtime *runtime);

#ifdef __cplusplus
}
#endif
