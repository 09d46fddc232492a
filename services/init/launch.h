// services/init/launch.h: making a service's task with exactly the capabilities that the manifest
// lists.
// Ownership: struct launched names slots of init's capability table; launch_forget closes them.
// Blocking:  never for long: the kernel loads a program in steps; revoking a family waits for the
//            harts.
// Errors:    struct launch_result says which step failed and why. A failed task is closed, which
//            ends it before it ever ran.
#pragma once

#include "ipc/client.h"
#include "services/init/manifest_view.h"

#ifdef __cplusplus
extern "C" {
#endif

struct launched {
    struct slot task;      // CAP_SLOT_NONE while it does not run.
    struct slot endpoint;  // CAP_SLOT_NONE if it has none.
    struct slot family;    // CAP_SLOT_NONE until it is first given; kept from then on.
};

struct launch_result {
    enum status status;
    const char *step;
    uint64_t reason;  // task_load's: enum elf_reject.
    uint32_t instance;
};

struct launcher {
    const struct manifest_view *manifest;
    struct slot own_endpoint;  // Where services say that they are ready.
    struct launched services[MANIFEST_SERVICE_MAX];
};

// An endpoint for each service that receives, so that routes may go to services that start later.
WARN_UNUSED struct launch_result launch_prepare(struct launcher *launcher,
                                                const struct manifest_view *manifest);

// Makes the task, gives it its capabilities and loads its program. After that only launch_start is
// missing. What an instance before has minted under the service's family is revoked.
WARN_UNUSED struct launch_result launch_load(struct launcher *launcher, uint32_t service);

// Makes the loaded task run. `start_number` is 1 for the first start.
WARN_UNUSED struct launch_result launch_start(struct launcher *launcher, uint32_t service,
                                              uint32_t start_number);

// After a service has ended: closes its task and, for a restart, puts a new endpoint in the place
// of the closed one. Without a restart the closed endpoint stays: routes to it that later starts
// are given answer PEER_CLOSED.
WARN_UNUSED struct launch_result launch_forget(struct launcher *launcher, uint32_t service,
                                               bool restart);

// A route of the manifest to today's instance of its target, and what samgrd mints from: in slots
// of init's own.
WARN_UNUSED struct slot_result launch_route(const struct launcher *launcher,
                                            const struct manifest_grant *grant);
WARN_UNUSED struct slot_result launch_offer(const struct launcher *launcher, uint32_t service);

// An ipc_resolve for what init itself says to a service; `context` is a struct launcher. The route
// is a copy of the endpoint of now, or of the next instance.
struct resolved launch_resolve(void *context, struct service_id target, enum policy_action action,
                               struct deadline deadline);

#ifdef __cplusplus
}
#endif
