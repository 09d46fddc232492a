// ipc/server_test.cc: a service against a kernel that brings it good requests and bad ones: what
// reaches a handler, what is answered, what is kept, and what is counted.
#include "ipc/server.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "kernel/abi/syscall.h"
#include "runtime/ecall.h"

namespace {

enum Op : uint8_t { ADD = 1, LATER, TELL, LEND, REFUSE };

struct message {
    wire_header header;
    uint64_t value;
};

const wire_field kFields[] = {{"value", "", offsetof(message, value), WIRE_U64}};
const wire_op kOps[] = {
    {"ADD", "", {1, 1}, ADD, true},       {"LATER", "", {1, 1}, LATER, true},
    {"TELL", "", {1, 0}, TELL, true},     {"LEND", "", {1, 1}, LEND, true},
    {"REFUSE", "", {1, 1}, REFUSE, true},
};
const wire_protocol_rows kProtocol = {"test", kOps, kFields,         5,
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
    std::vector<uint64_t> gone_;  // Replies whose callers have left.
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

Kernel *kernel;

// The service under test.
struct State {
    ipc_server server;
    std::vector<kept_call> kept;
    std::vector<uint64_t> told;
    std::vector<uint64_t> left;
    uint64_t badges = 0;
    uint64_t due_ns = IPC_NEVER;
};

wire_status on_add(void *, ipc_exchange *exchange) {
    EXPECT_EQ(exchange->request->meta.service_id, 4711u);
    static_cast<message *>(exchange->message)->value++;
    return WIRE_OK;
}
wire_status on_later(void *of, ipc_exchange *exchange) {
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
wire_status on_tell(void *of, ipc_exchange *exchange) {
    if (static_cast<message *>(exchange->message)->value == 14) {
        exchange->came = slot_at(CAP_SLOT_NONE);  // Taken.
    }
    static_cast<State *>(of)->told.push_back(static_cast<message *>(exchange->message)->value);
    return WIRE_OK;
}
wire_status on_lend(void *, ipc_exchange *exchange) {
    exchange->lend = slot_at(40);
    return static_cast<message *>(exchange->message)->value == 13 ? WIRE_DENIED : WIRE_OK;
}
wire_status on_refuse(void *, ipc_exchange *exchange) {
    static_cast<message *>(exchange->message)->value = 99;
    return WIRE_DENIED;
}
void on_left(void *of, reply_handle reply) {
    static_cast<State *>(of)->left.push_back(reply.value);
}
void on_notified(void *of, uint64_t, uint64_t badge_bits) {
    static_cast<State *>(of)->badges |= badge_bits;
}
uint64_t next_deadline(const void *of) {
    return static_cast<const State *>(of)->due_ns;
}
void on_wake(void *of, uint64_t now_ns) {
    auto *state = static_cast<State *>(of);
    state->due_ns = IPC_NEVER;
    for (const kept_call &call : state->kept) {
        message answer = {};
        answer.value = now_ns;
        (void)ipc_answer(&state->server, &call, WIRE_OK, &answer, slot_at(CAP_SLOT_NONE));
    }
    state->kept.clear();
}

std::vector<uint8_t> Request(uint8_t op, uint64_t nonce, uint64_t value) {
    message request = {};
    request.header.op = op;
    request.header.nonce.value = nonce;
    request.value = value;
    std::vector<uint8_t> bytes(64);
    bytes.resize(wire_encode(&kProtocol, WIRE_REQUEST, &request, bytes.data(), 64));
    return bytes;
}

uint64_t Handle(uint64_t index) {
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

TEST_F(Server, answers_each_call_with_the_next_receive) {
    Calls(Handle(1), Request(ADD, 5, 41));
    Calls(Handle(2), Request(ADD, 6, 1));
    Run();
    ASSERT_EQ(kernel_.answers_.size(), 2u);
    EXPECT_EQ(kernel_.answers_[0].reply, Handle(1));
    EXPECT_EQ(Decoded(0, WIRE_OK).value, 42u);
    EXPECT_EQ(Decoded(0, WIRE_OK).header.nonce.value, 5u);
    EXPECT_EQ(Decoded(1, WIRE_OK).value, 2u);
    EXPECT_EQ(kernel_.deadlines_.size(), 3u) << "one wait for each, and the one that failed";
    EXPECT_EQ(kernel_.lines_.front(), "test: ready");
    EXPECT_EQ(state_.server.counts.calls, 2u);
}

TEST_F(Server, a_later_start_says_its_number) {
    runtime_.argument = UINT64_C(3) << 32;
    Run();
    EXPECT_EQ(kernel_.lines_.front(), "test: ready #3");
}

TEST_F(Server, passes_on_answers_to_its_own_requests) {
    service_.answered = [](void *of, const recv_result *event) {
        auto *state = static_cast<State *>(of);
        message answer = {{}, event->sequence.value};
        (void)ipc_answer(&state->server, &state->kept.at(0), WIRE_OK, &answer,
                         slot_at(CAP_SLOT_NONE));
    };
    Calls(Handle(1), Request(LATER, 5, 41));
    Calls(Handle(2), Request(ADD, 6, 1));
    Answers(4712);
    Run();
    EXPECT_EQ(Decoded(0, WIRE_OK).value, 2u) << "what waited to be sent went before";
    EXPECT_EQ(Decoded(1, WIRE_OK).value, 4712u);
}

TEST_F(Server, test_reject_answer_that_nobody_waits_for) {
    Answers(4712);
    Run();
    EXPECT_EQ(state_.server.counts.dropped, 1u);
}

TEST_F(Server, test_reject_what_is_no_request) {
    const std::vector<uint8_t> good = Request(ADD, 5, 41);
    std::vector<std::vector<uint8_t>> wrong;
    for (size_t bytes = 0; bytes < good.size(); bytes++) {
        wrong.emplace_back(good.begin(), good.begin() + static_cast<long>(bytes));
    }
    wrong.push_back(good);
    wrong.back().push_back(0);
    for (size_t place : {0, 1, 2}) {
        wrong.push_back(good);
        wrong.back()[place] ^= 1;
    }
    for (const auto &bytes : wrong) {
        Calls(Handle(1), bytes);
    }
    Calls(Handle(1), good, 98);  // The frame says another protocol.
    Run();
    ASSERT_EQ(kernel_.answers_.size(), wrong.size() + 1);
    for (size_t i = 0; i < kernel_.answers_.size(); i++) {
        Decoded(i, WIRE_MALFORMED);
    }
    EXPECT_EQ(state_.server.counts.malformed, wrong.size() + 1);
}

TEST_F(Server, test_reject_an_operation_that_is_not_there_or_must_be_sent) {
    std::vector<uint8_t> unknown = Request(ADD, 5, 41);
    unknown[3] = 77;
    Calls(Handle(1), unknown);
    Calls(Handle(1), Request(TELL, 6, 1));
    Run();
    EXPECT_EQ(Decoded(0, WIRE_UNKNOWN_OP).header.op, 77);
    EXPECT_EQ(Decoded(1, WIRE_UNKNOWN_OP).header.nonce.value, 6u);
    EXPECT_TRUE(state_.told.empty());
    EXPECT_EQ(state_.server.counts.malformed, 1u);
    EXPECT_EQ(state_.server.counts.refused, 1u);
}

TEST_F(Server, a_refusal_carries_no_fields) {
    Calls(Handle(1), Request(REFUSE, 5, 41));
    Run();
    Decoded(0, WIRE_DENIED);
    EXPECT_EQ(kernel_.answers_[0].bytes.size(), 0u + WIRE_REPLY_HEADER_BYTES);
}

TEST_F(Server, sends_reach_only_the_handlers_for_sends) {
    Sends(Request(TELL, 0, 12));
    Sends(Request(ADD, 0, 12));
    Sends(Request(LATER, 0, 12));
    Sends({1, 2, 3});
    Sends(Request(REFUSE, 0, 1));
    Run();
    EXPECT_EQ(state_.told, std::vector<uint64_t>{12});
    EXPECT_TRUE(kernel_.answers_.empty());
    EXPECT_EQ(state_.server.counts.sends, 5u);
    EXPECT_EQ(state_.server.counts.dropped, 2u);
    EXPECT_EQ(state_.server.counts.malformed, 1u);
    EXPECT_EQ(state_.server.counts.refused, 1u);
    EXPECT_EQ(state_.server.counts.kept, 0u);
}

TEST_F(Server, a_kept_call_is_answered_later_with_its_own_nonce) {
    service_.next_deadline = next_deadline;
    service_.wake = on_wake;
    state_.due_ns = 5000;
    Calls(Handle(3), Request(LATER, 5, 1));
    Calls(Handle(4), Request(LATER, 6, 2));
    Calls(Handle(5), Request(ADD, 7, 3));
    Passes(5000);
    Run();
    ASSERT_EQ(kernel_.answers_.size(), 3u);
    EXPECT_EQ(kernel_.answers_[0].reply, Handle(5));
    EXPECT_EQ(kernel_.answers_[1].reply, Handle(3));
    EXPECT_EQ(Decoded(1, WIRE_OK).header.nonce.value, 5u);
    EXPECT_EQ(Decoded(1, WIRE_OK).value, 5000u);
    EXPECT_EQ(Decoded(2, WIRE_OK).header.nonce.value, 6u);
    EXPECT_EQ(state_.server.counts.kept, 0u);
    EXPECT_EQ(kernel_.deadlines_[0], 5000u);
    EXPECT_EQ(kernel_.deadlines_[4], 5000u + IPC_HEARTBEAT_NS);
}

// It looks at the clock when it has waited, not at each request.
TEST_F(Server, without_a_clock_of_its_own_it_wakes_at_each_heartbeat) {
    kernel_.script_.push_back([] {
        kernel->now_ns_ = 3000;
        kernel->Put(99, Request(ADD, 7, 3));
        return ecall_result{STATUS_OK, RECEIVED_CALL, Handle(4), 0};
    });
    Passes(7000);
    Run();
    ASSERT_EQ(kernel_.deadlines_.size(), 3u);
    EXPECT_EQ(kernel_.deadlines_[0], 1000u + IPC_HEARTBEAT_NS);
    EXPECT_EQ(kernel_.deadlines_[1], 1000u + IPC_HEARTBEAT_NS);
    EXPECT_EQ(kernel_.deadlines_[2], 7000u + IPC_HEARTBEAT_NS);
    EXPECT_EQ(state_.server.counts.tick_ns, 1u);
}

TEST_F(Server, what_is_due_later_waits_for_the_heartbeat_first) {
    service_.next_deadline = next_deadline;
    service_.wake = on_wake;
    for (uint64_t due_ns : {IPC_HEARTBEAT_NS / 2, IPC_HEARTBEAT_NS, 2 * IPC_HEARTBEAT_NS}) {
        state_.due_ns = 1000 + due_ns;
        kernel_.deadlines_.clear();
        Run();
        EXPECT_EQ(kernel_.deadlines_.at(0), 1000 + std::min(due_ns, 0 + IPC_HEARTBEAT_NS));
    }
}

// The frame stays the first until it is taken without it.
TEST_F(Server, a_capability_without_a_slot_for_it_is_dropped) {
    kernel_.script_.push_back([] { return ecall_result{STATUS_NO_SPACE, 0, 0, 0}; });
    Calls(Handle(1), Request(ADD, 5, 41));
    Calls(Handle(2), Request(ADD, 6, 1));
    Run();
    ASSERT_EQ(kernel_.answers_.size(), 2u);
    EXPECT_EQ(Decoded(0, WIRE_OK).value, 42u);
}

TEST_F(Server, says_why_it_ends) {
    Run();
    EXPECT_EQ(kernel_.lines_.back(),
              std::string("| test: ends: ") + status_name(STATUS_PEER_CLOSED));
}

TEST_F(Server, may_have_as_many_operations_as_are_counted) {
    std::vector<ipc_row> rows(IPC_OPERATION_MAX);
    std::copy(std::begin(rows_), std::end(rows_), rows.begin());
    service_.rows = rows.data();
    service_.row_count = IPC_OPERATION_MAX;
    Calls(Handle(1), Request(ADD, 5, 41));
    Run();
    EXPECT_EQ(Decoded(0, WIRE_OK).value, 42u);
}

TEST_F(Server, test_reject_fewer_rows_than_operations) {
    service_.row_count = REFUSE;  // One less.
    Run();
    EXPECT_EQ(kernel_.lines_, std::vector<std::string>{"| test: no handler for REFUSE"});
    EXPECT_TRUE(kernel_.deadlines_.empty());
}

TEST_F(Server, an_answer_leaves_before_the_clock_writes_others) {
    service_.next_deadline = next_deadline;
    service_.wake = on_wake;
    state_.due_ns = 5000;
    Calls(Handle(3), Request(LATER, 5, 1));
    kernel_.script_.push_back([] {
        kernel->now_ns_ = 5000;
        kernel->Put(99, Request(ADD, 7, 3));
        return ecall_result{STATUS_OK, RECEIVED_CALL, Handle(4), 0};
    });
    Run();
    ASSERT_EQ(kernel_.answers_.size(), 2u);
    EXPECT_EQ(kernel_.answers_[0].reply, Handle(4));
    EXPECT_EQ(Decoded(0, WIRE_OK).value, 4u);
    EXPECT_EQ(Decoded(1, WIRE_OK).header.nonce.value, 5u);
}

TEST_F(Server, a_status_takes_the_keeping_back) {
    Calls(Handle(3), Request(LATER, 5, 13));
    Run();
    Decoded(0, WIRE_ABSENT);
    EXPECT_EQ(state_.server.counts.kept, 0u);
}

TEST_F(Server, test_reject_more_kept_calls_than_leave_a_reply_free) {
    for (uint64_t i = 0; i < REPLY_SLOT_COUNT; i++) {
        Calls(Handle(i), Request(LATER, i, 1));
    }
    Run();
    ASSERT_EQ(kernel_.answers_.size(), 1u);
    EXPECT_EQ(Decoded(0, WIRE_OVERLOAD).header.nonce.value, REPLY_SLOT_COUNT - 1u);
    EXPECT_EQ(state_.kept.size(), 0u + IPC_KEPT_MAX);
    EXPECT_EQ(state_.server.counts.kept, 0u + IPC_KEPT_MAX);
}

TEST_F(Server, a_caller_that_left_is_forgotten_once) {
    Calls(Handle(3), Request(LATER, 5, 1));
    Calls(Handle(4), Request(LATER, 6, 1));
    Leaves(Handle(3));
    Notifies(NOTIFY_REPLY_GONE, 8);
    Run();
    EXPECT_EQ(state_.left, std::vector<uint64_t>{Handle(3)});
    EXPECT_EQ(kernel_.closed_, std::vector<uint64_t>{Handle(3)});
    EXPECT_EQ(state_.server.counts.kept, 1u);
    EXPECT_EQ(state_.server.counts.left, 1u);
    EXPECT_EQ(state_.badges, 8u);
}

TEST_F(Server, a_capability_goes_with_its_answer_or_is_closed) {
    Calls(Handle(1), Request(LEND, 5, 0));
    Calls(Handle(2), Request(LEND, 6, 0));
    Calls(Handle(1), Request(ADD, 7, 0));
    kernel_.gone_.push_back(Handle(2));
    Run();
    ASSERT_EQ(kernel_.answers_.size(), 2u);
    EXPECT_EQ(kernel_.answers_[0].carried, 40u);
    EXPECT_EQ(kernel_.answers_[1].carried, 0u + CAP_SLOT_NONE) << "the next answer carries none";
    EXPECT_EQ(kernel_.closed_, (std::vector<uint64_t>{Handle(2), 40}));
    EXPECT_EQ(state_.server.counts.left, 1u);
}

TEST_F(Server, test_reject_capability_that_nobody_takes) {
    kernel_.comes_ = 50;
    Calls(Handle(1), Request(ADD, 5, 41));
    Calls(Handle(1), {1, 2, 3});
    Calls(Handle(1), {}, WIRE_PROTOCOL_SERVER);
    Sends(Request(TELL, 0, 12));
    Sends(Request(ADD, 0, 12));
    Sends({1});
    Run();
    EXPECT_EQ(kernel_.closed_, (std::vector<uint64_t>{50, 50, 50, 50, 50, 50}));
    kernel_.closed_.clear();
    Sends(Request(TELL, 0, 14));
    Run();
    EXPECT_TRUE(kernel_.closed_.empty()) << "the handler has it";
}

TEST_F(Server, a_refusal_lends_nothing) {
    Calls(Handle(1), Request(LEND, 5, 13));
    Run();
    Decoded(0, WIRE_DENIED);
    EXPECT_EQ(kernel_.answers_[0].carried, 0u + CAP_SLOT_NONE);
    EXPECT_EQ(kernel_.closed_, std::vector<uint64_t>{40});
}

TEST_F(Server, test_reject_keeping_a_send) {
    rows_[LATER].send = on_later;
    Sends(Request(LATER, 0, 1));
    Run();
    EXPECT_TRUE(state_.kept.empty());
    EXPECT_EQ(state_.server.counts.kept, 0u);
    EXPECT_EQ(state_.server.counts.refused, 1u);
}

TEST_F(Server, says_what_it_has_done) {
    Calls(Handle(1), Request(ADD, 5, 41));
    Calls(Handle(1), {});
    Calls(Handle(2), Request(LATER, 5, 1));
    Sends(Request(TELL, 0, 12));
    server_message asked = {};
    asked.header.op = SERVER_OP_COUNTS;
    asked.header.nonce.value = 77;
    std::vector<uint8_t> bytes(64);
    bytes.resize(server_encode(WIRE_REQUEST, &asked, bytes.data(), 64));
    Calls(Handle(1), bytes, WIRE_PROTOCOL_SERVER);
    bytes[3] = 9;
    Calls(Handle(1), bytes, WIRE_PROTOCOL_SERVER);
    Run();
    ASSERT_EQ(kernel_.answers_.size(), 4u);
    const Answer &answer = kernel_.answers_[2];
    server_message out = {};
    ASSERT_EQ(server_decode(WIRE_REPLY, answer.bytes.data(),
                            static_cast<uint32_t>(answer.bytes.size()), &out),
              WIRE_OK);
    EXPECT_EQ(answer.type, WIRE_PROTOCOL_SERVER);
    EXPECT_EQ(out.header.nonce.value, 77u);
    EXPECT_EQ(out.calls, 4u);
    EXPECT_EQ(out.sends, 1u);
    EXPECT_EQ(out.malformed, 1u);
    EXPECT_EQ(out.kept, 1u);
    EXPECT_EQ(kernel_.answers_[3].bytes[4], WIRE_UNKNOWN_OP);
}

TEST_F(Server, counts_operations_from_taking_to_answering) {
    service_.next_deadline = next_deadline;
    service_.wake = on_wake;
    rows_[TELL].send = [](void *, ipc_exchange *) {
        kernel->now_ns_ += 7;
        return WIRE_ABSENT;
    };
    Calls(Handle(1), Request(ADD, 5, 41));
    std::vector<uint8_t> malformed = Request(ADD, 5, 41);
    malformed.pop_back();
    Calls(Handle(1), malformed);
    Calls(Handle(2), Request(LATER, 5, 1));
    Sends(Request(TELL, 0, 12));
    kernel_.script_.push_back([this] {
        kernel_.now_ns_ += 100;
        state_.due_ns = kernel_.now_ns_;
        return ecall_result{STATUS_TIMED_OUT, 0, 0, 0};
    });
    Run();
    const ipc_operation_counts *operations = state_.server.counts.operations;
    EXPECT_EQ(operations[ADD].answered, 1u);
    EXPECT_EQ(operations[ADD].refused, 0u);
    EXPECT_EQ(operations[LATER].answered, 1u);
    EXPECT_EQ(operations[LATER].ticks, 107u);  // The send was served meanwhile.
    EXPECT_EQ(operations[TELL].answered, 1u);
    EXPECT_EQ(operations[TELL].refused, 1u);
    EXPECT_EQ(operations[TELL].ticks, 7u);
}

TEST_F(Server, test_reject_more_operations_than_are_counted) {
    service_.row_count = IPC_OPERATION_MAX + 1;
    Run();
    EXPECT_TRUE(kernel_.deadlines_.empty());
    EXPECT_EQ(kernel_.lines_,
              std::vector<std::string>{"| test: 17 rows of operations, at most 16 are counted"});
}

TEST_F(Server, test_reject_a_service_without_a_handler) {
    rows_[LEND].call = nullptr;
    Calls(Handle(1), Request(ADD, 5, 41));
    Run();
    EXPECT_TRUE(kernel_.answers_.empty());
    EXPECT_EQ(kernel_.lines_, std::vector<std::string>{"| test: no handler for LEND"});
}

TEST_F(Server, test_reject_a_service_without_an_endpoint) {
    kernel_.endpoint_ = false;
    Run();
    EXPECT_TRUE(kernel_.deadlines_.empty());
    ASSERT_EQ(kernel_.lines_.size(), 1u);
    EXPECT_NE(kernel_.lines_[0], "test: ready");
}

}  // namespace

extern "C" ecall_result sim_ecall(uint64_t number, uint64_t arg0, uint64_t arg1, uint64_t arg2,
                                  uint64_t arg3) {
    (void)arg3;
    return kernel->Enter(number, arg0, arg1, arg2);
}
