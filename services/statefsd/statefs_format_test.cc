// services/statefsd/statefs_format_test.cc: a format that is interrupted again and again, by cuts
// of the power and by flushes that lose what they should have made durable, may still be done.
#include <gtest/gtest.h>

#include <memory>

#include "services/statefsd/statefs.h"
#include "testing/statefs/losing_disk.h"

namespace {

using namespace statefs_test;

constexpr std::uint32_t ENTRIES = 24;
constexpr std::uint64_t STEPS = 16;  // Of a format: eight writes and eight flushes.
constexpr std::uint64_t ROUNDS = 4000;

struct outcomes {
    std::uint64_t ok = 0;
    std::uint64_t blank = 0;
};

// Up to five formats of a disk, each where a mount says that one may be.
void interrupt(std::uint64_t seed, bool forgets, outcomes *sum) {
    dice chance(seed);
    losing_disk disk(statefs_disk_sectors_min(ENTRIES), seed);
    disk.memory.forget(forgets);
    const auto fs = std::make_unique<statefs>();
    statefs_config config{};
    config.disk = disk.outside();
    config.entries = ENTRIES;
    state_report report{};
    for (std::uint64_t i = 0; i < 5; i++) {
        const state_mount found = statefs_mount(fs.get(), &config, &report);
        ASSERT_TRUE(found == MOUNT_BLANK || found == MOUNT_OK) << seed << ": " << found;
        (found == MOUNT_OK ? sum->ok : sum->blank)++;
        if (found == MOUNT_OK) {
            return;
        }
        const bool cut = chance.below(2) == 0;
        if (cut) {
            disk.memory.cut_after(chance.below(STEPS));
        } else {
            disk.flushes_left = chance.below(STEPS / 2);
        }
        const state_mount made = statefs_format(&config, 1000 + i);
        ASSERT_EQ(made, MOUNT_FAILED) << seed;
        disk.flushes_left = memory_disk::NEVER;
        if (cut) {
            disk.memory.power_on();
        }
    }
}

TEST(StatefsFormat, may_be_done_again_however_often_it_was_interrupted) {
    for (const bool forgets : {false, true}) {
        outcomes sum;
        for (std::uint64_t seed = 1; seed <= ROUNDS && !HasFatalFailure(); seed++) {
            interrupt(seed, forgets, &sum);
        }
        EXPECT_GT(sum.ok, ROUNDS / 10);
        EXPECT_GT(sum.blank, ROUNDS);
    }
}

}  // namespace
