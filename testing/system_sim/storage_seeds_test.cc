// testing/system_sim/storage_seeds_test.cc: three hundred lives of a disk or more, each with power
// cuts, and each planted bug found within three hundred.
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "testing/system_sim/found_by.h"
#include "testing/system_sim/seeds.h"

namespace systemsim {
namespace {

constexpr std::uint64_t SEEDS = 300;
constexpr std::uint64_t PLANTED_FIRST = 451;  // Among as many from here on each planted bug shows.
// Every other seed has updated, this one too, and every fourth keystored; only those can show a bug
// of it.
constexpr std::uint64_t UPDATED_EVERY = 2;
constexpr std::uint64_t KEYS_EVERY = 4;
static_assert(PLANTED_FIRST % UPDATED_EVERY == 1);
static_assert((PLANTED_FIRST + 1) % KEYS_EVERY == 0);

// Those that need what is rare in a whole system: two batches torn in a row, a region used three
// times by one mount, a compaction in the middle of a group. statefs_seeds_test finds them. And of
// updated, found by updated_cuts_test: what needs the power to go in the middle of a write, or
// between two in the last try of a trial, somebody who writes another's memory, or bytes that
// change on the disk by themselves.
const std::set<std::string> RARE = {
    "JOURNAL_PAST_TORN",   "JOURNAL_ANY_GENERATION",  "JOURNAL_ANY_EPOCH",
    "JOURNAL_SAME_EPOCH",  "JOURNAL_SUPER_OLD_FIRST", "JOURNAL_STEP_STAGED",
    "UPDATE_FLOOR_FIRST",  "UPDATE_ONE_COPY",         "UPDATE_OLDER_FIRST",
    "UPDATE_BOTH_AT_ONCE", "UPDATE_CHECK_WINDOW",     "UPDATE_NO_RECHECK"};

// As many parts as the target has shards: each of them takes one.
std::uint64_t parts() {
    const char *asked = std::getenv("STORAGE_PARTS");
    return asked != nullptr ? std::strtoull(asked, nullptr, 10) : 1;
}

struct range {
    std::uint64_t first;
    std::uint64_t last;
};

// A part of `A..B` that the environment asks for, or of the first three hundred.
range seeds_asked(std::uint64_t part) {
    const char *asked = std::getenv("STORAGE_SEEDS");
    unsigned long long from = 1;
    unsigned long long to = SEEDS;
    if (asked != nullptr && std::sscanf(asked, "%llu..%llu", &from, &to) != 2) {
        ADD_FAILURE() << "STORAGE_SEEDS is A..B";
    }
    const std::uint64_t count = to - from + 1;
    return {from + count * part / parts(), from + count * (part + 1) / parts() - 1};
}

class StorageSeeds : public testing::TestWithParam<std::uint64_t> {};

TEST_P(StorageSeeds, are_clean) {
    const auto [first, last] = seeds_asked(GetParam());
    seed_options options;
    options.storage = true;
    const auto [unclean, sum] = seeds_run(options, {first, last});
    ASSERT_EQ(unclean, 0u) << sum.complaint << "\nreplay: " << seed_replay(options, unclean);
    std::printf("seeds %llu..%llu: %s", static_cast<unsigned long long>(first),
                static_cast<unsigned long long>(last), seed_summary(options, sum).c_str());
    // It does what it is there for.
    const std::uint64_t count = last - first + 1;
    EXPECT_GE(sum.lives, 3 * count);
    EXPECT_GT(sum.cuts, count);
    EXPECT_GT(sum.ends, 2 * count);
    EXPECT_GT(sum.certain, 100 * count);
    EXPECT_GT(sum.uncertain, count);
    EXPECT_GT(sum.transactions, 5 * count);
    EXPECT_GT(sum.moved, 100 * count);
    EXPECT_GT(sum.trouble, count / 10);
    EXPECT_GT(sum.resets, 4 * count);
    // Every fourth seed has keystored, every other one updated.
    EXPECT_GT(sum.secrets, count / 2);
    EXPECT_GT(sum.given, count / 2);
    EXPECT_GT(sum.erased, count / 4);
    EXPECT_GT(sum.signed_ok, count / 4);
    EXPECT_GT(sum.denials, count / 2);
    EXPECT_GT(sum.staged, count / 3);
    EXPECT_GT(sum.trials, count / 5);
    EXPECT_GT(sum.confirmations, count / 3);
    EXPECT_GT(sum.returns, count / 10);
    EXPECT_GT(sum.refused, count / 4);
    EXPECT_GT(sum.reboots, count / 10);
}

INSTANTIATE_TEST_SUITE_P(Part, StorageSeeds, testing::Range(std::uint64_t{0}, parts()));

TEST(StorageSim, a_seed_is_one_execution) {
    seed_options options;
    options.storage = true;
    for (std::uint64_t seed = 1; seed <= 10; seed++) {
        EXPECT_EQ(seed_run(options, seed).hash, seed_run(options, seed).hash) << seed;
    }
}

std::vector<int> plants_of_storage() {
    std::vector<int> found;
    for (int plant = 0; plant < plant_count(); plant++) {
        if (plant_is_storage(plant) && RARE.count(plant_name(plant)) == 0) {
            found.push_back(plant);
        }
    }
    return found;
}

// Of each layer, and each kind that loses what was acknowledged or lets old things come back.
TEST(StorageSim, bugs_of_every_layer_are_among_those_that_a_whole_system_finds) {
    std::set<std::string> found;
    for (const int plant : plants_of_storage()) {
        found.insert(plant_name(plant));
    }
    EXPECT_GE(found.size(), 34u);
    for (const char *name : {"SKIP_FLUSH", "JOURNAL_NO_FLUSH",         // A flush is missing,
                             "ANSWER_STAGED", "JOURNAL_ANSWER_FIRST",  // an answer comes before it,
                             "JOURNAL_TRUST_TAG",                      // what is torn is replayed,
                             "UPDATE_TRY_IN_MEMORY", "UPDATE_FLOOR_LATER",  // a counter is written
                                                                            // too late,
                             "FAILED_IS_DONE", "KEYS_EARLY"}) {
        EXPECT_EQ(found.count(name), 1u) << name;
    }
}

class PlantedStorageBug : public testing::TestWithParam<int> {};

TEST_P(PlantedStorageBug, is_found) {
    seed_options options;
    options.storage = true;
    options.plant = GetParam();
    options.quiet = true;
    const std::string name = plant_name(GetParam());
    simtest::seed_range range = {PLANTED_FIRST, PLANTED_FIRST + SEEDS - 1, 1};
    if (name.rfind("UPDATE_", 0) == 0) {
        range.step = UPDATED_EVERY;
    } else if (name.rfind("KEYS_", 0) == 0) {
        range = {PLANTED_FIRST + 1, range.last, KEYS_EVERY};
    }
    const auto [seed, sum] = seeds_find(options, range);
    ASSERT_NE(seed, 0u) << plant_what(GetParam());
    options.plant = -1;  // It is the bug that is complained of, and not a world that fails anyway.
    EXPECT_STREQ(seed_run(options, seed).complaint, "");
    std::printf("%s: seed %llu: %.80s\n", plant_name(GetParam()),
                static_cast<unsigned long long>(seed), sum.complaint);
}

INSTANTIATE_TEST_SUITE_P(All, PlantedStorageBug, testing::ValuesIn(plants_of_storage()),
                         [](const testing::TestParamInfo<int> &info) {
                             return std::string(plant_name(info.param));
                         });

}  // namespace
}  // namespace systemsim
