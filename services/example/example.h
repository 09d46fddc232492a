// services/example/example.h: what example knows and decides. No system calls.
// Ownership: the caller owns the struct.
// Blocking:  never; bounded steps.
// Errors:    a status of the protocol; after another than WIRE_OK nothing has changed.
#pragma once

#include "base/compiler.h"
#include "ipc/wire/wire.h"

#ifdef __cplusplus
extern "C" {
#endif

struct example {
    uint64_t total;
    uint64_t count;  // Of what was added.
};

void example_init(struct example *example);

// Errors: WIRE_TOO_LARGE: the total would not fit.
WARN_UNUSED enum wire_status example_add(struct example *example, uint64_t value);

#ifdef __cplusplus
}
#endif
