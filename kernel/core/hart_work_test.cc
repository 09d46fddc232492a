// kernel/core/hart_work_test.cc: what a hart does for others when they ask for it: kills, in steps,
// and standing still. In a kernel that nobody runs.
#include <gtest/gtest.h>

#include <memory>

extern "C" {
#include "kernel/core/qos.h"
#include "kernel/core/run_queue.h"
#include "kernel/core/stop.h"
#include "kernel/core/task_ops.h"
}

namespace {

constexpr std::uint32_t KILLED = 20;
constexpr std::uint32_t A_STEP = 16;

struct fixture {
    std::unique_ptr<kernel> state = std::make_unique<kernel>();
    hart *home = &state->harts[0];
    hart *other = &state->harts[1];

    fixture() {
        state->hart_count = 2;
        state->harts_online.raw = 3;
        for (std::uint32_t i = 0; i < state->hart_count; i++) {
            state->harts[i].kernel = state.get();
            state->harts[i].index = i;
            run_queue_init(&state->harts[i]);
        }
    }

    void kill(std::uint32_t index) {
        task &one = state->tasks[index];
        one.index = index;
        one.wait.raw = wait_next(0, WAIT_NONE, 0);
        one.qos_ceiling = QOS_BURST;
        one.hart = home;
        one.killed.raw = 1;
        qos_begin(state.get(), &one, QOS_NORMAL);
        list_append(&home->killed, &one.kill_node);
        home->kill_count.raw++;
    }
};

TEST(HartWork, the_killed_are_taken_in_steps) {
    fixture all;
    for (std::uint32_t i = 0; i < KILLED; i++) {
        all.kill(i);
    }
    std::uint64_t asked = 0;
    for (std::uint32_t left = KILLED; left > 0;) {
        all.home->doorbell.raw = 0;
        all.home->woken = 0;  // Another entry.
        task_kills_take(all.state.get(), all.home);
        left = left > A_STEP ? left - A_STEP : 0;
        EXPECT_EQ(all.home->kill_count.raw, left);
        EXPECT_EQ(all.home->doorbell.raw, left != 0 ? 1u : 0u);  // It comes back at once.
        asked += left != 0;
        EXPECT_EQ(all.home->counts.ipis_sent.raw, asked);
        for (std::uint32_t i = 0; i < KILLED; i++) {
            EXPECT_EQ(list_is_linked(&all.state->tasks[i].kill_node), i >= KILLED - left) << i;
        }
    }
    EXPECT_TRUE(list_is_empty(&all.home->killed));
    task_kills_take(all.state.get(), all.home);  // Nothing is left.
    EXPECT_EQ(all.home->kill_count.raw, 0u);
}

TEST(HartWork, one_that_is_reclaimed_before_is_not_taken) {
    fixture all;
    all.kill(0);
    all.kill(1);
    task_kill_forget(all.home, &all.state->tasks[0]);
    EXPECT_EQ(all.home->kill_count.raw, 1u);
    EXPECT_FALSE(list_is_linked(&all.state->tasks[0].kill_node));
    EXPECT_EQ(all.home->killed.next, &all.state->tasks[1].kill_node);
    task_kill_forget(all.home, &all.state->tasks[0]);  // It stands nowhere.
    EXPECT_EQ(all.home->kill_count.raw, 1u);
}

// Each request has a number of its own, and says who asks.
TEST(HartWork, a_stop_is_asked_by_one_at_a_time) {
    fixture all;
    all.state->hart_count = 1;
    all.state->harts_online.raw = 1;
    all.state->stop_request.raw = 0x300;
    EXPECT_TRUE(stop_begin(all.state.get(), all.home));
    EXPECT_EQ(all.state->stop_request.raw, 0x401u);
    EXPECT_FALSE(stop_begin(all.state.get(), all.other));
    EXPECT_EQ(all.state->stop_request.raw, 0x401u);
    stop_end(all.state.get(), all.home);
    EXPECT_EQ(all.state->stop_request.raw, 0x400u);
    EXPECT_EQ(all.home->counts.ipis_sent.raw, 0u);  // There was nobody to stop.
    EXPECT_EQ(all.home->doorbell.raw, 0u);
}

TEST(HartWork, all_look_again_after_a_stop) {
    fixture all;
    all.state->stop_request.raw = 0x101;
    all.home->tick_ns = UINT64_MAX;
    stop_end(all.state.get(), all.home);
    EXPECT_EQ(all.state->stop_request.raw, 0x100u);
    EXPECT_EQ(all.home->doorbell.raw, 1u);
    EXPECT_EQ(all.other->doorbell.raw, 1u);
    EXPECT_EQ(all.home->counts.ipis_sent.raw, 1u);
}

}  // namespace
