// ipc/riscv64/plant_fires.h: on the target no bug is planted. Presented as ipc/plant_fires.h.
#pragma once

static inline unsigned plant_journal(void) {
    return 0;
}

static inline unsigned plant_update(void) {
    return 0;
}

static inline bool plant_fires(enum plant plant) {
    (void)plant;
    return false;
}
