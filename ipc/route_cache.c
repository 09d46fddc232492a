// ipc/route_cache.c: see route_cache.h.
#include "ipc/route_cache.h"

enum {
    NO_STEP = 0
};  // In `steps`: the state does not allow the event. Otherwise the new state + 1.

static const uint8_t steps[ROUTE_STATE_COUNT][ROUTE_EVENT_COUNT] = {
#define ROUTE_STEP(FROM, EVENT, TO) [ROUTE_##FROM][ROUTE_EVENT_##EVENT] = ROUTE_##TO + 1,
#include "ipc/route_step.def"
#undef ROUTE_STEP
};

static bool step(struct route_cache *cache, struct route *route, enum route_event event) {
    uint8_t next = steps[route->state][event];
    if (next == NO_STEP) {
        cache->refused++;
        return false;
    }
    const uint8_t from = route->state;
    const uint8_t to = (uint8_t)(next - 1);
    cache->events[from][event]++;
    route->state = to;
    route->ready = to == ROUTE_BOUND && !cache->trace_hits;
    if (from != ROUTE_BOUND || to != ROUTE_BOUND || cache->trace_hits) {
        route_trace_put(&cache->trace,
                        (struct route_trace_record){.target = route->target.value,
                                                    .kind = ROUTE_TRACE_STEP,
                                                    .action = route->action,
                                                    .what = {from, (uint8_t)event, to}});
    }
    return true;
}

static struct slot take_slot(struct route *route) {
    struct slot slot = route->slot;
    route->slot = slot_at(CAP_SLOT_NONE);
    return slot;
}

void route_cache_init(struct route_cache *cache) {
    *cache = (struct route_cache){.latest = 0};
}

void route_cache_trace_hits(struct route_cache *cache, bool on) {
    cache->trace_hits = on;
    for (uint32_t i = 0; i < ROUTE_CAPACITY; i++) {
        cache->routes[i].ready = cache->routes[i].state == ROUTE_BOUND && !on;
    }
}

static struct route *place_oldest(struct route_cache *cache) {
    uint32_t oldest = 0;
    for (uint32_t i = 0; i < ROUTE_CAPACITY; i++) {
        if (cache->routes[i].target.value == 0) {
            return &cache->routes[i];
        }
        if (cache->routes[i].used < cache->routes[oldest].used) {
            oldest = i;
        }
    }
    return &cache->routes[oldest];
}

struct route *route_place(struct route_cache *cache, struct service_id target,
                          enum policy_action action, struct slot *to_close) {
    *to_close = slot_at(CAP_SLOT_NONE);
    struct route *route = route_find(cache, target, action);
    if (route) {
        return route;
    }
    route = place_oldest(cache);
    if (route->target.value != 0) {
        cache->evicted++;
        *to_close = route_evict(cache, route);
    }
    // The epoch goes on, so that nothing said of the place's last route is taken for this one's.
    *route = (struct route){
        .target = target, .action = (uint8_t)action, .state = ROUTE_UNBOUND, .epoch = route->epoch};
    cache->latest = (uint32_t)(route - cache->routes);
    return route;
}

enum route_need route_want(struct route_cache *cache, struct route *route, uint64_t now_ns) {
    route->used = ++cache->clock;
    bool over = route->state == ROUTE_DENIED && now_ns >= route->denied_until_ns;
    if (!step(cache, route, over ? ROUTE_EVENT_EXPIRED : ROUTE_EVENT_WANTED)) {
        return ROUTE_ASK;  // Asked for already: the call that did so did not say what came of it.
    }
    switch ((enum route_state)route->state) {
        case ROUTE_BOUND:
            return ROUTE_USE;
        case ROUTE_DENIED:
            return ROUTE_REFUSE;
        case ROUTE_UNBOUND:
        case ROUTE_RESOLVING:
        case ROUTE_STALE:
        case ROUTE_REBINDING:
        case ROUTE_DEGRADED:
        case ROUTE_STATE_COUNT:
            return ROUTE_ASK;
    }
    return ROUTE_ASK;
}

struct slot route_resolved(struct route_cache *cache, struct route *route, struct slot slot) {
    if (!step(cache, route, ROUTE_EVENT_RESOLVED)) {
        return slot;
    }
    struct slot before = take_slot(route);
    route->slot = slot;
    route->epoch.value++;
    return before;
}

struct slot route_refused(struct route_cache *cache, struct route *route, uint64_t until_ns) {
    if (!step(cache, route, ROUTE_EVENT_REFUSED)) {
        return slot_at(CAP_SLOT_NONE);
    }
    route->denied_until_ns = until_ns;
    route->losses = 0;
    return take_slot(route);
}

// One more loss; whether the route is worn out by it.
static bool wears_out(struct route *route) {
    route->losses = route->losses < ROUTE_LOSSES_MAX ? (uint16_t)(route->losses + 1)
                                                     : (uint16_t)ROUTE_LOSSES_MAX;
    return route->losses == ROUTE_LOSSES_MAX;
}

void route_failed(struct route_cache *cache, struct route *route) {
    bool worn = route->state == ROUTE_REBINDING && wears_out(route);
    (void)step(cache, route, worn ? ROUTE_EVENT_WORN : ROUTE_EVENT_FAILED);
}

void route_served(struct route_cache *cache, struct route *route, struct route_epoch epoch) {
    if (route->epoch.value == epoch.value && step(cache, route, ROUTE_EVENT_SERVED)) {
        route->losses = 0;
    }
}

struct slot route_lost(struct route_cache *cache, struct route *route, struct route_epoch epoch) {
    if (route->epoch.value != epoch.value || route->slot.value == CAP_SLOT_NONE) {
        return slot_at(CAP_SLOT_NONE);
    }
    bool worn = wears_out(route);
    (void)step(cache, route, worn ? ROUTE_EVENT_WORN : ROUTE_EVENT_LOST);
    return take_slot(route);
}

struct slot route_evict(struct route_cache *cache, struct route *route) {
    struct slot slot = take_slot(route);
    (void)step(cache, route, ROUTE_EVENT_EVICTED);
    *route = (struct route){.epoch = {route->epoch.value + 1}, .state = ROUTE_UNBOUND};
    return slot;
}
