// testing/mutation/example_limit_test.cc: in a program of its own, what example_test.cc misses.
#include <gtest/gtest.h>

#include "testing/mutation/example.h"

namespace {

TEST(ExampleLimit, takes_the_least) {
    const int numbers[] = {2};
    EXPECT_EQ(example_sum(numbers, 1, 2), 2);
}

}  // namespace
