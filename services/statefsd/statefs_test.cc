// services/statefsd/statefs_test.cc: the journal, one property at a time: each refusal, each result
// of a mount, compaction, and what is stale.
#include "services/statefsd/statefs.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "testing/statefs/memory_disk.h"

namespace {

using namespace statefs_test;

constexpr std::uint64_t ME = 7;
constexpr std::uint64_t OTHER = 8;
constexpr std::uint32_t ENTRIES = 24;
constexpr std::size_t SECOND_SUPER = std::size_t{STATE_SUPER_STRIDE} * DISK_SECTOR_BYTES;

wire_bytes bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t *>(text.data()),
            static_cast<std::uint32_t>(text.size())};
}

class Statefs : public testing::Test {
  protected:
    Statefs() : disk(statefs_disk_sectors_min(ENTRIES)) {
        config.disk = disk.disk();
        config.entries = ENTRIES;
    }

    state_mount mount() {
        return statefs_mount(fs.get(), &config, &report);
    }
    void make() {
        ASSERT_EQ(statefs_format(&config, 1234), MOUNT_OK);
        ASSERT_EQ(mount(), MOUNT_OK);
    }
    state_status stage(std::uint64_t space, const std::string &key, const std::string &value) {
        const state_change change{false, bytes_of(key), bytes_of(value)};
        return statefs_stage(fs.get(), space, &change, 1);
    }
    state_status put(std::uint64_t space, const std::string &key, const std::string &value) {
        const state_status status = stage(space, key, value);
        return status == STATE_OK ? statefs_commit(fs.get()) : status;
    }
    state_status erase(std::uint64_t space, const std::string &key) {
        const state_change change{true, bytes_of(key), {}};
        const state_status status = statefs_stage(fs.get(), space, &change, 1);
        return status == STATE_OK ? statefs_commit(fs.get()) : status;
    }
    std::string get(std::uint64_t space, const std::string &key) const {
        const state_entry *entry = state_table_find(&fs->table, space, bytes_of(key));
        return entry ? std::string(reinterpret_cast<const char *>(entry->value), entry->value_count)
                     : "(absent)";
    }
    // The first sector of the region in use, in the disk's bytes.
    std::uint8_t *region() {
        return &disk.bytes()[statefs_region_start(&fs->super, fs->super.region) *
                             DISK_SECTOR_BYTES];
    }

    memory_disk disk;
    statefs_config config{};
    state_report report{};
    std::unique_ptr<statefs> fs = std::make_unique<statefs>();
};

TEST_F(Statefs, put_get_delete_and_all_of_it_again_after_a_mount) {
    make();
    EXPECT_EQ(put(ME, "name", "tessera"), STATE_OK);
    EXPECT_EQ(put(ME, "empty", ""), STATE_OK);
    EXPECT_EQ(put(ME, "name", "other"), STATE_OK);
    EXPECT_EQ(put(ME, "gone", "x"), STATE_OK);
    EXPECT_EQ(erase(ME, "gone"), STATE_OK);
    for (int i = 0; i < 2; i++) {
        EXPECT_EQ(get(ME, "name"), "other");
        EXPECT_EQ(get(ME, "empty"), "");
        EXPECT_EQ(get(ME, "gone"), "(absent)");
        EXPECT_EQ(state_table_space(&fs->table, ME)->entries, 2u);
        EXPECT_EQ(state_table_space(&fs->table, ME)->bytes, 4u + 5 + 5);
        ASSERT_EQ(mount(), MOUNT_OK);
        EXPECT_EQ(report.end, END_CLEAN);
        EXPECT_EQ(report.batches, 5u);
    }
}

TEST_F(Statefs, a_mount_writes_nothing) {
    make();
    ASSERT_EQ(put(ME, "a", "1"), STATE_OK);
    const std::vector<std::uint8_t> before = disk.bytes();
    ASSERT_EQ(mount(), MOUNT_OK);
    EXPECT_EQ(get(ME, "a"), "1");
    EXPECT_EQ(disk.bytes(), before);
}

TEST_F(Statefs, one_commit_takes_one_flush) {
    make();
    ASSERT_EQ(put(ME, "a", "1"), STATE_OK);
    const std::uint64_t flushes = disk.flushes();
    const std::uint64_t sectors = disk.sectors_written();
    ASSERT_EQ(stage(ME, "a", "2"), STATE_OK);
    ASSERT_EQ(stage(OTHER, "b", "3"), STATE_OK);
    ASSERT_EQ(stage(ME, "c", "4"), STATE_OK);
    ASSERT_EQ(statefs_commit(fs.get()), STATE_OK);
    EXPECT_EQ(disk.flushes(), flushes + 1);
    EXPECT_EQ(disk.sectors_written(), sectors + 1);
}

TEST_F(Statefs, test_reject_bad_key_and_too_large) {
    make();
    const std::string longest(STATE_KEY_BYTES_MAX, 'k');
    const std::string most(STATE_VALUE_BYTES_MAX, 'v');
    EXPECT_EQ(put(ME, longest, most), STATE_OK);
    EXPECT_EQ(put(ME, "", "x"), STATE_BAD_KEY);
    EXPECT_EQ(put(ME, longest + "k", "x"), STATE_TOO_LARGE);
    EXPECT_EQ(put(ME, "a", most + "v"), STATE_TOO_LARGE);
    EXPECT_EQ(erase(ME, "a"), STATE_ABSENT);
    EXPECT_FALSE(statefs_has_staged(fs.get()));
    EXPECT_EQ(fs->table.count, 1u);
}

TEST_F(Statefs, test_reject_transaction_too_large) {
    make();
    std::vector<state_change> changes;
    const std::string keys = "abcdefghi";
    for (std::uint32_t i = 0; i < keys.size(); i++) {
        changes.push_back({false, {bytes_of(keys).data + i, 1}, {}});
    }
    EXPECT_EQ(statefs_stage(fs.get(), ME, changes.data(), 9), STATE_TOO_LARGE);
    EXPECT_EQ(statefs_stage(fs.get(), ME, changes.data(), 0), STATE_TOO_LARGE);
    changes[8].key = changes[0].key;
    EXPECT_EQ(statefs_stage(fs.get(), ME, changes.data() + 1, 8), STATE_OK);
    changes[7].key = changes[1].key;
    EXPECT_EQ(statefs_stage(fs.get(), ME, changes.data(), 8), STATE_BAD_KEY);
}

// Any transaction fits into an empty batch.
TEST_F(Statefs, test_reject_full_batch) {
    make();
    const std::string value(STATE_VALUE_BYTES_MAX, 'v');
    std::uint32_t fits = 0;
    while (stage(ME, "key" + std::to_string(10 + fits) + std::string(43, '.'), value) == STATE_OK) {
        fits++;
    }
    EXPECT_EQ(fits, 9u);
    EXPECT_EQ(stage(ME, std::string(48, 'k'), value), STATE_BATCH_FULL);
    EXPECT_EQ(statefs_commit(fs.get()), STATE_OK);
    EXPECT_EQ(stage(ME, std::string(48, 'k'), value), STATE_OK);
}

TEST_F(Statefs, test_reject_over_quota) {
    const state_quota quotas[] = {{OTHER, 1, 1000}, {0, 3, 20}};
    config.quotas = quotas;
    config.quota_count = 2;
    make();
    EXPECT_EQ(put(ME, "a", "12345"), STATE_OK);
    EXPECT_EQ(put(ME, "b", "12345"), STATE_OK);
    EXPECT_EQ(put(ME, "c", "12345678"), STATE_OVER_QUOTA);
    EXPECT_EQ(put(ME, "c", "1234567"), STATE_OK);
    EXPECT_EQ(put(ME, "d", ""), STATE_OVER_QUOTA);
    EXPECT_EQ(put(OTHER, "a", std::string(300, 'x')), STATE_OK);
    EXPECT_EQ(put(OTHER, "b", ""), STATE_OVER_QUOTA);
    EXPECT_EQ(erase(ME, "a"), STATE_OK);  // What is deleted is given back.
    EXPECT_EQ(put(ME, "d", "123"), STATE_OK);
    // Lowered later: what is there stays, and may become less.
    const state_quota lower[] = {{0, 1, 5}};
    config.quotas = lower;
    config.quota_count = 1;
    ASSERT_EQ(mount(), MOUNT_OK);
    EXPECT_EQ(put(ME, "b", "1234567"), STATE_OVER_QUOTA);
    EXPECT_EQ(put(ME, "b", "1"), STATE_OK);
    EXPECT_EQ(erase(ME, "c"), STATE_OK);
}

TEST_F(Statefs, test_reject_full_pools) {
    make();
    for (std::uint64_t space = 1; space <= STATE_SPACES_MAX; space++) {
        EXPECT_EQ(put(space, "a", "x"), STATE_OK);
    }
    EXPECT_EQ(put(100, "a", "x"), STATE_NO_ROOM);
    for (std::uint32_t i = STATE_SPACES_MAX; i < ENTRIES; i++) {
        EXPECT_EQ(put(1, "key" + std::to_string(i), "x"), STATE_OK);
    }
    EXPECT_EQ(put(1, "one more", "x"), STATE_NO_ROOM);
    EXPECT_EQ(put(1, "a", "instead"), STATE_OK);
    EXPECT_EQ(erase(2, "a"), STATE_OK);
    EXPECT_EQ(put(100, "a", "x"), STATE_OK);
}

// A row of its own is a promise of a space too, kept for who has nothing yet.
TEST_F(Statefs, test_reject_space_promised_to_another) {
    const state_quota quotas[] = {{ME, 2, 1000}, {OTHER, 2, 1000}, {0, 4, 1000}};
    config.quotas = quotas;
    config.quota_count = 3;
    make();
    EXPECT_EQ(put(OTHER, "a", "x"), STATE_OK);
    for (std::uint64_t space = 100; space < 100 + STATE_SPACES_MAX - 2; space++) {
        EXPECT_EQ(put(space, "a", "x"), STATE_OK);
    }
    EXPECT_EQ(put(200, "a", "x"), STATE_NO_ROOM);
    EXPECT_EQ(put(100, "b", "x"), STATE_OK);
    EXPECT_EQ(put(ME, "a", "x"), STATE_OK);
    EXPECT_EQ(erase(ME, "a"), STATE_OK);
    EXPECT_EQ(put(200, "a", "x"), STATE_NO_ROOM);
    EXPECT_EQ(erase(100, "a"), STATE_OK);
    EXPECT_EQ(erase(100, "b"), STATE_OK);
    EXPECT_EQ(put(200, "a", "x"), STATE_OK);
    EXPECT_EQ(put(ME, "a", "x"), STATE_OK);
}

TEST_F(Statefs, test_reject_foreign_space) {
    make();
    ASSERT_EQ(put(ME, "key", "mine"), STATE_OK);
    EXPECT_EQ(get(OTHER, "key"), "(absent)");
    EXPECT_EQ(erase(OTHER, "key"), STATE_ABSENT);
    EXPECT_EQ(state_table_next(&fs->table, OTHER, {nullptr, 0}), nullptr);
    ASSERT_EQ(put(OTHER, "key", "theirs"), STATE_OK);
    EXPECT_EQ(get(ME, "key"), "mine");
}

TEST_F(Statefs, a_transaction_is_whole_or_not_there) {
    make();
    ASSERT_EQ(put(ME, "a", "0"), STATE_OK);
    const state_change changes[] = {{false, bytes_of("a"), bytes_of("1")},
                                    {false, bytes_of("b"), bytes_of("1")},
                                    {true, bytes_of("absent"), {}}};
    EXPECT_EQ(statefs_stage(fs.get(), ME, changes, 3), STATE_ABSENT);
    EXPECT_EQ(get(ME, "a"), "0");
    EXPECT_EQ(statefs_stage(fs.get(), ME, changes, 2), STATE_OK);
    EXPECT_EQ(get(ME, "a"), "1");  // It is seen before it is durable.
    ASSERT_EQ(mount(), MOUNT_OK);
    EXPECT_EQ(get(ME, "a"), "0");
    EXPECT_EQ(get(ME, "b"), "(absent)");
}

TEST_F(Statefs, test_reject_blank_and_foreign_disks) {
    EXPECT_EQ(mount(), MOUNT_BLANK);
    // Of a table of partitions, and of file systems that leave the first sector alone.
    for (const std::size_t at : {std::size_t{510}, std::size_t{1024 + 56}, SECOND_SUPER + 4}) {
        disk.bytes()[at] = 0x55;
        EXPECT_EQ(mount(), MOUNT_NO_SUPERBLOCK) << at;
        disk.bytes()[at] = 0;
    }
    // A format that was interrupted at any step may be done again.
    for (std::uint64_t i = 0; i < 16 * 40; i++) {
        std::fill(disk.bytes().begin(), disk.bytes().end(), std::uint8_t{0});
        disk.cut_after(i % 16);
        EXPECT_EQ(statefs_format(&config, 1234), MOUNT_FAILED);
        disk.power_on();
        const state_mount result = mount();
        EXPECT_TRUE(result == MOUNT_OK ? i % 16 > 8 : result == MOUNT_BLANK) << i;
    }
    make();
    ASSERT_EQ(put(ME, "a", "1"), STATE_OK);
    disk.bytes()[40] ^= 1;  // One is damaged and one is zero: this was a journal.
    std::memset(&disk.bytes()[SECOND_SUPER], 0, DISK_SECTOR_BYTES);
    EXPECT_EQ(mount(), MOUNT_NO_SUPERBLOCK);
    std::memset(disk.bytes().data(), 0, DISK_SECTOR_BYTES);
    disk.bytes()[SECOND_SUPER] = 1;
    EXPECT_EQ(mount(), MOUNT_NO_SUPERBLOCK);
    make();
    config.disk.sectors--;
    EXPECT_EQ(mount(), MOUNT_TOO_SMALL);
    EXPECT_EQ(statefs_format(&config, 1), MOUNT_TOO_SMALL);
    config.disk.sectors++;
    config.entries = STATE_ENTRIES_MAX;
    EXPECT_EQ(mount(), MOUNT_TOO_SMALL);
}

// Of a batch that was begun only its first sector tells.
TEST_F(Statefs, a_batch_without_its_first_sector_was_not_begun) {
    make();
    ASSERT_EQ(put(ME, "a", "1"), STATE_OK);
    ASSERT_EQ(stage(ME, "b", std::string(STATE_VALUE_BYTES_MAX, 'x')), STATE_OK);
    ASSERT_EQ(stage(ME, "c", std::string(STATE_VALUE_BYTES_MAX, 'x')), STATE_OK);
    ASSERT_EQ(statefs_commit(fs.get()), STATE_OK);
    ASSERT_EQ(fs->head, 3u);
    std::memset(region() + DISK_SECTOR_BYTES, 0, DISK_SECTOR_BYTES);
    ASSERT_EQ(mount(), MOUNT_OK);
    EXPECT_EQ(report.end, END_CLEAN);
    EXPECT_EQ(report.batches, 1u);
}

// What a mount reads does not grow with the disk.
TEST_F(Statefs, regions_of_a_large_disk_are_bounded) {
    const std::uint64_t bound =
        std::uint64_t{STATE_REGION_RESERVES} * statefs_reserve(STATE_ENTRIES_MAX);
    memory_disk large(STATE_SUPER_SECTORS + 2 * bound + 1000);
    config.disk = large.disk();
    make();
    EXPECT_EQ(fs->super.region_sectors, bound);
    EXPECT_EQ(put(ME, "a", "1"), STATE_OK);
    ASSERT_EQ(mount(), MOUNT_OK);
    EXPECT_EQ(get(ME, "a"), "1");
    config.disk.sectors -= 1000;
    make();
    EXPECT_EQ(fs->super.region_sectors, bound);
    config.disk.sectors -= 2;
    make();
    EXPECT_EQ(fs->super.region_sectors, bound - 1);
}

TEST_F(Statefs, one_bad_superblock_is_no_loss) {
    make();
    for (int i = 0; i < 300; i++) {
        ASSERT_EQ(put(ME, "a", std::to_string(i)), STATE_OK);
    }
    ASSERT_GE(fs->counts.compactions, 1u);
    for (const std::size_t slot : {0, 1}) {
        disk.bytes()[slot * SECOND_SUPER + 20] ^= 1;
        ASSERT_EQ(mount(), MOUNT_OK);
        EXPECT_EQ(get(ME, "a"), "299");
        EXPECT_FALSE(report.super_good[slot]);
        EXPECT_TRUE(report.super_good[1 - slot]);
        disk.bytes()[slot * SECOND_SUPER + 20] ^= 1;
    }
}

// It is written anew with the first change, from the other.
TEST_F(Statefs, one_unreadable_superblock_is_no_loss) {
    make();
    ASSERT_EQ(put(ME, "a", "0"), STATE_OK);
    for (std::uint64_t slot = 0; slot < 2; slot++) {
        disk.spoil(slot * STATE_SUPER_STRIDE);
        ASSERT_EQ(mount(), MOUNT_OK);
        EXPECT_EQ(get(ME, "a"), std::to_string(slot));
        EXPECT_FALSE(report.super_good[slot]);
        ASSERT_EQ(put(ME, "a", std::to_string(slot + 1)), STATE_OK);
    }
    disk.spoil(0);
    disk.spoil(STATE_SUPER_STRIDE);
    EXPECT_EQ(mount(), MOUNT_FAILED);
}

TEST_F(Statefs, test_reject_wrong_key) {
    config.key.present = true;
    config.key.bytes[0] = 1;
    make();
    ASSERT_EQ(put(ME, "secret", "word"), STATE_OK);
    ASSERT_EQ(mount(), MOUNT_OK);
    EXPECT_EQ(get(ME, "secret"), "word");
    config.key.bytes[0] = 2;
    EXPECT_EQ(mount(), MOUNT_WRONG_KEY);
    config.key.present = false;
    EXPECT_EQ(mount(), MOUNT_WRONG_KEY);
    make();
    config.key.present = true;
    EXPECT_EQ(mount(), MOUNT_WRONG_KEY);
}

TEST_F(Statefs, test_reject_torn_batch) {
    make();
    ASSERT_EQ(put(ME, "a", "1"), STATE_OK);
    ASSERT_EQ(put(ME, "a", "2"), STATE_OK);
    const std::uint64_t end = statefs_region_start(&fs->super, 0) + 1;
    region()[DISK_SECTOR_BYTES + 60] ^= 1;  // The last one.
    ASSERT_EQ(mount(), MOUNT_OK);
    EXPECT_EQ(report.end, END_TORN);
    EXPECT_EQ(report.end_sector, end);
    EXPECT_EQ(report.batches, 1u);
    EXPECT_EQ(get(ME, "a"), "1");
    // It is written over, and the end is clean again.
    ASSERT_EQ(put(ME, "a", "3"), STATE_OK);
    ASSERT_EQ(mount(), MOUNT_OK);
    EXPECT_EQ(report.end, END_CLEAN);
    EXPECT_EQ(get(ME, "a"), "3");
}

TEST_F(Statefs, test_reject_truncated_journal) {
    make();
    for (int i = 0; i < 5; i++) {
        ASSERT_EQ(put(ME, "a", std::string(700, 'x').substr(0, 380) + std::to_string(i)), STATE_OK);
    }
    // All but the first two sectors are as if nothing had been written there.
    std::memset(region() + 2 * DISK_SECTOR_BYTES, 0, 30 * DISK_SECTOR_BYTES);
    ASSERT_EQ(mount(), MOUNT_OK);
    EXPECT_EQ(report.end, END_CLEAN);
    EXPECT_EQ(report.batches, 2u);
    // Nothing is known to be missing, unless a superblock counts it.
    ASSERT_EQ(put(ME, "b", ""), STATE_OK);
    std::memset(region(), 0, 30 * DISK_SECTOR_BYTES);
    EXPECT_EQ(mount(), MOUNT_DAMAGED);
    EXPECT_EQ(report.later_sector, 0u);
}

TEST_F(Statefs, test_reject_flipped_bit_in_journal) {
    make();
    for (int i = 0; i < 4; i++) {
        ASSERT_EQ(put(ME, "a", std::to_string(i)), STATE_OK);
    }
    const std::uint64_t start = statefs_region_start(&fs->super, 0);
    region()[DISK_SECTOR_BYTES + 45] ^= 0x10;  // The second.
    EXPECT_EQ(mount(), MOUNT_DAMAGED);
    EXPECT_EQ(report.end, END_DAMAGED);
    EXPECT_EQ(report.end_sector, start + 1);
    EXPECT_EQ(report.later_sector, start + 2);
    // What is before it may be had, if that is said.
    config.accept_damage = true;
    ASSERT_EQ(mount(), MOUNT_OK);
    EXPECT_EQ(get(ME, "a"), "0");
    ASSERT_EQ(statefs_compact(fs.get()), STATE_OK);
    config.accept_damage = false;
    ASSERT_EQ(mount(), MOUNT_OK);
    EXPECT_EQ(report.end, END_CLEAN);
    EXPECT_EQ(get(ME, "a"), "0");
}

TEST_F(Statefs, test_reject_contents_that_no_journal_writes) {
    make();
    state_batch batch{fs->super.generation, fs->super.epoch, 0, 0, 20};
    const std::uint8_t payload[20] = {1, 0, 0, 0, 0, 0, 0, 0, 2};  // Neither put nor erase.
    state_batch_seal(&fs->volume, &batch, payload, region());
    EXPECT_EQ(mount(), MOUNT_CONTENTS);
}

// Numbers never start over: a journal that has used them up is read, and not written.
TEST_F(Statefs, test_reject_numbers_that_are_used_up) {
    make();
    ASSERT_EQ(put(ME, "a", "1"), STATE_OK);
    const state_super good = fs->super;
    for (int i = 0; i < 4; i++) {
        state_super super = good;
        super.sequence = i == 0 ? UINT64_MAX : super.sequence;
        super.epoch = i == 1 ? UINT32_MAX : super.epoch;
        super.region_epoch = i == 2 ? super.epoch + 1 : super.region_epoch;
        for (const std::size_t slot : {0, 1}) {
            state_super_put(&super, &disk.bytes()[slot * SECOND_SUPER]);
        }
        ASSERT_EQ(mount(), i == 2 ? MOUNT_CONTENTS : MOUNT_OK);
        if (i != 2) {
            EXPECT_EQ(get(ME, "a"), "1");
            EXPECT_EQ(put(ME, "a", "2"), i == 3 ? STATE_OK : STATE_FAILED);
        }
    }
    fs->generation_max = UINT32_MAX;
    EXPECT_EQ(statefs_compact(fs.get()), STATE_FAILED);
}

TEST_F(Statefs, test_reject_writes_after_the_disk_failed) {
    make();
    ASSERT_EQ(put(ME, "a", "1"), STATE_OK);
    ASSERT_EQ(stage(ME, "a", "2"), STATE_OK);
    disk.fail(true);
    EXPECT_EQ(statefs_commit(fs.get()), STATE_FAILED);
    disk.fail(false);
    EXPECT_EQ(statefs_commit(fs.get()), STATE_FAILED);
    EXPECT_EQ(stage(ME, "b", "1"), STATE_FAILED);
    EXPECT_EQ(statefs_compact(fs.get()), STATE_FAILED);
    ASSERT_EQ(mount(), MOUNT_OK);
    EXPECT_EQ(get(ME, "a"), "1");
    EXPECT_EQ(put(ME, "a", "3"), STATE_OK);
    disk.fail(true);
    EXPECT_EQ(mount(), MOUNT_FAILED);
}

TEST_F(Statefs, what_the_disk_loses_is_written_again) {
    make();
    ASSERT_EQ(put(ME, "a", "1"), STATE_OK);
    disk.lose(STATE_TRIES - 1);
    EXPECT_EQ(put(ME, "a", "2"), STATE_OK);
    EXPECT_EQ(fs->counts.lost, static_cast<std::uint64_t>(STATE_TRIES - 1));
    disk.lose(STATE_TRIES);
    EXPECT_EQ(put(ME, "a", "3"), STATE_FAILED);
}

// The regions change places, and nothing of the earlier use of one is read.
TEST_F(Statefs, regions_are_used_again_and_again) {
    make();
    for (int i = 0; i < 2000; i++) {
        ASSERT_EQ(put(ME, "key" + std::to_string(i % 20), std::to_string(i)), STATE_OK);
    }
    EXPECT_GE(fs->counts.compactions, 10u);
    ASSERT_EQ(mount(), MOUNT_OK);
    for (int i = 1980; i < 2000; i++) {
        EXPECT_EQ(get(ME, "key" + std::to_string(i % 20)), std::to_string(i));
    }
}

// A compaction is cut off before its superblock, with two commits behind its snapshot. The next
// mount compacts again, to the same region with the same generation, and its journal ends where the
// second of them stands. Only the epoch tells them apart.
class Stale : public Statefs {
  protected:
    std::string value_after_all() {
        make();
        EXPECT_EQ(put(ME, "k", "first"), STATE_OK);
        while (!fs->compaction.due) {
            EXPECT_EQ(put(ME, "k", "first"), STATE_OK);
        }
        statefs_maintain(fs.get());  // Copies all: one sector.
        for (int i = 0; i < 2; i++) {
            EXPECT_EQ(put(ME, "k", "stale"), STATE_OK);
            EXPECT_TRUE(fs->compaction.active);
            fs->compaction.due = false;
        }
        fs->compaction.due = true;
        disk.cut_after(1);  // The flush; not the superblock.
        statefs_maintain(fs.get());
        EXPECT_TRUE(disk.is_cut());
        disk.power_on();
        EXPECT_EQ(mount(), MOUNT_OK);
        EXPECT_EQ(get(ME, "k"), "stale");
        EXPECT_EQ(put(ME, "k", "right"), STATE_OK);
        EXPECT_EQ(fs->counts.compactions, 1u);
        EXPECT_EQ(fs->head, 2u);
        EXPECT_EQ(mount(), MOUNT_OK);
        return get(ME, "k");
    }
};

TEST_F(Stale, batch_of_an_earlier_mount_is_not_replayed) {
    EXPECT_EQ(value_after_all(), "right");
}

TEST_F(Stale, planted_ANY_EPOCH_is_found) {
    config.plant = STATE_PLANT_ANY_EPOCH;
    EXPECT_EQ(value_after_all(), "stale");
}

TEST_F(Stale, planted_SAME_EPOCH_is_found) {
    config.plant = STATE_PLANT_SAME_EPOCH;
    EXPECT_EQ(value_after_all(), "stale");
}

}  // namespace
