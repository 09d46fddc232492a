// testing/mutation/kernel_seeds_test.cc: a few seeds of the kernel's simulation, each a test, so
// that a mutant which unit tests miss meets the workload.
#include <gtest/gtest.h>

#include "testing/sim/seeds.h"

namespace {

constexpr std::uint64_t SEEDS = 40;

void expect_clean(std::uint32_t hart_count) {
    seed_options options;
    options.hart_count = hart_count;
    options.quiet = true;
    for (std::uint64_t seed = 1; seed <= SEEDS; seed++) {
        ASSERT_EQ(seed_run(options, seed).complaint, "") << seed_replay(options, seed);
    }
}

TEST(KernelSeeds, one_hart) {
    expect_clean(1);
}

TEST(KernelSeeds, two_harts) {
    expect_clean(2);
}

TEST(KernelSeeds, four_harts) {
    expect_clean(4);
}

}  // namespace
