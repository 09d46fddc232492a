// kernel/core/async_test.cc: asynchronous requests: one outcome for each, whatever becomes of
// either side. Programs run in simulation on 1, 2 and 4 harts.
#include <gtest/gtest.h>

#include <vector>

#include "testing/sim/async_steps.h"

namespace {

using namespace asynctest;

// One task is both sides: every step in a known order.
TEST(Async, an_answer_comes_to_the_own_endpoint_with_the_sequence) {
    sim_machine machine;
    machine.run([](user &init) {
        slot server = endpoint();
        slot own = endpoint();
        sequence first = asked(init, server, own, "one");
        sequence second = asked(init, server, own, "two");
        EXPECT_NE(first.value, second.value);
        expect_nothing(own);
        recv_result one = next_request(server);
        EXPECT_EQ(payload_of(init.page->request_in), "one");
        recv_result two = next_request(server);
        EXPECT_EQ(payload_of(init.page->request_in), "two");
        answer(init, two.reply, "answer two");
        answer(init, one.reply, std::string(FRAME_PAYLOAD_MAX, 'x'));
        expect_answer(init, own, second, "answer two");
        expect_answer(init, own, first, std::string(FRAME_PAYLOAD_MAX, 'x'));
        EXPECT_EQ(init.page->request_in.meta.instance, init.instance);
        EXPECT_EQ(init.page->request_in.meta.service_id, service_id_of("init", 4));
        EXPECT_EQ(init.page->request_in.meta.badge, 0u);
        expect_nothing(own);
        close_all({own, server});
    });
}

TEST(Async, a_waiting_sender_is_woken_by_each_answer) {
    sim_machine machine;
    machine.program("client", [](user &self) {
        slot own = slot_at(OWN);
        for (int round = 0; round < 20; round++) {
            sequence made[2] = {asked(self, slot_at(SERVER), own, "a"),
                                asked(self, slot_at(SERVER), own, "b")};
            for (sequence each : made) {
                expect_answer(self, own, each, "ok");
            }
        }
    });
    machine.run([](user &init) {
        slot at = endpoint();
        slot own = endpoint();
        slot route = mint(at, 9, RIGHT_SEND);
        slot task = start("client", {{route, SERVER, RIGHT_SEND}, {own, OWN, RIGHT_RECV}});
        recv_result got = next_request(at);
        for (int i = 1; i < 40; i++) {
            EXPECT_EQ(init.page->request_in.meta.badge, 9u);
            fill(init.page->reply_out, 2, "ok");
            got = sys_ipc_reply_recv(got.reply, at, in_us(100000));
            EXPECT_EQ(got.received, RECEIVED_CALL);
        }
        answer(init, got.reply, "ok");
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
    });
}

TEST(Async, a_closed_reply_comes_as_peer_closed) {
    sim_machine machine;
    machine.run([](user &init) {
        slot at = endpoint();
        slot own = endpoint();
        sequence made = asked(init, at, own, "x");
        recv_result got = next_request(at);
        EXPECT_EQ(sys_reply_query(got.reply).value, 1u);
        EXPECT_EQ(sys_reply_close(got.reply), STATUS_OK);
        expect_closed(own, made, DELIVERY_HANDED_OVER);
        EXPECT_EQ(sys_reply_close(got.reply), STATUS_BAD_CAP);
        expect_nothing(own);
        close_all({own, at});
    });
}

TEST(Async, a_closed_endpoint_drops_what_it_stores) {
    sim_machine machine;
    machine.run([](user &init) {
        slot at = endpoint();
        slot own = endpoint();
        sequence held = asked(init, at, own, "held");
        recv_result got = next_request(at);
        sequence stored = asked(init, at, own, "stored");
        EXPECT_EQ(sys_endpoint_close(at), STATUS_OK);
        expect_closed(own, stored, DELIVERY_NONE);
        expect_nothing(own);
        answer(init, got.reply, "still");  // What was handed over runs to its answer.
        expect_answer(init, own, held, "still");
        EXPECT_EQ(ask(init, at, own, "x").status, STATUS_PEER_CLOSED);
        close_all({own, at});
    });
}

TEST(Async, a_dead_receiver_drops_what_it_held) {
    sim_machine machine;
    machine.program("server", [](user &) {
        next_request(slot_at(OWN));
        EXPECT_EQ(sys_ipc_notify(slot_at(BELL)), STATUS_OK);
        for (;;) {
            sys_yield();
        }
    });
    machine.run([](user &init) {
        slot at = endpoint();
        slot own = endpoint();
        slot bell = mint(own, 3);
        slot task = start("server", {{at, OWN, RIGHT_RECV}, {bell, BELL, RIGHT_NOTIFY}});
        sequence held = asked(init, at, own, "held");
        EXPECT_EQ(sys_ipc_recv(own, in_us(100000)).badge_bits, 8u);
        sequence stored = asked(init, at, own, "stored");
        EXPECT_EQ(sys_task_kill(task), STATUS_OK);
        delivery seen[2] = {};
        for (int i = 0; i < 2;) {
            recv_result got = sys_ipc_recv(own, in_us(100000));
            EXPECT_EQ(got.status, STATUS_OK);
            if (got.received == RECEIVED_REPLY) {
                EXPECT_EQ(async_outcome_status(got.outcome), STATUS_PEER_CLOSED);
                seen[got.sequence.value == stored.value] = async_outcome_delivery(got.outcome);
                i++;
            }
            if (got.status != STATUS_OK) {
                break;
            }
        }
        (void)held;
        EXPECT_EQ(seen[0], DELIVERY_HANDED_OVER);
        EXPECT_EQ(seen[1], DELIVERY_NONE);
        wait_dead(task);
        close_all({task, bell, at, own});
    });
}

TEST(Async, a_revoked_request_is_not_served) {
    sim_machine machine;
    machine.run([](user &init) {
        slot at = endpoint();
        slot own = endpoint();
        slot family = sys_grant_create(FACTORY).slot;
        slot route = sys_cap_mint_under(at, 5, RIGHT_SEND, family).slot;
        sequence made = asked(init, route, own, "x");
        EXPECT_EQ(sys_grant_revoke(family), STATUS_OK);
        expect_nothing(at);
        expect_closed(own, made, DELIVERY_NONE);
        EXPECT_EQ(ask(init, route, own, "x").status, STATUS_REVOKED);
        close_all({own, at, route, family});
    });
}

TEST(Async, a_capability_rides_on_a_request) {
    sim_machine machine;
    machine.run([](user &init) {
        slot at = sys_endpoint_create_accepting(FACTORY).slot;
        slot own = endpoint();
        slot cap = mint(own, 77, RIGHT_SEND);
        fill(init.page->call_out, 1, "cap");
        init.page->call_out.header.flags = FRAME_WANT_REPLY | FRAME_CAP_MOVE;
        init.page->call_out.meta.slot = static_cast<std::uint32_t>(cap.value);
        EXPECT_EQ(sys_ipc_request(at, own).status, STATUS_OK);
        EXPECT_EQ(init.page->call_out.meta.slot, static_cast<std::uint32_t>(CAP_SLOT_NONE));
        recv_result got = next_request(at);
        slot came = slot_at(init.page->request_in.meta.slot);
        EXPECT_EQ(sys_cap_query(came).value, 77u);
        answer(init, got.reply, "thanks");
        EXPECT_EQ(sys_ipc_recv(own, 0).received, RECEIVED_REPLY);
        close_all({came, own, at});
    });
}

TEST(Async, a_cancelled_request_that_is_stored_is_not_served) {
    sim_machine machine;
    machine.run([](user &init) {
        slot at = endpoint();
        slot own = endpoint();
        sequence made = asked(init, at, own, "x");
        sequence kept = asked(init, at, own, "kept");
        EXPECT_EQ(sys_request_cancel(made), STATUS_OK);
        recv_result got = next_request(at);
        EXPECT_EQ(payload_of(init.page->request_in), "kept");
        expect_nothing(at);
        answer(init, got.reply, "ok");
        expect_answer(init, own, kept, "ok");
        close_all({own, at});
    });
}

TEST(Async, a_cancelled_answer_does_not_come) {
    sim_machine machine;
    machine.run([](user &init) {
        slot at = endpoint();
        slot own = endpoint();
        sequence made[2] = {asked(init, at, own, "a"), asked(init, at, own, "b")};
        recv_result got[2] = {next_request(at), next_request(at)};
        answer(init, got[0].reply, "a");
        answer(init, got[1].reply, "b");
        EXPECT_EQ(sys_request_cancel(made[0]), STATUS_OK);
        expect_answer(init, own, made[1], "b");
        expect_nothing(own);
        close_all({own, at});
    });
}

TEST(Async, the_end_of_the_own_endpoint_ends_its_requests) {
    sim_machine machine;
    machine.run([](user &init) {
        slot home = endpoint();
        slot at = endpoint();
        slot own = endpoint();
        slot other = endpoint();
        sequence lost = asked(init, at, own, "lost");
        sequence kept = asked(init, at, other, "kept");
        recv_result got[2] = {next_request(at), next_request(at)};
        EXPECT_EQ(sys_cap_close(own), STATUS_OK);
        expect_gone(home);
        EXPECT_EQ(sys_reply_query(got[0].reply).value, 0u);
        EXPECT_EQ(sys_reply_query(got[1].reply).value, 1u);
        EXPECT_EQ(sys_request_cancel(lost), STATUS_BAD_CAP);
        answer(init, got[0].reply, "late", STATUS_PEER_CLOSED);
        answer(init, got[1].reply, "ok");
        expect_answer(init, other, kept, "ok");
        close_all({at, other, home});
    });
}

// A full reply table leaves requests where they are, and takes the sends behind them.
TEST(Async, a_full_reply_table_leaves_requests_stored) {
    sim_machine machine;
    machine.program("client", [](user &self) {
        slot own = slot_at(OWN);
        for (std::uint64_t i = 0; i < MAX_ASYNC; i++) {
            wait_until([&] { return ask(self, slot_at(SERVER), own, "x").status == STATUS_OK; },
                       "the server takes requests");
        }
        EXPECT_EQ(sys_ipc_notify(slot_at(BELL)), STATUS_OK);
        for (int i = 0; i < MAX_ASYNC; i++) {
            EXPECT_EQ(sys_ipc_recv(own, UINT64_MAX).received, RECEIVED_REPLY);
        }
    });
    machine.limits({.pages = 40, .tasks = 0, .endpoints = 0, .vmos = 0, .slots = 20});
    machine.run([](user &init) {
        constexpr int CLIENTS = REPLY_SLOT_COUNT / MAX_ASYNC;
        slot at = endpoint();
        slot own = endpoint();
        slot bell = endpoint();
        slot tasks[CLIENTS];
        std::vector<reply_handle> held;
        for (slot &task : tasks) {
            slot theirs = endpoint();
            slot notifies = mint(bell, 1);
            task = start("client", {{at, SERVER, RIGHT_SEND},
                                    {theirs, OWN, RIGHT_RECV},
                                    {notifies, BELL, RIGHT_NOTIFY}});
        }
        while (held.size() < REPLY_SLOT_COUNT) {
            recv_result got = sys_ipc_recv(at, in_us(1000000));
            EXPECT_EQ(got.status, STATUS_OK);
            if (got.status != STATUS_OK) {
                return;
            }
            if (got.received == RECEIVED_CALL) {
                held.push_back(got.reply);
            }
        }
        sequence waits = asked(init, at, own, "waits");
        expect_nothing(at);
        fill(init.page->call_out, 1, "plain");
        EXPECT_EQ(sys_ipc_send(at, 0).status, STATUS_OK);
        EXPECT_EQ(sys_ipc_recv(at, in_us(1000)).received, RECEIVED_SEND);
        EXPECT_EQ(payload_of(init.page->request_in), "plain");
        EXPECT_EQ(sys_ipc_recv(at, in_us(100)).status, STATUS_TIMED_OUT);
        answer(init, held.back(), "ok");
        held.pop_back();
        held.push_back(next_request(at).reply);
        EXPECT_EQ(payload_of(init.page->request_in), "waits");
        for (reply_handle each : held) {
            answer(init, each, "ok");
        }
        expect_answer(init, own, waits, "ok");
        for (slot task : tasks) {
            EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
        }
    });
}

// Sends and answers take turns: nobody is shut out.
TEST(Async, answers_and_sends_take_turns) {
    sim_machine machine;
    machine.run([](user &init) {
        slot at = endpoint();
        slot own = endpoint();
        sequence made[2] = {asked(init, at, own, "a"), asked(init, at, own, "b")};
        recv_result got[2] = {next_request(at), next_request(at)};
        answer(init, got[0].reply, "a");
        answer(init, got[1].reply, "b");
        for (int i = 0; i < 2; i++) {
            fill(init.page->call_out, 1, "send");
            EXPECT_EQ(sys_ipc_send(own, 0).status, STATUS_OK);
        }
        EXPECT_EQ(sys_ipc_notify(own), STATUS_OK);
        EXPECT_EQ(sys_ipc_recv(own, 0).received, RECEIVED_NOTIFICATION);
        EXPECT_EQ(sys_ipc_recv(own, 0).received, RECEIVED_SEND);
        expect_answer(init, own, made[0], "a");
        EXPECT_EQ(sys_ipc_recv(own, 0).received, RECEIVED_SEND);
        expect_answer(init, own, made[1], "b");
        expect_nothing(own);
    });
}

}  // namespace
