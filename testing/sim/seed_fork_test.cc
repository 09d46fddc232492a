// testing/sim/seed_fork_test.cc: what becomes of a seed whose process fails, and of those that run
// beside it.
#include "testing/sim/seed_fork.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

namespace {

using namespace simtest;

sim_options machine() {
    return sim_options_make(1, 1, nullptr, 0);
}

TEST(SeedFork, what_ends_well_is_told_as_that) {
    EXPECT_EQ(seed_fork(machine(), false, [] { EXPECT_EQ(1, 1); }), 0);
    EXPECT_EQ(seeds_each({1, 100}, [](std::uint64_t) { return true; }), 0u);
    EXPECT_EQ(seeds_each({1, 100}, [](std::uint64_t seed) { return seed % 7 != 0; }), 7u);
}

// Nobody reads what GoogleTest counts in a process that was forked.
TEST(SeedFork, test_reject_expectation_that_fails_in_a_seed) {
    for (const bool quiet : {false, true}) {
        const int status = seed_fork(machine(), quiet, [] { EXPECT_EQ(1, 2) << "on purpose"; });
        EXPECT_TRUE(WIFSIGNALED(status)) << status;
        EXPECT_EQ(seed_crash(status).find("crash: signal "), 0u);
    }
}

// The other one must not wait for ever.
TEST(SeedForkDeathTest, test_reject_process_that_dies_while_it_adds) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(
        {
            auto *const adds = seed_shared<std::atomic<int>>();
            seeds_each(
                {1, 1000}, [](std::uint64_t) { return true; },
                [adds] {
                    if (++*adds == 10) {
                        _exit(3);
                    }
                });
        },
        ::testing::ExitedWithCode(2), "seeds: a process that ran them failed: crash: exit code ");
}

// It would take a minute to its end.
TEST(SeedForkDeathTest, test_reject_process_that_dies_beside_one_that_goes_on) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(seeds_each({1, 2},
                           [](std::uint64_t seed) {
                               if (seed == 2) {
                                   abort();
                               }
                               sleep(60);
                               return true;
                           }),
                ::testing::ExitedWithCode(2), "crash: signal 6");
}

}  // namespace
