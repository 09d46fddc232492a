// ipc/client_test.cc: the client against a kernel that does what a bad day brings: services die,
// grants are revoked, policy changes its mind, calls are dropped, late, or answered wrongly. The
// kernel here counts what was done, so that every outcome can be checked against the truth.
#include "ipc/client.h"

#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <set>

#include "gtest/gtest.h"
#include "ipc/wire/protocols.h"
#include "ipc/wire/wire.h"
#include "kernel/abi/syscall.h"
#include "runtime/ecall.h"

namespace {

constexpr uint64_t kPause = 63;
constexpr uint64_t kDenyForNs = 50000000;

enum Fate {
    ANSWER,
    DROP_BEFORE,  // The service dies with the call in its queue,
    DROP_AFTER,   // or after it has done it.
    LATE_BEFORE,
    LATE_AFTER,
    WRONG_NONCE,
    WRONG_LENGTH,
};

class World {
  public:
    struct Service {
        uint32_t life = 1;
        uint32_t family = 1;  // Of the grant under which capabilities to it are minted.
        bool allowed = true;
        bool present = true;
        std::map<uint64_t, int> done;  // How often each nonce was done.
    };

    struct Capability {
        uint64_t target;
        uint32_t life;
        uint32_t family;
    };

    ecall_result Enter(uint64_t number, uint64_t a0, uint64_t a1) {
        calls_++;
        switch (number) {
            case SYSCALL_CLOCK_GET:
                return {STATUS_OK, now_ns_, 0, 0};
            case SYSCALL_CAP_CLOSE:
                EXPECT_EQ(held_.erase(a0), 1u) << "closed what is not held: " << a0;
                return {STATUS_OK, 0, 0, 0};
            case SYSCALL_IPC_RECV:
                EXPECT_EQ(a0, kPause);
                EXPECT_GE(a1, now_ns_);
                now_ns_ = a1;
                pauses_++;
                return {STATUS_TIMED_OUT, 0, 0, 0};
            case SYSCALL_IPC_CALL:
                return Call(a0, a1);
            default:
                ADD_FAILURE() << "system call " << syscall_name(number);
                return {STATUS_BAD_SYSCALL, 0, 0, 0};
        }
    }

    resolved Resolve(service_id target) {
        asked_++;
        // The resolver uses the page, as the real one does.
        std::memset(page_.call_out.payload, 0xee, FRAME_PAYLOAD_MAX);
        Service &service = services_[target.value];
        if (resolver_fails_ > 0) {
            resolver_fails_--;
            return {RESOLVE_FAILED, slot_at(CAP_SLOT_NONE), 0};
        }
        if (!service.allowed) {
            return {RESOLVE_REFUSED, slot_at(CAP_SLOT_NONE), kDenyForNs};
        }
        if (!service.present) {
            return {RESOLVE_FAILED, slot_at(CAP_SLOT_NONE), 0};
        }
        uint64_t slot = 1;
        while (held_.count(slot) != 0) {
            slot++;
        }
        EXPECT_LT(slot, kPause) << "capabilities leak";
        held_[slot] = {target.value, service.life, service.family};
        return {RESOLVE_GIVEN, slot_at(slot), 0};
    }

    void Revoke(uint64_t target) {
        services_[target].family++;
    }
    void Restart(uint64_t target) {
        services_[target].life++;
    }

    uint64_t Nonce() const {
        uint64_t value = 0;
        std::memcpy(&value, page_.call_out.payload + 4, sizeof(value));
        return value;
    }

    message_page page_ = {};
    std::map<uint64_t, Service> services_;
    std::map<uint64_t, Capability> held_;
    uint64_t now_ns_ = 1000;
    uint64_t calls_ = 0;
    uint64_t asked_ = 0;
    uint64_t pauses_ = 0;
    uint64_t sent_ = 0;
    int resolver_fails_ = 0;
    Fate fate_ = ANSWER;
    int fates_left_ = 0;  // How many calls meet fate_; then they are answered.

  private:
    Fate NextFate() {
        if (fates_left_ == 0) {
            return ANSWER;
        }
        fates_left_--;
        return fate_;
    }

    ecall_result Call(uint64_t slot, uint64_t deadline_ns) {
        sent_++;
        auto found = held_.find(slot);
        if (found == held_.end()) {
            ADD_FAILURE() << "called through what is not held: " << slot;
            return {STATUS_BAD_CAP, DELIVERY_NONE, 0, 0};
        }
        Service &service = services_[found->second.target];
        if (page_.call_out.header.len > FRAME_PAYLOAD_MAX) {
            return {STATUS_TOO_LARGE, DELIVERY_NONE, 0, 0};
        }
        if (found->second.family != service.family) {
            return {STATUS_REVOKED, DELIVERY_NONE, 0, 0};
        }
        if (found->second.life != service.life) {
            return {STATUS_PEER_CLOSED, DELIVERY_NONE, 0, 0};
        }
        return Serve(&service, deadline_ns);
    }

    ecall_result Serve(Service *service, uint64_t deadline_ns) {
        uint64_t nonce_value = Nonce();
        now_ns_ += 100;
        Fate fate = now_ns_ >= deadline_ns ? LATE_BEFORE : NextFate();
        if (fate == DROP_BEFORE) {
            service->life++;
            return {STATUS_PEER_CLOSED, DELIVERY_NONE, 0, 0};
        }
        if (fate == LATE_BEFORE) {
            now_ns_ = deadline_ns;
            return {STATUS_TIMED_OUT, DELIVERY_NONE, 0, 0};
        }
        service->done[nonce_value]++;
        if ((page_.call_out.header.flags & FRAME_CAP_MOVE) != 0) {
            EXPECT_EQ(held_.erase(page_.call_out.meta.slot), 1u) << "carried what is not held";
            page_.call_out.meta.slot = CAP_SLOT_NONE;
        }
        if (fate == DROP_AFTER) {
            service->life++;
            return {STATUS_PEER_CLOSED, DELIVERY_HANDED_OVER, 0, 0};
        }
        if (fate == LATE_AFTER) {
            now_ns_ = deadline_ns;
            return {STATUS_TIMED_OUT, DELIVERY_HANDED_OVER, 0, 0};
        }
        uint64_t echoed = fate == WRONG_NONCE ? nonce_value - 1 : nonce_value;
        std::memcpy(page_.reply_in.payload + 5, &echoed, sizeof(echoed));
        page_.reply_in.header.len =
            fate == WRONG_LENGTH ? WIRE_REPLY_HEADER_BYTES - 1u : 0u + WIRE_REPLY_HEADER_BYTES;
        return {STATUS_OK, DELIVERY_HANDED_OVER, 0, 0};
    }
};

World *world;

resolved resolve_in_world(void *context, service_id target, deadline until) {
    EXPECT_GT(until.ns, 0u);
    return static_cast<World *>(context)->Resolve(target);
}

class Client : public ::testing::Test {
  protected:
    Client() {
        world = &world_;
        runtime_.page = &world_.page_;
        ipc_client_init(&client_, &runtime_, resolve_in_world, &world_, slot_at(kPause));
    }
    ~Client() override {
        ipc_client_release(&client_);
        EXPECT_TRUE(world_.held_.empty()) << "capabilities were not closed";
        world = nullptr;
    }

    // Writes a request, as an encoder does, and calls.
    ipc_outcome Call(uint64_t target, bool repeatable = false, uint32_t bytes = 64) {
        nonce_ = ipc_nonce(&client_);
        std::memset(world_.page_.call_out.payload, 0x11, FRAME_PAYLOAD_MAX);
        std::memcpy(world_.page_.call_out.payload + 4, &nonce_.value, sizeof(nonce_.value));
        const ipc_request request = {
            service_id{target},     nonce_,    deadline{world_.now_ns_ + 1000000000}, bytes, 2, 0,
            slot_at(CAP_SLOT_NONE), repeatable};
        return ipc_call(&client_, &request);
    }

    // The same with a capability, which lies in slot 50.
    ipc_outcome Carry(uint64_t target, bool repeatable = false, uint32_t bytes = 64) {
        world_.held_[50] = {99, 1, 1};
        nonce_ = ipc_nonce(&client_);
        std::memcpy(world_.page_.call_out.payload + 4, &nonce_.value, sizeof(nonce_.value));
        ipc_request request = {};
        request.target.value = target;
        request.nonce = nonce_;
        request.deadline.ns = world_.now_ns_ + 1000000000;
        request.bytes = bytes;
        request.protocol = 2;
        request.flags = FRAME_CAP_MOVE;
        request.carried = slot_at(50);
        request.repeatable = repeatable;
        const ipc_outcome outcome = ipc_call(&client_, &request);
        EXPECT_EQ(world_.held_.count(50), 0u) << "neither sent nor closed";
        return outcome;
    }

    int Done(uint64_t target) {
        return world_.services_[target].done[nonce_.value];
    }

    void Meet(Fate fate, int count) {
        world_.fate_ = fate;
        world_.fates_left_ = count;
    }

    World world_;
    runtime runtime_ = {};
    ipc_client client_;
    nonce nonce_ = {0};
};

#define EXPECT_OUTCOME(outcome, error_, served_) \
    do {                                         \
        ipc_outcome outcome_ = (outcome);        \
        EXPECT_EQ(outcome_.error, error_);       \
        EXPECT_EQ(outcome_.served, served_);     \
    } while (false)

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
    EXPECT_EQ(client_.stats.mismatched, 2u);
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
            EXPECT_EQ(Call(7, op.repeatable).error, op.repeatable ? IPC_OK : IPC_UNKNOWN_OUTCOME)
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
    EXPECT_LE(Done(7), BUDGET_ATTEMPTS);
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
    EXPECT_EQ(route_find(&client_.routes, service_id{7})->state, ROUTE_DEGRADED);
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

TEST_F(Client, NoncesRiseAndSkipZero) {
    EXPECT_EQ(ipc_nonce(&client_).value, 1u);
    EXPECT_EQ(ipc_nonce(&client_).value, 2u);
    client_.last.value = UINT64_MAX;
    EXPECT_EQ(ipc_nonce(&client_).value, 1u);
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
            case 5:
                Meet(static_cast<Fate>(random_() % (WRONG_LENGTH + 1)),
                     static_cast<int>(random_() % 6));
                break;
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

extern "C" ecall_result sim_ecall(uint64_t number, uint64_t arg0, uint64_t arg1, uint64_t arg2,
                                  uint64_t arg3) {
    (void)arg2;
    (void)arg3;
    return world->Enter(number, arg0, arg1);
}
