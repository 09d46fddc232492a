// testing/system_sim/seeds_test.cc: three hundred executions of the whole system or more, and each
// planted bug found within three hundred.
#include "testing/system_sim/seeds.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "testing/system_sim/found_by.h"

namespace systemsim {
namespace {

constexpr std::uint64_t SEEDS = 300;

// As many as the target asks for, and the default at least.
std::uint64_t seed_count() {
    const char *asked = std::getenv("SYSTEM_SIM_SEEDS");
    const std::uint64_t count = asked != nullptr ? std::strtoull(asked, nullptr, 10) : 0;
    return count > SEEDS ? count : SEEDS;
}

TEST(SystemSim, seeds_are_clean) {
    const seed_options options;
    const auto [unclean, sum] = seeds_run(options, {1, seed_count()});
    ASSERT_EQ(unclean, 0u) << sum.complaint << "\nreplay: " << seed_replay(options, unclean);
    std::printf("%s", seed_summary(options, sum).c_str());
    // It does what it is there for.
    EXPECT_GT(sum.served, sum.calls / 4);
    EXPECT_GT(sum.unknown, SEEDS);
    EXPECT_GT(sum.denied, SEEDS);
    EXPECT_GT(sum.weather, SEEDS);
    EXPECT_GT(sum.answers, 10 * SEEDS);
    EXPECT_GT(sum.records, 5 * SEEDS);
    EXPECT_GT(sum.sleeps, 5 * SEEDS);
    EXPECT_GT(sum.ends, 5 * SEEDS);
    EXPECT_GT(sum.programs, 2 * SEEDS);  // Of half of the seeds.
    EXPECT_GT(sum.endings, SEEDS);
    EXPECT_GT(sum.crashes, SEEDS / 30);
    EXPECT_GT(sum.bundles, SEEDS / 30);
    EXPECT_GT(sum.flawed, SEEDS / 10);
    // Every fourth seed has the console.
    EXPECT_GT(sum.lines, 3 * SEEDS);
    EXPECT_GT(sum.orders, SEEDS / 5);
    EXPECT_GT(sum.dropped, SEEDS / 4);
    EXPECT_GT(sum.resumed, SEEDS / 2);
    // Every third seed has rngd.
    EXPECT_GT(sum.draws, 10 * SEEDS);
    EXPECT_GT(sum.draws_dead, SEEDS / 30);
}

std::vector<int> plants_without_storage() {
    std::vector<int> found;
    for (int plant = 0; plant < plant_count(); plant++) {
        if (!plant_is_storage(plant)) {
            found.push_back(plant);
        }
    }
    return found;
}

class PlantedBug : public testing::TestWithParam<int> {};

TEST_P(PlantedBug, is_found) {
    seed_options options;
    options.plant = GetParam();
    options.quiet = true;
    const auto [seed, sum] = seeds_find(options, {1, SEEDS});
    ASSERT_NE(seed, 0u) << plant_what(GetParam());
    options.plant = -1;  // It is the bug that is complained of, and not a world that fails anyway.
    EXPECT_STREQ(seed_run(options, seed).complaint, "");
    std::printf("%s: seed %llu: %s\n", plant_name(GetParam()),
                static_cast<unsigned long long>(seed), sum.complaint);
}

INSTANTIATE_TEST_SUITE_P(All, PlantedBug, testing::ValuesIn(plants_without_storage()),
                         [](const testing::TestParamInfo<int> &info) {
                             return std::string(plant_name(info.param));
                         });

}  // namespace
}  // namespace systemsim
