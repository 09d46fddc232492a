// ipc/ask_test.cc: one operation by name, against a kernel and a service that answer as they are
// told.
#include "ipc/ask.h"

#include <cstddef>
#include <cstring>
#include <functional>
#include <vector>

#include "gtest/gtest.h"
#include "ipc/wire/echo_wire.h"
#include "kernel/abi/syscall.h"
#include "runtime/ecall.h"

namespace {

constexpr uint64_t kRoute = 9;

class World {
  public:
    ecall_result Enter(uint64_t number, uint64_t a0) {
        switch (number) {
            case SYSCALL_CLOCK_GET:
                return {STATUS_OK, 1000, 0, 0};
            case SYSCALL_CAP_CLOSE:
                closed_.push_back(a0);
                return {STATUS_OK, 0, 0, 0};
            case SYSCALL_IPC_CALL:
                calls_++;
                flags_ = page_.call_out.header.flags;
                if ((flags_ & FRAME_CAP_MOVE) != 0) {
                    page_.call_out.meta.slot = CAP_SLOT_NONE;
                }
                return call_();
            default:
                ADD_FAILURE() << "system call " << syscall_name(number);
                return {STATUS_BAD_SYSCALL, 0, 0, 0};
        }
    }

    // Answers with the value and one more, and a capability in slot 30.
    ecall_result Echo(uint8_t op) {
        echo_message message{};
        EXPECT_EQ(
            echo_decode(WIRE_REQUEST, page_.call_out.payload, page_.call_out.header.len, &message),
            WIRE_OK);
        message.header.op = op;
        message.header.status = status_;
        message.value++;
        page_.reply_in.header.len =
            echo_encode(WIRE_REPLY, &message, page_.reply_in.payload, FRAME_PAYLOAD_MAX);
        page_.reply_in.meta.slot = 30;
        return {STATUS_OK, DELIVERY_HANDED_OVER, 0, 0};
    }

    message_page page_ = {};
    std::function<ecall_result()> call_ = [this] { return Echo(ECHO_OP_ECHO); };
    uint8_t status_ = WIRE_OK;
    int calls_ = 0;
    uint16_t flags_ = 0;
    std::vector<uint64_t> closed_;
};

World *world;

resolved resolve(void *, service_id, policy_action, deadline) {
    return {RESOLVE_GIVEN, slot_at(kRoute), 0};
}

class Ask : public ::testing::Test {
  protected:
    Ask() {
        world = &world_;
        runtime_.page = &world_.page_;
        ipc_client_init(&client_, &runtime_, resolve, nullptr, slot_at(CAP_SLOT_NONE));
        question_.target = service_id{7};
        question_.protocol = &echo_rows;
        question_.deadline = deadline{2000};
    }
    ~Ask() override {
        world = nullptr;
    }

    ipc_error Do(uint8_t op = ECHO_OP_ECHO) {
        message_.header.op = op;
        message_.value = 41;
        return ipc_ask(&client_, &question_, &message_).error;
    }

    World world_;
    runtime runtime_ = {};
    ipc_client client_;
    ipc_question question_ = {};
    echo_message message_ = {};
};

TEST_F(Ask, the_answer_is_in_the_message) {
    EXPECT_EQ(Do(), IPC_OK);
    EXPECT_EQ(message_.value, 42u);
    EXPECT_EQ(message_.header.status, WIRE_OK);
    EXPECT_EQ(world_.page_.call_out.header.type,
              WIRE_TYPE(WIRE_PROTOCOL_ECHO, ECHO_OP_ECHO, WIRE_VIA_MISS));
    EXPECT_EQ(world_.flags_, 0);
    const uint64_t first = message_.header.nonce.value;
    EXPECT_NE(first, 0u);
    EXPECT_EQ(Do(), IPC_OK);
    EXPECT_NE(message_.header.nonce.value, first) << "each request has its own";
}

TEST_F(Ask, a_refusal_is_an_answer) {
    world_.status_ = WIRE_DENIED;
    EXPECT_EQ(Do(), IPC_OK);
    EXPECT_EQ(message_.header.status, WIRE_DENIED);
}

// The row of ECHO says that it may be sent again, that of END that it may not.
TEST_F(Ask, the_operations_row_says_what_may_be_sent_again) {
    world_.call_ = [] { return ecall_result{STATUS_PEER_CLOSED, DELIVERY_HANDED_OVER, 0, 0}; };
    EXPECT_EQ(Do(ECHO_OP_END), IPC_UNKNOWN_OUTCOME);
    EXPECT_EQ(world_.calls_, 1);
    world_.calls_ = 0;
    EXPECT_EQ(Do(ECHO_OP_ECHO), IPC_REJECTED);
    EXPECT_GT(world_.calls_, 1);
}

TEST_F(Ask, capabilities_go_and_come_only_when_they_should) {
    slot taken = slot_at(77);
    question_.carried = slot_at(20);
    question_.taken = &taken;
    EXPECT_EQ(Do(), IPC_OK);
    EXPECT_EQ(world_.flags_, FRAME_CAP_MOVE | FRAME_TAKE_CAP);
    EXPECT_EQ(taken.value, 30u);
    EXPECT_TRUE(world_.closed_.empty());
}

TEST_F(Ask, test_reject_message_that_is_none) {
    question_.carried = slot_at(20);
    EXPECT_EQ(Do(99), IPC_BAD_REQUEST);
    EXPECT_EQ(world_.calls_, 0);
    EXPECT_EQ(world_.closed_, std::vector<uint64_t>{20});
    EXPECT_EQ(client_.stats.outcomes[IPC_BAD_REQUEST][IPC_MISS], 1u);
}

// As long as a frame holds, and a byte more; each way says so, and closes what was to go with it.
TEST_F(Ask, test_reject_more_bytes_than_a_frame_holds) {
    struct text {
        wire_header header;
        wire_bytes bytes;
    };
    static const uint8_t letters[FRAME_PAYLOAD_MAX] = {};
    const wire_field field = {"bytes", "", offsetof(text, bytes), WIRE_BYTES};
    const wire_op put = {"PUT", "", {1, 0}, 1, false, 0, {0, 0}};
    const wire_protocol_rows rows = {"text", &put, &field, 1, 1, 99, sizeof(text), {{'T', 'X'}}};
    const uint32_t most = 0u + FRAME_PAYLOAD_MAX - WIRE_REQUEST_HEADER_BYTES - 2;
    question_.protocol = &rows;
    world_.call_ = [] { return ecall_result{STATUS_TIMED_OUT, DELIVERY_NONE, 0, 0}; };
    text message = {{}, {letters, most}};
    message.header.op = 1;
    EXPECT_EQ(ipc_ask(&client_, &question_, &message).error, IPC_TIMED_OUT);
    EXPECT_EQ(world_.page_.call_out.header.len, 0u + FRAME_PAYLOAD_MAX);
    question_.carried = slot_at(20);
    for (const uint32_t count : {most + 1, 0u + FRAME_PAYLOAD_MAX, UINT32_MAX}) {
        message.bytes.count = count;
        for (auto *way : {ipc_ask, ipc_manage, ipc_tell}) {
            world_.closed_.clear();
            EXPECT_EQ(way(&client_, &question_, &message).error, IPC_TOO_LARGE);
            EXPECT_EQ(world_.closed_, std::vector<uint64_t>{20});
        }
    }
    EXPECT_EQ(world_.calls_, 1);
    EXPECT_EQ(client_.stats.outcomes[IPC_TOO_LARGE][IPC_MISS], 9u);
}

TEST_F(Ask, test_reject_answer_that_is_none) {
    slot taken = slot_at(77);
    question_.taken = &taken;
    world_.call_ = [] { return world->Echo(ECHO_OP_END); };
    EXPECT_EQ(Do(), IPC_UNKNOWN_OUTCOME) << "an answer to another operation";
    EXPECT_EQ(taken.value, 0u + CAP_SLOT_NONE);
    EXPECT_EQ(world_.closed_, std::vector<uint64_t>{30});
    world_.call_ = [] {
        const ecall_result result = world->Echo(ECHO_OP_ECHO);
        world->page_.reply_in.header.len--;
        return result;
    };
    EXPECT_EQ(Do(), IPC_UNKNOWN_OUTCOME) << "a byte too few";
    EXPECT_EQ(client_.stats.outcomes[IPC_UNKNOWN_OUTCOME][IPC_MISS], 1u);
    EXPECT_EQ(client_.stats.outcomes[IPC_UNKNOWN_OUTCOME][IPC_HIT], 1u);
    EXPECT_EQ(client_.stats.outcomes[IPC_OK][IPC_MISS], 0u);
    EXPECT_EQ(client_.stats.outcomes[IPC_OK][IPC_HIT], 0u);
}

TEST_F(Ask, test_reject_capability_of_an_answer_to_another_request) {
    slot taken = slot_at(77);
    question_.taken = &taken;
    world_.call_ = [] {
        const ecall_result result = world->Echo(ECHO_OP_ECHO);
        world->page_.reply_in.payload[WIRE_REPLY_HEADER_BYTES - 1] ^= 1;  // Of the nonce.
        return result;
    };
    EXPECT_EQ(Do(), IPC_REJECTED);
    EXPECT_GT(world_.calls_, 1);
    EXPECT_EQ(world_.closed_, std::vector<uint64_t>(static_cast<size_t>(world_.calls_), 30));
    EXPECT_EQ(taken.value, 0u + CAP_SLOT_NONE);
}

// A send: nobody answers, so there is nothing to take.
TEST_F(Ask, test_reject_telling_what_takes_a_capability) {
    slot taken = slot_at(77);
    question_.carried = slot_at(20);
    question_.taken = &taken;
    message_.header.op = ECHO_OP_ECHO;
    EXPECT_EQ(ipc_tell(&client_, &question_, &message_).error, IPC_BAD_REQUEST);
    EXPECT_EQ(world_.calls_, 0);
    EXPECT_EQ(world_.closed_, std::vector<uint64_t>{20});
}

}  // namespace

extern "C" ecall_result sim_ecall(uint64_t number, uint64_t arg0, uint64_t, uint64_t, uint64_t) {
    return world->Enter(number, arg0);
}
