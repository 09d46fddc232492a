// services/example/service.h: example as a program, on RISC-V and in simulation.
#pragma once

#include "runtime/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

// Returns only when it cannot serve.
int example_main(struct runtime *runtime);

#ifdef __cplusplus
}
#endif
