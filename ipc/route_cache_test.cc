// ipc/route_cache_test.cc: each step of the table, the bounds, and more than two million random
// operations against a plain model.
#include "ipc/route_cache.h"

#include <algorithm>
#include <random>
#include <set>
#include <tuple>
#include <vector>

#include "gtest/gtest.h"
#include "ipc/route_trace.h"
#include "ipc/wire/policy_action.h"

namespace {

constexpr slot kNone = {CAP_SLOT_NONE};

class RouteCache : public ::testing::Test {
  protected:
    RouteCache() {
        route_cache_init(&cache_);
    }

    route *Place(uint64_t target) {
        slot closed = kNone;
        route *found = route_place(&cache_, service_id{target}, POLICY_CALL, &closed);
        EXPECT_EQ(closed.value, kNone.value);
        return found;
    }

    // A route that is bound through `slot`.
    route *Bound(uint64_t target, uint64_t slot_value) {
        route *found = Place(target);
        EXPECT_EQ(route_want(&cache_, found, 0), ROUTE_ASK);
        EXPECT_EQ(route_resolved(&cache_, found, slot{slot_value}).value, kNone.value);
        EXPECT_EQ(found->state, ROUTE_BOUND);
        return found;
    }

    // Loses it; what is to be closed.
    uint64_t Lose(route *route) {
        return route_lost(&cache_, route, route->epoch).value;
    }

    route_cache cache_;
};

TEST_F(RouteCache, FirstCallAsksAndLaterOnesDoNot) {
    route *bound = Bound(7, 3);
    EXPECT_EQ(route_want(&cache_, bound, 0), ROUTE_USE);
    EXPECT_EQ(bound->slot.value, 3u);
    EXPECT_EQ(route_find(&cache_, service_id{7}, POLICY_CALL), bound);
    EXPECT_EQ(cache_.events[ROUTE_UNBOUND][ROUTE_EVENT_WANTED], 1u);
    EXPECT_EQ(cache_.events[ROUTE_RESOLVING][ROUTE_EVENT_RESOLVED], 1u);
    EXPECT_EQ(cache_.events[ROUTE_BOUND][ROUTE_EVENT_WANTED], 1u);
}

TEST_F(RouteCache, APlaceThatIsFoundClosesNothing) {
    route *bound = Bound(7, 3);
    slot closed = {99};
    EXPECT_EQ(route_place(&cache_, service_id{7}, POLICY_CALL, &closed), bound);
    EXPECT_EQ(closed.value, kNone.value);
    EXPECT_EQ(&cache_.routes[cache_.latest], bound);
    const route *other = Place(8);
    EXPECT_EQ(&cache_.routes[cache_.latest], other);
}

TEST_F(RouteCache, EvictionIsAStepAndAnEpoch) {
    route *bound = Bound(7, 3);
    const uint64_t epoch = bound->epoch.value;
    EXPECT_EQ(route_evict(&cache_, bound).value, 3u);
    EXPECT_EQ(bound->epoch.value, epoch + 1);
    EXPECT_EQ(bound->target.value, 0u);
    EXPECT_EQ(cache_.events[ROUTE_BOUND][ROUTE_EVENT_EVICTED], 1u);
    EXPECT_EQ(cache_.refused, 0u);
}

TEST_F(RouteCache, ALostRouteIsClosedAndAskedForAgain) {
    route *bound = Bound(7, 3);
    EXPECT_EQ(Lose(bound), 3u);
    EXPECT_EQ(bound->state, ROUTE_STALE);
    EXPECT_EQ(route_want(&cache_, bound, 0), ROUTE_ASK);
    EXPECT_EQ(bound->state, ROUTE_REBINDING);
    EXPECT_EQ(route_resolved(&cache_, bound, slot{4}).value, kNone.value);
    EXPECT_EQ(route_want(&cache_, bound, 0), ROUTE_USE);
}

TEST_F(RouteCache, WearsOutAndComesBackWhenServed) {
    route *bound = Bound(7, 3);
    for (int loss = 1; loss < ROUTE_LOSSES_MAX; loss++) {
        EXPECT_EQ(Lose(bound), 3u);
        EXPECT_EQ(bound->state, ROUTE_STALE);
        EXPECT_EQ(route_want(&cache_, bound, 0), ROUTE_ASK);
        EXPECT_EQ(route_resolved(&cache_, bound, slot{3}).value, kNone.value);
    }
    EXPECT_EQ(Lose(bound), 3u);
    EXPECT_EQ(bound->state, ROUTE_DEGRADED);
    EXPECT_EQ(route_want(&cache_, bound, 0), ROUTE_ASK);
    EXPECT_EQ(route_resolved(&cache_, bound, slot{5}).value, kNone.value);
    EXPECT_EQ(bound->state, ROUTE_DEGRADED);
    EXPECT_EQ(route_want(&cache_, bound, 0), ROUTE_ASK);  // Each call asks.
    EXPECT_EQ(route_resolved(&cache_, bound, slot{6}).value, 5u);
    route_served(&cache_, bound, bound->epoch);
    EXPECT_EQ(bound->state, ROUTE_BOUND);
    EXPECT_EQ(bound->slot.value, 6u);
    EXPECT_EQ(bound->losses, 0u);
}

TEST_F(RouteCache, ServedCallsForgetEarlierLosses) {
    route *bound = Bound(7, 3);
    for (int i = 0; i < 2 * ROUTE_LOSSES_MAX; i++) {
        EXPECT_EQ(Lose(bound), 3u);
        ASSERT_EQ(bound->state, ROUTE_STALE) << "loss " << i;
        EXPECT_EQ(route_want(&cache_, bound, 0), ROUTE_ASK);
        EXPECT_EQ(route_resolved(&cache_, bound, slot{3}).value, kNone.value);
        route_served(&cache_, bound, bound->epoch);
    }
}

TEST_F(RouteCache, FailedRebindsWearOutToo) {
    route *bound = Bound(7, 3);
    EXPECT_EQ(Lose(bound), 3u);
    for (int i = 1; i < ROUTE_LOSSES_MAX; i++) {
        ASSERT_EQ(bound->state, ROUTE_STALE);
        EXPECT_EQ(route_want(&cache_, bound, 0), ROUTE_ASK);
        route_failed(&cache_, bound);
    }
    EXPECT_EQ(bound->state, ROUTE_DEGRADED);
}

TEST_F(RouteCache, test_reject_denied_route_from_the_cache) {
    route *route = Place(7);
    EXPECT_EQ(route_want(&cache_, route, 0), ROUTE_ASK);
    EXPECT_EQ(route_refused(&cache_, route, 1000).value, kNone.value);
    EXPECT_EQ(route_want(&cache_, route, 0), ROUTE_REFUSE);
    EXPECT_EQ(route_want(&cache_, route, 999), ROUTE_REFUSE);
    EXPECT_EQ(route_want(&cache_, route, 1000), ROUTE_ASK);  // Once:
    EXPECT_EQ(route_refused(&cache_, route, 2000).value, kNone.value);
    EXPECT_EQ(route_want(&cache_, route, 1000), ROUTE_REFUSE);
}

TEST_F(RouteCache, RevokedThenDeniedHoldsNothing) {
    route *bound = Bound(7, 3);
    EXPECT_EQ(Lose(bound), 3u);
    EXPECT_EQ(route_want(&cache_, bound, 0), ROUTE_ASK);
    EXPECT_EQ(route_refused(&cache_, bound, 1000).value, kNone.value);
    EXPECT_EQ(bound->state, ROUTE_DENIED);
    EXPECT_EQ(bound->slot.value, kNone.value);
}

TEST_F(RouteCache, test_reject_news_of_an_old_binding) {
    route *bound = Bound(7, 3);
    route_epoch old = bound->epoch;
    EXPECT_EQ(Lose(bound), 3u);
    EXPECT_EQ(route_want(&cache_, bound, 0), ROUTE_ASK);
    EXPECT_EQ(route_resolved(&cache_, bound, slot{4}).value, kNone.value);
    EXPECT_EQ(route_lost(&cache_, bound, old).value, kNone.value);
    EXPECT_EQ(bound->state, ROUTE_BOUND);
    EXPECT_EQ(bound->slot.value, 4u);
    EXPECT_EQ(bound->losses, 1u);
    route_served(&cache_, bound, old);
    EXPECT_EQ(bound->losses, 1u);
}

TEST_F(RouteCache, test_reject_a_capability_nobody_asked_for) {
    route *bound = Bound(7, 3);
    EXPECT_EQ(route_resolved(&cache_, bound, slot{9}).value, 9u);
    EXPECT_EQ(bound->slot.value, 3u);
    EXPECT_EQ(cache_.refused, 1u);
}

TEST_F(RouteCache, test_reject_cache_overflow) {
    for (uint64_t i = 1; i <= ROUTE_CAPACITY; i++) {
        (void)Bound(i, 10 + i);
    }
    EXPECT_EQ(route_want(&cache_, route_find(&cache_, service_id{1}, POLICY_CALL), 0), ROUTE_USE);
    slot closed = kNone;
    route *route = route_place(&cache_, service_id{100}, POLICY_CALL, &closed);
    EXPECT_EQ(closed.value, 12u);  // 2 was unused for longest.
    EXPECT_EQ(route->state, ROUTE_UNBOUND);
    EXPECT_EQ(route_find(&cache_, service_id{2}, POLICY_CALL), nullptr);
    EXPECT_NE(route_find(&cache_, service_id{1}, POLICY_CALL), nullptr);
    EXPECT_EQ(cache_.evicted, 1u);
}

TEST_F(RouteCache, NewsOfAnEvictedRouteIsNotThoseOfItsSuccessor) {
    route *old_route = Bound(1, 3);
    route_epoch old = old_route->epoch;
    EXPECT_EQ(route_evict(&cache_, old_route).value, 3u);
    route *successor = Bound(2, 4);
    ASSERT_EQ(successor, old_route);
    EXPECT_EQ(route_lost(&cache_, successor, old).value, kNone.value);
    EXPECT_EQ(successor->state, ROUTE_BOUND);
}

// Every pair of the table but EXPIRED, which route_want makes of WANTED in DENIED alone: an event
// the state does not allow changes nothing but a counter. What it brings or finds in a slot is
// given back to be closed, and a place is free once its route is let go, whatever the state.
TEST_F(RouteCache, test_reject_steps_that_are_not_in_the_table) {
    std::set<std::pair<int, int>> rows;
#define ROUTE_STEP(FROM, EVENT, TO) rows.insert({ROUTE_##FROM, ROUTE_EVENT_##EVENT});
#include "ipc/route_step.def"
#undef ROUTE_STEP
    for (int state = 0; state < ROUTE_STATE_COUNT; state++) {
        for (auto [event, make] : std::vector<std::pair<
                 int, void (*)(route_cache *, route *)>>{{ROUTE_EVENT_WANTED,
                                                          [](route_cache *c, route *r) {
                                                              std::ignore = route_want(c, r, 0);
                                                          }},
                                                         {ROUTE_EVENT_RESOLVED,
                                                          [](route_cache *c, route *r) {
                                                              (void)route_resolved(c, r, slot{9})
                                                                  .value;
                                                          }},
                                                         {ROUTE_EVENT_FAILED,
                                                          [](route_cache *c,
                                                             route *r) { route_failed(c, r); }},
                                                         {ROUTE_EVENT_LOST,
                                                          [](route_cache *c, route *r) {
                                                              r->slot = slot{3};
                                                              EXPECT_EQ(
                                                                  route_lost(c, r, r->epoch).value,
                                                                  3u);
                                                          }},
                                                         {ROUTE_EVENT_WORN,
                                                          [](route_cache *c, route *r) {
                                                              r->slot = slot{3};
                                                              r->losses = ROUTE_LOSSES_MAX - 1;
                                                              EXPECT_EQ(
                                                                  route_lost(c, r, r->epoch).value,
                                                                  3u);
                                                          }},
                                                         {ROUTE_EVENT_EVICTED,
                                                          [](route_cache *c, route *r) {
                                                              r->slot = slot{3};
                                                              EXPECT_EQ(route_evict(c, r).value,
                                                                        3u);
                                                          }},
                                                         {ROUTE_EVENT_REFUSED,
                                                          [](route_cache *c, route *r) {
                                                              (void)route_refused(c, r, 5).value;
                                                          }},
                                                         {ROUTE_EVENT_SERVED,
                                                          [](route_cache *c, route *r) {
                                                              route_served(c, r, r->epoch);
                                                          }}}) {
            route one{};
            one.target.value = 7;
            one.state = static_cast<uint8_t>(state);
            cache_.refused = 0;
            make(&cache_, &one);
            bool allowed = rows.count({state, event}) != 0;
            EXPECT_EQ(cache_.refused, allowed ? 0u : 1u) << state << " " << event;
            if (!allowed) {
                EXPECT_EQ(one.state, event == ROUTE_EVENT_EVICTED ? ROUTE_UNBOUND : state) << event;
                EXPECT_EQ(one.slot.value, kNone.value);
            }
        }
    }
}

TEST_F(RouteCache, test_reject_use_for_another_action) {
    route *call = Bound(7, 3);
    EXPECT_EQ(route_find(&cache_, service_id{7}, POLICY_SEND), nullptr);
    slot closed = kNone;
    route *send = route_place(&cache_, service_id{7}, POLICY_SEND, &closed);
    ASSERT_NE(send, call);
    EXPECT_EQ(route_want(&cache_, send, 0), ROUTE_ASK);
    EXPECT_EQ(route_refused(&cache_, send, 1000).value, kNone.value);
    EXPECT_EQ(route_want(&cache_, send, 0), ROUTE_REFUSE);
    EXPECT_EQ(route_want(&cache_, call, 0), ROUTE_USE);
    EXPECT_EQ(route_find(&cache_, service_id{7}, POLICY_CALL), call);
}

TEST_F(RouteCache, TracesWhatChangesAState) {
    route *bound = Bound(7, 3);
    EXPECT_EQ(cache_.trace.count, 2u);
    EXPECT_EQ(route_want(&cache_, bound, 0), ROUTE_USE);
    route_served(&cache_, bound, bound->epoch);
    EXPECT_EQ(cache_.trace.count, 2u);
    cache_.trace.now_ns = 77;
    EXPECT_EQ(Lose(bound), 3u);
    ASSERT_EQ(cache_.trace.count, 3u);
    const route_trace_record &last = cache_.trace.records[2];
    EXPECT_EQ(last.at_ns, 77u);
    EXPECT_EQ(last.target, 7u);
    EXPECT_EQ(last.kind, ROUTE_TRACE_STEP);
    EXPECT_EQ(last.action, POLICY_CALL);
    EXPECT_EQ(last.what[0], ROUTE_BOUND);
    EXPECT_EQ(last.what[1], ROUTE_EVENT_LOST);
    EXPECT_EQ(last.what[2], ROUTE_STALE);
}

// Pages follow each other; what is gone is passed over.
TEST(RouteTrace, IsReadInPages) {
    static route_trace trace;
    route_trace_record page[ROUTE_TRACE_PAGE];
    uint64_t first = 0;
    EXPECT_EQ(route_trace_page(&trace, &first, page), 0u);
    for (uint8_t i = 0; i < 50; i++) {
        trace.now_ns = i;
        route_trace_put(&trace, route_trace_record{});
    }
    EXPECT_EQ(route_trace_page(&trace, &first, page), 0u + ROUTE_TRACE_PAGE);
    EXPECT_EQ(first, 50u - ROUTE_TRACE_MAX);
    EXPECT_EQ(page[0].at_ns, first);
    first += ROUTE_TRACE_PAGE;
    EXPECT_EQ(route_trace_page(&trace, &first, page), 0u + ROUTE_TRACE_PAGE);
    EXPECT_EQ(page[ROUTE_TRACE_PAGE - 1].at_ns, 49u);
    first = 48;
    EXPECT_EQ(route_trace_page(&trace, &first, page), 2u);
    EXPECT_EQ(page[0].at_ns, 48u);
    for (uint64_t beyond : {UINT64_C(50), UINT64_MAX}) {
        first = beyond;
        EXPECT_EQ(route_trace_page(&trace, &first, page), 0u);
        EXPECT_EQ(first, 50u);
    }
}

// Targets of random calls: each service is wanted for two actions, which have nothing to do with
// each other.
constexpr uint64_t kTargets = 2 + ROUTE_CAPACITY + 4;

// What the cache should do, told without its tricks: for each target what is known, and when it was
// wanted last.
class Model {
  public:
    struct Known {
        bool there = false;
        uint64_t used = 0;
        bool bound = false;
        bool degraded = false;
        bool denied = false;
        uint64_t slot = CAP_SLOT_NONE;
        uint64_t until_ns = 0;
        int losses = 0;
    };

    // Makes the target's place; the slot to close.
    uint64_t Place(uint64_t target) {
        if (known_[target].there) {
            return CAP_SLOT_NONE;
        }
        uint64_t closed = CAP_SLOT_NONE;
        if (count_ == ROUTE_CAPACITY) {
            Known *oldest = nullptr;
            for (Known &known : known_) {
                if (known.there && (oldest == nullptr || known.used < oldest->used)) {
                    oldest = &known;
                }
            }
            closed = oldest->slot;
            *oldest = Known{};
            count_--;
        }
        known_[target] = Known{.there = true, .used = ++clock_};
        count_++;
        return closed;
    }

    route_need Want(uint64_t target, uint64_t now_ns) {
        Known &route = known_[target];
        route.used = ++clock_;
        if (route.denied && now_ns < route.until_ns) {
            return ROUTE_REFUSE;
        }
        return route.bound && !route.degraded ? ROUTE_USE : ROUTE_ASK;
    }

    void Resolved(uint64_t target, uint64_t slot) {
        Known &route = known_[target];
        route.denied = false;
        route.bound = true;
        route.slot = slot;
    }

    void Refused(uint64_t target, uint64_t until_ns) {
        known_[target] =
            Known{.there = true, .used = known_[target].used, .denied = true, .until_ns = until_ns};
    }

    // What was never bound, or was denied, only starts again.
    void Failed(uint64_t target, bool rebinding) {
        Known &route = known_[target];
        route.denied = false;
        if (rebinding) {
            Count(&route);
        }
    }

    uint64_t Lost(uint64_t target) {
        Known &route = known_[target];
        uint64_t closed = route.slot;
        route.slot = CAP_SLOT_NONE;
        route.bound = false;
        Count(&route);
        return closed;
    }

    void Served(uint64_t target) {
        known_[target].losses = 0;
        known_[target].degraded = false;
    }

    const Known &At(uint64_t target) {
        return known_[target];
    }

  private:
    static void Count(Known *route) {
        route->losses++;
        route->degraded = route->degraded || route->losses >= ROUTE_LOSSES_MAX;
    }

    uint64_t clock_ = 0;
    size_t count_ = 0;
    std::vector<Known> known_ = std::vector<Known>(kTargets);
};

// Capabilities that the client has.
class Held {
  public:
    void insert(uint64_t slot_value) {
        slots_.push_back(slot_value);
    }
    void erase(uint64_t slot_value) {
        auto found = std::find(slots_.begin(), slots_.end(), slot_value);
        if (found != slots_.end()) {
            slots_.erase(found);
        }
    }
    std::set<uint64_t> all() const {
        return {slots_.begin(), slots_.end()};
    }

  private:
    std::vector<uint64_t> slots_;
};

// One call of a client, against both. True while they agree.
void OneCall(route_cache *cache, Model *model, std::mt19937_64 *random, uint64_t now_ns,
             Held *held) {
    uint64_t target = 2 + (*random)() % (kTargets - 2);
    slot closed = kNone;
    route *route = route_place(cache, service_id{target / 2},
                               target % 2 == 0 ? POLICY_CALL : POLICY_SEND, &closed);
    ASSERT_EQ(closed.value, model->Place(target));
    held->erase(closed.value);
    bool rebinding = route->state == ROUTE_STALE;
    route_need need = route_want(cache, route, now_ns);
    ASSERT_EQ(need, model->Want(target, now_ns));
    if (need == ROUTE_ASK) {
        uint64_t slot_value = 1 + (*random)() % 1000000007;
        switch ((*random)() % 4) {
            case 0:
                ASSERT_EQ(route_refused(cache, route, now_ns + 50).value, kNone.value);
                model->Refused(target, now_ns + 50);
                return;
            case 1:
                route_failed(cache, route);
                model->Failed(target, rebinding);
                ASSERT_EQ(route->state == ROUTE_DEGRADED, model->At(target).degraded);
                return;
            default:
                ASSERT_EQ(route_resolved(cache, route, slot{slot_value}).value, kNone.value);
                model->Resolved(target, slot_value);
                held->insert(slot_value);
        }
    } else if (need == ROUTE_REFUSE) {
        return;
    }
    ASSERT_EQ(route->slot.value, model->At(target).slot);
    ASSERT_EQ(route->ready, route->state == ROUTE_BOUND);
    if ((*random)() % 3 == 0) {
        uint64_t to_close = route_lost(cache, route, route->epoch).value;
        ASSERT_EQ(to_close, model->Lost(target));
        held->erase(to_close);
    } else {
        route_served(cache, route, route->epoch);
        model->Served(target);
    }
    ASSERT_EQ(route->state == ROUTE_DEGRADED, model->At(target).degraded);
}

TEST_F(RouteCache, AgreesWithTheModel) {
    std::mt19937_64 random(1);
    Model model;
    Held held;
    for (uint64_t now_ns = 0; now_ns < 1000000; now_ns++) {
        OneCall(&cache_, &model, &random, now_ns, &held);
        if (HasFatalFailure()) {
            FAIL() << "at operation " << now_ns;
        }
    }
    // Every capability is either held by a route or was given back to be closed.
    std::set<uint64_t> kept;
    for (const route &route : cache_.routes) {
        if (route.slot.value != kNone.value) {
            kept.insert(route.slot.value);
        }
    }
    EXPECT_EQ(kept, held.all());
    EXPECT_EQ(cache_.refused, 0u);
    // Operations that came to a step; as many again that made or found a place.
    uint64_t steps = 0;
    for (const auto &events : cache_.events) {
        for (const uint64_t count : events) {
            steps += count;
        }
    }
    EXPECT_GT(steps, 2000000u);
}

}  // namespace
