// services/example/example_test.cc: each status of the logic, and that a refusal changes nothing.
#include "services/example/example.h"

#include <gtest/gtest.h>

namespace {

TEST(Logic, adds) {
    example state{};
    example_init(&state);
    EXPECT_EQ(example_add(&state, 40), WIRE_OK);
    EXPECT_EQ(example_add(&state, 2), WIRE_OK);
    EXPECT_EQ(state.total, 42u);
    EXPECT_EQ(state.count, 2u);
}

TEST(Logic, test_reject_total_that_does_not_fit) {
    example state{};
    example_init(&state);
    EXPECT_EQ(example_add(&state, UINT64_MAX), WIRE_OK);
    EXPECT_EQ(example_add(&state, 1), WIRE_TOO_LARGE);
    EXPECT_EQ(state.total, UINT64_MAX);
    EXPECT_EQ(state.count, 1u);
}

}  // namespace
