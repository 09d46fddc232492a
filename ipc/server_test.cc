// ipc/server_test.cc: a service against a kernel that brings it good requests and bad ones: what
// reaches a handler, what is answered, what is kept, and what is counted.
#include "ipc/wire/server_wire.h"
#include "testing/sim/server_world.h"

namespace {

using namespace server_world;

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

TEST_F(Server, a_kept_call_that_is_refused_later_counts) {
    service_.answered = [](void *of, const recv_result *) {
        auto *state = static_cast<State *>(of);
        message answer = {};
        EXPECT_EQ(state->server.counts.refused, 0u);
        (void)ipc_answer(&state->server, &state->kept.at(0), WIRE_UNAVAILABLE, &answer,
                         slot_at(CAP_SLOT_NONE));
    };
    Calls(Handle(1), Request(LATER, 5, 41));
    Answers(4712);
    Run();
    Decoded(0, WIRE_UNAVAILABLE);
    EXPECT_EQ(state_.server.counts.refused, 1u);
    EXPECT_EQ(state_.server.counts.operations[LATER].refused, 1u);
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
    EXPECT_EQ(kernel_.closed_, (std::vector<uint64_t>{40, Handle(2)}));
    EXPECT_EQ(state_.server.counts.left, 1u);
}

TEST_F(Server, test_reject_answer_with_a_capability_to_who_takes_none) {
    Calls(Handle(1), Request(LEND, 5, 0));
    Calls(Handle(2), Request(ADD, 7, 0));
    kernel_.none_ = {Handle(1), Handle(2)};
    Run();
    ASSERT_EQ(kernel_.answers_.size(), 2u);
    Decoded(0, WIRE_MALFORMED);
    EXPECT_EQ(kernel_.answers_[0].carried, 0u + CAP_SLOT_NONE);
    EXPECT_EQ(kernel_.answers_[0].bytes.size(), 0u + WIRE_REPLY_HEADER_BYTES);
    EXPECT_EQ(kernel_.closed_, std::vector<uint64_t>{40});
    EXPECT_EQ(state_.server.counts.refused, 1u);
    EXPECT_EQ(state_.server.counts.left, 0u);
    Decoded(1, WIRE_OK);
}

// What a frame's type says besides the protocol decides nothing.
TEST_F(Server, goes_by_the_protocol_of_a_type) {
    Calls(Handle(1), Request(ADD, 5, 41), WIRE_TYPE(99, LATER, WIRE_VIA_DEGRADED));
    Run();
    Decoded(0, WIRE_OK);
    EXPECT_EQ(kernel_.answers_[0].type, 99u);
}

std::vector<uint8_t> ServerRequest(uint8_t op) {
    server_message request = {};
    request.header.op = op;
    std::vector<uint8_t> bytes(FRAME_PAYLOAD_MAX);
    bytes.resize(server_encode(WIRE_REQUEST, &request, bytes.data(), FRAME_PAYLOAD_MAX));
    return bytes;
}

// Each operation, also those that need nothing but looking; the service's own are another question.
TEST_F(Server, test_reject_looking_by_who_may_not) {
    static bool may;
    service_.may_look = [](const message_area *request) {
        EXPECT_EQ(request->meta.service_id, 4711u);
        return may;
    };
    for (const bool now : {false, true}) {
        Calls(Handle(1), ServerRequest(SERVER_OP_COUNTS), WIRE_PROTOCOL_SERVER);
        may = now;
        kernel_.answers_.clear();
        Run();
        EXPECT_EQ(kernel_.answers_.at(0).bytes.size() > WIRE_REPLY_HEADER_BYTES, now);
    }
    may = false;
    kernel_.answers_.clear();
    for (uint32_t i = 0; i < server_rows.op_count; i++) {
        Calls(Handle(1), ServerRequest(server_rows.ops[i].number), WIRE_PROTOCOL_SERVER);
    }
    Calls(Handle(1), {1, 2, 3}, WIRE_PROTOCOL_SERVER);
    Calls(Handle(1), Request(ADD, 5, 41));
    Run();
    ASSERT_EQ(kernel_.answers_.size(), server_rows.op_count + 2u);
    for (uint32_t i = 0; i <= server_rows.op_count; i++) {
        const std::vector<uint8_t> &bytes = kernel_.answers_[i].bytes;
        ASSERT_EQ(bytes.size(), 0u + WIRE_REPLY_HEADER_BYTES) << i;
        EXPECT_EQ(bytes[4], i < server_rows.op_count ? WIRE_DENIED : WIRE_MALFORMED) << i;
    }
    EXPECT_EQ(state_.server.counts.refused, server_rows.op_count + 0u);
    EXPECT_EQ(state_.server.counts.malformed, 1u);
    Decoded(server_rows.op_count + 1, WIRE_OK);
}

// Each in turn, with what came of the one before: refused, ABSENT for want of a client or of such
// an operation.
TEST_F(Server, counts_what_it_does_not_tell) {
    uint64_t all = 0;
    for (uint32_t i = 0; i < server_rows.op_count; i++) {
        kernel_.answers_.clear();
        Calls(Handle(1), ServerRequest(server_rows.ops[i].number), WIRE_PROTOCOL_SERVER);
        Run();
        const bool refused = kernel_.answers_.at(0).bytes[4] != WIRE_OK;
        EXPECT_EQ(refused, server_rows.ops[i].number != SERVER_OP_COUNTS);
        EXPECT_EQ(state_.server.counts.refused, refused ? 1u : 0u) << server_rows.ops[i].name;
        all += refused;
    }
    EXPECT_EQ(all, server_rows.op_count - 1u);
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

// For who has a loop of its own, as init has.
TEST_F(Server, test_reject_a_server_without_a_handler) {
    EXPECT_TRUE(ipc_server_init(&state_.server, &runtime_, &service_, &state_));
    state_.server.counts.calls = 7;
    rows_[ADD].call = nullptr;
    EXPECT_FALSE(ipc_server_init(&state_.server, &runtime_, &service_, &state_));
    EXPECT_EQ(state_.server.counts.calls, 7u);
    EXPECT_EQ(kernel_.lines_, std::vector<std::string>{"| test: no handler for ADD"});
}

TEST_F(Server, test_reject_a_service_without_an_endpoint) {
    kernel_.endpoint_ = false;
    Run();
    EXPECT_TRUE(kernel_.deadlines_.empty());
    ASSERT_EQ(kernel_.lines_.size(), 1u);
    EXPECT_NE(kernel_.lines_[0], "test: ready");
}

}  // namespace
