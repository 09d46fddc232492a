// kernel/core/fault_point.h: named rare branches and planted bugs; constant false outside the
// simulator.
#pragma once

#include <stdbool.h>

enum fault_point {
#define FAULT_POINT(name, kind, what) FAULT_POINT_##name,
#include "kernel/core/fault_point.def"
#undef FAULT_POINT
    FAULT_POINT_COUNT
};

#include "kernel/core/fault_point_fires.h"
