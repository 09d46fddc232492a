// ipc/route_steps_test.cc: every step of the table of routes, every outcome, every stray and every
// attempt after the first of a client is a counter and a record of the trace: row by row, by the
// tables themselves.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ipc/client.h"
#include "ipc/route_cache.h"
#include "ipc/route_trace.h"
#include "ipc/wire/policy_action.h"
#include "kernel/abi/syscall.h"
#include "runtime/ecall.h"

namespace {

constexpr std::uint64_t TARGET = 7;
constexpr std::uint64_t UNTIL_NS = 1000;
constexpr std::uint64_t NOW_NS = 4711;

struct row {
    route_state from;
    route_event event;
    route_state to;
};

const std::vector<row> ROWS = {
#define ROUTE_STEP(FROM, EVENT, TO) {ROUTE_##FROM, ROUTE_EVENT_##EVENT, ROUTE_##TO},
#include "ipc/route_step.def"
#undef ROUTE_STEP
};

class RouteSteps : public ::testing::Test {
  protected:
    RouteSteps() {
        route_cache_init(&cache_);
        cache_.trace.now_ns = NOW_NS;
    }

    // A route in that state, with what it has there.
    route *In(route_state state) {
        route *made = &cache_.routes[3];
        *made = route{};
        made->target.value = TARGET;
        made->action = POLICY_SEND;
        made->state = static_cast<std::uint8_t>(state);
        made->slot = slot_at(CAP_SLOT_NONE);
        made->denied_until_ns = UNTIL_NS;
        if (state == ROUTE_BOUND || state == ROUTE_DEGRADED) {
            made->slot = slot_at(40);
        }
        return made;
    }

    // What a client says for the event to happen.
    void Make(route *made, route_event event) {
        const bool worn = event == ROUTE_EVENT_WORN;
        made->losses = worn ? ROUTE_LOSSES_MAX - 1 : 0;
        switch (event) {
            case ROUTE_EVENT_WANTED:
                need_ = route_want(&cache_, made, UNTIL_NS - 1);
                break;
            case ROUTE_EVENT_EXPIRED:
                need_ = route_want(&cache_, made, UNTIL_NS);
                break;
            case ROUTE_EVENT_RESOLVED:
                (void)route_resolved(&cache_, made, slot_at(41)).value;
                break;
            case ROUTE_EVENT_REFUSED:
                (void)route_refused(&cache_, made, UNTIL_NS).value;
                break;
            case ROUTE_EVENT_SERVED:
                route_served(&cache_, made, made->epoch);
                break;
            case ROUTE_EVENT_FAILED:
                route_failed(&cache_, made);
                break;
            case ROUTE_EVENT_WORN:
                if (made->state == ROUTE_REBINDING) {
                    route_failed(&cache_, made);
                } else {
                    (void)route_lost(&cache_, made, made->epoch).value;
                }
                break;
            case ROUTE_EVENT_LOST:
                (void)route_lost(&cache_, made, made->epoch).value;
                break;
            case ROUTE_EVENT_EVICTED:
                (void)route_evict(&cache_, made).value;
                break;
            case ROUTE_EVENT_COUNT:
                FAIL();
        }
    }

    std::uint64_t Counted() const {
        std::uint64_t sum = 0;
        for (const auto &events : cache_.events) {
            for (const std::uint64_t count : events) {
                sum += count;
            }
        }
        return sum;
    }

    const route_trace_record &Last() const {
        return cache_.trace.records[(cache_.trace.count - 1) % ROUTE_TRACE_MAX];
    }

    void ExpectStep(const row &step, bool traced) {
        route *made = In(step.from);
        const std::uint64_t before = cache_.events[step.from][step.event];
        const std::uint64_t sum = Counted();
        const std::uint64_t records = cache_.trace.count;
        Make(made, step.event);
        EXPECT_EQ(made->state, step.to);
        EXPECT_EQ(cache_.events[step.from][step.event], before + 1);
        EXPECT_EQ(Counted(), sum + 1) << "another step was counted too";
        EXPECT_EQ(cache_.refused, 0u);
        ASSERT_EQ(cache_.trace.count, records + (traced ? 1 : 0));
        if (traced) {
            EXPECT_EQ(Last().kind, ROUTE_TRACE_STEP);
            EXPECT_EQ(Last().at_ns, NOW_NS);
            EXPECT_EQ(Last().target, TARGET);
            EXPECT_EQ(Last().action, POLICY_SEND);
            EXPECT_EQ(Last().what[0], step.from);
            EXPECT_EQ(Last().what[1], step.event);
            EXPECT_EQ(Last().what[2], step.to);
        }
    }

    route_cache cache_;
    route_need need_ = ROUTE_USE;  // What the client was told, if it wanted the route.
};

// What a hit goes through is traced once hits are.
TEST_F(RouteSteps, each_step_is_counted_and_traced) {
    for (const bool hits : {false, true}) {
        route_cache_trace_hits(&cache_, hits);
        for (const row &step : ROWS) {
            SCOPED_TRACE(std::string(route_state_name(step.from)) + " meets event " +
                         std::to_string(step.event));
            ExpectStep(step, hits || step.from != ROUTE_BOUND || step.to != ROUTE_BOUND);
        }
    }
    EXPECT_EQ(Counted(), 2 * ROWS.size());
}

// The two that are written out where they are frequent.
TEST_F(RouteSteps, a_hit_counts_the_same_two_steps) {
    route *made = In(ROUTE_BOUND);
    route_hit(&cache_, made);
    route_hit_served(&cache_, made);
    EXPECT_EQ(cache_.events[ROUTE_BOUND][ROUTE_EVENT_WANTED], 1u);
    EXPECT_EQ(cache_.events[ROUTE_BOUND][ROUTE_EVENT_SERVED], 1u);
    EXPECT_EQ(Counted(), 2u);
}

class Outcomes : public ::testing::Test {
  protected:
    Outcomes() {
        runtime_.page = &page_;
        ipc_client_init(
            &client_, &runtime_,
            [](void *, service_id, policy_action, deadline) {
                return resolved{RESOLVE_FAILED, slot_at(CAP_SLOT_NONE), 0};
            },
            nullptr, slot_at(CAP_SLOT_NONE));
    }

    // The record that was made since, if one was to be.
    void ExpectRecord(std::uint64_t before, bool traced, route_trace_kind kind, std::uint8_t first,
                      std::uint8_t second) {
        const route_trace &trace = client_.routes.trace;
        ASSERT_EQ(trace.count, before + (traced ? 1 : 0));
        if (traced) {
            const route_trace_record &last = trace.records[(trace.count - 1) % ROUTE_TRACE_MAX];
            EXPECT_EQ(last.kind, kind);
            EXPECT_EQ(last.target, TARGET);
            EXPECT_EQ(last.action, POLICY_MANAGE);
            EXPECT_EQ(last.what[0], first);
            EXPECT_EQ(last.what[1], second);
        }
    }

    message_page page_ = {};
    runtime runtime_ = {};
    ipc_client client_ = {};
};

TEST_F(Outcomes, each_is_counted_and_traced) {
    for (const bool hits : {false, true}) {
        route_cache_trace_hits(&client_.routes, hits);
        for (int error = 0; error < IPC_ERROR_COUNT; error++) {
            for (int served = 0; served < IPC_SERVED_COUNT; served++) {
                const ipc_outcome outcome = {static_cast<ipc_error>(error),
                                             static_cast<ipc_served>(served)};
                const std::uint64_t before = client_.routes.trace.count;
                const ipc_outcome same =
                    ipc_client_outcome(&client_, service_id{TARGET}, POLICY_MANAGE, outcome);
                EXPECT_EQ(same.error, error);
                EXPECT_EQ(same.served, served);
                EXPECT_EQ(client_.stats.outcomes[error][served], hits ? 2u : 1u);
                ExpectRecord(before, hits || error != IPC_OK || served != IPC_HIT,
                             ROUTE_TRACE_OUTCOME, static_cast<std::uint8_t>(error),
                             static_cast<std::uint8_t>(served));
            }
        }
    }
}

TEST_F(Outcomes, each_stray_is_counted_and_traced) {
    for (int stray = 0; stray < ROUTE_STRAY_COUNT; stray++) {
        const std::uint64_t before = client_.routes.trace.count;
        ipc_client_stray(&client_, service_id{TARGET}, POLICY_MANAGE,
                         static_cast<route_stray>(stray));
        EXPECT_EQ(client_.stats.strays[stray], 1u);
        ExpectRecord(before, true, ROUTE_TRACE_STRAY, static_cast<std::uint8_t>(stray), 0);
    }
}

// Nobody is found, until the budget is spent.
TEST_F(Outcomes, each_attempt_after_the_first_is_counted_and_traced) {
    const ipc_outcome outcome =
        ipc_client_notify(&client_, service_id{TARGET}, deadline{NOW_NS + 1});
    EXPECT_EQ(outcome.error, IPC_REJECTED);
    EXPECT_EQ(client_.stats.resent, BUDGET_ATTEMPTS - 1u);
    const route_trace &trace = client_.routes.trace;
    ASSERT_LE(trace.count, 0u + ROUTE_TRACE_MAX);
    std::vector<unsigned> numbers;
    for (std::uint64_t i = 0; i < trace.count; i++) {
        const route_trace_record &record = trace.records[i];
        if (record.kind == ROUTE_TRACE_RESENT) {
            EXPECT_EQ(record.at_ns, NOW_NS);
            EXPECT_EQ(record.target, TARGET);
            EXPECT_EQ(record.action, POLICY_NOTIFY);
            numbers.push_back(record.what[0]);
        }
    }
    ASSERT_EQ(numbers.size(), client_.stats.resent);
    for (unsigned i = 0; i < numbers.size(); i++) {
        EXPECT_EQ(numbers[i], i + 2);
    }
}

}  // namespace

extern "C" ecall_result sim_ecall(std::uint64_t number, std::uint64_t, std::uint64_t, std::uint64_t,
                                  std::uint64_t) {
    EXPECT_EQ(number, 0u + SYSCALL_CLOCK_GET);
    return {STATUS_OK, NOW_NS, 0, 0};
}
