// kernel/core/ipc_fast_test.cc: the fast path does what the complete calls do, and refuses what
// they refuse: each wrong argument is tried where everything else is right for it.
#include <gtest/gtest.h>

#include <string>

#include "testing/sim/machine.h"

namespace {

using namespace simtest;

constexpr std::uint32_t SERVER = 4;  // Where the client finds the endpoint,
constexpr std::uint32_t OTHER = 5;   // and another capability of it.
constexpr std::uint32_t RATE_ALWAYS = 65536;
constexpr std::uint32_t lengths[] = {0, 1, 7, 8, 9, 63, 64, 65, 128, 511, 512};

std::string payload(std::uint32_t length) {
    std::string text;
    for (std::uint32_t i = 0; i < length; i++) {
        text += static_cast<char>('a' + (i * 7 + length) % 26);
    }
    return text;
}

// Calls until the server is sure to wait: it does after the first answer on the same hart.
call_result call(user &self, const std::string &text, std::uint32_t at = SERVER) {
    fill(self.page->call_out, 1, text);
    return sys_ipc_call(slot_at(at), UINT64_MAX);
}

recv_result first_call(slot at) {
    recv_result got{};
    do {
        got = sys_ipc_recv(at, UINT64_MAX);
    } while (got.status == STATUS_OK && got.received == RECEIVED_NOTIFICATION);
    EXPECT_EQ(got.received, RECEIVED_CALL);
    return got;
}

recv_result next_call(slot at, reply_handle reply) {
    recv_result got = sys_ipc_reply_recv(reply, at, UINT64_MAX);
    while (got.status == STATUS_OK && got.received == RECEIVED_NOTIFICATION) {
        got = sys_ipc_recv(at, UINT64_MAX);
    }
    return got;
}

// Echoes until the client's last message, "end".
void serve(user &init, slot at) {
    recv_result got = first_call(at);
    while (got.status == STATUS_OK) {
        std::string text = payload_of(init.page->request_in);
        fill(init.page->reply_out, 2, text);
        if (text == "end") {
            EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_OK);
            return;
        }
        got = next_call(at, got.reply);
    }
    ADD_FAILURE() << "a receive ended with " << status_name(got.status);
}

void expect_echo(user &self, const std::string &text) {
    EXPECT_EQ(call(self, text).status, STATUS_OK);
    EXPECT_EQ(payload_of(self.page->reply_in), text);
}

sim_result echo_all_lengths(std::uint32_t slow_rate) {
    sim_machine machine;
    machine.fault(FAULT_POINT_SLOW_PATH, slow_rate);
    machine.program("client", [](user &self) {
        for (std::uint32_t length : lengths) {
            expect_echo(self, payload(length));
            // Whole words, the last zeroed beyond the length.
            for (std::uint32_t i = length; i % 8 != 0; i++) {
                EXPECT_EQ(self.page->reply_in.payload[i], 0) << length;
            }
            EXPECT_EQ(self.page->reply_in.meta.service_id, service_id_of("init", 4));
        }
        expect_echo(self, "end");
    });
    return machine.run_once(
        [](user &init) {
            slot at = endpoint();
            slot task = start("client", {{mint(at, 7), SERVER, RIGHT_CALL}});
            serve(init, at);
            EXPECT_EQ(init.page->request_in.meta.badge, 7u);
            EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
        },
        1, 1);
}

TEST(IpcFast, calls_and_replies_of_every_length_switch_directly) {
    sim_result result = echo_all_lengths(0);
    EXPECT_EQ(result.end, SIM_POWER_OFF) << result.message;
    EXPECT_GE(result.direct_switches, 2 * std::size(lengths) - 1);
}

TEST(IpcFast, a_slow_hart_does_the_complete_calls) {
    sim_result result = echo_all_lengths(RATE_ALWAYS);
    EXPECT_EQ(result.end, SIM_POWER_OFF) << result.message;
    EXPECT_EQ(result.direct_switches, 0u);
}

TEST(IpcFast, test_reject_wrong_call_to_a_receiver_that_waits) {
    sim_machine machine;
    machine.program("client", [](user &self) {
        expect_echo(self, "first");
        EXPECT_EQ(call(self, "x", OTHER).status, STATUS_DENIED);  // SEND only.
        EXPECT_EQ(call(self, "x", OTHER + 1).status, STATUS_REVOKED);
        EXPECT_EQ(call(self, "x", OTHER + 2).status, STATUS_BAD_CAP);  // The console.
        EXPECT_EQ(call(self, "x", OTHER + 3).status, STATUS_PEER_CLOSED);
        for (std::uint32_t beyond = CAP_SLOT_COUNT; beyond < 40 * CAP_SLOT_COUNT; beyond++) {
            EXPECT_EQ(call(self, "x", beyond).status, STATUS_BAD_CAP);  // Other tasks' objects.
        }
        EXPECT_EQ(sys_ipc_call(slot_at(UINT64_MAX), UINT64_MAX).status, STATUS_BAD_CAP);
        EXPECT_EQ(sys_ipc_call(slot_at(SERVER), 0).status, STATUS_BAD_ARG);
        self.page->call_out.header.len = FRAME_PAYLOAD_MAX + 1;
        EXPECT_EQ(sys_ipc_call(slot_at(SERVER), UINT64_MAX).status, STATUS_TOO_LARGE);
        self.page->call_out.header.len = 64;
        self.page->call_out.header.flags = 0x8000;
        EXPECT_EQ(sys_ipc_call(slot_at(SERVER), UINT64_MAX).status, STATUS_BAD_ARG);
        expect_echo(self, "end");
    });
    machine.run([](user &init) {
        slot at = endpoint();
        slot closed = endpoint();
        slot grant = sys_grant_create(FACTORY).slot;
        slot revoked = sys_cap_mint_under(at, 1, RIGHT_CALL, grant).slot;
        slot task = create("client");
        EXPECT_EQ(load(task, "client").status, STATUS_OK);
        const struct {
            slot from;
            std::uint32_t rights;
        } given[] = {{at, RIGHT_CALL},
                     {at, RIGHT_SEND},
                     {revoked, RIGHT_CALL},
                     {CONSOLE, RIGHT_WRITE},
                     {closed, RIGHT_CALL}};
        for (std::uint32_t i = 0; i < std::size(given); i++) {
            EXPECT_EQ(sys_task_grant(task, given[i].from, SERVER + i, given[i].rights), STATUS_OK);
        }
        EXPECT_EQ(sys_grant_revoke(grant), STATUS_OK);
        EXPECT_EQ(sys_endpoint_close(closed), STATUS_OK);
        EXPECT_EQ(sys_task_start(task, 0, 0), STATUS_OK);
        serve(init, at);
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
    });
}

TEST(IpcFast, test_reject_wrong_reply_recv_with_the_reply_intact) {
    sim_machine machine;
    machine.program("client", [](user &self) {
        expect_echo(self, "first");
        expect_echo(self, "end");
    });
    machine.run([](user &init) {
        slot at = endpoint();
        slot no_recv = mint(at, 1, RIGHT_CALL | RIGHT_SEND);
        slot task = start("client", {{at, SERVER, RIGHT_CALL}}, 0, 0);
        recv_result got = first_call(at);
        fill(init.page->reply_out, 2, "first");
        const std::uint64_t generation = UINT64_C(1) << REPLY_HANDLE_GENERATION_SHIFT;
        for (std::uint64_t wrong : {got.reply.value + generation, got.reply.value - generation,
                                    got.reply.value ^ 1, got.reply.value & ~REPLY_HANDLE_BIT,
                                    got.reply.value ^ (UINT64_C(1) << 62), std::uint64_t{0}}) {
            EXPECT_EQ(sys_ipc_reply_recv(reply_handle{wrong}, at, UINT64_MAX).status,
                      STATUS_BAD_CAP);
        }
        EXPECT_EQ(sys_ipc_reply_recv(got.reply, no_recv, UINT64_MAX).status, STATUS_DENIED);
        for (slot wrong : {CONSOLE, slot_at(CAP_SLOT_COUNT), slot_at(UINT64_MAX), slot_at(0)}) {
            EXPECT_EQ(sys_ipc_reply_recv(got.reply, wrong, UINT64_MAX).status, STATUS_BAD_CAP);
        }
        init.page->reply_out.header.len = FRAME_PAYLOAD_MAX + 1;
        EXPECT_EQ(sys_ipc_reply_recv(got.reply, at, UINT64_MAX).status, STATUS_TOO_LARGE);
        fill(init.page->reply_out, 2, "first");
        init.page->reply_out.header.flags = FRAME_CAP_MOVE;
        EXPECT_EQ(sys_ipc_reply_recv(got.reply, at, UINT64_MAX).status, STATUS_DENIED);
        fill(init.page->reply_out, 2, "first");
        recv_result next = next_call(at, got.reply);
        EXPECT_EQ(next.received, RECEIVED_CALL);
        fill(init.page->reply_out, 2, "end");
        EXPECT_EQ(sys_ipc_reply(next.reply), STATUS_OK);
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
    });
}

// A RECV capability of an endpoint's earlier life does not receive what comes to its present one,
// though the same task owns both.
TEST(IpcFast, test_reject_receiving_through_a_former_life) {
    constexpr int ROUNDS = 200;
    sim_machine machine;
    machine.harts({2});
    machine.program("client", [](user &self) {
        for (int i = 0; i < ROUNDS; i++) {
            expect_echo(self, "x");
        }
        expect_echo(self, "end");
    });
    machine.program("sender", [](user &self) {
        fill(self.page->call_out, 1, "s");
        while (sys_ipc_send(slot_at(SERVER), UINT64_MAX).status == STATUS_OK) {
        }
    });
    machine.run([](user &init) {
        slot old = endpoint();
        EXPECT_EQ(sys_endpoint_close(old), STATUS_OK);
        slot present = endpoint();
        slot at = endpoint();
        slot sender = start("sender", {{present, SERVER, RIGHT_SEND | RIGHT_CALL}}, 0, 1);
        slot client = start("client", {{at, SERVER, RIGHT_CALL}}, 0, 0);
        recv_result got = first_call(at);
        for (int i = 0; i < ROUNDS; i++) {
            // Room for the sender, who would be served at once by a receiver that waits.
            while (sys_ipc_recv(present, 0).status == STATUS_OK) {
            }
            fill(init.page->reply_out, 2, "x");
            recv_result nothing = sys_ipc_reply_recv(got.reply, old, UINT64_MAX);
            ASSERT_EQ(nothing.status, STATUS_PEER_CLOSED);
            got = first_call(at);
        }
        fill(init.page->reply_out, 2, "end");
        EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_OK);
        EXPECT_EQ(sys_endpoint_close(present), STATUS_OK);
        EXPECT_EQ(wait_dead(client).reason, EXIT_CODE);
        EXPECT_EQ(wait_dead(sender).reason, EXIT_CODE);
    });
}

}  // namespace
