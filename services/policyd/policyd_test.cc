// services/policyd/policyd_test.cc: who is allowed what, when a change takes something away, and
// what is learned.
#include "services/policyd/policyd.h"

#include <gtest/gtest.h>

#include "ipc/types.h"

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
// 1 may send to 2 and call 3; that it may not call 2 is said.
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
    bool allowed(uint64_t subject, uint32_t action, uint64_t object) {
        return ask(subject, action, object).allowed;
    }
    struct policyd policyd;
};

TEST_F(PolicydTest, what_a_rule_allows_is_allowed) {
    add(kWide);
    const policyd_verdict call = ask(1, POLICY_CALL, 2);
    EXPECT_TRUE(call.allowed);
    EXPECT_FALSE(call.learned);
    EXPECT_EQ(call.line, 4u);
    EXPECT_TRUE(allowed(1, POLICY_SEND, 2));
    EXPECT_EQ(policyd.stats.allowed, 2u);
}

// The same decisions, and nothing is given or learned.
TEST_F(PolicydTest, what_takes_no_route_is_checked) {
    add(kWide);
    EXPECT_FALSE(policyd_learn(&policyd, true));
    const policyd_question allowed = {1, 2, POLICY_CALL};
    const policyd_question denied = {1, 2, POLICY_START};
    const policyd_verdict verdict = policyd_check(&policyd, &allowed);
    EXPECT_TRUE(verdict.allowed);
    EXPECT_EQ(verdict.line, 4u);
    EXPECT_FALSE(policyd_check(&policyd, &denied).allowed);
    EXPECT_FALSE(policyd.given);
    EXPECT_EQ(policyd.learn.count, 0u);
    EXPECT_EQ(policyd.stats.allowed, 1u);
    EXPECT_EQ(policyd.stats.denied, 1u);
}

TEST_F(PolicydTest, test_reject_what_no_rule_allows) {
    EXPECT_FALSE(allowed(1, POLICY_CALL, 2));  // No policy at all.
    add(kWide);
    EXPECT_FALSE(allowed(2, POLICY_CALL, 1));
    EXPECT_FALSE(allowed(1, POLICY_NOTIFY, 2));
    EXPECT_FALSE(allowed(1, POLICY_ACTION_COUNT, 2));
    EXPECT_FALSE(allowed(1, UINT32_MAX, 2));
    EXPECT_EQ(policyd.stats.denied, 5u);
    EXPECT_EQ(policyd.learn.count, 0u);
}

TEST_F(PolicydTest, a_policy_that_allows_less_revokes_what_was_given) {
    add(kWide);
    add(kNarrow);
    EXPECT_FALSE(policyd_select(&policyd, 1));  // Nothing was given.
    EXPECT_FALSE(policyd_select(&policyd, 0));
    EXPECT_TRUE(allowed(1, POLICY_CALL, 3));
    EXPECT_FALSE(policyd_select(&policyd, 0));  // The same.
    EXPECT_TRUE(policyd_select(&policyd, 1));
    policyd_revoked(&policyd);
    EXPECT_EQ(policyd.stats.revocations, 1u);
    EXPECT_FALSE(allowed(1, POLICY_CALL, 2));
    EXPECT_TRUE(allowed(1, POLICY_SEND, 2));
    EXPECT_FALSE(policyd_select(&policyd, 0));  // More is allowed, nothing less.
    EXPECT_TRUE(allowed(1, POLICY_CALL, 2));
}

TEST_F(PolicydTest, test_reject_policy_that_is_not_there) {
    add(kWide);
    EXPECT_FALSE(policyd_has_policy(&policyd, 1));
    EXPECT_FALSE(policyd_add_policy(&policyd, &kNarrow, sizeof(kNarrow) - 1));
    add(kNarrow);
    EXPECT_FALSE(policyd_add_policy(&policyd, &kNarrow, sizeof(kNarrow)));
    EXPECT_TRUE(policyd_has_policy(&policyd, 1));
    EXPECT_FALSE(policyd_has_policy(&policyd, 2));
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
    EXPECT_FALSE(policyd_select(&policyd, 1));
    EXPECT_TRUE(policyd_may_manage(&policyd, 1));
    EXPECT_FALSE(policyd_may_manage(&policyd, 2));
    EXPECT_FALSE(policyd_learn(&policyd, true));
    EXPECT_FALSE(policyd_may_manage(&policyd, 2));
}

TEST_F(PolicydTest, what_no_rule_speaks_of_is_let_through_while_it_learns) {
    add(kNarrow);
    EXPECT_FALSE(policyd_learn(&policyd, true));
    EXPECT_TRUE(ask(5, POLICY_CALL, 6).learned);
    const policyd_verdict again = ask(5, POLICY_CALL, 6);
    EXPECT_TRUE(again.allowed);
    EXPECT_FALSE(again.learned);
    EXPECT_TRUE(ask(5, POLICY_NOTIFY, 6).learned);
    policy_learned page[POLICY_LEARNED_PAGE];
    ASSERT_EQ(learn_page(&policyd.learn, 0, page), 2u);
    EXPECT_EQ(page[0].subject, 5u);
    EXPECT_EQ(page[0].object, 6u);
    EXPECT_EQ(page[0].action, 0u + POLICY_CALL);
    EXPECT_EQ(page[0].count, 2u);
    EXPECT_EQ(page[1].action, 0u + POLICY_NOTIFY);
    EXPECT_EQ(learn_page(&policyd.learn, 2, page), 0u);
    EXPECT_EQ(learn_page(&policyd.learn, UINT32_MAX, page), 0u);
    EXPECT_TRUE(policyd_learn(&policyd, false));  // What it let through is taken back.
    EXPECT_FALSE(allowed(5, POLICY_CALL, 6));
    EXPECT_EQ(learn_page(&policyd.learn, 0, page), 2u) << "what was learned can still be read";
    EXPECT_FALSE(policyd_learn(&policyd, false));
    EXPECT_FALSE(policyd_learn(&policyd, true));
    EXPECT_EQ(policyd.learn.count, 0u) << "it begins anew";
    EXPECT_FALSE(policyd_learn(&policyd, false)) << "nothing was let through";
}

TEST_F(PolicydTest, test_reject_learning_what_may_not_be_learned) {
    add(kNarrow);
    EXPECT_FALSE(policyd_learn(&policyd, true));
    EXPECT_FALSE(allowed(1, POLICY_CALL, 2)) << "a rule says no";
    EXPECT_EQ(policyd.learn.missed, 0u);
    EXPECT_FALSE(allowed(5, POLICY_MANAGE, 6));
    EXPECT_FALSE(allowed(5, POLICY_START, 6));
    EXPECT_FALSE(allowed(5, POLICY_ACTION_COUNT, 6));
    EXPECT_FALSE(allowed(5, POLICY_CALL, service_id_named("policyd").value));
    EXPECT_FALSE(allowed(5, POLICY_CALL, service_id_named("samgrd").value));
    EXPECT_EQ(policyd.learn.missed, 5u);
    EXPECT_EQ(policyd.learn.count, 0u);
}

TEST_F(PolicydTest, test_reject_learning_more_than_there_is_room_for) {
    add(kNarrow);
    EXPECT_FALSE(policyd_learn(&policyd, true));
    for (uint64_t i = 0; i < LEARN_MAX; i++) {
        EXPECT_TRUE(ask(5, POLICY_CALL, 10 + i).learned);
    }
    EXPECT_FALSE(allowed(5, POLICY_CALL, 9));
    EXPECT_TRUE(allowed(5, POLICY_CALL, 10));
    EXPECT_EQ(policyd.learn.missed, 1u);
    policy_learned page[POLICY_LEARNED_PAGE];
    EXPECT_EQ(learn_page(&policyd.learn, 0, page), 0u + POLICY_LEARNED_PAGE);
    EXPECT_EQ(learn_page(&policyd.learn, LEARN_MAX - 1, page), 1u);
}

// Another policy ends learning: nobody goes on by what was learned under the one before.
TEST_F(PolicydTest, selecting_ends_learning) {
    add(kWide);
    EXPECT_FALSE(policyd_learn(&policyd, true));
    EXPECT_TRUE(allowed(5, POLICY_CALL, 6));
    EXPECT_TRUE(policyd_select(&policyd, 0));
    EXPECT_FALSE(policyd.learn.on);
    EXPECT_FALSE(allowed(5, POLICY_CALL, 6));
}

}  // namespace
