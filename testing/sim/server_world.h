// testing/sim/server_world.h: for tests of a service's loop: a kernel that brings it what a script
// says, and a service whose operations do little.
// Ownership: the fixture owns kernel, server and state; one at a time. Errors: EXPECTs that fail.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "ipc/server.h"
#include "kernel/abi/syscall.h"
#include "runtime/ecall.h"

namespace server_world {

enum Op : uint8_t { ADD = 1, LATER, TELL, LEND, REFUSE };

struct message {
    wire_header header;
    uint64_t value;
};

inline const wire_field kFields[] = {{"value", "", offsetof(message, value), WIRE_U64}};
inline const wire_op kOps[] = {
    {"ADD", "", {1, 1}, ADD, true, 0, {8, 8}},       {"LATER", "", {1, 1}, LATER, true, 0, {8, 8}},
    {"TELL", "", {1, 0}, TELL, true, 0, {8, 0}},     {"LEND", "", {1, 1}, LEND, true, 0, {8, 8}},
    {"REFUSE", "", {1, 1}, REFUSE, true, 0, {8, 8}},
};
inline const wire_protocol_rows kProtocol = {"test", kOps, kFields,         5,
                                             1,      99,   sizeof(message), {{'T', 'S'}}};

struct Answer {
    uint64_t reply;
    std::vector<uint8_t> bytes;
    uint16_t type;
    uint64_t carried;
};

// The kernel: a script of events, and what the service did.
class Kernel {
  public:
    ecall_result Enter(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2) {
        switch (number) {
            case SYSCALL_CLOCK_GET:
                return {STATUS_OK, now_ns_, 0, 0};
            case SYSCALL_CAP_QUERY:
                return Query(a0);
            case SYSCALL_CAP_CLOSE:
                closed_.push_back(a0);
                return {STATUS_OK, 0, 0, 0};
            case SYSCALL_IPC_CALL:
                return Ready();
            case SYSCALL_IPC_REPLY:
                return {static_cast<uint64_t>(Reply(a0)), 0, 0, 0};
            case SYSCALL_IPC_REPLY_RECV:
                Reply(a0);
                return Next(a2);
            case SYSCALL_IPC_RECV:
                return Next(a1);
            case SYSCALL_CONSOLE_WRITE:
                lines_.emplace_back(page_.console, a1);
                return {STATUS_OK, 0, 0, 0};
            default:
                ADD_FAILURE() << "system call " << syscall_name(number);
                return {STATUS_BAD_SYSCALL, 0, 0, 0};
        }
    }

    void Put(uint16_t type, const std::vector<uint8_t> &bytes) {
        std::memset(&page_.request_in, 0xee, sizeof(page_.request_in));
        page_.request_in.header.type = type;
        page_.request_in.header.len = static_cast<uint32_t>(bytes.size());
        page_.request_in.meta.service_id = 4711;
        page_.request_in.meta.slot = static_cast<uint32_t>(comes_);
        std::copy(bytes.begin(), bytes.end(), page_.request_in.payload);
    }

    message_page page_ = {};
    std::deque<std::function<ecall_result()>> script_;
    std::vector<Answer> answers_;
    std::vector<uint64_t> closed_;
    std::vector<uint64_t> gone_;  // Replies whose callers have left,
    std::vector<uint64_t> none_;  // and whose callers take no capability.
    std::vector<std::string> lines_;
    std::vector<uint64_t> deadlines_;
    uint64_t now_ns_ = 1000;
    uint64_t comes_ = CAP_SLOT_NONE;  // With each request.
    bool endpoint_ = true;

  private:
    ecall_result Query(uint64_t what) {
        if ((what & REPLY_HANDLE_BIT) != 0) {
            const bool gone = std::count(gone_.begin(), gone_.end(), what) != 0;
            return {STATUS_OK, 0, gone ? 0u : 1u, 0};
        }
        if (what == SLOT_ENDPOINT && !endpoint_) {
            return {STATUS_BAD_CAP, 0, 0, 0};
        }
        return {STATUS_OK, cap_query_pack(CAP_ENDPOINT, RIGHT_RECV | RIGHT_CALL), 0, 0};
    }

    ecall_result Ready() {
        std::memset(&page_.reply_in, 0, sizeof(page_.reply_in));
        const uint8_t *request = page_.call_out.payload;
        std::vector<uint8_t> reply(request, request + 4);
        reply[3] |= WIRE_REPLY_BIT;
        reply.push_back(WIRE_OK);
        reply.insert(reply.end(), request + 4, request + 12);
        std::memcpy(page_.reply_in.payload, reply.data(), reply.size());
        page_.reply_in.header.len = static_cast<uint32_t>(reply.size());
        return {STATUS_OK, DELIVERY_HANDED_OVER, 0, 0};
    }

    status Reply(uint64_t reply) {
        const message_area &out = page_.reply_out;
        const bool carries = (out.header.flags & FRAME_CAP_MOVE) != 0;
        if (std::count(gone_.begin(), gone_.end(), reply) != 0) {
            return STATUS_PEER_CLOSED;
        }
        if (carries && std::count(none_.begin(), none_.end(), reply) != 0) {
            return STATUS_DENIED;
        }
        answers_.push_back({reply, std::vector<uint8_t>(out.payload, out.payload + out.header.len),
                            out.header.type, carries ? out.meta.slot : 0u + CAP_SLOT_NONE});
        return STATUS_OK;
    }

    ecall_result Next(uint64_t deadline_ns) {
        deadlines_.push_back(deadline_ns);
        if (script_.empty()) {
            return {STATUS_PEER_CLOSED, 0, 0, 0};
        }
        auto event = script_.front();
        script_.pop_front();
        return event();
    }
};

inline Kernel *kernel;

// The service under test.
struct State {
    ipc_server server;
    std::vector<kept_call> kept;
    std::vector<uint64_t> told;
    std::vector<uint64_t> left;
    uint64_t badges = 0;
    uint64_t due_ns = IPC_NEVER;
};

inline wire_status on_add(void *, ipc_exchange *exchange) {
    EXPECT_EQ(exchange->request->meta.service_id, 4711u);
    static_cast<message *>(exchange->message)->value++;
    return WIRE_OK;
}
inline wire_status on_later(void *of, ipc_exchange *exchange) {
    const kept_call *call = ipc_keep(exchange);
    if (call == nullptr) {
        return WIRE_OVERLOAD;
    }
    if (static_cast<message *>(exchange->message)->value == 13) {
        return WIRE_ABSENT;  // Kept, and then not.
    }
    static_cast<State *>(of)->kept.push_back(*call);
    return WIRE_OK;
}
inline wire_status on_tell(void *of, ipc_exchange *exchange) {
    if (static_cast<message *>(exchange->message)->value == 14) {
        exchange->came = slot_at(CAP_SLOT_NONE);  // Taken.
    }
    static_cast<State *>(of)->told.push_back(static_cast<message *>(exchange->message)->value);
    return WIRE_OK;
}
inline wire_status on_lend(void *, ipc_exchange *exchange) {
    exchange->lend = slot_at(40);
    return static_cast<message *>(exchange->message)->value == 13 ? WIRE_DENIED : WIRE_OK;
}
inline wire_status on_refuse(void *, ipc_exchange *exchange) {
    static_cast<message *>(exchange->message)->value = 99;
    return WIRE_DENIED;
}
inline void on_left(void *of, reply_handle reply) {
    static_cast<State *>(of)->left.push_back(reply.value);
}
inline void on_notified(void *of, uint64_t, uint64_t badge_bits) {
    static_cast<State *>(of)->badges |= badge_bits;
}
inline uint64_t next_deadline(const void *of) {
    return static_cast<const State *>(of)->due_ns;
}
inline void on_wake(void *of, uint64_t now_ns) {
    auto *state = static_cast<State *>(of);
    state->due_ns = IPC_NEVER;
    for (const kept_call &call : state->kept) {
        message answer = {};
        answer.value = now_ns;
        (void)ipc_answer(&state->server, &call, WIRE_OK, &answer, slot_at(CAP_SLOT_NONE));
    }
    state->kept.clear();
}

inline std::vector<uint8_t> Request(uint8_t op, uint64_t nonce, uint64_t value) {
    message request = {};
    request.header.op = op;
    request.header.nonce.value = nonce;
    request.value = value;
    std::vector<uint8_t> bytes(64);
    bytes.resize(wire_encode(&kProtocol, WIRE_REQUEST, &request, bytes.data(), 64));
    return bytes;
}

inline uint64_t Handle(uint64_t index) {
    return REPLY_HANDLE_BIT | 7u << REPLY_HANDLE_GENERATION_SHIFT | index;
}

class Server : public ::testing::Test {
  protected:
    Server() {
        kernel = &kernel_;
        rows_[ADD].call = on_add;
        rows_[LATER].call = on_later;
        rows_[TELL].send = on_tell;
        rows_[LEND].call = on_lend;
        rows_[REFUSE].call = on_refuse;
        rows_[REFUSE].send = on_refuse;
        runtime_.page = &kernel_.page_;
        runtime_.argument = UINT64_C(1) << 32;
        runtime_.marker_right = true;
        service_.name = "test";
        service_.ready = "test: ready";
        service_.protocol = &kProtocol;
        service_.rows = rows_;
        service_.row_count = 6;
        service_.notified = on_notified;
        service_.left = on_left;
    }
    ~Server() override {
        kernel = nullptr;
    }

    void Calls(uint64_t reply, std::vector<uint8_t> bytes, uint16_t type = 99) {
        kernel_.script_.push_back([=] {
            kernel->Put(type, bytes);
            return ecall_result{STATUS_OK, RECEIVED_CALL, reply, 0};
        });
    }
    void Sends(std::vector<uint8_t> bytes) {
        kernel_.script_.push_back([=] {
            kernel->Put(99, bytes);
            return ecall_result{STATUS_OK, RECEIVED_SEND, 0, 0};
        });
    }
    void Notifies(uint64_t kernel_bits, uint64_t badge_bits) {
        kernel_.script_.push_back([=] {
            return ecall_result{STATUS_OK, RECEIVED_NOTIFICATION, kernel_bits, badge_bits};
        });
    }
    void Answers(uint64_t sequence) {
        kernel_.script_.push_back([=] {
            return ecall_result{STATUS_OK, RECEIVED_REPLY, sequence, 0};
        });
    }
    void Passes(uint64_t now_ns) {
        kernel_.script_.push_back([=] {
            kernel->now_ns_ = now_ns;
            return ecall_result{STATUS_TIMED_OUT, 0, 0, 0};
        });
    }
    void Leaves(uint64_t reply) {
        kernel_.script_.push_back([=] {
            kernel->gone_.push_back(reply);
            return ecall_result{STATUS_OK, RECEIVED_NOTIFICATION, NOTIFY_REPLY_GONE, 0};
        });
    }

    void Run() {
        EXPECT_EQ(ipc_serve(&state_.server, &runtime_, &service_, &state_), 1);
    }

    message Decoded(size_t index, wire_status status) {
        const Answer &answer = kernel_.answers_.at(index);
        message out = {};
        EXPECT_EQ(wire_decode(&kProtocol, WIRE_REPLY, answer.bytes.data(),
                              static_cast<uint32_t>(answer.bytes.size()), &out),
                  WIRE_OK);
        EXPECT_EQ(out.header.status, status);
        EXPECT_EQ(answer.type, 99);
        return out;
    }

    Kernel kernel_;
    runtime runtime_ = {};
    ipc_row rows_[6] = {};
    ipc_service service_ = {};
    State state_;
};

}  // namespace server_world

// Weak: the mutation test links several tests into one program.
extern "C" [[gnu::weak]] ecall_result sim_ecall(uint64_t number, uint64_t arg0, uint64_t arg1,
                                                uint64_t arg2, uint64_t arg3) {
    (void)arg3;
    return server_world::kernel->Enter(number, arg0, arg1, arg2);
}
