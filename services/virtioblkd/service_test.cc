// services/virtioblkd/service_test.cc: the whole service against a kernel that plays a script and
// counts system calls, and a simulated device.
#include "services/virtioblkd/service.h"

#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ipc/wire/block_wire.h"
#include "kernel/abi/device.h"
#include "kernel/abi/syscall.h"
#include "runtime/ecall.h"
#include "testing/sim_devices/blk_world.h"

namespace {

using namespace blk_world;

constexpr std::uint64_t kDevice = SLOT_FIRST_OWN;
constexpr std::uint64_t kWindow = 30;  // Slots of windows that come.
constexpr std::uint32_t kIrqBit = 5;

struct Ended {};  // The task has exited.

class Kernel {
  public:
    ecall_result Enter(std::uint64_t number, const std::uint64_t *a) {
        calls_[number]++;
        switch (number) {
            case SYSCALL_CLOCK_GET:
                return {STATUS_OK, 1000, 0, 0};
            case SYSCALL_CAP_QUERY:
                return Query(a[0]);
            case SYSCALL_MMIO_MAP:
                return {STATUS_OK, WINDOW_ADDRESS, reinterpret_cast<std::uint64_t>(arena_), 0};
            case SYSCALL_IRQ_BIND:
                EXPECT_EQ(a[2], kIrqBit);
                return {STATUS_OK, 0, 0, 0};
            case SYSCALL_IRQ_ACK:
                return {STATUS_OK, 1, 0, 0};
            case SYSCALL_TIMER_SET:
            case SYSCALL_CAP_CLOSE:
            case SYSCALL_VMO_UNMAP:
                return {STATUS_OK, 0, 0, 0};
            case SYSCALL_VMO_MAP:
                return {STATUS_OK, reinterpret_cast<std::uint64_t>(window_.data()), 0, 0};
            case SYSCALL_CONSOLE_WRITE:
                lines_.emplace_back(page_.console, a[1]);
                return {STATUS_OK, 0, 0, 0};
            case SYSCALL_IPC_CALL:
                return Ready();
            case SYSCALL_IPC_REPLY:
                Answer(a[0]);
                return {STATUS_OK, 0, 0, 0};
            case SYSCALL_IPC_REPLY_RECV:
                Answer(a[0]);
                return Next();
            case SYSCALL_IPC_RECV:
                return Next();
            case SYSCALL_TASK_EXIT:
                throw Ended{};
            default:
                ADD_FAILURE() << "system call " << syscall_name(number);
                return {STATUS_BAD_SYSCALL, 0, 0, 0};
        }
    }

    message_page page_ = {};
    std::uint8_t *arena_ = nullptr;
    std::vector<std::uint8_t> window_ = std::vector<std::uint8_t>(BLOCK_WINDOW_BYTES_MAX);
    std::deque<std::function<ecall_result()>> script_;
    std::map<std::uint64_t, std::uint64_t> calls_;
    std::map<std::uint64_t, block_message> answers_;  // By reply,
    std::map<std::uint64_t, std::vector<std::uint8_t>> results_;
    std::vector<std::string> lines_;

  private:
    ecall_result Query(std::uint64_t what) {
        if (what == kDevice) {
            return {STATUS_OK, cap_query_pack(CAP_DEVICE, RIGHTS_DEVICE),
                    device_query_pack(0, 1, ARENA_PAGES, DEVICE_ID_BLOCK), PHYSICAL};
        }
        if (what == kWindow) {
            return {STATUS_OK, cap_query_pack(CAP_VMO, RIGHT_VMO_READ | RIGHT_VMO_WRITE),
                    std::uint64_t{BLOCK_WINDOW_BYTES_MAX} / PAGE_BYTES, 0};
        }
        return {STATUS_OK, cap_query_pack(CAP_ENDPOINT, RIGHT_RECV | RIGHT_CALL), 0, 0};
    }

    ecall_result Ready() {
        const std::uint8_t *request = page_.call_out.payload;
        std::vector<std::uint8_t> reply(request, request + 4);
        reply[3] |= WIRE_REPLY_BIT;
        reply.push_back(WIRE_OK);
        reply.insert(reply.end(), request + 4, request + 12);
        std::memcpy(page_.reply_in.payload, reply.data(), reply.size());
        page_.reply_in.header.len = static_cast<std::uint32_t>(reply.size());
        return {STATUS_OK, DELIVERY_HANDED_OVER, 0, 0};
    }

    void Answer(std::uint64_t reply) {
        block_message message{};
        const message_area &out = page_.reply_out;
        EXPECT_EQ(block_decode(WIRE_REPLY, out.payload, out.header.len, &message), WIRE_OK);
        EXPECT_EQ(message.header.nonce.value, reply) << "the nonce of its own request";
        EXPECT_EQ(answers_.count(reply), 0u) << "answered twice";
        answers_[reply] = message;
        results_[reply].assign(message.results.data, message.results.data + message.results.count);
    }

    ecall_result Next() {
        if (script_.empty()) {
            return {STATUS_PEER_CLOSED, 0, 0, 0};
        }
        const auto event = script_.front();
        script_.pop_front();
        return event();
    }
};

Kernel *kernel;

class Service : public ::testing::Test {
  protected:
    Service() {
        kernel = &kernel_;
        kernel_.arena_ = world_.arena_.data();
        runtime_.page = &kernel_.page_;
        runtime_.argument = std::uint64_t{1} << 32;
        runtime_.instance = 7;
        runtime_.marker_right = true;
    }
    ~Service() override {
        kernel = nullptr;
        EXPECT_TRUE(world_.device_.faults().empty());
    }

    // A call whose reply handle is its nonce.
    void Calls(std::uint64_t number, block_message message, std::uint32_t instance = 100,
               std::uint64_t carried = CAP_SLOT_NONE) {
        std::vector<std::uint8_t> bytes(FRAME_PAYLOAD_MAX);
        message.header.nonce.value = Handle(number);
        bytes.resize(block_encode(WIRE_REQUEST, &message, bytes.data(), FRAME_PAYLOAD_MAX));
        kernel_.script_.push_back([=] {
            message_area &in = kernel->page_.request_in;
            in.header.type = WIRE_PROTOCOL_BLOCK;
            in.header.len = static_cast<std::uint32_t>(bytes.size());
            in.meta.service_id = instance;  // Each is a service of its own.
            in.meta.instance = instance;
            in.meta.slot = static_cast<std::uint32_t>(carried);
            std::copy(bytes.begin(), bytes.end(), in.payload);
            return ecall_result{STATUS_OK, RECEIVED_CALL, Handle(number), 0};
        });
    }
    void Opens(std::uint64_t number, std::uint32_t instance = 100) {
        block_message message{};
        message.header.op = BLOCK_OP_OPEN;
        Calls(number, message, instance, kWindow);
    }
    void Submits(std::uint64_t number, std::uint32_t count, block_item item,
                 std::uint32_t channel = 1, std::uint32_t instance = 100) {
        std::vector<std::uint8_t> packed(count * BLOCK_ITEM_WIRE_BYTES);
        wire_writer writer =
            wire_writer_of(packed.data(), static_cast<std::uint32_t>(packed.size()));
        for (std::uint32_t i = 0; i < count; i++) {
            block_item_put(&writer, &item);
        }
        block_message message{};
        message.header.op = BLOCK_OP_SUBMIT;
        message.channel = channel;
        message.items = {packed.data(), static_cast<std::uint32_t>(packed.size())};
        Calls(number, message, instance);
    }
    // The device works, and interrupts if it is to.
    void DeviceRuns() {
        kernel_.script_.push_back([this] {
            world_.device_.run(1000);
            EXPECT_TRUE(world_.device_.line());
            return ecall_result{STATUS_OK, RECEIVED_NOTIFICATION, 0, std::uint64_t{1} << kIrqBit};
        });
    }
    void TimerExpires() {
        kernel_.script_.push_back([] {
            return ecall_result{STATUS_OK, RECEIVED_NOTIFICATION, NOTIFY_TIMER, 0};
        });
    }
    void Run() {
        try {
            EXPECT_EQ(virtioblkd_main(&runtime_, nullptr), 1);
        } catch (const Ended &) {
            ended_ = true;
        }
    }
    static std::uint64_t Handle(std::uint64_t number) {
        return REPLY_HANDLE_BIT | 7u << REPLY_HANDLE_GENERATION_SHIFT | number;
    }
    std::uint64_t Made(syscall_number number) {
        return kernel_.calls_[number];
    }

    World world_{1, 8 * SECTOR_BYTES};
    Kernel kernel_;
    runtime runtime_ = {};
    bool ended_ = false;
};

TEST_F(Service, opens_submits_and_counts) {
    block_message stats{};
    stats.header.op = BLOCK_OP_STATS;
    Opens(1);
    Submits(2, 1, item_of(BLOCK_WRITE, 3, 1));
    DeviceRuns();
    Calls(3, stats);
    kernel_.window_[0] = 9;
    Run();
    EXPECT_EQ(kernel_.lines_.at(0), "virtioblkd: ready");
    EXPECT_EQ(kernel_.answers_[Handle(1)].sectors, SECTORS);
    EXPECT_EQ(kernel_.answers_[Handle(1)].epoch, (std::uint64_t{7} << 32) + 1);
    EXPECT_EQ(kernel_.results_[Handle(2)], std::vector<std::uint8_t>{BLOCK_OK});
    EXPECT_EQ(world_.image_.read(3)[0], 9);
    EXPECT_EQ(kernel_.answers_[Handle(3)].requests, 1u);
    EXPECT_EQ(kernel_.answers_[Handle(3)].interrupts, 1u);
}

// By one who has no window; what others write meanwhile is not in its way.
TEST_F(Service, sync_flushes_for_everybody) {
    block_message sync{};
    sync.header.op = BLOCK_OP_SYNC;
    block_message stats{};
    stats.header.op = BLOCK_OP_STATS;
    Opens(1);
    Submits(2, 1, item_of(BLOCK_WRITE, 3, 1));
    DeviceRuns();
    Calls(3, sync, 5);
    DeviceRuns();
    Calls(4, stats);
    Run();
    EXPECT_EQ(kernel_.results_[Handle(3)], std::vector<std::uint8_t>{BLOCK_OK});
    EXPECT_EQ(kernel_.answers_[Handle(4)].flushes, 1u);
    EXPECT_EQ(kernel_.answers_[Handle(4)].requests, 2u);
}

// At depth 32 the caller makes one system call, the service three: one for eight requests.
TEST_F(Service, thirty_two_requests_are_four_system_calls_and_one_interrupt) {
    constexpr std::uint64_t kRounds = 10;
    Opens(1);
    Submits(2, 32, item_of(BLOCK_READ, 0, 8));  // Sets the timer, once.
    DeviceRuns();
    std::map<std::uint64_t, std::uint64_t> before;
    for (std::uint64_t i = 0; i < kRounds; i++) {
        Submits(3 + i, 32, item_of(BLOCK_READ, 0, 8));
        if (i == 0) {
            const auto submit = kernel_.script_.back();
            kernel_.script_.back() = [this, submit, &before] {
                before = kernel_.calls_;
                return submit();
            };
        }
        DeviceRuns();
    }
    std::uint64_t made = 0;
    kernel_.script_.push_back([this, &before, &made] {
        for (const auto &[number, count] : kernel_.calls_) {
            // The time of a request is an instruction on the machine (runtime/ticks.h).
            made += number == SYSCALL_CLOCK_GET ? 0 : count - before[number];
        }
        return ecall_result{STATUS_PEER_CLOSED, 0, 0, 0};
    });
    Run();
    EXPECT_EQ(kernel_.answers_.size(), 2u + kRounds);
    EXPECT_EQ(made, 3 * kRounds);
    EXPECT_EQ(world_.device_.interrupts, 1 + kRounds);
    EXPECT_EQ(world_.device_.notified, 1 + kRounds);
    EXPECT_EQ(Made(SYSCALL_TIMER_SET), 1u);
    EXPECT_EQ(Made(SYSCALL_IPC_REPLY), 0u);
}

// Two are over at the same time: one answer leaves by itself, the last one with the receive.
TEST_F(Service, several_answers_of_one_interrupt) {
    Opens(1);
    Opens(2, 200);
    Submits(3, 2, item_of(BLOCK_READ, 0, 1));
    Submits(4, 2, item_of(BLOCK_READ, 0, 1), 2, 200);
    DeviceRuns();
    Run();
    EXPECT_EQ(kernel_.results_[Handle(3)], (std::vector<std::uint8_t>{BLOCK_OK, BLOCK_OK}));
    EXPECT_EQ(kernel_.results_[Handle(4)], (std::vector<std::uint8_t>{BLOCK_OK, BLOCK_OK}));
    EXPECT_EQ(Made(SYSCALL_IPC_REPLY), 1u);
}

TEST_F(Service, a_refused_item_is_answered_at_once) {
    Opens(1);
    Submits(2, 1, item_of(BLOCK_READ, SECTORS, 1));
    Run();
    EXPECT_EQ(kernel_.results_[Handle(2)], std::vector<std::uint8_t>{BLOCK_BAD_RANGE});
}

TEST_F(Service, test_reject_foreign_window) {
    block_message none{};
    none.header.op = BLOCK_OP_OPEN;
    Opens(1);
    Submits(2, 1, item_of(BLOCK_READ, 0, 1), 1, 200);
    Calls(3, none);
    Run();
    EXPECT_EQ(kernel_.answers_[Handle(2)].header.status, WIRE_ABSENT);
    EXPECT_EQ(kernel_.answers_[Handle(3)].header.status, WIRE_MALFORMED) << "no window came";
}

TEST_F(Service, test_reject_over_depth) {
    Opens(1);
    for (std::uint64_t i = 0; i < VIRTIOBLKD_SUBMISSIONS_EACH; i++) {
        Submits(2 + i, 1, item_of(BLOCK_READ, 0, 1));
    }
    Submits(20, 1, item_of(BLOCK_READ, 0, 1));
    DeviceRuns();
    Run();
    EXPECT_EQ(kernel_.answers_[Handle(20)].header.status, WIRE_OVERLOAD);
    EXPECT_EQ(kernel_.answers_.size(), 2u + VIRTIOBLKD_SUBMISSIONS_EACH);
}

// The timer is set again while something is out; after enough rounds the device is reset.
TEST_F(Service, a_device_that_hangs_is_reset) {
    world_.device_.options.hangs = 1;
    Opens(1);
    Submits(2, 1, item_of(BLOCK_READ, 0, 1));
    kernel_.script_.push_back([this] {
        world_.device_.run(1);
        return ecall_result{STATUS_TIMED_OUT, 0, 0, 0};
    });
    for (int i = 0; i < VIRTIOBLKD_ROUNDS + 1; i++) {
        TimerExpires();
    }
    Run();
    EXPECT_EQ(kernel_.results_[Handle(2)], std::vector<std::uint8_t>{BLOCK_UNKNOWN});
    EXPECT_EQ(world_.device_.resets, 2u);
    EXPECT_EQ(Made(SYSCALL_TIMER_SET), 1u + VIRTIOBLKD_ROUNDS);
}

TEST_F(Service, a_device_that_does_not_come_back_ends_the_service) {
    world_.device_.options.hangs = 1;
    Opens(1);
    Submits(2, 1, item_of(BLOCK_READ, 0, 1));
    kernel_.script_.push_back([this] {
        world_.device_.run(1);
        world_.device_.options.resets = false;
        return ecall_result{STATUS_TIMED_OUT, 0, 0, 0};
    });
    for (int i = 0; i < VIRTIOBLKD_ROUNDS + 1; i++) {
        TimerExpires();
    }
    Run();
    EXPECT_TRUE(ended_);
    EXPECT_EQ(kernel_.results_[Handle(2)], std::vector<std::uint8_t>{BLOCK_UNKNOWN})
        << "and says so";
}

TEST_F(Service, test_reject_legacy_device) {
    world_.device_.options.version = 1;
    Run();
    EXPECT_EQ(kernel_.lines_.at(0), "virtioblkd: legacy device refused");
    EXPECT_EQ(kernel_.lines_.size(), 1u);
}

TEST_F(Service, test_reject_missing_device) {
    world_.device_.options.device_id = 0;
    Run();
    EXPECT_NE(kernel_.lines_.at(0).find("no disk"), std::string::npos);
    EXPECT_EQ(kernel_.lines_.size(), 1u);
}

}  // namespace

extern "C" ecall_result sim_ecall(std::uint64_t number, std::uint64_t arg0, std::uint64_t arg1,
                                  std::uint64_t arg2, std::uint64_t arg3) {
    const std::uint64_t arguments[] = {arg0, arg1, arg2, arg3};
    return kernel->Enter(number, arguments);
}
