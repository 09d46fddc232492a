// ipc/route_cache.h: the routes that a client keeps: a capability for each service and each way of
// using it (call, send, notify, manage), and what is known of those it may not use.
//
// A state machine for each of a fixed number of entries (route_step.def has all steps). It
// makes no system call: it says what is to be done, and is told what came of it. When all places
// are taken, the route unused for longest goes, and its capability is closed.
// Units:     nanoseconds since boot.
// Ownership: the caller owns the cache. A capability given to route_resolved is the cache's until a
//            function returns it to be closed; CAP_SLOT_NONE means that there is nothing to close.
// Blocking:  never; at most ROUTE_CAPACITY steps a call.
// Errors:    an event that the state does not allow changes nothing and is counted in `refused`.
#pragma once

#include <stdbool.h>

#include "ipc/route_trace.h"
#include "ipc/types.h"
#include "ipc/wire/policy_action.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ROUTE_CAPACITY = 16,
    ROUTE_LOSSES_MAX = 3,  // Losses in a row, none served between, that wear a route out.
};

enum route_state {
#define ROUTE_STATE(NAME, meaning) ROUTE_##NAME,
#include "ipc/route_state.def"
#undef ROUTE_STATE
    ROUTE_STATE_COUNT
};

enum route_event {
#define ROUTE_EVENT(NAME, meaning) ROUTE_EVENT_##NAME,
#include "ipc/route_event.def"
#undef ROUTE_EVENT
    ROUTE_EVENT_COUNT
};

struct route {
    struct service_id target;  // 0: the place is free.
    struct slot slot;  // BOUND, and DEGRADED from RESOLVED to the end of the call; else none.
    struct route_epoch epoch;  // Rises with each binding.
    uint16_t losses;           // In a row.
    uint8_t state;             // enum route_state
    uint8_t action;            // enum policy_action: what its capability may be used for.
    bool ready;                // BOUND, and hits are not traced: use it without asking.
    uint64_t used;             // The cache's clock when it was last wanted.
    uint64_t denied_until_ns;
};

struct route_cache {
    uint32_t latest;  // The place found last: most calls go where the last one went.
    uint64_t clock;
    uint64_t evicted;
    uint64_t refused;                                       // Events that the state does not allow.
    uint64_t events[ROUTE_STATE_COUNT][ROUTE_EVENT_COUNT];  // How often each step was made.
    bool trace_hits;                                        // Each hit has its record too.
    struct route routes[ROUTE_CAPACITY];
    struct route_trace trace;
};

// What a call has to do next.
enum route_need {
    ROUTE_USE,     // Call through route->slot.
    ROUTE_ASK,     // Ask samgrd, then say route_resolved, route_refused or route_failed.
    ROUTE_REFUSE,  // Denied, and the interval is not over.
};

void route_cache_init(struct route_cache *cache);

WARN_UNUSED static inline bool route_is(const struct route *route, struct service_id target,
                                        enum policy_action action) {
    return route->target.value == target.value && route->action == action;
}

// The route to a target for an action, or null if it has no place.
static inline struct route *route_find(struct route_cache *cache, struct service_id target,
                                       enum policy_action action) {
    if (LIKELY(route_is(&cache->routes[cache->latest], target, action))) {
        return &cache->routes[cache->latest];
    }
    for (uint32_t i = 0; i < ROUTE_CAPACITY; i++) {
        if (route_is(&cache->routes[i], target, action)) {
            cache->latest = i;
            return &cache->routes[i];
        }
    }
    return 0;
}

// The route to a target for an action, in a place of its own: a free one, or that of the route
// unused for longest. *to_close is that one's capability. The target is not 0.
WARN_UNUSED struct route *route_place(struct route_cache *cache, struct service_id target,
                                      enum policy_action action, struct slot *to_close);

// Whether hits are traced from now on; then each call takes the longer way.
void route_cache_trace_hits(struct route_cache *cache, bool on);

WARN_UNUSED enum route_need route_want(struct route_cache *cache, struct route *route,
                                       uint64_t now_ns);

// The same two steps for a bound route, where they are frequent: it is wanted, and served.
static inline void route_hit(struct route_cache *cache, struct route *route) {
    route->used = ++cache->clock;
    cache->events[ROUTE_BOUND][ROUTE_EVENT_WANTED]++;
}

static inline void route_hit_served(struct route_cache *cache, struct route *route) {
    route->losses = 0;
    cache->events[ROUTE_BOUND][ROUTE_EVENT_SERVED]++;
}

// samgrd's answers. What route_resolved returns is to be closed: the capability that this one
// replaces, or this one if nobody asked for it.
WARN_UNUSED struct slot route_resolved(struct route_cache *cache, struct route *route,
                                       struct slot slot);
WARN_UNUSED struct slot route_refused(struct route_cache *cache, struct route *route,
                                      uint64_t until_ns);
void route_failed(struct route_cache *cache, struct route *route);

// What came of a call through the binding `epoch`; nothing if the route has another by now.
void route_served(struct route_cache *cache, struct route *route, struct route_epoch epoch);
WARN_UNUSED struct slot route_lost(struct route_cache *cache, struct route *route,
                                   struct route_epoch epoch);

// Lets the route go; its place is free.
WARN_UNUSED struct slot route_evict(struct route_cache *cache, struct route *route);

static inline const char *route_state_name(enum route_state state) {
    static const char *const names[] = {
#define ROUTE_STATE(NAME, meaning) #NAME,
#include "ipc/route_state.def"
#undef ROUTE_STATE
    };
    return (unsigned)state < ROUTE_STATE_COUNT ? names[(unsigned)state] : "?";
}

#ifdef __cplusplus
}
#endif
