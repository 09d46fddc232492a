// kernel/core/ipc_carry_test.cc: capabilities on the fast path: a call or an answer that carries
// one to a peer that waits does what the complete calls do, and refuses what they refuse.
#include <gtest/gtest.h>

#include "testing/sim/machine.h"

namespace {

using namespace simtest;

constexpr std::uint32_t SERVER = 4;  // Where the client finds the endpoint,
constexpr std::uint32_t OTHER = 5;   // and what it may not pass on.
constexpr std::uint32_t RATE_ALWAYS = 65536;
constexpr std::uint32_t lengths[] = {0, 1, 8, 63, 64, 65, 512};

// A frame of that many bytes on which the capability rides.
void load_cap(message_area &area, slot cap, std::uint32_t flags, const std::string &text) {
    fill(area, 1, text);
    area.header.flags = static_cast<std::uint16_t>(flags);
    area.meta.slot = static_cast<std::uint32_t>(cap.value);
}

call_result call_with(user &self, slot cap, std::uint32_t flags, const std::string &text = "x") {
    load_cap(self.page->call_out, cap, flags, text);
    return sys_ipc_call(slot_at(SERVER), UINT64_MAX);
}

bool holds(slot cap) {
    return sys_cap_query(cap).status == STATUS_OK;
}

std::uint64_t badge_of(slot cap) {
    query_result got = sys_cap_query(cap);
    EXPECT_EQ(got.status, STATUS_OK);
    return got.value;
}

slot accepting() {
    slot_result made = sys_endpoint_create_accepting(FACTORY);
    EXPECT_EQ(made.status, STATUS_OK);
    return made.slot;
}

// The client lets the server wait first: it does after an answer on the same hart.
void hello(user &self) {
    fill(self.page->call_out, 1, "hello");
    EXPECT_EQ(sys_ipc_call(slot_at(SERVER), UINT64_MAX).status, STATUS_OK);
}

// Answers each call until "end": the payload comes back, and where the caller takes one, a
// capability with the badge 1000 and the number of the call.
void serve(user &init, slot at) {
    recv_result got = sys_ipc_recv(at, UINT64_MAX);
    for (std::uint64_t n = 1; got.status == STATUS_OK; n++) {
        if (got.received != RECEIVED_CALL) {
            got = sys_ipc_recv(at, UINT64_MAX);
            continue;
        }
        const message_area &in = init.page->request_in;
        std::string text = payload_of(in);
        if ((in.header.flags & FRAME_CAP_MOVE) != 0) {
            EXPECT_EQ(badge_of(slot_at(in.meta.slot)), 7u);
            EXPECT_EQ(sys_cap_close(slot_at(in.meta.slot)), STATUS_OK);
        } else {
            EXPECT_EQ(in.meta.slot, static_cast<std::uint32_t>(CAP_SLOT_NONE));
        }
        bool takes = (in.header.flags & FRAME_TAKE_CAP) != 0;
        slot given = takes ? mint(at, 1000 + n, RIGHT_SEND) : slot_at(CAP_SLOT_NONE);
        load_cap(init.page->reply_out, given, takes ? std::uint32_t{FRAME_CAP_MOVE} : 0, text);
        if (text == "end") {
            EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_OK);
            return;
        }
        got = sys_ipc_reply_recv(got.reply, at, UINT64_MAX);
        EXPECT_EQ(init.page->reply_out.meta.slot, static_cast<std::uint32_t>(CAP_SLOT_NONE));
        EXPECT_FALSE(takes && holds(given) && badge_of(given) == 1000 + n);
    }
    ADD_FAILURE() << "a receive ended with " << status_name(got.status);
}

void end(user &self) {
    fill(self.page->call_out, 1, "end");
    EXPECT_EQ(sys_ipc_call(slot_at(SERVER), UINT64_MAX).status, STATUS_OK);
}

sim_result carry_all_lengths(std::uint32_t slow_rate) {
    sim_machine machine;
    machine.fault(FAULT_POINT_SLOW_PATH, slow_rate);
    machine.program("client", [](user &self) {
        hello(self);
        std::uint64_t n = 1;
        for (std::uint32_t length : lengths) {
            std::string text(length, static_cast<char>('a' + n));
            slot cap = sys_cap_clone(slot_at(SERVER), RIGHT_CALL).slot;
            n++;
            EXPECT_EQ(call_with(self, cap, FRAME_CAP_MOVE, text).status, STATUS_OK);
            EXPECT_FALSE(holds(cap));
            EXPECT_EQ(self.page->call_out.meta.slot, static_cast<std::uint32_t>(CAP_SLOT_NONE));
            EXPECT_EQ(self.page->reply_in.meta.slot, static_cast<std::uint32_t>(CAP_SLOT_NONE));
            EXPECT_EQ(payload_of(self.page->reply_in), text);
            cap = sys_cap_clone(slot_at(SERVER), RIGHT_CALL).slot;
            n++;
            EXPECT_EQ(call_with(self, cap, FRAME_CAP_MOVE | FRAME_TAKE_CAP, text).status,
                      STATUS_OK);
            slot back = slot_at(self.page->reply_in.meta.slot);
            EXPECT_EQ(badge_of(back), 1000 + n);
            EXPECT_EQ(payload_of(self.page->reply_in), text);
            EXPECT_EQ(self.page->reply_in.meta.service_id, service_id_of("init", 4));
            EXPECT_EQ(sys_cap_close(back), STATUS_OK);
        }
        end(self);
    });
    return machine.run_once(
        [](user &init) {
            slot at = accepting();
            slot task = start("client", {{mint(at, 7), SERVER, RIGHT_CALL}});
            serve(init, at);
            EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
        },
        1, 1);
}

TEST(IpcCarry, calls_and_answers_that_carry_switch_directly) {
    sim_result result = carry_all_lengths(0);
    EXPECT_EQ(result.end, SIM_POWER_OFF) << result.message;
    EXPECT_GE(result.direct_switches, 4 * std::size(lengths));
}

TEST(IpcCarry, a_slow_hart_does_the_complete_calls) {
    sim_result result = carry_all_lengths(RATE_ALWAYS);
    EXPECT_EQ(result.end, SIM_POWER_OFF) << result.message;
    EXPECT_EQ(result.direct_switches, 0u);
}

TEST(IpcCarry, the_capability_called_through_may_move) {
    for (std::uint32_t slow_rate : {0u, RATE_ALWAYS}) {
        sim_machine machine;
        machine.fault(FAULT_POINT_SLOW_PATH, slow_rate);
        machine.program("client", [](user &self) {
            hello(self);
            EXPECT_EQ(call_with(self, slot_at(SERVER), FRAME_CAP_MOVE, "end").status, STATUS_OK);
            EXPECT_FALSE(holds(slot_at(SERVER)));
        });
        machine.run([](user &init) {
            slot at = accepting();
            slot task = start("client", {{mint(at, 7), SERVER, RIGHT_CALL}});
            serve(init, at);
            EXPECT_EQ(init.page->request_in.meta.badge, 7u);
            EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
        });
    }
}

// Each is wrong where everything else is right for the fast path.
TEST(IpcCarry, test_reject_capability_that_may_not_move) {
    sim_machine machine;
    machine.program("child", [](user &) {});
    machine.program("client", [](user &self) {
        hello(self);
        const struct {
            slot cap;
            status wanted;
        } wrong[] = {
            {slot_at(OTHER), STATUS_REVOKED},        {slot_at(OTHER + 1), STATUS_DENIED},  // RECV
            {slot_at(OTHER + 2), STATUS_DENIED},  // A factory.
            {slot_at(OTHER + 3), STATUS_BUSY},       {slot_at(0), STATUS_BAD_CAP},
            {slot_at(50), STATUS_BAD_CAP},           {slot_at(CAP_SLOT_COUNT), STATUS_BAD_CAP},
            {slot_at(256 + SERVER), STATUS_BAD_CAP}, {slot_at(UINT32_MAX), STATUS_BAD_CAP},
        };
        for (const auto &row : wrong) {
            EXPECT_EQ(call_with(self, row.cap, FRAME_CAP_MOVE).status, row.wanted) << row.cap.value;
            EXPECT_EQ(self.page->call_out.meta.slot, row.cap.value);
        }
        slot good = sys_cap_clone(slot_at(SERVER), RIGHT_CALL).slot;
        for (std::uint32_t flags = 0x8000; flags > FRAME_TAKE_CAP << 1; flags >>= 1) {
            EXPECT_EQ(call_with(self, good, flags | FRAME_CAP_MOVE).status, STATUS_BAD_ARG);
        }
        load_cap(self.page->call_out, good, FRAME_CAP_MOVE, "x");
        self.page->call_out.header.len = FRAME_PAYLOAD_MAX + 1;
        EXPECT_EQ(sys_ipc_call(slot_at(SERVER), UINT64_MAX).status, STATUS_TOO_LARGE);
        EXPECT_TRUE(holds(good));
        end(self);
    });
    machine.run([](user &init) {
        slot at = accepting();
        slot grant = sys_grant_create(FACTORY).slot;
        slot revoked = sys_cap_mint_under(at, 7, RIGHT_CALL, grant).slot;
        slot task = create("client");
        EXPECT_EQ(load(task, "client").status, STATUS_OK);
        EXPECT_EQ(sys_task_grant(task, mint(at, 7), SERVER, RIGHT_CALL), STATUS_OK);
        EXPECT_EQ(sys_task_grant(task, revoked, OTHER, RIGHT_CALL), STATUS_OK);
        EXPECT_EQ(sys_task_grant(task, endpoint(), OTHER + 1, RIGHT_RECV), STATUS_OK);
        EXPECT_EQ(sys_task_grant(task, FACTORY, OTHER + 2, RIGHT_MAKE_ENDPOINT), STATUS_OK);
        // A task that was not started: nobody but its supervisor could.
        slot child = create("child");
        EXPECT_EQ(sys_task_grant(task, child, OTHER + 3, RIGHT_TASK_CONTROL), STATUS_OK);
        EXPECT_EQ(sys_grant_revoke(grant), STATUS_OK);
        EXPECT_EQ(sys_task_start(task, 0, 0), STATUS_OK);
        serve(init, at);
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
    });
}

TEST(IpcCarry, test_reject_capability_where_none_is_taken) {
    sim_machine machine;
    machine.program("client", [](user &self) {
        hello(self);
        slot cap = sys_cap_clone(slot_at(SERVER), RIGHT_CALL).slot;
        EXPECT_EQ(call_with(self, cap, FRAME_CAP_MOVE).status, STATUS_DENIED);
        EXPECT_TRUE(holds(cap));
        end(self);
    });
    machine.run([](user &init) {
        slot at = endpoint();
        slot task = start("client", {{mint(at, 7), SERVER, RIGHT_CALL}}, 0, 0);
        recv_result got{};
        while (got.received != RECEIVED_CALL) {
            got = sys_ipc_recv(at, UINT64_MAX);
        }
        // Nor in the answer by a caller that did not ask for one.
        slot cap = mint(at, 1, RIGHT_SEND);
        load_cap(init.page->reply_out, cap, FRAME_CAP_MOVE, "x");
        EXPECT_EQ(sys_ipc_reply_recv(got.reply, at, UINT64_MAX).status, STATUS_DENIED);
        EXPECT_TRUE(holds(cap));
        fill(init.page->reply_out, 1, "");
        EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_OK);
        serve(init, at);
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
    });
}

TEST(IpcCarry, test_reject_full_table) {
    sim_machine machine;
    machine.program("client", [](user &self) {
        hello(self);
        slot last{0};
        for (slot_result got{}; got.status == STATUS_OK;) {
            got = sys_cap_clone(slot_at(SERVER), RIGHT_CALL);
            last = got.status == STATUS_OK ? got.slot : last;
        }
        // No slot for what the answer may carry, though one comes free by the call itself.
        EXPECT_EQ(call_with(self, last, FRAME_CAP_MOVE | FRAME_TAKE_CAP).status, STATUS_NO_SPACE);
        EXPECT_EQ(call_with(self, last, FRAME_TAKE_CAP).status, STATUS_NO_SPACE);
        EXPECT_TRUE(holds(last));
        // The receiver has none either: it is told, and the call waits until it has.
        EXPECT_EQ(call_with(self, last, FRAME_CAP_MOVE).status, STATUS_OK);
        EXPECT_FALSE(holds(last));
        end(self);
    });
    machine.run([](user &init) {
        slot at = accepting();
        slot task = start("client", {{mint(at, 7), SERVER, RIGHT_CALL}}, 0, 0);
        recv_result got{};
        while (got.received != RECEIVED_CALL) {
            got = sys_ipc_recv(at, UINT64_MAX);
        }
        slot last{0};
        for (slot_result made{}; made.status == STATUS_OK;) {
            made = sys_cap_clone(at, RIGHT_SEND);
            last = made.status == STATUS_OK ? made.slot : last;
        }
        fill(init.page->reply_out, 1, "");
        EXPECT_EQ(sys_ipc_reply_recv(got.reply, at, UINT64_MAX).status, STATUS_NO_SPACE);
        EXPECT_EQ(sys_cap_close(last), STATUS_OK);
        serve(init, at);
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
    });
}

// The answer carries what may not move: it is refused with the reply intact.
TEST(IpcCarry, test_reject_answer_with_what_may_not_move) {
    sim_machine machine;
    machine.program("client", [](user &self) {
        hello(self);
        EXPECT_EQ(call_with(self, slot_at(0), FRAME_TAKE_CAP).status, STATUS_OK);
        EXPECT_EQ(self.page->reply_in.meta.slot, static_cast<std::uint32_t>(CAP_SLOT_NONE));
        end(self);
    });
    machine.run([](user &init) {
        slot at = accepting();
        slot task = start("client", {{mint(at, 7), SERVER, RIGHT_CALL}}, 0, 0);
        recv_result got{};
        while (got.status == STATUS_OK && payload_of(init.page->request_in) != "x") {
            if (got.received == RECEIVED_CALL) {
                fill(init.page->reply_out, 1, "");
                got = sys_ipc_reply_recv(got.reply, at, UINT64_MAX);
            } else {
                got = sys_ipc_recv(at, UINT64_MAX);
            }
        }
        for (slot fixed : {at, FACTORY}) {
            load_cap(init.page->reply_out, fixed, FRAME_CAP_MOVE, "y");
            EXPECT_EQ(sys_ipc_reply_recv(got.reply, at, UINT64_MAX).status, STATUS_DENIED);
        }
        for (std::uint64_t bad : {std::uint64_t{0}, std::uint64_t{50}, std::uint64_t{UINT32_MAX}}) {
            load_cap(init.page->reply_out, slot_at(bad), FRAME_CAP_MOVE, "y");
            EXPECT_EQ(sys_ipc_reply_recv(got.reply, at, UINT64_MAX).status, STATUS_BAD_CAP);
        }
        load_cap(init.page->reply_out, at, FRAME_CAP_MOVE | FRAME_TAKE_CAP, "y");
        EXPECT_EQ(sys_ipc_reply_recv(got.reply, at, UINT64_MAX).status, STATUS_BAD_ARG);
        fill(init.page->reply_out, 1, "");
        EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_OK);
        serve(init, at);
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
    });
}

}  // namespace
