// ipc/client_test.cc: what a call by name comes to, whatever its service, its route and the policy
// do meanwhile.
#include "ipc/client.h"

#include "gtest/gtest.h"
#include "ipc/budget.h"
#include "ipc/wire/protocols.h"
#include "testing/sim/client_world.h"

namespace {

using namespace client_world;

TEST_F(Client, AHitMakesOneSystemCall) {
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_MISS);
    for (int i = 0; i < 10; i++) {
        uint64_t before = world_.calls_;
        EXPECT_OUTCOME(Call(7), IPC_OK, IPC_HIT);
        EXPECT_EQ(world_.calls_, before + 1);
        EXPECT_EQ(Done(7), 1);
    }
    EXPECT_EQ(world_.asked_, 1u);
    EXPECT_EQ(client_.stats.outcomes[IPC_OK][IPC_HIT], 10u);
}

// For who watches the kernel's events.
TEST_F(Client, AFramesTypeSaysHowItsRequestIsServed) {
    const wire_op row = {"SOME", "", {0, 0}, 5, true, WIRE_TYPE(2, 5, WIRE_VIA_HIT), {0, 0}};
    const auto via = [&] {
        EXPECT_EQ(wire_type_protocol(world_.page_.call_out.header.type), 2u);
        EXPECT_EQ(wire_type_op(world_.page_.call_out.header.type), 5u);
        return wire_type_via(world_.page_.call_out.header.type);
    };
    EXPECT_OUTCOME(CallOp(7, &row), IPC_OK, IPC_MISS);
    EXPECT_EQ(via(), WIRE_VIA_MISS);
    EXPECT_OUTCOME(CallOp(7, &row), IPC_OK, IPC_HIT);
    EXPECT_EQ(via(), WIRE_VIA_HIT);
    world_.Restart(7);
    EXPECT_OUTCOME(CallOp(7, &row), IPC_OK, IPC_REBOUND);
    EXPECT_EQ(via(), WIRE_VIA_REBOUND);
}

TEST_F(Client, ACapabilityGoesWithItsRequest) {
    EXPECT_OUTCOME(Carry(7), IPC_OK, IPC_MISS);
    EXPECT_OUTCOME(Carry(7), IPC_OK, IPC_HIT);
    world_.Restart(7);  // Not handed over: it goes with the second attempt.
    EXPECT_OUTCOME(Carry(7), IPC_OK, IPC_REBOUND);
    EXPECT_EQ(Done(7), 1);
}

TEST_F(Client, test_reject_resend_of_what_carried_a_capability) {
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_MISS);
    for (Fate fate : {DROP_AFTER, LATE_AFTER, WRONG_NONCE, WRONG_LENGTH}) {
        Meet(fate, 1);
        const ipc_error error = Carry(7, true).error;
        EXPECT_EQ(error, fate == LATE_AFTER ? IPC_TIMED_OUT : IPC_UNKNOWN_OUTCOME) << fate;
        EXPECT_EQ(Done(7), 1) << fate;
    }
}

// A frame that is full comes out of resolving as it went in.
TEST_F(Client, TheLargestRequestIsKeptWhileItsRouteIsResolved) {
    EXPECT_OUTCOME(Call(7, false, FRAME_PAYLOAD_MAX), IPC_OK, IPC_MISS);
    EXPECT_EQ(Done(7), 1);
    EXPECT_EQ(world_.page_.call_out.payload[FRAME_PAYLOAD_MAX - 1], 0x11);
    EXPECT_OUTCOME(Call(8, false, FRAME_PAYLOAD_MAX + 1), IPC_TOO_LARGE, IPC_MISS);
    EXPECT_OUTCOME(Call(0, false, FRAME_PAYLOAD_MAX), IPC_BAD_REQUEST, IPC_MISS);
}

TEST_F(Client, ACapabilityThatWasNotSentIsClosed) {
    EXPECT_EQ(Carry(7, false, FRAME_PAYLOAD_MAX + 1).error, IPC_TOO_LARGE);
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_MISS);
    EXPECT_EQ(Carry(7, false, FRAME_PAYLOAD_MAX + 1).error, IPC_TOO_LARGE);
    Meet(DROP_BEFORE, 100);
    EXPECT_EQ(Carry(7).error, IPC_REJECTED);
    Meet(LATE_BEFORE, 1);
    EXPECT_EQ(Carry(7).error, IPC_TIMED_OUT);
    world_.services_[7].allowed = false;
    world_.Revoke(7);
    EXPECT_EQ(Carry(7).error, IPC_DENIED);
    EXPECT_EQ(Carry(7).error, IPC_DENIED);
}

TEST_F(Client, ARestartedServiceIsFoundAgain) {
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_MISS);
    world_.Restart(7);
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_REBOUND);
    EXPECT_EQ(Done(7), 1);
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_HIT);
    EXPECT_EQ(world_.pauses_, 0u);  // One restart is no reason to wait.
}

TEST_F(Client, test_reject_stale_route_after_revoke) {
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_MISS);
    world_.services_[7].allowed = false;
    world_.Revoke(7);
    EXPECT_OUTCOME(Call(7), IPC_DENIED, IPC_REBOUND);
    EXPECT_EQ(Done(7), 0);
}

TEST_F(Client, test_reject_denied_route_served_from_the_cache) {
    world_.services_[7].allowed = false;
    EXPECT_OUTCOME(Call(7), IPC_DENIED, IPC_MISS);
    uint64_t asked = world_.asked_;
    for (int i = 0; i < 5; i++) {
        EXPECT_OUTCOME(Call(7), IPC_DENIED, IPC_MISS);
    }
    EXPECT_EQ(world_.asked_, asked);
    world_.services_[7].allowed = true;
    world_.now_ns_ += kDenyForNs;
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_MISS);
    EXPECT_EQ(world_.asked_, asked + 1);
}

TEST_F(Client, test_reject_resend_of_what_was_handed_over) {
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_MISS);
    for (Fate fate : {DROP_AFTER, LATE_AFTER, WRONG_NONCE, WRONG_LENGTH}) {
        Meet(fate, 1);
        EXPECT_EQ(Call(7).error, IPC_UNKNOWN_OUTCOME) << fate;
        EXPECT_EQ(Done(7), 1) << fate;
    }
}

TEST_F(Client, WhatWasNotHandedOverIsSentAgain) {
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_MISS);
    Meet(DROP_BEFORE, 1);
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_REBOUND);
    EXPECT_EQ(Done(7), 1);
}

TEST_F(Client, RepeatableRequestsAreSentAgain) {
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_MISS);
    Meet(DROP_AFTER, 1);
    EXPECT_OUTCOME(Call(7, true), IPC_OK, IPC_REBOUND);
    EXPECT_EQ(Done(7), 2);
    EXPECT_EQ(client_.stats.resent, 1u);
    Meet(WRONG_NONCE, 2);
    EXPECT_EQ(Call(7, true).error, IPC_OK);
    EXPECT_EQ(client_.stats.strays[ROUTE_STRAY_MISMATCHED], 2u);
    EXPECT_EQ(client_.stats.resent, 3u);
}

// As the row of each operation of each protocol says.
TEST_F(Client, test_reject_resend_of_each_operation_that_is_not_repeatable) {
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_MISS);
    int repeatable_count = 0;
    int other_count = 0;
    for (const wire_protocol_rows *rows : wire_protocols) {
        for (uint32_t i = 0; i < rows->op_count; i++) {
            const wire_op &op = rows->ops[i];
            Meet(DROP_AFTER, 1);
            EXPECT_EQ(CallOp(7, &op).error, op.repeatable ? IPC_OK : IPC_UNKNOWN_OUTCOME)
                << rows->name << " " << op.name;
            EXPECT_EQ(Done(7), op.repeatable ? 2 : 1) << rows->name << " " << op.name;
            repeatable_count += op.repeatable;
            other_count += !op.repeatable;
        }
    }
    EXPECT_GT(repeatable_count, 0);
    EXPECT_GT(other_count, 0);
}

TEST_F(Client, test_reject_attempt_budget_spent) {
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_MISS);
    Meet(DROP_BEFORE, 100);
    uint64_t sent = world_.sent_;
    EXPECT_EQ(Call(7).error, IPC_REJECTED);
    EXPECT_EQ(world_.sent_, sent + BUDGET_ATTEMPTS);
    EXPECT_EQ(client_.stats.resent, BUDGET_ATTEMPTS - 1u);
    EXPECT_EQ(Done(7), 0);
}

TEST_F(Client, test_reject_mismatch_budget_spent) {
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_MISS);
    Meet(WRONG_NONCE, 100);
    EXPECT_EQ(Call(7, true).error, IPC_REJECTED);
    EXPECT_EQ(Done(7), BUDGET_MISMATCHES + 1);  // The attempts would have gone on.
    EXPECT_EQ(client_.stats.strays[ROUTE_STRAY_MISMATCHED], BUDGET_MISMATCHES + 1u);
    EXPECT_EQ(client_.stats.resent, static_cast<uint64_t>(BUDGET_MISMATCHES));
    EXPECT_EQ(world_.pauses_, 0u);
    Meet(ANSWER, 0);
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_HIT);
}

TEST_F(Client, test_reject_reply_after_the_deadline) {
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_MISS);
    Meet(LATE_BEFORE, 1);
    EXPECT_OUTCOME(Call(7), IPC_TIMED_OUT, IPC_HIT);
    EXPECT_EQ(Done(7), 0);
    Meet(LATE_AFTER, 1);
    EXPECT_OUTCOME(Call(7, true), IPC_TIMED_OUT, IPC_HIT);
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_HIT);
}

TEST_F(Client, test_reject_oversized_inline_payload) {
    EXPECT_OUTCOME(Call(7, false, FRAME_PAYLOAD_MAX + 1), IPC_TOO_LARGE, IPC_MISS);
    EXPECT_EQ(world_.calls_, 0u);
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_MISS);
    EXPECT_OUTCOME(Call(7, false, FRAME_PAYLOAD_MAX + 1), IPC_TOO_LARGE, IPC_HIT);
    EXPECT_EQ(Done(7), 0);
    EXPECT_OUTCOME(Call(0), IPC_BAD_REQUEST, IPC_MISS);
}

TEST_F(Client, WearsOutAsksEachTimeAndComesBack) {
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_MISS);
    Meet(DROP_BEFORE, 100);
    EXPECT_OUTCOME(Call(7), IPC_REJECTED, IPC_DEGRADED);
    EXPECT_EQ(route_find(&client_.routes, service_id{7}, POLICY_CALL)->state, ROUTE_DEGRADED);
    EXPECT_GT(world_.pauses_, 0u);
    Meet(ANSWER, 0);
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_DEGRADED);
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_HIT);
}

TEST_F(Client, AnAbsentResolverCostsPausesAndNoMoreThanTheBudget) {
    world_.resolver_fails_ = 2;
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_MISS);
    EXPECT_EQ(world_.pauses_, 2u);
    world_.Restart(7);
    world_.resolver_fails_ = 100;
    EXPECT_EQ(Call(7).error, IPC_REJECTED);
    EXPECT_EQ(Done(7), 0);
    world_.resolver_fails_ = 0;
    EXPECT_EQ(Call(7).error, IPC_OK);
}

TEST_F(Client, WithoutReuseEveryCallResolves) {
    client_.reuse = false;
    for (int i = 0; i < 3; i++) {
        EXPECT_OUTCOME(Call(7), IPC_OK, IPC_MISS);
        EXPECT_TRUE(world_.held_.empty());
    }
    EXPECT_EQ(world_.asked_, 3u);
}

// The kernel has no place for what the answer brings: nothing was sent, and the route is good.
TEST_F(Client, test_reject_call_without_room_for_the_answers_capability) {
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_MISS);
    Meet(NO_ROOM, 1);
    EXPECT_OUTCOME(Call(7), IPC_REJECTED, IPC_HIT);
    EXPECT_EQ(Done(7), 0);
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_HIT);
    EXPECT_EQ(world_.asked_, 1u);
}

TEST_F(Client, NoncesRiseAndSkipZero) {
    EXPECT_EQ(ipc_nonce(&client_).value, 1u);
    EXPECT_EQ(ipc_nonce(&client_).value, 2u);
    client_.last.value = UINT64_MAX;
    EXPECT_EQ(ipc_nonce(&client_).value, 1u);
}

}  // namespace
