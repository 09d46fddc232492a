// ipc/budget_test.cc: each way in which a budget ends, and the times of the pauses.
#include "ipc/budget.h"

#include <vector>

#include "gtest/gtest.h"

namespace {

TEST(Budget, test_reject_attempt_budget_spent) {
    budget budget = budget_until(deadline{1000});
    for (int i = 0; i < BUDGET_ATTEMPTS; i++) {
        EXPECT_EQ(budget_attempt(&budget, 0), BUDGET_GO);
    }
    EXPECT_EQ(budget_attempt(&budget, 0), BUDGET_SPENT);
    EXPECT_EQ(budget_attempt(&budget, 0), BUDGET_SPENT);
    EXPECT_EQ(budget_mismatch(&budget, 0), BUDGET_GO);  // Each kind has its own.
}

TEST(Budget, test_reject_mismatch_budget_spent) {
    budget budget = budget_until(deadline{1000});
    for (int i = 0; i < BUDGET_MISMATCHES; i++) {
        EXPECT_EQ(budget_mismatch(&budget, 999), BUDGET_GO);
    }
    EXPECT_EQ(budget_mismatch(&budget, 999), BUDGET_SPENT);
}

TEST(Budget, test_reject_deadline_passed) {
    budget budget = budget_until(deadline{1000});
    EXPECT_EQ(budget_attempt(&budget, 1000), BUDGET_LATE);
    EXPECT_EQ(budget_mismatch(&budget, 2000), BUDGET_LATE);
    EXPECT_EQ(budget.attempts.left, static_cast<uint32_t>(BUDGET_ATTEMPTS));  // Nothing was taken.
}

TEST(Budget, PausesDoubleUpToTheirBoundAndEndAtTheDeadline) {
    budget budget = budget_until(deadline{100 * BUDGET_PAUSE_NS});
    std::vector<uint64_t> pauses;
    for (int i = 0; i < 6; i++) {
        pauses.push_back(budget_pause_until(&budget, 0) / BUDGET_PAUSE_NS);
    }
    EXPECT_EQ(pauses, (std::vector<uint64_t>{1, 2, 4, 8, 16, 16}));
    EXPECT_EQ(budget_pause_until(&budget, 90 * BUDGET_PAUSE_NS), 100 * BUDGET_PAUSE_NS);
    EXPECT_EQ(budget_pause_until(&budget, UINT64_MAX), 100 * BUDGET_PAUSE_NS);
}

}  // namespace
