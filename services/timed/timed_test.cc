// services/timed/timed_test.cc: who sleeps, who wakes and in which order, how few wake-ups that
// takes, which ticks were missed, who is refused, and who is cancelled.
#include "services/timed/timed.h"

#include <algorithm>
#include <array>
#include <random>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace {

constexpr uint64_t kNow = 1000;
constexpr uint8_t kOp = 2;

class TimedTest : public ::testing::Test {
  protected:
    void SetUp() override {
        timed_init(&timed_);
    }

    bool Sleep(uint64_t deadline_ns, uint64_t handle, timed_class laxity = TIMED_BURST) {
        const kept_call call{reply_handle{handle}, nonce{handle + 5000}, kOp};
        const timed_wish wish{deadline_ns, 0, static_cast<uint8_t>(laxity)};
        EXPECT_TRUE(timed_wish_is_good(&wish));
        return timed_sleep(&timed_, &wish, &call);
    }

    // Everybody due at that time.
    std::vector<timed_sleeper> Wake(uint64_t now_ns) {
        std::vector<timed_sleeper> woken;
        timed_sleeper sleeper{};
        timed_begin_wakeup(&timed_);
        while (timed_wake(&timed_, now_ns, &sleeper)) {
            woken.push_back(sleeper);
        }
        return woken;
    }

    struct timed timed_;
};

std::vector<uint64_t> Handles(const std::vector<timed_sleeper> &woken) {
    std::vector<uint64_t> handles;
    for (const timed_sleeper &sleeper : woken) {
        handles.push_back(sleeper.call.reply.value);
    }
    return handles;
}

using Order = std::vector<uint64_t>;

TEST_F(TimedTest, sleepers_wake_by_deadline_and_then_by_arrival) {
    ASSERT_TRUE(Sleep(kNow + 30, 1));
    ASSERT_TRUE(Sleep(kNow + 10, 2));
    ASSERT_TRUE(Sleep(kNow + 20, 3));
    ASSERT_TRUE(Sleep(kNow + 10, 4));
    EXPECT_EQ(timed_next_deadline(&timed_), kNow + 10);
    EXPECT_EQ(Handles(Wake(kNow + 9)), Order{});
    EXPECT_EQ(Handles(Wake(kNow + 10)), (Order{2, 4}));
    EXPECT_EQ(timed_next_deadline(&timed_), kNow + 20);
    EXPECT_EQ(Handles(Wake(kNow + 100)), (Order{3, 1}));
    EXPECT_EQ(timed_next_deadline(&timed_), TIMED_NO_DEADLINE);
}

TEST_F(TimedTest, a_woken_sleeper_comes_back_as_it_was_kept) {
    ASSERT_TRUE(Sleep(kNow + 2, 1));
    ASSERT_TRUE(Sleep(kNow + 1, 2));
    const auto woken = Wake(kNow + 5);
    ASSERT_EQ(woken.size(), 2u);
    EXPECT_EQ(woken[0].call.nonce.value, 5002u);
    EXPECT_EQ(woken[0].call.op, kOp);
    EXPECT_EQ(woken[1].call.nonce.value, 5001u);
}

TEST_F(TimedTest, one_wakeup_at_the_end_of_the_first_window_serves_all_that_are_due) {
    const uint64_t normal = timed_window_ns(TIMED_NORMAL);
    const uint64_t idle = timed_window_ns(TIMED_IDLE);
    ASSERT_TRUE(Sleep(kNow, 1, TIMED_IDLE));
    ASSERT_TRUE(Sleep(kNow + 10, 2, TIMED_NORMAL));
    ASSERT_TRUE(Sleep(kNow + 10 + normal, 3, TIMED_IDLE));
    ASSERT_TRUE(Sleep(kNow + 11 + normal, 4, TIMED_IDLE));
    EXPECT_EQ(timed_next_deadline(&timed_), kNow + 10 + normal);
    EXPECT_EQ(Handles(Wake(kNow + 10 + normal)), (Order{1, 2, 3}));
    EXPECT_EQ(timed_next_deadline(&timed_), kNow + 11 + normal + idle);
    EXPECT_EQ(timed_.wakeups, 1u);
    EXPECT_EQ(timed_.late_max_ns, 0u);
}

TEST_F(TimedTest, a_wakeup_after_the_window_is_told) {
    ASSERT_TRUE(Sleep(kNow, 1, TIMED_INTERACTIVE));
    ASSERT_TRUE(Sleep(kNow, 2));
    EXPECT_EQ(Handles(Wake(kNow + 7)), (Order{1, 2}));
    EXPECT_EQ(timed_.late_max_ns, 7u);
}

TEST_F(TimedTest, a_window_that_would_end_after_all_time_has_no_end) {
    ASSERT_TRUE(Sleep(UINT64_MAX - 1, 1, TIMED_IDLE));
    EXPECT_EQ(timed_next_deadline(&timed_), TIMED_NO_DEADLINE);
    EXPECT_EQ(Handles(Wake(UINT64_MAX - 1)), Order{1});
}

TEST_F(TimedTest, ticks_do_not_drift_and_those_not_seen_are_counted) {
    const timed_wish wish{kNow, 100, TIMED_BURST};
    uint64_t answers = 0;
    EXPECT_EQ(timed_wish_deadline(&wish), kNow + 100);
    for (const auto &[now_ns, due_ns, missed] : std::vector<std::array<uint64_t, 3>>{
             {100, 100, 0}, {199, 100, 0}, {200, 200, 1}, {250, 200, 1}, {1000, 1000, 9}}) {
        const timed_tick tick = timed_tick_at(&wish, kNow + now_ns);
        EXPECT_EQ(tick.due_ns, kNow + due_ns);
        EXPECT_EQ(tick.missed, missed);
        const uint64_t before = timed_.missed;
        EXPECT_EQ(timed_count_answer(&timed_, &tick), answers++);
        EXPECT_EQ(timed_.missed, before + missed);
    }
    EXPECT_EQ(timed_.woken, 5u);
}

TEST_F(TimedTest, a_sleep_is_due_at_its_deadline_however_late_it_is_woken) {
    const timed_wish wish{kNow, 0, TIMED_BURST};
    const timed_tick tick = timed_tick_at(&wish, kNow + 500);
    EXPECT_EQ(tick.due_ns, kNow);
    EXPECT_EQ(tick.missed, 0u);
}

TEST_F(TimedTest, test_reject_a_wish_without_class_or_time) {
    const timed_wish no_class{kNow, 0, TIMED_CLASS_COUNT};
    const timed_wish no_time{UINT64_MAX - 5, 6, TIMED_BURST};
    const timed_wish last{UINT64_MAX - 5, 5, TIMED_BURST};
    EXPECT_FALSE(timed_wish_is_good(&no_class));
    EXPECT_FALSE(timed_wish_is_good(&no_time));
    EXPECT_TRUE(timed_wish_is_good(&last));
}

TEST_F(TimedTest, test_reject_sleeper_when_full) {
    for (uint64_t i = 0; i < TIMED_SLEEPER_MAX; i++) {
        ASSERT_TRUE(Sleep(kNow + 1 + i, i));
    }
    EXPECT_FALSE(Sleep(kNow + 1, 99));
    EXPECT_EQ(timed_.sleeper_count, static_cast<uint32_t>(TIMED_SLEEPER_MAX));
    EXPECT_EQ(timed_.overloaded, 1u);
    // One wakes, one has room.
    EXPECT_EQ(Handles(Wake(kNow + 1)), Order{0});
    EXPECT_TRUE(Sleep(kNow + 500, 99));
}

TEST_F(TimedTest, cancels_exactly_those_whose_callers_left) {
    for (uint64_t i = 0; i < 20; i++) {
        ASSERT_TRUE(Sleep(kNow + 1 + (i * 7) % 20, i));
    }
    for (uint64_t gone : {0, 3, 19, 7}) {
        timed_cancel(&timed_, reply_handle{gone});
    }
    EXPECT_EQ(timed_.cancelled, 4u);
    const Order woken = Handles(Wake(kNow + 100));
    EXPECT_EQ(woken.size(), 16u);
    for (uint64_t gone : {0, 3, 19, 7}) {
        EXPECT_EQ(std::count(woken.begin(), woken.end(), gone), 0) << gone;
    }
    for (size_t i = 1; i < woken.size(); i++) {
        EXPECT_LT((woken[i - 1] * 7) % 20, (woken[i] * 7) % 20) << "still by deadline";
    }
}

TEST_F(TimedTest, the_first_window_is_another_when_its_sleeper_leaves) {
    ASSERT_TRUE(Sleep(kNow + 1, 1));
    ASSERT_TRUE(Sleep(kNow + 5, 2));
    timed_cancel(&timed_, reply_handle{1});
    EXPECT_EQ(timed_next_deadline(&timed_), kNow + 5);
}

TEST_F(TimedTest, who_does_not_sleep_is_not_cancelled) {
    ASSERT_TRUE(Sleep(kNow + 1, 1));
    timed_cancel(&timed_, reply_handle{2});
    EXPECT_EQ(timed_.sleeper_count, 1u);
    EXPECT_EQ(timed_.cancelled, 0u);
}

struct Entry {
    uint64_t deadline_ns, latest_ns, arrival, handle;
};

// The longest chain of windows of which each begins after the one before has ended: each of them
// needs a wake-up of its own, so no plan has fewer.
size_t LongestChain(std::vector<Entry> windows) {
    std::sort(windows.begin(), windows.end(),
              [](const Entry &a, const Entry &b) { return a.deadline_ns < b.deadline_ns; });
    std::vector<size_t> chain(windows.size(), 1);
    for (size_t i = 0; i < windows.size(); i++) {
        for (size_t k = 0; k < i; k++) {
            if (windows[k].latest_ns < windows[i].deadline_ns) {
                chain[i] = std::max(chain[i], chain[k] + 1);
            }
        }
    }
    return *std::max_element(chain.begin(), chain.end());
}

// Against a plain list, with sleepers that come, wake and leave at random; time passes only to
// where timed wants to wake, so nobody is late, and nobody may be early.
TEST_F(TimedTest, agrees_with_a_plain_list) {
    std::mt19937_64 random(7);
    std::vector<Entry> model;
    uint64_t next = 1;
    uint64_t now_ns = kNow;
    for (int step = 0; step < 20000; step++) {
        const uint64_t choice = random() % 4;
        if (choice <= 1 && model.size() < TIMED_SLEEPER_MAX) {
            const uint64_t deadline_ns = now_ns + 1 + random() % 20000000;
            const auto laxity = static_cast<timed_class>(random() % TIMED_CLASS_COUNT);
            ASSERT_TRUE(Sleep(deadline_ns, next, laxity));
            model.push_back({deadline_ns, deadline_ns + timed_window_ns(laxity), next, next});
            next++;
        } else if (choice == 2 && !model.empty()) {
            const size_t victim = random() % model.size();
            timed_cancel(&timed_, reply_handle{model[victim].handle});
            model.erase(model.begin() + static_cast<long>(victim));
        } else if (choice == 3 && !model.empty()) {
            now_ns = timed_next_deadline(&timed_);
            std::sort(model.begin(), model.end(), [](const Entry &a, const Entry &b) {
                return std::pair(a.deadline_ns, a.arrival) < std::pair(b.deadline_ns, b.arrival);
            });
            Order expected;
            while (!model.empty() && model.front().deadline_ns <= now_ns) {
                ASSERT_GE(model.front().latest_ns, now_ns) << "later than its window";
                expected.push_back(model.front().handle);
                model.erase(model.begin());
            }
            ASSERT_FALSE(expected.empty()) << "woke for nobody";
            ASSERT_EQ(Handles(Wake(now_ns)), expected);
        }
    }
    EXPECT_EQ(timed_.late_max_ns, 0u);
}

TEST_F(TimedTest, makes_as_few_wakeups_as_can_be) {
    std::mt19937_64 random(11);
    for (int round = 0; round < 200; round++) {
        timed_init(&timed_);
        std::vector<Entry> model;
        for (uint64_t i = 0; i < TIMED_SLEEPER_MAX; i++) {
            const uint64_t deadline_ns = kNow + random() % 100000000;
            const auto laxity = static_cast<timed_class>(random() % TIMED_CLASS_COUNT);
            ASSERT_TRUE(Sleep(deadline_ns, i, laxity));
            model.push_back({deadline_ns, deadline_ns + timed_window_ns(laxity), i, i});
        }
        while (timed_.sleeper_count != 0) {
            ASSERT_FALSE(Wake(timed_next_deadline(&timed_)).empty());
        }
        EXPECT_EQ(timed_.wakeups, LongestChain(model));
    }
}

}  // namespace
