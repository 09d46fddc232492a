// kernel/core/deadline_test.cc: waits that end and timers, against a plain model. Tasks wait in a
// kernel that nobody runs.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

extern "C" {
#include "kernel/core/audit.h"
#include "kernel/core/deadline.h"
#include "kernel/core/endpoint_ops.h"
#include "kernel/core/run_queue.h"
#include "kernel/core/wake.h"
}

namespace {

constexpr std::uint32_t TASKS = MAX_TASKS;

struct fixture {
    std::unique_ptr<kernel> state = std::make_unique<kernel>();
    hart *home = &state->harts[0];

    fixture() {
        state->hart_count = 1;
        home->kernel = state.get();
        run_queue_init(home);
        deadline_init(state.get(), home);
        state->task_pool.ranges[0].next = TASKS;  // Every task has been taken.
        lock_init(&state->endpoints[0].lock, LOCK_RANK_ENDPOINT);
        for (std::uint32_t i = 0; i < TASKS; i++) {
            task &one = state->tasks[i];
            one.index = i;
            one.hart = home;
            one.state.raw = TASK_LIVE;
            one.deadline_ns = UINT64_MAX;
            one.deadline_noted_ns = UINT64_MAX;
            one.qos.raw = QOS_NORMAL;
        }
    }

    void wait(std::uint32_t index, std::uint64_t deadline_ns) {
        task &one = state->tasks[index];
        one.deadline_ns = deadline_ns;
        (void)task_wait(&one, WAIT_RECV, 0);
        deadline_note(home, &one);
        if (deadline_ns < home->tick_ns) {
            deadline_sooner(home, &one);
        }
    }

    bool waits(std::uint32_t index) const {
        return wait_state_of(state->tasks[index].wait.raw) != WAIT_NONE;
    }

    std::uint32_t waiting() const {
        std::uint32_t count = 0;
        for (std::uint32_t i = 0; i < TASKS; i++) {
            count += waits(i);
        }
        return count;
    }

    // Served by somebody: the deadline is not told.
    void serve(std::uint32_t index) {
        state->tasks[index].wait.raw = wait_over(state->tasks[index].wait.raw);
    }

    // Everybody in the run queue, in the order in which they run.
    std::vector<std::uint32_t> woken() {
        std::vector<std::uint32_t> order;
        while (task *one = run_queue_next(state.get(), home)) {
            order.push_back(one->index);
        }
        return order;
    }

    // In an entry that has woken some already.
    void tick(std::uint16_t before = 0) {
        home->woken = before;
        deadline_tick(state.get(), home, UINT64_MAX);
        std::uint64_t armed = home->tick_ns;
        (void)woken();  // They run elsewhere.
        home->tick_ns = armed;
    }

    bool whole() {
        audit_tally tally{};
        return audit_deadlines(state.get(), &tally)
                   ? true
                   : (ADD_FAILURE() << tally.failure << " " << tally.a << " " << tally.b, false);
    }
};

TEST(Deadline, ends_what_is_due_and_nothing_else) {
    fixture all;
    std::uint64_t now = arch_time_ns();
    all.wait(1, now);
    all.wait(2, now + 1000000000);
    all.wait(3, UINT64_MAX);
    EXPECT_EQ(all.home->tick_ns, now);
    all.tick();
    EXPECT_FALSE(all.waits(1));
    EXPECT_EQ(all.state->tasks[1].regs.x[REG_A0], static_cast<std::uint64_t>(STATUS_TIMED_OUT));
    EXPECT_TRUE(all.waits(2));
    EXPECT_TRUE(all.waits(3));
    EXPECT_EQ(all.home->tick_ns, now + 1000000000);
    EXPECT_TRUE(all.whole());
}

TEST(Deadline, due_together_end_in_the_order_they_came) {
    fixture all;
    std::uint64_t now = arch_time_ns();
    for (std::uint32_t i : {9u, 3u, 60u, 0u, 31u}) {
        all.wait(i, now);
    }
    deadline_tick(all.state.get(), all.home, UINT64_MAX);
    EXPECT_EQ(all.woken(), (std::vector<std::uint32_t>{9, 3, 60, 0, 31}));
}

TEST(Deadline, what_was_served_is_forgotten) {
    fixture all;
    std::uint64_t now = arch_time_ns();
    all.wait(1, now + 1000000);
    all.tick();  // Now it is in the wheel.
    EXPECT_EQ(all.home->wheel->count, 1u);
    all.serve(1);
    all.wait(1, now + 2000000000);  // A later system call of the same task.
    all.tick();
    EXPECT_TRUE(all.waits(1));
    EXPECT_EQ(all.home->wheel->count, 1u);
    EXPECT_EQ(all.home->tick_ns, now + 2000000000);
    all.serve(1);
    all.tick();
    deadline_forget(all.home, &all.state->tasks[1]);
    EXPECT_EQ(all.home->wheel->count, 0u);
    all.serve(1);
    all.wait(1, UINT64_MAX);  // A wait without an end does not enter it.
    all.tick();
    EXPECT_EQ(all.home->wheel->count, 0u);
}

// What lets the fast path skip the note.
TEST(Deadline, is_noted_until_the_tick) {
    fixture all;
    const task &one = all.state->tasks[1];
    std::uint64_t now = arch_time_ns();
    EXPECT_FALSE(deadline_is_noted(&one, now + 3000000000));
    EXPECT_TRUE(deadline_is_noted(&one, UINT64_MAX));
    deadline_tick(all.state.get(), all.home, now + 2000000000);
    all.wait(1, now + 4000000000);
    EXPECT_TRUE(deadline_is_noted(&one, now + 3000000000));
    EXPECT_FALSE(deadline_is_noted(&one, now + 1000000000));  // Before the armed tick.
    all.tick();
    EXPECT_FALSE(deadline_is_noted(&one, now + 5000000000));  // It is in the wheel.
    all.serve(1);
    all.wait(1, now + 5000000000);
    EXPECT_TRUE(deadline_is_noted(&one, now + 5000000000));
    EXPECT_TRUE(all.whole());
    deadline_forget(all.home, &all.state->tasks[1]);
    EXPECT_FALSE(deadline_is_noted(&one, now + 5000000000));
}

// A tick that is overdue is armed for 0; 0 means not to wait at all.
TEST(Deadline, zero_is_never_noted) {
    fixture all;
    all.home->tick_ns = 0;
    all.wait(1, UINT64_MAX);
    EXPECT_FALSE(deadline_is_noted(&all.state->tasks[1], 0));
}

// A wait that turns into another under the same system call (queued, then handed over) keeps its
// deadline.
TEST(Deadline, belongs_to_the_system_call) {
    fixture all;
    std::uint64_t now = arch_time_ns();
    all.wait(5, now + 100000);
    all.tick();
    task &one = all.state->tasks[5];
    one.wait.raw = wait_next(one.wait.raw, WAIT_RECV, 7);
    while (arch_time_ns() < now + 100000) {
    }
    all.tick();
    EXPECT_FALSE(all.waits(5));
}

// No entry point ends more than some; the rest follow at once.
TEST(Deadline, many_that_are_due_end_in_bounded_steps) {
    fixture all;
    std::uint64_t now = arch_time_ns();
    for (std::uint32_t i = 0; i < TASKS; i++) {
        all.wait(i, now);
    }
    std::uint32_t most = 0;
    std::uint32_t left = TASKS;
    for (int ticks = 0; left > 0 && ticks < 100; ticks++) {
        EXPECT_LE(all.home->tick_ns, arch_time_ns());
        all.tick();
        std::uint32_t still = all.waiting();
        most = std::max(most, left - still);
        left = still;
        ASSERT_TRUE(all.whole());
    }
    EXPECT_EQ(left, 0u);
    EXPECT_LE(most, 16u);
    EXPECT_EQ(all.home->tick_ns, UINT64_MAX);
}

// What else fell due in the entry leaves fewer of them to it, but one.
TEST(Deadline, what_an_entry_has_woken_counts) {
    for (std::uint16_t before : std::vector<std::uint16_t>{0, 9, 15, 16, 60}) {
        fixture all;
        for (std::uint32_t i = 0; i < TASKS; i++) {
            all.wait(i, arch_time_ns());
        }
        while (!list_is_empty(&all.home->noted)) {
            all.tick(before);
        }
        std::uint32_t left = all.waiting();
        all.tick(before);
        EXPECT_EQ(left - all.waiting(), before < 16 ? 16u - before : 1u) << before;
        EXPECT_LE(all.home->tick_ns, arch_time_ns()) << "the rest follows at once";
        EXPECT_TRUE(all.whole());
    }
}

TEST(Timer, tells_its_endpoint_counts_and_can_be_stopped) {
    fixture all;
    endpoint &told = all.state->endpoints[0];
    told.generation.raw = 1;
    told.receiver = &all.state->tasks[0];
    told.receive_word = wait_low(WAIT_RECV, 0);
    timer one{};
    timer other{};
    one.home = other.home = home_pack(0, 1);
    one.badge_bits = 4;
    other.kernel_bits = 8;
    std::uint64_t now = arch_time_ns();
    timer_set(all.home, &one, now + 100);
    timer_set(all.home, &other, now + 1000000000);
    EXPECT_EQ(all.home->tick_ns, now + 100);
    while (arch_time_ns() < now + 100) {
    }
    all.tick();
    EXPECT_EQ(told.notify_badges, 4u);
    EXPECT_EQ(told.notify_kernel, 0u);
    EXPECT_EQ(one.expirations.raw, 1u);
    EXPECT_EQ(all.home->tick_ns, now + 1000000000);
    timer_set(all.home, &other, now);  // Anew, earlier than now.
    EXPECT_EQ(all.home->tick_ns, now);
    timer_set(all.home, &one, now);
    timer_stop(all.home, &one);
    timer_stop(all.home, &one);
    all.tick();
    EXPECT_EQ(told.notify_kernel, 8u);
    EXPECT_EQ(one.expirations.raw, 1u);
    EXPECT_EQ(other.expirations.raw, 1u);
    EXPECT_EQ(all.home->tick_ns, UINT64_MAX);
    EXPECT_TRUE(all.whole());
}

TEST(Deadline, agrees_with_a_model_over_many_steps) {
    fixture all;
    std::mt19937_64 random(11);
    for (int step = 0; step < 6000; step++) {
        std::uint32_t index = static_cast<std::uint32_t>(random() % TASKS);
        switch (random() % 4) {
            case 0:
            case 1:
                if (!all.waits(index)) {
                    all.wait(index,
                             random() % 8 == 0 ? UINT64_MAX : arch_time_ns() + random() % 3000);
                }
                break;
            case 2:
                all.serve(index);
                break;
            default:
                do {
                    all.tick();
                } while (all.home->tick_ns <= arch_time_ns());
                std::uint64_t now = arch_time_ns();
                for (std::uint32_t i = 0; i < TASKS; i++) {
                    // The tick read the clock a little before.
                    ASSERT_FALSE(all.waits(i) && all.state->tasks[i].deadline_ns < now - 20)
                        << "task " << i << " overslept";
                }
        }
        ASSERT_TRUE(all.whole());
    }
}

}  // namespace
