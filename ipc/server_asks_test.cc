// ipc/server_asks_test.cc: a service that asks another one asynchronously, with the one loop and
// the one wait that every service has, through the real kernel in simulation.
#include <gtest/gtest.h>

#include <cstring>

#include "ipc/asks.h"
#include "ipc/client.h"
#include "ipc/frame.h"
#include "ipc/route_cache.h"
#include "ipc/server.h"
#include "ipc/wire/echo_wire.h"
#include "ipc/wire/policy_action.h"
#include "ipc/wire/server_wire.h"
#include "runtime/runtime.h"
#include "testing/sim/machine.h"

namespace {

using namespace simtest;

constexpr std::uint32_t NEXT = 20;    // RIGHT_SEND and RIGHT_CALL: who is asked.
constexpr std::uint32_t MANAGE = 21;  // RIGHT_CALL with the manager's badge.
constexpr std::uint64_t ROUNDS = 30;

// Echoes what the service behind it echoes, and serves others meanwhile.
struct relay {
    ipc_server server;
    ipc_client client;
    ipc_asks asks;
    kept_call kept[MAX_ASYNC];
    nonce tickets[MAX_ASYNC];
};

resolved resolve(void *, service_id, policy_action action, deadline) {
    slot_result got = sys_cap_clone(slot_at(NEXT), policy_action_right(action));
    return {got.status == STATUS_OK ? RESOLVE_GIVEN : RESOLVE_FAILED, got.slot, 0};
}

wire_status on_echo(void *of, ipc_exchange *exchange) {
    auto *relay_ = static_cast<relay *>(of);
    echo_message message = *static_cast<echo_message *>(exchange->message);
    ipc_question question{};
    question.target = service_id_named("next");
    question.protocol = &echo_rows;
    question.deadline = {in_us(1000)};
    for (std::uint32_t i = 0; i < MAX_ASYNC; i++) {
        if (relay_->tickets[i].value != 0) {
            continue;
        }
        const kept_call *call = ipc_keep(exchange);
        if (call == nullptr ||
            ipc_asks_start(&relay_->asks, &question, &message, &relay_->tickets[i]).error !=
                IPC_OK) {
            return WIRE_OVERLOAD;
        }
        relay_->kept[i] = *call;
        return WIRE_OK;
    }
    return WIRE_OVERLOAD;
}

wire_status on_end(void *, ipc_exchange *) {
    return WIRE_OK;  // Answered at once, whatever is under way.
}

void on_answered(void *of, const recv_result *event) {
    auto *relay_ = static_cast<relay *>(of);
    ipc_asks_arrived(&relay_->asks, event);
    for (std::uint32_t i = 0; i < MAX_ASYNC; i++) {
        echo_message message{};
        ipc_error error = IPC_OK;
        if (relay_->tickets[i].value == 0 ||
            !ipc_asks_take(&relay_->asks, relay_->tickets[i], &message, &error)) {
            continue;
        }
        relay_->tickets[i].value = 0;
        (void)ipc_answer(&relay_->server, &relay_->kept[i],
                         error == IPC_OK ? WIRE_OK : WIRE_UNAVAILABLE, &message,
                         slot_at(CAP_SLOT_NONE));
    }
}

void on_left(void *of, reply_handle reply) {
    auto *relay_ = static_cast<relay *>(of);
    for (std::uint32_t i = 0; i < MAX_ASYNC; i++) {
        if (relay_->tickets[i].value != 0 && relay_->kept[i].reply.value == reply.value) {
            ipc_asks_cancel(&relay_->asks, relay_->tickets[i]);
            relay_->tickets[i].value = 0;
        }
    }
}

const ipc_client *client_of(const void *of) {
    return &static_cast<const relay *>(of)->client;
}

void trace_hits(void *of, bool on) {
    route_cache_trace_hits(&static_cast<relay *>(of)->client.routes, on);
}

void serve(user &self, relay *relay_) {
    static const ipc_row rows[] = {{}, {on_echo, nullptr}, {on_end, nullptr}};
    struct runtime made;
    runtime_init(&made, self.page, self.argument, self.instance);
    ipc_service service{};
    service.name = "relay";
    service.ready = "relay: ready";
    service.protocol = &echo_rows;
    service.rows = rows;
    service.row_count = 3;
    service.left = on_left;
    service.answered = on_answered;
    service.client = client_of;
    service.trace_hits = trace_hits;
    ipc_client_init(&relay_->client, &made, resolve, nullptr, slot_at(CAP_SLOT_NONE));
    ipc_asks_init(&relay_->asks, &relay_->client, slot_at(SLOT_ENDPOINT));
    sys_task_exit(static_cast<std::uint64_t>(ipc_serve(&relay_->server, &made, &service, relay_)));
}

void run_relay(user &self) {
    relay made{};
    serve(self, &made);
}

// Answers late, in any order, or not at all.
void run_next(user &self) {
    for (;;) {
        recv_result got = sys_ipc_recv(slot_at(SLOT_ENDPOINT), in_us(1000000));
        if (got.status != STATUS_OK) {
            return;
        }
        if (got.received != RECEIVED_CALL) {
            continue;
        }
        if (sim_user_random(8) == 0) {
            EXPECT_EQ(sys_reply_close(got.reply), STATUS_OK);
            continue;
        }
        echo_message message{};
        EXPECT_EQ(echo_decode(WIRE_REQUEST, self.page->request_in.payload,
                              self.page->request_in.header.len, &message),
                  WIRE_OK);
        frame_finish(
            &self.page->reply_out, WIRE_PROTOCOL_ECHO,
            echo_encode(WIRE_REPLY, &message, self.page->reply_out.payload, FRAME_PAYLOAD_MAX));
        status_ignore(sys_ipc_reply(got.reply), "the relay may have cancelled it");
    }
}

// One call; its status, with the value checked.
wire_status call_relay(user &self, std::uint8_t op, std::uint64_t value) {
    echo_message message{};
    message.header.op = op;
    message.header.nonce.value = value + 1;
    message.value = value;
    frame_finish(
        &self.page->call_out, WIRE_PROTOCOL_ECHO,
        echo_encode(WIRE_REQUEST, &message, self.page->call_out.payload, FRAME_PAYLOAD_MAX));
    EXPECT_EQ(sys_ipc_call(slot_at(NEXT), in_us(1000000)).status, STATUS_OK);
    EXPECT_EQ(echo_decode(WIRE_REPLY, self.page->reply_in.payload, self.page->reply_in.header.len,
                          &message),
              WIRE_OK);
    EXPECT_EQ(message.header.nonce.value, value + 1);
    if (op == ECHO_OP_ECHO && message.header.status == WIRE_OK) {
        EXPECT_EQ(message.value, value);
    }
    return static_cast<wire_status>(message.header.status);
}

// Every call has its answer, each the one that belongs to it, and some of them are good.
void run_caller(user &self) {
    std::uint32_t good = 0;
    for (std::uint64_t i = 0; i < ROUNDS; i++) {
        const wire_status status = call_relay(self, ECHO_OP_ECHO, self.argument * 1000 + i);
        EXPECT_TRUE(status == WIRE_OK || status == WIRE_UNAVAILABLE || status == WIRE_OVERLOAD);
        good += status == WIRE_OK;
        EXPECT_EQ(call_relay(self, ECHO_OP_END, i), WIRE_OK);
    }
    EXPECT_GT(good, 0u);
}

// Says READY for init.
void let_start(user &init, slot own) {
    recv_result got{};
    do {
        got = sys_ipc_recv(own, in_us(1000000));
    } while (got.status == STATUS_OK && got.received != RECEIVED_CALL);
    message_area &out = init.page->reply_out;
    std::memcpy(out.payload, init.page->request_in.payload, 4);
    out.payload[3] |= WIRE_REPLY_BIT;
    out.payload[4] = WIRE_OK;
    std::memcpy(out.payload + 5, init.page->request_in.payload + 4, 8);
    frame_finish(&out, init.page->request_in.header.type, WIRE_REPLY_HEADER_BYTES);
    EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_OK);
}

TEST(ServerAsks, a_service_asks_another_without_waiting_for_it) {
    sim_machine machine;
    machine.program("relay", run_relay);
    machine.program("next", run_next);
    machine.program("caller", run_caller);
    machine.run([](user &init) {
        const slot own = endpoint();
        const slot to_relay = endpoint();
        const slot to_next = endpoint();
        const slot call_relay_ = mint(to_relay, 1);
        const slot call_next = mint(to_next, 1);
        const slot serving = start("next", {{to_next, SLOT_ENDPOINT, RIGHT_RECV}});
        const slot relaying = start("relay", {{CONSOLE, SLOT_CONSOLE, RIGHTS_CONSOLE},
                                              {mint(own, 0, RIGHT_CALL), SLOT_INIT, RIGHT_CALL},
                                              {to_relay, SLOT_ENDPOINT, RIGHT_RECV},
                                              {call_next, NEXT, RIGHT_SEND | RIGHT_CALL}});
        let_start(init, own);
        const slot callers[] = {start("caller", {{call_relay_, NEXT, RIGHT_CALL}}, 1),
                                start("caller", {{call_relay_, NEXT, RIGHT_CALL}}, 2),
                                start("caller", {{call_relay_, NEXT, RIGHT_CALL}}, 3)};
        for (const slot caller : callers) {
            EXPECT_EQ(wait_dead(caller).reason, EXIT_CODE);
        }
        EXPECT_EQ(sys_task_kill(relaying), STATUS_OK);
        EXPECT_EQ(sys_task_kill(serving), STATUS_OK);
    });
}

server_message ask_server(user &self, std::uint32_t route, std::uint8_t op, std::uint8_t hits,
                          std::uint64_t first = 0) {
    server_message message{};
    message.header.op = op;
    message.hits = hits;
    message.first = first;
    frame_finish(
        &self.page->call_out, WIRE_PROTOCOL_SERVER,
        server_encode(WIRE_REQUEST, &message, self.page->call_out.payload, FRAME_PAYLOAD_MAX));
    EXPECT_EQ(sys_ipc_call(slot_at(route), in_us(1000000)).status, STATUS_OK);
    EXPECT_EQ(server_decode(WIRE_REPLY, self.page->reply_in.payload, self.page->reply_in.header.len,
                            &message),
              WIRE_OK);
    return message;
}

// How many hits the trace has.
std::uint32_t hits_traced(user &self) {
    std::uint32_t hits = 0;
    std::uint64_t first = 0;
    for (;;) {
        const server_message page = ask_server(self, NEXT, SERVER_OP_TRACE, 0, first);
        route_trace_record record{};
        const std::uint32_t count = page.trace.count / static_cast<std::uint32_t>(sizeof(record));
        for (std::uint32_t i = 0; i < count; i++) {
            std::memcpy(&record, page.trace.data + i * sizeof(record), sizeof(record));
            hits += record.kind == ROUTE_TRACE_STEP && record.what[0] == ROUTE_BOUND &&
                    record.what[1] == ROUTE_EVENT_WANTED;
        }
        if (count == 0) {
            return hits;
        }
        first = page.first + count;
    }
}

// Who manages a service says whether its hits are traced; nobody else does.
void run_manager(user &self) {
    (void)call_relay(self, ECHO_OP_ECHO, 1);
    EXPECT_EQ(ask_server(self, NEXT, SERVER_OP_HITS, 1).header.status, WIRE_DENIED);
    EXPECT_EQ(ask_server(self, MANAGE, SERVER_OP_HITS, 2).header.status, WIRE_MALFORMED);
    (void)call_relay(self, ECHO_OP_ECHO, 2);
    EXPECT_EQ(hits_traced(self), 0u);
    EXPECT_EQ(ask_server(self, MANAGE, SERVER_OP_HITS, 1).header.status, WIRE_OK);
    std::uint32_t hits = 0;
    for (std::uint64_t i = 0; i < 20 && hits == 0; i++) {  // Some meet a lost route.
        (void)call_relay(self, ECHO_OP_ECHO, 3 + i);
        hits = hits_traced(self);
    }
    EXPECT_EQ(hits, 1u);
    EXPECT_EQ(ask_server(self, MANAGE, SERVER_OP_HITS, 0).header.status, WIRE_OK);
    (void)call_relay(self, ECHO_OP_ECHO, 100);
    EXPECT_EQ(hits_traced(self), hits);
}

TEST(ServerAsks, test_reject_switching_the_trace_by_who_does_not_manage) {
    sim_machine machine;
    machine.program("relay", run_relay);
    machine.program("next", run_next);
    machine.program("manager", run_manager);
    machine.run([](user &init) {
        const slot own = endpoint();
        const slot to_relay = endpoint();
        const slot to_next = endpoint();
        const slot serving = start("next", {{to_next, SLOT_ENDPOINT, RIGHT_RECV}});
        const slot relaying = start("relay", {{CONSOLE, SLOT_CONSOLE, RIGHTS_CONSOLE},
                                              {mint(own, 0, RIGHT_CALL), SLOT_INIT, RIGHT_CALL},
                                              {to_relay, SLOT_ENDPOINT, RIGHT_RECV},
                                              {mint(to_next, 1), NEXT, RIGHT_SEND | RIGHT_CALL}});
        let_start(init, own);
        const slot manager =
            start("manager", {{mint(to_relay, 0), NEXT, RIGHT_CALL},
                              {mint(to_relay, POLICY_BADGE_MANAGER), MANAGE, RIGHT_CALL}});
        EXPECT_EQ(wait_dead(manager).reason, EXIT_CODE);
        EXPECT_EQ(sys_task_kill(relaying), STATUS_OK);
        EXPECT_EQ(sys_task_kill(serving), STATUS_OK);
    });
}

}  // namespace
