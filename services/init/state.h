// services/init/state.h: the state of init, and what its loop and its operations share.
// Units:     nanoseconds since boot.
// Ownership: one struct, on the stack of init_main.
// Blocking:  never: init waits for nobody while the system runs.
// Errors:    each function's own words.
#pragma once

#include "ipc/server.h"
#include "services/init/launch.h"
#include "services/init/supervisor.h"

#ifdef __cplusplus
extern "C" {
#endif

enum init_outcome {
    INIT_RUNNING,
    INIT_SUCCESS,
    INIT_FAILURE,
    INIT_REBOOT,
};

// An offer that is to be made: samgrd's call, what goes with its answer, and of which service.
struct init_offer {
    struct kept_call call;
    struct slot slot;
    uint32_t service;  // SERVICE_INDEX_NONE: there is none.
};

struct init {
    struct runtime *runtime;
    struct ipc_server server;
    struct ipc_client client;  // For logd, and for who keeps something on a disk.
    enum init_outcome outcome;
    uint64_t watch_deadline_ns;  // When the system is started anew; 0: nobody watches it.
    struct manifest_view manifest;
    struct supervisor supervisor;
    struct launcher launcher;
    uint32_t samgrd;  // Its index, or SERVICE_INDEX_NONE.
    uint32_t logd;    // The same.
    struct init_offer offer;
    uint64_t start_deadline_ns[MANIFEST_SERVICE_MAX];  // Of those that are starting.
    bool offered[MANIFEST_SERVICE_MAX];                // samgrd has a capability to this instance.
    uint64_t kept[MANIFEST_SERVICE_MAX];               // A word of the service's own, over its end.
};

static inline const char *init_name_of(const struct init *init, uint32_t service) {
    return init->manifest.services[service].name;
}

// Makes the server of init's operations (requests.c). False: one of them has no handler, and a line
// says which.
WARN_UNUSED bool init_requests_begin(struct init *init);

// Serves the call in request_in. Its answer is sent at once: who calls is let go on before anything
// else is started.
void init_serve_call(struct init *init, struct reply_handle reply);

#ifdef __cplusplus
}
#endif
