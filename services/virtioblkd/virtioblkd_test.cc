// services/virtioblkd/virtioblkd_test.cc: the driver and what lies between it and its callers,
// against a simulated device that keeps the rules, fails, forgets, or breaks a rule.
#include "services/virtioblkd/virtioblkd.h"

#include <gtest/gtest.h>

#include <functional>

#include "testing/sim_devices/blk_world.h"

namespace {

using namespace blk_world;
using Results = std::vector<block_result>;

const block_item FLUSH = item_of(BLOCK_FLUSH);

class Virtioblkd : public ::testing::Test, public World {
  protected:
    void TearDown() override {
        EXPECT_EQ(device_.faults(), std::vector<std::string>{});
    }
    void Good() {
        ASSERT_EQ(Begin(), DISK_OK);
    }
};

TEST_F(Virtioblkd, agrees_with_a_device) {
    device_.options.blk_size = 1024;
    Good();
    EXPECT_EQ(blk_->disk.facts.sector_bytes, 1024u);
    EXPECT_EQ(blk_->disk.facts.sectors, SECTORS / 2);
    EXPECT_FALSE(blk_->disk.facts.read_only);
    EXPECT_EQ(blk_->disk.device.features, device_.options.offers);
    Fill(1, 1024, 9, 1024);
    EXPECT_EQ(Do({item_of(BLOCK_WRITE, 3, 1, 1024)}), Results{BLOCK_OK});
    EXPECT_EQ(image_.read(6)[0], 9);
    EXPECT_EQ(image_.read(7)[511], 9);
}

TEST_F(Virtioblkd, reads_what_was_written_and_flushes) {
    Good();
    Fill(1, 0, 7, 4 * SECTOR_BYTES);
    EXPECT_EQ(Do({item_of(BLOCK_WRITE, 10, 4, 0)}), Results{BLOCK_OK});
    EXPECT_EQ(image_.durable(10)[0], 0) << "not flushed";
    EXPECT_EQ(Do({item_of(BLOCK_READ, 12, 2, 8192), FLUSH}), (Results{BLOCK_OK, BLOCK_OK}));
    EXPECT_EQ(At(1, 8192), 7);
    EXPECT_EQ(At(1, 8192 + 1023), 7);
    EXPECT_EQ(At(1, 8192 + 1024), 0);
    EXPECT_EQ(image_.durable(13)[511], 7);
    EXPECT_EQ(blk_->counts.read_bytes, 1024u);
    EXPECT_EQ(blk_->counts.written_bytes, 2048u);
    EXPECT_EQ(blk_->counts.flushes, 1u);
}

TEST_F(Virtioblkd, works_without_events) {
    device_.options.offers &= ~sim_devices::F_EVENT_IDX;
    Good();
    EXPECT_EQ(Do({item_of(BLOCK_READ, 1, 1), item_of(BLOCK_READ, 2, 1)}),
              (Results{BLOCK_OK, BLOCK_OK}));
}

TEST_F(Virtioblkd, thirty_two_requests_are_one_bell_and_one_interrupt) {
    Good();
    std::vector<block_item> items;
    for (std::uint32_t i = 0; i < BLOCK_ITEMS_MAX; i++) {
        items.push_back(item_of(BLOCK_READ, i * 8, 1, i * SECTOR_BYTES));
    }
    EXPECT_EQ(Submit(1, items), WIRE_OK);
    for (int i = 0; i < 32; i++) {
        EXPECT_TRUE(answers_.empty());
        Serve(1);
    }
    ASSERT_EQ(answers_.size(), 1u);
    EXPECT_EQ(ResultsOf(answers_[0]), Results(32, BLOCK_OK));
    EXPECT_EQ(device_.interrupts, 1u);
    EXPECT_EQ(device_.notified, 1u);
    EXPECT_EQ(blk_->counts.deepest, 32u);
}

TEST_F(Virtioblkd, what_finishes_first_is_answered_first) {
    Good();
    EXPECT_EQ(Submit(1, std::vector<block_item>(8, item_of(BLOCK_READ, 0, 1))), WIRE_OK);
    EXPECT_EQ(Submit(2, {item_of(BLOCK_READ, 0, 1)}), WIRE_OK);
    for (int i = 0; i < 9; i++) {
        Serve(1);
    }
    EXPECT_EQ(answers_.size(), 2u);
}

// Two of 16 pages and many of one: nothing waits for ever, and all the arena is used again.
TEST_F(Virtioblkd, what_waits_for_room_gets_it) {
    Good();
    const std::vector<block_item> large(8, item_of(BLOCK_READ, 0, 128));
    const std::vector<block_item> small(32, item_of(BLOCK_READ, 0, 1));
    for (std::uint32_t caller = 1; caller <= 8; caller++) {
        EXPECT_EQ(Submit(caller, caller % 2 == 0 ? large : small), WIRE_OK);
    }
    EXPECT_EQ(blk_->disk.out, 32u) << "the first one has all requests";
    Finish();
    EXPECT_EQ(answers_.size(), 8u);
    for (const auto &answer : answers_) {
        EXPECT_EQ(ResultsOf(answer), Results(answer.count, BLOCK_OK));
    }
    EXPECT_EQ(blk_->disk.pages_free, (std::uint64_t{1} << 62) - 1);
    EXPECT_EQ(blk_->disk.free, UINT32_MAX);
}

TEST_F(Virtioblkd, a_flush_begins_when_all_before_is_over_and_ends_before_the_rest_begins) {
    Good();
    EXPECT_EQ(Submit(1, {item_of(BLOCK_WRITE, 0, 1), item_of(BLOCK_WRITE, 1, 1), FLUSH,
                         item_of(BLOCK_WRITE, 2, 1), FLUSH}),
              WIRE_OK);
    EXPECT_EQ(blk_->disk.out, 2u);
    Serve(1);
    EXPECT_EQ(blk_->disk.out, 2u) << "nobody waits for the first alone";
    Serve(1);
    EXPECT_EQ(blk_->disk.out, 1u);
    EXPECT_EQ(blk_->counts.flushes, 1u);
    Serve(1);
    EXPECT_EQ(blk_->disk.out, 1u);
    EXPECT_EQ(blk_->counts.flushes, 1u);
    Serve(1);
    EXPECT_EQ(blk_->counts.flushes, 2u);
    Serve(1);
    EXPECT_EQ(ResultsOf(answers_.at(0)), Results(5, BLOCK_OK));
}

TEST_F(Virtioblkd, nothing_goes_past_a_barrier_over_a_failure) {
    Good();
    device_.options.write_fails = 1;
    EXPECT_EQ(Do({item_of(BLOCK_WRITE, 0, 1), FLUSH, item_of(BLOCK_WRITE, 1, 1), FLUSH}),
              (Results{BLOCK_FAILED, BLOCK_NOT_DONE, BLOCK_NOT_DONE, BLOCK_NOT_DONE}));
    EXPECT_EQ(blk_->counts.requests, 1u);
    EXPECT_EQ(blk_->counts.failed, 1u);
    device_.options.write_fails = 0;
    device_.options.flush_fails = 1;
    EXPECT_EQ(Do({item_of(BLOCK_WRITE, 0, 1), FLUSH, item_of(BLOCK_WRITE, 1, 1)}),
              (Results{BLOCK_OK, BLOCK_FAILED, BLOCK_NOT_DONE}));
}

TEST_F(Virtioblkd, a_read_that_fails_or_is_short_leaves_no_data) {
    Good();
    image_.write(5, {1, 1});
    device_.options.read_fails = 1;
    EXPECT_EQ(Do({item_of(BLOCK_READ, 5, 1)}), Results{BLOCK_FAILED});
    EXPECT_EQ(At(1, 0), 0);
    device_.options.read_fails = 0;
    device_.options.short_reads = 1;
    EXPECT_EQ(Do({item_of(BLOCK_READ, 5, 1)}), Results{BLOCK_FAILED});
    EXPECT_EQ(At(1, 0), 0);
}

// A flush that failed says nothing good of the next one.
TEST_F(Virtioblkd, after_a_failed_flush_what_was_written_is_lost) {
    Good();
    EXPECT_EQ(Do({item_of(BLOCK_WRITE, 0, 1)}), Results{BLOCK_OK});
    const std::uint64_t written = answers_[0].epoch;
    device_.options.flush_fails = 1;
    EXPECT_EQ(Do({FLUSH}, written), Results{BLOCK_FAILED});
    device_.options.flush_fails = 0;
    EXPECT_EQ(Do({item_of(BLOCK_READ, 0, 1)}, written), Results{BLOCK_OK}) << "no flush in it";
    EXPECT_EQ(Do({item_of(BLOCK_WRITE, 1, 1), FLUSH}, written), (Results{BLOCK_LOST, BLOCK_LOST}));
    EXPECT_EQ(blk_->counts.requests, 3u) << "of that nothing was begun";
    EXPECT_EQ(Do({item_of(BLOCK_WRITE, 0, 1), FLUSH}), (Results{BLOCK_OK, BLOCK_OK}));
}

// One caller's flush fails while another's SUBMIT is between its write and its flush.
TEST_F(Virtioblkd, a_failed_flush_is_every_callers) {
    Good();
    EXPECT_EQ(Submit(2, {item_of(BLOCK_WRITE, 9, 1), FLUSH}), WIRE_OK);
    device_.options.flush_fails = 1;
    EXPECT_EQ(Submit(1, {FLUSH}), WIRE_OK);
    Serve();
    device_.options.flush_fails = 0;
    Finish();
    for (const auto &answer : answers_) {
        const block_result flushed = ResultsOf(answer).back();
        EXPECT_TRUE(flushed == BLOCK_FAILED || flushed == BLOCK_LOST || flushed == BLOCK_UNKNOWN)
            << flushed;
    }
}

TEST_F(Virtioblkd, a_request_without_an_answer_resets_the_device) {
    Good();
    device_.options.hangs = 1;
    answers_.clear();
    EXPECT_EQ(Submit(1, {item_of(BLOCK_WRITE, 0, 1), FLUSH}), WIRE_OK);
    EXPECT_EQ(Submit(2, {FLUSH}, 5), WIRE_OK) << "of an epoch before: it is over";
    ASSERT_EQ(answers_.size(), 1u);
    EXPECT_EQ(ResultsOf(answers_[0]), Results{BLOCK_LOST});
    Serve();
    EXPECT_TRUE(Tick());
    EXPECT_TRUE(Tick());
    EXPECT_EQ(device_.resets, 1u) << "of the beginning";
    device_.options.hangs = 0;
    EXPECT_FALSE(Tick());
    EXPECT_EQ(device_.resets, 2u);
    ASSERT_EQ(answers_.size(), 2u);
    EXPECT_EQ(ResultsOf(answers_[1]), (Results{BLOCK_UNKNOWN, BLOCK_NOT_DONE}));
    EXPECT_LT(answers_[1].epoch, blk_->epoch) << "it was begun before the reset";
    EXPECT_EQ(blk_->counts.unknown, 1u);
    EXPECT_EQ(Do({item_of(BLOCK_WRITE, 0, 1), FLUSH}), (Results{BLOCK_OK, BLOCK_OK}));
}

// What was not begun when the device was reset is done afterwards.
TEST_F(Virtioblkd, what_waits_in_line_goes_on_after_a_reset) {
    Good();
    device_.options.hangs = 1;
    EXPECT_EQ(Submit(1, std::vector<block_item>(32, item_of(BLOCK_READ, 0, 1))), WIRE_OK);
    Serve();
    EXPECT_EQ(Submit(2, {item_of(BLOCK_WRITE, 3, 1), FLUSH}), WIRE_OK);
    EXPECT_EQ(Submit(3, {FLUSH}, blk_->epoch), WIRE_OK);
    device_.options.hangs = 0;
    while (Tick() && blk_->resets == 0) {
    }
    Finish();
    ASSERT_EQ(answers_.size(), 3u);
    EXPECT_EQ(ResultsOf(answers_[0]), Results(32, BLOCK_UNKNOWN));
    for (std::size_t i = 1; i < 3; i++) {
        EXPECT_EQ(ResultsOf(answers_[i]), answers_[i].call.reply.value == 2
                                              ? (Results{BLOCK_OK, BLOCK_OK})
                                              : Results{BLOCK_LOST});
    }
}

TEST_F(Virtioblkd, a_device_that_never_answers_is_dead_in_the_end) {
    Good();
    device_.options.hangs = 1;
    for (int i = 0; i < VIRTIOBLKD_RESETS_MAX; i++) {
        EXPECT_EQ(Do({item_of(BLOCK_READ, 0, 1)}), Results{BLOCK_UNKNOWN});
        EXPECT_FALSE(blk_->dead);
    }
    EXPECT_EQ(Do({item_of(BLOCK_READ, 0, 1)}), Results{BLOCK_UNKNOWN});
    EXPECT_TRUE(blk_->dead);
    EXPECT_EQ(Submit(1, {FLUSH}), WIRE_UNAVAILABLE);
    EXPECT_FALSE(Tick());
}

TEST_F(Virtioblkd, a_device_that_does_not_reset_is_dead) {
    Good();
    device_.options.hangs = 1;
    EXPECT_EQ(Submit(1, {item_of(BLOCK_READ, 0, 1)}), WIRE_OK);
    device_.options.resets = false;
    Finish();
    EXPECT_TRUE(blk_->dead);
    ASSERT_EQ(answers_.size(), 1u);
    EXPECT_EQ(ResultsOf(answers_[0]), Results{BLOCK_UNKNOWN});
}

TEST_F(Virtioblkd, a_device_that_breaks_the_rules_is_reset) {
    Good();
    device_.options.used_nonsense = 1;
    EXPECT_EQ(Submit(1, {item_of(BLOCK_READ, 0, 1), item_of(BLOCK_READ, 1, 1)}), WIRE_OK);
    device_.run(2);
    device_.options.used_nonsense = 0;
    virtioblkd_work(blk_.get());
    TakeAnswers();
    ASSERT_EQ(answers_.size(), 1u);
    EXPECT_EQ(ResultsOf(answers_[0]), (Results{BLOCK_UNKNOWN, BLOCK_UNKNOWN}));
    EXPECT_EQ(Do({item_of(BLOCK_READ, 0, 1)}), Results{BLOCK_OK});
}

// What is read after that is not put into a window that its caller may use for something else.
TEST_F(Virtioblkd, a_window_that_was_let_go_is_not_touched) {
    Good();
    image_.write(5, {1, 1});
    EXPECT_EQ(Submit(1, {item_of(BLOCK_READ, 5, 1), FLUSH, item_of(BLOCK_WRITE, 6, 1)}), WIRE_OK);
    EXPECT_TRUE(virtioblkd_uses(blk_.get(), 1));
    virtioblkd_let_go(blk_.get(), 1);
    Finish();
    EXPECT_EQ(At(1, 0), 0);
    EXPECT_EQ(ResultsOf(answers_.at(0)), (Results{BLOCK_OK, BLOCK_NOT_DONE, BLOCK_NOT_DONE}));
    EXPECT_FALSE(virtioblkd_uses(blk_.get(), 1));
}

// What nobody waits for any more may still be written: not after what its successor writes there.
TEST_F(Virtioblkd, what_a_caller_left_behind_is_over_before_the_next_begins) {
    Good();
    Fill(1, 0, 1, SECTOR_BYTES);
    Fill(2, 0, 2, SECTOR_BYTES);
    EXPECT_EQ(Submit(1, {item_of(BLOCK_WRITE, 5, 1)}), WIRE_OK);
    virtioblkd_left(blk_.get(), reply_handle{1});
    EXPECT_EQ(Submit(2, {item_of(BLOCK_WRITE, 5, 1)}), WIRE_OK);
    EXPECT_EQ(blk_->disk.out, 1u) << "the second one waits for the first";
    Finish();
    EXPECT_EQ(image_.read(5)[0], 2);
    EXPECT_EQ(blk_->disk.out, 0u);
}

TEST_F(Virtioblkd, a_caller_that_left_has_nothing_begun_any_more) {
    Good();
    EXPECT_EQ(Submit(1, {item_of(BLOCK_WRITE, 5, 1), FLUSH}), WIRE_OK);
    virtioblkd_left(blk_.get(), reply_handle{1});
    Finish();
    EXPECT_TRUE(answers_.at(0).gone);
    EXPECT_EQ(blk_->counts.flushes, 0u);
}

disk_result begin_with(const std::function<void(World &)> &change, virtio_result *refusal) {
    World world;
    change(world);
    const disk_result result = world.Begin();
    *refusal = world.blk_->disk.refusal;
    EXPECT_EQ(world.device_.notified, 0u);
    EXPECT_NE(result, DISK_OK);
    EXPECT_GT(std::strlen(disk_result_text(result)), 3u);
    virtioblkd *blk = world.blk_.get();
    std::uint32_t number = 0;
    const block_item item = item_of(BLOCK_READ, 0, 1);
    EXPECT_FALSE(disk_start(&blk->disk, &item, nullptr, &number));
    return result;
}

virtio_result refusal_of(const std::function<void(World &)> &change) {
    virtio_result refusal = VIRTIO_OK;
    EXPECT_EQ(begin_with(change, &refusal), DISK_NO_DEVICE);
    return refusal;
}

TEST(Disk, test_reject_legacy_device) {
    EXPECT_EQ(refusal_of([](World &w) { w.device_.options.version = 1; }), VIRTIO_LEGACY);
}

TEST(Disk, test_reject_missing_device) {
    EXPECT_EQ(refusal_of([](World &w) { w.device_.options.device_id = 0; }), VIRTIO_OTHER_DEVICE);
    EXPECT_EQ(refusal_of([](World &w) { w.device_.options.device_id = 4; }), VIRTIO_OTHER_DEVICE);
    EXPECT_EQ(refusal_of([](World &w) { w.device_.options.magic = 0; }), VIRTIO_NO_TRANSPORT);
    EXPECT_EQ(refusal_of([](World &w) {
                  w.device_.write32(0x070, 1);
                  w.device_.options.resets = false;
              }),
              VIRTIO_STUCK);
    EXPECT_EQ(refusal_of([](World &w) { w.device_.options.queue_size_max = 64; }), VIRTIO_NO_QUEUE);
}

// Nothing would say when a write is durable.
TEST(Disk, test_reject_device_without_flush) {
    EXPECT_EQ(refusal_of([](World &w) { w.device_.options.offers &= ~sim_devices::BLK_F_FLUSH; }),
              VIRTIO_NO_FEATURE);
}

TEST(Disk, test_reject_small_arena) {
    virtio_result refusal = VIRTIO_OK;
    EXPECT_EQ(begin_with([](World &w) { w.pages_ = 17; }, &refusal), DISK_SMALL_ARENA);
    World world;
    world.pages_ = 18;
    EXPECT_EQ(world.Begin(), DISK_OK);
}

TEST(Disk, test_reject_bad_config) {
    virtio_result refusal = VIRTIO_OK;
    for (const std::uint32_t bytes : {0u, 256u, 768u, 8192u}) {
        EXPECT_EQ(begin_with([bytes](World &w) { w.device_.options.blk_size = bytes; }, &refusal),
                  DISK_BAD_CONFIG)
            << bytes;
    }
    EXPECT_EQ(begin_with([](World &w) { w.image_ = sim_devices::disk_image(0); }, &refusal),
              DISK_BAD_CONFIG);
    EXPECT_EQ(
        begin_with([](World &w) { w.image_ = sim_devices::disk_image(UINT64_MAX); }, &refusal),
        DISK_BAD_CONFIG);
    EXPECT_EQ(begin_with(
                  [](World &w) {
                      w.device_.options.offers |= sim_devices::BLK_F_SIZE_MAX;
                      w.device_.options.size_max = 4096;
                  },
                  &refusal),
              DISK_BAD_CONFIG);
}

class Refused : public Virtioblkd {
  protected:
    // That item, and a good one beside it that must not be begun.
    void Expect(const block_item &item, block_result result) {
        const std::uint64_t refused = blk_->counts.refused;
        EXPECT_EQ(Do({item_of(BLOCK_READ, 0, 1), item}), (Results{BLOCK_NOT_DONE, result}));
        EXPECT_EQ(blk_->counts.requests, 0u);
        EXPECT_EQ(blk_->counts.refused, refused + 1);
    }
};

TEST_F(Refused, test_reject_range_outside_the_disk) {
    Good();
    Expect(item_of(BLOCK_READ, SECTORS, 1), BLOCK_BAD_RANGE);
    Expect(item_of(BLOCK_WRITE, SECTORS - 1, 2), BLOCK_BAD_RANGE);
    Expect(item_of(BLOCK_READ, UINT64_MAX, 1), BLOCK_BAD_RANGE);
    Expect(item_of(BLOCK_READ, UINT64_MAX - 7, 128), BLOCK_BAD_RANGE);
    EXPECT_EQ(Do({item_of(BLOCK_READ, SECTORS - 1, 1)}), Results{BLOCK_OK});
}

TEST_F(Refused, test_reject_window_too_small) {
    window_bytes_ = 4096;
    Good();
    Expect(item_of(BLOCK_READ, 0, 1, 4096), BLOCK_BAD_WINDOW);
    Expect(item_of(BLOCK_WRITE, 0, 9, 0), BLOCK_BAD_WINDOW);
    Expect(item_of(BLOCK_WRITE, 0, 1, UINT32_MAX - 511), BLOCK_BAD_WINDOW);
    EXPECT_EQ(Do({item_of(BLOCK_READ, 0, 8, 0)}), Results{BLOCK_OK});
}

TEST_F(Refused, test_reject_misaligned) {
    Good();
    Expect(item_of(BLOCK_READ, 0, 1, 256), BLOCK_MISALIGNED);
    Expect(item_of(BLOCK_WRITE, 0, 1, 1), BLOCK_MISALIGNED);
}

TEST_F(Refused, test_reject_write_to_read_only_disk) {
    device_.options.offers |= sim_devices::BLK_F_RO;
    Good();
    EXPECT_TRUE(blk_->disk.facts.read_only);
    Expect(item_of(BLOCK_WRITE, 0, 1), BLOCK_READ_ONLY);
    EXPECT_EQ(Do({item_of(BLOCK_READ, 0, 1), FLUSH}), (Results{BLOCK_OK, BLOCK_OK}));
}

TEST_F(Refused, test_reject_bad_item) {
    Good();
    Expect(item_of(0, 0, 1), BLOCK_BAD_ITEM);
    Expect(item_of(4, 0, 1), BLOCK_BAD_ITEM);
    Expect(item_of(BLOCK_READ, 0, 0), BLOCK_BAD_ITEM);
    Expect(item_of(BLOCK_READ, 0, 129), BLOCK_BAD_ITEM);
    Expect(item_of(BLOCK_FLUSH, 1, 0), BLOCK_BAD_ITEM);
    Expect(item_of(BLOCK_FLUSH, 0, 1), BLOCK_BAD_ITEM);
    Expect(item_of(BLOCK_FLUSH, 0, 0, 512), BLOCK_BAD_ITEM);
}

TEST_F(Virtioblkd, test_reject_malformed_items) {
    Good();
    for (const std::size_t bytes : {0u, 1u, 14u, 16u, 33u * BLOCK_ITEM_WIRE_BYTES}) {
        EXPECT_EQ(SubmitBytes(1, std::vector<std::uint8_t>(bytes)), WIRE_MALFORMED) << bytes;
    }
    EXPECT_EQ(blk_->line_count, 0u);
    EXPECT_EQ(blk_->counts.submissions, 0u);
}

TEST_F(Virtioblkd, test_reject_over_depth) {
    Good();
    const std::vector<block_item> one = {item_of(BLOCK_READ, 0, 1)};
    for (int i = 0; i < VIRTIOBLKD_SUBMISSIONS_EACH; i++) {
        EXPECT_EQ(Submit(1, one), WIRE_OK);
    }
    EXPECT_EQ(Submit(1, one), WIRE_OVERLOAD) << "of one caller";
    for (std::uint32_t i = VIRTIOBLKD_SUBMISSIONS_EACH; i < VIRTIOBLKD_SUBMISSIONS; i++) {
        EXPECT_EQ(Submit(i - 2, one), WIRE_OK);
    }
    EXPECT_EQ(Submit(3, one), WIRE_OVERLOAD) << "of all";
    Finish();
    EXPECT_EQ(answers_.size(), 0u + VIRTIOBLKD_SUBMISSIONS);
    EXPECT_EQ(Submit(1, one), WIRE_OK);
}

// Its sector 0 is not the disk's.
TEST(VirtioblkdParts, a_part_is_a_disk_of_its_own) {
    World world;
    ASSERT_EQ(world.Begin(), DISK_OK);
    world.first_ = 100;
    world.sectors_ = 8;
    world.Fill(1, 0, 0x5a);
    EXPECT_EQ(world.Do({item_of(BLOCK_WRITE, 3, 1), item_of(BLOCK_FLUSH)}),
              (std::vector<block_result>{BLOCK_OK, BLOCK_OK}));
    world.Fill(1, 0, 0);
    EXPECT_EQ(world.Do({item_of(BLOCK_READ, 3, 1)}), (std::vector<block_result>{BLOCK_OK}));
    EXPECT_EQ(world.At(1, 0), 0x5a);
    world.first_ = 0;
    world.sectors_ = 0;
    EXPECT_EQ(world.Do({item_of(BLOCK_READ, 103, 1)}), (std::vector<block_result>{BLOCK_OK}));
    EXPECT_EQ(world.At(1, 0), 0x5a);
}

TEST(VirtioblkdParts, test_reject_beyond_the_part) {
    World world;
    ASSERT_EQ(world.Begin(), DISK_OK);
    world.first_ = 100;
    world.sectors_ = 8;
    const std::vector<block_result> refused{BLOCK_BAD_RANGE};
    EXPECT_EQ(world.Do({item_of(BLOCK_READ, 8, 1)}), refused);
    EXPECT_EQ(world.Do({item_of(BLOCK_WRITE, 7, 2)}), refused);
    EXPECT_EQ(world.Do({item_of(BLOCK_READ, UINT64_MAX - 99, 1)}), refused) << "sector 0, wrapped";
    EXPECT_EQ(world.Do({item_of(BLOCK_READ, 7, 1)}), (std::vector<block_result>{BLOCK_OK}));
}

}  // namespace
