// services/statefsd/statefs_pause_test.cc: how long a change waits while everything is copied, at
// most: with as many entries as there may be, of the largest size.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "services/statefsd/statefs.h"
#include "testing/statefs/memory_disk.h"

namespace {

using namespace statefs_test;

constexpr std::uint64_t ME = 7;

class Pauses : public testing::Test {
  protected:
    Pauses() : disk(statefs_disk_sectors_min(STATE_ENTRIES_MAX)) {
        config.disk = disk.disk();
        config.entries = STATE_ENTRIES_MAX;
        EXPECT_EQ(statefs_format(&config, 1234), MOUNT_OK);
        mount();
        for (int i = 0; i < STATE_ENTRIES_MAX; i++) {
            EXPECT_EQ(put(i, std::string(STATE_VALUE_BYTES_MAX, 'v')), STATE_OK);
        }
    }

    void mount() {
        state_report report;
        ASSERT_EQ(statefs_mount(fs.get(), &config, &report), MOUNT_OK);
    }
    static wire_bytes bytes_of(const std::string &text) {
        return {reinterpret_cast<const std::uint8_t *>(text.data()),
                static_cast<std::uint32_t>(text.size())};
    }
    static std::string key_of(int number) {
        std::string key = "key" + std::to_string(number);
        key.resize(STATE_KEY_BYTES_MAX, '.');
        return key;
    }
    state_status put(int number, const std::string &value) {
        const std::string key = key_of(number);
        const state_change change{false, bytes_of(key), bytes_of(value)};
        const state_status status = statefs_stage(fs.get(), ME, &change, 1);
        return status == STATE_OK ? statefs_commit(fs.get()) : status;
    }
    std::string get(int number) const {
        const std::string key = key_of(number);
        const state_entry *entry = state_table_find(&fs->table, ME, bytes_of(key));
        return entry ? std::string(reinterpret_cast<const char *>(entry->value), entry->value_count)
                     : "(absent)";
    }

    memory_disk disk;
    statefs_config config{};
    std::unique_ptr<statefs> fs = std::make_unique<statefs>();
};

TEST_F(Pauses, are_bounded_while_regions_change) {
    std::uint64_t most = 0;
    for (int i = 0; i < 3000; i++) {
        const std::uint64_t before = disk.sectors_written();
        ASSERT_EQ(put(0, std::to_string(i)), STATE_OK);
        most = std::max(most, disk.sectors_written() - before);
    }
    EXPECT_GE(fs->counts.compactions, 3u);
    // The step, the commit, and the commit for the new region.
    EXPECT_LE(most, std::uint64_t{STATE_PAUSE_SECTORS} + 2);
    mount();
    EXPECT_EQ(fs->table.count, static_cast<std::uint32_t>(STATE_ENTRIES_MAX));
    EXPECT_EQ(get(0), "2999");
}

// The first change after a mount waits for all steps: a number that nothing makes larger.
TEST_F(Pauses, after_a_mount_are_bounded) {
    mount();
    const std::uint64_t sectors = disk.sectors_written();
    const std::uint64_t flushes = disk.flushes();
    ASSERT_EQ(put(1, "1"), STATE_OK);
    EXPECT_EQ(fs->counts.compactions, 1u);
    // The change is a batch of one sector and one flush.
    const std::uint64_t copied = disk.sectors_written() - sectors - 1;
    const std::uint64_t waited = disk.flushes() - flushes - 1;
    std::printf("after a mount: %llu sectors, %llu flushes\n",
                static_cast<unsigned long long>(copied), static_cast<unsigned long long>(waited));
    EXPECT_LE(copied, std::uint64_t{STATE_START_SECTORS});
    EXPECT_LE(waited, std::uint64_t{STATE_START_FLUSHES});
    const std::uint64_t before = disk.sectors_written();
    ASSERT_EQ(put(2, "2"), STATE_OK);
    EXPECT_LE(disk.sectors_written() - before, std::uint64_t{STATE_PAUSE_SECTORS} + 2);
}

std::uint64_t losing_flush = 0;  // Which one of the disk loses what was written.

TEST_F(Pauses, are_twice_as_long_and_no_more_on_a_disk_that_loses_the_copy_of_a_mount) {
    config.disk.flush = [](void *context) {
        auto &losing = *static_cast<memory_disk *>(context);
        if (losing.flushes() + 1 == losing_flush) {
            losing.lose(1);
        }
        const struct disk plain = losing.disk();
        return plain.flush(plain.context);
    };
    losing_flush = disk.flushes() + 4;  // Behind those of the mount and of two superblocks.
    mount();
    const std::uint64_t sectors = disk.sectors_written();
    ASSERT_EQ(statefs_commit(fs.get()), STATE_OK);
    EXPECT_EQ(fs->counts.lost, 1u);
    EXPECT_EQ(fs->counts.compactions, 1u);
    EXPECT_GT(disk.sectors_written() - sectors, std::uint64_t{STATE_START_SECTORS});
    EXPECT_LE(disk.sectors_written() - sectors, std::uint64_t{2} * STATE_START_SECTORS);
}

}  // namespace
