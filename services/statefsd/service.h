// services/statefsd/service.h: statefsd as a program.
#pragma once

#include "runtime/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

// Runs until its endpoint closes, the journal cannot be mounted, or the disk fails. Returns the
// exit code, never 0.
int statefsd_main(struct runtime *runtime);

#ifdef __cplusplus
}
#endif
