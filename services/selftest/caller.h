// services/selftest/caller.h: a client of services by their names, for one case.
// Ownership: the case owns the struct; caller_end gives back what it holds.
// Blocking:  as ipc/client.h.
// Errors:    functions that return bool have printed what went wrong.
#pragma once

#include "ipc/ask.h"
#include "ipc/resolver.h"
#include "ipc/reuse.h"
#include "ipc/wire/routing_wire.h"
#include "services/selftest/selftest.h"

enum {
    CALLER_POLICY_USUAL = 0,
    CALLER_POLICY_LOCKED = 1,  // Lets selftest call hardly anybody.
};

struct caller {
    struct selftest *selftest;
    struct ipc_resolver resolver;
    struct ipc_client client;
};

// How a call is served that is so when routes are kept: with reuse off each is resolved anew.
static inline enum ipc_served caller_served(enum ipc_served when_kept) {
    return IPC_REUSE ? when_kept : IPC_MISS;
}

WARN_UNUSED bool caller_begin(struct selftest *selftest, struct caller *caller);
// One operation of a service, as ipc_ask, with SELFTEST_PATIENCE_NS and no capability.
WARN_UNUSED struct ipc_outcome caller_ask(struct caller *caller, const char *name,
                                          const struct wire_protocol_rows *protocol, void *message);
// The same with a capability, which is gone then.
WARN_UNUSED struct ipc_outcome caller_ask_with(struct caller *caller, const char *name,
                                               const struct wire_protocol_rows *protocol,
                                               void *message, struct slot carried);

// What policyd decides by from now on; *revoked: grants that it does not allow.
WARN_UNUSED bool caller_select_policy(struct caller *caller, uint8_t number, uint32_t *revoked);

// The policy refuses the service while the second one is selected, and allows it again after that.
WARN_UNUSED bool caller_sees_denial(struct caller *caller, const char *name);

// What samgrd has done, asked by the way to it that the caller has.
WARN_UNUSED bool caller_samgrd_stats(const struct caller *caller, struct routing_message *stats);

// init ends the service, asked through that route; its answer must be `wanted`.
WARN_UNUSED bool caller_end_service(const struct selftest *selftest, struct slot route,
                                    const char *name, enum wire_status wanted);

// Ends the service and waits until its next instance serves the caller by name. The caller has a
// route to it.
WARN_UNUSED bool caller_sees_restart(struct caller *caller, const char *name);

WARN_UNUSED bool caller_end(struct caller *caller);
