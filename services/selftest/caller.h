// services/selftest/caller.h: a client of services by their names, for one case.
// Ownership: the case owns the struct; caller_end gives back what it holds.
// Blocking:  as ipc/client.h.
// Errors:    functions that return bool have printed what went wrong.
#pragma once

#include "ipc/ask.h"
#include "ipc/resolver.h"
#include "services/selftest/selftest.h"

struct caller {
    struct selftest *selftest;
    struct ipc_resolver resolver;
    struct ipc_client client;
};

WARN_UNUSED bool caller_begin(struct selftest *selftest, struct caller *caller);
// One operation of a service, as ipc_ask, with SELFTEST_PATIENCE_NS and no capability.
WARN_UNUSED struct ipc_outcome caller_ask(struct caller *caller, const char *name,
                                          const struct wire_protocol_rows *protocol, void *message);

WARN_UNUSED bool caller_end(struct caller *caller);
