// testing/sim/planted_test.cc: each planted bug is found within the default seeds, and what the
// running sums (kernel/arch/sim/sums.h) see is found in the kernel entry that makes it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <string>
#include <vector>

#include "testing/sim/seed_fork.h"
#include "testing/sim/seeds.h"

namespace {

constexpr std::uint64_t SEEDS = 1000;  // What a planted bug has to be found within.

// What finds each planted bug: words of the complaint.
struct finding {
    fault_point bug;
    std::vector<const char *> words;
};

const finding findings[] = {
    {FAULT_POINT_SKIP_QUIESCE, {"served through a family after it was revoked"}},
    {FAULT_POINT_SKIP_EPOCH_RECHECK, {"served through a family after it was revoked"}},
    {FAULT_POINT_OVERTAKE, {"a send overtook an earlier one"}},
    {FAULT_POINT_LOSE_MOVED, {"a capability moved otherwise", "audit", "sums"}},
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
    {FAULT_POINT_LOSE_QUEUE,
     {"wait in one", "is not there", "assertion", "counts other calls", "crash"}},
    {FAULT_POINT_PUT_PAGE_TWICE, {"POOL_TAKEN"}},
    {FAULT_POINT_LOSE_PAGE, {"pages are taken"}},
    {FAULT_POINT_LOSE_RELEASE, {"counts other references"}},
    {FAULT_POINT_STALE_GENERATION,
     {"crash", "audit", "sums", "is not RAM", "heard something else"}},
    {FAULT_POINT_STALE_IDENTITY, {"from another service"}},
    {FAULT_POINT_FREE_TOO_SOON, {"arrived", "comes from", "crash", "frame", "lists other places"}},
    {FAULT_POINT_ANSWER_TWICE, {"asynchronous request", "an answer"}},
    {FAULT_POINT_KEEP_PLACE, {"has no endpoint", "has no page for the answer"}},
    {FAULT_POINT_LOSE_UNSEEN, {"stored frames want an answer", "audits that were asked for"}},
    {FAULT_POINT_MISS_SHOOTDOWN, {"still translates to it", "stale translation"}},
    {FAULT_POINT_WRONG_LOCK_ORDER, {"lock order"}},
    {FAULT_POINT_REPLY_ANYWAY,
     {"wait for nothing", "goes on with task", "audit", "sums", "assertion", "crash",
      "lost wake-up", "the answer to another call", "registers changed"}},
    {FAULT_POINT_KEEP_CLAIM, {"the kernel says otherwise"}},
    {FAULT_POINT_LATE_RELEASE, {"sums: task "}},
    {FAULT_POINT_WRONG_PAYER, {"who paid"}},
    {FAULT_POINT_LOSE_SUM, {"sums: the audit counts other references to grant 0"}},
    {FAULT_POINT_WAKE_TOO_SOON, {"the answer to another call", "arrived"}},
    {FAULT_POINT_LOSE_SHOOTDOWN,
     {"still translates to it", "stale translation", "holds something else than what was written",
      "holds what belongs to another"}},
    {FAULT_POINT_LOSE_FENCE, {"written since its last fence.i"}},
};

bool has_one_of(const std::string &text, const std::vector<const char *> &words) {
    return std::any_of(words.begin(), words.end(),
                       [&](const char *word) { return text.find(word) != std::string::npos; });
}

void expect_found(const finding &wanted) {
    seed_options options;
    options.plant = wanted.bug;
    options.quiet = true;
    const std::uint64_t seed = simtest::seeds_each(
        {1, SEEDS}, [&](std::uint64_t one) { return seed_run(options, one).complaint.empty(); });
    ASSERT_NE(seed, 0u) << fault_point_name(wanted.bug) << " is not found in " << SEEDS << " seeds";
    const std::string complaint = seed_run(options, seed).complaint;  // It can be replayed.
    EXPECT_TRUE(has_one_of(complaint, wanted.words)) << complaint;
    std::printf("%s: found by seed %llu: %s\n", fault_point_name(wanted.bug),
                static_cast<unsigned long long>(seed), complaint.c_str());
    EXPECT_EQ(seed_run(options, seed).complaint, complaint);
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

constexpr std::uint64_t SEEDS_LOOKED_AT = 10;

// The running sums find it in the kernel entry that makes it. Without them the full audit, or what
// comes of it, does later.
TEST(Sums, find_a_bug_where_it_happens) {
    const fault_point bugs[] = {FAULT_POINT_LOSE_RELEASE, FAULT_POINT_LOSE_MOVED,
                                FAULT_POINT_REPLY_ANYWAY, FAULT_POINT_FREE_TOO_SOON};
    std::size_t sooner = 0;
    for (fault_point bug : bugs) {
        seed_options options;
        options.plant = bug;
        options.quiet = true;
        std::uint64_t seed = 1;
        seed_outcome found = seed_run(options, seed);
        // The first times it may do nothing: then no sum is wrong, and another seed is looked at.
        while (found.result.steps != found.result.planted_step && seed < SEEDS_LOOKED_AT) {
            found = seed_run(options, ++seed);
        }
        EXPECT_EQ(found.complaint.find("check failed: sums: "), 0u) << found.complaint;
        EXPECT_EQ(found.result.steps, found.result.planted_step) << fault_point_name(bug);
        options.sums_off = true;
        const seed_outcome later = seed_run(options, seed);
        EXPECT_EQ(later.result.planted_step, found.result.planted_step);
        EXPECT_GE(later.result.steps, found.result.steps) << later.complaint;
        sooner += later.result.steps > found.result.steps;
        std::printf("%s: seed %llu, in entry %llu: %s; without sums after %llu: %s\n",
                    fault_point_name(bug), static_cast<unsigned long long>(seed),
                    static_cast<unsigned long long>(found.result.steps), found.complaint.c_str(),
                    static_cast<unsigned long long>(later.result.steps), later.complaint.c_str());
    }
    EXPECT_GE(sooner + 1, std::size(bugs));  // One may show at once in what a program sees.
}

// What is put right before the last hart leaves the kernel is not there when the full audit counts,
// nor whenever no hart is inside; at most an audit that the kernel itself makes sees it, by chance.
// The sums find it as one hart leaves and others are inside.
TEST(Sums, find_a_bug_that_is_gone_when_no_hart_is_in_the_kernel) {
    seed_options options;
    options.hart_count = 2;
    options.plant = FAULT_POINT_LATE_RELEASE;
    options.quiet = true;
    const seed_outcome found = seed_run(options, 1);
    EXPECT_EQ(found.complaint.find("check failed: sums: task 0 "), 0u) << found.complaint;
    EXPECT_EQ(found.result.steps, found.result.planted_step);
    options.sums_off = true;
    constexpr std::uint64_t TRIED = 50;
    std::uint64_t missed = 0;
    for (std::uint64_t seed = 1; seed <= TRIED; seed++) {
        const seed_outcome out = seed_run(options, seed);
        EXPECT_NE(out.result.planted_step, 0u) << seed;
        EXPECT_EQ(out.complaint.find("check failed"), std::string::npos) << out.complaint;
        missed += out.complaint.empty();
    }
    EXPECT_GT(missed, TRIED / 2);
}

// After each kernel entry, however many harts are inside; they change nothing.
TEST(Sums, are_looked_at_after_every_kernel_entry) {
    for (std::uint32_t harts : {1u, 2u, 4u}) {
        seed_options options;
        options.hart_count = harts;
        const seed_outcome with = seed_run(options, 1);
        options.sums_off = true;
        const seed_outcome without = seed_run(options, 1);
        EXPECT_EQ(with.complaint, "");
        EXPECT_GE(with.result.sums, with.result.steps);
        EXPECT_EQ(without.result.sums, 0u);
        EXPECT_EQ(with.result.trace_hash, without.result.trace_hash);
    }
}

}  // namespace
