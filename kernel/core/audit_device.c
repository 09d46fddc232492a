// kernel/core/audit_device.c: devices and their holders. See audit.h.
#include "kernel/core/audit.h"

// Who holds a device lives, so that its death will free it; what is bound or mapped is held.
static bool device_is_whole(const struct kernel *kernel, uint32_t index,
                            struct audit_tally *tally) {
    const struct device *device = &kernel->devices[index];
    if (device->holder == 0) {
        return audit_says(tally, device->home == 0 && !device->mapped && !device->claimed,
                          "device %lu is in use and nobody holds it", index, 0);
    }
    const struct task *holder = &kernel->tasks[(uint32_t)device->holder % MAX_TASKS];
    bool lives = holder->instance == (uint32_t)(device->holder >> 32) &&
                 (holder->state.raw == TASK_LIVE || holder->state.raw == TASK_DYING);
    return audit_says(tally, lives, "device %lu is held by task %#lx, which is gone", index,
                      device->holder) &&
           audit_says(tally, device->home != 0 || (!device->claimed && device->count == 0),
                      "device %lu has interrupts (%lu) and is not bound", index, device->count);
}

bool audit_devices(const struct kernel *kernel, struct audit_tally *tally) {
    for (uint32_t i = 0; i < DEVICE_COUNT; i++) {
        if (!device_is_whole(kernel, i, tally)) {
            return false;
        }
    }
    return true;
}
