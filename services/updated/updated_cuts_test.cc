// services/updated/updated_cuts_test.cc: the power goes after every single step of staging,
// switching, confirming and rolling back: there is always a slot that starts, what was acknowledged
// holds, and nothing is tried more often than it may be. Then the same by seeds, with a disk that
// loses writes and a service that ends while the power stays; and each mistake of plant.def is
// found.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "testing/update/update_world.h"

namespace {

using namespace update_test;
using statefs_test::dice;
using statefs_test::memory_disk;

constexpr std::uint32_t kTries = 2;
constexpr std::uint64_t kSeeds = 120;

const std::vector<std::uint8_t> &SystemOf(std::uint64_t version) {
    static std::map<std::uint64_t, std::vector<std::uint8_t>> made;
    std::vector<std::uint8_t> &bytes = made[version];
    if (bytes.empty()) {
        bytes = system_of(version);
    }
    return bytes;
}

// What was done, and the first thing that is not as it must be.
class Day {
  public:
    Day(std::uint64_t seed, enum update_plant plant) : world_(seed), dice_(seed), plant_(plant) {
        world_.hostile_ = plant == UPDATE_PLANT_CHECK_WINDOW;
    }

    // Fresh disk to a rolled back trial; ends where the power goes.
    void Live() {
        Boot() && Update(0, 1);
        Boot() && Confirm() && Refused(0) && Update(1, 2);
        Boot() && Confirm() && Refused(1) && Update(0, 3);
        for (std::uint32_t i = 0; i <= kTries; i++) {
            Boot();  // Nobody confirms it.
        }
        Update(0, 4);
        Boot() && RollBack();
        Boot();
        Boot() && Update(0, 5);
    }

    // Whatever stood on the disk: it settles on something good, though the power goes after each
    // start, or during it.
    void Settle() {
        CutOff(world_.disk_.is_cut());
        for (std::uint32_t i = 0; i < 2 * (kTries + 1) && complaint_.empty(); i++) {
            if (dice_.below(2) == 0) {
                world_.disk_.cut_after(dice_.below(12));
            }
            Boot();
            CutOff(true);
        }
        if (Boot() && world_.updated_.running.slot == UPDATE_SLOT_NONE && confirmed_ > 0) {
            Complain("nothing runs any more");
        }
        if (world_.updated_.running.trial) {
            Complain("it is still on trial");
        }
    }

    bool Boot() {
        if (!complaint_.empty() || world_.disk_.is_cut()) {
            return false;
        }
        const enum update_result result = world_.boot(plant_);
        if (world_.disk_.is_cut() || (result == UPDATE_DISK_FAILED && unreliable_)) {
            return false;
        }
        if (result != UPDATE_OK && result != UPDATE_NOTHING_RUNS) {
            return Complain(std::string("a boot says: ") + update_result_text(result));
        }
        return LookAtSlots() && LookAtRunning(result);
    }

    bool Update(std::uint32_t slot, std::uint64_t version) {
        if (!complaint_.empty() || world_.disk_.is_cut()) {
            return false;
        }
        const enum update_result staged = world_.stage(slot, SystemOf(version));
        if (!Done(staged, "stage")) {
            return false;
        }
        LookAtSlots();
        const enum update_result switched = updated_switch(&world_.updated_, slot, kTries);
        return Done(switched, "switch");
    }

    bool Confirm() {
        if (!world_.updated_.running.trial) {
            return !unreliable_ && Complain("what was switched to does not run on trial");
        }
        if (updated_confirm(&world_.updated_, kHealth + 1) != UPDATE_NOT_THE_HEALTH_PROGRAM) {
            return Complain("another program confirmed it");
        }
        const std::uint64_t version = world_.updated_.running.version;
        may_be_confirmed_.insert(version);
        if (!Done(updated_confirm(&world_.updated_, kHealth), "confirm")) {
            return false;
        }
        confirmed_ = version;
        return world_.floor_ >= version || Complain("confirmed, and the floor did not rise");
    }

    bool RollBack() {
        bool reboot = false;
        return Done(updated_roll_back(&world_.updated_, &reboot), "roll back") &&
               (reboot || Complain("what is rolled back goes on"));
    }

    // Of the slot that runs; if it is not refused it may be half written.
    bool Refused(std::uint32_t slot) {
        const enum update_result result = world_.stage(slot, SystemOf(9));
        return result == UPDATE_SLOT_RUNS || (result == UPDATE_OK && LookAtSlots());
    }

    // The power goes, or only the service ends.
    void CutOff(bool power) {
        if (power) {
            world_.disk_.cut_now();
            world_.disk_.power_on();
        } else {
            world_.disk_.go_on();
        }
    }

    // A bit of what is to be tried changes while it lies there.
    void Rot(std::uint32_t slot) {
        rotten_ = slot;
        const std::uint64_t at =
            kSlotsAt + slot * kSlotBytes + SYSTEM_PAGE_BYTES + dice_.below(4096);
        world_.disk_.bytes()[at] ^= 1;
    }

    void LoseSome() {
        unreliable_ = true;
        world_.disk_.forget(dice_.below(2) == 0);
        world_.disk_.lose(1 + dice_.below(4));
    }

    world world_;
    dice dice_;
    std::string complaint_;
    bool unreliable_ = false;

  private:
    bool Complain(const std::string &what) {
        if (complaint_.empty()) {
            complaint_ = what;
        }
        return false;
    }

    bool Done(enum update_result result, const char *what) {
        if (result == UPDATE_OK) {
            return true;
        }
        if (result == UPDATE_DISK_FAILED && (world_.disk_.is_cut() || unreliable_)) {
            return false;
        }
        if (result == UPDATE_NO_FLOOR && world_.disk_.is_cut()) {
            return false;
        }
        return Complain(std::string(what) + ": " + update_result_text(result));
    }

    std::vector<std::uint8_t> Contents(std::uint32_t slot) {
        const struct disk disk = world_.disk_.disk();
        std::vector<std::uint8_t> bytes(kSlotBytes);
        for (std::uint64_t at = 0; at < kSlotBytes; at += SYSTEM_PAGE_BYTES) {
            const std::uint64_t sector =
                CONTROL_SECTORS + (slot * kSlotBytes + at) / DISK_SECTOR_BYTES;
            EXPECT_EQ(disk.read(disk.context, sector, DISK_TRANSFER_SECTORS_MAX, &bytes[at]),
                      DISK_OK);
        }
        return bytes;
    }

    // What the boot control says is whole is whole.
    bool LookAtSlots() {
        for (std::uint32_t i = 0; i < UPDATE_SLOTS && !world_.disk_.is_cut(); i++) {
            const update_slot &slot = world_.updated_.control.now.slots[i];
            if (i == rotten_ ||
                (slot.state != UPDATE_SLOT_STAGED && slot.state != UPDATE_SLOT_GOOD)) {
                continue;
            }
            std::vector<std::uint8_t> contents = Contents(i);
            contents.resize(slot.bytes);
            if (contents != SystemOf(slot.version)) {
                return Complain("a slot does not hold what the boot control says");
            }
        }
        return true;
    }

    bool LookAtRunning(enum update_result result) {
        const update_running &running = world_.updated_.running;
        if (result == UPDATE_NOTHING_RUNS) {
            return confirmed_ == 0 || Complain("nothing that was confirmed runs");
        }
        const std::vector<std::uint8_t> &system = SystemOf(running.version);
        if (std::memcmp(running.bytes, system.data() + SYSTEM_PAGE_BYTES, running.payload_bytes) !=
            0) {
            return Complain("what runs is not what was signed");
        }
        if (running.version < world_.floor_ || running.version < confirmed_) {
            return Complain("what runs is older than what was confirmed");
        }
        if (!running.trial && may_be_confirmed_.count(running.version) == 0) {
            return Complain("what runs was never confirmed");
        }
        if (running.trial && ++starts_[running.version] > kTries) {
            return Complain("it was tried too often");
        }
        return true;
    }

    enum update_plant plant_;
    std::uint32_t rotten_ = UPDATE_SLOT_NONE;
    std::uint64_t confirmed_ = 0;               // Acknowledged.
    std::set<std::uint64_t> may_be_confirmed_;  // Asked for.
    std::map<std::uint64_t, std::uint32_t> starts_;
};

std::string DayWithCut(std::uint64_t seed, std::uint64_t cut, enum update_plant plant) {
    Day day(seed, plant);
    day.world_.disk_.cut_after(cut);
    day.Live();
    day.Settle();
    return day.complaint_;
}

// By the seed: where the power goes, whether it goes at all or only the service ends, and whether
// the disk loses something.
std::string DayOf(std::uint64_t seed, enum update_plant plant) {
    Day day(seed, plant);
    day.world_.disk_.cut_after(day.dice_.below(320));
    if (day.dice_.below(3) == 0) {
        day.LoseSome();
    }
    day.Live();
    day.CutOff(day.dice_.below(2) == 0);
    if (day.dice_.below(3) == 0) {
        day.LoseSome();
        day.Boot();
        day.CutOff(false);
    }
    day.unreliable_ = true;  // The caches that were lost are behind it.
    day.world_.disk_.cut_after(day.dice_.below(6));
    day.Boot();
    day.CutOff(true);
    day.unreliable_ = false;
    day.Settle();
    return day.complaint_;
}

// One change of the boot control, and what may go wrong with it.
std::string ChangeOf(std::uint64_t seed, enum update_plant plant) {
    Day day(seed, plant);
    day.Boot() && day.Update(0, 1);
    day.Boot() && day.Confirm() && day.Update(1, 2);
    const std::uint64_t kind = day.dice_.below(4);
    if (kind == 0) {
        day.Rot(1);
    } else if (kind == 1 && day.Boot()) {
        // What was written is read again, and gone with the power; the service ends.
        day.unreliable_ = true;
        day.world_.disk_.forget(true);
        day.world_.disk_.lose(UPDATE_TRIES_OF_A_WRITE);
        day.Confirm();
        day.CutOff(false);
        day.world_.disk_.cut_after(1 + day.dice_.below(3));
        day.Boot();
        day.CutOff(true);
        day.unreliable_ = false;
    } else if (day.Boot()) {
        day.world_.disk_.cut_after(day.dice_.below(6));
        day.Confirm();
    }
    day.Settle();
    return day.complaint_;
}

std::uint64_t StepsOfADay() {
    Day day(1, UPDATE_PLANT_NONE);
    day.Live();
    EXPECT_EQ(day.complaint_, "");
    return day.world_.disk_.sectors_written() + day.world_.disk_.flushes();
}

TEST(UpdatedCuts, after_every_step) {
    const std::uint64_t steps = StepsOfADay();
    EXPECT_GT(steps, 150u);
    for (std::uint64_t cut = 0; cut <= steps; cut++) {
        for (std::uint64_t seed = 1; seed <= 3; seed++) {
            ASSERT_EQ(DayWithCut(seed, cut, UPDATE_PLANT_NONE), "")
                << "seed " << seed << ", power off after " << cut << " steps";
        }
    }
}

TEST(UpdatedCuts, by_seeds) {
    for (std::uint64_t seed = 1; seed <= kSeeds; seed++) {
        ASSERT_EQ(DayOf(seed, UPDATE_PLANT_NONE), "") << "seed " << seed;
        ASSERT_EQ(ChangeOf(seed, UPDATE_PLANT_NONE), "") << "seed " << seed << ", a change";
    }
}

class Planted : public ::testing::TestWithParam<int> {};

const char *const kNames[] = {
    "none",
#define UPDATE_PLANT(NAME, what) #NAME,
#include "services/updated/plant.def"
#undef UPDATE_PLANT
};

TEST_P(Planted, is_found) {
    const auto plant = static_cast<enum update_plant>(GetParam());
    for (std::uint64_t seed = 1; seed <= kSeeds; seed++) {
        std::string found = ChangeOf(seed, plant);
        found = found.empty() ? DayOf(seed, plant) : found;
        for (std::uint64_t cut = seed % 7; found.empty() && cut < 320 && seed <= 3; cut += 7) {
            found = DayWithCut(seed, cut, plant);
        }
        if (!found.empty()) {
            std::printf("seed %lu: %s\n", static_cast<unsigned long>(seed), found.c_str());
            return;
        }
    }
    FAIL() << "not found";
}

INSTANTIATE_TEST_SUITE_P(All, Planted, ::testing::Range(1, static_cast<int>(UPDATE_PLANT_COUNT)),
                         [](const auto &info) { return std::string(kNames[info.param]); });

}  // namespace
