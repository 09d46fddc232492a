// ipc/server_clock_test.cc: until when a service waits, at what it ends, and with how many
// operations it begins.
#include "testing/sim/server_world.h"

namespace {

using namespace server_world;

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

// Its answer does not wait for the next receive, so the kernel says what became of it.
TEST_F(Server, a_caller_that_left_before_what_is_due_is_counted) {
    service_.next_deadline = next_deadline;
    service_.wake = on_wake;
    state_.due_ns = 2000;
    kernel_.gone_.push_back(Handle(1));
    kernel_.script_.push_back([] {
        kernel->now_ns_ = 3000;
        kernel->Put(99, Request(ADD, 7, 3));
        return ecall_result{STATUS_OK, RECEIVED_CALL, Handle(1), 0};
    });
    Run();
    EXPECT_EQ(state_.server.counts.left, 1u);
    EXPECT_TRUE(kernel_.answers_.empty());
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

// The first one has left, and while the service waits for frames without any another one comes.
TEST_F(Server, a_second_capability_without_a_slot_for_it_does_not_end_it) {
    for (int i = 0; i < 2; i++) {
        kernel_.script_.push_back([] { return ecall_result{STATUS_NO_SPACE, 0, 0, 0}; });
    }
    Calls(Handle(1), Request(ADD, 5, 41));
    Run();
    ASSERT_EQ(kernel_.answers_.size(), 1u);
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

}  // namespace
