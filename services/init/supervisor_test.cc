// services/init/supervisor_test.cc: the order of starts, and what each kind of end means.
#include "services/init/supervisor.h"

#include "gtest/gtest.h"

namespace {

// a (restarts 2, critical), b (program only), c (no restarts), d (final).
class SupervisorTest : public ::testing::Test {
  protected:
    void SetUp() override {
        services_[0].flags = MANIFEST_AUTOSTART | MANIFEST_CRITICAL;
        services_[0].restart_budget = 2;
        services_[1].flags = 0;
        services_[2].flags = MANIFEST_AUTOSTART;
        services_[3].flags = MANIFEST_AUTOSTART | MANIFEST_FINAL;
        view_.services = services_;
        view_.service_count = 4;
        supervisor_init(&supervisor_, &view_);
    }

    void Up(uint32_t service, uint32_t instance) {
        now_ += SUPERVISOR_STEADY_NS;  // Whatever came before is long ago.
        ASSERT_EQ(supervisor_next(&supervisor_, now_), service);
        supervisor_started(&supervisor_, service, instance, now_);
        ASSERT_EQ(supervisor_ready(&supervisor_, instance), service);
    }

    manifest_service services_[4] = {};
    manifest_view view_ = {};
    supervisor supervisor_ = {};
    uint64_t now_ = 0;
};

TEST_F(SupervisorTest, starts_in_order_one_at_a_time) {
    ASSERT_EQ(supervisor_next(&supervisor_, now_), 0u);
    supervisor_started(&supervisor_, 0, 10, now_);
    EXPECT_EQ(supervisor_next(&supervisor_, now_), SERVICE_INDEX_NONE) << "one is starting";
    EXPECT_EQ(supervisor_ready(&supervisor_, 10), 0u);
    Up(2, 11);
    EXPECT_FALSE(supervisor_announce(&supervisor_));
    Up(3, 12);
    EXPECT_EQ(supervisor_next(&supervisor_, now_), SERVICE_INDEX_NONE);
    EXPECT_TRUE(supervisor_announce(&supervisor_));
    EXPECT_FALSE(supervisor_announce(&supervisor_)) << "only once";
}

TEST_F(SupervisorTest, test_reject_ready_of_another_instance) {
    EXPECT_EQ(supervisor_ready(&supervisor_, 10), SERVICE_INDEX_NONE);
    supervisor_started(&supervisor_, 0, 10, now_);
    EXPECT_EQ(supervisor_ready(&supervisor_, 11), SERVICE_INDEX_NONE);
    EXPECT_EQ(supervisor_ready(&supervisor_, 10), 0u);
    EXPECT_EQ(supervisor_ready(&supervisor_, 10), SERVICE_INDEX_NONE) << "a second time";
}

TEST_F(SupervisorTest, restarts_within_the_budget_then_a_critical_one_fails_the_system) {
    for (uint32_t instance = 10; instance < 12; instance++) {
        Up(0, instance);
        EXPECT_EQ(supervisor_ended(&supervisor_, 0, EXIT_FAULT_READ, 0x1234, now_),
                  VERDICT_RESTART);
    }
    Up(0, 12);
    EXPECT_EQ(supervisor_.services[0].start_count, 3u);
    EXPECT_EQ(supervisor_ended(&supervisor_, 0, EXIT_CODE, 0, now_), VERDICT_FAILURE);
}

TEST_F(SupervisorTest, an_end_while_starting_lets_the_next_start_begin) {
    supervisor_started(&supervisor_, 0, 10, now_);
    EXPECT_EQ(supervisor_ended(&supervisor_, 0, EXIT_KILLED, 0, now_), VERDICT_RESTART);
    EXPECT_EQ(supervisor_ready(&supervisor_, 10), SERVICE_INDEX_NONE) << "it has ended";
    EXPECT_EQ(supervisor_next(&supervisor_, now_), 0u);
}

TEST_F(SupervisorTest, what_ends_while_a_later_one_starts_is_not_kept_waiting_by_it) {
    Up(0, 10);
    supervisor_started(&supervisor_, 2, 11, now_);
    EXPECT_EQ(supervisor_next(&supervisor_, now_), SERVICE_INDEX_NONE);
    EXPECT_EQ(supervisor_ended(&supervisor_, 0, EXIT_KILLED, 0, now_), VERDICT_RESTART);
    Up(0, 12);
    EXPECT_EQ(supervisor_next(&supervisor_, now_), SERVICE_INDEX_NONE)
        << "the later one still starts";
    EXPECT_EQ(supervisor_ready(&supervisor_, 11), 2u);
    Up(3, 13);
    EXPECT_TRUE(supervisor_announce(&supervisor_));
}

TEST_F(SupervisorTest, says_what_is_left_and_how_the_last_one_ended) {
    EXPECT_EQ(supervisor_restarts_left(&supervisor_, 0), 2u);
    Up(0, 10);
    EXPECT_EQ(supervisor_restarts_left(&supervisor_, 0), 2u);
    EXPECT_EQ(supervisor_.services[0].ended, EXIT_NONE);
    for (uint32_t left : {1U, 0U}) {
        ASSERT_EQ(supervisor_ended(&supervisor_, 0, EXIT_FAULT_READ, left, now_), VERDICT_RESTART);
        Up(0, 11);
        EXPECT_EQ(supervisor_restarts_left(&supervisor_, 0), left);
        EXPECT_EQ(supervisor_.services[0].ended, EXIT_FAULT_READ);
        EXPECT_EQ(supervisor_.services[0].ended_detail, left);
    }
    EXPECT_EQ(supervisor_ended(&supervisor_, 0, EXIT_CODE, 3, now_), VERDICT_FAILURE);
    EXPECT_EQ(supervisor_restarts_left(&supervisor_, 0), 0u);
    EXPECT_EQ(supervisor_.services[0].ended, EXIT_CODE);
}

TEST_F(SupervisorTest, one_that_is_not_critical_stays_down) {
    Up(0, 10);
    Up(2, 11);
    EXPECT_EQ(supervisor_ended(&supervisor_, 2, EXIT_CODE, 0, now_), VERDICT_GO_ON);
    EXPECT_EQ(supervisor_next(&supervisor_, now_), 3u);
    Up(3, 12);
    EXPECT_TRUE(supervisor_announce(&supervisor_));
}

TEST_F(SupervisorTest, the_final_one_decides_how_the_system_ends) {
    Up(0, 10);
    Up(2, 11);
    Up(3, 12);
    EXPECT_EQ(supervisor_ended(&supervisor_, 3, EXIT_CODE, 0, now_), VERDICT_SUCCESS);
    EXPECT_EQ(supervisor_ended(&supervisor_, 3, EXIT_CODE, 1, now_), VERDICT_FAILURE);
    EXPECT_EQ(supervisor_ended(&supervisor_, 3, EXIT_FAULT_BREAK, 0, now_), VERDICT_FAILURE);
}

TEST_F(SupervisorTest, a_final_one_is_started_again_within_its_budget) {
    services_[3].restart_budget = 1;
    Up(0, 10);
    Up(2, 11);
    Up(3, 12);
    EXPECT_EQ(supervisor_ended(&supervisor_, 3, EXIT_KILLED, 0, now_), VERDICT_RESTART);
    Up(3, 13);
    EXPECT_EQ(supervisor_ended(&supervisor_, 3, EXIT_CODE, 1, now_), VERDICT_FAILURE);
    EXPECT_EQ(supervisor_ended(&supervisor_, 3, EXIT_CODE, 0, now_), VERDICT_SUCCESS);
}

constexpr uint64_t MS = 1000000;

TEST_F(SupervisorTest, one_that_fails_at_once_is_started_again_later_each_time) {
    services_[0].restart_budget = 12;
    const uint32_t waits_ms[] = {0, 10, 20, 40, 80, 100, 100, 100};
    uint32_t instance = 10;
    for (const uint32_t wait_ms : waits_ms) {
        ASSERT_EQ(supervisor_next(&supervisor_, now_), 0u);
        supervisor_started(&supervisor_, 0, instance++, now_);
        ASSERT_EQ(supervisor_ended(&supervisor_, 0, EXIT_FAULT_READ, 0, now_), VERDICT_RESTART);
        EXPECT_EQ(supervisor_.services[0].backoff_ms, wait_ms);
        if (wait_ms != 0) {
            EXPECT_EQ(supervisor_next(&supervisor_, now_ + wait_ms * MS - 1), SERVICE_INDEX_NONE);
            EXPECT_EQ(supervisor_due_ns(&supervisor_, now_), now_ + wait_ms * MS);
        }
        now_ += wait_ms * MS;
        EXPECT_EQ(supervisor_due_ns(&supervisor_, now_), UINT64_MAX) << "it waits no more";
    }
}

TEST_F(SupervisorTest, one_that_ran_for_long_begins_with_no_wait) {
    services_[0].restart_budget = 12;
    for (const uint32_t wait_ms : {0U, 10U, 20U}) {
        supervisor_started(&supervisor_, 0, 10, now_);
        ASSERT_EQ(supervisor_ended(&supervisor_, 0, EXIT_CODE, 1, now_ + SUPERVISOR_STEADY_NS - 1),
                  VERDICT_RESTART);
        EXPECT_EQ(supervisor_.services[0].backoff_ms, wait_ms);
    }
    supervisor_started(&supervisor_, 0, 10, now_);
    ASSERT_EQ(supervisor_ended(&supervisor_, 0, EXIT_CODE, 1, now_ + SUPERVISOR_STEADY_NS),
              VERDICT_RESTART);
    EXPECT_EQ(supervisor_.services[0].backoff_ms, 0u);
}

TEST_F(SupervisorTest, who_is_ended_for_somebody_has_not_failed) {
    services_[0].restart_budget = 12;
    for (uint32_t i = 0; i < 4; i++) {
        supervisor_started(&supervisor_, 0, 10 + i, now_);
        supervisor_asked(&supervisor_, 0);
        ASSERT_EQ(supervisor_ended(&supervisor_, 0, EXIT_KILLED, 0, now_), VERDICT_RESTART);
        EXPECT_EQ(supervisor_next(&supervisor_, now_), 0u);
    }
    for (const uint32_t wait_ms : {0U, 10U}) {  // The next one was not asked for.
        supervisor_started(&supervisor_, 0, 20, now_);
        ASSERT_EQ(supervisor_ended(&supervisor_, 0, EXIT_KILLED, 0, now_), VERDICT_RESTART);
        EXPECT_EQ(supervisor_.services[0].backoff_ms, wait_ms);
    }
}

TEST_F(SupervisorTest, a_long_life_that_was_ended_for_somebody_makes_up_for_failures) {
    services_[0].restart_budget = 12;
    for (const bool is_asked : {false, false, true, false}) {
        supervisor_started(&supervisor_, 0, 10, now_);
        if (is_asked) {
            supervisor_asked(&supervisor_, 0);
            now_ += SUPERVISOR_STEADY_NS;
        }
        ASSERT_EQ(supervisor_ended(&supervisor_, 0, EXIT_KILLED, 0, now_), VERDICT_RESTART);
    }
    EXPECT_EQ(supervisor_.services[0].backoff_ms, 0u) << "the first failure since then";
}

TEST_F(SupervisorTest, who_is_ended_for_somebody_between_failures_hides_none) {
    services_[0].restart_budget = 12;
    for (const bool is_asked : {false, true, false}) {
        supervisor_started(&supervisor_, 0, 10, now_);
        if (is_asked) {
            supervisor_asked(&supervisor_, 0);
        }
        ASSERT_EQ(supervisor_ended(&supervisor_, 0, EXIT_KILLED, 0, now_), VERDICT_RESTART);
    }
    EXPECT_EQ(supervisor_.services[0].backoff_ms, SUPERVISOR_BACKOFF_MS);
}

TEST_F(SupervisorTest, who_waits_keeps_the_order_of_first_starts_and_nobody_else) {
    services_[2].restart_budget = 5;
    Up(0, 10);
    for (uint32_t i = 0; i < 2; i++) {
        supervisor_started(&supervisor_, 2, 20 + i, now_);
        ASSERT_EQ(supervisor_ended(&supervisor_, 2, EXIT_CODE, 1, now_), VERDICT_RESTART);
    }
    EXPECT_EQ(supervisor_next(&supervisor_, now_), SERVICE_INDEX_NONE) << "d comes after c";
    supervisor_asked(&supervisor_, 0);
    ASSERT_EQ(supervisor_ended(&supervisor_, 0, EXIT_KILLED, 0, now_), VERDICT_RESTART);
    EXPECT_EQ(supervisor_next(&supervisor_, now_), 0u) << "a is not kept waiting by c";
    supervisor_started(&supervisor_, 0, 11, now_);
    ASSERT_EQ(supervisor_ready(&supervisor_, 11), 0u);
    now_ += SUPERVISOR_BACKOFF_MS * MS;
    EXPECT_EQ(supervisor_next(&supervisor_, now_), 2u);
}

}  // namespace
