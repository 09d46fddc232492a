// services/statefsd/window_disk_test.cc: what the journal is told of each answer of the disk's
// client, which is replaced here.
#include "services/statefsd/window_disk.h"

#include <gtest/gtest.h>

#include <vector>

#include "runtime/ecall.h"

namespace {

// What block_open says, and the other two.
block_result open_result;
block_result run_result;
std::vector<std::uint8_t> window(std::size_t{WINDOW_DISK_PLACES} * WINDOW_DISK_PLACE_BYTES);

class WindowDisk : public testing::Test {
  protected:
    WindowDisk() {
        open_result = BLOCK_OK;
        run_result = BLOCK_OK;
        EXPECT_EQ(window_disk_open(&state_, &client_, &disk_), BLOCK_OK);
    }
    disk_status write_and_flush() {
        const disk_status status = disk_.write(disk_.context, 3, 1, sector_);
        return status == DISK_OK ? disk_.flush(disk_.context) : status;
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

}  // namespace

extern "C" {

block_result block_open(block_client *client, std::uint64_t, deadline) {
    client->window.bytes = window.data();
    client->disk.sectors = 100;
    client->disk.sector_bytes = DISK_SECTOR_BYTES;
    return open_result;
}

block_result block_run(block_client *, block_item *, std::uint32_t, deadline) {
    return run_result;
}

block_result block_read(block_client *, std::uint64_t, std::uint32_t, std::uint32_t, deadline) {
    return run_result;
}

ecall_result sim_ecall(std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t) {
    return {STATUS_OK, 0, 0, 0};
}
}
