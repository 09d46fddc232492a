// services/init/service.h: init as a program: starts the boot manifest's services in order,
// supervises them, and says how the system ended.
#pragma once

#include "runtime/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

// The badge of a manifest's route to init whose holder may end services (INIT_OP_END), and ask how
// they do (INIT_OP_STATE) and what init itself did (protocol "server").
enum { INIT_BADGE_OPERATOR = 1 };

// The same of whose holder has the system started anew unless it says otherwise (INIT_OP_WATCH).
enum { INIT_BADGE_WATCHER = 2 };

// `image` is the boot image as init sees it. Returns 0 when the system has done its work,
// INIT_EXIT_REBOOT when it is to be started anew; anything else is a failure, which the kernel
// reports.
int init_main(struct runtime *runtime, const void *image);

#ifdef __cplusplus
}
#endif
