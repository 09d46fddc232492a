// services/execd/launch.h: making a program's task with what its bundle says, and nothing else.
// Ownership: struct launched names a slot of execd's; a task that could not be made whole is
//            closed, and ends before it ever ran.
// Blocking:  never for long: the kernel loads a program in steps; one that may call services waits
//            for a way to samgrd, at most ASK_DEADLINE_NS.
// Errors:    STATUS_NO_SPACE: what it may hold is more than execd has left. STATUS_PEER_CLOSED:
//            there is no way to samgrd now.
#pragma once

#include "services/execd/state.h"

#ifdef __cplusplus
extern "C" {
#endif

struct launch_order {
    const struct execd_bundle *bundle;
    const struct bundle_program *program;
    uint32_t argument;
};

struct launched {
    enum status status;
    const char *step;  // Which one failed.
    struct slot task;  // It runs.
    uint32_t instance;
};

WARN_UNUSED struct launched launch_program(struct execd_service *service,
                                           const struct launch_order *order);

#ifdef __cplusplus
}
#endif
