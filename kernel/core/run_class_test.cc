// kernel/core/run_class_test.cc: which class a hart serves next, for how long, and who is told, to
// the nanosecond, in a kernel that nobody runs.
#include <gtest/gtest.h>

#include <memory>

extern "C" {
#include "kernel/core/cpu_budget.h"
#include "kernel/core/qos.h"
#include "kernel/core/run_queue.h"
}

namespace {

constexpr std::uint64_t LEFT_NS = 12345;

struct fixture {
    std::unique_ptr<kernel> state = std::make_unique<kernel>();
    hart *home = &state->harts[0];
    hart *other = &state->harts[1];

    fixture() {
        state->hart_count = 2;
        state->harts_online.raw = 3;
        state->cpu_period_ns = CPU_PERIOD_NS;
        for (std::uint32_t i = 0; i < state->hart_count; i++) {
            state->harts[i].kernel = state.get();
            state->harts[i].index = i;
            run_queue_init(&state->harts[i]);
            state->harts[i].tick_ns = 0;  // No timer to arm.
        }
    }

    task *make(std::uint32_t index, qos own) {
        task &one = state->tasks[index];
        one.index = index;
        one.wait.raw = wait_next(0, WAIT_NONE, 0);
        one.reply_free = one.serving = &one.replies[0];
        one.replies[0].task = &one;
        one.qos_ceiling = QOS_BURST;
        one.hart = home;
        qos_begin(state.get(), &one, own);
        return &one;
    }

    task *queue(std::uint32_t index, qos own) {
        task *one = make(index, own);
        run_queue_push(state.get(), home, one);
        return one;
    }

    // The first serves a call of the second.
    void serve(task *one, task *caller) {
        caller->wait.raw = wait_next(caller->wait.raw, WAIT_REPLY, one->index);
        one->replies[0].task = caller;
        one->replies[0].caller_wait = caller->wait.raw;
    }

    // What time the next entry finds.
    std::uint64_t soon() {
        const std::uint64_t before = arch_time_ns();
        const std::uint64_t now = arch_time_ns();
        return now + (now - before);
    }

    task *next() {
        return run_queue_next(state.get(), home);
    }
};

TEST(RunClass, a_class_that_starved_has_the_hart_for_a_quantum) {
    fixture all;
    (void)all.queue(0, QOS_INTERACTIVE);
    task *normal = all.queue(1, QOS_NORMAL);
    (void)all.queue(2, QOS_NORMAL);
    const std::uint64_t now = all.soon();
    all.home->passed_ns[QOS_NORMAL] = now - STARVATION_NS;
    EXPECT_EQ(all.next(), normal);
    EXPECT_EQ(all.home->boost_class, std::uint32_t{QOS_NORMAL});
    EXPECT_EQ(all.home->boost_end_ns, now + QUANTUM_NS);
    EXPECT_EQ(all.home->quantum_end_ns, now + QUANTUM_NS);
    EXPECT_EQ(all.home->running_class, std::uint32_t{QOS_BURST});  // Nobody interrupts it.
    EXPECT_EQ(all.home->passed_ns[QOS_NORMAL], 0u);
    EXPECT_EQ(all.home->passed_ns[QOS_INTERACTIVE], 0u);
}

TEST(RunClass, one_that_has_not_starved_quite_waits) {
    fixture all;
    task *high = all.queue(0, QOS_INTERACTIVE);
    (void)all.queue(1, QOS_NORMAL);
    const std::uint64_t since = all.soon() - STARVATION_NS + 1;
    all.home->passed_ns[QOS_NORMAL] = since;
    EXPECT_EQ(all.next(), high);
    EXPECT_EQ(all.home->boost_class, 0u);
    EXPECT_EQ(all.home->passed_ns[QOS_NORMAL], since);
    EXPECT_EQ(all.home->running_class, std::uint32_t{QOS_INTERACTIVE});
}

TEST(RunClass, is_passed_over_from_when_another_is_served_first) {
    fixture all;
    (void)all.queue(0, QOS_INTERACTIVE);
    (void)all.queue(1, QOS_NORMAL);
    const std::uint64_t now = all.soon();
    EXPECT_EQ(all.next(), &all.state->tasks[0]);
    EXPECT_EQ(all.home->passed_ns[QOS_NORMAL], now);
    EXPECT_EQ(all.home->passed_ns[QOS_INTERACTIVE], 0u);
    EXPECT_EQ(all.home->passed_ns[QOS_IDLE], 0u);  // Nobody of it waits.
}

// Of two that starved, the one that has waited longer; of equals the lower.
TEST(RunClass, who_has_starved_longest_is_first) {
    for (int order = -1; order <= 1; order++) {
        fixture all;
        (void)all.queue(0, QOS_INTERACTIVE);
        (void)all.queue(1, QOS_NORMAL);
        (void)all.queue(2, QOS_IDLE);
        const std::uint64_t since = all.soon() - 2 * STARVATION_NS;
        all.home->passed_ns[QOS_NORMAL] = since;
        all.home->passed_ns[QOS_IDLE] = since + static_cast<std::uint64_t>(order * 10);
        const task *wanted = &all.state->tasks[order > 0 ? 1 : 2];
        EXPECT_EQ(all.next(), wanted) << order;
    }
}

TEST(RunClass, a_boost_goes_on_to_its_end) {
    for (std::uint64_t left : {std::uint64_t{0}, std::uint64_t{1}, LEFT_NS}) {
        fixture all;
        task *high = all.queue(0, QOS_INTERACTIVE);
        task *normal = all.queue(1, QOS_NORMAL);
        const std::uint64_t now = all.soon();
        all.home->boost_class = QOS_NORMAL;
        all.home->boost_end_ns = now + left;
        EXPECT_EQ(all.next(), left != 0 ? normal : high) << left;
        EXPECT_EQ(all.home->boost_class, left != 0 ? std::uint32_t{QOS_NORMAL} : 0u);
        EXPECT_EQ(all.home->quantum_end_ns, now + (left != 0 ? left : QUANTUM_NS));
    }
}

TEST(RunClass, a_boost_ends_with_who_has_it) {
    fixture all;
    (void)all.make(2, QOS_IDLE);
    task *high = all.queue(0, QOS_INTERACTIVE);
    (void)all.queue(1, QOS_NORMAL);
    const std::uint64_t now = all.soon();
    all.home->boost_class = QOS_IDLE;
    all.home->boost_end_ns = now + QUANTUM_NS;
    EXPECT_EQ(all.next(), high);
    EXPECT_EQ(all.home->boost_class, 0u);
    all.home->boost_class = QOS_IDLE;
    all.home->boost_end_ns = UINT64_MAX;
    EXPECT_EQ(all.next(), &all.state->tasks[1]);  // Alone.
    EXPECT_EQ(all.home->boost_class, 0u);
    EXPECT_EQ(all.home->running_class, std::uint32_t{QOS_NORMAL});
}

TEST(RunClass, a_quantum_is_whole_or_what_was_left) {
    fixture all;
    task *one = all.queue(0, QOS_NORMAL);
    std::uint64_t now = all.soon();
    EXPECT_EQ(all.next(), one);
    EXPECT_EQ(all.home->quantum_end_ns, now + QUANTUM_NS);
    (void)all.make(1, QOS_IDLE);  // Classes differ now.
    run_queue_push(all.state.get(), all.home, one);
    now = all.soon();
    EXPECT_EQ(all.next(), one);
    EXPECT_EQ(all.home->quantum_end_ns, now + QUANTUM_NS);
    one->quantum_left_ns = LEFT_NS;
    run_queue_push(all.state.get(), all.home, one);
    now = all.soon();
    EXPECT_EQ(all.next(), one);
    EXPECT_EQ(all.home->quantum_end_ns, now + LEFT_NS);
    EXPECT_EQ(one->quantum_left_ns, 0u);
}

TEST(RunClass, an_empty_queue_runs_nothing) {
    fixture all;
    for (int classes = 1; classes <= 2; classes++) {
        all.home->running_class = QOS_NORMAL;
        EXPECT_EQ(all.next(), nullptr);
        EXPECT_EQ(all.home->running_class, 0u);
        (void)all.make(0, QOS_NORMAL);
        (void)all.make(1, QOS_IDLE);
    }
}

// The time up to then is who ran's, and the hart idles.
TEST(RunClass, when_nothing_runs_any_more_the_time_is_charged) {
    for (std::uint32_t share : {0u, 100u}) {
        fixture all;
        task *one = all.make(0, QOS_NORMAL);
        cpu_begin(all.state.get(), one, share);
        all.home->current = one;
        all.home->counts.use.raw = 0;
        const std::uint64_t begin = arch_time_ns();
        all.home->counts.charged_ns.raw = begin;
        EXPECT_EQ(all.next(), nullptr);
        const std::uint64_t end = arch_time_ns();
        EXPECT_NE(all.home->counts.use.raw & HART_IDLES, 0u);
        EXPECT_EQ(one->run_ns.raw, all.home->counts.charged_ns.raw - begin);
        EXPECT_GT(one->run_ns.raw, 0u);
        EXPECT_LE(one->run_ns.raw, end - begin);
        const auto left = static_cast<std::int64_t>(CPU_PERIOD_NS * share / TASK_SHARE_CPU_MAX);
        EXPECT_EQ(one->cpu.left_ns,
                  share == 0 ? 0 : left - static_cast<std::int64_t>(one->run_ns.raw));
    }
}

// An answer would leave something lower running: calls leave the fast path, whatever else is slow.
TEST(RunClass, who_serves_a_lower_one_is_uneven) {
    fixture all;
    task *server = all.make(0, QOS_INTERACTIVE);
    all.serve(server, all.make(1, QOS_NORMAL));
    all.home->slow.raw = SLOW_CHANCE;
    run_queue_push(all.state.get(), all.home, server);
    EXPECT_EQ(all.next(), server);
    EXPECT_TRUE(all.home->uneven);
    EXPECT_EQ(all.home->slow.raw, SLOW_CHANCE | SLOW_CLASS);
    task *plain = all.queue(2, QOS_INTERACTIVE);
    EXPECT_EQ(all.next(), plain);
    EXPECT_FALSE(all.home->uneven);
    EXPECT_EQ(all.home->slow.raw, SLOW_CHANCE);
    // Boosted it counts as the highest in any case.
    (void)all.queue(3, QOS_BURST);
    run_queue_push(all.state.get(), all.home, server);
    all.home->boost_class = QOS_INTERACTIVE;
    all.home->boost_end_ns = UINT64_MAX;
    EXPECT_EQ(all.next(), server);
    EXPECT_FALSE(all.home->uneven);
    EXPECT_EQ(all.home->running_class, std::uint32_t{QOS_BURST});
}

// What they were lent is over since they were queued: each goes to the end of its own class.
TEST(RunClass, those_that_count_less_by_now_are_looked_at_in_steps) {
    constexpr std::uint32_t COUNT = 10;
    constexpr std::uint32_t A_LOOK = 8;
    fixture all;
    for (std::uint32_t i = 0; i < COUNT; i++) {
        (void)all.queue(i, QOS_BURST);
        qos_begin(all.state.get(), &all.state->tasks[i], QOS_IDLE);
    }
    task *normal = all.queue(COUNT, QOS_NORMAL);
    all.home->doorbell.raw = 0;
    EXPECT_EQ(all.next(), nullptr);
    EXPECT_EQ(all.home->doorbell.raw, 1u);  // It comes back.
    EXPECT_EQ(all.home->running_class, 0u);
    std::uint32_t fallen = 0;
    for (std::uint32_t i = 0; i < COUNT; i++) {
        fallen += all.state->tasks[i].run_class == QOS_IDLE;
    }
    EXPECT_EQ(fallen, A_LOOK);
    EXPECT_EQ(all.next(), normal);
    for (std::uint32_t i = 0; i < COUNT; i++) {
        EXPECT_EQ(all.next(), &all.state->tasks[i]);
    }
}

TEST(RunClass, another_hart_is_told_if_it_sleeps_or_runs_something_lower) {
    const struct {
        bool idle;
        qos running;
        bool told;
    } rows[] = {{true, QOS_IDLE, true},
                {false, QOS_NORMAL, false},
                {false, QOS_BURST, false},
                {false, QOS_IDLE, true}};
    for (const auto &row : rows) {
        fixture all;
        task *one = all.make(0, QOS_NORMAL);
        one->hart = all.other;
        all.other->idle.raw = row.idle;
        all.other->running_class = row.idle ? 0u : std::uint32_t{row.running};
        run_queue_push(all.state.get(), all.home, one);
        EXPECT_EQ(all.other->doorbell.raw, 1u);
        EXPECT_EQ(all.home->counts.ipis_sent.raw, row.told ? 1u : 0u) << row.running;
        EXPECT_EQ(all.home->sched.ipis_spared.raw, row.told ? 0u : 1u) << row.running;
        EXPECT_EQ(all.other->run_count, 1u);
    }
}

TEST(RunClass, its_own_hart_is_interrupted_for_a_higher_class_only) {
    fixture all;
    all.home->running_class = QOS_NORMAL;
    (void)all.queue(0, QOS_NORMAL);
    EXPECT_EQ(all.home->counts.ipis_sent.raw, 0u);
    (void)all.queue(1, QOS_INTERACTIVE);
    EXPECT_EQ(all.home->counts.ipis_sent.raw, 1u);
    all.home->looks = true;  // This entry looks anyway.
    (void)all.queue(2, QOS_BURST);
    EXPECT_EQ(all.home->counts.ipis_sent.raw, 1u);
    EXPECT_EQ(all.home->doorbell.raw, 0u);
}

TEST(RunClass, who_is_asked_to_look_finds_its_doorbell_rung) {
    fixture all;
    run_queue_kick(all.state.get(), all.home, all.home);
    EXPECT_EQ(all.home->doorbell.raw, 1u);
    EXPECT_EQ(all.home->counts.ipis_sent.raw, 0u);
    run_queue_kick(all.state.get(), all.home, all.other);
    EXPECT_EQ(all.other->doorbell.raw, 1u);
    EXPECT_EQ(all.home->counts.ipis_sent.raw, 1u);
}

TEST(RunClass, test_reject_interrupt_of_a_hart_that_is_not_there) {
    fixture all;
    EXPECT_EQ(run_queue_ipi(all.state.get(), all.home, 2), STATUS_BAD_ARG);
    EXPECT_EQ(run_queue_ipi(all.state.get(), all.home, UINT64_MAX), STATUS_BAD_ARG);
    EXPECT_EQ(all.home->sched.ipis_invalid.raw, 2u);
    all.state->harts_online.raw = 1;
    EXPECT_EQ(run_queue_ipi(all.state.get(), all.home, 1), STATUS_BUSY);
    EXPECT_EQ(all.home->sched.ipis_offline.raw, 1u);
    EXPECT_EQ(all.home->counts.ipis_sent.raw, 0u);
    EXPECT_EQ(run_queue_ipi(all.state.get(), all.home, 0), STATUS_OK);
    EXPECT_EQ(all.home->counts.ipis_sent.raw, 1u);
}

}  // namespace
