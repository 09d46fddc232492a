// services/statefsd/statefs_cached_test.cc: a mount over what was written and not flushed: who
// wrote ended, and the power stayed.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "services/statefsd/statefs.h"
#include "testing/statefs/memory_disk.h"

namespace {

using namespace statefs_test;

constexpr std::uint64_t ME = 7;
constexpr std::uint32_t ENTRIES = 24;

wire_bytes bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t *>(text.data()),
            static_cast<std::uint32_t>(text.size())};
}

class Cached : public testing::Test {
  protected:
    static constexpr std::uint64_t SEEDS = 200;

    struct life {
        explicit life(std::uint64_t seed, state_plant plant)
            : disk(statefs_disk_sectors_min(ENTRIES), seed) {
            config.disk = disk.disk();
            config.entries = ENTRIES;
            config.plant = plant;
            EXPECT_EQ(statefs_format(&config, 1234), MOUNT_OK);
            EXPECT_EQ(mount(), MOUNT_OK);
            EXPECT_EQ(put("1"), STATE_OK);
        }
        state_mount mount() {
            return statefs_mount(fs.get(), &config, &report);
        }
        state_status put(std::string_view value) {
            const state_change change{false, bytes_of("a"), bytes_of(value)};
            const state_status status = statefs_stage(fs.get(), ME, &change, 1);
            return status == STATE_OK ? statefs_commit(fs.get()) : status;
        }
        std::string get() const {
            const state_entry *entry = state_table_find(&fs->table, ME, bytes_of("a"));
            return entry ? std::string(reinterpret_cast<const char *>(entry->value),
                                       entry->value_count)
                         : "(absent)";
        }
        void power_cut() {
            disk.cut_now();
            disk.power_on();
        }

        memory_disk disk;
        statefs_config config{};
        state_report report{};
        std::unique_ptr<statefs> fs = std::make_unique<statefs>();
    };

    // Seeds whose journal is lost. A superblock is written and its flush fails; the next mount's
    // first superblock is cut off.
    static std::uint64_t lost_superblocks(state_plant plant) {
        std::uint64_t lost = 0;
        for (std::uint64_t seed = 0; seed < SEEDS; seed++) {
            life one(seed, plant);
            one.disk.forget(true);
            EXPECT_EQ(one.mount(), MOUNT_OK);
            one.disk.lose(STATE_TRIES);
            EXPECT_EQ(statefs_commit(one.fs.get()), STATE_FAILED);
            one.disk.go_on();
            EXPECT_EQ(one.mount(), MOUNT_OK);
            one.disk.cut_after(1);
            EXPECT_EQ(statefs_commit(one.fs.get()), STATE_FAILED);
            one.power_cut();
            lost += one.mount() != MOUNT_OK || one.get() != "1";
        }
        return lost;
    }

    // The same of a batch; the power goes after the next mount said that all is durable.
    static std::uint64_t lost_batches(state_plant plant) {
        std::uint64_t lost = 0;
        for (std::uint64_t seed = 0; seed < SEEDS; seed++) {
            life one(seed, plant);
            one.disk.forget(true);
            one.disk.lose(STATE_TRIES);
            EXPECT_EQ(one.put("2"), STATE_FAILED);
            one.disk.go_on();
            EXPECT_EQ(one.mount(), MOUNT_OK);
            EXPECT_EQ(one.get(), "2");
            EXPECT_EQ(statefs_commit(one.fs.get()), STATE_OK);
            one.power_cut();
            lost += one.mount() != MOUNT_OK || one.get() != "2";
        }
        return lost;
    }
};

TEST_F(Cached, what_a_mount_read_of_an_honest_disk_is_durable) {
    for (std::uint64_t seed = 0; seed < SEEDS; seed++) {
        life one(seed, STATE_PLANT_NONE);
        one.disk.cut_after(1);  // The flush of the batch.
        ASSERT_EQ(one.put("2"), STATE_FAILED);
        one.disk.go_on();
        ASSERT_EQ(one.mount(), MOUNT_OK);
        ASSERT_EQ(one.get(), "2");
        one.power_cut();
        ASSERT_EQ(one.mount(), MOUNT_OK);
        ASSERT_EQ(one.get(), "2");
    }
}

TEST_F(Cached, test_reject_disk_that_cannot_flush) {
    life one(1, STATE_PLANT_NONE);
    one.disk.lose(STATE_TRIES - 1);
    EXPECT_EQ(one.mount(), MOUNT_OK);
    one.disk.lose(STATE_TRIES);
    EXPECT_EQ(one.mount(), MOUNT_FAILED);
}

TEST_F(Cached, superblock_that_was_not_flushed_is_not_built_on) {
    EXPECT_EQ(lost_superblocks(STATE_PLANT_NONE), 0u);
    EXPECT_GT(lost_superblocks(STATE_PLANT_SUPER_OLD_FIRST), 0u);
}

TEST_F(Cached, batch_that_was_not_flushed_is_written_again) {
    EXPECT_EQ(lost_batches(STATE_PLANT_NONE), 0u);
    EXPECT_GT(lost_batches(STATE_PLANT_BELIEVE_LAST), 0u);
}

}  // namespace
