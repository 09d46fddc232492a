// services/console/service.h: console as a program, on RISC-V and in simulation.
#pragma once

#include "runtime/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

// `image` is the boot image. Returns only when it cannot serve; ends with 0 by `exit`.
int console_main(struct runtime *runtime, const void *image);

#ifdef __cplusplus
}
#endif
