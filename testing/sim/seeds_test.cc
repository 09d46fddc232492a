// testing/sim/seeds_test.cc: a thousand executions of the kernel that are as they should be, and a
// seed is one execution. What they must find is in planted_test.cc.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "testing/sim/seed_fork.h"
#include "testing/sim/seeds.h"

namespace {

// Of a thousand: so many on 2 harts, so many on 1 and on 4 each.
constexpr std::uint64_t SEEDS = 600;
constexpr std::uint64_t SEEDS_OTHER = 200;

// Where the runner stands: beside this test.
std::string kernel_sim_path() {
    const char *root = std::getenv("TEST_SRCDIR");
    const char *workspace = std::getenv("TEST_WORKSPACE");
    return root != nullptr && workspace != nullptr
               ? std::string(root) + "/" + workspace + "/testing/sim/kernel_sim"
               : "./kernel_sim";
}

std::string output_of(const std::string &arguments) {
    std::string text;
    FILE *pipe = popen((kernel_sim_path() + " " + arguments).c_str(), "r");
    EXPECT_NE(pipe, nullptr);
    char buffer[4096];
    for (std::size_t got = 0; (got = fread(buffer, 1, sizeof(buffer), pipe)) > 0;) {
        text.append(buffer, got);
    }
    EXPECT_EQ(pclose(pipe), 0) << text;
    return text;
}

// Runs seeds 1 to `count` on that many harts, by two processes; stops at the first complaint.
seed_totals expect_clean(std::uint32_t hart_count, std::uint64_t count) {
    seed_options options;
    options.hart_count = hart_count;
    const seed_clock begin = seed_clock_begin();
    auto *const sum = simtest::seed_shared<seed_totals>();
    *sum = {};
    seed_outcome out;
    const std::uint64_t unclean = simtest::seeds_each(
        {1, count},
        [&](std::uint64_t seed) {
            out = seed_run(options, seed);
            return out.complaint.empty();
        },
        [&] { seed_add(*sum, out); });
    if (unclean != 0) {
        options.report = true;
        ADD_FAILURE() << seed_run(options, unclean).complaint
                      << "\nreplay: " << seed_replay(options, unclean);
    } else {
        EXPECT_EQ(sum->seeds, count);
        std::printf("%s", seed_summary(*sum, begin).c_str());
    }
    return *sum;
}

TEST(Seeds, six_hundred_on_two_harts_are_clean) {
    seed_totals sum = expect_clean(2, SEEDS);
    // The workload does what it is there for.
    EXPECT_GT(sum.answered, sum.calls / 3);
    EXPECT_GT(sum.direct_switches, sum.calls / 20);
    EXPECT_GT(sum.kills, SEEDS);
    EXPECT_GT(sum.revokes, SEEDS);
    EXPECT_GT(sum.moves, SEEDS);
    EXPECT_GT(sum.asks_answered, sum.asks / 5);
    EXPECT_GT(sum.cancels, SEEDS);
    EXPECT_GT(sum.interrupts, 10 * SEEDS);
    EXPECT_GT(sum.device_refusals, SEEDS / 2);
    EXPECT_GT(sum.vmos, SEEDS);
    EXPECT_GT(sum.maps, 4 * SEEDS);
    EXPECT_GT(sum.events_paired, SEEDS);
    EXPECT_GT(sum.audits_asked, SEEDS);
    EXPECT_GT(sum.faults, SEEDS / 4);
    EXPECT_GT(sum.class_changes, 10 * SEEDS);
    EXPECT_GT(sum.preemptions, 10 * SEEDS);
    EXPECT_GT(sum.raises, SEEDS);
    EXPECT_GT(sum.steals, SEEDS);
    EXPECT_GT(sum.audits, SEEDS);
    EXPECT_GE(sum.sums, sum.steps);
}

TEST(Seeds, some_on_one_and_on_four_harts_are_clean) {
    EXPECT_GT(expect_clean(1, SEEDS_OTHER).kills, SEEDS_OTHER);
    EXPECT_GT(expect_clean(4, SEEDS_OTHER).kills, SEEDS_OTHER);
}

// The running sums once complained of these, of nothing else in thousands: they counted the space
// that another hart was reclaiming in the middle of that one's step.
TEST(Seeds, those_that_once_alarmed_for_nothing_are_clean) {
    for (const auto &[harts, seed] : {std::pair{8u, 809u}, {8u, 961u}, {4u, 627u}}) {
        seed_options options;
        options.hart_count = harts;
        EXPECT_EQ(seed_run(options, seed).complaint, "") << seed_replay(options, seed);
    }
}

// The runner finds planted bugs, and says how to replay.
TEST(Planted, the_runner_prints_a_command) {
    std::string text = output_of("--plant LOSE_IPI --expect-found");
    EXPECT_NE(text.find("found by seed"), std::string::npos) << text;
    EXPECT_NE(text.find("replay: ./bazelw run //testing/sim:kernel_sim -- --seeds "),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("--plant LOSE_IPI --trace"), std::string::npos) << text;
}

// What does not depend on addresses or real time: all but the first line and the totals.
std::string timeless(const std::string &text) {
    std::size_t first = text.find('\n') + 1;
    std::size_t totals = text.rfind('\n', text.rfind(" seeds in"));
    return text.substr(first, totals - first);
}

TEST(Replay, two_processes_with_other_addresses_have_one_hash) {
    for (const char *seeds :
         {"--addresses --seeds 1..20 --hash", "--addresses --seeds 3 --harts 8 --trace"}) {
        std::string first = output_of(seeds);
        // Should this machine not randomize addresses, another environment moves the stack at
        // least.
        setenv("SEEDS_TEST_MOVES_THE_STACK", std::string(50000, 'x').c_str(), 1);
        std::string second = output_of(seeds);
        unsetenv("SEEDS_TEST_MOVES_THE_STACK");
        EXPECT_NE(first.substr(0, first.find('\n')), second.substr(0, second.find('\n')));
        EXPECT_EQ(timeless(first), timeless(second));
        EXPECT_GT(timeless(first).size(), 500u);
    }
}

TEST(Replay, other_seeds_have_other_hashes) {
    EXPECT_NE(seed_run({}, 1).result.trace_hash, seed_run({}, 2).result.trace_hash);
    EXPECT_EQ(seed_run({}, 1).result.trace_hash, seed_run({}, 1).result.trace_hash);
}

}  // namespace
