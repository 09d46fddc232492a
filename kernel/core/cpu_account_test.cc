// kernel/core/cpu_account_test.cc: a task's account of CPU time, to the nanosecond, in a kernel
// that nobody runs.
#include <gtest/gtest.h>

#include <memory>

extern "C" {
#include "kernel/core/cpu_budget.h"
#include "kernel/core/qos.h"
#include "kernel/core/run_queue.h"
}

namespace {

constexpr std::uint64_t PERIOD_NS = 1000000;  // The machine's clock is far below it.
constexpr std::uint32_t SHARE = 100;
constexpr std::int64_t BUDGET_NS = 100000;
constexpr std::uint64_t LATER = 6 * PERIOD_NS + 500000;  // In the seventh period.

struct fixture {
    std::unique_ptr<kernel> state = std::make_unique<kernel>();
    hart *home = &state->harts[0];
    task *first = &state->tasks[0];

    fixture() {
        state->hart_count = 1;
        state->harts_online.raw = 1;
        state->cpu_period_ns = PERIOD_NS;
        home->kernel = state.get();
        run_queue_init(home);
        home->tick_ns = UINT64_MAX;
        make(0, SHARE);
    }

    task *make(std::uint32_t index, std::uint32_t share) {
        task &one = state->tasks[index];
        one.index = index;
        one.wait.raw = wait_next(0, WAIT_NONE, 0);
        one.reply_free = one.serving = &one.replies[0];
        one.replies[0].task = &one;
        one.qos_ceiling = QOS_BURST;
        one.hart = home;
        qos_begin(state.get(), &one, QOS_NORMAL);
        cpu_begin(state.get(), &one, share);
        return &one;
    }

    // It ran that long, until `now_ns`.
    void charge(std::uint64_t spent_ns, std::uint64_t now_ns) UNCHECKED_LOCKS {
        home->current = first;
        home->counts.charged_ns.raw = now_ns - spent_ns;
        lock_acquire(&home->locks, &home->run_lock);
        cpu_charge_locked(state.get(), home, now_ns);
        lock_release(&home->locks, &home->run_lock);
        home->current = nullptr;
    }

    // Spent in the period before the machine's clock began, and owing that.
    void spend(task *one, std::int64_t left_ns) {
        one->cpu.left_ns = left_ns;
        one->cpu.period = 0;
        one->cpu.spent.raw = 1;
        list_append(&home->cpu_spent, &one->cpu.node);
    }
};

TEST(CpuAccount, a_period_gives_a_budget_and_time_takes_it) {
    fixture all;
    all.charge(30000, LATER);
    EXPECT_EQ(all.first->cpu.period, 7u);
    EXPECT_EQ(all.first->cpu.given_ns, static_cast<std::uint64_t>(BUDGET_NS));
    EXPECT_EQ(all.first->cpu.left_ns, BUDGET_NS - 30000);
    EXPECT_EQ(all.first->run_ns.raw, 30000u);
    EXPECT_EQ(all.first->cpu.spent.raw, 0u);
    all.charge(30000, LATER + 30000);  // The same period gives no more.
    EXPECT_EQ(all.first->cpu.given_ns, static_cast<std::uint64_t>(BUDGET_NS));
    EXPECT_EQ(all.first->cpu.left_ns, BUDGET_NS - 60000);
    all.charge(30000, LATER + PERIOD_NS);  // What was not used is gone.
    EXPECT_EQ(all.first->cpu.left_ns, BUDGET_NS - 30000);
    EXPECT_EQ(all.first->cpu.given_ns, static_cast<std::uint64_t>(BUDGET_NS) + 60000);
}

TEST(CpuAccount, what_is_left_may_be_used_to_the_last) {
    fixture all;
    all.charge(99999, LATER);
    EXPECT_EQ(all.first->cpu.spent.raw, 0u);
    all.charge(1, LATER + 1);
    EXPECT_EQ(all.first->cpu.left_ns, 0);
    EXPECT_EQ(all.first->cpu.spent.raw, 1u);
    EXPECT_EQ(all.first->cpu.spent_count.raw, 1u);
    EXPECT_EQ(all.home->tick_ns, 7 * PERIOD_NS);  // The next begins there.
    EXPECT_EQ(all.home->cpu_spent.next, &all.first->cpu.node);
    // A spent one that is charged for what it does for another gets nothing for that.
    all.charge(1000, LATER + PERIOD_NS);
    EXPECT_EQ(all.first->cpu.left_ns, -1000);
    EXPECT_EQ(all.first->cpu.spent_count.raw, 1u);
    EXPECT_EQ(all.first->cpu.period, 7u);
}

TEST(CpuAccount, one_without_a_share_has_no_account) {
    fixture all;
    task *free = all.make(1, 0);
    all.first = free;
    all.charge(PERIOD_NS, LATER);
    EXPECT_EQ(free->cpu.left_ns, 0);
    EXPECT_EQ(free->cpu.period, 0u);
    EXPECT_EQ(free->cpu.spent.raw, 0u);
    EXPECT_EQ(free->run_ns.raw, PERIOD_NS);
    EXPECT_EQ(cpu_end(all.state.get(), all.home, free, LATER, LATER + 77), LATER + 77);
}

TEST(CpuAccount, budgets_exist_from_the_first_share_on) {
    auto state = std::make_unique<kernel>();
    state->cpu_period_ns = PERIOD_NS;
    cpu_begin(state.get(), &state->tasks[0], 0);
    EXPECT_FALSE(cpu_budgets_exist(state.get()));
    cpu_begin(state.get(), &state->tasks[1], 1);
    EXPECT_TRUE(cpu_budgets_exist(state.get()));
    EXPECT_EQ(state->tasks[1].cpu.share.raw, 1u);
}

TEST(CpuAccount, who_runs_has_until_its_budget_ends) {
    fixture all;
    all.home->counts.charged_ns.raw = LATER;
    EXPECT_EQ(cpu_end(all.state.get(), all.home, all.first, LATER, LATER + PERIOD_NS),
              LATER + BUDGET_NS);
    EXPECT_EQ(cpu_end(all.state.get(), all.home, all.first, LATER, LATER + 5), LATER + 5);
    all.first->cpu.left_ns = -5;
    EXPECT_EQ(cpu_end(all.state.get(), all.home, all.first, LATER, LATER + 5), LATER);
}

TEST(CpuAccount, who_ran_before_pays_first) {
    fixture all;
    all.home->current = all.first;
    all.home->counts.charged_ns.raw = LATER - 1000;
    EXPECT_EQ(cpu_end(all.state.get(), all.home, all.first, LATER, LATER + PERIOD_NS),
              LATER + BUDGET_NS - 1000);
    EXPECT_EQ(all.home->counts.charged_ns.raw, LATER);
}

// Its hart is interrupted for one that was killed while it was parked, if that counts more than
// what runs there, and this entry does not look itself.
TEST(CpuAccount, a_parked_one_that_was_killed_stands_in_the_queue_again) {
    const struct {
        std::uint32_t running;
        bool looks, parked, told;
    } rows[] = {{QOS_IDLE, false, true, true},    {QOS_IDLE, true, true, false},
                {QOS_NORMAL, false, true, false}, {QOS_BURST, false, true, false},
                {0, false, true, false},          {QOS_IDLE, false, false, false}};
    for (const auto &row : rows) {
        fixture all;
        all.spend(all.first, 0);
        all.first->cpu.parked = row.parked;
        all.home->running_class = row.running;
        all.home->looks = row.looks;
        cpu_unpark(all.state.get(), all.home, all.first);
        EXPECT_EQ(all.home->run_count, row.parked ? 1u : 0u);
        EXPECT_FALSE(all.first->cpu.parked);
        EXPECT_EQ(all.home->counts.ipis_sent.raw, row.told ? 1u : 0u) << row.running;
    }
}

// A period that begins gives one budget; who still owes waits for another.
TEST(CpuAccount, what_was_overrun_is_given_back) {
    const struct {
        std::int64_t left_ns, then_ns;
    } rows[] = {{-1, BUDGET_NS - 1}, {0, BUDGET_NS},  {-BUDGET_NS / 2, BUDGET_NS / 2},
                {1 - BUDGET_NS, 1},  {-BUDGET_NS, 0}, {-BUDGET_NS * 3 / 2, -BUDGET_NS / 2}};
    for (const auto &row : rows) {
        fixture all;
        all.spend(all.first, row.left_ns);
        const std::uint64_t next_ns = cpu_return(all.state.get(), all.home);
        EXPECT_EQ(all.first->cpu.left_ns, row.then_ns);
        EXPECT_EQ(all.first->cpu.given_ns, static_cast<std::uint64_t>(BUDGET_NS));
        const bool waits = row.then_ns <= 0;
        EXPECT_EQ(all.first->cpu.spent.raw, waits ? 1u : 0u) << row.left_ns;
        EXPECT_EQ(list_is_empty(&all.home->cpu_spent), !waits) << row.left_ns;
        EXPECT_EQ(next_ns, waits ? PERIOD_NS : UINT64_MAX) << row.left_ns;
    }
}

TEST(CpuAccount, many_are_given_back_in_steps) {
    constexpr std::uint32_t COUNT = 20;
    constexpr std::uint32_t A_TICK = 16;
    fixture all;
    for (std::uint32_t i = 0; i < COUNT; i++) {
        all.spend(all.make(i, SHARE), 0);
        all.state->tasks[i].cpu.parked = true;
    }
    EXPECT_EQ(cpu_return(all.state.get(), all.home), 0u);  // The rest at once.
    EXPECT_EQ(all.home->run_count, A_TICK);
    all.home->woken = 0;  // Another entry.
    EXPECT_EQ(cpu_return(all.state.get(), all.home), UINT64_MAX);
    EXPECT_EQ(all.home->run_count, COUNT);
    for (std::uint32_t i = 0; i < COUNT; i++) {
        EXPECT_FALSE(all.state->tasks[i].cpu.parked);
    }
    const list *node = &all.home->run[QOS_NORMAL];
    for (std::uint32_t i = 0; i < COUNT; i++) {  // In the order in which they were spent.
        node = node->next;
        EXPECT_EQ(node, &all.state->tasks[i].run_node) << i;
    }
}

// Up to now each had what it had: a share that changes counts from the next period on.
TEST(CpuAccount, a_share_that_changes_hands) {
    fixture all;
    EXPECT_EQ(cpu_share_take(all.state.get(), all.home, all.first, SHARE), STATUS_NO_SPACE);
    EXPECT_EQ(cpu_share_take(all.state.get(), all.home, all.first, 0), STATUS_DENIED);
    EXPECT_EQ(all.first->cpu.share.raw, SHARE);
    all.first->cpu = {};
    all.first->cpu.share.raw = SHARE;
    EXPECT_EQ(cpu_share_take(all.state.get(), all.home, all.first, SHARE - 1), STATUS_OK);
    EXPECT_EQ(all.first->cpu.share.raw, 1u);
    EXPECT_EQ(all.first->cpu.left_ns, BUDGET_NS);
    all.first->cpu = {};
    all.first->cpu.share.raw = SHARE;
    cpu_share_give(all.state.get(), all.home, all.first, SHARE);
    EXPECT_EQ(all.first->cpu.share.raw, 2 * SHARE);
    EXPECT_EQ(all.first->cpu.left_ns, BUDGET_NS);
    EXPECT_EQ(all.state->cpu_shares.raw, 0u);
}

TEST(CpuAccount, shares_of_one_that_is_not_bounded_are_counted) {
    fixture all;
    task *free = all.make(1, 0);
    EXPECT_EQ(cpu_share_take(all.state.get(), all.home, free, 70), STATUS_OK);
    EXPECT_EQ(cpu_share_take(all.state.get(), all.home, nullptr, 5), STATUS_OK);
    EXPECT_EQ(all.state->cpu_shares.raw, 75u);
    cpu_share_give(all.state.get(), all.home, free, 70);
    cpu_share_give(all.state.get(), all.home, nullptr, 5);
    EXPECT_EQ(all.state->cpu_shares.raw, 0u);
    EXPECT_EQ(free->cpu.share.raw, 0u);
}

// One that gave most of its share away has no more in the next period than what it kept.
TEST(CpuAccount, a_smaller_share_is_a_smaller_budget) {
    fixture all;
    all.first->cpu.left_ns = 5 * BUDGET_NS;
    all.first->cpu.period = 6;
    all.charge(1, LATER);
    EXPECT_EQ(all.first->cpu.left_ns, BUDGET_NS - 1);
}

TEST(CpuAccount, a_child_begins_with_what_its_creator_pays) {
    fixture all;
    all.home->current = all.first;
    cpu_pay_first(all.state.get(), all.home, all.first, SHARE / 4);
    EXPECT_EQ(all.first->cpu.left_ns, BUDGET_NS - BUDGET_NS / 4);
    cpu_pay_first(all.state.get(), all.home, nullptr, SHARE);
    cpu_pay_first(all.state.get(), all.home, all.make(1, 0), SHARE);
    EXPECT_EQ(all.state->tasks[1].cpu.left_ns, 0);
}

TEST(CpuAccount, one_that_is_reclaimed_is_forgotten) {
    fixture all;
    all.spend(all.first, 0);
    cpu_forget(all.home, all.first);
    EXPECT_TRUE(list_is_empty(&all.home->cpu_spent));
    EXPECT_EQ(all.first->cpu.spent.raw, 0u);
    cpu_forget(all.home, all.first);  // Nothing is left to forget.
    EXPECT_TRUE(list_is_empty(&all.home->cpu_spent));
}

TEST(CpuAccount, only_who_is_spent_is_parked) {
    fixture all;
    EXPECT_FALSE(cpu_park(all.first));
    all.spend(all.first, 0);
    EXPECT_TRUE(cpu_park(all.first));
    EXPECT_TRUE(all.first->cpu.parked);
    all.first->cpu.parked = false;
    all.first->killed.raw = 1;
    EXPECT_FALSE(cpu_park(all.first));  // It is to be reclaimed.
    EXPECT_FALSE(all.first->cpu.parked);
}

}  // namespace
