// ipc/inbox_test.cc: no answer ever reaches a request that is not its own, whatever arrives.
#include "ipc/inbox.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace {

constexpr service_id kTimed = {7};

class Inbox : public ::testing::Test {
  protected:
    Inbox() {
        inbox_init(&inbox_);
    }

    inbox_verdict Deliver(uint64_t nonce_value, const std::string &text, service_id from = kTimed) {
        std::vector<uint8_t> bytes(text.begin(), text.end());
        return inbox_deliver(&inbox_, from, nonce{nonce_value}, bytes.data(),
                             static_cast<uint32_t>(bytes.size()));
    }

    inbox_state Take(uint64_t nonce_value, std::string *text) {
        uint8_t payload[FRAME_PAYLOAD_MAX];
        uint32_t bytes = 0;
        inbox_state state = inbox_take(&inbox_, nonce{nonce_value}, payload, &bytes);
        text->assign(payload, payload + bytes);
        return state;
    }

    inbox inbox_;
    std::string text_;
};

TEST_F(Inbox, KeepsAnswersInAnyOrderForTheirRequests) {
    ASSERT_TRUE(inbox_expect(&inbox_, nonce{1}, kTimed));
    ASSERT_TRUE(inbox_expect(&inbox_, nonce{2}, kTimed));
    EXPECT_EQ(Take(1, &text_), INBOX_WAITING);
    EXPECT_EQ(Deliver(2, "two"), INBOX_KEPT);
    EXPECT_EQ(Deliver(1, "one"), INBOX_KEPT);
    EXPECT_EQ(Take(1, &text_), INBOX_READY);
    EXPECT_EQ(text_, "one");
    EXPECT_EQ(Take(2, &text_), INBOX_READY);
    EXPECT_EQ(text_, "two");
    EXPECT_EQ(Take(2, &text_), INBOX_NONE);
}

TEST_F(Inbox, test_reject_unknown_reply) {
    EXPECT_EQ(Deliver(5, "x"), INBOX_UNKNOWN);
    EXPECT_EQ(Deliver(0, "x"), INBOX_UNKNOWN);
    EXPECT_EQ(inbox_.unknown, 2u);
}

TEST_F(Inbox, test_reject_duplicate_reply) {
    ASSERT_TRUE(inbox_expect(&inbox_, nonce{1}, kTimed));
    EXPECT_EQ(Deliver(1, "first"), INBOX_KEPT);
    EXPECT_EQ(Deliver(1, "second"), INBOX_DUPLICATE);
    EXPECT_EQ(inbox_.duplicate, 1u);
    EXPECT_EQ(Take(1, &text_), INBOX_READY);
    EXPECT_EQ(text_, "first");
    EXPECT_EQ(Deliver(1, "third"), INBOX_UNKNOWN);
}

TEST_F(Inbox, test_reject_stale_nonce) {
    ASSERT_TRUE(inbox_expect(&inbox_, nonce{1}, kTimed));
    inbox_cancel(&inbox_, nonce{1});
    EXPECT_EQ(Deliver(1, "late"), INBOX_UNKNOWN);
    ASSERT_TRUE(inbox_expect(&inbox_, nonce{2}, kTimed));
    EXPECT_EQ(Deliver(1, "later"), INBOX_UNKNOWN);
    EXPECT_EQ(Take(2, &text_), INBOX_WAITING);
}

TEST_F(Inbox, test_reject_answer_of_another_service) {
    ASSERT_TRUE(inbox_expect(&inbox_, nonce{1}, kTimed));
    EXPECT_EQ(Deliver(1, "forged", service_id{8}), INBOX_FOREIGN);
    EXPECT_EQ(inbox_.foreign, 1u);
    EXPECT_EQ(Take(1, &text_), INBOX_WAITING);
}

TEST_F(Inbox, test_reject_too_long_an_answer) {
    ASSERT_TRUE(inbox_expect(&inbox_, nonce{1}, kTimed));
    EXPECT_EQ(Deliver(1, std::string(FRAME_PAYLOAD_MAX + 1, 'x')), INBOX_TOO_LONG);
    EXPECT_EQ(inbox_.too_long, 1u);
    EXPECT_EQ(Deliver(1, std::string(FRAME_PAYLOAD_MAX, 'x')), INBOX_KEPT);
}

TEST_F(Inbox, test_reject_too_many_requests) {
    for (uint64_t i = 1; i <= INBOX_REQUEST_MAX; i++) {
        ASSERT_TRUE(inbox_expect(&inbox_, nonce{i}, kTimed));
    }
    EXPECT_FALSE(inbox_expect(&inbox_, nonce{100}, kTimed));
    inbox_cancel(&inbox_, nonce{3});
    EXPECT_FALSE(inbox_expect(&inbox_, nonce{4}, kTimed));  // In use.
    EXPECT_FALSE(inbox_expect(&inbox_, nonce{0}, kTimed));
    EXPECT_TRUE(inbox_expect(&inbox_, nonce{100}, kTimed));
}

TEST_F(Inbox, test_reject_inbox_overflow) {
    for (uint64_t i = 1; i <= INBOX_ANSWER_MAX + 1; i++) {
        ASSERT_TRUE(inbox_expect(&inbox_, nonce{i}, kTimed));
    }
    for (uint64_t i = 1; i <= INBOX_ANSWER_MAX + 1; i++) {
        EXPECT_EQ(Deliver(i, std::to_string(i)), INBOX_KEPT);
    }
    EXPECT_EQ(inbox_.dropped, 1u);
    EXPECT_EQ(Take(1, &text_), INBOX_DROPPED);  // The oldest, and its request hears of it.
    for (uint64_t i = 2; i <= INBOX_ANSWER_MAX + 1; i++) {
        EXPECT_EQ(Take(i, &text_), INBOX_READY);
        EXPECT_EQ(text_, std::to_string(i));
    }
}

TEST_F(Inbox, ADroppedRequestIsOver) {
    ASSERT_TRUE(inbox_expect(&inbox_, nonce{1}, kTimed));
    EXPECT_EQ(inbox_close(&inbox_, nonce{1}), INBOX_KEPT);
    EXPECT_EQ(inbox_close(&inbox_, nonce{1}), INBOX_DUPLICATE);
    EXPECT_EQ(Deliver(1, "late"), INBOX_DUPLICATE);
    EXPECT_EQ(Take(1, &text_), INBOX_CLOSED);
    EXPECT_EQ(inbox_.duplicate, 2u);
    EXPECT_EQ(inbox_close(&inbox_, nonce{1}), INBOX_UNKNOWN);
    EXPECT_EQ(inbox_.unknown, 1u);
}

// What each nonce should give: nothing yet, an answer, or word that it went.
struct Model {
    std::map<uint64_t, std::optional<std::string>> requests;
    std::map<uint64_t, bool> dropped;
    std::deque<uint64_t> kept;

    void Forget(uint64_t nonce_value) {
        requests.erase(nonce_value);
        dropped.erase(nonce_value);
        kept.erase(std::remove(kept.begin(), kept.end(), nonce_value), kept.end());
    }

    void Keep(uint64_t nonce_value, const std::string &text) {
        if (kept.size() == INBOX_ANSWER_MAX) {
            dropped[kept.front()] = true;
            kept.pop_front();
        }
        kept.push_back(nonce_value);
        requests[nonce_value] = text;
    }

    inbox_state State(uint64_t nonce_value) const {
        auto found = requests.find(nonce_value);
        if (found == requests.end()) {
            return INBOX_NONE;
        }
        if (!found->second) {
            return INBOX_WAITING;
        }
        return dropped.count(nonce_value) != 0 ? INBOX_DROPPED : INBOX_READY;
    }
};

// One random operation on both.
void OneStep(inbox *inbox, Model *model, std::mt19937_64 *random, int step) {
    uint64_t name = (*random)() % 12;
    std::string text = std::to_string(step);
    uint8_t payload[FRAME_PAYLOAD_MAX];
    uint32_t bytes = 0;
    inbox_state state = model->State(name);
    switch ((*random)() % 4) {
        case 0: {
            bool may =
                name != 0 && state == INBOX_NONE && model->requests.size() < INBOX_REQUEST_MAX;
            ASSERT_EQ(inbox_expect(inbox, nonce{name}, kTimed), may);
            if (may) {
                model->requests[name] = std::nullopt;
            }
            return;
        }
        case 1: {
            inbox_verdict verdict = inbox_deliver(inbox, kTimed, nonce{name},
                                                  reinterpret_cast<const uint8_t *>(text.data()),
                                                  static_cast<uint32_t>(text.size()));
            ASSERT_EQ(verdict == INBOX_KEPT, state == INBOX_WAITING);
            if (verdict == INBOX_KEPT) {
                model->Keep(name, text);
            }
            return;
        }
        case 2:
            ASSERT_EQ(inbox_take(inbox, nonce{name}, payload, &bytes), state);
            if (state == INBOX_READY) {
                ASSERT_EQ(std::string(payload, payload + bytes), *model->requests[name]);
            }
            break;
        default:
            if ((*random)() % 8 != 0) {
                return;
            }
            inbox_cancel(inbox, nonce{name});
            state = INBOX_READY;
    }
    if (state != INBOX_WAITING) {
        model->Forget(name);
    }
}

TEST_F(Inbox, AgreesWithTheModelUnderFloodsAndReordering) {
    std::mt19937_64 random(1);
    Model model;
    for (int step = 0; step < 1000000; step++) {
        OneStep(&inbox_, &model, &random, step);
        if (HasFatalFailure()) {
            FAIL() << "at step " << step;
        }
    }
}

}  // namespace
