// kernel/core/quiesce_test.cc: many who wait for the other harts at once are woken in steps.
#include <gtest/gtest.h>

#include <memory>

extern "C" {
#include "kernel/core/qos.h"
#include "kernel/core/quiesce.h"
#include "kernel/core/run_queue.h"
}

namespace {

constexpr std::uint32_t WAITERS = 20;
constexpr std::uint32_t A_STEP = 16;

struct fixture {
    std::unique_ptr<kernel> state = std::make_unique<kernel>();
    hart *first = &state->harts[0];
    hart *second = &state->harts[1];

    fixture() {
        state->hart_count = 2;
        state->harts_online.raw = 3;
        quiesce_init(state.get());
        for (std::uint32_t i = 0; i < state->hart_count; i++) {
            state->harts[i].kernel = state.get();
            state->harts[i].index = i;
            run_queue_init(&state->harts[i]);
        }
    }

    void wait(std::uint32_t index) {
        task &one = state->tasks[index];
        one.index = index;
        one.wait.raw = wait_next(0, WAIT_NONE, 0);
        one.qos_ceiling = QOS_BURST;
        one.hart = first;
        qos_begin(state.get(), &one, QOS_NORMAL);
        EXPECT_TRUE(quiesce_wait(state.get(), first, &one));
    }
};

TEST(Quiesce, wakes_many_in_steps) {
    fixture all;
    for (std::uint32_t i = 0; i < WAITERS; i++) {
        all.wait(i);
    }
    for (std::uint32_t woken = A_STEP; woken < WAITERS; woken += A_STEP) {
        all.second->doorbell.raw = 0;
        all.second->woken = 0;  // Another entry.
        quiesce_pass(all.state.get(), all.second);
        EXPECT_EQ(all.first->run_count, woken);
        EXPECT_EQ(all.second->doorbell.raw, 1u);  // It comes back at once.
        EXPECT_LT(all.second->quiesced, all.state->quiesce.requested.raw);
    }
    all.second->woken = 0;
    quiesce_pass(all.state.get(), all.second);
    EXPECT_EQ(all.first->run_count, WAITERS);
    EXPECT_EQ(all.second->quiesced, all.state->quiesce.requested.raw);
    // In the order in which they came.
    for (std::uint32_t i = 0; i < WAITERS; i++) {
        EXPECT_EQ(run_queue_next(all.state.get(), all.first), &all.state->tasks[i]);
    }
}

}  // namespace
