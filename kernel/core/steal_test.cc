// kernel/core/steal_test.cc: which tasks another hart may take, how many, and that refusals are
// counted. In a kernel that nobody runs.
#include <gtest/gtest.h>

#include <memory>

extern "C" {
#include "kernel/core/deadline.h"
#include "kernel/core/qos.h"
#include "kernel/core/run_queue.h"
#include "kernel/core/steal.h"
#include "kernel/core/wake.h"
}

namespace {

constexpr std::uint32_t TASKS = 40;
constexpr std::uint32_t HARTS = 3;  // The last is not online.

struct fixture {
    std::unique_ptr<kernel> state = std::make_unique<kernel>();
    hart *thief = &state->harts[0];
    hart *victim = &state->harts[1];
    std::uint32_t next = 0;

    fixture() {
        state->hart_count = HARTS;
        state->harts_online.raw = 3;
        for (std::uint32_t i = 0; i < HARTS; i++) {
            state->harts[i].kernel = state.get();
            state->harts[i].index = i;
            run_queue_init(&state->harts[i]);
            deadline_init(state.get(), &state->harts[i]);
        }
        for (std::uint32_t i = 0; i < TASKS; i++) {
            task &one = state->tasks[i];
            one.index = i;
            one.wait.raw = wait_next(0, WAIT_NONE, 0);
            one.state.raw = TASK_LIVE;
            one.reply_free = one.serving = &one.replies[0];
            one.replies[0].task = &one;
            one.qos_ceiling = QOS_BURST;
            one.deadline_ns = one.deadline_noted_ns = UINT64_MAX;
            one.hart = victim;
            one.space.harts = UINT64_C(1) << victim->index;
        }
    }

    // One more in the victim's queue.
    task *queue(qos own = QOS_NORMAL, bool pinned = false) {
        task *one = &state->tasks[next++];
        one->pinned = pinned;
        qos_begin(state.get(), one, own);
        run_queue_push(state.get(), victim, one);
        return one;
    }

    status steal(std::uint32_t count, qos highest, std::uint32_t *taken) {
        const steal_wish wish{victim->index, count, highest};
        return steal_from(state.get(), thief, &wish, taken);
    }
};

TEST(Steal, takes_the_highest_and_oldest_and_at_most_half) {
    fixture all;
    task *idle = all.queue(QOS_IDLE);
    task *first = all.queue(QOS_NORMAL);
    task *second = all.queue(QOS_NORMAL);
    std::uint32_t taken = 0;
    EXPECT_EQ(all.steal(STEAL_MAX, QOS_BURST, &taken), STATUS_OK);
    EXPECT_EQ(taken, 2u);  // Of three.
    EXPECT_EQ(all.thief->sched.steals.raw, 2u);
    EXPECT_EQ(first->hart, all.thief);
    EXPECT_EQ(second->hart, all.thief);
    EXPECT_EQ(idle->hart, all.victim);
    EXPECT_EQ(all.victim->run_count, 1u);
    EXPECT_EQ(run_queue_next(all.state.get(), all.thief), first);
    EXPECT_EQ(run_queue_next(all.state.get(), all.thief), second);
    EXPECT_EQ(run_queue_next(all.state.get(), all.thief), nullptr);
}

TEST(Steal, the_new_hart_is_one_that_may_hold_translations) {
    fixture all;
    task *one = all.queue();
    std::uint32_t taken = 0;
    EXPECT_EQ(all.steal(1, QOS_BURST, &taken), STATUS_OK);
    EXPECT_EQ(taken, 1u);
    EXPECT_EQ(one->space.harts, 3u);
}

// What its old hart had noted of its last wait would end a wait on the new one.
TEST(Steal, leaves_no_deadline_behind) {
    fixture all;
    task *noted = &all.state->tasks[0];
    noted->deadline_ns = all.victim->tick_ns - 1;
    (void)task_wait(noted, WAIT_RECV, 0);
    deadline_note(all.victim, noted);
    noted->wait.raw = wait_over(noted->wait.raw);
    (void)all.queue();
    std::uint32_t taken = 0;
    EXPECT_EQ(all.steal(1, QOS_BURST, &taken), STATUS_OK);
    EXPECT_EQ(taken, 1u);
    EXPECT_EQ(noted->end.place, WHEEL_NOWHERE);
    EXPECT_EQ(noted->deadline_noted_ns, UINT64_MAX);
    EXPECT_TRUE(list_is_empty(&all.victim->noted));
}

TEST(Steal, test_reject_steal_above_bound) {
    fixture all;
    (void)all.queue();
    std::uint32_t taken = 7;
    EXPECT_EQ(all.steal(STEAL_MAX + 1, QOS_BURST, &taken), STATUS_TOO_LARGE);
    EXPECT_EQ(all.steal(UINT32_MAX, QOS_BURST, &taken), STATUS_TOO_LARGE);
    EXPECT_EQ(taken, 0u);
    EXPECT_EQ(all.thief->sched.steals_bound.raw, 2u);
    EXPECT_EQ(all.victim->run_count, 1u);
    for (int i = 0; i < 20; i++) {
        (void)all.queue();
    }
    EXPECT_EQ(all.steal(STEAL_MAX, QOS_BURST, &taken), STATUS_OK);
    EXPECT_EQ(taken, static_cast<unsigned>(STEAL_MAX));
}

TEST(Steal, test_reject_steal_of_higher_class) {
    fixture all;
    task *burst = all.queue(QOS_BURST);
    task *normal = all.queue(QOS_NORMAL);
    all.thief->steal_ceiling = QOS_NORMAL;
    std::uint32_t taken = 7;
    EXPECT_EQ(all.steal(1, QOS_INTERACTIVE, &taken), STATUS_DENIED);
    EXPECT_EQ(taken, 0u);
    EXPECT_EQ(all.thief->sched.steals_higher.raw, 1u);
    EXPECT_TRUE(steal_some(all.state.get(), all.thief));
    EXPECT_EQ(normal->hart, all.thief);
    EXPECT_EQ(burst->hart, all.victim);
    EXPECT_FALSE(steal_some(all.state.get(), all.thief));
    EXPECT_EQ(burst->hart, all.victim);
}

TEST(Steal, test_reject_steal_of_a_pinned_task) {
    fixture all;
    task *pinned = all.queue(QOS_BURST, true);
    EXPECT_FALSE(steal_some(all.state.get(), all.thief));
    task *free = all.queue(QOS_IDLE);
    EXPECT_TRUE(steal_some(all.state.get(), all.thief));
    EXPECT_EQ(pinned->hart, all.victim);
    EXPECT_EQ(free->hart, all.thief);
    EXPECT_EQ(all.thief->sched.steals_pinned.raw, 1u);
}

TEST(Steal, test_reject_steal_of_what_its_hart_has_begun) {
    fixture all;
    task *dying = all.queue();
    task *busy = all.queue();
    dying->killed.raw = 1;
    busy->again = true;
    std::uint32_t taken = 7;
    EXPECT_EQ(all.steal(STEAL_MAX, QOS_BURST, &taken), STATUS_OK);
    EXPECT_EQ(taken, 0u);
    EXPECT_EQ(all.victim->run_count, 2u);
}

TEST(Steal, test_reject_steal_from_no_other_hart) {
    fixture all;
    std::uint32_t taken = 7;
    for (std::uint64_t from : {UINT64_C(0), UINT64_C(2), UINT64_C(3), UINT64_MAX}) {
        const steal_wish wish{from, 1, QOS_BURST};
        EXPECT_EQ(steal_from(all.state.get(), all.thief, &wish, &taken), STATUS_BAD_ARG) << from;
        EXPECT_EQ(taken, 0u);
    }
}

TEST(Steal, takes_nothing_from_a_hart_that_is_about_to_run_it) {
    fixture all;
    (void)all.queue();
    all.victim->idle.raw = 1;
    EXPECT_FALSE(steal_some(all.state.get(), all.thief));
    EXPECT_EQ(all.victim->run_count, 1u);
}

TEST(Ipi, test_reject_ipi_to_offline_hart) {
    fixture all;
    EXPECT_EQ(run_queue_ipi(all.state.get(), all.thief, 2), STATUS_BUSY);
    EXPECT_EQ(all.thief->sched.ipis_offline.raw, 1u);
    EXPECT_EQ(all.thief->counts.ipis_sent.raw, 0u);
}

TEST(Ipi, test_reject_invalid_ipi_target) {
    fixture all;
    EXPECT_EQ(run_queue_ipi(all.state.get(), all.thief, HARTS), STATUS_BAD_ARG);
    EXPECT_EQ(run_queue_ipi(all.state.get(), all.thief, 64), STATUS_BAD_ARG);
    EXPECT_EQ(run_queue_ipi(all.state.get(), all.thief, UINT64_MAX), STATUS_BAD_ARG);
    EXPECT_EQ(all.thief->sched.ipis_invalid.raw, 3u);
    EXPECT_EQ(all.thief->counts.ipis_sent.raw, 0u);
}

}  // namespace
