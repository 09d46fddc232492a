// services/rngd/service.h: rngd as a program.
#pragma once

#include "runtime/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

// Runs until its endpoint closes, or the device cannot be used. Returns the exit code, never 0.
int rngd_main(struct runtime *runtime);

#ifdef __cplusplus
}
#endif
