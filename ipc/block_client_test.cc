// ipc/block_client_test.cc: a client of a disk, against a kernel and a service that answer as they
// are told: what it sends, and what it makes of each answer.
#include "ipc/block_client.h"

#include <cstring>
#include <functional>
#include <map>
#include <vector>

#include "gtest/gtest.h"
#include "ipc/wire/block_wire.h"
#include "kernel/abi/syscall.h"
#include "kernel/abi/vmo.h"
#include "runtime/ecall.h"

namespace {

constexpr uint64_t kFactory = 4;
constexpr uint32_t kWindow = 3 * PAGE_BYTES;

// A service with one channel, and what it was asked.
class World {
  public:
    ecall_result Enter(uint64_t number, const uint64_t *a) {
        switch (number) {
            case SYSCALL_CLOCK_GET:
                return {STATUS_OK, now_ns_, 0, 0};
            case SYSCALL_VMO_CREATE:
                memory_.resize(a[1] * PAGE_BYTES);
                return {a[0] == kFactory ? STATUS_OK : STATUS_DENIED, Put(), 0, 0};
            case SYSCALL_VMO_MAP:
                return {STATUS_OK, reinterpret_cast<uint64_t>(memory_.data()), 0, 0};
            case SYSCALL_VMO_UNMAP:
                return {STATUS_OK, 0, 0, 0};
            case SYSCALL_CAP_CLONE:
                EXPECT_EQ(a[1], RIGHT_VMO_READ | RIGHT_VMO_WRITE);
                return {STATUS_OK, Put(), 0, 0};
            case SYSCALL_CAP_CLOSE:
                EXPECT_EQ(held_.erase(a[0]), 1u) << "closed what is not held: " << a[0];
                return {STATUS_OK, 0, 0, 0};
            case SYSCALL_IPC_CALL:
                return Call();
            default:
                ADD_FAILURE() << "system call " << syscall_name(number);
                return {STATUS_BAD_SYSCALL, 0, 0, 0};
        }
    }

    uint64_t Put() {
        uint64_t slot = 10;
        while (held_.count(slot) != 0) {
            slot++;
        }
        held_[slot] = true;
        return slot;
    }

    ecall_result Call() {
        message_area &out = page_.call_out;
        if ((out.header.flags & FRAME_CAP_MOVE) != 0) {
            EXPECT_EQ(held_.erase(out.meta.slot), 1u);
            out.meta.slot = CAP_SLOT_NONE;
        }
        block_message message{};
        EXPECT_EQ(block_decode(WIRE_REQUEST, out.payload, out.header.len, &message), WIRE_OK);
        if (deaths_ > 0) {
            deaths_--;
            known_ = 0;
            epoch_ += uint64_t{1} << 32;
            return {STATUS_PEER_CLOSED, DELIVERY_HANDED_OVER, 0, 0};
        }
        if (silent_) {
            now_ns_ = 1000000;
            return {STATUS_TIMED_OUT, DELIVERY_HANDED_OVER, 0, 0};
        }
        message.header.status =
            message.header.op == BLOCK_OP_OPEN ? Open(&message) : Submit(&message);
        page_.reply_in.header.len =
            block_encode(WIRE_REPLY, &message, page_.reply_in.payload, FRAME_PAYLOAD_MAX);
        return {STATUS_OK, DELIVERY_HANDED_OVER, 0, 0};
    }

    uint8_t Open(block_message *message) {
        opens_++;
        if (open_status_ != WIRE_OK) {
            return open_status_;
        }
        known_ = ++channel_;
        message->channel = known_;
        message->epoch = epoch_;
        message->sectors = 1000;
        message->sector_bytes = sector_bytes_;
        message->read_only = 0;
        return WIRE_OK;
    }

    uint8_t Submit(block_message *message) {
        submits_++;
        epochs_.push_back(message->epoch);
        if (message->channel != known_) {
            return WIRE_ABSENT;
        }
        if (submit_status_ != WIRE_OK) {
            return submit_status_;
        }
        wire_reader reader = wire_reader_of(message->items.data, message->items.count);
        items_.clear();
        while (reader.left > 0) {
            block_item item{};
            EXPECT_TRUE(block_item_get(&reader, &item));
            items_.push_back(item);
        }
        results_.clear();
        for (const block_item &item : items_) {
            results_.push_back(result_(item));
        }
        results_.resize(results_.size() + extra_results_);
        message->results = {results_.data(), static_cast<uint32_t>(results_.size())};
        message->epoch = epoch_;
        return WIRE_OK;
    }

    message_page page_ = {};
    std::vector<uint8_t> memory_;
    std::map<uint64_t, bool> held_;
    uint64_t now_ns_ = 1000;
    uint64_t epoch_ = (uint64_t{5} << 32) + 1;
    uint32_t channel_ = 0;
    uint32_t known_ = 0;
    uint32_t sector_bytes_ = 512;
    uint8_t open_status_ = WIRE_OK;
    uint8_t submit_status_ = WIRE_OK;
    int deaths_ = 0;
    bool silent_ = false;
    size_t extra_results_ = 0;
    int opens_ = 0;
    int submits_ = 0;
    std::vector<uint64_t> epochs_;  // That came with each SUBMIT.
    std::vector<block_item> items_;
    std::vector<uint8_t> results_;
    std::function<uint8_t(const block_item &)> result_ = [](const block_item &) {
        return static_cast<uint8_t>(BLOCK_OK);
    };
};

World *world;

resolved resolve(void *, service_id, policy_action, deadline) {
    return {RESOLVE_GIVEN, slot_at(world->Put()), 0};
}

class Block : public ::testing::Test {
  protected:
    Block() {
        world = &world_;
        runtime_.page = &world_.page_;
        ipc_client_init(&ipc_, &runtime_, resolve, nullptr, slot_at(CAP_SLOT_NONE));
        block_client_init(&client_, &ipc_, service_id{7}, slot_at(kFactory));
    }
    ~Block() override {
        world = nullptr;
    }

    void Open() {
        ASSERT_EQ(block_open(&client_, kWindow, until_), BLOCK_OK);
    }
    block_result Write() {
        return block_write(&client_, 3, 2, 512, until_);
    }
    block_result Flush() {
        return block_flush(&client_, until_);
    }

    World world_;
    runtime runtime_ = {};
    ipc_client ipc_;
    block_client client_;
    const deadline until_{100000};
};

TEST_F(Block, opens_writes_reads_flushes) {
    Open();
    EXPECT_EQ(client_.disk.sectors, 1000u);
    EXPECT_EQ(client_.disk.sector_bytes, 512u);
    EXPECT_FALSE(client_.disk.read_only);
    EXPECT_EQ(client_.window.size, kWindow);
    EXPECT_EQ(Write(), BLOCK_OK);
    ASSERT_EQ(world_.items_.size(), 1u);
    EXPECT_EQ(world_.items_[0].op, BLOCK_WRITE);
    EXPECT_EQ(world_.items_[0].sector, 3u);
    EXPECT_EQ(world_.items_[0].count, 2u);
    EXPECT_EQ(world_.items_[0].offset, 512u);
    EXPECT_EQ(block_read(&client_, 7, 1, 0, until_), BLOCK_OK);
    EXPECT_EQ(world_.items_[0].op, BLOCK_READ);
    EXPECT_EQ(Flush(), BLOCK_OK);
    EXPECT_EQ(world_.items_[0].op, BLOCK_FLUSH);
    const size_t held = world_.held_.size();
    block_close(&client_);
    EXPECT_EQ(world_.held_.size(), held - 1);
    EXPECT_EQ(Flush(), BLOCK_CLOSED);
}

TEST_F(Block, a_long_transfer_is_several_items_of_one_call) {
    ASSERT_EQ(block_open(&client_, BLOCK_WINDOW_BYTES_MAX, until_), BLOCK_OK);
    EXPECT_EQ(block_read(&client_, 1, BLOCK_WINDOW_BYTES_MAX / 512, 0, until_), BLOCK_OK);
    ASSERT_EQ(world_.items_.size(), size_t{BLOCK_ITEMS_MAX});
    EXPECT_EQ(world_.submits_, 1);
    EXPECT_EQ(world_.items_[31].count, BLOCK_ITEM_BYTES_MAX / 512);
    EXPECT_EQ(world_.items_[31].offset, 31u * BLOCK_ITEM_BYTES_MAX);
    EXPECT_EQ(world_.items_[31].sector, 1u + 31u * BLOCK_ITEM_BYTES_MAX / 512);
}

TEST_F(Block, says_in_which_epoch_the_unflushed_writes_were) {
    Open();
    EXPECT_EQ(Write(), BLOCK_OK);
    const uint64_t first = world_.epoch_;
    world_.epoch_++;
    EXPECT_EQ(Write(), BLOCK_OK);
    EXPECT_EQ(Flush(), BLOCK_OK);
    EXPECT_EQ(Flush(), BLOCK_OK);
    EXPECT_EQ(world_.epochs_, (std::vector<uint64_t>{0, first, first, 0}));
}

TEST_F(Block, after_lost_everything_begins_anew) {
    Open();
    EXPECT_EQ(Write(), BLOCK_OK);
    world_.result_ = [](const block_item &) { return BLOCK_LOST; };
    EXPECT_EQ(Flush(), BLOCK_LOST);
    EXPECT_FALSE(block_nothing_done(BLOCK_LOST));
    EXPECT_EQ(client_.unflushed, 0u);
}

TEST_F(Block, a_flush_that_failed_covers_nothing) {
    Open();
    EXPECT_EQ(Write(), BLOCK_OK);
    world_.result_ = [](const block_item &) { return BLOCK_FAILED; };
    EXPECT_EQ(Flush(), BLOCK_FAILED);
    EXPECT_EQ(client_.unflushed, world_.epoch_);
}

TEST_F(Block, each_item_has_its_result_and_the_first_cause_is_told) {
    Open();
    block_item items[3] = {};
    items[0].op = BLOCK_WRITE;
    items[1].op = BLOCK_FLUSH;
    items[2].op = BLOCK_WRITE;
    int next = 0;
    world_.result_ = [&next](const block_item &) {
        const uint8_t results[] = {BLOCK_NOT_DONE, BLOCK_BAD_RANGE, BLOCK_READ_ONLY};
        return results[next++];
    };
    EXPECT_EQ(block_run(&client_, items, 3, until_), BLOCK_BAD_RANGE);
    EXPECT_EQ(items[0].result, BLOCK_NOT_DONE);
    EXPECT_EQ(items[1].result, BLOCK_BAD_RANGE);
    EXPECT_EQ(items[2].result, BLOCK_READ_ONLY);
    EXPECT_EQ(client_.unflushed, 0u);
}

TEST_F(Block, a_service_started_anew_gets_the_window_and_the_operation_again) {
    Open();
    EXPECT_EQ(Write(), BLOCK_OK);
    const uint64_t before = world_.epoch_;
    world_.deaths_ = 1;
    EXPECT_EQ(Write(), BLOCK_OK);
    EXPECT_EQ(client_.opened, 2u);
    EXPECT_EQ(client_.unflushed, before) << "what the old one acknowledged is not flushed yet";
    world_.deaths_ = 1;
    EXPECT_EQ(Flush(), BLOCK_OK);
    EXPECT_EQ(world_.epochs_.back(), before) << "the service decides that it is lost";
}

// The instance before may have done the whole.
TEST_F(Block, not_done_of_the_next_instance_is_unknown) {
    Open();
    world_.deaths_ = 1;
    world_.result_ = [](const block_item &) { return BLOCK_NOT_DONE; };
    EXPECT_EQ(Write(), BLOCK_UNKNOWN);
    Open();
    world_.known_ = 0;
    world_.result_ = [](const block_item &) { return BLOCK_OK; };
    world_.submit_status_ = WIRE_OVERLOAD;
    EXPECT_EQ(Write(), BLOCK_UNKNOWN);
    EXPECT_EQ(Write(), BLOCK_BUSY) << "the same instance as before";
}

TEST_F(Block, after_the_deadline_it_is_closed_until_it_is_opened_again) {
    Open();
    world_.silent_ = true;
    EXPECT_EQ(Write(), BLOCK_CUT_OFF);
    EXPECT_FALSE(block_nothing_done(BLOCK_CUT_OFF));
    world_.silent_ = false;
    world_.now_ns_ = 1000;
    const int submits = world_.submits_;
    EXPECT_EQ(Write(), BLOCK_CLOSED);
    EXPECT_EQ(world_.submits_, submits);
    const uint8_t *window = client_.window.bytes;
    Open();
    EXPECT_EQ(client_.window.bytes, window) << "the same memory";
    EXPECT_EQ(Write(), BLOCK_OK);
}

TEST_F(Block, test_reject_service_that_breaks_the_rules) {
    Open();
    world_.extra_results_ = 1;
    EXPECT_EQ(Write(), BLOCK_CUT_OFF);
    world_.extra_results_ = 0;
    Open();
    world_.result_ = [](const block_item &) { return BLOCK_RESULT_WIRE_END; };
    EXPECT_EQ(Write(), BLOCK_UNKNOWN);
    world_.sector_bytes_ = 768;
    EXPECT_EQ(block_open(&client_, kWindow, until_), BLOCK_NO_SERVICE);
    world_.sector_bytes_ = 8192;
    EXPECT_EQ(block_open(&client_, kWindow, until_), BLOCK_NO_SERVICE);
    EXPECT_EQ(Write(), BLOCK_CLOSED);
}

TEST_F(Block, a_service_that_always_dies_is_cut_off) {
    Open();
    world_.deaths_ = 1000;
    EXPECT_EQ(Write(), BLOCK_CUT_OFF);
    EXPECT_EQ(block_open(&client_, kWindow, until_), BLOCK_CUT_OFF);
    world_.deaths_ = 0;
    Open();
}

TEST_F(Block, test_reject_open) {
    world_.open_status_ = WIRE_OVERLOAD;
    EXPECT_EQ(block_open(&client_, kWindow, until_), BLOCK_BUSY);
    world_.open_status_ = WIRE_MALFORMED;
    EXPECT_EQ(block_open(&client_, kWindow, until_), BLOCK_NO_SERVICE);
    EXPECT_EQ(Write(), BLOCK_CLOSED);
    block_close(&client_);
    EXPECT_EQ(block_open(&client_, 0, until_), BLOCK_BAD_WINDOW);
    EXPECT_EQ(block_open(&client_, BLOCK_WINDOW_BYTES_MAX + 1, until_), BLOCK_BAD_WINDOW);
    client_.factory = slot_at(5);
    EXPECT_EQ(block_open(&client_, kWindow, until_), BLOCK_NO_MEMORY);
    EXPECT_EQ(Flush(), BLOCK_CLOSED);
}

TEST_F(Block, test_reject_what_no_window_holds) {
    Open();
    const int submits = world_.submits_;
    EXPECT_EQ(block_read(&client_, 0, kWindow / 512 + 1, 0, until_), BLOCK_BAD_WINDOW);
    EXPECT_EQ(block_write(&client_, 0, 1, kWindow, until_), BLOCK_BAD_WINDOW);
    EXPECT_EQ(block_write(&client_, 0, UINT32_MAX, 512, until_), BLOCK_BAD_WINDOW);
    EXPECT_EQ(block_write(&client_, 0, 0, 0, until_), BLOCK_BAD_ITEM);
    block_item items[BLOCK_ITEMS_MAX + 1] = {};
    EXPECT_EQ(block_run(&client_, items, 0, until_), BLOCK_BAD_ITEM);
    EXPECT_EQ(block_run(&client_, items, BLOCK_ITEMS_MAX + 1, until_), BLOCK_BAD_ITEM);
    EXPECT_EQ(items[BLOCK_ITEMS_MAX].result, BLOCK_BAD_ITEM);
    EXPECT_EQ(world_.submits_, submits);
}

}  // namespace

extern "C" ecall_result sim_ecall(uint64_t number, uint64_t arg0, uint64_t arg1, uint64_t arg2,
                                  uint64_t arg3) {
    const uint64_t arguments[] = {arg0, arg1, arg2, arg3};
    return world->Enter(number, arguments);
}
