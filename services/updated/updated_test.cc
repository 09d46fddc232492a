// services/updated/updated_test.cc: staging, switching, confirming and rolling back, and each
// refusal, which changes nothing.
#include <gtest/gtest.h>

#include "testing/update/update_world.h"

namespace {

using namespace update_test;

constexpr std::uint64_t kSlotTwo = CONTROL_SECTORS + kSlotBytes / DISK_SECTOR_BYTES;
constexpr std::uint64_t kApart = std::uint64_t{CONTROL_APART} * DISK_SECTOR_BYTES;

class Updated : public ::testing::Test {
  protected:
    // What a refusal must leave alone: the disk and the floor.
    struct Before {
        std::vector<std::uint8_t> disk;
        std::uint64_t floor;
    };
    Before Now() {
        return {world_.disk_.bytes(), world_.floor_};
    }
    void ExpectAsBefore(const Before &before) {
        EXPECT_EQ(world_.disk_.bytes(), before.disk);
        EXPECT_EQ(world_.floor_, before.floor);
    }

    // A confirmed system of that version in that slot, running.
    void Install(std::uint32_t slot, std::uint64_t version) {
        ASSERT_EQ(world_.stage(slot, system_of(version)), UPDATE_OK);
        ASSERT_EQ(updated_switch(&world_.updated_, slot, 2), UPDATE_OK);
        ASSERT_EQ(world_.boot(), UPDATE_OK);
        ASSERT_TRUE(world_.updated_.running.trial);
        ASSERT_EQ(updated_confirm(&world_.updated_, kHealth), UPDATE_OK);
    }

    const update_running &Running() const {
        return world_.updated_.running;
    }
    const update_control &Control() const {
        return world_.updated_.control.now;
    }

    world world_;
};

TEST_F(Updated, a_new_disk_has_nothing_to_run) {
    EXPECT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    EXPECT_EQ(Running().slot, UPDATE_SLOT_NONE);
    EXPECT_EQ(Control().current, UPDATE_SLOT_NONE);
}

TEST_F(Updated, from_staged_to_confirmed) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    ASSERT_EQ(world_.stage(0, system_of(1)), UPDATE_OK);
    EXPECT_EQ(Control().slots[0].state, UPDATE_SLOT_STAGED);
    ASSERT_EQ(updated_switch(&world_.updated_, 0, 3), UPDATE_OK);
    ASSERT_EQ(world_.boot(), UPDATE_OK);
    EXPECT_EQ(Running().slot, 0u);
    EXPECT_TRUE(Running().trial);
    EXPECT_EQ(Control().tries, 2u);
    EXPECT_EQ(world_.floor_, 0u) << "it rises only when it is confirmed";
    ASSERT_EQ(updated_confirm(&world_.updated_, kHealth), UPDATE_OK);
    EXPECT_EQ(world_.floor_, 1u);
    EXPECT_EQ(Control().current, 0u);
    EXPECT_EQ(Control().slots[0].state, UPDATE_SLOT_GOOD);
    EXPECT_EQ(updated_confirm(&world_.updated_, kHealth), UPDATE_OK) << "again";
    ASSERT_EQ(world_.boot(), UPDATE_OK);
    EXPECT_FALSE(Running().trial);
}

TEST_F(Updated, unconfirmed_trials_end) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    Install(0, 1);
    ASSERT_EQ(world_.stage(1, system_of(2)), UPDATE_OK);
    ASSERT_EQ(updated_switch(&world_.updated_, 1, 2), UPDATE_OK);
    for (int i = 0; i < 2; i++) {
        ASSERT_EQ(world_.boot(), UPDATE_OK);
        EXPECT_EQ(Running().version, 2u);
        EXPECT_TRUE(Running().trial);
    }
    ASSERT_EQ(world_.boot(), UPDATE_OK);
    EXPECT_EQ(Running().version, 1u);
    EXPECT_EQ(Running().failed_version, 2u);
    EXPECT_EQ(Control().slots[1].state, UPDATE_SLOT_FAILED);
    EXPECT_EQ(updated_switch(&world_.updated_, 1, 2), UPDATE_NOT_STAGED);
    EXPECT_EQ(world_.floor_, 1u);
}

TEST_F(Updated, roll_back) {
    bool reboot = true;
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    Install(0, 1);
    ASSERT_EQ(world_.stage(1, system_of(2)), UPDATE_OK);
    ASSERT_EQ(updated_switch(&world_.updated_, 1, 2), UPDATE_OK);
    ASSERT_EQ(updated_roll_back(&world_.updated_, &reboot), UPDATE_OK);
    EXPECT_FALSE(reboot) << "it was not tried yet";
    EXPECT_EQ(Control().slots[1].state, UPDATE_SLOT_STAGED);
    ASSERT_EQ(updated_switch(&world_.updated_, 1, 2), UPDATE_OK);
    ASSERT_EQ(world_.boot(), UPDATE_OK);
    ASSERT_EQ(updated_roll_back(&world_.updated_, &reboot), UPDATE_OK);
    EXPECT_TRUE(reboot);
    EXPECT_EQ(updated_confirm(&world_.updated_, kHealth), UPDATE_NOT_THE_HEALTH_PROGRAM);
    const std::uint64_t word = updated_word(&world_.updated_);
    ASSERT_EQ(world_.open(), UPDATE_OK);
    ASSERT_EQ(updated_resume(&world_.updated_, word), UPDATE_OK);
    EXPECT_EQ(updated_confirm(&world_.updated_, kHealth), UPDATE_NOT_THE_HEALTH_PROGRAM);
    ASSERT_EQ(world_.boot(), UPDATE_OK);
    EXPECT_EQ(Running().version, 1u);
}

// A second instance in one boot takes no try, and knows what has been confirmed.
TEST_F(Updated, resume) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    const std::uint64_t nothing = updated_word(&world_.updated_);
    ASSERT_EQ(world_.stage(0, system_of(1)), UPDATE_OK);
    ASSERT_EQ(updated_switch(&world_.updated_, 0, 3), UPDATE_OK);
    ASSERT_EQ(world_.open(), UPDATE_OK);
    EXPECT_EQ(updated_resume(&world_.updated_, nothing), UPDATE_NOTHING_RUNS);
    ASSERT_EQ(world_.boot(), UPDATE_OK);
    const std::uint64_t word = updated_word(&world_.updated_);
    ASSERT_EQ(world_.open(), UPDATE_OK);
    ASSERT_EQ(updated_resume(&world_.updated_, word), UPDATE_OK);
    EXPECT_EQ(Control().tries, 2u);
    EXPECT_TRUE(Running().trial);
    ASSERT_EQ(updated_confirm(&world_.updated_, kHealth), UPDATE_OK);
    ASSERT_EQ(world_.open(), UPDATE_OK);
    ASSERT_EQ(updated_resume(&world_.updated_, word), UPDATE_OK);
    EXPECT_FALSE(Running().trial);
}

// The power went between the confirmation and the floor.
TEST_F(Updated, the_next_boot_raises_the_floor) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    Install(0, 5);
    world_.floor_ = 0;
    ASSERT_EQ(world_.boot(), UPDATE_OK);
    EXPECT_EQ(world_.floor_, 5u);
}

TEST_F(Updated, staging_takes_a_switch_back) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    Install(0, 1);
    ASSERT_EQ(world_.stage(1, system_of(2)), UPDATE_OK);
    ASSERT_EQ(updated_switch(&world_.updated_, 1, 2), UPDATE_OK);
    ASSERT_EQ(world_.stage(1, system_of(3)), UPDATE_OK);
    EXPECT_EQ(Control().trial, UPDATE_SLOT_NONE);
    ASSERT_EQ(world_.boot(), UPDATE_OK);
    EXPECT_EQ(Running().version, 1u);
}

TEST_F(Updated, test_reject_unsigned) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    const Before before = Now();
    std::vector<std::uint8_t> bytes = system_of(1);
    std::memset(bytes.data() + SYSTEM_SIGNED_BYTES, 0, SYSTEM_SIGNATURE_BYTES);
    EXPECT_EQ(world_.stage(0, bytes), UPDATE_UNSIGNED);
    ExpectAsBefore(before);
}

TEST_F(Updated, test_reject_wrong_key) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    const Before before = Now();
    EXPECT_EQ(world_.stage(0, system_of(1, 2, 2)), UPDATE_WRONG_KEY);
    std::vector<std::uint8_t> bytes = system_of(1, 2, 2);
    std::memcpy(bytes.data() + SYSTEM_SIGNED_BYTES - SYSTEM_KEY_BYTES, key_of(1).open.bytes,
                SYSTEM_KEY_BYTES);
    EXPECT_EQ(world_.stage(0, bytes), UPDATE_BAD_SIGNATURE) << "it says that it is ours";
    ExpectAsBefore(before);
}

// Every bit of the header, and one in each part of the programs.
TEST_F(Updated, test_reject_tampered) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    const Before before = Now();
    const std::vector<std::uint8_t> good = system_of(1);
    for (std::size_t at = 0; at < sizeof(system_header); at++) {
        std::vector<std::uint8_t> bytes = good;
        bytes[at] ^= static_cast<std::uint8_t>(1u << at % 8);
        EXPECT_NE(world_.stage(0, bytes), UPDATE_OK) << at;
    }
    for (std::size_t at = SYSTEM_PAGE_BYTES; at < good.size(); at += 1000) {
        std::vector<std::uint8_t> bytes = good;
        bytes[at] ^= 0x80;
        EXPECT_EQ(world_.stage(0, bytes), UPDATE_BAD_CONTENTS);
    }
    std::vector<std::uint8_t> behind = good;
    behind[sizeof(system_header)] = 1;
    EXPECT_EQ(world_.stage(0, behind), UPDATE_BAD_HEADER);
    ExpectAsBefore(before);
}

TEST_F(Updated, test_reject_bad_length) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    const Before before = Now();
    const std::vector<std::uint8_t> good = system_of(1);
    for (const std::uint64_t count :
         {std::uint64_t{0}, std::uint64_t{100}, good.size() - 1, good.size() - SYSTEM_PAGE_BYTES,
          std::uint64_t{SYSTEM_PAGE_BYTES}}) {
        EXPECT_EQ(updated_stage(&world_.updated_, 0, good.data(), count), UPDATE_BAD_RANGE)
            << count;
    }
    std::vector<std::uint8_t> longer = good;
    longer.resize(good.size() + SYSTEM_PAGE_BYTES);
    EXPECT_EQ(world_.stage(0, longer), UPDATE_BAD_RANGE);
    ExpectAsBefore(before);
}

TEST_F(Updated, test_reject_too_large) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    const Before before = Now();
    EXPECT_EQ(world_.stage(0, system_of(1, 4)), UPDATE_TOO_LARGE);
    ExpectAsBefore(before);
    EXPECT_EQ(world_.stage(0, system_of(1, 3)), UPDATE_OK) << "it fits exactly";
}

// execd would not run them all.
TEST_F(Updated, test_reject_too_many_programs) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    const Before before = Now();
    EXPECT_EQ(world_.stage(0, system_of(1, 2, 1, SYSTEM_PROGRAM_MAX + 1)),
              UPDATE_TOO_MANY_PROGRAMS);
    ExpectAsBefore(before);
    EXPECT_EQ(world_.stage(0, system_of(1, 2, 1, SYSTEM_PROGRAM_MAX)), UPDATE_OK);
}

TEST_F(Updated, test_reject_downgrade) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    Install(0, 5);
    const Before before = Now();
    EXPECT_EQ(world_.stage(1, system_of(4)), UPDATE_BELOW_FLOOR);
    ExpectAsBefore(before);
    EXPECT_EQ(world_.stage(1, system_of(5)), UPDATE_OK) << "the same again is none";
}

// What was confirmed before is a downgrade, though the floor has not risen yet.
TEST_F(Updated, test_reject_downgrade_while_the_floor_lags) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    Install(0, 1);
    ASSERT_EQ(world_.stage(1, system_of(2)), UPDATE_OK);
    ASSERT_EQ(updated_switch(&world_.updated_, 1, 2), UPDATE_OK);
    ASSERT_EQ(world_.boot(), UPDATE_OK);
    world_.floor_stuck_ = true;
    ASSERT_EQ(updated_confirm(&world_.updated_, kHealth), UPDATE_NO_FLOOR);
    ASSERT_EQ(Control().current, 1u);
    const Before before = Now();
    EXPECT_EQ(updated_switch(&world_.updated_, 0, 1), UPDATE_NO_FLOOR);
    EXPECT_EQ(world_.stage(0, system_of(1)), UPDATE_NO_FLOOR);
    const std::uint64_t word = updated_word(&world_.updated_);
    ASSERT_EQ(world_.open(), UPDATE_OK);
    EXPECT_EQ(updated_resume(&world_.updated_, word), UPDATE_NO_FLOOR);
    ExpectAsBefore(before);
    world_.floor_stuck_ = false;
    ASSERT_EQ(updated_resume(&world_.updated_, word), UPDATE_OK);
    EXPECT_EQ(world_.floor_, 2u);
    EXPECT_EQ(updated_switch(&world_.updated_, 0, 1), UPDATE_BELOW_FLOOR);
}

// Also if only the switch is there to notice it.
TEST_F(Updated, a_switch_raises_a_floor_that_lags) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    Install(0, 1);
    Install(1, 2);
    world_.floor_ = 1;
    EXPECT_EQ(updated_switch(&world_.updated_, 0, 1), UPDATE_BELOW_FLOOR);
    EXPECT_EQ(world_.floor_, 2u);
    world_.floor_ = 1;
    world_.updated_.floor = 1;
    EXPECT_EQ(world_.stage(0, system_of(1)), UPDATE_BELOW_FLOOR);
    EXPECT_EQ(world_.floor_, 2u);
}

// It was staged before the floor rose: to switch, and to start.
TEST_F(Updated, test_reject_start_below_floor) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    Install(0, 1);
    ASSERT_EQ(world_.stage(1, system_of(2)), UPDATE_OK);
    world_.floor_ = 3;
    EXPECT_EQ(updated_switch(&world_.updated_, 1, 1), UPDATE_BELOW_FLOOR);
    world_.floor_ = 1;
    ASSERT_EQ(updated_switch(&world_.updated_, 1, 1), UPDATE_OK);
    world_.floor_ = 3;
    EXPECT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
}

TEST_F(Updated, test_reject_stage_where_it_runs) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    Install(0, 1);
    const Before before = Now();
    EXPECT_EQ(world_.stage(0, system_of(2)), UPDATE_SLOT_RUNS);
    EXPECT_EQ(updated_switch(&world_.updated_, 0, 1), UPDATE_SLOT_RUNS);
    EXPECT_EQ(world_.stage(2, system_of(2)), UPDATE_NO_SUCH_SLOT);
    ExpectAsBefore(before);
}

TEST_F(Updated, test_reject_stage_over_the_fallback) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    Install(0, 1);
    ASSERT_EQ(world_.stage(1, system_of(2)), UPDATE_OK);
    ASSERT_EQ(updated_switch(&world_.updated_, 1, 2), UPDATE_OK);
    ASSERT_EQ(world_.boot(), UPDATE_OK);
    const Before before = Now();
    EXPECT_EQ(world_.stage(0, system_of(3)), UPDATE_SLOT_IS_FALLBACK);
    EXPECT_EQ(updated_switch(&world_.updated_, 0, 2), UPDATE_ON_TRIAL);
    ExpectAsBefore(before);
}

TEST_F(Updated, test_reject_switch_to_nothing) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    const Before before = Now();
    EXPECT_EQ(updated_switch(&world_.updated_, 0, 1), UPDATE_NOT_STAGED);
    EXPECT_EQ(updated_switch(&world_.updated_, 2, 1), UPDATE_NO_SUCH_SLOT);
    EXPECT_EQ(updated_switch(&world_.updated_, 0, 0), UPDATE_BAD_TRIES);
    EXPECT_EQ(updated_switch(&world_.updated_, 0, UPDATE_TRIES_MAX + 1), UPDATE_BAD_TRIES);
    ExpectAsBefore(before);
}

TEST_F(Updated, test_reject_switch_to_what_changed) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    ASSERT_EQ(world_.stage(0, system_of(1)), UPDATE_OK);
    world_.disk_.bytes()[kSlotsAt + SYSTEM_PAGE_BYTES + 5] ^= 1;
    EXPECT_EQ(updated_switch(&world_.updated_, 0, 1), UPDATE_BAD_CONTENTS);
}

// In the time between reading and checking.
TEST_F(Updated, test_reject_what_changes_while_it_is_read) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    ASSERT_EQ(world_.stage(0, system_of(1)), UPDATE_OK);
    ASSERT_EQ(updated_switch(&world_.updated_, 0, 1), UPDATE_OK);
    world_.hostile_ = true;
    EXPECT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    EXPECT_EQ(Running().failed_version, 1u);
}

TEST_F(Updated, test_reject_confirm_by_another) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    EXPECT_EQ(updated_confirm(&world_.updated_, kHealth), UPDATE_NOT_THE_HEALTH_PROGRAM);
    EXPECT_EQ(updated_confirm(&world_.updated_, 0), UPDATE_NOT_THE_HEALTH_PROGRAM);
    ASSERT_EQ(world_.stage(0, system_of(1)), UPDATE_OK);
    ASSERT_EQ(updated_switch(&world_.updated_, 0, 2), UPDATE_OK);
    ASSERT_EQ(world_.boot(), UPDATE_OK);
    const Before before = Now();
    EXPECT_EQ(updated_confirm(&world_.updated_, kHealth + 1), UPDATE_NOT_THE_HEALTH_PROGRAM);
    EXPECT_EQ(updated_confirm(&world_.updated_, 0), UPDATE_NOT_THE_HEALTH_PROGRAM);
    ExpectAsBefore(before);
    EXPECT_TRUE(Running().trial);
}

TEST_F(Updated, test_reject_roll_back_of_nothing) {
    bool reboot = true;
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    Install(0, 1);
    const Before before = Now();
    EXPECT_EQ(updated_roll_back(&world_.updated_, &reboot), UPDATE_NO_TRIAL);
    EXPECT_FALSE(reboot);
    ExpectAsBefore(before);
}

// A system that is well is not given up for it.
TEST_F(Updated, confirms_without_a_floor) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    ASSERT_EQ(world_.stage(0, system_of(1)), UPDATE_OK);
    ASSERT_EQ(updated_switch(&world_.updated_, 0, 2), UPDATE_OK);
    ASSERT_EQ(world_.boot(), UPDATE_OK);
    world_.floor_down_ = true;
    EXPECT_EQ(updated_confirm(&world_.updated_, kHealth), UPDATE_NO_FLOOR);
    EXPECT_FALSE(Running().trial);
    EXPECT_EQ(Control().current, 0u);
    world_.floor_down_ = false;
    EXPECT_EQ(updated_confirm(&world_.updated_, kHealth), UPDATE_OK);
    EXPECT_EQ(world_.floor_, 1u);
}

// Without a floor nothing is decided, and nothing written.
TEST_F(Updated, test_reject_without_floor) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    ASSERT_EQ(world_.stage(0, system_of(1)), UPDATE_OK);
    ASSERT_EQ(updated_switch(&world_.updated_, 0, 2), UPDATE_OK);
    world_.floor_down_ = true;
    const Before before = Now();
    EXPECT_EQ(world_.boot(), UPDATE_NO_FLOOR);
    EXPECT_EQ(world_.stage(1, system_of(2)), UPDATE_NO_FLOOR);
    EXPECT_EQ(updated_switch(&world_.updated_, 0, 2), UPDATE_NO_FLOOR);
    ExpectAsBefore(before);
}

TEST_F(Updated, test_reject_without_memory) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    Install(0, 1);
    world_.no_memory_ = true;
    EXPECT_EQ(world_.boot(), UPDATE_NO_MEMORY);
    world_.no_memory_ = false;
    EXPECT_EQ(world_.boot(), UPDATE_OK) << "it says nothing of the slot";
}

TEST_F(Updated, test_reject_after_the_disk_failed) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    world_.disk_.fail(true);
    EXPECT_EQ(world_.stage(0, system_of(1)), UPDATE_DISK_FAILED);
    world_.disk_.fail(false);
    EXPECT_EQ(world_.stage(0, system_of(1)), UPDATE_DISK_FAILED) << "what is there is not known";
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    EXPECT_EQ(world_.stage(0, system_of(1)), UPDATE_OK);
}

// Both slots hold something confirmed, and the newer one is no more what it was.
TEST_F(Updated, falls_back_to_what_was_confirmed_before) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    Install(0, 1);
    Install(1, 1);
    world_.disk_.bytes()[kSlotsAt + kSlotBytes + SYSTEM_PAGE_BYTES] ^= 1;
    ASSERT_EQ(world_.boot(), UPDATE_OK);
    EXPECT_EQ(Running().slot, 0u);
    EXPECT_EQ(Control().current, 0u);
    EXPECT_EQ(world_.stage(1, system_of(2)), UPDATE_OK);
}

// A sector of it: for this boot alone, as long as nobody writes it anew.
TEST_F(Updated, passes_over_a_slot_that_cannot_be_read) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    Install(0, 1);
    Install(1, 1);
    world_.disk_.spoil(kSlotTwo + DISK_TRANSFER_SECTORS_MAX + 1);
    ASSERT_EQ(world_.boot(), UPDATE_OK);
    EXPECT_EQ(Running().slot, 0u);
    EXPECT_FALSE(Running().trial);
    EXPECT_EQ(Running().passed_over, UPDATE_SLOT_UNREADABLE);
    EXPECT_EQ(Control().current, 1u);
    EXPECT_EQ(Control().slots[1].state, UPDATE_SLOT_GOOD);
    const std::uint64_t word = updated_word(&world_.updated_);
    ASSERT_EQ(world_.open(), UPDATE_OK);
    ASSERT_EQ(updated_resume(&world_.updated_, word), UPDATE_OK);
    EXPECT_FALSE(Running().trial) << "it was confirmed once";
    const Before before = Now();
    EXPECT_EQ(updated_switch(&world_.updated_, 1, 1), UPDATE_SLOT_UNREADABLE);
    EXPECT_EQ(world_.stage(0, system_of(2)), UPDATE_SLOT_RUNS);
    ExpectAsBefore(before);
    ASSERT_EQ(world_.stage(1, system_of(2)), UPDATE_OK) << "it mends";
    EXPECT_EQ(Control().current, 0u);
    ASSERT_EQ(updated_switch(&world_.updated_, 1, 1), UPDATE_OK);
    ASSERT_EQ(world_.boot(), UPDATE_OK);
    EXPECT_EQ(Running().version, 2u);
    EXPECT_TRUE(Running().trial);
}

// It was read again before anybody brought another.
TEST_F(Updated, a_slot_that_was_passed_over_may_be_switched_to) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    Install(0, 1);
    Install(1, 1);
    world_.trusted_ = 2;
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    EXPECT_EQ(Running().passed_over, UPDATE_WRONG_KEY);
    world_.disk_.spoil(kSlotTwo);
    world_.trusted_ = 1;
    ASSERT_EQ(world_.boot(), UPDATE_OK);
    ASSERT_EQ(Running().slot, 0u);
    world_.disk_.mend();
    ASSERT_EQ(updated_switch(&world_.updated_, 1, 1), UPDATE_OK);
    ASSERT_EQ(world_.boot(), UPDATE_OK);
    EXPECT_EQ(Running().slot, 1u);
    ASSERT_EQ(world_.boot(), UPDATE_OK);
    EXPECT_EQ(Running().slot, 0u);
}

TEST_F(Updated, serves_with_nothing_if_the_only_slot_cannot_be_read) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    Install(0, 1);
    world_.disk_.spoil(CONTROL_SECTORS);
    EXPECT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    EXPECT_EQ(world_.stage(0, system_of(2)), UPDATE_SLOT_IS_FALLBACK);
    ASSERT_EQ(world_.stage(1, system_of(2)), UPDATE_OK);
    ASSERT_EQ(updated_switch(&world_.updated_, 1, 1), UPDATE_OK);
    ASSERT_EQ(world_.boot(), UPDATE_OK);
    EXPECT_EQ(Running().version, 2u);
}

TEST_F(Updated, a_trial_that_cannot_be_read_takes_a_try) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    Install(0, 1);
    ASSERT_EQ(world_.stage(1, system_of(2)), UPDATE_OK);
    ASSERT_EQ(updated_switch(&world_.updated_, 1, 2), UPDATE_OK);
    world_.disk_.spoil(kSlotTwo);
    ASSERT_EQ(world_.boot(), UPDATE_OK);
    EXPECT_EQ(Running().version, 1u);
    EXPECT_EQ(Control().tries, 1u);
    world_.disk_.mend();
    ASSERT_EQ(world_.boot(), UPDATE_OK);
    EXPECT_EQ(Running().version, 2u);
}

// Another base image, which trusts another key: the one before finds its systems again.
TEST_F(Updated, another_key_fails_no_slot) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    Install(0, 1);
    const Before before = Now();
    world_.trusted_ = 2;
    EXPECT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    ExpectAsBefore(before);
    world_.trusted_ = 1;
    EXPECT_EQ(world_.boot(), UPDATE_OK);
}

// One copy of the boot control is not read; then neither.
TEST_F(Updated, one_copy_of_the_boot_control_is_enough) {
    ASSERT_EQ(world_.boot(), UPDATE_NOTHING_RUNS);
    Install(0, 1);
    for (std::uint32_t copy = 0; copy < 2; copy++) {
        world_.disk_.spoil(copy * CONTROL_APART);
        ASSERT_EQ(world_.boot(), UPDATE_OK);
        EXPECT_EQ(Running().version, 1u);
    }
    world_.disk_.spoil(0);
    world_.disk_.bytes()[kApart + 9] ^= 1;
    EXPECT_EQ(world_.open(), UPDATE_DISK_FAILED);
    world_.disk_.spoil(CONTROL_APART);
    EXPECT_EQ(world_.open(), UPDATE_DISK_FAILED);
}

TEST(UpdatedDisk, test_reject_unreadable_control_of_a_new_disk) {
    world here;
    here.disk_.spoil(0);
    EXPECT_EQ(here.open(), UPDATE_DISK_FAILED) << "it may have held something";
}

// The copy that is not whole is written over first: the other one is all there is.
TEST(UpdatedDisk, mending_a_copy_survives_power_cuts) {
    for (std::uint64_t seed = 1; seed <= 60; seed++) {
        world here(seed);
        ASSERT_EQ(here.boot(), UPDATE_NOTHING_RUNS);
        here.disk_.bytes()[(seed % 2) * kApart + 9] ^= 1;
        here.disk_.cut_after(seed % 4);
        (void)here.open();
        here.disk_.cut_now();
        here.disk_.power_on();
        ASSERT_EQ(here.open(), UPDATE_OK) << "seed " << seed;
    }
}

TEST(UpdatedDisk, test_reject_small_disk) {
    world tiny(1, CONTROL_SECTORS - 1);
    EXPECT_EQ(tiny.open(), UPDATE_DISK_TOO_SMALL);
    world small(1, CONTROL_SECTORS + 2 * SYSTEM_PAGE_BYTES / DISK_SECTOR_BYTES);
    EXPECT_EQ(small.open(), UPDATE_DISK_TOO_SMALL);
}

TEST(UpdatedDisk, test_reject_damaged_control) {
    world here;
    ASSERT_EQ(here.boot(), UPDATE_NOTHING_RUNS);
    for (std::uint32_t copy = 0; copy < 2; copy++) {
        here.disk_.bytes()[copy * kApart + 9] ^= 1;
        EXPECT_EQ(here.open(), UPDATE_OK) << "one is whole, and mends";
    }
    here.disk_.bytes()[9] ^= 1;
    here.disk_.bytes()[kApart + 9] ^= 1;
    EXPECT_EQ(here.open(), UPDATE_DAMAGED);
}

// Each byte of a sector counts.
TEST(Control, test_reject_any_change) {
    const update_control value = {
        .sequence = 7,
        .current = 1,
        .trial = 0,
        .tries = 2,
        .slots = {{3, 8192, UPDATE_SLOT_STAGED}, {2, 4096, UPDATE_SLOT_GOOD}}};
    std::uint8_t sector[DISK_SECTOR_BYTES];
    update_control read = {};
    control_put(&value, sector);
    ASSERT_TRUE(control_get(sector, &read));
    EXPECT_EQ(read.sequence, 7u);
    EXPECT_EQ(read.slots[1].bytes, 4096u);
    for (std::uint32_t at = 0; at < DISK_SECTOR_BYTES; at++) {
        sector[at] ^= 0x10;
        EXPECT_FALSE(control_get(sector, &read)) << at;
        sector[at] ^= 0x10;
    }
    update_control wrong = value;
    wrong.trial = wrong.current;
    control_put(&wrong, sector);
    EXPECT_FALSE(control_get(sector, &read)) << "a right tag over what nobody writes";
}

TEST(Result, has_a_text_each) {
    for (int i = 0; i < UPDATE_RESULT_COUNT; i++) {
        EXPECT_GT(std::strlen(update_result_text(static_cast<enum update_result>(i))), 2u);
    }
    EXPECT_STREQ(update_result_text(UPDATE_RESULT_COUNT), "?");
}

}  // namespace
