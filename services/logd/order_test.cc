// services/logd/order_test.cc: the order and the senders' queues say what plain lists of them say,
// whichever places go.
#include "services/logd/order.h"

#include <algorithm>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace {

// Places with their senders, in their order.
using Plain = std::vector<std::pair<uint32_t, uint64_t>>;

class OrderTest : public ::testing::Test {
  protected:
    OrderTest() : order_(new logd_order) {
        logd_order_init(order_.get());
    }

    void Add(uint64_t sender) {
        const uint32_t place = logd_order_add(order_.get(), sender);
        ASSERT_EQ(place, plain_.size()) << "places are taken in turn";
        plain_.emplace_back(place, sender);
    }

    // The oldest of `from` is `to`'s.
    void Give(uint64_t from, uint64_t to) {
        uint32_t place = 0;
        ASSERT_GT(logd_order_count_of(order_.get(), from, &place), 0u);
        logd_order_give(order_.get(), place, to);
        plain_.erase(std::find(plain_.begin(), plain_.end(), std::make_pair(place, from)));
        plain_.emplace_back(place, to);
    }

    void Compare(uint64_t sender_max) const {
        ASSERT_EQ(order_->count, plain_.size());
        for (uint32_t at = 0; at < order_->count; at++) {
            ASSERT_EQ(logd_order_at(order_.get(), at), plain_[at].first) << "at " << at;
        }
        for (uint64_t sender = 0; sender <= sender_max; sender++) {
            const auto is_own = [=](const auto &one) { return one.second == sender; };
            const auto oldest = std::find_if(plain_.begin(), plain_.end(), is_own);
            uint32_t place = 0;
            ASSERT_EQ(logd_order_count_of(order_.get(), sender, &place),
                      static_cast<uint32_t>(std::count_if(plain_.begin(), plain_.end(), is_own)));
            ASSERT_EQ(place, oldest != plain_.end() ? oldest->first : uint32_t{LOGD_PLACE_NONE});
        }
    }

    std::unique_ptr<logd_order> order_;
    Plain plain_;
};

TEST_F(OrderTest, places_stand_in_the_order_in_which_they_came) {
    for (uint64_t i = 0; i < LOGD_RECORD_MAX; i++) {
        Add(i % 3);
        Compare(3);
    }
}

// From each place of a full order, the others keep theirs.
TEST_F(OrderTest, what_goes_from_the_middle_leaves_the_others_in_order) {
    for (uint64_t i = 0; i < LOGD_RECORD_MAX; i++) {
        Add(i);  // As many senders as there can be: each is the head of a queue.
    }
    Compare(LOGD_RECORD_MAX);
    for (uint64_t at = 0; at < LOGD_RECORD_MAX; at++) {
        Give(plain_[at * 37 % LOGD_RECORD_MAX].second, at % 50);
        Compare(LOGD_RECORD_MAX);
    }
}

TEST_F(OrderTest, agrees_with_plain_lists) {
    std::mt19937_64 random(7);
    for (int round = 0; round < 10; round++) {
        logd_order_init(order_.get());
        plain_.clear();
        const uint64_t sender_max = 1 + random() % 64;
        const size_t most = 1 + random() % LOGD_RECORD_MAX;
        for (int step = 0; step < 400; step++) {
            const uint64_t sender = random() % (sender_max + 1);
            if (plain_.size() < most) {
                Add(sender);
            } else {
                Give(plain_[random() % plain_.size()].second, sender);
            }
            if (step % 7 == 0) {
                Compare(sender_max);
            }
        }
    }
}

}  // namespace
