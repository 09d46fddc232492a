// ipc/ready.h: the message by which a service tells init that it can serve.
// Blocking:  until init answers, at most READY_DEADLINE_NS.
#pragma once

#include "runtime/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

#define READY_DEADLINE_NS UINT64_C(10000000000)

// Calls init through SLOT_INIT. Errors: those of ipc_call; STATUS_BAD_ARG if init's answer is not
// one.
WARN_UNUSED enum status ipc_ready(struct runtime *runtime);

#ifdef __cplusplus
}
#endif
