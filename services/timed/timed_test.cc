// services/timed/timed_test.cc: who sleeps, who wakes and in which order, who is refused, and who
// is cancelled.
#include "services/timed/timed.h"

#include <algorithm>
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

    bool Sleep(uint64_t deadline_ns, uint64_t handle) {
        const kept_call call{reply_handle{handle}, nonce{handle + 5000}, kOp};
        return timed_sleep(&timed_, deadline_ns, &call);
    }

    // Everybody due at that time.
    std::vector<kept_call> Wake(uint64_t now_ns) {
        std::vector<kept_call> woken;
        kept_call call{};
        while (timed_wake(&timed_, now_ns, &call)) {
            woken.push_back(call);
        }
        return woken;
    }

    struct timed timed_;
};

std::vector<uint64_t> Handles(const std::vector<kept_call> &woken) {
    std::vector<uint64_t> handles;
    for (const kept_call &call : woken) {
        handles.push_back(call.reply.value);
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
    EXPECT_EQ(woken[0].nonce.value, 5002u);
    EXPECT_EQ(woken[0].op, kOp);
    EXPECT_EQ(woken[1].nonce.value, 5001u);
}

TEST_F(TimedTest, the_woken_are_numbered) {
    for (uint64_t i = 0; i < 3; i++) {
        EXPECT_EQ(timed_count_woken(&timed_), i);
    }
    EXPECT_EQ(timed_.woken, 3u);
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

TEST_F(TimedTest, who_does_not_sleep_is_not_cancelled) {
    ASSERT_TRUE(Sleep(kNow + 1, 1));
    timed_cancel(&timed_, reply_handle{2});
    EXPECT_EQ(timed_.sleeper_count, 1u);
    EXPECT_EQ(timed_.cancelled, 0u);
}

// Against a sorted list, with sleepers that come, wake and leave at random.
TEST_F(TimedTest, agrees_with_a_sorted_list) {
    struct Entry {
        uint64_t deadline_ns, arrival, handle;
    };
    std::mt19937_64 random(7);
    std::vector<Entry> model;
    uint64_t next = 1;
    for (int step = 0; step < 20000; step++) {
        const uint64_t choice = random() % 3;
        if (choice == 0 && model.size() < TIMED_SLEEPER_MAX) {
            const uint64_t deadline_ns = kNow + 1 + random() % 50;
            ASSERT_TRUE(Sleep(deadline_ns, next));
            model.push_back({deadline_ns, next, next});
            next++;
        } else if (choice == 1 && !model.empty()) {
            const size_t victim = random() % model.size();
            timed_cancel(&timed_, reply_handle{model[victim].handle});
            model.erase(model.begin() + static_cast<long>(victim));
        } else if (choice == 2) {
            const uint64_t now_ns = kNow + random() % 60;
            std::sort(model.begin(), model.end(), [](const Entry &a, const Entry &b) {
                return std::pair(a.deadline_ns, a.arrival) < std::pair(b.deadline_ns, b.arrival);
            });
            Order expected;
            while (!model.empty() && model.front().deadline_ns <= now_ns) {
                expected.push_back(model.front().handle);
                model.erase(model.begin());
            }
            ASSERT_EQ(Handles(Wake(now_ns)), expected);
        }
    }
}

}  // namespace
