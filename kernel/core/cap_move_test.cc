// kernel/core/cap_move_test.cc: capabilities that ride on frames: when they move, when they stay,
// and what is refused. Programs run in simulation on 1, 2 and 4 harts.
#include <gtest/gtest.h>

#include "testing/sim/machine.h"

namespace {

using namespace simtest;

constexpr std::uint32_t SERVER = 4;

slot accepting() {
    slot_result made = sys_endpoint_create_accepting(FACTORY);
    EXPECT_EQ(made.status, STATUS_OK);
    return made.slot;
}

// A frame in `area` on which the capability rides.
void load_cap(message_area &area, slot cap, std::uint16_t flags = FRAME_CAP_MOVE) {
    fill(area, 1, "cap");
    area.header.flags = flags;
    area.meta.slot = static_cast<std::uint32_t>(cap.value);
}

bool holds(slot cap) {
    return sys_cap_query(cap).status == STATUS_OK;
}

std::uint64_t badge_of(slot cap) {
    query_result got = sys_cap_query(cap);
    EXPECT_EQ(got.status, STATUS_OK);
    return got.value;
}

recv_result next_message(slot at) {
    recv_result got{};
    do {
        got = sys_ipc_recv(at, in_us(100000));
    } while (got.status == STATUS_OK && got.received == RECEIVED_NOTIFICATION);
    return got;
}

// Fills the table with clones of `from`; the last one made.
slot fill_table(slot from) {
    slot last{0};
    for (;;) {
        slot_result got = sys_cap_clone(from, RIGHT_SEND);
        if (got.status != STATUS_OK) {
            EXPECT_EQ(got.status, STATUS_NO_SPACE);
            return last;
        }
        last = got.slot;
    }
}

TEST(CapMove, a_stored_send_carries_it) {
    sim_machine machine;
    machine.run(
        [](user &init) {
            slot at = accepting();
            slot cap = mint(at, 77, RIGHT_SEND);
            load_cap(init.page->call_out, cap);
            call_result sent = sys_ipc_send(at, 0);
            EXPECT_EQ(sent.status, STATUS_OK);
            EXPECT_EQ(sent.delivery, DELIVERY_HANDED_OVER);
            EXPECT_FALSE(holds(cap));  // Committed when it was stored.
            EXPECT_EQ(init.page->call_out.meta.slot, static_cast<std::uint32_t>(CAP_SLOT_NONE));
            EXPECT_EQ(sys_cap_query(at).detail, 1u);  // On its way it still is a sender.
            EXPECT_EQ(sys_ipc_recv(at, 0).received, RECEIVED_SEND);
            slot got = slot_at(init.page->request_in.meta.slot);
            EXPECT_EQ(badge_of(got), 77u);
            EXPECT_EQ(sys_cap_close(got), STATUS_OK);
            EXPECT_EQ(sys_cap_close(at), STATUS_OK);
        },
        true);
}

TEST(CapMove, a_call_and_its_reply_carry_one_each) {
    sim_machine machine;
    machine.program("caller", [](user &self) {
        for (int i = 0; i < 5; i++) {
            slot cap = sys_cap_clone(slot_at(SERVER), RIGHT_CALL).slot;
            load_cap(self.page->call_out, cap, FRAME_CAP_MOVE | FRAME_TAKE_CAP);
            call_result got = sys_ipc_call(slot_at(SERVER), UINT64_MAX);
            EXPECT_EQ(got.status, STATUS_OK);
            EXPECT_EQ(got.delivery, DELIVERY_HANDED_OVER);
            slot back = slot_at(self.page->reply_in.meta.slot);
            EXPECT_EQ(badge_of(back), 900u + static_cast<unsigned>(i));
            EXPECT_EQ(sys_cap_close(back), STATUS_OK);
        }
    });
    machine.run(
        [](user &init) {
            slot at = accepting();
            slot route = mint(at, 3);
            slot task = start("caller", {{route, SERVER, RIGHT_CALL}});
            recv_result got = next_message(at);
            for (unsigned i = 0; i < 5; i++) {
                EXPECT_EQ(got.received, RECEIVED_CALL);
                EXPECT_EQ(init.page->request_in.meta.badge, 3u);
                slot moved = slot_at(init.page->request_in.meta.slot);
                EXPECT_EQ(cap_query_rights(sys_cap_query(moved).kind_rights),
                          static_cast<std::uint32_t>(RIGHT_CALL));
                EXPECT_EQ(sys_cap_close(moved), STATUS_OK);
                slot answer = mint(at, 900 + i, RIGHT_SEND);
                load_cap(init.page->reply_out, answer);
                if (i == 4) {
                    EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_OK);
                } else {
                    got = sys_ipc_reply_recv(got.reply, at, in_us(100000));
                    EXPECT_EQ(got.status, STATUS_OK);
                }
                EXPECT_EQ(init.page->reply_out.meta.slot,
                          static_cast<std::uint32_t>(CAP_SLOT_NONE));
            }
            EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
            for (slot held : {task, route, at}) {
                EXPECT_EQ(sys_cap_close(held), STATUS_OK);
            }
        },
        true);
}

TEST(CapMove, test_reject_capability_to_an_endpoint_that_takes_none) {
    sim_machine machine;
    machine.program("caller", [](user &self) {
        slot cap = sys_cap_clone(slot_at(SERVER), RIGHT_SEND).slot;
        load_cap(self.page->call_out, cap);
        EXPECT_EQ(sys_ipc_call(slot_at(SERVER), UINT64_MAX).status, STATUS_DENIED);
        EXPECT_EQ(sys_ipc_send(slot_at(SERVER), 0).status, STATUS_DENIED);
        EXPECT_EQ(sys_ipc_send(slot_at(SERVER), in_us(100)).status, STATUS_DENIED);
        EXPECT_TRUE(holds(cap));
        EXPECT_EQ(self.page->call_out.meta.slot, cap.value);
        fill(self.page->call_out, 1, "x");  // And one that takes none in the answer.
        EXPECT_EQ(sys_ipc_call(slot_at(SERVER), UINT64_MAX).status, STATUS_OK);
    });
    machine.run([](user &init) {
        slot at = endpoint();
        slot task = start("caller", {{at, SERVER, RIGHT_CALL | RIGHT_SEND}});
        recv_result got = next_message(at);
        slot answer = mint(at, 1, RIGHT_SEND);
        load_cap(init.page->reply_out, answer);
        EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_DENIED);
        EXPECT_EQ(sys_ipc_reply_recv(got.reply, at, 0).status, STATUS_DENIED);
        EXPECT_TRUE(holds(answer));
        fill(init.page->reply_out, 1, "");
        EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_OK);  // The reply was left intact.
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
        EXPECT_EQ(sys_endpoint_create(CONSOLE).status, STATUS_BAD_CAP);
    });
}

TEST(CapMove, test_reject_moving_recv_manage_revoke_and_factories) {
    sim_machine machine;
    machine.program("child", [](user &) {});
    machine.run([](user &init) {
        slot at = accepting();
        slot grant = sys_grant_create(FACTORY).slot;
        for (slot fixed : {at, grant, FACTORY}) {
            load_cap(init.page->call_out, fixed);
            EXPECT_EQ(sys_ipc_send(at, 0).status, STATUS_DENIED) << fixed.value;
            EXPECT_TRUE(holds(fixed));
        }
        slot managed = accepting();
        slot holder = create("child");
        EXPECT_EQ(sys_task_grant(holder, managed, 5, RIGHT_RECV), STATUS_OK);
        load_cap(init.page->call_out, managed);  // MANAGE, without RECV.
        EXPECT_EQ(sys_ipc_send(at, 0).status, STATUS_DENIED);
        for (std::uint64_t bad : {std::uint64_t{0}, std::uint64_t{50}, std::uint64_t{64},
                                  std::uint64_t{256 + 5}, std::uint64_t{UINT32_MAX}}) {
            load_cap(init.page->call_out, slot_at(bad));
            EXPECT_EQ(sys_ipc_send(at, 0).status, STATUS_BAD_CAP) << bad;
        }
        // A task that was not started: nobody but its supervisor could.
        load_cap(init.page->call_out, holder);
        EXPECT_EQ(sys_ipc_send(at, 0).status, STATUS_BUSY);
        EXPECT_EQ(sys_task_kill(holder), STATUS_OK);
        // What was revoked stays where it is.
        slot stale = sys_cap_mint_under(at, 1, RIGHT_SEND, grant).slot;
        EXPECT_EQ(sys_grant_revoke(grant), STATUS_OK);
        load_cap(init.page->call_out, stale);
        EXPECT_EQ(sys_ipc_send(at, 0).status, STATUS_REVOKED);
        EXPECT_TRUE(holds(stale));
    });
}

TEST(CapMove, test_reject_unknown_flags) {
    sim_machine machine;
    machine.run([](user &init) {
        slot at = accepting();
        slot cap = mint(at, 1, RIGHT_SEND);
        for (std::uint32_t flags = 0x8000; flags > FRAME_TAKE_CAP << 1; flags >>= 1) {
            load_cap(init.page->call_out, cap, static_cast<std::uint16_t>(flags | FRAME_CAP_MOVE));
            EXPECT_EQ(sys_ipc_call(at, UINT64_MAX).status, STATUS_BAD_ARG) << flags;
        }
        load_cap(init.page->call_out, cap, FRAME_CAP_MOVE | FRAME_TAKE_CAP);
        EXPECT_EQ(sys_ipc_send(at, 0).status, STATUS_BAD_ARG);  // A send has no answer.
        load_cap(init.page->call_out, cap);
        EXPECT_EQ(sys_ipc_call(at, 0).status, STATUS_BAD_ARG);
        EXPECT_EQ(sys_ipc_call(at, UINT64_MAX).status, STATUS_BAD_ARG);  // Its own endpoint.
        init.page->call_out.header.len = FRAME_PAYLOAD_MAX + 1;
        EXPECT_EQ(sys_ipc_send(at, 0).status, STATUS_TOO_LARGE);
        EXPECT_TRUE(holds(cap));
        EXPECT_EQ(ecall_2(SYSCALL_ENDPOINT_CREATE, FACTORY.value, 2).a0,
                  static_cast<std::uint64_t>(STATUS_BAD_ARG));
        EXPECT_EQ(ecall_3(SYSCALL_IPC_RECV, at.value, 0, 2).a0,
                  static_cast<std::uint64_t>(STATUS_BAD_ARG));
    });
}

TEST(CapMove, test_reject_full_table) {
    sim_machine machine;
    machine.program("caller", [](user &self) {
        slot cap = sys_cap_clone(slot_at(SERVER), RIGHT_SEND).slot;
        load_cap(self.page->call_out, cap);
        call_result got = sys_ipc_call(slot_at(SERVER), UINT64_MAX);
        EXPECT_EQ(got.status, STATUS_OK);
        EXPECT_FALSE(holds(cap));
        slot last = fill_table(slot_at(SERVER));
        load_cap(self.page->call_out, last, FRAME_TAKE_CAP);
        EXPECT_EQ(sys_ipc_call(slot_at(SERVER), UINT64_MAX).status, STATUS_NO_SPACE);
    });
    machine.run([](user &init) {
        slot at = accepting();
        slot task = start("caller", {{at, SERVER, RIGHT_CALL | RIGHT_SEND}});
        slot last = fill_table(at);
        EXPECT_EQ(next_message(at).status, STATUS_NO_SPACE);
        fill(init.page->call_out, 1, "behind");
        EXPECT_EQ(sys_ipc_send(at, 0).status, STATUS_OK);
        // The frame stays the first; with the capability closed it is taken.
        EXPECT_EQ(sys_ipc_recv(at, in_us(100)).status, STATUS_NO_SPACE);
        EXPECT_EQ(sys_ipc_recv(at, 0).status, STATUS_NO_SPACE);
        recv_result got = sys_ipc_recv_drop_cap(at, 0);
        EXPECT_EQ(got.received, RECEIVED_CALL);
        EXPECT_EQ(payload_of(init.page->request_in), "cap");
        EXPECT_EQ(init.page->request_in.header.flags, FRAME_CAP_MOVE);
        EXPECT_EQ(init.page->request_in.meta.slot, static_cast<std::uint32_t>(CAP_SLOT_NONE));
        EXPECT_EQ(next_message(at).received, RECEIVED_SEND);
        EXPECT_EQ(payload_of(init.page->request_in), "behind");
        fill(init.page->reply_out, 1, "");
        EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_OK);
        EXPECT_EQ(sys_cap_close(last), STATUS_OK);
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
    });
}

TEST(CapMove, a_slot_that_comes_free_lets_the_frame_in) {
    sim_machine machine;
    machine.run([](user &init) {
        slot at = accepting();
        slot cap = mint(at, 5, RIGHT_SEND);
        load_cap(init.page->call_out, cap);
        EXPECT_EQ(sys_ipc_send(at, 0).status, STATUS_OK);
        slot last = fill_table(at);
        EXPECT_EQ(sys_ipc_recv(at, 0).status, STATUS_NO_SPACE);
        EXPECT_EQ(sys_cap_close(last), STATUS_OK);
        EXPECT_EQ(sys_ipc_recv(at, 0).received, RECEIVED_SEND);
        EXPECT_EQ(badge_of(slot_at(init.page->request_in.meta.slot)), 5u);
    });
}

// A call that was not handed over leaves the capability where it is: time-out, closing, revocation.
TEST(CapMove, what_is_not_handed_over_stays) {
    sim_machine machine;
    machine.program("caller", [](user &self) {
        slot cap = sys_cap_clone(slot_at(SERVER), RIGHT_SEND).slot;
        for (status wanted : {STATUS_TIMED_OUT, STATUS_PEER_CLOSED}) {
            load_cap(self.page->call_out, cap);
            std::uint64_t end = wanted == STATUS_TIMED_OUT ? in_us(20) : UINT64_MAX;
            call_result got = sys_ipc_call(slot_at(SERVER), end);
            EXPECT_EQ(got.status, wanted);
            EXPECT_EQ(got.delivery, DELIVERY_NONE);
            EXPECT_TRUE(holds(cap));
            EXPECT_EQ(self.page->call_out.meta.slot, cap.value);
        }
    });
    machine.run([](user &) {
        slot at = accepting();
        slot task = start("caller", {{at, SERVER, RIGHT_CALL | RIGHT_SEND}});
        EXPECT_EQ(sys_ipc_recv(endpoint(), in_us(5000)).status, STATUS_TIMED_OUT);
        EXPECT_EQ(sys_endpoint_close(at), STATUS_OK);
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
    });
}

TEST(CapMove, a_late_answer_keeps_its_capability) {
    sim_machine machine;
    machine.program("caller", [](user &self) {
        load_cap(self.page->call_out, slot_at(0), FRAME_TAKE_CAP);
        call_result got = sys_ipc_call(slot_at(SERVER), in_us(50));
        EXPECT_EQ(got.status, STATUS_TIMED_OUT);
    });
    machine.run([](user &init) {
        slot at = accepting();
        slot task = start("caller", {{at, SERVER, RIGHT_CALL}});
        recv_result got{};
        wait_until(
            [&] {
                got = sys_ipc_recv(at, in_us(10));
                return got.received == RECEIVED_CALL ||
                       task_query_state(sys_cap_query(task).value) == TASK_DEAD;
            },
            "the call or its end");
        (void)wait_dead(task);
        if (got.received == RECEIVED_CALL) {
            slot answer = mint(at, 1, RIGHT_SEND);
            load_cap(init.page->reply_out, answer);
            EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_PEER_CLOSED);
            EXPECT_TRUE(holds(answer));
        }
    });
}

// Stored capabilities go with the endpoint; nothing is left of them.
TEST(CapMove, closing_gives_up_what_is_stored) {
    sim_machine machine;
    machine.program("child", [](user &) { sim_user_work(1000000000); });
    machine.run(
        [](user &init) {
            slot at = accepting();
            slot other = accepting();
            slot task = start("child");
            load_cap(init.page->call_out, mint(other, 1, RIGHT_SEND));
            EXPECT_EQ(sys_ipc_send(at, 0).status, STATUS_OK);
            slot copy = sys_cap_clone(task, RIGHT_TASK_QUERY).slot;
            load_cap(init.page->call_out, copy);
            EXPECT_EQ(sys_ipc_send(at, 0).status, STATUS_OK);
            EXPECT_EQ(sys_ipc_recv(other, 0).status, STATUS_WOULD_BLOCK);
            EXPECT_EQ(sys_cap_close(at), STATUS_OK);
            EXPECT_EQ(sys_ipc_recv(other, 0).kernel_bits,
                      static_cast<std::uint64_t>(NOTIFY_NO_SENDERS));
            EXPECT_EQ(sys_task_kill(task), STATUS_OK);
            EXPECT_EQ(wait_dead(task).reason, EXIT_KILLED);
            EXPECT_EQ(sys_cap_close(task), STATUS_OK);
            EXPECT_EQ(sys_cap_close(other), STATUS_OK);
        },
        true);
}

}  // namespace
