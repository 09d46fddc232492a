// ipc/host/plant_fires.h: simulation chooses one bug, or none. Presented as ipc/plant_fires.h.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

// Which bug is there: its place in ipc/plant.def, from 1 on; 0, as at the beginning: none. And how
// often it could have shown.
struct plant_choice {
    unsigned number;
    unsigned asked;
    unsigned journal;
    unsigned update;
};
extern struct plant_choice plant_choice;

// Which bug of services/statefsd/plant.def, as enum state_plant; 0: none.
unsigned plant_journal(void);

// The same of services/updated/plant.def, as enum update_plant.
unsigned plant_update(void);

// Every third time of the one that is chosen.
bool plant_fires(enum plant plant);

#ifdef __cplusplus
}
#endif
