// services/metricsd/service.h: metricsd as a program, on RISC-V and in simulation.
#pragma once

#include "runtime/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

// Returns only when it cannot serve.
int metricsd_main(struct runtime *runtime);

#ifdef __cplusplus
}
#endif
