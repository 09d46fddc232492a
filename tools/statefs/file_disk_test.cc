// tools/statefs/file_disk_test.cc: a file as a disk: what is refused, and that a flush is one.
#include "tools/statefs/file_disk.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

namespace {

int flushes = 0;
bool flushes_fail = false;

}  // namespace

// In place of the C library's, which does no more than this.
extern "C" int fsync(int file) {
    flushes++;
    if (flushes_fail) {
        errno = EIO;
        return -1;
    }
    return static_cast<int>(::syscall(SYS_fsync, file));
}

namespace {

using namespace statefs_tool;

constexpr std::uint64_t SECTORS = 4;
using sector_bytes = std::array<std::uint8_t, DISK_SECTOR_BYTES>;

class FileDisk : public testing::Test {
  protected:
    FileDisk() {
        std::ofstream(path).close();
        std::filesystem::resize_file(path, SECTORS * DISK_SECTOR_BYTES);
        flushes_fail = false;
    }
    ~FileDisk() override {
        std::filesystem::remove(path);
    }

    const std::string path = testing::TempDir() + "/file_disk.img";
};

TEST_F(FileDisk, what_is_written_is_read_by_who_opens_it_later) {
    sector_bytes bytes;
    bytes.fill(7);
    {
        file_disk made(path, true);
        const struct disk disk = made.disk();
        EXPECT_EQ(disk.sectors, SECTORS);
        EXPECT_EQ(disk.write(disk.context, 3, 1, bytes.data()), DISK_OK);
    }
    file_disk opened(path, false);
    const struct disk disk = opened.disk();
    sector_bytes read{};
    EXPECT_EQ(disk.read(disk.context, 3, 1, read.data()), DISK_OK);
    EXPECT_EQ(read, bytes);
    EXPECT_EQ(disk.read(disk.context, 2, 1, read.data()), DISK_OK);
    EXPECT_EQ(read, sector_bytes{});
}

TEST_F(FileDisk, a_flush_waits_for_the_machines_own_disk) {
    file_disk made(path, true);
    const struct disk disk = made.disk();
    const int before = flushes;
    EXPECT_EQ(disk.flush(disk.context), DISK_OK);
    EXPECT_EQ(flushes, before + 1);
}

TEST_F(FileDisk, test_reject_flush_that_the_machine_refuses) {
    file_disk made(path, true);
    const struct disk disk = made.disk();
    flushes_fail = true;
    EXPECT_EQ(disk.flush(disk.context), DISK_FAILED);
}

TEST_F(FileDisk, test_reject_sectors_behind_its_end) {
    file_disk made(path, true);
    const struct disk disk = made.disk();
    std::array<std::uint8_t, 2 * DISK_SECTOR_BYTES> bytes{};
    for (const std::uint64_t sector : {SECTORS - 1, SECTORS, SECTORS + 1, UINT64_MAX}) {
        EXPECT_EQ(disk.write(disk.context, sector, 2, bytes.data()), DISK_FAILED) << sector;
        EXPECT_EQ(disk.read(disk.context, sector, 2, bytes.data()), DISK_FAILED) << sector;
    }
    EXPECT_EQ(std::filesystem::file_size(path), SECTORS * DISK_SECTOR_BYTES);
}

TEST_F(FileDisk, test_reject_write_to_what_is_only_read) {
    file_disk opened(path, false);
    const struct disk disk = opened.disk();
    const sector_bytes bytes{};
    EXPECT_EQ(disk.write(disk.context, 0, 1, bytes.data()), DISK_FAILED);
}

TEST_F(FileDisk, test_reject_what_is_no_disk) {
    EXPECT_FALSE(file_disk(path + ".missing", false).good());
    EXPECT_FALSE(file_disk(testing::TempDir(), false).good());
    std::filesystem::resize_file(path, 700);
    EXPECT_FALSE(file_disk(path, true).good());
    std::filesystem::resize_file(path, 0);
    EXPECT_FALSE(file_disk(path, true).good());
}

}  // namespace
