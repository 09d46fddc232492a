// ipc/timed_client.h: one call to timed.
// Blocking:  until timed answers or the call's deadline passes; for a sleep, that is when its own
//            deadline passes.
#pragma once

#include "ipc/wire/timed_wire.h"
#include "runtime/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

// Sends the request through `route` and decodes the answer. `out` is untouched on an error.
// Errors: those of ipc_call; STATUS_BAD_ARG if the answer is malformed or belongs to another
//         request.
WARN_UNUSED enum status timed_call(struct runtime *runtime, struct slot route,
                                   const struct timed_message *request, uint64_t call_deadline_ns,
                                   struct timed_message *out);

#ifdef __cplusplus
}
#endif
