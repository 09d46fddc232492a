// services/statefsd/statefs_replay_test.cc: what a mount reads against the length of the journal,
// up to the longest one that there is: the region once, and a sector more for each batch, which it
// looks at again. What that costs in instructions is in testing/budgets/replay.budget.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "services/statefsd/statefs.h"
#include "testing/statefs/memory_disk.h"

namespace {

using namespace statefs_test;

constexpr std::uint64_t ME = 7;
constexpr std::uint64_t REGION = 15872;  // The largest, in sectors.
constexpr std::uint32_t BATCH_SECTORS = 7;
constexpr std::uint64_t RESERVE = 248;
constexpr std::uint32_t MOST = (REGION - RESERVE) / BATCH_SECTORS;  // With more it is copied.

// A disk that counts what is read.
class counted {
  public:
    explicit counted(memory_disk &under) : under_(under.disk()) {}

    struct disk disk() {
        return {this, under_.sectors, read, write, flush};
    }

    std::uint64_t calls = 0;
    std::uint64_t sectors = 0;
    std::uint64_t changes = 0;  // Writes. A mount makes none.

  private:
    static disk_status read(void *context, std::uint64_t sector, std::uint32_t count,
                            std::uint8_t *bytes) {
        auto &self = *static_cast<counted *>(context);
        self.calls++;
        self.sectors += count;
        return self.under_.read(self.under_.context, sector, count, bytes);
    }
    static disk_status write(void *context, std::uint64_t sector, std::uint32_t count,
                             const std::uint8_t *bytes) {
        auto &self = *static_cast<counted *>(context);
        self.changes++;
        return self.under_.write(self.under_.context, sector, count, bytes);
    }
    static disk_status flush(void *context) {
        auto &self = *static_cast<counted *>(context);
        return self.under_.flush(self.under_.context);
    }

    struct disk under_;
};

class Replay : public testing::Test {
  protected:
    Replay() : under_(STATE_SUPER_SECTORS + 2 * REGION) {
        config_.disk = under_.disk();
        config_.entries = STATE_ENTRIES_MAX;
        EXPECT_EQ(statefs_format(&config_, 1234), MOUNT_OK);
        state_report report{};
        EXPECT_EQ(statefs_mount(fs_.get(), &config_, &report), MOUNT_OK);
        EXPECT_EQ(report.super.region_sectors, REGION);
    }

    // Eight values of the largest size, durable.
    void commit() {
        const std::vector<std::uint8_t> value(STATE_VALUE_BYTES_MAX, 3);
        std::uint8_t keys[STATE_CHANGES_MAX][4];
        state_change changes[STATE_CHANGES_MAX] = {};
        for (std::uint32_t i = 0; i < STATE_CHANGES_MAX; i++) {
            keys[i][0] = static_cast<std::uint8_t>('a' + i);
            keys[i][1] = keys[i][2] = keys[i][3] = 'k';
            changes[i] = {false, {keys[i], 4}, {value.data(), STATE_VALUE_BYTES_MAX}};
        }
        ASSERT_EQ(statefs_stage(fs_.get(), ME, changes, STATE_CHANGES_MAX), STATE_OK);
        ASSERT_EQ(statefs_commit(fs_.get()), STATE_OK);
        batches_++;
    }

    // Sectors that another mount of the same disk reads.
    std::uint64_t mount_reads() {
        counted counting(under_);
        statefs_config config = config_;
        config.disk = counting.disk();
        auto other = std::make_unique<statefs>();
        state_report report{};
        EXPECT_EQ(statefs_mount(other.get(), &config, &report), MOUNT_OK);
        EXPECT_EQ(report.batches, batches_);
        EXPECT_EQ(report.records, batches_ * STATE_CHANGES_MAX);
        EXPECT_EQ(report.end, END_CLEAN);
        EXPECT_EQ(counting.changes, 0u) << "a mount writes nothing";
        std::printf("%6u batches: %6llu sectors in %5llu reads\n", batches_,
                    static_cast<unsigned long long>(counting.sectors),
                    static_cast<unsigned long long>(counting.calls));
        return counting.sectors;
    }

    memory_disk under_;
    statefs_config config_{};
    std::unique_ptr<statefs> fs_ = std::make_unique<statefs>();
    std::uint32_t batches_ = 0;
};

TEST_F(Replay, reads_a_sector_more_for_each_batch_and_the_region_once) {
    ASSERT_EQ(statefs_reserve(STATE_ENTRIES_MAX), RESERVE);
    commit();
    const std::uint64_t one = mount_reads();
    EXPECT_LE(one, REGION + 16);
    for (const std::uint32_t batches : {110u, 440u, 1760u, MOST}) {
        while (batches_ < batches) {
            commit();
        }
        const std::uint64_t more = mount_reads();
        EXPECT_EQ(more - one, batches - 1) << "it grows with the batches, and no faster";
    }
    EXPECT_EQ(fs_->counts.compactions, 0u) << "the longest journal that there is";
    commit();
    EXPECT_TRUE(fs_->compaction.due) << "and now it is copied";
}

}  // namespace
