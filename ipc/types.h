// ipc/types.h: the words of the client library, one struct each, so that a nonce cannot be passed
// for a slot or a time for a budget. Each travels in one register and costs nothing.
// Units:     nanoseconds since boot in struct deadline; counts elsewhere.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "kernel/abi/identity.h"
#include "runtime/types.h"

// One request of one client; rises by one, never 0.
struct nonce {
    uint64_t value;
};

// Who serves: the hash of a service's name, as the kernel reports it of senders.
struct service_id {
    uint64_t value;
};

// The point in time at which a whole operation ends, its retries included. Absolute.
struct deadline {
    uint64_t ns;
};

// How often an operation may still be tried.
struct attempt_budget {
    uint32_t left;
};

// How many answers that belong to another request an operation may still pass over.
struct mismatch_budget {
    uint32_t left;
};

// One binding of a route. What is learned late of an old binding says nothing of the new one.
struct route_epoch {
    uint32_t value;
};

// A call that is answered later: by whom it is awaited, and what its answer must carry.
struct kept_call {
    struct reply_handle reply;
    struct nonce nonce;
    uint8_t op;
};

static inline struct service_id service_id_named(const char *name) {
    struct service_id id = {.value = service_id_of(name, __builtin_strlen(name))};
    return id;
}
