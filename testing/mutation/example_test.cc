// testing/mutation/example_test.cc: misses on purpose what happens at `least` itself.
#include <gtest/gtest.h>

#include "testing/mutation/example.h"

namespace {

TEST(Example, adds_what_is_large) {
    const int numbers[] = {1, 5, 7};
    EXPECT_EQ(example_sum(numbers, 3, 2), 12);
    EXPECT_EQ(example_sum(numbers, 2, 2), 5);
}

}  // namespace
