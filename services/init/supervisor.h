// services/init/supervisor.h: who is to be started next, and what a service's end means. Knows no
// system calls.
// Units:     nanoseconds since boot; milliseconds of a wait.
// Ownership: the caller owns struct supervisor; the manifest outlives it.
// Blocking:  never; each function looks at every service once.
#pragma once

#include <stdbool.h>

#include "kernel/abi/task.h"
#include "services/init/manifest_view.h"

#ifdef __cplusplus
extern "C" {
#endif

// A service that fails, which is to end by itself or not to come up in time, is started again at
// once. If it fails again, sooner than SUPERVISOR_STEADY_NS after each start, it waits before that,
// twice as long each time up to the most: a start takes about a millisecond, so that who fails for
// ever takes one in a hundred of a hart. One that was ended for somebody has not failed: it
// neither waits nor counts.
#define SUPERVISOR_STEADY_NS UINT64_C(1000000000)
#define SUPERVISOR_BACKOFF_MS 10U
#define SUPERVISOR_BACKOFF_MAX_MS 100U

// As it travels (ipc/wire/init_fields.def).
enum service_state {
    SERVICE_UNUSED,    // Not started by init.
    SERVICE_PENDING,   // To be started, or started again.
    SERVICE_STARTING,  // Its task runs; it has not said that it is ready.
    SERVICE_UP,
    SERVICE_GIVEN_UP,
};

// What a service's end means for the system.
enum supervisor_verdict {
    VERDICT_RESTART,
    VERDICT_GO_ON,    // It stays down.
    VERDICT_SUCCESS,  // The system has done its work.
    VERDICT_FAILURE,
};

struct supervised {
    enum service_state state;
    uint32_t start_count;
    uint32_t instance;       // Of the task that runs; 0 if none does.
    enum exit_reason ended;  // How the one before ended; EXIT_NONE: there was none.
    uint64_t ended_detail;
    uint64_t started_ns;
    uint32_t failures;    // One after the other, each soon after its start.
    uint32_t backoff_ms;  // How long it waits before it is started again, until:
    uint64_t not_before_ns;
    bool is_asked;  // It is being ended for somebody.
};

struct supervisor {
    const struct manifest_view *manifest;
    bool announced;  // Everything has been up once.
    struct supervised services[MANIFEST_SERVICE_MAX];
};

void supervisor_init(struct supervisor *supervisor, const struct manifest_view *manifest);

// The service to start now, in the manifest's order; SERVICE_INDEX_NONE when there is none. While
// one is starting only those before it: it may wait for one of them that has ended. None is started
// for the first time while one before it waits.
uint32_t supervisor_next(const struct supervisor *supervisor, uint64_t now_ns);

// When the next wait after `now_ns` is over; UINT64_MAX: nobody waits.
uint64_t supervisor_due_ns(const struct supervisor *supervisor, uint64_t now_ns);

void supervisor_started(struct supervisor *supervisor, uint32_t service, uint32_t instance,
                        uint64_t now_ns);

// The service that runs is about to be ended for somebody.
void supervisor_asked(struct supervisor *supervisor, uint32_t service);

// The service whose task that is; SERVICE_INDEX_NONE if it is none that runs.
WARN_UNUSED uint32_t supervisor_find(const struct supervisor *supervisor, uint32_t instance);

// The task `instance` said that it is ready. Returns the service, or SERVICE_INDEX_NONE if it is
// none that is starting.
WARN_UNUSED uint32_t supervisor_ready(struct supervisor *supervisor, uint32_t instance);

// How often it may still be started again.
uint32_t supervisor_restarts_left(const struct supervisor *supervisor, uint32_t service);

// True once: when the last service of the manifest has come up.
WARN_UNUSED bool supervisor_announce(struct supervisor *supervisor);

WARN_UNUSED enum supervisor_verdict supervisor_ended(struct supervisor *supervisor,
                                                     uint32_t service, enum exit_reason reason,
                                                     uint64_t detail, uint64_t now_ns);

#ifdef __cplusplus
}
#endif
