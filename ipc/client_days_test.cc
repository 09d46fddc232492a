// ipc/client_days_test.cc: the client's routes for other actions than calls, what its trace says,
// and 200,000 calls on bad days, each with one true outcome.
#include <random>
#include <string>

#include "gtest/gtest.h"
#include "ipc/budget.h"
#include "ipc/client.h"
#include "ipc/route_cache.h"
#include "ipc/route_trace.h"
#include "ipc/wire/policy_action.h"
#include "ipc/wire/protocols.h"
#include "testing/sim/client_world.h"

namespace {

using namespace client_world;

// What is allowed for one action is no way to do another.
TEST_F(Client, EachActionHasARouteOfItsOwn) {
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_MISS);
    EXPECT_EQ(world_.asked_for_, POLICY_CALL);
    ipc_request request = {};
    request.target.value = 7;
    request.nonce = ipc_nonce(&client_);
    request.deadline.ns = world_.now_ns_ + 1000000000;
    request.carried = slot_at(CAP_SLOT_NONE);
    for (ipc_served served : {IPC_MISS, IPC_HIT}) {
        EXPECT_OUTCOME(ipc_client_tell(&client_, &request), IPC_OK, served);
        EXPECT_EQ(world_.asked_for_, POLICY_SEND);
    }
    for (ipc_served served : {IPC_MISS, IPC_HIT}) {
        EXPECT_OUTCOME(ipc_client_notify(&client_, service_id{7}, request.deadline), IPC_OK,
                       served);
        EXPECT_EQ(world_.asked_for_, POLICY_NOTIFY);
    }
    request.bytes = 64;
    for (ipc_served served : {IPC_MISS, IPC_HIT}) {
        std::memcpy(world_.page_.call_out.payload + 4, &request.nonce, sizeof(request.nonce));
        EXPECT_OUTCOME(ipc_client_manage(&client_, &request), IPC_OK, served);
        EXPECT_EQ(world_.asked_for_, POLICY_MANAGE);
    }
    EXPECT_EQ(world_.notified_, 2u);
    EXPECT_EQ(world_.asked_, 4u);
    EXPECT_EQ(world_.held_.size(), 4u);
    world_.services_[7].allowed = false;
    world_.Revoke(7);
    EXPECT_OUTCOME(ipc_client_notify(&client_, service_id{7}, request.deadline), IPC_DENIED,
                   IPC_REBOUND);
    EXPECT_OUTCOME(ipc_client_tell(&client_, &request), IPC_DENIED, IPC_REBOUND);
    EXPECT_OUTCOME(ipc_client_manage(&client_, &request), IPC_DENIED, IPC_REBOUND);
}

// The route itself goes to a task, to the instance of now, with one right; counted as a call is.
TEST_F(Client, ATaskIsGivenTheRouteToTheInstanceOfNow) {
    const auto give = [&] {
        const ipc_grantee task = {slot_at(kTask), 5};
        return ipc_client_grant(&client_, service_id{7}, &task,
                                deadline{world_.now_ns_ + 1000000000});
    };
    EXPECT_OUTCOME(give(), IPC_OK, IPC_MISS);
    EXPECT_OUTCOME(give(), IPC_OK, IPC_HIT);
    world_.Restart(7);
    EXPECT_OUTCOME(give(), IPC_OK, IPC_REBOUND);
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_HIT);  // By the same route.
    ASSERT_EQ(world_.granted_.size(), 3u);
    for (const World::Granted &one : world_.granted_) {
        EXPECT_EQ(one.slot, 5u);
        EXPECT_EQ(one.rights, 0u + RIGHT_CALL);
        EXPECT_EQ(one.capability.life, &one == &world_.granted_[2] ? 2u : 1u);
    }
    EXPECT_EQ(world_.sent_, 1u) << "nothing goes to the service";
    EXPECT_EQ(client_.stats.outcomes[IPC_OK][IPC_REBOUND], 1u);
    EXPECT_EQ(client_.routes.events[ROUTE_BOUND][ROUTE_EVENT_LOST], 1u);
}

// The caller's mistake is not the route's: it stays.
TEST_F(Client, test_reject_grant_of_a_route_to_what_is_no_task) {
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_MISS);
    const ipc_grantee none = {slot_at(1), 5};
    const deadline until{world_.now_ns_ + 1000000000};
    EXPECT_OUTCOME(ipc_client_grant(&client_, service_id{7}, &none, until), IPC_BAD_REQUEST,
                   IPC_HIT);
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_HIT);
    EXPECT_EQ(world_.asked_, 1u);
}

TEST_F(Client, test_reject_grant_of_a_route_that_policy_denies) {
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_MISS);
    world_.services_[7].allowed = false;
    world_.Revoke(7);
    const ipc_grantee task = {slot_at(kTask), 5};
    const deadline until{world_.now_ns_ + 1000000000};
    EXPECT_OUTCOME(ipc_client_grant(&client_, service_id{7}, &task, until), IPC_DENIED,
                   IPC_REBOUND);
    world_.services_[8].present = false;
    EXPECT_EQ(ipc_client_grant(&client_, service_id{8}, &task, until).error, IPC_REJECTED);
    EXPECT_TRUE(world_.granted_.empty());
}

// Of each operation of each protocol: what is in the queue is not put there again, whatever becomes
// of it there, and what was not put there is.
TEST_F(Client, test_reject_resend_of_each_send) {
    ipc_request request = {};
    request.target.value = 7;
    request.bytes = 64;
    request.carried = slot_at(CAP_SLOT_NONE);
    const auto tell = [&](const wire_op &op) {
        request.op = &op;
        request.nonce = nonce_ = ipc_nonce(&client_);
        request.deadline.ns = world_.now_ns_ + 1000000000;
        std::memcpy(world_.page_.call_out.payload + 4, &request.nonce, sizeof(request.nonce));
        return ipc_client_tell(&client_, &request).error;
    };
    for (const wire_protocol_rows *rows : wire_protocols) {
        for (uint32_t i = 0; i < rows->op_count; i++) {
            const wire_op &op = rows->ops[i];
            SCOPED_TRACE(std::string(rows->name) + " " + op.name);
            for (const Fate fate : {ANSWER, WRONG_NONCE, WRONG_LENGTH}) {  // Nobody looks there.
                Meet(fate, 1);
                EXPECT_EQ(tell(op), IPC_OK);
                EXPECT_EQ(Done(7), 1);
            }
            Meet(DROP_BEFORE, 1);
            EXPECT_EQ(tell(op), IPC_OK);
            EXPECT_EQ(Done(7), 1);
            Meet(DROP_AFTER, 1);  // No kernel says so of a send; it is taken at its word.
            EXPECT_EQ(tell(op), op.repeatable ? IPC_OK : IPC_UNKNOWN_OUTCOME);
            EXPECT_EQ(Done(7), op.repeatable ? 2 : 1);
        }
    }
}

// The answer that does not belong to it is none, as for a call.
TEST_F(Client, test_reject_wrong_answer_to_who_manages) {
    ipc_request request = {};
    request.target.value = 7;
    request.nonce = ipc_nonce(&client_);
    request.deadline.ns = world_.now_ns_ + 1000000000;
    request.bytes = 64;
    request.carried = slot_at(CAP_SLOT_NONE);
    std::memcpy(world_.page_.call_out.payload + 4, &request.nonce, sizeof(request.nonce));
    Meet(WRONG_NONCE, 1);
    EXPECT_EQ(ipc_client_manage(&client_, &request).error, IPC_UNKNOWN_OUTCOME);
    EXPECT_EQ(client_.stats.strays[ROUTE_STRAY_MISMATCHED], 1u);
}

// What the trace says of a route that is lost, asked for again, and denied at last.
TEST_F(Client, TracesEachStepAndOutcome) {
    const auto record = [&](uint64_t number) {
        return client_.routes.trace.records[number % ROUTE_TRACE_MAX];
    };
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_MISS);
    uint64_t count = client_.routes.trace.count;
    EXPECT_EQ(count, 3u);  // Wanted, resolved, the outcome.
    EXPECT_EQ(record(0).kind, ROUTE_TRACE_STEP);
    EXPECT_EQ(record(0).what[0], ROUTE_UNBOUND);
    EXPECT_EQ(record(0).what[1], ROUTE_EVENT_WANTED);
    EXPECT_EQ(record(0).what[2], ROUTE_RESOLVING);
    EXPECT_EQ(record(0).target, 7u);
    EXPECT_EQ(record(1).what[2], ROUTE_BOUND);
    EXPECT_EQ(record(2).kind, ROUTE_TRACE_OUTCOME);
    EXPECT_EQ(record(2).what[0], IPC_OK);
    EXPECT_EQ(record(2).what[1], IPC_MISS);
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_HIT);
    EXPECT_EQ(client_.routes.trace.count, count);  // A hit is counted only.
    world_.services_[7].allowed = false;
    world_.Revoke(7);
    world_.now_ns_ += 1000;
    EXPECT_OUTCOME(Call(7), IPC_DENIED, IPC_REBOUND);
    EXPECT_EQ(client_.routes.trace.count, count + 5);
    EXPECT_EQ(record(count).what[1], ROUTE_EVENT_LOST);
    EXPECT_EQ(record(count + 1).kind, ROUTE_TRACE_RESENT);
    EXPECT_EQ(record(count + 1).what[0], 2);
    EXPECT_EQ(record(count + 3).what[2], ROUTE_DENIED);
    EXPECT_EQ(record(count + 4).what[0], IPC_DENIED);
    EXPECT_GT(record(count).at_ns, record(0).at_ns);
}

// Then a hit makes one more system call, for the time, and has its records.
TEST_F(Client, TracesHitsIfItIsTold) {
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_MISS);
    route_cache_trace_hits(&client_.routes, true);
    uint64_t count = client_.routes.trace.count;
    uint64_t calls = world_.calls_;
    for (uint64_t i = 1; i <= 3; i++) {
        EXPECT_OUTCOME(Call(7), IPC_OK, IPC_HIT);
        EXPECT_EQ(client_.routes.trace.count, count + 3 * i);  // Wanted, served, the outcome.
        EXPECT_EQ(world_.calls_, calls + 2 * i);
    }
    route_cache_trace_hits(&client_.routes, false);
    EXPECT_OUTCOME(Call(7), IPC_OK, IPC_HIT);
    EXPECT_EQ(client_.routes.trace.count, count + 9);
    EXPECT_EQ(world_.calls_, calls + 7);
}

// One random call in a random world, and what must be true of it.
class BadDays : public Client {
  protected:
    void Disturb() {
        uint64_t target = 1 + random_() % kTargets;
        switch (random_() % 12) {
            case 0:
                world_.Restart(target);
                break;
            case 1:
                world_.Revoke(target);
                break;
            case 2:
                world_.services_[target].allowed = !world_.services_[target].allowed;
                world_.Revoke(target);
                break;
            case 3:
                world_.services_[target].present = !world_.services_[target].present;
                world_.Restart(target);
                break;
            case 4:
                world_.resolver_fails_ = static_cast<int>(random_() % 6);
                break;
            case 5: {
                const auto fate = static_cast<Fate>(random_() % (NO_ROOM + 1));
                Meet(fate, static_cast<int>(random_() % 6));
                break;
            }
            default:
                world_.now_ns_ += random_() % 1000000;
        }
    }

    void OneCall() {
        uint64_t target = 1 + random_() % kTargets;
        bool repeatable = random_() % 2 == 0;
        bool refused = !world_.services_[target].allowed;
        uint64_t calls = world_.calls_;
        uint64_t asked = world_.asked_;
        ipc_outcome outcome = Call(target, repeatable);
        int done = Done(target);
        if (outcome.error == IPC_OK) {
            ASSERT_GE(done, 1);
        }
        if (!repeatable) {
            ASSERT_LE(done, 1) << "done twice";
            if (outcome.error != IPC_OK && outcome.error != IPC_UNKNOWN_OUTCOME) {
                ASSERT_EQ(done, 0) << "said not done, and was";
            }
        } else {
            ASSERT_NE(outcome.error, IPC_UNKNOWN_OUTCOME);
        }
        if (refused) {
            ASSERT_EQ(done, 0) << "served against policy";
        }
        if (outcome.error == IPC_OK && outcome.served == IPC_HIT) {
            ASSERT_EQ(world_.asked_, asked);
        }
        ASSERT_LE(world_.asked_ - asked, static_cast<uint64_t>(BUDGET_ATTEMPTS));
        ASSERT_LE(world_.calls_ - calls, 8u * BUDGET_ATTEMPTS);
        CheckHeld();
    }

    // What is held is what the routes hold.
    void CheckHeld() {
        size_t kept = 0;
        for (const route &route : client_.routes.routes) {
            if (route.slot.value != CAP_SLOT_NONE) {
                kept++;
                auto found = world_.held_.find(route.slot.value);
                ASSERT_NE(found, world_.held_.end());
                ASSERT_EQ(found->second.target, route.target.value);
            }
        }
        ASSERT_EQ(kept, world_.held_.size());
    }

    static constexpr uint64_t kTargets = ROUTE_CAPACITY + 4;
    std::mt19937_64 random_{1};
};

TEST_F(BadDays, EveryCallHasOneTrueOutcome) {
    for (int i = 0; i < 200000; i++) {
        Disturb();
        OneCall();
        if (HasFatalFailure()) {
            FAIL() << "call " << i;
        }
        world_.services_[1 + random_() % kTargets].done.clear();
    }
    for (int error = 0; error < IPC_ERROR_COUNT; error++) {
        uint64_t seen = 0;
        for (uint64_t count : client_.stats.outcomes[error]) {
            seen += count;
        }
        bool sent_badly = error == IPC_TOO_LARGE || error == IPC_BAD_REQUEST;
        EXPECT_EQ(seen != 0, !sent_badly) << error;
    }
    EXPECT_EQ(client_.routes.refused, 0u);
}

}  // namespace
