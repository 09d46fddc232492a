// testing/sim/client_world.h: for tests of the client: a kernel that does what a bad day brings.
// Services die, grants are revoked, policy changes its mind, calls are dropped, late, or answered
// wrongly. It counts what was done, so that every outcome can be checked against the truth.
// Ownership: the fixture owns client and world; one world at a time.
// Errors:    EXPECTs that fail.
#pragma once

#include <cstring>
#include <map>
#include <vector>

#include "gtest/gtest.h"
#include "ipc/client.h"
#include "ipc/wire/codec.h"
#include "ipc/wire/policy_action.h"
#include "ipc/wire/wire.h"
#include "kernel/abi/syscall.h"
#include "runtime/ecall.h"

namespace client_world {

inline constexpr uint64_t kPause = 63;
inline constexpr uint64_t kTask = 62;  // One that has not started.
inline constexpr uint64_t kDenyForNs = 50000000;

enum Fate {
    ANSWER,
    DROP_BEFORE,  // The service dies with the call in its queue,
    DROP_AFTER,   // or after it has done it.
    LATE_BEFORE,
    LATE_AFTER,
    WRONG_NONCE,
    WRONG_LENGTH,
    NO_ROOM,
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

    // What a task that has not started was given.
    struct Granted {
        Capability capability;
        uint64_t slot;
        uint64_t rights;
    };

    ecall_result Enter(uint64_t number, const uint64_t *args) {
        const uint64_t a0 = args[0];
        const uint64_t a1 = args[1];
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
            case SYSCALL_CAP_QUERY:
                return Query(a0);
            case SYSCALL_TASK_GRANT:
                return Grant(args);
            case SYSCALL_IPC_CALL:
                return Call(a0, a1);
            case SYSCALL_IPC_SEND:
                return Call(a0, UINT64_MAX);
            case SYSCALL_IPC_NOTIFY:
                notified_++;
                return Call(a0, UINT64_MAX);
            default:
                ADD_FAILURE() << "system call " << syscall_name(number);
                return {STATUS_BAD_SYSCALL, 0, 0, 0};
        }
    }

    resolved Resolve(service_id target, policy_action action) {
        asked_++;
        asked_for_ = action;
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
    policy_action asked_for_ = POLICY_ACTION_COUNT;  // Last.
    uint64_t notified_ = 0;
    uint64_t pauses_ = 0;
    uint64_t sent_ = 0;
    std::vector<Granted> granted_;
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

    ecall_result Query(uint64_t slot) {
        const Capability &held = held_.at(slot);
        const Service &service = services_[held.target];
        return {STATUS_OK, CAP_ENDPOINT | (uint64_t{RIGHT_CALL} << 16), held.target,
                (held.life != service.life ? CAP_QUERY_CLOSED : 0) |
                    (held.family != service.family ? CAP_QUERY_REVOKED : 0)};
    }

    // As the kernel does, of an endpoint that is closed too.
    ecall_result Grant(const uint64_t *args) {
        const Capability &held = held_.at(args[1]);
        if (args[0] != kTask) {
            return {STATUS_BAD_CAP, 0, 0, 0};
        }
        if (held.family != services_[held.target].family) {
            return {STATUS_REVOKED, 0, 0, 0};
        }
        granted_.push_back({held, args[2], args[3]});
        return {STATUS_OK, 0, 0, 0};
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
        if (fate == NO_ROOM) {
            return {STATUS_NO_SPACE, DELIVERY_NONE, 0, 0};
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

inline World *world;

inline const wire_op kRepeatable = {"AGAIN", "", {0, 0}, 1, true, 0, {0, 0}};

inline resolved resolve_in_world(void *context, service_id target, policy_action action,
                                 deadline until) {
    EXPECT_GT(until.ns, 0u);
    return static_cast<World *>(context)->Resolve(target, action);
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
        return CallOp(target, repeatable ? &kRepeatable : nullptr, bytes);
    }

    ipc_outcome CallOp(uint64_t target, const wire_op *op, uint32_t bytes = 64) {
        nonce_ = ipc_nonce(&client_);
        std::memset(world_.page_.call_out.payload, 0x11, FRAME_PAYLOAD_MAX);
        std::memcpy(world_.page_.call_out.payload + 4, &nonce_.value, sizeof(nonce_.value));
        const uint16_t type = op != nullptr && op->frame_type != 0 ? op->frame_type : 2;
        const ipc_request request = {service_id{target},
                                     nonce_,
                                     deadline{world_.now_ns_ + 1000000000},
                                     op,
                                     bytes,
                                     type,
                                     0,
                                     slot_at(CAP_SLOT_NONE)};
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
        request.frame_type = 2;
        request.flags = FRAME_CAP_MOVE;
        request.carried = slot_at(50);
        request.op = repeatable ? &kRepeatable : nullptr;
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

}  // namespace client_world

// Weak: the mutation test links both tests into one program.
extern "C" [[gnu::weak]] ecall_result sim_ecall(uint64_t number, uint64_t arg0, uint64_t arg1,
                                                uint64_t arg2, uint64_t arg3) {
    const uint64_t args[] = {arg0, arg1, arg2, arg3};
    return client_world::world->Enter(number, args);
}
