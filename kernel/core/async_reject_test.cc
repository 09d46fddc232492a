// kernel/core/async_reject_test.cc: what is refused of asynchronous requests, and that a refusal
// changes nothing. Programs run in simulation on 1, 2 and 4 harts.
#include <gtest/gtest.h>

#include <vector>

#include "testing/sim/async_steps.h"

namespace {

using namespace asynctest;

TEST(Async, test_reject_async_quota_spent) {
    sim_machine machine;
    machine.run([](user &init) {
        slot own = endpoint();
        std::vector<slot> servers;
        std::vector<sequence> made;
        for (int i = 0; i < MAX_ASYNC / 2; i++) {
            servers.push_back(endpoint());
            made.push_back(asked(init, servers[i], own, "x"));
            made.push_back(asked(init, servers[i], own, "x"));
        }
        slot another = endpoint();
        request_result refused = ask(init, another, own, "x");
        EXPECT_EQ(refused.status, STATUS_WOULD_BLOCK);
        EXPECT_EQ(refused.delivery, DELIVERY_NONE);
        EXPECT_EQ(refused.sequence.value, 0u);
        expect_nothing(another);
        recv_result got = next_request(servers[0]);
        EXPECT_EQ(ask(init, another, own, "x").status, STATUS_WOULD_BLOCK);
        answer(init, got.reply, "yes");
        // The place is taken until the answer is received.
        EXPECT_EQ(ask(init, another, own, "x").status, STATUS_WOULD_BLOCK);
        expect_answer(init, own, made[0], "yes");
        sequence again = asked(init, another, own, "x");
        EXPECT_EQ(ask(init, another, own, "x").status, STATUS_WOULD_BLOCK);
        EXPECT_EQ(sys_request_cancel(again), STATUS_OK);
        asked(init, another, own, "x");
        for (slot each : servers) {
            close_all({each});
        }
        close_all({another, own});
    });
}

// What the server stores of one sender is bounded as for any send.
TEST(Async, test_reject_more_stored_than_a_sender_may) {
    sim_machine machine;
    machine.run([](user &init) {
        slot at = endpoint();
        slot own = endpoint();
        for (int i = 0; i < 2; i++) {
            asked(init, at, own, "x");
        }
        EXPECT_EQ(ask(init, at, own, "x").status, STATUS_WOULD_BLOCK);
        recv_result got = next_request(at);
        asked(init, at, own, "x");
        answer(init, got.reply, "ok");
        close_all({own, at});
    });
}

TEST(Async, test_reject_endpoint_that_is_not_own) {
    sim_machine machine;
    machine.run([](user &init) {
        slot at = endpoint();
        slot own = endpoint();
        slot sender = mint(own, 1);
        EXPECT_EQ(ask(init, at, sender, "x").status, STATUS_DENIED);
        EXPECT_EQ(ask(init, at, slot_at(0), "x").status, STATUS_BAD_CAP);
        EXPECT_EQ(ask(init, at, slot_at(60), "x").status, STATUS_BAD_CAP);
        EXPECT_EQ(ask(init, at, slot_at(UINT64_MAX), "x").status, STATUS_BAD_CAP);
        EXPECT_EQ(ask(init, at, FACTORY, "x").status, STATUS_BAD_CAP);
        EXPECT_EQ(sys_endpoint_close(own), STATUS_OK);
        EXPECT_EQ(ask(init, at, own, "x").status, STATUS_BAD_CAP);
        expect_nothing(at);
        EXPECT_EQ(sys_endpoint_close(at), STATUS_OK);
    });
}

TEST(Async, test_reject_request_that_waits) {
    sim_machine machine;
    machine.run([](user &init) {
        slot at = endpoint();
        fill(init.page->call_out, 1, "x");
        init.page->call_out.header.flags = FRAME_WANT_REPLY;
        EXPECT_EQ(sys_ipc_send(at, in_us(100)).status, STATUS_BAD_ARG);
        EXPECT_EQ(sys_ipc_send(at, UINT64_MAX).status, STATUS_BAD_ARG);
        expect_nothing(at);
    });
}

TEST(Async, test_reject_flag_on_a_call_or_reply) {
    sim_machine machine;
    machine.program("caller", [](user &self) {
        fill(self.page->call_out, 1, "x");
        self.page->call_out.header.flags = FRAME_WANT_REPLY;
        EXPECT_EQ(sys_ipc_call(slot_at(SERVER), UINT64_MAX).status, STATUS_BAD_ARG);
        self.page->call_out.header.flags = 0;
        EXPECT_EQ(sys_ipc_call(slot_at(SERVER), UINT64_MAX).status, STATUS_OK);
    });
    machine.run([](user &init) {
        slot at = endpoint();
        slot task = start("caller", {{at, SERVER, RIGHT_CALL}});
        recv_result got = next_request(at);
        fill(init.page->reply_out, 2, "x");
        init.page->reply_out.header.flags = FRAME_WANT_REPLY;
        EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_BAD_ARG);
        EXPECT_EQ(sys_ipc_reply_recv(got.reply, at, 0).status, STATUS_BAD_ARG);
        init.page->reply_out.header.flags = 0;
        EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_OK);
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
    });
}

TEST(Async, test_reject_request_that_takes_a_capability) {
    sim_machine machine;
    machine.run([](user &init) {
        slot at = endpoint();
        slot own = endpoint();
        EXPECT_EQ(ask(init, at, own, "x", FRAME_WANT_REPLY | FRAME_TAKE_CAP).status,
                  STATUS_BAD_ARG);
        EXPECT_EQ(ask(init, at, own, "x", FRAME_WANT_REPLY | 1u << 3).status, STATUS_BAD_ARG);
        expect_nothing(at);
    });
}

TEST(Async, test_reject_capability_in_an_answer) {
    sim_machine machine;
    machine.run([](user &init) {
        slot at = endpoint();
        slot own = endpoint();
        sequence made = asked(init, at, own, "x");
        recv_result got = next_request(at);
        slot cap = mint(at, 77);
        fill(init.page->reply_out, 2, "y");
        init.page->reply_out.header.flags = FRAME_CAP_MOVE;
        init.page->reply_out.meta.slot = static_cast<std::uint32_t>(cap.value);
        EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_DENIED);
        EXPECT_EQ(sys_ipc_reply_recv(got.reply, at, 0).status, STATUS_DENIED);
        EXPECT_EQ(sys_cap_query(cap).value, 77u);
        expect_nothing(own);
        init.page->reply_out.header.flags = 0;
        EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_OK);
        expect_answer(init, own, made, "y");
    });
}

TEST(Async, test_reject_duplicate_and_unknown_reply) {
    sim_machine machine;
    machine.run([](user &init) {
        slot at = endpoint();
        slot own = endpoint();
        sequence made = asked(init, at, own, "x");
        recv_result got = next_request(at);
        reply_handle wrong = {got.reply.value + (1u << REPLY_HANDLE_GENERATION_SHIFT)};
        answer(init, wrong, "wrong", STATUS_BAD_CAP);
        answer(init, got.reply, "right");
        answer(init, got.reply, "again", STATUS_BAD_CAP);
        fill(init.page->reply_out, 2, "again");
        EXPECT_EQ(sys_ipc_reply_recv(got.reply, at, 0).status, STATUS_BAD_CAP);
        expect_answer(init, own, made, "right");
        expect_nothing(own);
    });
}

// Who sends needs no more than SEND, but that.
TEST(Async, test_reject_missing_right) {
    sim_machine machine;
    machine.run([](user &init) {
        slot at = endpoint();
        slot own = endpoint();
        EXPECT_EQ(ask(init, mint(at, 1, RIGHT_CALL | RIGHT_NOTIFY), own, "x").status,
                  STATUS_DENIED);
        EXPECT_EQ(ask(init, mint(at, 1, RIGHT_SEND), own, "x").status, STATUS_OK);
    });
}

TEST(Async, test_reject_page_over_quota) {
    sim_machine machine;
    machine.limits({.pages = 40, .tasks = 0, .endpoints = 0, .vmos = 2, .slots = 63});
    machine.program("client", [](user &self) {
        std::uint64_t pages = 40;  // All that is left goes into a VMO.
        slot_result made{STATUS_NO_SPACE, {0}};
        while (made.status != STATUS_OK && pages > 0) {
            made = sys_vmo_create(slot_at(BELL), pages--);
        }
        EXPECT_EQ(ask(self, slot_at(SERVER), slot_at(OWN), "x").status, STATUS_NO_SPACE);
        EXPECT_EQ(ask(self, slot_at(SERVER), slot_at(OWN), "x").status, STATUS_NO_SPACE);
        EXPECT_EQ(sys_cap_close(made.slot), STATUS_OK);
        expect_answer(self, slot_at(OWN), asked(self, slot_at(SERVER), slot_at(OWN), "x"), "y");
    });
    machine.run([](user &init) {
        slot at = endpoint();
        slot own = endpoint();
        slot task = start(
            "client",
            {{at, SERVER, RIGHT_SEND}, {own, OWN, RIGHT_RECV}, {FACTORY, BELL, RIGHT_MAKE_VMO}});
        answer(init, next_request(at).reply, "y");
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
    });
}

TEST(Async, test_reject_reply_after_cancel) {
    sim_machine machine;
    machine.run([](user &init) {
        slot own = endpoint();
        slot at = endpoint();
        sequence made = asked(init, at, own, "x");
        recv_result got = next_request(at);
        EXPECT_EQ(sys_request_cancel(made), STATUS_OK);
        EXPECT_EQ(sys_request_cancel(made), STATUS_BAD_CAP);
        expect_gone(own);  // Home is where the holder is told: the first endpoint that it made.
        EXPECT_EQ(sys_reply_query(got.reply).value, 0u);
        // Another request in the same place is none of the old reply's business.
        sequence next = asked(init, at, own, "next");
        answer(init, got.reply, "late", STATUS_PEER_CLOSED);
        expect_nothing(own);
        recv_result second = next_request(at);
        fill(init.page->reply_out, 2, "fresh");
        EXPECT_EQ(sys_ipc_reply_recv(second.reply, at, 0).status, STATUS_WOULD_BLOCK);
        expect_answer(init, own, next, "fresh");
        expect_nothing(own);
        close_all({own, at});
    });
}

TEST(Async, test_reject_cancel_of_another_number) {
    sim_machine machine;
    machine.run([](user &init) {
        slot at = endpoint();
        slot own = endpoint();
        sequence made = asked(init, at, own, "x");
        for (std::uint64_t wrong :
             {made.value + 1, made.value + 8, made.value - 8, made.value | UINT64_C(1) << 61,
              ASYNC_SEQUENCE_BIT, UINT64_MAX >> 1}) {
            EXPECT_EQ(sys_request_cancel({wrong}), STATUS_BAD_CAP) << wrong;
        }
        answer(init, next_request(at).reply, "y");
        expect_answer(init, own, made, "y");
        EXPECT_EQ(sys_request_cancel(made), STATUS_BAD_CAP);
    });
}

TEST(Async, test_reject_reply_after_the_senders_death) {
    sim_machine machine;
    machine.program("client", [](user &self) {
        asked(self, slot_at(SERVER), slot_at(OWN), "x");
        asked(self, slot_at(SERVER), slot_at(OWN), "x");
    });
    machine.run(
        [](user &init) {
            slot at = endpoint();
            slot own = endpoint();
            slot task = start("client", {{at, SERVER, RIGHT_SEND}, {own, OWN, RIGHT_RECV}});
            recv_result got = next_request(at);
            EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
            recv_result told = sys_ipc_recv(at, in_us(100000));
            EXPECT_EQ(told.received, RECEIVED_NOTIFICATION);
            // One that was not handed over is not served; one that was may be known to be gone.
            recv_result more = sys_ipc_recv(at, 0);
            if (more.status == STATUS_OK) {
                EXPECT_EQ(sys_reply_query(more.reply).value, 0u);
                answer(init, more.reply, "late", STATUS_PEER_CLOSED);
            }
            EXPECT_EQ(sys_reply_query(got.reply).value, 0u);
            answer(init, got.reply, "late", STATUS_PEER_CLOSED);
            close_all({task, own, at});
        },
        true);
}

TEST(Async, test_reject_giving_away_an_endpoint_that_waits_for_answers) {
    sim_machine machine;
    machine.program("idle", [](user &) {});
    machine.run([](user &init) {
        slot at = endpoint();
        slot own = endpoint();
        slot task = create("idle");
        sequence made = asked(init, at, own, "x");
        EXPECT_EQ(sys_task_grant(task, own, OWN, RIGHT_RECV), STATUS_BUSY);
        answer(init, next_request(at).reply, "y");
        EXPECT_EQ(sys_task_grant(task, own, OWN, RIGHT_RECV), STATUS_BUSY);
        expect_answer(init, own, made, "y");
        EXPECT_EQ(sys_task_grant(task, own, OWN, RIGHT_RECV), STATUS_OK);
    });
}

}  // namespace
