// testing/sim/seeds_test.cc: a thousand executions of the kernel, what they must find, and that a
// seed is one execution.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <string>
#include <vector>

#include "testing/sim/seeds.h"

namespace {

constexpr std::uint64_t SEEDS = 1000;  // What a planted bug has to be found within.

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

// Runs seeds 1 to `count` on that many harts; stops at the first complaint.
seed_totals expect_clean(std::uint32_t hart_count, std::uint64_t count) {
    seed_options options;
    options.hart_count = hart_count;
    auto begin = std::chrono::steady_clock::now();
    seed_totals sum;
    for (std::uint64_t seed = 1; seed <= count; seed++) {
        seed_outcome out = seed_run(options, seed);
        seed_add(sum, out);
        if (!out.complaint.empty()) {
            options.report = true;
            (void)seed_run(options, seed);
            ADD_FAILURE() << out.complaint << "\nreplay: " << seed_replay(options, seed);
            return sum;
        }
    }
    std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    std::printf("%s", seed_summary(sum, seconds.count()).c_str());
    return sum;
}

TEST(Seeds, a_thousand_on_two_harts_are_clean) {
    seed_totals sum = expect_clean(2, SEEDS);
    // The workload does what it is there for.
    EXPECT_GT(sum.answered, sum.calls / 3);
    EXPECT_GT(sum.direct_switches, sum.calls / 20);
    EXPECT_GT(sum.kills, SEEDS);
    EXPECT_GT(sum.revokes, SEEDS);
    EXPECT_GT(sum.moves, SEEDS);
    EXPECT_GT(sum.asks_answered, sum.asks / 4);
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
}

TEST(Seeds, some_on_one_and_on_four_harts_are_clean) {
    EXPECT_GT(expect_clean(1, SEEDS / 5).kills, SEEDS / 5);
    EXPECT_GT(expect_clean(4, SEEDS / 5).kills, SEEDS / 5);
}

// What finds each planted bug: words of the complaint.
struct finding {
    fault_point bug;
    std::vector<const char *> words;
};

const finding findings[] = {
    {FAULT_POINT_SKIP_QUIESCE, {"served through a family after it was revoked"}},
    {FAULT_POINT_SKIP_EPOCH_RECHECK, {"served through a family after it was revoked"}},
    {FAULT_POINT_OVERTAKE, {"a send overtook an earlier one"}},
    {FAULT_POINT_LOSE_MOVED, {"a capability moved otherwise", "audit"}},
    {FAULT_POINT_TRUST_EVENTS, {"events are not in the order of time", "an event "}},
    {FAULT_POINT_SKIP_EVENT, {"a call begins while its task waits"}},
    {FAULT_POINT_LOSE_IPI, {"lost wake-up: hart"}},
    {FAULT_POINT_LOSE_DONATION, {"lost donation"}},
    {FAULT_POINT_LOSE_PREEMPTION, {"lost preemption"}},
    {FAULT_POINT_LOSE_CHARGE, {"of it were charged"}},
    {FAULT_POINT_LOSE_PARKED, {"is parked and has CPU time left"}},
    {FAULT_POINT_STEAL_FORGETS_HART,
     {"which its space does not know", "still translates to it", "stale translation"}},
    {FAULT_POINT_CURRENT_TOO_SOON, {"still walks the tables"}},
    {FAULT_POINT_LOSE_RECHECK, {"lost wake-up: task"}},
    {FAULT_POINT_LOSE_KILL, {"lost kill"}},
    {FAULT_POINT_LOSE_DEADLINE, {"lost deadline"}},
    {FAULT_POINT_LOSE_QUEUE, {"is not there", "assertion", "counts other calls", "crash"}},
    {FAULT_POINT_PUT_PAGE_TWICE, {"POOL_TAKEN"}},
    {FAULT_POINT_LOSE_PAGE, {"pages are taken"}},
    {FAULT_POINT_LOSE_RELEASE, {"counts other references"}},
    {FAULT_POINT_STALE_GENERATION, {"crash", "audit", "is not RAM", "heard something else"}},
    {FAULT_POINT_STALE_IDENTITY, {"from another service"}},
    {FAULT_POINT_FREE_TOO_SOON, {"arrived", "comes from", "crash", "frame", "lists other places"}},
    {FAULT_POINT_ANSWER_TWICE, {"asynchronous request", "an answer"}},
    {FAULT_POINT_KEEP_PLACE, {"has no endpoint", "has no page for the answer"}},
    {FAULT_POINT_LOSE_UNSEEN, {"stored frames want an answer", "audits that were asked for"}},
    {FAULT_POINT_MISS_SHOOTDOWN, {"still translates to it", "stale translation"}},
    {FAULT_POINT_WRONG_LOCK_ORDER, {"lock order"}},
    {FAULT_POINT_REPLY_ANYWAY,
     {"goes on with task", "audit", "assertion", "crash", "lost wake-up",
      "the answer to another call", "registers changed"}},
    {FAULT_POINT_KEEP_CLAIM, {"the kernel says otherwise"}},
    {FAULT_POINT_WAKE_TOO_SOON, {"the answer to another call", "arrived"}},
    {FAULT_POINT_LOSE_SHOOTDOWN,
     {"still translates to it", "stale translation", "holds something else than what was written"}},
};

bool has_one_of(const std::string &text, const std::vector<const char *> &words) {
    return std::any_of(words.begin(), words.end(),
                       [&](const char *word) { return text.find(word) != std::string::npos; });
}

void expect_found(const finding &wanted) {
    seed_options options;
    options.plant = wanted.bug;
    options.quiet = true;
    for (std::uint64_t seed = 1; seed <= SEEDS; seed++) {
        seed_outcome out = seed_run(options, seed);
        if (!out.complaint.empty()) {
            EXPECT_TRUE(has_one_of(out.complaint, wanted.words)) << out.complaint;
            std::printf("%s: found by seed %llu: %s\n", fault_point_name(wanted.bug),
                        static_cast<unsigned long long>(seed), out.complaint.c_str());
            EXPECT_EQ(seed_run(options, seed).complaint, out.complaint);  // It can be replayed.
            return;
        }
    }
    ADD_FAILURE() << fault_point_name(wanted.bug) << " is not found in " << SEEDS << " seeds";
}

TEST(Planted, each_bug_is_found) {
    int planted = 0;
    for (int point = 0; point < FAULT_POINT_COUNT; point++) {
        planted += fault_point_is_planted(point);
    }
    EXPECT_EQ(planted, static_cast<int>(std::size(findings))) << "a planted bug without a finding";
    for (const finding &one : findings) {
        EXPECT_TRUE(fault_point_is_planted(one.bug));
        expect_found(one);
    }
}

// The runner finds them too, and says how to replay.
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
