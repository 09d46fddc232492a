// services/statefsd/transactions_test.cc: transactions that are under way: whose, how many, how
// long.
#include "services/statefsd/transactions.h"

#include <gtest/gtest.h>

#include <iterator>
#include <memory>
#include <string>
#include <string_view>

namespace {

constexpr state_caller ME = {7, 1};
constexpr state_caller ME_AGAIN = {7, 2};
constexpr state_caller OTHER = {8, 1};

wire_bytes bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t *>(text.data()),
            static_cast<std::uint32_t>(text.size())};
}

class Transactions : public testing::Test {
  protected:
    Transactions() {
        state_transactions_init(all.get(), 3);
    }
    std::uint64_t begin(state_caller from, std::uint64_t now_ns = 0) {
        std::uint64_t number = 0;
        EXPECT_EQ(state_transaction_begin(all.get(), from, now_ns, &number), STATE_OK);
        return number;
    }
    state_status add(state_caller from, std::uint64_t number, std::string_view key,
                     std::string_view value, bool erase = false) {
        const state_change change{erase, bytes_of(key), bytes_of(value)};
        return state_transaction_add(all.get(), from, number, &change);
    }
    state_status end(state_caller from, std::uint64_t number) {
        return state_transaction_end(all.get(), from, number, changes, &count);
    }

    std::unique_ptr<state_transactions> all = std::make_unique<state_transactions>();
    state_change changes[STATE_CHANGES_MAX] = {};
    std::uint32_t count = 0;
};

TEST_F(Transactions, the_last_change_of_a_key_counts) {
    const std::uint64_t number = begin(ME);
    EXPECT_EQ(number >> 32, 3u);
    EXPECT_EQ(add(ME, number, "a", "1"), STATE_OK);
    EXPECT_EQ(add(ME, number, "b", "2"), STATE_OK);
    EXPECT_EQ(add(ME, number, "a", "3"), STATE_OK);
    EXPECT_EQ(add(ME, number, "b", "", true), STATE_OK);
    ASSERT_EQ(end(ME, number), STATE_OK);
    ASSERT_EQ(count, 2u);
    EXPECT_EQ(changes[0].value.data[0], '3');
    EXPECT_TRUE(changes[1].erase);
    EXPECT_EQ(end(ME, number), STATE_ABSENT);
}

TEST_F(Transactions, test_reject_transaction_too_large) {
    const std::uint64_t number = begin(ME);
    for (std::uint32_t i = 0; i < STATE_CHANGES_MAX; i++) {
        EXPECT_EQ(add(ME, number, std::to_string(i), "x"), STATE_OK);
    }
    EXPECT_EQ(add(ME, number, "one more", "x"), STATE_NO_ROOM);
    EXPECT_EQ(add(ME, number, "0", "instead"), STATE_OK);
    ASSERT_EQ(end(ME, number), STATE_OK);
    EXPECT_EQ(count, static_cast<std::uint32_t>(STATE_CHANGES_MAX));
}

TEST_F(Transactions, test_reject_bad_changes) {
    const std::uint64_t number = begin(ME);
    EXPECT_EQ(add(ME, number, "", "x"), STATE_BAD_KEY);
    EXPECT_EQ(add(ME, number, std::string(STATE_KEY_BYTES_MAX + 1, 'k'), "x"), STATE_TOO_LARGE);
    EXPECT_EQ(add(ME, number, "k", std::string(STATE_VALUE_BYTES_MAX + 1, 'v')), STATE_TOO_LARGE);
    ASSERT_EQ(end(ME, number), STATE_OK);
    EXPECT_EQ(count, 0u);
}

TEST_F(Transactions, test_reject_foreign_transaction) {
    const std::uint64_t number = begin(ME);
    EXPECT_EQ(add(OTHER, number, "a", "1"), STATE_ABSENT);
    EXPECT_EQ(end(OTHER, number), STATE_ABSENT);
    EXPECT_EQ(add(ME_AGAIN, number, "a", "1"), STATE_ABSENT);
    EXPECT_EQ(add(ME, 0, "a", "1"), STATE_ABSENT);
    EXPECT_EQ(end(ME, number), STATE_OK);
}

TEST_F(Transactions, a_new_one_takes_the_place_of_the_senders_own) {
    const std::uint64_t first = begin(ME);
    EXPECT_EQ(add(ME, first, "a", "1"), STATE_OK);
    const std::uint64_t second = begin(ME_AGAIN);
    EXPECT_EQ(end(ME, first), STATE_ABSENT);
    ASSERT_EQ(end(ME_AGAIN, second), STATE_OK);
    EXPECT_EQ(count, 0u);
}

TEST_F(Transactions, test_reject_too_many_under_way) {
    for (std::uint64_t id = 1; id <= STATE_TRANSACTIONS_MAX; id++) {
        begin({100 + id, 1}, id);
    }
    std::uint64_t number = 0;
    EXPECT_EQ(state_transaction_begin(all.get(), ME, STATE_TRANSACTION_NS + 1, &number),
              STATE_NO_ROOM);
    EXPECT_EQ(number, 0u);
    const std::uint64_t mine = begin(ME, STATE_TRANSACTION_NS + 2);  // The first is too old.
    EXPECT_EQ(add(ME, mine, "a", "1"), STATE_OK);
}

TEST_F(Transactions, one_that_is_too_old_stays_while_a_place_is_free) {
    std::uint64_t old[STATE_TRANSACTIONS_MAX - 1];
    for (std::uint64_t i = 0; i < std::size(old); i++) {
        old[i] = begin({100 + i, 1});
    }
    begin(ME, STATE_TRANSACTION_NS + 1);
    for (std::uint64_t i = 0; i < std::size(old); i++) {
        EXPECT_EQ(end({100 + i, 1}, old[i]), STATE_OK) << i;
    }
    // The free place is the first, the others are too old.
    const std::uint64_t mine = begin(OTHER, 0);
    for (std::uint64_t i = 1; i < std::size(old); i++) {
        old[i] = begin({100 + i, 1});
    }
    ASSERT_EQ(end(OTHER, mine), STATE_OK);
    begin({99, 1}, STATE_TRANSACTION_NS + 1);
    for (std::uint64_t i = 1; i < std::size(old); i++) {
        EXPECT_EQ(end({100 + i, 1}, old[i]), STATE_OK) << i;
    }
}

}  // namespace
