// tools/statefs/cuts_test.cc: logs of disks, good and bad, and the disks that power cuts leave.
#include "tools/statefs/cuts.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tools/statefs/commands.h"
#include "tools/statefs/power_cut.h"
#include "tools/statefs/write_log.h"

namespace {

using namespace statefs_tool;

constexpr std::size_t SECTOR = DISK_SECTOR_BYTES;
constexpr std::uint64_t DISK_SECTORS = 2048;  // 1 MiB.

template <typename Word>
void put(std::string &bytes, std::size_t at, Word word) {
    std::memcpy(&bytes[at], &word, sizeof(word));
}

// As QEMU writes it.
std::string head_of(std::uint64_t entries) {
    std::string head(SECTOR, '\0');
    put<std::uint64_t>(head, 0, 0x6a736677736872);
    put<std::uint64_t>(head, 8, 1);
    put<std::uint64_t>(head, 16, entries);
    put<std::uint32_t>(head, 24, SECTOR);
    return head;
}

std::string entry_of(std::uint64_t sector, std::uint64_t sectors, std::uint64_t flags, char fill) {
    std::string entry(SECTOR, '\0');
    put<std::uint64_t>(entry, 0, sector);
    put<std::uint64_t>(entry, 8, sectors);
    put<std::uint64_t>(entry, 16, flags);
    return entry + std::string(sectors * SECTOR, fill);
}

std::string flush() {
    return entry_of(0, 0, 1, 0);
}

// Sectors 3 to 5 are written and flushed, then 4 to 7 and 5 again.
std::string good_log() {
    return head_of(4) + entry_of(3, 3, 0, 'a') + flush() + entry_of(4, 4, 0, 'b') +
           entry_of(5, 1, 0, 'c');
}

char sector_of(const std::vector<std::uint8_t> &disk, std::size_t sector) {
    const std::uint8_t *bytes = &disk[sector * SECTOR];
    const bool same = std::memcmp(bytes, bytes + 1, SECTOR - 1) == 0;
    return same ? static_cast<char>(*bytes) : '?';
}

std::string refusal_of(const std::string &bytes) {
    std::string complaint;
    EXPECT_FALSE(write_log_of(bytes, DISK_SECTORS, complaint));
    return complaint;
}

TEST(WriteLog, says_what_was_written_and_flushed) {
    std::string complaint;
    const auto log = write_log_of(good_log(), DISK_SECTORS, complaint);
    ASSERT_TRUE(log) << complaint;
    ASSERT_EQ(log->entries.size(), 4u);
    EXPECT_EQ(log->entries[0].sector, 3u);
    EXPECT_EQ(log->entries[0].sectors, 3u);
    EXPECT_TRUE(log->entries[1].is_flush);
    EXPECT_EQ(log->bytes_of(log->entries[2])[4 * SECTOR - 1], 'b');
    EXPECT_EQ(log->bytes_of(log->entries[3])[0], 'c');
}

// It counts at each flush: what was written after the last one is there and not counted.
TEST(WriteLog, goes_on_behind_what_it_counts_as_far_as_that_is_whole) {
    std::string complaint;
    const std::string more = good_log() + entry_of(9, 2, 0, 'd');
    EXPECT_EQ(write_log_of(more, DISK_SECTORS, complaint)->entries.size(), 5u);
    EXPECT_EQ(
        write_log_of(more + std::string(3 * SECTOR, '\0'), DISK_SECTORS, complaint)->entries.size(),
        5u);
    for (const std::size_t missing : {1ul, SECTOR, 2 * SECTOR, 2 * SECTOR + 1, 3 * SECTOR - 1}) {
        const auto log =
            write_log_of(more.substr(0, more.size() - missing), DISK_SECTORS, complaint);
        ASSERT_TRUE(log) << missing << complaint;
        EXPECT_EQ(log->entries.size(), 4u) << missing;
    }
}

TEST(WriteLog, test_reject_what_is_no_log) {
    EXPECT_EQ(refusal_of(""), "no log of a disk");
    EXPECT_EQ(refusal_of(good_log().substr(0, SECTOR - 1)), "no log of a disk");
    EXPECT_EQ(refusal_of(std::string(4 * SECTOR, '\0')), "no log of a disk");
    EXPECT_EQ(refusal_of(head_of(0)), "nothing was written");
    EXPECT_EQ(refusal_of(head_of(0) + std::string(SECTOR, '\0')), "nothing was written");
}

TEST(WriteLog, test_reject_log_of_another_version_or_sector_size) {
    std::string bytes = good_log();
    put<std::uint64_t>(bytes, 8, 2);
    EXPECT_EQ(refusal_of(bytes), "a log of version 2, not 1");
    bytes = good_log();
    put<std::uint32_t>(bytes, 24, 4096);
    EXPECT_EQ(refusal_of(bytes), "a log in sectors of 4096 bytes, not 512");
}

TEST(WriteLog, test_reject_truncated_log) {
    const std::string bytes = good_log();
    for (std::size_t left = SECTOR; left < bytes.size(); left += SECTOR / 4) {
        const std::string said = refusal_of(bytes.substr(0, left));
        EXPECT_EQ(said.substr(0, 7), "short: ") << left;
        EXPECT_NE(said.find(" of 4 entries"), std::string::npos) << left;
    }
    // More sectors than anything has.
    EXPECT_EQ(refusal_of(head_of(1) + entry_of(0, 1, 0, 'a').replace(8, 8, 8, '\xff')),
              "short: 0 of 1 entries");
}

TEST(WriteLog, test_reject_write_outside_the_disk) {
    EXPECT_EQ(refusal_of(head_of(2) + flush() + entry_of(DISK_SECTORS - 1, 2, 0, 'a')),
              "entry 2: 2 sectors at 2047, on a disk of 2048");
    EXPECT_EQ(refusal_of(head_of(1) + entry_of(UINT64_MAX, 2, 0, 'a')),
              "entry 1: 2 sectors at 18446744073709551615, on a disk of 2048");
}

TEST(WriteLog, test_reject_what_is_neither_write_nor_flush) {
    EXPECT_EQ(refusal_of(head_of(1) + entry_of(0, 1, 4, 'a')),
              "entry 1: neither a write nor a flush: flags 4");
    EXPECT_EQ(refusal_of(head_of(1) + entry_of(0, 1, 1, 'a')), "entry 1: a flush that writes");
}

// Each point of the log, and each fate of each sector.
TEST(PowerCut, what_was_flushed_is_there_and_later_sectors_are_or_are_torn_or_are_not) {
    std::string complaint;
    const auto log = write_log_of(good_log(), DISK_SECTORS, complaint);
    ASSERT_TRUE(log);
    std::set<std::size_t> points;
    std::array<std::set<char>, 8> seen;
    for (std::uint64_t seed = 0; seed < 200; seed++) {
        std::vector<std::uint8_t> disk;
        const cut made = cut_disk(*log, seed, disk);
        ASSERT_EQ(disk.size(), DISK_SECTORS * SECTOR);
        points.insert(made.entries);
        EXPECT_EQ(made.flushed, made.entries >= 2 ? 2u : 0u);
        const std::uint64_t later = made.later.kept + made.later.torn + made.later.lost;
        EXPECT_EQ(later, (std::array<std::uint64_t, 5>{0, 3, 0, 4, 4})[made.entries]);
        if (made.entries >= 2) {
            EXPECT_EQ(sector_of(disk, 3), 'a');
        }
        if (made.entries == 4) {
            for (std::size_t sector = 4; sector < 8; sector++) {
                seen[sector].insert(sector_of(disk, sector));
            }
        }
        EXPECT_EQ(sector_of(disk, 2), '\0');
        EXPECT_EQ(sector_of(disk, 8), '\0');
    }
    EXPECT_EQ(points, (std::set<std::size_t>{0, 1, 2, 3, 4}));
    EXPECT_EQ(seen[4], (std::set<char>{'a', 'b', '?'}));
    EXPECT_EQ(seen[5], (std::set<char>{'a', 'c', '?'}));
    EXPECT_EQ(seen[7], (std::set<char>{'\0', 'b', '?'}));
}

class Cuts : public testing::Test {
  protected:
    Cuts() {
        with.log = testing::TempDir() + "/cuts.log";
        with.image = testing::TempDir() + "/cuts.img";
        write(good_log());
        std::filesystem::remove(with.image);
    }
    ~Cuts() override {
        std::filesystem::remove(with.log);
        std::filesystem::remove(with.image);
    }

    void write(const std::string &log) {
        std::ofstream(with.log, std::ios::binary) << log;
    }
    int run(int (*command)(const cut_options &, std::ostream &, std::ostream &)) {
        out.str("");
        err.str("");
        return command(with, out, err);
    }
    std::string image() const {
        std::ifstream file(with.image, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(file), {});
    }

    cut_options with;
    std::ostringstream out;
    std::ostringstream err;
};

TEST_F(Cuts, an_image_is_what_its_point_says) {
    with.seeds = 20;
    ASSERT_EQ(run(list_points), 0);
    std::istringstream lines(out.str());
    std::string line;
    for (with.seed = 0; std::getline(lines, line); with.seed++) {
        ASSERT_EQ(run(cut_image), 0) << err.str();
        EXPECT_EQ(out.str(), with.image + ": " + line + "\n");
        std::string complaint;
        std::vector<std::uint8_t> disk;
        (void)cut_disk(*write_log_of(good_log(), DISK_SECTORS, complaint), with.seed, disk);
        EXPECT_EQ(image(), std::string(disk.begin(), disk.end()));
        with.force = true;
    }
    EXPECT_EQ(with.seed, 20u);
}

TEST_F(Cuts, test_reject_bad_log_and_write_nothing) {
    write(good_log().substr(0, 5 * SECTOR));
    EXPECT_EQ(run(cut_image), 1);
    EXPECT_EQ(err.str(), with.log + ": short: 1 of 4 entries\n");
    EXPECT_FALSE(std::filesystem::exists(with.image));
    EXPECT_EQ(run(list_points), 1);
    EXPECT_EQ(out.str(), "");
}

TEST_F(Cuts, test_reject_image_that_is_there_and_bad_sizes) {
    std::ofstream(with.image) << "mine";
    EXPECT_EQ(run(cut_image), 1);
    EXPECT_NE(err.str().find("--force writes over it"), std::string::npos);
    with.force = true;
    for (const std::uint64_t mib : {std::uint64_t{0}, IMAGE_MIB_MAX + 1, UINT64_MAX}) {
        with.mib = mib;
        EXPECT_EQ(run(cut_image), 1) << mib;
    }
    EXPECT_EQ(image(), "mine");
}

}  // namespace
