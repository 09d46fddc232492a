// ipc/boot_resolver_test.cc: routes of the manifest in a client: what they begin with, what comes
// after their target was started anew, and what the manifest does not give.
#include "ipc/boot_resolver.h"

#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "ipc/ask.h"
#include "ipc/route_cache.h"
#include "ipc/wire/echo_wire.h"
#include "ipc/wire/init_wire.h"
#include "kernel/abi/syscall.h"
#include "runtime/ecall.h"

namespace {

constexpr std::uint32_t ECHO_SLOT = 4;  // Where the manifest puts the routes.
constexpr std::uint32_t TELL_SLOT = 5;
constexpr std::uint32_t NO_SLOT = 6;  // And where it puts none.
constexpr std::uint64_t NOW_NS = 5000;

const ipc_boot_route_row ROWS[] = {{"echo", POLICY_CALL, ECHO_SLOT},
                                   {"echo", POLICY_SEND, TELL_SLOT},
                                   {"nobody", POLICY_CALL, NO_SLOT}};

// init and echo; a capability to an echo of another life is dead.
class World {
  public:
    ecall_result Enter(std::uint64_t number, const std::uint64_t *a) {
        switch (number) {
            case SYSCALL_CLOCK_GET:
                return {STATUS_OK, now_ns_, 0, 0};
            case SYSCALL_CAP_CLOSE:
                EXPECT_EQ(held_.erase(a[0]), 1u) << "closed what is not the client's: " << a[0];
                return {STATUS_OK, 0, 0, 0};
            case SYSCALL_CAP_CLONE:
                if (a[0] == NO_SLOT) {
                    return {STATUS_BAD_CAP, 0, 0, 0};
                }
                return Clone(a[0], a[1]);
            case SYSCALL_CONSOLE_WRITE:
                lines_.emplace_back(page_.console, a[1]);
                return {STATUS_OK, 0, 0, 0};
            case SYSCALL_IPC_CALL:
                return a[0] == SLOT_INIT ? Init() : Echo(a[0]);
            case SYSCALL_IPC_SEND:
                return Echo(a[0]);
            default:
                ADD_FAILURE() << "system call " << syscall_name(number);
                return {STATUS_BAD_SYSCALL, 0, 0, 0};
        }
    }

    // Of the manifest's, which leads to the first life, or of one that init gave.
    ecall_result Clone(std::uint64_t slot, std::uint64_t right) {
        rights_.push_back(right);
        const bool given = held_.count(slot) != 0;
        return {STATUS_OK, Hold(given ? held_[slot] : 1), 0, 0};
    }

    std::uint64_t Hold(std::uint32_t life) {
        const std::uint64_t slot = next_++;
        held_[slot] = life;
        return slot;
    }

    ecall_result Init() {
        init_message message{};
        EXPECT_EQ(init_decode_area(WIRE_REQUEST, &page_.call_out, &message), WIRE_OK);
        EXPECT_EQ(message.header.op, INIT_OP_ROUTE);
        asked_++;
        page_.reply_in = {};
        message.header.status = message.slot == NO_SLOT ? WIRE_DENIED
                                : present_              ? WIRE_OK
                                                        : WIRE_ABSENT;
        if (message.header.status == WIRE_OK) {
            page_.reply_in.meta.slot = static_cast<std::uint32_t>(Hold(life_));
        }
        page_.reply_in.header.len = init_encode_area(WIRE_REPLY, &message, &page_.reply_in);
        return {STATUS_OK, DELIVERY_HANDED_OVER, 0, 0};
    }

    ecall_result Echo(std::uint64_t slot) {
        EXPECT_EQ(held_.count(slot), 1u) << slot;
        if (held_[slot] != life_) {
            return {STATUS_PEER_CLOSED, 0, 0, 0};
        }
        done_++;
        if (drops_ != 0) {
            drops_--;
            return {STATUS_PEER_CLOSED, DELIVERY_HANDED_OVER, 0, 0};
        }
        echo_message message{};
        EXPECT_EQ(echo_decode_area(WIRE_REQUEST, &page_.call_out, &message), WIRE_OK);
        page_.reply_in = {};
        page_.reply_in.header.len = echo_encode_area(WIRE_REPLY, &message, &page_.reply_in);
        return {STATUS_OK, DELIVERY_HANDED_OVER, 0, 0};
    }

    message_page page_ = {};
    std::map<std::uint64_t, std::uint32_t> held_;  // The client's, and the life they lead to.
    std::vector<std::uint64_t> rights_;            // Of copies.
    std::vector<std::string> lines_;
    std::uint64_t next_ = 20;
    std::uint64_t now_ns_ = NOW_NS;
    std::uint32_t life_ = 1;
    bool present_ = true;
    int drops_ = 0;
    int asked_ = 0;
    int done_ = 0;
};

World *world;

class BootResolver : public ::testing::Test {
  protected:
    BootResolver() {
        world = &world_;
        runtime_.page = &world_.page_;
        resolver_.runtime = &runtime_;
        resolver_.rows = ROWS;
        resolver_.count = std::size(ROWS);
        ipc_boot_client_init(&client_, &resolver_);
    }
    ~BootResolver() override {
        ipc_client_release(&client_);
        EXPECT_TRUE(world_.held_.empty());
        world = nullptr;
    }

    ipc_question To(const char *name) const {
        ipc_question question{};
        question.target = service_id_named(name);
        question.protocol = &echo_rows;
        question.deadline.ns = world_.now_ns_ + 1000;
        return question;
    }

    ipc_outcome Ask(echo_op op = ECHO_OP_ECHO, const char *name = "echo") {
        echo_message message{};
        message.header.op = static_cast<std::uint8_t>(op);
        const ipc_question question = To(name);
        return ipc_ask(&client_, &question, &message);
    }

    ipc_outcome Tell() {
        echo_message message{};
        message.header.op = ECHO_OP_ECHO;
        const ipc_question question = To("echo");
        return ipc_tell(&client_, &question, &message);
    }

    void Restart() {
        world_.life_++;
    }

    std::uint64_t Count(ipc_error error, ipc_served served) const {
        return client_.stats.outcomes[error][served];
    }

    World world_;
    runtime runtime_ = {};
    ipc_boot_resolver resolver_ = {};
    ipc_client client_ = {};
};

#define EXPECT_OUTCOME(made, error_wanted, served_wanted) \
    do {                                                  \
        const ipc_outcome got = made;                     \
        EXPECT_EQ(got.error, error_wanted);               \
        EXPECT_EQ(got.served, served_wanted);             \
    } while (false)

TEST_F(BootResolver, begins_with_a_copy_that_can_do_what_it_is_for) {
    EXPECT_OUTCOME(Ask(), IPC_OK, IPC_MISS);
    EXPECT_OUTCOME(Ask(), IPC_OK, IPC_HIT);
    EXPECT_OUTCOME(Tell(), IPC_OK, IPC_MISS);
    EXPECT_EQ(world_.rights_, (std::vector<std::uint64_t>{RIGHT_CALL, RIGHT_SEND}));
    EXPECT_EQ(world_.asked_, 0);
    EXPECT_EQ(Count(IPC_OK, IPC_MISS), 2u);
    EXPECT_EQ(Count(IPC_OK, IPC_HIT), 1u);
}

// Also in a build that keeps nothing: what the manifest gives was never resolved.
TEST_F(BootResolver, keeps_what_the_manifest_gives) {
    EXPECT_TRUE(client_.reuse);
}

TEST_F(BootResolver, a_lost_route_comes_from_init) {
    EXPECT_OUTCOME(Ask(), IPC_OK, IPC_MISS);
    for (int i = 0; i < 5; i++) {
        Restart();
        EXPECT_OUTCOME(Ask(), IPC_OK, IPC_REBOUND);
        EXPECT_OUTCOME(Ask(), IPC_OK, IPC_HIT);
    }
    EXPECT_EQ(world_.asked_, 5);
    EXPECT_EQ(world_.rights_, std::vector<std::uint64_t>(6, RIGHT_CALL))
        << "init's has all rights that the manifest gives";
    EXPECT_EQ(client_.routes.events[ROUTE_BOUND][ROUTE_EVENT_LOST], 5u);
    EXPECT_GT(client_.routes.trace.count, 0u);
}

TEST_F(BootResolver, a_target_that_stays_away_is_rejected_within_the_budget) {
    EXPECT_OUTCOME(Ask(), IPC_OK, IPC_MISS);
    Restart();
    world_.present_ = false;
    EXPECT_EQ(Ask().error, IPC_REJECTED);
    EXPECT_GT(world_.asked_, 0);
    EXPECT_LE(world_.asked_, static_cast<int>(BUDGET_ATTEMPTS));
    EXPECT_EQ(Ask().error, IPC_REJECTED);
    world_.present_ = true;
    EXPECT_OUTCOME(Ask(), IPC_OK, IPC_DEGRADED);
    EXPECT_OUTCOME(Ask(), IPC_OK, IPC_HIT);
}

TEST_F(BootResolver, what_may_be_repeated_is_sent_again) {
    world_.drops_ = 1;
    EXPECT_OUTCOME(Ask(), IPC_OK, IPC_REBOUND);
    EXPECT_EQ(world_.done_, 2);
}

TEST_F(BootResolver, test_reject_resend_of_what_may_not_be_repeated) {
    world_.drops_ = 1;
    EXPECT_EQ(Ask(ECHO_OP_END).error, IPC_UNKNOWN_OUTCOME);
    EXPECT_EQ(world_.done_, 1);
}

// Not asked for again until the interval is over.
TEST_F(BootResolver, test_reject_route_that_the_manifest_does_not_give) {
    EXPECT_EQ(Ask(ECHO_OP_ECHO, "nobody").error, IPC_DENIED);
    EXPECT_EQ(Ask(ECHO_OP_ECHO, "nobody").error, IPC_DENIED);
    EXPECT_EQ(world_.asked_, 1);
    world_.now_ns_ += IPC_BOOT_DENY_NS;
    EXPECT_EQ(Ask(ECHO_OP_ECHO, "nobody").error, IPC_DENIED);
    EXPECT_EQ(world_.asked_, 2);
}

TEST_F(BootResolver, test_reject_route_that_no_row_names) {
    EXPECT_EQ(Ask(ECHO_OP_ECHO, "stranger").error, IPC_DENIED);
    EXPECT_EQ(world_.asked_, 0);
}

// What IPC_BOOT_ROWS does not let compile. Not even the routes that there would be room for.
TEST_F(BootResolver, test_reject_more_rows_than_are_kept) {
    std::vector<ipc_boot_route_row> rows(IPC_BOOT_ROUTE_MAX, ROWS[0]);
    resolver_.rows = rows.data();
    resolver_.count = IPC_BOOT_ROUTE_MAX;
    EXPECT_OUTCOME(Ask(), IPC_OK, IPC_MISS);
    ipc_client_release(&client_);
    rows.push_back(ROWS[0]);
    resolver_.rows = rows.data();
    resolver_.count++;
    EXPECT_OUTCOME(Ask(), IPC_DENIED, IPC_MISS);
    EXPECT_EQ(world_.lines_,
              std::vector<std::string>{"9 routes of the manifest, at most 8 are kept"});
}

TEST_F(BootResolver, others_are_asked_for_what_no_row_names) {
    resolver_.others = [](void *context, service_id, policy_action, deadline) {
        return resolved{RESOLVE_GIVEN, slot_at(static_cast<World *>(context)->Hold(1)), 0};
    };
    resolver_.context = &world_;
    EXPECT_OUTCOME(Ask(ECHO_OP_ECHO, "stranger"), IPC_OK, IPC_MISS);
    EXPECT_TRUE(world_.rights_.empty());
}

}  // namespace

extern "C" ecall_result sim_ecall(std::uint64_t number, std::uint64_t arg0, std::uint64_t arg1,
                                  std::uint64_t arg2, std::uint64_t arg3) {
    const std::uint64_t args[] = {arg0, arg1, arg2, arg3};
    return world->Enter(number, args);
}
