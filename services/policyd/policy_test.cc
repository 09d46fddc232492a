// services/policyd/policy_test.cc: rows are found, and bytes that are no policy are refused.
#include "services/policyd/policy.h"

#include <gtest/gtest.h>

#include <cstring>
#include <utility>

namespace {

struct file {
    policy_header header;
    policy_row rows[5];
};

file good() {
    return {{POLICY_MAGIC, 5, 0},
            {{1, 2, POLICY_CALL, 2 * 7 + 1},
             {1, 2, POLICY_SEND, 2 * 8},
             {1, 3, POLICY_CALL, 2 * 9 + 1},
             {4, 1, POLICY_NOTIFY, 2 * 10 + 1},
             {4, 3, POLICY_CALL, 2 * 11}}};
}

bool opens(const file &made, std::uint64_t count = sizeof(file)) {
    policy_view view;
    return policy_open(&made, count, &view);
}

TEST(Policy, finds_each_row_and_denies_the_rest) {
    const file made = good();
    policy_view view;
    ASSERT_TRUE(policy_open(&made, sizeof(made), &view));
    for (const policy_row &row : made.rows) {
        const policy_decision found =
            policy_decide(&view, row.subject, static_cast<policy_action>(row.action), row.object);
        EXPECT_EQ(found.allowed, row.rule % 2 == 1);
        EXPECT_EQ(found.line, row.rule / 2);
    }
    for (std::uint64_t subject : {0, 2, 5}) {
        const policy_decision none = policy_decide(&view, subject, POLICY_CALL, 2);
        EXPECT_FALSE(none.allowed);
        EXPECT_EQ(none.line, 0U);
    }
    EXPECT_FALSE(policy_decide(&view, 1, POLICY_MANAGE, 2).allowed);
}

TEST(Policy, an_empty_one_denies_everything) {
    const policy_header empty = {POLICY_MAGIC, 0, 0};
    policy_view view;
    ASSERT_TRUE(policy_open(&empty, sizeof(empty), &view));
    EXPECT_FALSE(policy_decide(&view, 1, POLICY_CALL, 2).allowed);
}

TEST(Policy, test_reject_bytes_that_are_no_policy) {
    EXPECT_TRUE(opens(good()));
    EXPECT_FALSE(opens(good(), sizeof(file) - 1));
    EXPECT_FALSE(opens(good(), sizeof(file) + 1));
    EXPECT_FALSE(opens(good(), sizeof(policy_header) - 1));
    file wrong = good();
    wrong.header.magic++;
    EXPECT_FALSE(opens(wrong));
    wrong = good();
    wrong.header.row_count = 4;
    EXPECT_FALSE(opens(wrong));
    wrong = good();
    wrong.header.row_count = UINT32_MAX;
    EXPECT_FALSE(opens(wrong));
    wrong = good();
    wrong.header.reserved = 1;
    EXPECT_FALSE(opens(wrong));
}

TEST(Policy, test_reject_rows_out_of_order_or_range) {
    file wrong = good();
    std::swap(wrong.rows[0], wrong.rows[1]);
    EXPECT_FALSE(opens(wrong));
    wrong = good();
    wrong.rows[1] = wrong.rows[0];
    EXPECT_FALSE(opens(wrong));
    wrong = good();
    wrong.rows[4].action = POLICY_ACTION_COUNT;
    EXPECT_FALSE(opens(wrong));
    wrong = good();
    wrong.rows[0].subject = 0;
    EXPECT_FALSE(opens(wrong));
    wrong = good();
    wrong.rows[4].rule = 1;
    EXPECT_FALSE(opens(wrong));
}

TEST(Policy, test_reject_unaligned_bytes) {
    alignas(8) std::uint8_t bytes[sizeof(file) + 4];
    const file made = good();
    std::memcpy(bytes + 4, &made, sizeof(made));
    policy_view view;
    EXPECT_FALSE(policy_open(bytes + 4, sizeof(made), &view));
}

}  // namespace
