// kernel/core/ipc_test.cc: what the IPC calls do, and each status they can answer. Programs run in
// simulation on 1, 2 and 4 harts.
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "testing/sim/machine.h"

namespace {

using namespace simtest;

constexpr std::uint32_t SERVER = 4;  // Where a program finds the endpoint it uses.
constexpr int SEND_QUOTA = 2;
constexpr std::uint32_t CALL_RIGHTS = RIGHT_CALL | RIGHT_SEND | RIGHT_NOTIFY;

void answer(user &self, reply_handle reply, const std::string &payload) {
    fill(self.page->reply_out, 2, payload);
    EXPECT_EQ(sys_ipc_reply(reply), STATUS_OK);
}

void call_ok(user &self, const std::string &payload, const std::string &expected) {
    fill(self.page->call_out, 1, payload);
    call_result got = sys_ipc_call(slot_at(SERVER), UINT64_MAX);
    EXPECT_EQ(got.status, STATUS_OK);
    EXPECT_EQ(got.delivery, DELIVERY_HANDED_OVER);
    EXPECT_EQ(payload_of(self.page->reply_in), expected);
}

// Waits for a message; a notification is none.
recv_result next_message(slot at) {
    for (int round = 0; round < 100; round++) {
        recv_result got = sys_ipc_recv(at, UINT64_MAX);
        if (got.status != STATUS_OK || got.received != RECEIVED_NOTIFICATION) {
            return got;
        }
    }
    ADD_FAILURE() << "nothing but notifications";
    return {};
}

TEST(Ipc, call_and_reply_carry_frames_and_identity) {
    sim_machine machine;
    machine.program("caller", [](user &self) {
        call_ok(self, "question", "answer");
        EXPECT_EQ(self.page->reply_in.meta.service_id, service_id_of("init", 4));
        EXPECT_EQ(self.page->reply_in.header.type, 2);
    });
    machine.run([](user &init) {
        slot at = endpoint();
        slot badged = mint(at, 77);
        slot task = start("caller", {{badged, SERVER, CALL_RIGHTS}});
        recv_result got = next_message(at);
        ASSERT_EQ(got.status, STATUS_OK);
        EXPECT_EQ(got.received, RECEIVED_CALL);
        EXPECT_EQ(payload_of(init.page->request_in), "question");
        EXPECT_EQ(init.page->request_in.header.type, 1);
        EXPECT_EQ(init.page->request_in.meta.service_id, service_id_of("caller", 6));
        EXPECT_EQ(init.page->request_in.meta.badge, 77u);
        EXPECT_EQ(init.page->request_in.meta.instance,
                  task_query_instance(sys_cap_query(task).value));
        answer(init, got.reply, "answer");
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
    });
}

TEST(Ipc, test_reject_forged_identity) {
    sim_machine machine;
    machine.program("caller", [](user &self) {
        self.page->call_out.meta = {service_id_of("init", 4), 99, 1, 5, 0};
        fill(self.page->call_out, 1, "x");
        self.page->call_out.header.src = 1;
        self.page->call_out.header.dst = 1;
        EXPECT_EQ(sys_ipc_call(slot_at(SERVER), UINT64_MAX).status, STATUS_OK);
    });
    machine.run([](user &init) {
        slot at = endpoint();
        slot task = start("caller", {{mint(at, 3), SERVER, CALL_RIGHTS}});
        recv_result got = next_message(at);
        std::uint32_t instance = task_query_instance(sys_cap_query(task).value);
        const message_area &area = init.page->request_in;
        EXPECT_EQ(area.meta.service_id, service_id_of("caller", 6));
        EXPECT_EQ(area.meta.badge, 3u);
        EXPECT_EQ(area.meta.instance, instance);
        EXPECT_EQ(area.meta.slot, static_cast<std::uint32_t>(CAP_SLOT_NONE));
        EXPECT_EQ(area.header.src, instance);
        EXPECT_EQ(area.header.dst, 0u);
        answer(init, got.reply, "");
        (void)wait_dead(task);
    });
}

TEST(Ipc, every_length_is_copied_and_its_last_word_zeroed) {
    sim_machine machine;
    machine.harts({2});
    machine.program("caller", [](user &self) {
        for (std::uint32_t length = 0; length <= FRAME_PAYLOAD_MAX;
             length += length < 20 ? 1 : 41) {
            std::memset(self.page->reply_in.payload, 0xee, FRAME_PAYLOAD_MAX);
            call_ok(self, std::string(length, 'q'), std::string(length, 'a'));
            for (std::uint32_t i = length; i % 8 != 0; i++) {
                EXPECT_EQ(self.page->reply_in.payload[i], 0) << length;
            }
        }
    });
    machine.run([](user &init) {
        slot at = endpoint();
        slot task = start("caller", {{at, SERVER, RIGHT_CALL}});
        for (std::uint32_t length = 0; length <= FRAME_PAYLOAD_MAX;
             length += length < 20 ? 1 : 41) {
            recv_result got = next_message(at);
            EXPECT_EQ(payload_of(init.page->request_in), std::string(length, 'q'));
            answer(init, got.reply, std::string(length, 'a'));
        }
        (void)wait_dead(task);
    });
}

TEST(Ipc, test_reject_over_long_frame) {
    sim_machine machine;
    machine.program("caller", [](user &self) {
        fill(self.page->call_out, 1, "x");
        self.page->call_out.header.len = FRAME_PAYLOAD_MAX + 1;
        EXPECT_EQ(sys_ipc_call(slot_at(SERVER), UINT64_MAX).status, STATUS_TOO_LARGE);
        EXPECT_EQ(sys_ipc_send(slot_at(SERVER), UINT64_MAX).status, STATUS_TOO_LARGE);
        self.page->call_out.header.len = UINT32_MAX;
        EXPECT_EQ(sys_ipc_call(slot_at(SERVER), UINT64_MAX).status, STATUS_TOO_LARGE);
        call_ok(self, "y", "z");
    });
    machine.run([](user &init) {
        slot at = endpoint();
        slot task = start("caller", {{at, SERVER, CALL_RIGHTS}});
        recv_result got = next_message(at);
        EXPECT_EQ(payload_of(init.page->request_in), "y");
        fill(init.page->reply_out, 2, "z");
        init.page->reply_out.header.len = FRAME_PAYLOAD_MAX + 1;
        EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_TOO_LARGE);
        EXPECT_EQ(sys_ipc_reply_recv(got.reply, at, 0).status, STATUS_TOO_LARGE);
        answer(init, got.reply, "z");  // The reply was left intact.
        (void)wait_dead(task);
    });
}

TEST(Ipc, test_reject_frame_with_flags) {
    sim_machine machine;
    machine.run([](user &init) {
        slot at = endpoint();
        fill(init.page->call_out, 1, "x");
        init.page->call_out.header.flags = 0x10;
        EXPECT_EQ(sys_ipc_call(at, UINT64_MAX).status, STATUS_BAD_ARG);
        EXPECT_EQ(sys_ipc_send(at, 0).status, STATUS_BAD_ARG);
    });
}

TEST(Ipc, test_reject_capability_without_right) {
    sim_machine machine;
    machine.run([](user &init) {
        slot at = endpoint();
        slot send_only = mint(at, 1, RIGHT_SEND);
        slot call_only = mint(at, 1, RIGHT_CALL);
        fill(init.page->call_out, 1, "x");
        EXPECT_EQ(sys_ipc_call(send_only, UINT64_MAX).status, STATUS_DENIED);
        EXPECT_EQ(sys_ipc_notify(send_only), STATUS_DENIED);
        EXPECT_EQ(sys_ipc_recv(send_only, 0).status, STATUS_DENIED);
        EXPECT_EQ(sys_endpoint_close(send_only), STATUS_DENIED);
        EXPECT_EQ(sys_ipc_send(call_only, 0).status, STATUS_DENIED);
        EXPECT_EQ(sys_ipc_reply_recv(REPLY_HANDLE_NONE, send_only, 0).status, STATUS_DENIED);
        // A send that may wait could be made to wait for ever: that is what CALL is for.
        EXPECT_EQ(sys_ipc_send(send_only, UINT64_MAX).status, STATUS_DENIED);
        EXPECT_EQ(sys_ipc_recv(at, 0).status, STATUS_WOULD_BLOCK);  // Nothing came.
    });
}

TEST(Ipc, test_reject_bad_cap) {
    sim_machine machine;
    machine.run([](user &init) {
        fill(init.page->call_out, 1, "x");
        for (std::uint64_t bad : {std::uint64_t{0}, std::uint64_t{40},
                                  std::uint64_t{CAP_SLOT_COUNT}, UINT64_MAX, CONSOLE.value}) {
            EXPECT_EQ(sys_ipc_call(slot_at(bad), UINT64_MAX).status, STATUS_BAD_CAP) << bad;
            EXPECT_EQ(sys_ipc_send(slot_at(bad), 0).status, STATUS_BAD_CAP) << bad;
            EXPECT_EQ(sys_ipc_recv(slot_at(bad), 0).status, STATUS_BAD_CAP) << bad;
            EXPECT_EQ(sys_ipc_notify(slot_at(bad)), STATUS_BAD_CAP) << bad;
            EXPECT_EQ(sys_endpoint_close(slot_at(bad)), STATUS_BAD_CAP) << bad;
            EXPECT_EQ(sys_ipc_reply(reply_handle{bad}), STATUS_BAD_CAP) << bad;
        }
        slot at = endpoint();
        EXPECT_EQ(sys_ipc_reply_recv(REPLY_HANDLE_NONE, at, 0).status, STATUS_BAD_CAP);
        EXPECT_EQ(sys_ipc_reply(reply_handle{REPLY_HANDLE_BIT}), STATUS_BAD_CAP);
        EXPECT_EQ(sys_ipc_reply(reply_handle{REPLY_HANDLE_BIT | (UINT64_C(1) << 40)}),
                  STATUS_BAD_CAP);
    });
}

TEST(Ipc, test_reject_closed_endpoint) {
    sim_machine machine;
    machine.run(
        [](user &init) {
            slot at = endpoint();
            slot badged = mint(at, 1);
            EXPECT_EQ(sys_endpoint_close(at), STATUS_OK);
            fill(init.page->call_out, 1, "x");
            EXPECT_EQ(sys_ipc_call(badged, UINT64_MAX).status, STATUS_PEER_CLOSED);
            EXPECT_EQ(sys_ipc_send(badged, 0).status, STATUS_PEER_CLOSED);
            EXPECT_EQ(sys_ipc_notify(badged), STATUS_PEER_CLOSED);
            EXPECT_EQ(sys_ipc_recv(at, 0).status, STATUS_PEER_CLOSED);
            EXPECT_EQ(sys_ipc_recv(at, UINT64_MAX).status, STATUS_PEER_CLOSED);
            EXPECT_EQ(sys_endpoint_close(at), STATUS_PEER_CLOSED);
            slot next = endpoint();  // Uses the same object again; the old capabilities stay dead.
            EXPECT_EQ(sys_ipc_notify(badged), STATUS_PEER_CLOSED);
            EXPECT_EQ(sys_ipc_recv(next, 0).status, STATUS_WOULD_BLOCK);
            EXPECT_EQ(sys_cap_close(at), STATUS_OK);
            EXPECT_EQ(sys_cap_close(next), STATUS_OK);
        },
        true);
}

TEST(Ipc, closing_wakes_every_waiter) {
    sim_machine machine;
    machine.program("caller", [](user &self) {
        fill(self.page->call_out, 1, "x");
        call_result got = sys_ipc_call(slot_at(SERVER), UINT64_MAX);
        EXPECT_EQ(got.status, STATUS_PEER_CLOSED);
        EXPECT_EQ(got.delivery, DELIVERY_NONE);
    });
    machine.program("receiver", [](user &) {
        EXPECT_EQ(sys_ipc_recv(slot_at(SERVER), UINT64_MAX).status, STATUS_PEER_CLOSED);
    });
    machine.run([](user &) {
        slot at = endpoint();
        slot other = endpoint();
        slot caller = start("caller", {{at, SERVER, CALL_RIGHTS}});
        slot receiver = start("receiver", {{other, SERVER, RIGHT_RECV}});
        sim_user_work(20000);
        EXPECT_EQ(sys_endpoint_close(at), STATUS_OK);
        EXPECT_EQ(sys_endpoint_close(other), STATUS_OK);
        EXPECT_EQ(wait_dead(caller).reason, EXIT_CODE);
        EXPECT_EQ(wait_dead(receiver).reason, EXIT_CODE);
    });
}

TEST(Ipc, test_reject_dropped_reply) {
    sim_machine machine;
    machine.program("caller", [](user &self) {
        fill(self.page->call_out, 1, "x");
        call_result got = sys_ipc_call(slot_at(SERVER), UINT64_MAX);
        EXPECT_EQ(got.status, STATUS_PEER_CLOSED);
        EXPECT_EQ(got.delivery, DELIVERY_HANDED_OVER);
    });
    machine.run([](user &init) {
        slot at = endpoint();
        slot task = start("caller", {{at, SERVER, CALL_RIGHTS}});
        recv_result got = next_message(at);
        EXPECT_EQ(sys_reply_close(got.reply), STATUS_OK);
        EXPECT_EQ(sys_reply_close(got.reply), STATUS_BAD_CAP);
        fill(init.page->reply_out, 2, "late");
        EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_BAD_CAP);
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
    });
}

// The table's entry is used again for the next call: the handle of the last one must not answer it.
TEST(Ipc, test_reject_stale_reply_handle) {
    sim_machine machine;
    machine.program("caller", [](user &self) {
        call_ok(self, "first", "1");
        call_ok(self, "second", "2");
    });
    machine.run([](user &init) {
        slot at = endpoint();
        slot task = start("caller", {{at, SERVER, CALL_RIGHTS}});
        recv_result first = next_message(at);
        answer(init, first.reply, "1");
        recv_result second = next_message(at);
        EXPECT_NE(first.reply.value, second.reply.value);
        fill(init.page->reply_out, 2, "wrong");
        EXPECT_EQ(sys_ipc_reply(first.reply), STATUS_BAD_CAP);
        EXPECT_EQ(sys_ipc_reply_recv(first.reply, at, 0).status, STATUS_BAD_CAP);
        EXPECT_EQ(sys_reply_query(first.reply).status, STATUS_BAD_CAP);
        EXPECT_EQ(sys_reply_close(first.reply), STATUS_BAD_CAP);
        answer(init, second.reply, "2");
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
    });
}

TEST(Ipc, test_reject_late_reply) {
    sim_machine machine;
    machine.program("caller", [](user &self) {
        fill(self.page->call_out, 1, "x");
        std::uint64_t deadline = in_us(30);
        call_result got = sys_ipc_call(slot_at(SERVER), deadline);
        EXPECT_EQ(got.status, STATUS_TIMED_OUT);
        EXPECT_EQ(got.delivery, DELIVERY_HANDED_OVER);
        EXPECT_GE(sys_clock_get(), deadline);
    });
    machine.run([](user &init) {
        slot at = endpoint();
        slot task = start("caller", {{at, SERVER, CALL_RIGHTS}});
        recv_result got = next_message(at);
        EXPECT_EQ(sys_reply_query(got.reply).value, 1u);  // The caller waits.
        (void)wait_dead(task);
        query_result state = sys_reply_query(got.reply);
        EXPECT_EQ(state.status, STATUS_OK);
        EXPECT_EQ(state.value, 0u);  // It has left,
        recv_result notice = sys_ipc_recv(at, 0);
        EXPECT_EQ(notice.received, RECEIVED_NOTIFICATION);
        EXPECT_NE(notice.kernel_bits & NOTIFY_REPLY_GONE, 0u);  // and we were told.
        fill(init.page->reply_out, 2, "late");
        EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_PEER_CLOSED);
        EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_BAD_CAP);
    });
}

TEST(Ipc, reply_recv_goes_on_when_the_caller_has_left) {
    sim_machine machine;
    machine.program("caller", [](user &self) {
        fill(self.page->call_out, 1, "x");
        EXPECT_EQ(sys_ipc_call(slot_at(SERVER), in_us(30)).status, STATUS_TIMED_OUT);
    });
    machine.run([](user &init) {
        slot at = endpoint();
        slot task = start("caller", {{at, SERVER, CALL_RIGHTS}});
        recv_result got = next_message(at);
        (void)wait_dead(task);
        EXPECT_EQ(sys_ipc_recv(at, 0).received, RECEIVED_NOTIFICATION);
        fill(init.page->reply_out, 2, "late");
        EXPECT_EQ(sys_ipc_reply_recv(got.reply, at, 0).status, STATUS_WOULD_BLOCK);
        EXPECT_EQ(sys_ipc_reply_recv(got.reply, at, 0).status, STATUS_BAD_CAP);
    });
}

TEST(Ipc, test_reject_deadline_passed) {
    sim_machine machine;
    machine.program("caller", [](user &self) {
        fill(self.page->call_out, 1, "x");
        for (std::uint64_t deadline : {std::uint64_t{1}, in_us(0), in_us(10)}) {
            call_result got = sys_ipc_call(slot_at(SERVER), deadline);
            EXPECT_EQ(got.status, STATUS_TIMED_OUT);
            EXPECT_EQ(got.delivery, DELIVERY_NONE);  // Nobody received it.
            EXPECT_GE(sys_clock_get(), deadline);
        }
        for (int i = 0; i < SEND_QUOTA; i++) {
            EXPECT_EQ(sys_ipc_send(slot_at(SERVER), 0).status, STATUS_OK);
        }
        EXPECT_EQ(sys_ipc_send(slot_at(SERVER), 0).status, STATUS_WOULD_BLOCK);
        EXPECT_EQ(sys_ipc_send(slot_at(SERVER), in_us(10)).status, STATUS_TIMED_OUT);
    });
    machine.run([](user &) {
        slot at = endpoint();
        slot task = start("caller", {{at, SERVER, CALL_RIGHTS}});
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
        // The child's exit, and before it that its last capability went, may come a moment later.
        int sends = 0;
        for (std::uint64_t bits = 0; (bits & NOTIFY_CHILD_EXIT) == 0;) {
            recv_result got = sys_ipc_recv(at, UINT64_MAX);
            bits = got.received == RECEIVED_NOTIFICATION ? got.kernel_bits : 0;
            sends += got.received == RECEIVED_SEND;
        }
        for (; sends < SEND_QUOTA; sends++) {
            EXPECT_EQ(sys_ipc_recv(at, in_us(5)).received, RECEIVED_SEND);
        }
        EXPECT_EQ(sys_ipc_recv(at, 0).status, STATUS_WOULD_BLOCK);
        std::uint64_t deadline = in_us(7);
        EXPECT_EQ(sys_ipc_recv(at, deadline).status, STATUS_TIMED_OUT);
        EXPECT_GE(sys_clock_get(), deadline);
    });
}

TEST(Ipc, test_reject_call_with_deadline_0) {
    sim_machine machine;
    machine.program("server", [](user &) {
        EXPECT_EQ(sys_ipc_recv(slot_at(SERVER), UINT64_MAX).status, STATUS_OK);
    });
    machine.run([](user &init) {
        slot at = endpoint();
        slot mine = mint(at, 1);
        slot task = start("server", {{at, SERVER, RIGHT_RECV}});
        fill(init.page->call_out, 1, "x");
        EXPECT_EQ(sys_ipc_call(mine, 0).status, STATUS_BAD_ARG);
        EXPECT_EQ(sys_task_kill(task), STATUS_OK);
    });
}

TEST(Ipc, test_reject_call_to_own_endpoint) {
    sim_machine machine;
    machine.run([](user &init) {
        slot at = endpoint();
        fill(init.page->call_out, 1, "x");
        EXPECT_EQ(sys_ipc_call(at, UINT64_MAX).status, STATUS_BAD_ARG);
        EXPECT_EQ(sys_ipc_call(mint(at, 1), in_us(10)).status, STATUS_BAD_ARG);
        EXPECT_EQ(sys_ipc_recv(at, 0).status, STATUS_WOULD_BLOCK);
    });
}

// What a task sends itself beyond its quota could never be received: it waits for itself.
TEST(Ipc, test_reject_waiting_send_to_own_endpoint) {
    sim_machine machine;
    machine.run([](user &init) {
        slot at = endpoint();
        fill(init.page->call_out, 1, "x");
        EXPECT_EQ(sys_ipc_send(at, 0).status, STATUS_OK);
        EXPECT_EQ(sys_ipc_send(at, 0).status, STATUS_OK);
        call_result got = sys_ipc_send(at, in_us(10));
        EXPECT_TRUE(got.status == STATUS_BAD_ARG || got.status == STATUS_TIMED_OUT)
            << status_name(got.status);
        EXPECT_EQ(sys_ipc_recv(at, 0).received, RECEIVED_SEND);
    });
}

TEST(Ipc, a_dead_receiver_closes_what_waits_for_it) {
    sim_machine machine;
    machine.program("caller", [](user &self) {
        fill(self.page->call_out, 1, "x");
        call_result got = sys_ipc_call(slot_at(SERVER), UINT64_MAX);
        EXPECT_EQ(got.status, STATUS_PEER_CLOSED);
        EXPECT_EQ(sys_ipc_call(slot_at(SERVER), UINT64_MAX).status, STATUS_PEER_CLOSED);
    });
    machine.program("server", [](user &) {
        EXPECT_EQ(sys_ipc_recv(slot_at(SERVER), UINT64_MAX).received, RECEIVED_CALL);
        sim_user_work(10000);  // The second call is queued.
        sim_user_illegal_instruction();
    });
    machine.run(
        [](user &) {
            slot at = endpoint();
            slot badged = mint(at, 1);
            slot first = start("caller", {{badged, SERVER, CALL_RIGHTS}});
            slot second = start("caller", {{badged, SERVER, CALL_RIGHTS}});
            slot server = start("server", {{at, SERVER, RIGHT_RECV}});
            EXPECT_EQ(wait_dead(server).reason, EXIT_FAULT_INSTRUCTION);
            EXPECT_EQ(wait_dead(first).reason, EXIT_CODE);
            EXPECT_EQ(wait_dead(second).reason, EXIT_CODE);
            for (slot one : {first, second, server, badged, at}) {
                EXPECT_EQ(sys_cap_close(one), STATUS_OK);
            }
        },
        true);
}

TEST(Ipc, a_killed_caller_leaves_its_queue_and_its_reply) {
    sim_machine machine;
    machine.program("caller", [](user &self) {
        fill(self.page->call_out, 1, "x");
        call_result got = sys_ipc_call(slot_at(SERVER), UINT64_MAX);
        ADD_FAILURE() << "a killed caller went on: " << status_name(got.status);
    });
    machine.run([](user &) {
        slot at = endpoint();
        (void)mint(at, 99);  // A sender that stays.
        slot queued = start("caller", {{at, SERVER, CALL_RIGHTS}});
        sim_user_work(20000);
        EXPECT_EQ(sys_task_kill(queued), STATUS_OK);
        EXPECT_EQ(wait_dead(queued).reason, EXIT_KILLED);
        recv_result notice = sys_ipc_recv(at, 0);
        EXPECT_EQ(notice.received, RECEIVED_NOTIFICATION);
        EXPECT_EQ(notice.kernel_bits, static_cast<std::uint64_t>(NOTIFY_CHILD_EXIT));
        slot served = start("caller", {{at, SERVER, CALL_RIGHTS}});
        recv_result got = next_message(at);
        EXPECT_EQ(sys_task_kill(served), STATUS_OK);
        EXPECT_EQ(wait_dead(served).reason, EXIT_KILLED);
        EXPECT_EQ(sys_reply_query(got.reply).value, 0u);
        std::uint64_t heard = 0;  // The notice of an end follows the end.
        wait_until(
            [&] {
                heard |= sys_ipc_recv(at, 0).kernel_bits;
                return heard == (NOTIFY_CHILD_EXIT | NOTIFY_REPLY_GONE);
            },
            "both bits");
    });
}

TEST(Ipc, notifications_come_first_and_gather_their_bits) {
    sim_machine machine;
    machine.run([](user &init) {
        slot at = endpoint();
        fill(init.page->call_out, 1, "sent");
        EXPECT_EQ(sys_ipc_send(at, 0).status, STATUS_OK);
        EXPECT_EQ(sys_ipc_notify(mint(at, 3)), STATUS_OK);
        EXPECT_EQ(sys_ipc_notify(mint(at, 63)), STATUS_OK);
        EXPECT_EQ(sys_ipc_notify(mint(at, 3)), STATUS_OK);
        recv_result got = sys_ipc_recv(at, UINT64_MAX);
        EXPECT_EQ(got.received, RECEIVED_NOTIFICATION);
        EXPECT_EQ(got.badge_bits, (UINT64_C(1) << 3) | (UINT64_C(1) << 63));
        EXPECT_EQ(got.kernel_bits, 0u);
        EXPECT_EQ(sys_ipc_recv(at, UINT64_MAX).received, RECEIVED_SEND);
        EXPECT_EQ(payload_of(init.page->request_in), "sent");
        EXPECT_EQ(sys_ipc_recv(at, 0).status, STATUS_WOULD_BLOCK);
    });
}

TEST(Ipc, calls_and_stored_sends_alternate) {
    sim_machine machine;
    machine.program("caller", [](user &self) { call_ok(self, "call", "done"); });
    machine.program("sender", [](user &self) {
        fill(self.page->call_out, 1, "send");
        EXPECT_EQ(sys_ipc_send(slot_at(SERVER), 0).status, STATUS_OK);
        EXPECT_EQ(sys_ipc_send(slot_at(SERVER), 0).status, STATUS_OK);
    });
    machine.run([](user &init) {
        slot quiet = endpoint();  // init's home: exits are announced there.
        (void)quiet;
        slot at = endpoint();
        (void)mint(at, 99);  // A sender that stays.
        slot sender = start("sender", {{at, SERVER, CALL_RIGHTS}});
        (void)wait_dead(sender);
        slot callers[3];
        for (slot &one : callers) {
            one = start("caller", {{at, SERVER, CALL_RIGHTS}});
        }
        sim_user_work(60000);
        int calls_before_last_send = 0;
        int sends = 0;
        for (int i = 0; i < 5; i++) {
            recv_result got = sys_ipc_recv(at, UINT64_MAX);
            if (got.received == RECEIVED_CALL) {
                calls_before_last_send += sends < 2;
                answer(init, got.reply, "done");
            } else {
                EXPECT_EQ(got.received, RECEIVED_SEND);
                sends++;
            }
        }
        EXPECT_EQ(sends, 2);
        EXPECT_LE(calls_before_last_send, 2);
        for (slot one : callers) {
            (void)wait_dead(one);
        }
    });
}

TEST(Ipc, full_reply_table_leaves_calls_queued) {
    sim_machine machine;
    machine.limits({40, 0, 0, 0, 63});
    machine.harts({1, 2});
    machine.program("caller", [](user &self) { call_ok(self, "call", "done"); });
    machine.run([](user &init) {
        slot at = endpoint();
        slot to_it = mint(at, 9);
        slot callers[REPLY_SLOT_COUNT + 1];
        reply_handle held[REPLY_SLOT_COUNT];
        for (slot &one : callers) {
            one = start("caller", {{to_it, SERVER, CALL_RIGHTS}});
        }
        for (reply_handle &one : held) {
            recv_result got = next_message(at);
            ASSERT_EQ(got.received, RECEIVED_CALL);
            one = got.reply;
        }
        sim_user_work(50000);
        EXPECT_EQ(sys_ipc_recv(at, 0).status, STATUS_WOULD_BLOCK);
        EXPECT_EQ(sys_ipc_recv(at, in_us(20)).status, STATUS_TIMED_OUT);
        EXPECT_EQ(sys_ipc_notify(to_it), STATUS_OK);
        EXPECT_EQ(sys_ipc_recv(at, UINT64_MAX).badge_bits, UINT64_C(1) << 9);  // Notifications
                                                                               // pass,
        fill(init.page->call_out, 1, "send");
        EXPECT_EQ(sys_ipc_send(to_it, 0).status, STATUS_OK);
        EXPECT_EQ(sys_ipc_recv(at, UINT64_MAX).received, RECEIVED_SEND);  // and sends.
        answer(init, held[5], "done");
        recv_result last = next_message(at);
        EXPECT_EQ(last.received, RECEIVED_CALL);
        held[5] = last.reply;
        for (reply_handle one : held) {
            answer(init, one, "done");
        }
        for (slot one : callers) {
            EXPECT_EQ(wait_dead(one).reason, EXIT_CODE);
        }
    });
}

TEST(Ipc, a_queued_call_keeps_its_deadline_when_it_is_handed_over) {
    sim_machine machine;
    machine.program("caller", [](user &self) {
        fill(self.page->call_out, 1, "x");
        std::uint64_t deadline = in_us(200);
        call_result got = sys_ipc_call(slot_at(SERVER), deadline);
        EXPECT_EQ(got.status, STATUS_TIMED_OUT);
        EXPECT_EQ(got.delivery, DELIVERY_HANDED_OVER);
        EXPECT_LT(sys_clock_get(), deadline + 20000000);
    });
    machine.run([](user &) {
        slot at = endpoint();
        slot task = start("caller", {{at, SERVER, CALL_RIGHTS}});
        slot other = endpoint();
        EXPECT_EQ(sys_ipc_recv(other, in_us(50)).status, STATUS_TIMED_OUT);  // This hart sleeps:
                                                                             // the caller's
                                                                             // deadline enters the
                                                                             // heap.
        EXPECT_EQ(next_message(at).received, RECEIVED_CALL);
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
    });
}

}  // namespace
