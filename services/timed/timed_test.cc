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

class TimedTest : public ::testing::Test {
  protected:
    void SetUp() override {
        timed_init(&timed_);
    }

    // The answer to a request, decoded. False: it is kept.
    bool Ask(const struct timed_message &request, uint64_t now_ns, uint64_t handle,
             timed_message *out) {
        uint8_t bytes[64];
        uint32_t count = timed_encode(WIRE_REQUEST, &request, bytes, sizeof(bytes));
        return AskBytes(std::vector<uint8_t>(bytes, bytes + count), now_ns, handle, out);
    }

    bool AskBytes(std::vector<uint8_t> bytes, uint64_t now_ns, uint64_t handle,
                  timed_message *out) {
        std::vector<uint8_t> answer(TIMED_REPLY_BYTES_MAX);
        bytes.shrink_to_fit();
        const timed_arrival arrival{now_ns, bytes.data(), static_cast<uint32_t>(bytes.size()),
                                    reply_handle{handle}};
        timed_answer to_send{answer.data(), 0, {}};
        if (!timed_serve(&timed_, &arrival, &to_send)) {
            return false;
        }
        EXPECT_EQ(to_send.reply.value, handle);
        EXPECT_EQ(timed_decode(WIRE_REPLY, answer.data(), to_send.count, out), WIRE_OK);
        return true;
    }

    bool Sleep(uint64_t deadline_ns, uint64_t handle, timed_message *out) {
        struct timed_message request {};
        request.header.op = TIMED_OP_SLEEP;
        request.header.nonce.value = handle + 5000;
        request.deadline_ns = deadline_ns;
        return Ask(request, kNow, handle, out);
    }

    void SleepKept(uint64_t deadline_ns, uint64_t handle) {
        timed_message reply{};
        ASSERT_FALSE(Sleep(deadline_ns, handle, &reply));
    }

    timed_message Stats() {
        struct timed_message request {};
        request.header.op = TIMED_OP_STATS;
        timed_message reply{};
        EXPECT_TRUE(Ask(request, kNow, 1, &reply));
        return reply;
    }

    // Everybody due at that time: handle and answer.
    std::vector<std::pair<uint64_t, timed_message>> Wake(uint64_t now_ns) {
        std::vector<std::pair<uint64_t, timed_message>> woken;
        uint8_t bytes[TIMED_REPLY_BYTES_MAX];
        timed_answer answer{bytes, 0, {}};
        while (timed_wake(&timed_, now_ns, &answer)) {
            timed_message decoded{};
            EXPECT_EQ(timed_decode(WIRE_REPLY, answer.bytes, answer.count, &decoded), WIRE_OK);
            woken.emplace_back(answer.reply.value, decoded);
        }
        return woken;
    }

    struct timed timed_;
};

std::vector<uint64_t> Handles(const std::vector<std::pair<uint64_t, timed_message>> &woken) {
    std::vector<uint64_t> handles;
    for (const auto &entry : woken) {
        handles.push_back(entry.first);
    }
    return handles;
}

using Order = std::vector<uint64_t>;

TEST_F(TimedTest, clock_says_the_time_and_echoes_the_nonce) {
    struct timed_message request {};
    request.header.op = TIMED_OP_CLOCK;
    request.header.nonce.value = 77;
    timed_message reply{};
    ASSERT_TRUE(Ask(request, 123456, 1, &reply));
    EXPECT_EQ(reply.header.op, TIMED_OP_CLOCK);
    EXPECT_EQ(reply.header.status, WIRE_OK);
    EXPECT_EQ(reply.header.nonce.value, 77u);
    EXPECT_EQ(reply.now_ns, 123456u);
}

TEST_F(TimedTest, sleepers_wake_by_deadline_and_then_by_arrival) {
    SleepKept(kNow + 30, 1);
    SleepKept(kNow + 10, 2);
    SleepKept(kNow + 20, 3);
    SleepKept(kNow + 10, 4);
    EXPECT_EQ(timed_next_deadline(&timed_), kNow + 10);
    EXPECT_EQ(Handles(Wake(kNow + 9)), Order{});
    EXPECT_EQ(Handles(Wake(kNow + 10)), (Order{2, 4}));
    EXPECT_EQ(timed_next_deadline(&timed_), kNow + 20);
    EXPECT_EQ(Handles(Wake(kNow + 100)), (Order{3, 1}));
    EXPECT_EQ(timed_next_deadline(&timed_), TIMED_NO_DEADLINE);
}

TEST_F(TimedTest, a_woken_sleeper_hears_the_time_its_nonce_and_its_place) {
    SleepKept(kNow + 2, 1);
    SleepKept(kNow + 1, 2);
    const auto woken = Wake(kNow + 5);
    ASSERT_EQ(woken.size(), 2u);
    EXPECT_EQ(woken[0].second.header.nonce.value, 5002u);
    EXPECT_EQ(woken[0].second.now_ns, kNow + 5);
    EXPECT_EQ(woken[0].second.wake_order, 0u);
    EXPECT_EQ(woken[1].second.wake_order, 1u);
}

TEST_F(TimedTest, a_deadline_that_has_passed_is_answered_at_once) {
    for (uint64_t deadline_ns : {UINT64_C(0), kNow - 1, kNow}) {
        timed_message reply{};
        ASSERT_TRUE(Sleep(deadline_ns, 1, &reply)) << deadline_ns;
        EXPECT_EQ(reply.header.status, WIRE_OK);
        EXPECT_EQ(reply.now_ns, kNow);
    }
    EXPECT_EQ(Stats().woken, 3u);
    EXPECT_EQ(Stats().sleepers, 0u);
}

TEST_F(TimedTest, test_reject_sleeper_when_full) {
    for (uint64_t i = 0; i < TIMED_SLEEPER_MAX; i++) {
        SleepKept(kNow + 1 + i, i);
    }
    timed_message reply{};
    ASSERT_TRUE(Sleep(kNow + 1, 99, &reply));
    EXPECT_EQ(reply.header.status, WIRE_OVERLOAD);
    EXPECT_EQ(Stats().sleepers, static_cast<uint32_t>(TIMED_SLEEPER_MAX));
    EXPECT_EQ(Stats().overloaded, 1u);
    // One wakes, one has room.
    EXPECT_EQ(Handles(Wake(kNow + 1)), Order{0});
    SleepKept(kNow + 500, 99);
}

TEST_F(TimedTest, test_reject_malformed_and_unknown) {
    timed_message reply{};
    ASSERT_TRUE(AskBytes({'T', 'M', 1}, kNow, 1, &reply));
    EXPECT_EQ(reply.header.status, WIRE_MALFORMED);
    ASSERT_TRUE(AskBytes({}, kNow, 1, &reply));
    EXPECT_EQ(reply.header.status, WIRE_MALFORMED);
    ASSERT_TRUE(AskBytes({'T', 'M', 1, 50, 9, 0, 0, 0, 0, 0, 0, 0}, kNow, 1, &reply));
    EXPECT_EQ(reply.header.status, WIRE_UNKNOWN_OP);
    EXPECT_EQ(reply.header.op, 50);
    EXPECT_EQ(reply.header.nonce.value, 9u);
    EXPECT_EQ(Stats().malformed, 3u);
    EXPECT_EQ(Stats().sleepers, 0u);
}

bool IsGone(void *context, reply_handle reply) {
    const auto *gone = static_cast<const Order *>(context);
    return std::find(gone->begin(), gone->end(), reply.value) != gone->end();
}

TEST_F(TimedTest, cancels_exactly_those_whose_callers_left) {
    for (uint64_t i = 0; i < 20; i++) {
        SleepKept(kNow + 1 + (i * 7) % 20, i);
    }
    Order gone = {0, 3, 19, 7};
    Order cancelled;
    reply_handle reply{};
    while (timed_cancel(&timed_, IsGone, &gone, &reply)) {
        cancelled.push_back(reply.value);
    }
    std::sort(cancelled.begin(), cancelled.end());
    EXPECT_EQ(cancelled, (Order{0, 3, 7, 19}));
    EXPECT_EQ(Stats().cancelled, 4u);
    const Order woken = Handles(Wake(kNow + 100));
    EXPECT_EQ(woken.size(), 16u);
    for (size_t i = 1; i < woken.size(); i++) {
        EXPECT_LT((woken[i - 1] * 7) % 20, (woken[i] * 7) % 20) << "still by deadline";
    }
}

TEST_F(TimedTest, nobody_is_cancelled_while_all_wait) {
    SleepKept(kNow + 1, 1);
    Order gone;
    reply_handle reply{};
    EXPECT_FALSE(timed_cancel(&timed_, IsGone, &gone, &reply));
    EXPECT_EQ(Stats().sleepers, 1u);
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
            SleepKept(deadline_ns, next);
            model.push_back({deadline_ns, next, next});
            next++;
        } else if (choice == 1 && !model.empty()) {
            const size_t victim = random() % model.size();
            Order gone = {model[victim].handle};
            reply_handle reply{};
            ASSERT_TRUE(timed_cancel(&timed_, IsGone, &gone, &reply));
            ASSERT_EQ(reply.value, model[victim].handle);
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
