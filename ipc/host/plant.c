// ipc/host/plant.c: see plant_fires.h.
#include "ipc/plant.h"

enum { ONE_IN = 3 };

// Test machinery, not a service's state. Of the process: simulation runs one seed in each.
struct plant_choice plant_choice;

unsigned plant_journal(void) {
    return plant_choice.journal;
}

unsigned plant_update(void) {
    return plant_choice.update;
}

bool plant_fires(enum plant plant) {
    if (plant_choice.number != (unsigned)plant + 1) {
        return false;
    }
    plant_choice.asked++;
    return plant_choice.asked % ONE_IN == 0;
}
