// testing/cbmc/route_cache.c: the cache of routes. Of every cache that keeps its promises: any one
// call, with any arguments that its contract allows; the promises hold again, and every capability
// is either kept or given back to be closed, once.
#include "ipc/route_cache.c"

#include "testing/cbmc/prove.h"

static struct route_cache cache;

// What a route has, its state allows; only a bound one is used without asking. UNBOUND to DENIED:
// only BOUND always holds a capability, only DEGRADED may.
static bool route_is_right(const struct route *route) {
    bool holds = route->slot.value != CAP_SLOT_NONE;
    if (route->state >= ROUTE_STATE_COUNT || route->losses > ROUTE_LOSSES_MAX ||
        (route->ready && route->state != ROUTE_BOUND)) {
        return false;
    }
    if (route->target.value == 0) {
        return !holds && route->state == ROUTE_UNBOUND;
    }
    return route->state == ROUTE_BOUND ? holds : route->state == ROUTE_DEGRADED || !holds;
}

static bool cache_is_right(void) {
    bool right = cache.latest < ROUTE_CAPACITY;
    for (uint32_t i = 0; i < ROUTE_CAPACITY; i++) {
        right = right && route_is_right(&cache.routes[i]);
        for (uint32_t k = 0; k < i; k++) {
            right = right && (cache.routes[i].target.value == 0 ||
                              cache.routes[i].target.value != cache.routes[k].target.value ||
                              cache.routes[i].action != cache.routes[k].action);
        }
    }
    return right;
}

static void cache_make(void) {
    for (uint32_t i = 0; i < ROUTE_CAPACITY; i++) {
        cache.routes[i] = (struct route){.target = {nondet_u64()},
                                         .slot = {nondet_u32()},
                                         .epoch = {nondet_u32()},
                                         .losses = nondet_u16(),
                                         .state = nondet_u8(),
                                         .action = nondet_u8(),
                                         .ready = nondet_bool(),
                                         .used = nondet_u64(),
                                         .denied_until_ns = nondet_u64()};
    }
    cache.latest = nondet_u32();
    cache.clock = nondet_u64();
    cache.refused = nondet_u64();
    cache.trace_hits = nondet_bool();
    cache.trace.count = nondet_u64();
    GIVEN(cache_is_right());
}

// How often the capability `slot` is kept.
static uint32_t kept(uint64_t slot) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < ROUTE_CAPACITY; i++) {
        count += cache.routes[i].slot.value == slot;
    }
    return count;
}

static void place(void) {
    struct slot to_close = {nondet_u32()};
    struct service_id target = {nondet_u64()};
    GIVEN(target.value != 0);
    enum policy_action action = (enum policy_action)any_below(POLICY_ACTION_COUNT);
    bool known = route_find(&cache, target, action) != 0;
    uint64_t watched = nondet_u32();
    GIVEN(watched != CAP_SLOT_NONE);
    uint32_t before = kept(watched);
    const struct route *route = route_place(&cache, target, action, &to_close);
    PROVE(route_is(route, target, action), "the route to that target, for that action");
    PROVE(known || route->slot.value == CAP_SLOT_NONE, "a new one holds nothing");
    PROVE(!known || to_close.value == CAP_SLOT_NONE, "one that is there evicts nothing");
    PROVE(before == kept(watched) + (to_close.value == watched), "each is kept, or to be closed");
}

// What is said of the route: its new state is the table's, or nothing changes but a counter.
static void say(struct route *route) {
    struct slot given = {nondet_u32()};
    struct slot closed = {CAP_SLOT_NONE};
    struct route_epoch epoch = {nondet_u32()};
    struct route before = *route;
    uint32_t what = any_below(6);
    switch (what) {
        case 0: {
            enum route_need need = route_want(&cache, route, nondet_u64());
            PROVE((need == ROUTE_USE) == (route->state == ROUTE_BOUND), "used only if bound");
            PROVE((need == ROUTE_REFUSE) == (route->state == ROUTE_DENIED), "denied is not asked");
            break;
        }
        case 1:
            GIVEN(given.value != CAP_SLOT_NONE);
            closed = route_resolved(&cache, route, given);
            PROVE(closed.value == given.value || route->slot.value == given.value, "kept, or back");
            PROVE(closed.value == given.value || route->epoch.value == before.epoch.value + 1,
                  "a new binding has a new number");
            break;
        case 2:
            closed = route_refused(&cache, route, nondet_u64());
            PROVE(route->state != ROUTE_DENIED || route->slot.value == CAP_SLOT_NONE,
                  "what is denied holds nothing");
            break;
        case 3:
            route_failed(&cache, route);
            break;
        case 4:
            // Only a call through a capability is served.
            GIVEN(epoch.value != before.epoch.value || before.slot.value != CAP_SLOT_NONE);
            route_served(&cache, route, epoch);
            PROVE(epoch.value == before.epoch.value || route->state == before.state,
                  "an old binding says nothing of the new");
            break;
        default:
            closed = route_lost(&cache, route, epoch);
            PROVE(epoch.value == before.epoch.value ||
                      (route->state == before.state && route->slot.value == before.slot.value),
                  "an old binding says nothing of the new");
            break;
    }
    if (before.slot.value != CAP_SLOT_NONE && what != 1) {
        PROVE((route->slot.value == before.slot.value) != (closed.value == before.slot.value),
              "a capability is kept, or to be closed");
    }
    PROVE(what == 1 || route->slot.value == before.slot.value || route->slot.value == CAP_SLOT_NONE,
          "none comes from nowhere");
}

// Two proofs, for one takes too long: PLACES is true or false.
int main(void) {
    cache_make();
    if (PLACES) {
        place();
    } else {
        uint32_t which = any_below(ROUTE_CAPACITY);
        for (uint32_t i = 0; i < ROUTE_CAPACITY; i++) {
            if (which == i) {
                GIVEN(cache.routes[i].target.value != 0);
                say(&cache.routes[i]);
                break;
            }
        }
    }
    PROVE(cache_is_right(), "the cache keeps its promises");
    return 0;
}
