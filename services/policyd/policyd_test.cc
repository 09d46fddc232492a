// services/policyd/policyd_test.cc: who is allowed what, which grants a change of policy makes
// stale, and the full table.
#include "services/policyd/policyd.h"

#include <set>

#include <gtest/gtest.h>

namespace {

struct file {
    policy_header header;
    policy_row rows[3];
};

// 1 may call 2 and 3, and send to 2.
const file kWide = {{POLICY_MAGIC, 3, 0},
                    {{1, 2, POLICY_CALL, 2 * 4 + 1},
                     {1, 2, POLICY_SEND, 2 * 5 + 1},
                     {1, 3, POLICY_CALL, 2 * 6 + 1}}};
// 1 may send to 2 and call 3.
const file kNarrow = {
    {POLICY_MAGIC, 3, 0},
    {{1, 2, POLICY_CALL, 2 * 7}, {1, 2, POLICY_SEND, 2 * 8 + 1}, {1, 3, POLICY_CALL, 2 * 9 + 1}}};

struct PolicydTest : testing::Test {
    PolicydTest() {
        policyd_init(&policyd);
    }
    void add(const file &made) {
        ASSERT_TRUE(policyd_add_policy(&policyd, &made, sizeof(made)));
    }
    policyd_verdict ask(uint64_t subject, uint32_t action, uint64_t object) {
        const policyd_question question = {subject, object, action};
        return policyd_ask(&policyd, &question);
    }
    struct policyd policyd;
};

TEST_F(PolicydTest, one_grant_for_each_pair) {
    add(kWide);
    const policyd_verdict call = ask(1, POLICY_CALL, 2);
    ASSERT_EQ(call.status, WIRE_OK);
    EXPECT_EQ(call.line, 4u);
    EXPECT_EQ(ask(1, POLICY_SEND, 2).grant, call.grant);
    EXPECT_NE(ask(1, POLICY_CALL, 3).grant, call.grant);
    EXPECT_EQ(policyd_grant_count(&policyd), 2u);
    EXPECT_EQ(policyd.stats.allowed, 3u);
}

// The same decisions, without a grant.
TEST_F(PolicydTest, what_takes_no_route_is_checked) {
    add(kWide);
    const policyd_question allowed = {1, 2, POLICY_CALL};
    const policyd_question denied = {1, 2, POLICY_START};
    const policyd_verdict verdict = policyd_check(&policyd, &allowed);
    EXPECT_EQ(verdict.status, WIRE_OK);
    EXPECT_EQ(verdict.line, 4u);
    EXPECT_EQ(verdict.grant, nullptr);
    EXPECT_EQ(policyd_check(&policyd, &denied).status, WIRE_DENIED);
    EXPECT_EQ(policyd_grant_count(&policyd), 0u);
    EXPECT_EQ(policyd.stats.allowed, 1u);
    EXPECT_EQ(policyd.stats.denied, 1u);
}

TEST_F(PolicydTest, test_reject_what_no_rule_allows) {
    EXPECT_EQ(ask(1, POLICY_CALL, 2).status, WIRE_DENIED);  // No policy at all.
    add(kWide);
    EXPECT_EQ(ask(2, POLICY_CALL, 1).status, WIRE_DENIED);
    EXPECT_EQ(ask(1, POLICY_NOTIFY, 2).status, WIRE_DENIED);
    EXPECT_EQ(ask(1, POLICY_ACTION_COUNT, 2).status, WIRE_DENIED);
    EXPECT_EQ(ask(1, UINT32_MAX, 2).status, WIRE_DENIED);
    EXPECT_EQ(policyd.stats.denied, 5u);
    EXPECT_EQ(policyd_grant_count(&policyd), 0u);
}

TEST_F(PolicydTest, another_policy_makes_stale_what_it_does_not_allow) {
    add(kWide);
    add(kNarrow);
    policyd_grant *both = ask(1, POLICY_CALL, 2).grant;
    ASSERT_EQ(ask(1, POLICY_SEND, 2).status, WIRE_OK);
    ASSERT_EQ(ask(1, POLICY_CALL, 3).status, WIRE_OK);
    EXPECT_EQ(policyd_next_stale(&policyd), nullptr);
    ASSERT_TRUE(policyd_select(&policyd, 1));
    EXPECT_EQ(policyd_next_stale(&policyd), both);
    policyd_revoked(&policyd, both);
    EXPECT_EQ(policyd_next_stale(&policyd), nullptr);
    EXPECT_EQ(ask(1, POLICY_CALL, 2).status, WIRE_DENIED);
    EXPECT_EQ(ask(1, POLICY_SEND, 2).grant, both);  // A new family of the same pair.
    ASSERT_TRUE(policyd_select(&policyd, 0));
    EXPECT_EQ(policyd_next_stale(&policyd), nullptr);
}

TEST_F(PolicydTest, test_reject_policy_that_is_not_there) {
    add(kWide);
    EXPECT_FALSE(policyd_select(&policyd, 1));
    EXPECT_FALSE(policyd_add_policy(&policyd, &kNarrow, sizeof(kNarrow) - 1));
    add(kNarrow);
    EXPECT_FALSE(policyd_add_policy(&policyd, &kNarrow, sizeof(kNarrow)));
    EXPECT_FALSE(policyd_select(&policyd, 2));
}

TEST_F(PolicydTest, test_reject_managing_without_leave) {
    add(kWide);
    EXPECT_FALSE(policyd_may_manage(&policyd, 1));
    const struct {
        policy_header header;
        policy_row row;
    } manager = {{POLICY_MAGIC, 1, 0},
                 {1, service_id_named("policyd").value, POLICY_MANAGE, 2 * 3 + 1}};
    ASSERT_TRUE(policyd_add_policy(&policyd, &manager, sizeof(manager)));
    ASSERT_TRUE(policyd_select(&policyd, 1));
    EXPECT_TRUE(policyd_may_manage(&policyd, 1));
    EXPECT_FALSE(policyd_may_manage(&policyd, 2));
}

// Over many changes of policy no place is lost.
TEST_F(PolicydTest, a_revoked_grant_serves_another_pair) {
    struct many_rows {
        policy_header header;
        policy_row rows[POLICYD_GRANT_MAX];
    };
    many_rows first = {{POLICY_MAGIC, POLICYD_GRANT_MAX, 0}, {}};
    many_rows second = first;
    for (uint32_t i = 0; i < POLICYD_GRANT_MAX; i++) {
        first.rows[i] = {1, i + 2, POLICY_CALL, 3};
        second.rows[i] = {2, i + 2, POLICY_CALL, 3};
    }
    ASSERT_TRUE(policyd_add_policy(&policyd, &first, sizeof(first)));
    ASSERT_TRUE(policyd_add_policy(&policyd, &second, sizeof(second)));
    for (uint32_t i = 0; i < POLICYD_GRANT_MAX; i++) {
        const policyd_verdict verdict = ask(1, POLICY_CALL, i + 2);
        ASSERT_EQ(verdict.status, WIRE_OK);
        verdict.grant->slot = slot_at(100 + i);
    }
    ASSERT_TRUE(policyd_select(&policyd, 1));
    while (policyd_grant *stale = policyd_next_stale(&policyd)) {
        policyd_revoked(&policyd, stale);
    }
    std::set<uint64_t> slots;
    for (uint32_t i = 0; i < POLICYD_GRANT_MAX; i++) {
        const policyd_verdict verdict = ask(2, POLICY_CALL, i + 2);
        ASSERT_EQ(verdict.status, WIRE_OK) << i;
        slots.insert(verdict.grant->slot.value);
    }
    EXPECT_EQ(slots.size(), 0u + POLICYD_GRANT_MAX) << "the grants themselves are used again";
    EXPECT_EQ(*slots.begin(), 100u);
    EXPECT_EQ(policyd_grant_count(&policyd), 0u + POLICYD_GRANT_MAX);
}

TEST_F(PolicydTest, test_reject_more_pairs_than_grants) {
    struct {
        policy_header header;
        policy_row rows[POLICYD_GRANT_MAX + 1];
    } many = {{POLICY_MAGIC, POLICYD_GRANT_MAX + 1, 0}, {}};
    for (uint32_t i = 0; i <= POLICYD_GRANT_MAX; i++) {
        many.rows[i] = {1, i + 2, POLICY_CALL, 3};
    }
    ASSERT_TRUE(policyd_add_policy(&policyd, &many, sizeof(many)));
    for (uint32_t i = 0; i < POLICYD_GRANT_MAX; i++) {
        ASSERT_EQ(ask(1, POLICY_CALL, i + 2).status, WIRE_OK);
    }
    EXPECT_EQ(ask(1, POLICY_CALL, POLICYD_GRANT_MAX + 2).status, WIRE_OVERLOAD);
    EXPECT_EQ(ask(1, POLICY_CALL, 2).status, WIRE_OK);
    EXPECT_EQ(policyd.stats.overloaded, 1u);
}

}  // namespace
