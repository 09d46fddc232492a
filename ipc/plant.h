// ipc/plant.h: planted bugs of the client library and of services; constant false outside of
// simulation.
#pragma once

#include <stdbool.h>

enum plant {
#define PLANT(NAME, what) PLANT_##NAME,
#define STORAGE_PLANT(NAME, what) PLANT_##NAME,
#include "ipc/plant.def"
#undef PLANT
#undef STORAGE_PLANT
    PLANT_COUNT
};

#include "ipc/plant_fires.h"
