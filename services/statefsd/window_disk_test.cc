// services/statefsd/window_disk_test.cc: what the journal is told of each answer of the disk's
// client, which is replaced here.
#include "services/statefsd/window_disk.h"

#include <gtest/gtest.h>

#include <vector>

#include "runtime/ecall.h"

namespace {

constexpr std::uint64_t DISK_SECTORS = 300;

// What block_open says, and the other two.
block_result open_result;
block_result run_result;
std::vector<std::uint8_t> window(WINDOW_DISK_BYTES);
std::uint32_t read_calls;
std::uint64_t bad_sector;  // Cannot be read.

class WindowDisk : public testing::Test {
  protected:
    WindowDisk() {
        open_result = BLOCK_OK;
        run_result = BLOCK_OK;
        read_calls = 0;
        bad_sector = UINT64_MAX;
        EXPECT_EQ(window_disk_open(&state_, &client_, &disk_), BLOCK_OK);
    }
    disk_status write_and_flush() {
        const disk_status status = disk_.write(disk_.context, 3, 1, sector_);
        return status == DISK_OK ? disk_.flush(disk_.context) : status;
    }

    // The number in the first byte of what is read there, or -1.
    int read(std::uint64_t sector, std::uint32_t count = 1) {
        std::uint8_t bytes[DISK_TRANSFER_SECTORS_MAX * DISK_SECTOR_BYTES];
        const disk_status status = disk_.read(disk_.context, sector, count, bytes);
        for (std::uint32_t i = 0; i < count && status == DISK_OK; i++) {
            EXPECT_EQ(bytes[i * DISK_SECTOR_BYTES], static_cast<std::uint8_t>(sector + i));
        }
        return status == DISK_OK ? bytes[0] : -1;
    }

    block_client client_{};
    window_disk state_{};
    struct disk disk_ {};
    std::uint8_t sector_[DISK_SECTOR_BYTES] = {};
};

TEST_F(WindowDisk, what_may_be_written_again_is_lost) {
    EXPECT_EQ(write_and_flush(), DISK_OK);
    for (const block_result result : {BLOCK_NOT_DONE, BLOCK_BUSY, BLOCK_LOST, BLOCK_FAILED,
                                      BLOCK_UNKNOWN, BLOCK_CUT_OFF, BLOCK_CLOSED}) {
        run_result = result;
        EXPECT_EQ(write_and_flush(), DISK_LOST) << result;
        run_result = BLOCK_OK;
        EXPECT_EQ(write_and_flush(), DISK_OK) << result;
    }
}

TEST_F(WindowDisk, a_service_that_is_too_busy_to_open_may_be_asked_again) {
    run_result = BLOCK_CUT_OFF;
    open_result = BLOCK_BUSY;
    EXPECT_EQ(write_and_flush(), DISK_LOST);
    open_result = BLOCK_NO_SERVICE;
    EXPECT_EQ(write_and_flush(), DISK_FAILED);
}

TEST_F(WindowDisk, test_reject_what_is_no_use_again) {
    for (const block_result result :
         {BLOCK_BAD_ITEM, BLOCK_BAD_RANGE, BLOCK_BAD_WINDOW, BLOCK_MISALIGNED, BLOCK_READ_ONLY,
          BLOCK_NO_SERVICE, BLOCK_NO_MEMORY}) {
        run_result = result;
        EXPECT_EQ(write_and_flush(), DISK_FAILED) << result;
    }
}

TEST_F(WindowDisk, reads_fetch_ahead_up_to_the_end) {
    for (std::uint64_t sector = 0; sector + 4 <= DISK_SECTORS; sector += 4) {
        EXPECT_EQ(read(sector, 4), static_cast<int>(sector % 256));
    }
    EXPECT_EQ(read_calls,
              (DISK_SECTORS + WINDOW_DISK_AHEAD_SECTORS - 1) / WINDOW_DISK_AHEAD_SECTORS);
    EXPECT_EQ(read(0), 0);
}

TEST_F(WindowDisk, what_was_written_is_read_anew) {
    EXPECT_EQ(read(3), 3);
    EXPECT_EQ(read(3), 3);
    EXPECT_EQ(read_calls, 1U);
    EXPECT_EQ(write_and_flush(), DISK_OK);
    EXPECT_EQ(read(3), 3);
    EXPECT_EQ(read_calls, 2U);
}

TEST_F(WindowDisk, a_bad_sector_further_on_does_not_matter_yet) {
    bad_sector = 20;
    EXPECT_EQ(read(16, 4), 16);
    EXPECT_EQ(read_calls, 2U);
    EXPECT_EQ(read(18, 2), 18);
    EXPECT_EQ(read_calls, 2U);
    EXPECT_EQ(read(20), -1);
    EXPECT_EQ(read(16, 4), 16);
    EXPECT_EQ(read(21), 21);
}

TEST_F(WindowDisk, test_reject_what_is_not_on_the_disk) {
    EXPECT_EQ(read(DISK_SECTORS - 1), static_cast<int>((DISK_SECTORS - 1) % 256));
    EXPECT_EQ(read(DISK_SECTORS - 1, 2), -1);
    EXPECT_EQ(read(DISK_SECTORS + 1), -1);
    EXPECT_EQ(read(UINT64_MAX), -1);
    EXPECT_EQ(read_calls, 1U);
}

}  // namespace

extern "C" {

block_result block_open(block_client *client, std::uint64_t, deadline) {
    client->window.bytes = window.data();
    client->disk.sectors = DISK_SECTORS;
    client->disk.sector_bytes = DISK_SECTOR_BYTES;
    return open_result;
}

block_result block_run(block_client *, block_item *, std::uint32_t, deadline) {
    return run_result;
}

// Each sector begins with its number.
block_result block_read(block_client *, std::uint64_t sector, std::uint32_t count,
                        std::uint32_t offset, deadline) {
    read_calls++;
    EXPECT_LE(sector + count, DISK_SECTORS);
    EXPECT_LE(offset + std::size_t{count} * DISK_SECTOR_BYTES, window.size());
    for (std::uint32_t i = 0; i < count; i++) {
        window[offset + std::size_t{i} * DISK_SECTOR_BYTES] = static_cast<std::uint8_t>(sector + i);
    }
    const bool bad = bad_sector >= sector && bad_sector - sector < count;
    return bad ? BLOCK_FAILED : run_result;
}

ecall_result sim_ecall(std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t) {
    return {STATUS_OK, 0, 0, 0};
}
}
