// services/virtioblkd/channels_test.cc: windows of callers, against a kernel that counts slots and
// mappings.
#include "services/virtioblkd/channels.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "kernel/abi/syscall.h"
#include "runtime/ecall.h"
#include "testing/sim_devices/blk_world.h"

namespace {

using namespace blk_world;

struct Memory {
    std::uint64_t pages;
    std::uint64_t rights;
    bool sealed;
};

class Kernel {
  public:
    ecall_result Enter(std::uint64_t number, const std::uint64_t *a) {
        switch (number) {
            case SYSCALL_CAP_QUERY: {
                const Memory &memory = held_.at(a[0]);
                return {STATUS_OK,
                        cap_query_pack(CAP_VMO, static_cast<std::uint32_t>(memory.rights)),
                        memory.pages, memory.sealed ? VMO_QUERY_SEALED : 0};
            }
            case SYSCALL_VMO_MAP:
                if (full_) {
                    return {STATUS_NO_SPACE, 0, 0, 0};
                }
                mapped_.insert(a[0]);
                return {STATUS_OK, 0x1000 * a[0], 0, 0};
            case SYSCALL_VMO_UNMAP:
                EXPECT_EQ(mapped_.erase(a[0]), 1u);
                return {STATUS_OK, 0, 0, 0};
            case SYSCALL_CAP_CLOSE:
                EXPECT_EQ(held_.erase(a[0]), 1u) << "closed what is not held";
                return {STATUS_OK, 0, 0, 0};
            default:
                ADD_FAILURE() << "system call " << syscall_name(number);
                return {STATUS_BAD_SYSCALL, 0, 0, 0};
        }
    }

    slot Put(Memory memory) {
        held_[++last_] = memory;
        return slot_at(last_);
    }

    std::map<std::uint64_t, Memory> held_;
    std::set<std::uint64_t> mapped_;
    bool full_ = false;
    std::uint64_t last_ = 9;
};

Kernel *kernel;

class Channels : public ::testing::Test, public World {
  protected:
    Channels() : World(1, 8 * SECTOR_BYTES) {
        kernel = &kernel_;
        EXPECT_EQ(Begin(), DISK_OK);
    }
    ~Channels() override {
        kernel = nullptr;
    }

    wire_status Open(std::uint32_t owner,
                     Memory memory = {1, RIGHT_VMO_READ | RIGHT_VMO_WRITE, false}) {
        return OpenAs({1000 + owner, owner}, memory);
    }
    wire_status OpenAs(channel_owner owner,
                       Memory memory = {1, RIGHT_VMO_READ | RIGHT_VMO_WRITE, false}) {
        number_ = 0;
        const wire_status status =
            channels_open(&channels_, blk_.get(), owner, kernel_.Put(memory), &number_);
        EXPECT_EQ(kernel_.held_.size(), kernel_.mapped_.size()) << "what is held is mapped";
        return status;
    }
    const channel *Find(std::uint32_t owner, std::uint32_t number) {
        return channels_find(&channels_, owner, number);
    }

    Kernel kernel_;
    channels channels_ = {};
    std::uint32_t number_ = 0;
};

TEST_F(Channels, one_for_each_caller) {
    ASSERT_EQ(Open(7), WIRE_OK);
    const std::uint32_t first = number_;
    ASSERT_NE(Find(7, first), nullptr);
    EXPECT_EQ(Find(7, first)->window.size, 4096u);
    ASSERT_EQ(Open(7), WIRE_OK);
    EXPECT_EQ(Find(7, first), nullptr) << "the earlier one is gone";
    EXPECT_NE(Find(7, number_), nullptr);
    EXPECT_EQ(kernel_.mapped_.size(), 1u);
}

TEST_F(Channels, test_reject_foreign_window) {
    ASSERT_EQ(Open(7), WIRE_OK);
    EXPECT_EQ(Find(8, number_), nullptr);
    EXPECT_EQ(Find(7, 0), nullptr);
    EXPECT_EQ(Find(7, number_ + 1), nullptr);
}

TEST_F(Channels, test_reject_what_is_no_window) {
    constexpr std::uint64_t kBoth = RIGHT_VMO_READ | RIGHT_VMO_WRITE;
    EXPECT_EQ(Open(7, {1, kBoth, true}), WIRE_MALFORMED) << "sealed";
    EXPECT_EQ(Open(7, {1, RIGHT_VMO_READ, false}), WIRE_MALFORMED) << "to be read only";
    EXPECT_EQ(Open(7, {BLOCK_WINDOW_BYTES_MAX / 4096 + 1, kBoth, false}), WIRE_MALFORMED);
    kernel_.full_ = true;
    EXPECT_EQ(Open(7), WIRE_OVERLOAD);
    EXPECT_EQ(number_, 0u);
    EXPECT_TRUE(kernel_.held_.empty());
}

// The least recently used one, but none that is in use.
TEST_F(Channels, makes_room) {
    std::uint32_t numbers[CHANNEL_MAX + 1] = {};
    for (std::uint32_t i = 1; i <= CHANNEL_MAX; i++) {
        ASSERT_EQ(Open(i), WIRE_OK);
        numbers[i] = number_;
        EXPECT_EQ(number_, i) << "numbers rise";
    }
    EXPECT_EQ(Submit(1, {item_of(BLOCK_READ, 0, 1)}), WIRE_OK);  // Through channel 1.
    ASSERT_NE(Find(2, numbers[2]), nullptr);
    ASSERT_EQ(Open(100), WIRE_OK);
    EXPECT_NE(Find(1, numbers[1]), nullptr) << "in use";
    EXPECT_NE(Find(2, numbers[2]), nullptr) << "used since";
    EXPECT_EQ(Find(3, numbers[3]), nullptr);
}

TEST_F(Channels, test_reject_when_all_are_in_use) {
    for (std::uint32_t i = 1; i <= CHANNEL_MAX; i++) {
        ASSERT_EQ(Open(i), WIRE_OK);
        EXPECT_EQ(Submit(i, {item_of(BLOCK_READ, 0, 1)}), WIRE_OK);
    }
    EXPECT_EQ(Open(100), WIRE_OVERLOAD);
    EXPECT_EQ(kernel_.mapped_.size(), std::size_t{CHANNEL_MAX});
    Finish();
    EXPECT_EQ(Open(100), WIRE_OK);
}

// What an instance left behind goes when the next of its service comes; that of a program, of which
// others may run, stays until its place is needed.
TEST_F(Channels, the_next_instance_ends_the_window_of_the_last) {
    constexpr std::uint64_t kService = 5;
    constexpr std::uint64_t kProgram = UINT64_C(1) << 63 | 5;
    ASSERT_EQ(OpenAs({kService, 7}), WIRE_OK);
    const std::uint32_t left = number_;
    ASSERT_EQ(OpenAs({kService, 8}), WIRE_OK);
    EXPECT_EQ(Find(7, left), nullptr);
    EXPECT_NE(Find(8, number_), nullptr);
    EXPECT_EQ(kernel_.mapped_.size(), 1u);
    ASSERT_EQ(OpenAs({kProgram, 9}), WIRE_OK);
    const std::uint32_t kept = number_;
    ASSERT_EQ(OpenAs({kProgram, 10}), WIRE_OK);
    EXPECT_NE(Find(9, kept), nullptr);
    EXPECT_NE(Find(10, number_), nullptr);
}

// What an instance sent before it ended may come after what the next one sent.
TEST_F(Channels, test_reject_window_of_an_instance_that_has_a_successor) {
    constexpr std::uint64_t kService = 5;
    constexpr std::uint64_t kProgram = UINT64_C(1) << 63 | 5;
    ASSERT_EQ(OpenAs({kService, 8}), WIRE_OK);
    const std::uint32_t kept = number_;
    EXPECT_EQ(OpenAs({kService, 7}), WIRE_DENIED);
    EXPECT_EQ(number_, 0u);
    EXPECT_NE(Find(8, kept), nullptr) << "the successor's stays";
    EXPECT_EQ(kernel_.mapped_.size(), 1u);
    EXPECT_EQ(OpenAs({kService + 1, 7}), WIRE_OK) << "of another service";
    ASSERT_EQ(OpenAs({kProgram, 10}), WIRE_OK);
    EXPECT_EQ(OpenAs({kProgram, 9}), WIRE_OK) << "of a program two may run";
    EXPECT_EQ(OpenAs({kService, 8}), WIRE_OK) << "its own again";
}

// A caller that opens again has no use for what is under way.
TEST_F(Channels, a_new_window_ends_the_use_of_the_old_one) {
    ASSERT_EQ(Open(1), WIRE_OK);
    image_.write(5, {1, 1});
    EXPECT_EQ(Submit(1, {item_of(BLOCK_READ, 5, 1)}), WIRE_OK);
    ASSERT_EQ(Open(1), WIRE_OK);
    Finish();
    EXPECT_EQ(At(1, 0), 0);
}

}  // namespace

extern "C" ecall_result sim_ecall(std::uint64_t number, std::uint64_t arg0, std::uint64_t arg1,
                                  std::uint64_t arg2, std::uint64_t arg3) {
    const std::uint64_t arguments[] = {arg0, arg1, arg2, arg3};
    return kernel->Enter(number, arguments);
}
