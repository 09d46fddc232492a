// ipc/asks_test.cc: requests whose answers are taken later, through the real kernel in simulation:
// each answer to its own request, whatever the order, and none to another.
#include "ipc/asks.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include "ipc/wire/echo_wire.h"
#include "ipc/wire/policy_action.h"
#include "ipc/wire/protocols.h"
#include "testing/sim/machine.h"

namespace {

using namespace simtest;

constexpr std::uint32_t SERVER = 4;  // RIGHT_SEND and RIGHT_CALL, of all services here.
constexpr std::uint32_t OWN = 5;

// A client whose routes are clones of what is in SERVER.
struct asker {
    struct runtime runtime;
    ipc_client client;
    ipc_asks asks;
    std::uint64_t resolved_count;
};

resolved resolve(void *context, service_id, policy_action, deadline) {
    static_cast<asker *>(context)->resolved_count++;
    slot_result got = sys_cap_clone(slot_at(SERVER), RIGHT_SEND | RIGHT_CALL);
    return {got.status == STATUS_OK ? RESOLVE_GIVEN : RESOLVE_FAILED, got.slot, 0};
}

void begin(asker &asker, user &self) {
    asker = {};
    asker.runtime.page = self.page;
    ipc_client_init(&asker.client, &asker.runtime, resolve, &asker, slot_at(CAP_SLOT_NONE));
    ipc_asks_init(&asker.asks, &asker.client, slot_at(OWN));
}

ipc_outcome start_echo(asker &asker, std::uint64_t value, nonce *ticket,
                       const char *service = "server", std::uint8_t op = ECHO_OP_ECHO) {
    echo_message message{};
    message.header.op = op;
    message.value = value;
    ipc_question question{};
    question.target = {service_id_of(service, std::strlen(service))};
    question.protocol = &echo_rows;
    question.deadline = {in_us(100000)};
    return ipc_asks_start(&asker.asks, &question, &message, ticket);
}

nonce started(asker &asker, std::uint64_t value) {
    nonce ticket{};
    EXPECT_EQ(start_echo(asker, value, &ticket).error, IPC_OK);
    return ticket;
}

void expect_echo(asker &asker, nonce ticket, std::uint64_t value) {
    echo_message message{};
    EXPECT_EQ(ipc_asks_await(&asker.asks, ticket, {in_us(100000)}, &message), IPC_OK);
    EXPECT_EQ(message.value, value);
    EXPECT_EQ(message.header.nonce.value, ticket.value);
}

void expect_error(asker &asker, nonce ticket, ipc_error error) {
    echo_message message{};
    EXPECT_EQ(ipc_asks_await(&asker.asks, ticket, {in_us(300)}, &message), error);
}

// Answers the request in request_in with its own nonce and operation, or another's.
void answer(user &self, reply_handle reply, std::uint64_t nonce_change = 0,
            std::uint8_t op = ECHO_OP_ECHO) {
    echo_message message{};
    EXPECT_EQ(wire_decode(&echo_rows, WIRE_REQUEST, self.page->request_in.payload,
                          self.page->request_in.header.len, &message),
              WIRE_OK);
    message.header.status = WIRE_OK;
    message.header.op = op;
    message.header.nonce.value += nonce_change;
    std::uint32_t bytes = wire_encode(&echo_rows, WIRE_REPLY, &message,
                                      self.page->reply_out.payload, FRAME_PAYLOAD_MAX);
    EXPECT_NE(bytes, 0u);
    frame_finish(&self.page->reply_out, WIRE_PROTOCOL_ECHO, bytes);
    EXPECT_EQ(sys_ipc_reply(reply), STATUS_OK);
}

recv_result next_request() {
    recv_result got{};
    do {
        got = sys_ipc_recv(slot_at(OWN), in_us(1000000));
    } while (got.status == STATUS_OK && got.received != RECEIVED_CALL);
    return got;
}

// Runs `client` against `server`, each with an endpoint at OWN.
void run(const body &server, const body &client) {
    sim_machine machine;
    machine.program("server", server);
    machine.program("client", client);
    machine.run([](user &) {
        slot to_server = endpoint();
        slot to_client = endpoint();
        slot route = mint(to_server, 1);
        slot serving = start("server", {{to_server, OWN, RIGHT_RECV}});
        slot asking = start("client", {{route, SERVER, RIGHT_SEND | RIGHT_CALL},
                                       {to_client, OWN, RIGHT_RECV | RIGHT_MANAGE}});
        EXPECT_EQ(wait_dead(asking).reason, EXIT_CODE);
        EXPECT_EQ(sys_task_kill(serving), STATUS_OK);
    });
}

void serve_all(user &self) {
    for (;;) {
        recv_result got = next_request();
        if (got.status != STATUS_OK) {
            return;
        }
        answer(self, got.reply);
    }
}

TEST(Asks, each_answer_comes_to_its_request_in_any_order) {
    run(serve_all, [](user &self) {
        asker asker;
        begin(asker, self);
        for (std::uint64_t i = 0; i < 10; i++) {
            nonce first = started(asker, 2 * i);
            nonce second = started(asker, 2 * i + 1);
            expect_echo(asker, second, 2 * i + 1);
            expect_echo(asker, first, 2 * i);
        }
        EXPECT_EQ(asker.resolved_count, 1u);  // The route is kept.
        EXPECT_EQ(asker.client.stats.strays[ROUTE_STRAY_UNKNOWN], 0u);
        EXPECT_EQ(asker.client.stats.outcomes[IPC_OK][IPC_HIT], 19u);
    });
}

// One under way is of before.
TEST(Asks, a_nonce_that_wraps_around_is_like_all) {
    run(serve_all, [](user &self) {
        asker asker;
        begin(asker, self);
        asker.client.last.value = UINT64_MAX - 1;
        const nonce last = started(asker, 1);
        const nonce first = started(asker, 2);
        EXPECT_EQ(last.value, UINT64_MAX);
        EXPECT_EQ(first.value, 1u) << "none is 0, which is no ticket";
        expect_echo(asker, first, 2);
        expect_echo(asker, last, 1);
        for (const std::uint64_t stray : asker.client.stats.strays) {
            EXPECT_EQ(stray, 0u);
        }
    });
}

TEST(Asks, test_reject_answer_with_another_nonce) {
    run(
        [](user &self) {
            answer(self, next_request().reply, 1);
            serve_all(self);
        },
        [](user &self) {
            asker asker;
            begin(asker, self);
            nonce first = started(asker, 1);
            nonce second = started(asker, 2);  // The one whose nonce the wrong answer carries.
            expect_echo(asker, second, 2);
            EXPECT_EQ(asker.client.stats.strays[ROUTE_STRAY_MISMATCHED], 1u);
            expect_error(asker, first,
                         echo_rows.ops[0].repeatable ? IPC_REJECTED : IPC_UNKNOWN_OUTCOME);
        });
}

TEST(Asks, test_reject_answer_of_a_request_that_timed_out_or_was_cancelled) {
    run(
        [](user &self) {
            recv_result kept[2] = {next_request(), next_request()};
            serve_all(self);
            (void)kept;
        },
        [](user &self) {
            asker asker;
            begin(asker, self);
            nonce late = started(asker, 1);
            nonce cancelled = started(asker, 2);
            echo_message message{};
            ipc_error error = ipc_asks_await(&asker.asks, late, {in_us(300)}, &message);
            EXPECT_TRUE(error == IPC_TIMED_OUT || error == IPC_UNKNOWN_OUTCOME);
            ipc_asks_cancel(&asker.asks, cancelled);
            EXPECT_EQ(asker.client.stats.strays[ROUTE_STRAY_CANCELLED], 1u);
            for (nonce over : {late, cancelled}) {
                EXPECT_TRUE(ipc_asks_take(&asker.asks, over, &message, &error));
                EXPECT_EQ(error, IPC_BAD_REQUEST);
            }
            // Their places are free again, here and in the kernel.
            nonce tickets[MAX_ASYNC];
            for (std::uint64_t i = 0; i < MAX_ASYNC; i++) {
                wait_until([&] { return start_echo(asker, i, &tickets[i]).error == IPC_OK; },
                           "a request is taken");
            }
            expect_echo(asker, tickets[MAX_ASYNC - 1], MAX_ASYNC - 1);
        });
}

TEST(Asks, test_reject_more_than_are_kept_and_drop_the_oldest) {
    run(serve_all, [](user &self) {
        asker asker;
        begin(asker, self);
        nonce tickets[INBOX_REQUEST_MAX];
        for (std::uint64_t i = 0; i < INBOX_REQUEST_MAX; i++) {
            wait_until([&] { return start_echo(asker, i, &tickets[i]).error == IPC_OK; },
                       "a request is taken");
        }
        nonce more{};
        EXPECT_EQ(start_echo(asker, 99, &more).error, IPC_REJECTED);
        EXPECT_GE(asker.client.stats.outcomes[IPC_REJECTED][IPC_MISS], 1u);
        // All answers come before the first is taken: only the latest are there.
        expect_echo(asker, tickets[INBOX_REQUEST_MAX - 1], INBOX_REQUEST_MAX - 1);
        EXPECT_EQ(asker.asks.inbox.dropped, INBOX_REQUEST_MAX - INBOX_ANSWER_MAX);
        EXPECT_EQ(asker.client.stats.strays[ROUTE_STRAY_DROPPED], asker.asks.inbox.dropped);
        for (std::uint64_t i = INBOX_REQUEST_MAX - INBOX_ANSWER_MAX; i < INBOX_REQUEST_MAX - 1;
             i++) {
            expect_echo(asker, tickets[i], i);
        }
        ipc_error error = IPC_OK;
        echo_message message{};
        EXPECT_TRUE(ipc_asks_take(&asker.asks, tickets[0], &message, &error));
        EXPECT_NE(error, IPC_OK);
        expect_echo(asker, started(asker, 100), 100);
    });
}

TEST(Asks, a_dropped_request_says_whether_it_may_have_been_done) {
    run(
        [](user &self) {
            EXPECT_EQ(sys_reply_close(next_request().reply), STATUS_OK);
            serve_all(self);
        },
        [](user &self) {
            asker asker;
            begin(asker, self);
            nonce ticket = started(asker, 1);
            expect_error(asker, ticket,
                         echo_rows.ops[0].repeatable ? IPC_REJECTED : IPC_UNKNOWN_OUTCOME);
            expect_echo(asker, started(asker, 2), 2);
            EXPECT_EQ(asker.resolved_count, 2u);  // The route was lost with it.
        });
}

// The caller's mistake is not the route's: nothing is sent, resolved again or lost.
TEST(Asks, test_reject_answers_to_what_is_no_open_endpoint_of_ones_own) {
    run(serve_all, [](user &self) {
        asker asker;
        begin(asker, self);
        expect_echo(asker, started(asker, 1), 1);
        const route *kept =
            route_find(&asker.client.routes, {service_id_of("server", 6)}, POLICY_SEND);
        nonce ticket{};
        for (std::uint32_t wrong : {60u, 0u + CAP_SLOT_NONE, SERVER}) {
            asker.asks.own = slot_at(wrong);
            EXPECT_EQ(start_echo(asker, 2, &ticket).error, IPC_BAD_REQUEST) << wrong;
            EXPECT_EQ(ticket.value, 0u);
            EXPECT_EQ(kept->state, ROUTE_BOUND);
            EXPECT_EQ(kept->losses, 0u);
        }
        asker.asks.own = slot_at(OWN);
        expect_echo(asker, started(asker, 3), 3);
        EXPECT_EQ(sys_endpoint_close(slot_at(OWN)), STATUS_OK);
        EXPECT_EQ(start_echo(asker, 4, &ticket).error, IPC_BAD_REQUEST);
        EXPECT_EQ(kept->state, ROUTE_BOUND);
        EXPECT_EQ(asker.resolved_count, 1u);
        EXPECT_EQ(asker.client.stats.resent, 0u);
    });
}

// The endpoint takes no capabilities, and there is none in that slot.
TEST(Asks, test_reject_carried_capability_without_losing_the_route) {
    run(serve_all, [](user &self) {
        asker asker;
        begin(asker, self);
        for (std::uint32_t carried : {60u, 0u + SERVER}) {
            echo_message message{};
            message.header.op = ECHO_OP_ECHO;
            ipc_question question{};
            question.target = {service_id_of("server", 6)};
            question.protocol = &echo_rows;
            question.deadline = {in_us(100000)};
            question.carried = slot_at(carried);
            EXPECT_EQ(ipc_ask(&asker.client, &question, &message).error, IPC_BAD_REQUEST);
            const route *kept = route_find(&asker.client.routes, question.target, POLICY_CALL);
            EXPECT_EQ(kept->state, ROUTE_BOUND) << carried;
            EXPECT_EQ(kept->losses, 0u) << carried;
        }
        EXPECT_EQ(asker.resolved_count, 1u);
        EXPECT_EQ(asker.client.stats.resent, 0u);
    });
}

// Every request that was sent comes to one end, and that is counted.
TEST(Asks, counts_how_each_answer_came) {
    run(
        [](user &self) {
            EXPECT_EQ(sys_reply_close(next_request().reply), STATUS_OK);
            recv_result late = next_request();
            serve_all(self);
            (void)late;
        },
        [](user &self) {
            asker asker;
            begin(asker, self);
            expect_error(asker, started(asker, 1), IPC_REJECTED);
            nonce late = started(asker, 2);
            const std::uint64_t before = asker.client.routes.trace.count;
            expect_error(asker, late, IPC_TIMED_OUT);
            EXPECT_EQ(asker.client.routes.trace.count, before + 1);
            const route_trace_record &last =
                asker.client.routes.trace.records[before % ROUTE_TRACE_MAX];
            EXPECT_EQ(last.kind, ROUTE_TRACE_ANSWER);
            EXPECT_EQ(last.what[0], IPC_TIMED_OUT);
            expect_echo(asker, started(asker, 3), 3);
            EXPECT_EQ(asker.client.stats.answers[IPC_OK], 1u);
            EXPECT_EQ(asker.client.stats.answers[IPC_REJECTED], 1u);
            EXPECT_EQ(asker.client.stats.answers[IPC_TIMED_OUT], 1u);
        });
}

TEST(Asks, test_reject_question_that_takes_a_capability) {
    run(serve_all, [](user &self) {
        asker asker;
        begin(asker, self);
        echo_message message{};
        message.header.op = ECHO_OP_ECHO;
        slot taken{0};
        ipc_question question{};
        question.target = {service_id_of("server", 6)};
        question.protocol = &echo_rows;
        question.deadline = {in_us(1000)};
        question.taken = &taken;
        nonce ticket{};
        EXPECT_EQ(ipc_asks_start(&asker.asks, &question, &message, &ticket).error, IPC_BAD_REQUEST);
        EXPECT_EQ(ticket.value, 0u);
    });
}

// As the row of each operation of each protocol says.
TEST(Asks, test_reject_repeating_each_operation_that_is_not_repeatable) {
    run(
        [](user &) {
            for (;;) {
                recv_result got = next_request();
                if (got.status != STATUS_OK) {
                    return;
                }
                EXPECT_EQ(sys_reply_close(got.reply), STATUS_OK);
            }
        },
        [](user &self) {
            asker asker;
            begin(asker, self);
            std::uint64_t asked = 0;
            for (const wire_protocol_rows *rows : wire_protocols) {
                for (std::uint32_t i = 0; i < rows->op_count; i++) {
                    std::uint64_t message[WIRE_MESSAGE_BYTES_MAX / 8] = {};
                    reinterpret_cast<wire_header *>(message)->op = rows->ops[i].number;
                    ipc_question question{};
                    question.target = {service_id_of("server", 6)};
                    question.protocol = rows;
                    question.deadline = {in_us(100000)};
                    nonce ticket{};
                    ASSERT_EQ(ipc_asks_start(&asker.asks, &question, message, &ticket).error,
                              IPC_OK);
                    EXPECT_EQ(ipc_asks_await(&asker.asks, ticket, {in_us(100000)}, message),
                              rows->ops[i].repeatable ? IPC_REJECTED : IPC_UNKNOWN_OUTCOME)
                        << rows->name << " " << rows->ops[i].name;
                    asked++;
                }
            }
            EXPECT_GT(asked, 40u);
            EXPECT_EQ(asker.client.stats.resent, 0u);
        });
}

bool both_started;  // What the asker says to the server beside all messages.

// END may not be sent again, so what may have been done is not known.
TEST(Asks, what_must_not_be_repeated_says_whether_it_may_have_been_done) {
    run(
        [](user &) {
            EXPECT_EQ(sys_reply_close(next_request().reply), STATUS_OK);
            (void)next_request();
            wait_until([] { return both_started; }, "a second request that is stored");
            sys_task_exit(0);  // With one that it has and one that it has never seen.
        },
        [](user &self) {
            asker asker;
            begin(asker, self);
            nonce ticket{};
            both_started = false;
            EXPECT_EQ(start_echo(asker, 1, &ticket, "server", ECHO_OP_END).error, IPC_OK);
            expect_error(asker, ticket, IPC_UNKNOWN_OUTCOME);
            EXPECT_EQ(start_echo(asker, 2, &ticket, "server", ECHO_OP_END).error, IPC_OK);
            nonce unseen{};
            EXPECT_EQ(start_echo(asker, 3, &unseen, "server", ECHO_OP_END).error, IPC_OK);
            both_started = true;
            expect_error(asker, ticket, IPC_UNKNOWN_OUTCOME);
            expect_error(asker, unseen, IPC_REJECTED);
        });
}

TEST(Asks, test_reject_answer_to_another_operation) {
    run(
        [](user &self) {
            answer(self, next_request().reply, 0, ECHO_OP_END);
            serve_all(self);
        },
        [](user &self) {
            asker asker;
            begin(asker, self);
            expect_error(asker, started(asker, 1), IPC_UNKNOWN_OUTCOME);
            expect_echo(asker, started(asker, 2), 2);
        });
}

TEST(Asks, an_answer_that_comes_forgets_what_was_lost) {
    run(
        [](user &self) {
            EXPECT_EQ(sys_reply_close(next_request().reply), STATUS_OK);
            serve_all(self);
        },
        [](user &self) {
            asker asker;
            begin(asker, self);
            expect_error(asker, started(asker, 1), IPC_REJECTED);
            const route *route =
                route_find(&asker.client.routes, {service_id_of("server", 6)}, POLICY_SEND);
            EXPECT_EQ(route->losses, 1u);
            expect_echo(asker, started(asker, 2), 2);
            EXPECT_EQ(route->losses, 0u);
        });
}

// What is learned late of a request that went through an old binding says nothing of the new one.
TEST(Asks, test_reject_late_loss_of_an_old_binding) {
    run(
        [](user &self) {
            const recv_result first = next_request();
            const recv_result second = next_request();
            EXPECT_EQ(sys_reply_close(first.reply), STATUS_OK);
            const recv_result third = next_request();
            EXPECT_EQ(sys_reply_close(second.reply), STATUS_OK);
            answer(self, third.reply);
            serve_all(self);
        },
        [](user &self) {
            asker asker;
            begin(asker, self);
            const nonce first = started(asker, 1);
            const nonce second = started(asker, 2);
            expect_error(asker, first, IPC_REJECTED);
            const nonce third = started(asker, 3);  // Through a new binding.
            expect_error(asker, second, IPC_REJECTED);
            expect_echo(asker, third, 3);
            expect_echo(asker, started(asker, 4), 4);
            EXPECT_EQ(asker.resolved_count, 2u);
        });
}

TEST(Asks, test_reject_answer_to_nothing) {
    run(serve_all, [](user &self) {
        asker asker;
        begin(asker, self);
        nonce ticket = started(asker, 1);
        recv_result event = sys_ipc_recv(slot_at(OWN), in_us(100000));
        EXPECT_EQ(event.received, RECEIVED_REPLY);
        ipc_asks_arrived(&asker.asks, &event);
        EXPECT_EQ(asker.client.stats.strays[ROUTE_STRAY_UNKNOWN], 0u);
        ipc_asks_arrived(&asker.asks, &event);  // Once is enough.
        EXPECT_EQ(asker.client.stats.strays[ROUTE_STRAY_UNKNOWN], 1u);
        expect_echo(asker, ticket, 1);
        ipc_error error = IPC_OK;
        echo_message message{};
        const std::uint64_t records = asker.client.routes.trace.count;
        EXPECT_TRUE(ipc_asks_take(&asker.asks, {0}, &message, &error));
        EXPECT_EQ(error, IPC_BAD_REQUEST);
        EXPECT_EQ(asker.client.stats.answers[IPC_BAD_REQUEST], 1u);
        EXPECT_EQ(asker.client.routes.trace.count, records + 1);
        ipc_asks_cancel(&asker.asks, {0});
    });
}

TEST(Asks, test_reject_operation_that_is_none) {
    run(serve_all, [](user &self) {
        asker asker;
        begin(asker, self);
        echo_message message{};
        message.header.op = 99;
        ipc_question question{};
        question.target = {service_id_of("server", 6)};
        question.protocol = &echo_rows;
        question.deadline = {in_us(1000)};
        question.carried = sys_cap_clone(slot_at(SERVER), RIGHT_SEND).slot;
        nonce ticket{};
        EXPECT_EQ(ipc_asks_start(&asker.asks, &question, &message, &ticket).error, IPC_BAD_REQUEST);
        EXPECT_EQ(sys_cap_query(question.carried).status, STATUS_BAD_CAP) << "it is closed";
    });
}

// Whoever else writes to its endpoint is told of, or turned away.
TEST(Asks, strangers_at_its_endpoint) {
    constexpr std::uint32_t AT = 6;
    sim_machine machine;
    machine.program("server", serve_all);
    machine.program("stranger", [](user &self) {
        EXPECT_EQ(sys_ipc_notify(slot_at(AT)), STATUS_OK);
        fill(self.page->call_out, WIRE_PROTOCOL_ECHO, "?");
        EXPECT_EQ(sys_ipc_send(slot_at(AT), 0).status, STATUS_OK);
        EXPECT_EQ(sys_ipc_call(slot_at(AT), in_us(1000000)).status, STATUS_PEER_CLOSED);
    });
    machine.program("client", [](user &self) {
        asker asker;
        begin(asker, self);
        for (std::uint64_t i = 0; i < 100 && asker.client.stats.strays[ROUTE_STRAY_STRANGE] < 2;
             i++) {
            expect_echo(asker, started(asker, i), i);
        }
        EXPECT_EQ(asker.client.stats.strays[ROUTE_STRAY_STRANGE], 2u);
        const route_trace &trace = asker.client.routes.trace;
        std::map<std::uint8_t, std::uint64_t> strange;  // Who, by how it came.
        for (std::uint64_t i = 0; i < trace.count && i < ROUTE_TRACE_MAX; i++) {
            if (trace.records[i].kind == ROUTE_TRACE_STRAY) {
                EXPECT_EQ(trace.records[i].what[0], ROUTE_STRAY_STRANGE);
                strange[trace.records[i].action] = trace.records[i].target;
            }
        }
        const std::uint64_t who = service_id_of("stranger", 8);
        EXPECT_EQ(strange,
                  (std::map<std::uint8_t, std::uint64_t>{{POLICY_CALL, who}, {POLICY_SEND, who}}));
        EXPECT_EQ(asker.asks.badge_bits, UINT64_C(1) << 3);
        EXPECT_EQ(sys_timer_set(slot_at(OWN), in_us(1)).status, STATUS_OK);
        for (std::uint64_t i = 0; i < 100 && (asker.asks.kernel_bits & NOTIFY_TIMER) == 0; i++) {
            expect_echo(asker, started(asker, i), i);
        }
        EXPECT_NE(asker.asks.kernel_bits & NOTIFY_TIMER, 0u);
    });
    machine.run([](user &) {
        slot to_server = endpoint();
        slot to_client = endpoint();
        slot route = mint(to_server, 1);
        slot strange = mint(to_client, 3);
        slot serving = start("server", {{to_server, OWN, RIGHT_RECV}});
        slot stranger = start("stranger", {{strange, AT, RIGHT_SEND | RIGHT_CALL | RIGHT_NOTIFY}});
        slot asking = start(
            "client", {{route, SERVER, RIGHT_SEND | RIGHT_CALL}, {to_client, OWN, RIGHT_RECV}});
        EXPECT_EQ(wait_dead(asking).reason, EXIT_CODE);
        EXPECT_EQ(wait_dead(stranger).reason, EXIT_CODE);
        EXPECT_EQ(sys_task_kill(serving), STATUS_OK);
    });
}

}  // namespace
