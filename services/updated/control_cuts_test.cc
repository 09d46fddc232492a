// services/updated/control_cuts_test.cc: the boot control between cuts of the power, flushes that
// lose what they should have made durable, and instances that end in the middle of it: it opens,
// and holds what was acknowledged last or what was under way.
#include <gtest/gtest.h>

#include "services/updated/control.h"
#include "testing/statefs/losing_disk.h"

namespace {

using namespace statefs_test;

constexpr std::uint64_t SEEDS = 3000;
constexpr std::uint64_t INSTANCES = 7;
constexpr std::uint64_t STEPS = 10;  // Of an open and a change: five flushes, four writes.

class days {
  public:
    days(std::uint64_t seed, bool forgets) : chance_(seed), disk_(CONTROL_SECTORS, seed) {
        disk_.memory.forget(forgets);
    }

    // Each instance opens, and changes something if it gets so far; how it ends, the seed says.
    void live() {
        for (std::uint64_t i = 0; i < INSTANCES && !testing::Test::HasFatalFailure(); i++) {
            const std::uint64_t end = chance_.below(4);
            if (end < 2) {
                disk_.memory.cut_after(chance_.below(STEPS));
            } else if (end == 2) {
                disk_.flushes_left = chance_.below(STEPS / 2);
                disk_.flushes_lost = 1 + chance_.below(UPDATE_TRIES_OF_A_WRITE + 1);
            }
            open_and_change(i);
            disk_.flushes_left = memory_disk::NEVER;
            if (end == 0) {
                disk_.memory.cut_now();
                disk_.memory.power_on();
            } else {
                disk_.memory.go_on();
            }
        }
        ASSERT_EQ(open(), UPDATE_OK);
    }
    std::uint64_t opened() const {
        return opened_;
    }

  private:
    update_result open() {
        const disk outside = disk_.outside();
        const update_result result = control_open(&control_, &outside, UPDATE_PLANT_NONE);
        if (result == UPDATE_OK) {
            const std::uint64_t version = control_.now.slots[0].version;
            opened_++;
            EXPECT_GE(version, acknowledged_);
            EXPECT_LE(version, asked_);
            acknowledged_ = version;
        }
        return result;
    }

    void open_and_change(std::uint64_t instance) {
        const update_result result = open();
        ASSERT_TRUE(result == UPDATE_OK || result == UPDATE_DISK_FAILED) << result;
        if (result != UPDATE_OK || chance_.below(2) == 0) {
            return;
        }
        update_control next = control_.now;
        asked_ = instance + 1;
        next.slots[0].version = asked_;
        if (control_write(&control_, &next) == UPDATE_OK) {
            acknowledged_ = asked_;
        }
    }

    dice chance_;
    losing_disk disk_;
    control control_{};
    std::uint64_t opened_ = 0;
    std::uint64_t asked_ = 0;
    std::uint64_t acknowledged_ = 0;
};

TEST(ControlCuts, it_opens_however_often_a_write_was_interrupted) {
    for (const bool forgets : {false, true}) {
        std::uint64_t opened = 0;
        for (std::uint64_t seed = 1; seed <= SEEDS && !HasFatalFailure(); seed++) {
            SCOPED_TRACE(seed);
            days made(seed, forgets);
            made.live();
            opened += made.opened();
        }
        EXPECT_GT(opened, 3 * SEEDS);
    }
}

// What is not read may be all there is of a newer state: so not after one read.
TEST(ControlCuts, a_copy_is_read_three_times_before_it_is_written_over) {
    for (std::uint64_t failed = 1; failed <= UPDATE_TRIES_OF_A_READ; failed++) {
        losing_disk here(CONTROL_SECTORS, 1);
        const disk outside = here.outside();
        control made{};
        ASSERT_EQ(control_open(&made, &outside, UPDATE_PLANT_NONE), UPDATE_OK);
        update_control next = made.now;
        next.slots[0].version = 7;
        ASSERT_EQ(control_write(&made, &next), UPDATE_OK);
        const std::uint64_t before = here.memory.sectors_written();
        here.reads_failed = failed;
        ASSERT_EQ(control_open(&made, &outside, UPDATE_PLANT_NONE), UPDATE_OK);
        EXPECT_EQ(made.now.slots[0].version, 7u);
        EXPECT_EQ(here.memory.sectors_written() - before,
                  failed < UPDATE_TRIES_OF_A_READ ? 0u : 2u);
    }
}

// Nothing was ever brought: the second copy, which is read only once it is written, is written.
TEST(ControlCuts, a_new_disk_whose_second_copy_is_not_read_opens) {
    losing_disk here(CONTROL_SECTORS, 1);
    const disk outside = here.outside();
    control made{};
    ASSERT_EQ(control_open(&made, &outside, UPDATE_PLANT_NONE), UPDATE_OK);
    here.memory.spoil(CONTROL_APART);
    EXPECT_EQ(control_open(&made, &outside, UPDATE_PLANT_NONE), UPDATE_OK);
    EXPECT_EQ(made.now.current, UPDATE_SLOT_NONE);
    EXPECT_EQ(made.now.sequence, 2u) << "both anew, copy 0 first";
    EXPECT_EQ(control_open(&made, &outside, UPDATE_PLANT_NONE), UPDATE_OK);
}

TEST(ControlCuts, test_reject_copy_that_is_not_read_beside_a_torn_one) {
    losing_disk here(CONTROL_SECTORS, 1);
    const disk outside = here.outside();
    control made{};
    ASSERT_EQ(control_open(&made, &outside, UPDATE_PLANT_NONE), UPDATE_OK);
    here.memory.bytes()[9] ^= 1;
    here.memory.spoil(CONTROL_APART);
    EXPECT_EQ(control_open(&made, &outside, UPDATE_PLANT_NONE), UPDATE_DISK_FAILED);
}

}  // namespace
