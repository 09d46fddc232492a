// ipc/boot_route.h: a route that the boot manifest gives, asked for again after its target was
// started anew. A client keeps such routes by boot_resolver.h; all others are resolved by samgrd
// (resolver.h).
#pragma once

#include "ipc/types.h"
#include "ipc/wire/policy_action.h"
#include "runtime/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

// A capability to today's instance of the target of the route that the manifest puts into `slot`.
// Ownership: the result is the caller's, in another slot. Uses call_out and reply_in.
// Blocking:  until init answers, at most until the deadline.
// Errors:    those of ipc_call; STATUS_DENIED: the manifest gives no route there;
//            STATUS_PEER_CLOSED: the target has no instance now, or init's answer is none.
WARN_UNUSED struct slot_result ipc_boot_route(struct runtime *runtime, uint32_t slot,
                                              struct deadline deadline);

// The same with the one right that the action needs, whatever else the manifest gives. Errors also:
// those of cap_clone, STATUS_DENIED if the manifest does not give that right.
WARN_UNUSED struct slot_result ipc_boot_route_for(struct runtime *runtime, uint32_t slot,
                                                  enum policy_action action,
                                                  struct deadline deadline);

#ifdef __cplusplus
}
#endif
