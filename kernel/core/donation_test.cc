// kernel/core/donation_test.cc: what a task counts as, in a kernel that nobody runs: who lends whom
// how much, and when that ends.
#include <gtest/gtest.h>

#include <memory>

extern "C" {
#include "kernel/core/donation.h"
#include "kernel/core/endpoint_ops.h"
#include "kernel/core/qos.h"
#include "kernel/core/run_queue.h"
#include "kernel/core/transfer.h"
#include "kernel/core/wake.h"
}

namespace {

constexpr std::uint32_t TASKS = 40;

struct fixture {
    std::unique_ptr<kernel> state = std::make_unique<kernel>();
    hart *home = &state->harts[0];

    fixture() {
        state->hart_count = 1;
        home->kernel = state.get();
        run_queue_init(home);
        endpoint_pool_init(state.get());
        for (std::uint32_t i = 0; i < TASKS; i++) {
            task &one = state->tasks[i];
            one.index = i;
            one.wait.raw = wait_next(0, WAIT_NONE, 0);
            one.hart = home;
            one.qos_ceiling = QOS_BURST;
            for (std::uint32_t entry = REPLY_SLOT_COUNT; entry-- > 0;) {
                one.replies[entry].task = &one;
                one.replies[entry].handle = REPLY_HANDLE_BIT | entry;
                one.replies[entry].next = one.reply_free;
                one.reply_free = &one.replies[entry];
            }
            one.serving = one.reply_free;
            qos_begin(state.get(), &one, QOS_IDLE);
            // Endpoint i is task i's.
            state->endpoints[i].owner = i;
            state->endpoints[i].receiver = &one;
            state->endpoints[i].receive_word = wait_low(WAIT_RECV, i);
            state->endpoints[i].queue_head = TASK_NONE;
            state->endpoints[i].queue_tail = TASK_NONE;
        }
        qos_begin(state.get(), &state->tasks[TASKS - 1], QOS_NORMAL);  // Classes differ.
    }

    task *at(std::uint32_t index) {
        return &state->tasks[index];
    }

    void be(std::uint32_t index, qos own) {
        qos_begin(state.get(), at(index), own);
    }

    // `caller` waits for the answer of `server`, which has just received its call.
    void serve(std::uint32_t server, std::uint32_t caller) {
        serving_ends(at(server));
        call_give(at(server), at(caller), WAIT_REPLY);
    }

    // `caller` stands in the queue of `server`.
    void queue(std::uint32_t server, std::uint32_t caller) {
        endpoint *where = &state->endpoints[server];
        at(caller)->in_call = true;
        lock_acquire(&home->locks, &where->lock);
        endpoint_link_locked(state.get(), where, at(caller));
        (void)task_wait(at(caller), WAIT_QUEUED, server);
        donation_join_locked(state.get(), where, at(caller));
        lock_release(&home->locks, &where->lock);
        donation_spread(state.get(), home, at(server));
    }

    void leave(std::uint32_t caller) {
        at(caller)->wait.raw = wait_over(at(caller)->wait.raw);
    }

    std::uint32_t counts_as(std::uint32_t index) {
        return donation_look(state.get(), at(index)).qos;
    }

    bool even(std::uint32_t index) {
        return donation_look(state.get(), at(index)).even;
    }
};

TEST(Donation, a_server_counts_as_its_caller) {
    fixture all;
    all.be(1, QOS_INTERACTIVE);
    EXPECT_EQ(all.counts_as(0), static_cast<unsigned>(QOS_IDLE));
    all.serve(0, 1);
    EXPECT_EQ(all.counts_as(0), static_cast<unsigned>(QOS_INTERACTIVE));
    EXPECT_TRUE(all.even(0));
    all.be(0, QOS_BURST);  // Its own is higher: a reply would lower what runs.
    EXPECT_EQ(all.counts_as(0), static_cast<unsigned>(QOS_BURST));
    EXPECT_FALSE(all.even(0));
}

TEST(Donation, it_ends_with_the_reply_and_the_next_receive_and_when_the_caller_leaves) {
    fixture all;
    all.be(1, QOS_BURST);
    all.serve(0, 1);
    reply_entry *entry = all.at(0)->serving;
    reply_free(all.at(0), entry, entry->handle);
    all.leave(1);
    EXPECT_EQ(all.counts_as(0), static_cast<unsigned>(QOS_IDLE));

    all.serve(0, 1);
    EXPECT_EQ(all.counts_as(0), static_cast<unsigned>(QOS_BURST));
    serving_ends(all.at(0));  // The call is still held,
    EXPECT_EQ(all.counts_as(0), static_cast<unsigned>(QOS_IDLE));
    entry = &all.at(0)->replies[0];
    EXPECT_EQ(reply_word(entry), all.at(1)->wait.raw);  // and can still be answered.

    all.leave(1);
    all.serve(2, 1);
    EXPECT_EQ(all.counts_as(2), static_cast<unsigned>(QOS_BURST));
    all.leave(1);  // By time-out or kill.
    EXPECT_EQ(all.counts_as(2), static_cast<unsigned>(QOS_IDLE));
}

// Replies in another order leave the right one served.
TEST(Donation, only_the_last_call_received_is_served) {
    fixture all;
    all.be(1, QOS_BURST);
    all.be(2, QOS_NORMAL);
    all.be(3, QOS_INTERACTIVE);
    for (std::uint32_t caller : {1u, 2u, 3u}) {
        all.serve(0, caller);
    }
    EXPECT_EQ(all.counts_as(0), static_cast<unsigned>(QOS_INTERACTIVE));
    reply_entry *first = &all.at(0)->replies[0];
    reply_free(all.at(0), first, first->handle);  // The call of 1 is answered,
    all.leave(1);
    EXPECT_EQ(all.counts_as(0), static_cast<unsigned>(QOS_INTERACTIVE));
    all.serve(0, 1);  // and its next one takes the same entry.
    EXPECT_EQ(all.at(0)->serving, first);
    EXPECT_EQ(all.counts_as(0), static_cast<unsigned>(QOS_BURST));
}

TEST(Donation, a_chain_lends_over_so_many_links_and_no_more) {
    fixture all;
    const std::uint32_t last = DONATION_DEPTH;
    for (std::uint32_t i = 0; i < last; i++) {
        all.serve(i, i + 1);  // Task i + 1 waits for task i.
    }
    all.be(last, QOS_BURST);
    EXPECT_EQ(all.counts_as(0), static_cast<unsigned>(QOS_BURST));
    EXPECT_TRUE(all.even(0));
    all.be(last, QOS_IDLE);
    all.be(last + 1, QOS_BURST);
    all.serve(last, last + 1);
    EXPECT_EQ(all.counts_as(0), static_cast<unsigned>(QOS_IDLE));
    EXPECT_FALSE(all.even(0));  // What it did not look at may differ.
    EXPECT_EQ(all.counts_as(1), static_cast<unsigned>(QOS_BURST));
}

TEST(Donation, a_queued_call_spreads_to_whom_the_receiver_waits_for) {
    fixture all;
    all.serve(0, 1);  // 1 waits for 0,
    all.queue(1, 2);  // 2 in the queue of 1,
    all.be(3, QOS_INTERACTIVE);
    run_queue_push(all.state.get(), all.home, all.at(0));  // 0 could run.
    EXPECT_EQ(all.at(0)->run_class, static_cast<unsigned>(QOS_IDLE));
    all.queue(2, 3);  // And now 3 in that of 2.
    EXPECT_EQ(all.counts_as(2), static_cast<unsigned>(QOS_INTERACTIVE));
    EXPECT_EQ(all.at(2)->call_class, static_cast<unsigned>(QOS_INTERACTIVE));
    EXPECT_EQ(all.counts_as(1), static_cast<unsigned>(QOS_INTERACTIVE));
    EXPECT_EQ(all.at(0)->run_class, static_cast<unsigned>(QOS_INTERACTIVE));
    EXPECT_EQ(all.home->sched.raises.raw, 1u);
}

TEST(Donation, a_queued_call_that_is_gone_lends_nothing) {
    fixture all;
    all.be(1, QOS_BURST);
    all.be(2, QOS_NORMAL);
    all.queue(0, 1);
    all.queue(0, 2);
    EXPECT_EQ(all.counts_as(0), static_cast<unsigned>(QOS_BURST));
    endpoint *where = &all.state->endpoints[0];
    lock_acquire(&all.home->locks, &where->lock);
    endpoint_unlink_locked(all.state.get(), where, all.at(1));
    EXPECT_EQ(all.counts_as(0), static_cast<unsigned>(QOS_NORMAL));
    endpoint_unlink_locked(all.state.get(), where, all.at(2));
    lock_release(&all.home->locks, &where->lock);
    EXPECT_EQ(all.counts_as(0), static_cast<unsigned>(QOS_IDLE));
    EXPECT_EQ(all.at(0)->calls_waiting.raw, 0u);
}

TEST(Donation, a_queued_send_lends_nothing) {
    fixture all;
    all.be(1, QOS_BURST);
    endpoint *where = &all.state->endpoints[0];
    all.at(1)->in_call = false;
    lock_acquire(&all.home->locks, &where->lock);
    endpoint_link_locked(all.state.get(), where, all.at(1));
    (void)task_wait(all.at(1), WAIT_QUEUED, 0);
    donation_join_locked(all.state.get(), where, all.at(1));
    lock_release(&all.home->locks, &where->lock);
    donation_spread(all.state.get(), all.home, all.at(1));
    EXPECT_EQ(all.counts_as(0), static_cast<unsigned>(QOS_IDLE));
}

// Everybody waits for everybody: both ways end.
TEST(Donation, a_circle_ends) {
    fixture all;
    for (std::uint32_t i = 0; i < 4; i++) {
        all.serve(i, (i + 1) % 4);
    }
    all.be(2, QOS_BURST);
    donation_spread(all.state.get(), all.home, all.at(2));
    EXPECT_EQ(all.counts_as(0), static_cast<unsigned>(QOS_BURST));
}

// What one kernel entry does for it is bounded, and nobody who is still queued is served.
TEST(Closing, a_long_queue_is_woken_in_steps) {
    fixture all;
    constexpr std::uint32_t CALLERS = 30;
    constexpr std::uint32_t STEP = 8;
    for (std::uint32_t i = 1; i <= CALLERS; i++) {
        all.queue(0, i);
    }
    EXPECT_NE(all.at(0)->calls_waiting.raw, 0u);
    EXPECT_EQ(endpoint_end(all.state.get(), all.home, 0, 1), STATUS_OK);
    EXPECT_EQ(all.home->run_count, STEP);
    EXPECT_EQ(all.at(0)->calls_waiting.raw, 0u);
    EXPECT_EQ(all.home->endpoint_closing, 0u);
    EXPECT_TRUE(hart_owes(all.home));
    EXPECT_EQ(endpoint_end(all.state.get(), all.home, 0, 1), STATUS_PEER_CLOSED);
    // One leaves by itself, and one that is still queued counts as something else now.
    task *last = all.at(CALLERS);
    EXPECT_TRUE(wake_early(all.state.get(), all.home, last, STATUS_TIMED_OUT, UINT64_MAX));
    all.be(CALLERS - 1, QOS_BURST);
    donation_spread(all.state.get(), all.home, all.at(CALLERS - 1));
    EXPECT_EQ(all.at(0)->calls_waiting.raw, 0u);
    endpoint_close_step(all.state.get(), all.home);
    EXPECT_EQ(all.home->run_count, 2 * STEP);
    for (std::uint32_t i = 1; i <= 2 * STEP; i++) {
        EXPECT_EQ(all.at(i)->regs.x[REG_A0], static_cast<std::uint64_t>(STATUS_PEER_CLOSED));
        EXPECT_EQ(wait_state_of(all.at(i)->wait.raw), WAIT_NONE);
    }
    EXPECT_EQ(wait_state_of(all.at(2 * STEP + 1)->wait.raw), WAIT_QUEUED);
}

TEST(Closing, what_a_queue_lends_goes_to_who_is_given_the_endpoint) {
    fixture all;
    all.be(3, QOS_BURST);
    for (std::uint32_t i = 2; i < 6; i++) {
        all.queue(0, i);
    }
    std::uint64_t lent = all.at(0)->calls_waiting.raw;
    capability cap{};
    cap.generation = 1;
    cap.endpoint = &all.state->endpoints[0];
    EXPECT_EQ(endpoint_give(all.state.get(), all.home, &cap, all.at(1)), STATUS_OK);
    EXPECT_EQ(all.at(0)->calls_waiting.raw, 0u);
    EXPECT_EQ(all.at(1)->calls_waiting.raw, lent);
    EXPECT_EQ(all.counts_as(1), static_cast<unsigned>(QOS_BURST));
    EXPECT_EQ(endpoint_end(all.state.get(), all.home, 0, 2), STATUS_PEER_CLOSED);  // Not its life.
}

}  // namespace
