// services/samgrd/samgrd.h: what samgrd knows: who has an instance now, and who waits for one.
// Knows no system calls.
// Ownership: the caller owns the struct, the slots of instances and the kept replies.
// Blocking:  never; each function looks at each place once.
// Errors:    a full table refuses, and the caller answers WIRE_OVERLOAD.
#pragma once

#include <stdbool.h>

#include "ipc/types.h"
#include "ipc/wire/policy_action.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    SAMGRD_SERVICE_MAX = 32,
    SAMGRD_WAITING_MAX = 24,
    SAMGRD_DENY_FOR_MS = 10,  // For how long who was refused need not ask again.
};

// A service and the capability to mint from.
struct samgrd_service {
    struct service_id id;  // 0: the place is free.
    struct slot slot;
};

// A request that is answered once its target has an instance.
struct samgrd_waiting {
    uint64_t subject;  // 0: the place is free.
    struct service_id target;
    enum policy_action action;
    struct kept_call call;
};

struct samgrd_stats {
    uint64_t resolved;
    uint64_t denied;
    uint64_t deferred;
};

struct samgrd {
    struct samgrd_stats stats;
    struct samgrd_service services[SAMGRD_SERVICE_MAX];
    struct samgrd_waiting waiting[SAMGRD_WAITING_MAX];
};

void samgrd_init(struct samgrd *samgrd);

// The service's instance is reached by `slot` now. Returns the slot to close: that of the instance
// before, or this one if there is no room; CAP_SLOT_NONE: nothing.
WARN_UNUSED struct slot samgrd_offered(struct samgrd *samgrd, struct service_id id,
                                       struct slot slot);

// The slot to mint from, or CAP_SLOT_NONE.
struct slot samgrd_find(const struct samgrd *samgrd, struct service_id id);

// The service has no instance any more; returns the slot to close.
WARN_UNUSED struct slot samgrd_forget(struct samgrd *samgrd, struct service_id id);

uint32_t samgrd_service_count(const struct samgrd *samgrd);

// False: no room.
WARN_UNUSED bool samgrd_wait(struct samgrd *samgrd, const struct samgrd_waiting *waiting);

// Takes out one of those who wait for the service. False: there is none.
WARN_UNUSED bool samgrd_take(struct samgrd *samgrd, struct service_id target,
                             struct samgrd_waiting *out);

// One who waited has left.
void samgrd_left(struct samgrd *samgrd, struct reply_handle reply);

#ifdef __cplusplus
}
#endif
