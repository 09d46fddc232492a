// runtime/main.h: the entry of a program on RISC-V, called once by the start code. What it returns
// is the exit code. In simulation several programs share one process, so each has its own entry
// with this signature (for example timed_main).
#pragma once

#include "runtime/runtime.h"

int service_main(struct runtime *runtime);
