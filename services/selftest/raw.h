// services/selftest/raw.h: requests that no client of a service makes: through a route by hand, and
// with an answer of which the status alone matters.
// Blocking:  until the service answers, at most SELFTEST_PATIENCE_NS.
// Errors:    functions that return bool have printed what went wrong.
#pragma once

#include "ipc/wire/codec.h"
#include "services/selftest/selftest.h"

// The message's request must be answered with that status. Its nonce is 0.
WARN_UNUSED bool raw_answered(const struct selftest *selftest, struct slot route,
                              const struct wire_protocol_rows *rows, const void *message,
                              enum wire_status wanted);

enum { RAW_MALFORMED = 4 };  // How many of them raw_refuses_malformed sends.

// A request without fields, mutilated: empty, too short, too long and of another magic must be
// refused as malformed, and an operation that there is not as unknown.
WARN_UNUSED bool raw_refuses_malformed(const struct selftest *selftest, struct slot route,
                                       const struct wire_protocol_rows *rows, const void *message);
