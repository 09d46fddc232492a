// ipc/resolver.h: asks samgrd for a route: what an ipc_client resolves with.
//
// samgrd answers once the service has an instance and policyd allows it. When samgrd itself was
// started anew, the way to it is asked for again, from init, and kept with the right to call alone.
// Ownership: the caller owns the resolver and the slot it begins with.
// Blocking:  until samgrd answers, or init if samgrd is gone; at most until the request's deadline.
// Errors:    enum resolve_answer.
#pragma once

#include "ipc/client.h"

#ifdef __cplusplus
extern "C" {
#endif

struct ipc_resolver {
    struct runtime *runtime;
    uint32_t manifest_slot;  // Where the manifest puts the route to samgrd.
    struct slot samgrd;      // The route of today.
    struct nonce last;
    uint64_t asked;
    uint64_t rerouted;  // How often the way to samgrd was asked for again.
};

void ipc_resolver_init(struct ipc_resolver *resolver, struct runtime *runtime, uint32_t slot);

// The way to samgrd is asked for again, for what it was is dead. False: there is none now.
bool ipc_resolver_reroute(struct ipc_resolver *resolver, struct deadline deadline);

// An ipc_resolve; `context` is a struct ipc_resolver.
struct resolved ipc_resolver_ask(void *context, struct service_id target, enum policy_action action,
                                 struct deadline deadline);

#ifdef __cplusplus
}
#endif
