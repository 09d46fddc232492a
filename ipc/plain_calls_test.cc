// ipc/plain_calls_test.cc: calls that are made without a client: to init, samgrd, timed and the
// kernel, which answer as they are told, rightly, wrongly and not at all.
#include <algorithm>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "ipc/boot_route.h"
#include "ipc/crash.h"
#include "ipc/ready.h"
#include "ipc/resolver.h"
#include "ipc/timed_client.h"
#include "ipc/wire/init_wire.h"
#include "ipc/wire/routing_wire.h"
#include "kernel/abi/stats.h"
#include "kernel/abi/syscall.h"
#include "runtime/ecall.h"

namespace {

constexpr std::uint64_t NOW_NS = 5000;
constexpr std::uint64_t GIVEN = 30;   // The slot of a capability that came with an answer.
constexpr std::uint64_t CLONED = 60;  // And of a copy with fewer rights.
constexpr std::uint32_t MANIFEST_SLOT = 12;
constexpr std::uint32_t INSTANCE = 77;
constexpr deadline UNTIL{9000};

struct call {
    std::uint64_t slot;
    std::uint64_t deadline_ns;
    message_area frame;
};

class World {
  public:
    ecall_result Enter(std::uint64_t number, const std::uint64_t *a) {
        switch (number) {
            case SYSCALL_CLOCK_GET:
                return {STATUS_OK, NOW_NS, 0, 0};
            case SYSCALL_CAP_CLOSE:
                closed_.push_back(a[0]);
                return {STATUS_OK, 0, 0, 0};
            case SYSCALL_CAP_CLONE:
                cloned_.push_back({a[0], a[1]});
                return {static_cast<std::uint64_t>(clone_status_), CLONED, 0, 0};
            case SYSCALL_CONSOLE_WRITE:
                lines_.emplace_back(reinterpret_cast<const char *>(page_.console), a[1]);
                return {STATUS_OK, 0, 0, 0};
            case SYSCALL_KERNEL_STATS:
                return Stats(a);
            case SYSCALL_IPC_CALL: {
                calls_.push_back({a[0], a[1], page_.call_out});
                page_.reply_in = {};
                const status got = answer_(calls_.back());
                return {static_cast<std::uint64_t>(got),
                        got == STATUS_OK ? std::uint64_t{DELIVERY_HANDED_OVER} : 0, 0, 0};
            }
            default:
                ADD_FAILURE() << "system call " << syscall_name(number);
                return {STATUS_BAD_SYSCALL, 0, 0, 0};
        }
    }

    // Tasks numbered by instance from 100 on, `tasks_` in all, `a_call_` at a time.
    ecall_result Stats(const std::uint64_t *a) {
        EXPECT_EQ(a[1], std::uint64_t{STATS_TASKS});
        asked_.push_back(a[2]);
        std::uint64_t count = 0;
        for (; count < a_call_ && a[2] + count < tasks_; count++) {
            stats_task one{};
            one.instance = static_cast<std::uint32_t>(100 + a[2] + count);
            one.fault_pc = 0x1000 + a[2] + count;
            one.fault_ra = 0x2000 + a[2] + count;
            std::memcpy(reinterpret_cast<std::uint8_t *>(page_.stats) + count * sizeof(one), &one,
                        sizeof(one));
        }
        const std::uint64_t end = a[2] + count;
        return {static_cast<std::uint64_t>(stats_status_), count, end < tasks_ ? end : 0, 0};
    }

    message_page page_ = {};
    std::function<status(const call &)> answer_ = [](const call &) { return STATUS_PEER_CLOSED; };
    std::vector<call> calls_;
    std::vector<std::uint64_t> closed_;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> cloned_;  // From where, with what right.
    std::vector<std::string> lines_;
    std::vector<std::uint64_t> asked_;
    std::uint64_t tasks_ = 0;
    std::uint64_t a_call_ = 3;
    status stats_status_ = STATUS_OK;
    status clone_status_ = STATUS_OK;
};

World *world;

class PlainCalls : public ::testing::Test {
  protected:
    PlainCalls() {
        world = &world_;
        runtime_.page = &world_.page_;
        runtime_.instance = INSTANCE;
    }
    ~PlainCalls() override {
        world = nullptr;
    }

    // init answers as it should, but for what `change` does.
    void InitAnswers(const std::function<void(init_message &)> &change = [](init_message &) {}) {
        world_.answer_ = [this, change](const call &made) {
            init_message message{};
            EXPECT_EQ(
                init_decode(WIRE_REQUEST, made.frame.payload, made.frame.header.len, &message),
                WIRE_OK);
            request_ = message;
            message.header.status = WIRE_OK;
            change(message);
            world_.page_.reply_in.header.len =
                init_encode(WIRE_REPLY, &message, world_.page_.reply_in.payload, FRAME_PAYLOAD_MAX);
            return STATUS_OK;
        };
    }

    World world_;
    runtime runtime_ = {};
    init_message request_ = {};
};

TEST_F(PlainCalls, ready_tells_init_and_waits_for_its_answer) {
    InitAnswers();
    EXPECT_EQ(ipc_ready(&runtime_), STATUS_OK);
    ASSERT_EQ(world_.calls_.size(), 1u);
    EXPECT_EQ(world_.calls_[0].slot, std::uint64_t{SLOT_INIT});
    EXPECT_EQ(world_.calls_[0].deadline_ns, NOW_NS + READY_DEADLINE_NS);
    EXPECT_EQ(world_.calls_[0].frame.header.type,
              WIRE_TYPE(WIRE_PROTOCOL_INIT, INIT_OP_READY, WIRE_VIA_NONE));
    EXPECT_EQ(world_.calls_[0].frame.header.flags, 0u);
    EXPECT_EQ(request_.header.op, INIT_OP_READY);
    EXPECT_EQ(request_.header.nonce.value, INSTANCE);
}

TEST_F(PlainCalls, ready_says_why_init_did_not_answer) {
    for (status one : {STATUS_TIMED_OUT, STATUS_PEER_CLOSED}) {
        world_.answer_ = [=](const call &) { return one; };
        EXPECT_EQ(ipc_ready(&runtime_), one);
    }
}

TEST_F(PlainCalls, test_reject_answer_to_ready_that_is_none) {
    InitAnswers([](init_message &answer) { answer.header.op = INIT_OP_OFFER; });
    EXPECT_EQ(ipc_ready(&runtime_), STATUS_BAD_ARG);
    InitAnswers([](init_message &answer) { answer.header.status = WIRE_DENIED; });
    EXPECT_EQ(ipc_ready(&runtime_), STATUS_BAD_ARG);
    InitAnswers([](init_message &answer) { answer.header.nonce.value++; });
    EXPECT_EQ(ipc_ready(&runtime_), STATUS_BAD_ARG);
    world_.answer_ = [](const call &) { return STATUS_OK; };  // Empty.
    EXPECT_EQ(ipc_ready(&runtime_), STATUS_BAD_ARG);
}

TEST_F(PlainCalls, a_route_of_the_manifest_comes_from_init) {
    InitAnswers([this](init_message &) { world_.page_.reply_in.meta.slot = GIVEN; });
    slot_result got = ipc_boot_route(&runtime_, MANIFEST_SLOT, UNTIL);
    EXPECT_EQ(got.status, STATUS_OK);
    EXPECT_EQ(got.slot.value, GIVEN);
    ASSERT_EQ(world_.calls_.size(), 1u);
    EXPECT_EQ(world_.calls_[0].slot, std::uint64_t{SLOT_INIT});
    EXPECT_EQ(world_.calls_[0].deadline_ns, UNTIL.ns);
    EXPECT_EQ(world_.calls_[0].frame.header.flags, FRAME_TAKE_CAP);
    EXPECT_EQ(request_.header.op, INIT_OP_ROUTE);
    EXPECT_EQ(request_.slot, MANIFEST_SLOT);
}

TEST_F(PlainCalls, test_reject_route_that_does_not_come) {
    InitAnswers();  // Without one.
    slot_result got = ipc_boot_route(&runtime_, MANIFEST_SLOT, UNTIL);
    EXPECT_EQ(got.status, STATUS_PEER_CLOSED);
    EXPECT_EQ(got.slot.value, std::uint64_t{CAP_SLOT_NONE});
    world_.answer_ = [](const call &) { return STATUS_TIMED_OUT; };
    world_.page_.reply_in.meta.slot = GIVEN;
    got = ipc_boot_route(&runtime_, MANIFEST_SLOT, UNTIL);
    EXPECT_EQ(got.status, STATUS_TIMED_OUT);
    EXPECT_EQ(got.slot.value, std::uint64_t{CAP_SLOT_NONE});
}

TEST_F(PlainCalls, a_route_of_the_manifest_for_one_use_has_its_right_alone) {
    const std::pair<policy_action, std::uint64_t> uses[] = {
        {POLICY_CALL, RIGHT_CALL}, {POLICY_SEND, RIGHT_SEND}, {POLICY_NOTIFY, RIGHT_NOTIFY}};
    InitAnswers([this](init_message &) { world_.page_.reply_in.meta.slot = GIVEN; });
    for (const auto &[action, right] : uses) {
        world_.cloned_.clear();
        world_.closed_.clear();
        const slot_result got = ipc_boot_route_for(&runtime_, MANIFEST_SLOT, action, UNTIL);
        EXPECT_EQ(got.status, STATUS_OK);
        EXPECT_EQ(got.slot.value, CLONED);
        EXPECT_EQ(world_.cloned_,
                  (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{GIVEN, right}}));
        EXPECT_EQ(world_.closed_, std::vector<std::uint64_t>{GIVEN});
    }
}

// --- samgrd ---

class Resolver : public PlainCalls {
  protected:
    Resolver() {
        ipc_resolver_init(&resolver_, &runtime_, MANIFEST_SLOT);
    }

    void SamgrdAnswers(
        std::uint64_t given,
        const std::function<void(routing_message &)> &change = [](routing_message &) {}) {
        world_.answer_ = [this, given, change](const call &made) {
            routing_message message{};
            EXPECT_EQ(routing_decode_area(WIRE_REQUEST, &made.frame, &message), WIRE_OK);
            asked_ = message;
            message.header.status = WIRE_OK;
            change(message);
            world_.page_.reply_in.header.type = WIRE_PROTOCOL_ROUTING;
            world_.page_.reply_in.header.len =
                routing_encode_area(WIRE_REPLY, &message, &world_.page_.reply_in);
            world_.page_.reply_in.meta.slot = static_cast<std::uint32_t>(given);
            return STATUS_OK;
        };
    }

    resolved Ask() {
        return ipc_resolver_ask(&resolver_, service_id{8}, POLICY_CALL, UNTIL);
    }

    void ExpectFailed(const resolved &got) {
        EXPECT_EQ(got.answer, RESOLVE_FAILED);
        EXPECT_EQ(got.slot.value, std::uint64_t{CAP_SLOT_NONE});
        EXPECT_EQ(got.deny_for_ns, 0u);
    }

    ipc_resolver resolver_;
    routing_message asked_ = {};
};

TEST_F(Resolver, a_name_becomes_a_capability) {
    SamgrdAnswers(GIVEN);
    resolved got = Ask();
    EXPECT_EQ(got.answer, RESOLVE_GIVEN);
    EXPECT_EQ(got.slot.value, GIVEN);
    EXPECT_EQ(got.deny_for_ns, 0u);
    EXPECT_TRUE(world_.closed_.empty());
    ASSERT_EQ(world_.calls_.size(), 1u);
    EXPECT_EQ(world_.calls_[0].slot, std::uint64_t{MANIFEST_SLOT});
    EXPECT_EQ(world_.calls_[0].deadline_ns, UNTIL.ns);
    EXPECT_EQ(world_.calls_[0].frame.header.type,
              WIRE_TYPE(WIRE_PROTOCOL_ROUTING, ROUTING_OP_RESOLVE, WIRE_VIA_NONE));
    EXPECT_EQ(world_.calls_[0].frame.header.flags, FRAME_TAKE_CAP);
    EXPECT_EQ(asked_.header.op, ROUTING_OP_RESOLVE);
    EXPECT_EQ(asked_.target, 8u);
    EXPECT_EQ(asked_.action, POLICY_CALL);
    EXPECT_EQ(resolver_.asked, 1u);
    EXPECT_EQ(resolver_.rerouted, 0u);
    const std::uint64_t nonce = asked_.header.nonce.value;
    EXPECT_NE(nonce, 0u);
    EXPECT_EQ(Ask().answer, RESOLVE_GIVEN);
    EXPECT_NE(asked_.header.nonce.value, nonce) << "each question has its own";
    EXPECT_EQ(resolver_.asked, 2u);
}

TEST_F(Resolver, a_refusal_says_for_how_long) {
    SamgrdAnswers(CAP_SLOT_NONE, [](routing_message &answer) { answer.deny_for_ms = 7; });
    resolved got = Ask();
    EXPECT_EQ(got.answer, RESOLVE_REFUSED);
    EXPECT_EQ(got.slot.value, std::uint64_t{CAP_SLOT_NONE});
    EXPECT_EQ(got.deny_for_ns, 7000000u);
}

// What came with it is given up.
TEST_F(Resolver, test_reject_answer_that_is_none) {
    const std::function<void(routing_message &)> wrong[] = {
        [](routing_message &answer) { answer.header.op = ROUTING_OP_STATS; },
        [](routing_message &answer) { answer.header.status = WIRE_DENIED; },
        [](routing_message &answer) { answer.header.nonce.value++; },
    };
    for (const auto &change : wrong) {
        SamgrdAnswers(GIVEN, change);
        ExpectFailed(Ask());
        EXPECT_EQ(world_.closed_, (std::vector<std::uint64_t>{GIVEN}));
        world_.closed_.clear();
    }
    world_.answer_ = [this](const call &) {
        world_.page_.reply_in.meta.slot = GIVEN;
        return STATUS_OK;
    };
    ExpectFailed(Ask());  // Empty.
    EXPECT_EQ(world_.closed_, (std::vector<std::uint64_t>{GIVEN}));
    EXPECT_EQ(resolver_.samgrd.value, std::uint64_t{MANIFEST_SLOT});
}

TEST_F(Resolver, the_next_instance_of_samgrd_is_asked_for_once) {
    for (status gone : {STATUS_PEER_CLOSED, STATUS_BAD_CAP}) {
        ipc_resolver_init(&resolver_, &runtime_, MANIFEST_SLOT);
        world_.calls_.clear();
        world_.closed_.clear();
        world_.answer_ = [this, gone](const call &made) {
            if (made.slot != std::uint64_t{SLOT_INIT}) {
                return gone;
            }
            world_.page_.reply_in.meta.slot = GIVEN + 1;
            return STATUS_OK;
        };
        ExpectFailed(Ask());
        ASSERT_EQ(world_.calls_.size(), 2u);
        EXPECT_EQ(world_.calls_[1].deadline_ns, UNTIL.ns);
        EXPECT_EQ(resolver_.samgrd.value, CLONED);
        EXPECT_EQ(resolver_.rerouted, 1u);
        EXPECT_EQ(world_.closed_, (std::vector<std::uint64_t>{GIVEN + 1, MANIFEST_SLOT}));
        SamgrdAnswers(GIVEN);
        EXPECT_EQ(Ask().answer, RESOLVE_GIVEN);
        EXPECT_EQ(world_.calls_.back().slot, CLONED);
    }
}

TEST_F(Resolver, a_way_to_samgrd_that_init_gives_replaces_the_old_one) {
    InitAnswers([this](init_message &) { world_.page_.reply_in.meta.slot = GIVEN; });
    EXPECT_TRUE(ipc_resolver_reroute(&resolver_, UNTIL));
    EXPECT_EQ(resolver_.samgrd.value, CLONED);
    EXPECT_EQ(request_.slot, MANIFEST_SLOT);
    EXPECT_EQ(world_.cloned_,
              (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{GIVEN, RIGHT_CALL}}));
}

// Nothing of it is kept, and the old way stays.
TEST_F(Resolver, test_reject_way_to_samgrd_that_cannot_be_called) {
    InitAnswers([this](init_message &) { world_.page_.reply_in.meta.slot = GIVEN; });
    world_.clone_status_ = STATUS_DENIED;
    EXPECT_FALSE(ipc_resolver_reroute(&resolver_, UNTIL));
    EXPECT_EQ(resolver_.samgrd.value, std::uint64_t{MANIFEST_SLOT});
    EXPECT_EQ(resolver_.rerouted, 0u);
    EXPECT_EQ(world_.closed_, std::vector<std::uint64_t>{GIVEN});
}

TEST_F(Resolver, the_way_to_samgrd_is_kept_while_there_is_no_other) {
    world_.answer_ = [](const call &) { return STATUS_PEER_CLOSED; };
    EXPECT_FALSE(ipc_resolver_reroute(&resolver_, UNTIL));
    EXPECT_EQ(resolver_.samgrd.value, std::uint64_t{MANIFEST_SLOT});
    EXPECT_EQ(resolver_.rerouted, 0u);
    EXPECT_TRUE(world_.closed_.empty());
    world_.calls_.clear();
    world_.answer_ = [](const call &) { return STATUS_TIMED_OUT; };  // It is there, and slow.
    ExpectFailed(Ask());
    EXPECT_EQ(world_.calls_.size(), 1u);
}

// --- timed ---

class Timed : public PlainCalls {
  protected:
    status Ask(const std::function<void(timed_message &)> &change) {
        world_.answer_ = [this, change](const call &made) {
            timed_message message{};
            EXPECT_EQ(timed_decode_area(WIRE_REQUEST, &made.frame, &message), WIRE_OK);
            message.header.status = WIRE_OK;
            message.now_ns = 123;
            change(message);
            world_.page_.reply_in.header.type = WIRE_PROTOCOL_TIMED;
            world_.page_.reply_in.header.len =
                timed_encode_area(WIRE_REPLY, &message, &world_.page_.reply_in);
            return STATUS_OK;
        };
        return Call();
    }

    status Call() {
        timed_message request{};
        request.header.op = TIMED_OP_STATS;
        request.header.nonce.value = 9;
        return timed_call(&runtime_, slot_at(GIVEN), &request, UNTIL.ns, &out_);
    }

    timed_message out_ = {};
};

TEST_F(Timed, its_answer_is_handed_on) {
    EXPECT_EQ(Ask([](timed_message &answer) { answer.woken = 5; }), STATUS_OK);
    EXPECT_EQ(out_.woken, 5u);
    EXPECT_EQ(out_.header.nonce.value, 9u);
    EXPECT_EQ(world_.calls_[0].slot, GIVEN);
    EXPECT_EQ(world_.calls_[0].deadline_ns, UNTIL.ns);
    EXPECT_EQ(world_.calls_[0].frame.header.type,
              WIRE_TYPE(WIRE_PROTOCOL_TIMED, TIMED_OP_STATS, WIRE_VIA_NONE));
}

TEST_F(Timed, test_reject_answer_that_is_none) {
    EXPECT_EQ(Ask([](timed_message &answer) { answer.header.nonce.value++; }), STATUS_BAD_ARG);
    world_.answer_ = [](const call &) { return STATUS_OK; };  // Empty.
    EXPECT_EQ(Call(), STATUS_BAD_ARG);
    world_.answer_ = [](const call &) { return STATUS_TIMED_OUT; };
    EXPECT_EQ(Call(), STATUS_TIMED_OUT);
    EXPECT_EQ(out_.header.nonce.value, 0u);
}

// --- The kernel's statistics ---

TEST_F(PlainCalls, where_a_fault_ended_a_task) {
    world_.tasks_ = 8;
    for (std::uint32_t task : {0u, 2u, 3u, 7u}) {
        world_.asked_.clear();
        const crash_place got = crash_place_of(&runtime_, slot_at(6), 100 + task);
        EXPECT_EQ(got.pc, 0x1000u + task);
        EXPECT_EQ(got.ra, 0x2000u + task);
        EXPECT_EQ(world_.asked_.size(), task / 3 + 1);
    }
    const crash_place none = crash_place_of(&runtime_, slot_at(6), 108);
    EXPECT_EQ(none.pc, 0u);
    EXPECT_EQ(none.ra, 0u);
    EXPECT_EQ(world_.asked_.back(), 6u);  // To the end, and no further.
}

// What an answer before has left there is of no other.
TEST_F(PlainCalls, test_reject_tasks_that_the_kernel_does_not_tell_of) {
    world_.tasks_ = 3;
    EXPECT_EQ(crash_place_of(&runtime_, slot_at(6), 102).pc, 0x1002u);
    world_.a_call_ = 2;
    world_.tasks_ = 2;
    world_.asked_.clear();
    EXPECT_EQ(crash_place_of(&runtime_, slot_at(6), 102).pc, 0u);
    EXPECT_EQ(world_.asked_.size(), 1u);  // There are no more to ask for.
    world_.stats_status_ = STATUS_DENIED;
    world_.asked_.clear();
    EXPECT_EQ(crash_place_of(&runtime_, slot_at(6), 101).pc, 0u);
    EXPECT_EQ(world_.asked_.size(), 1u);
    EXPECT_EQ(crash_place_of(&runtime_, slot_at(CAP_SLOT_NONE), 101).pc, 0u);
    EXPECT_EQ(world_.asked_.size(), 1u);
}

TEST_F(PlainCalls, a_crash_is_said) {
    log_crash crash{};
    crash.reason = EXIT_CODE;
    crash.detail = 7;
    crash_say(&runtime_, "init", "echo", &crash);
    ASSERT_EQ(world_.lines_.size(), 1u);
    EXPECT_EQ(world_.lines_[0], "init: echo ended: exit 0x7");
    crash.reason = EXIT_FAULT_WRITE;
    crash.pc = 0x1234;
    crash.ra = 0x5678;
    crash_say(&runtime_, "init", "echo", &crash);
    ASSERT_EQ(world_.lines_.size(), 3u);
    EXPECT_EQ(world_.lines_[2], "init: backtrace echo 0x1234 0x5678");
}

}  // namespace

extern "C" ecall_result sim_ecall(std::uint64_t number, std::uint64_t arg0, std::uint64_t arg1,
                                  std::uint64_t arg2, std::uint64_t arg3) {
    const std::uint64_t args[] = {arg0, arg1, arg2, arg3};
    return world->Enter(number, args);
}
