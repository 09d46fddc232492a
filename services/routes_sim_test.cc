// services/routes_sim_test.cc: the real init, policyd, samgrd and echo in simulation, with clients
// that call by name while services die and the policy changes, on 1, 2 and 4 harts and many seeds.
#include <gtest/gtest.h>

#include <string>

#include "ipc/log_record.h"
#include "ipc/ready.h"
#include "ipc/resolver.h"
#include "ipc/route_cache.h"
#include "ipc/wire/echo_wire.h"
#include "ipc/wire/init_wire.h"
#include "ipc/wire/log_wire.h"
#include "ipc/wire/policy_action.h"
#include "ipc/wire/policy_wire.h"
#include "ipc/wire/server_wire.h"
#include "kernel/abi/manifest.h"
#include "services/echo/service.h"
#include "services/policyd/service.h"
#include "services/samgrd/service.h"
#include "testing/sim/callers.h"
#include "testing/sim/machine.h"
#include "testing/sim/system.h"

namespace {

using namespace simtest;

constexpr std::uint32_t PAUSE = SLOT_FIRST_OWN;  // A client's own endpoint, to pause at.
constexpr std::uint32_t ROUNDS = 40;
constexpr std::uint64_t PATIENCE_US = 2000000;

void run_init(user &self) {
    boot_view view;
    add_routing(view, 3);
    view.service("echo", 0, ROUNDS, {console(), to_init(), receives(SLOT_ENDPOINT)});
    view.service("logd", 0, 1, {console(), to_init(), receives(SLOT_ENDPOINT)});
    view.service("caller", 0, 0, {console(), to_init(), receives(PAUSE), route_to(SLOT_SAMGRD, 1)});
    view.service("judge", MANIFEST_FINAL, 0,
                 {console(), to_init(), receives(PAUSE), route_to(SLOT_SAMGRD, 1)});
    view.policy(sorted({allow("caller", POLICY_CALL, "echo"), allow("judge", POLICY_CALL, "echo"),
                        allow("judge", POLICY_CALL, "logd"), allow("judge", POLICY_CALL, "policyd"),
                        allow("judge", POLICY_MANAGE, "policyd")}));
    view.policy(
        sorted({allow("caller", POLICY_CALL, "echo"), allow("judge", POLICY_CALL, "logd"),
                allow("judge", POLICY_CALL, "policyd"), allow("judge", POLICY_MANAGE, "policyd")}));
    run_system(self, view);
}

void run_echo(user &self) {
    struct runtime made = runtime_of(self);
    sys_task_exit(static_cast<std::uint64_t>(echo_main(&made)));
}

// A first start that says that it is ready and dies.
body dies_once(void (*then)(user &)) {
    return [then](user &self) {
        struct runtime made = runtime_of(self);
        if (runtime_start_number(&made) == 1) {
            EXPECT_EQ(ipc_ready(&made), STATUS_OK);
            sim_user_illegal_instruction();
        }
        then(self);
    };
}

struct echo_client : caller {
    explicit echo_client(user &self) : caller(self, slot_at(PAUSE)) {
        EXPECT_EQ(ipc_ready(&made), STATUS_OK);
    }

    ipc_outcome echo(std::uint8_t op, std::uint64_t value) {
        echoed = {};
        echoed.header.op = op;
        echoed.value = value;
        return ask("echo", echo_rows, &echoed);
    }

    std::uint32_t select(std::uint8_t policy) {
        policy_message message{};
        message.header.op = POLICY_OP_SELECT;
        message.policy = policy;
        EXPECT_EQ(ask("policyd", policy_rows, &message).error, IPC_OK);
        EXPECT_EQ(message.header.status, WIRE_OK);
        return message.revoked;
    }

    // Asks whoever has that name for a journal.
    ipc_error query(const char *name) {
        log_message message{};
        message.header.op = LOG_OP_QUERY;
        message.level = LOG_AUDIT;
        return ask(name, log_rows, &message).error;
    }

    // Denials in the first page of the journal, all of them policyd's.
    std::uint32_t denials() {
        log_message message{};
        message.header.op = LOG_OP_QUERY;
        message.level = LOG_AUDIT;
        EXPECT_EQ(ask("logd", log_rows, &message).error, IPC_OK);
        wire_reader page = wire_reader_of(message.records.data, message.records.count);
        log_record record{};
        std::uint32_t count = 0;
        while (log_record_get(&page, &record)) {
            EXPECT_EQ(record.sender, id_of("policyd"));
            count++;
        }
        return count;
    }

    void expect_value(std::uint64_t value) {
        EXPECT_EQ(echoed.value, value);
    }

    echo_message echoed{};
};

// Calls again and again; sometimes echo is told to end. Every call has one outcome.
void run_caller(user &self) {
    echo_client made(self);
    for (std::uint32_t round = 0; round < ROUNDS; round++) {
        if (sim_user_random(8) == 0) {
            const ipc_outcome ended = made.echo(ECHO_OP_END, 0);
            EXPECT_EQ(ended.error, IPC_UNKNOWN_OUTCOME);
            continue;
        }
        const ipc_outcome outcome = made.echo(ECHO_OP_ECHO, round);
        EXPECT_TRUE(outcome.error == IPC_OK || outcome.error == IPC_REJECTED) << outcome.error;
        if (outcome.error == IPC_OK) {
            made.expect_value(round);
        }
    }
    ipc_client_release(&made.client);
}

// A call that is served, and then is not: the policy that allowed it is gone, whatever was kept.
void be_denied(echo_client &made, std::uint32_t round) {
    ipc_outcome outcome{IPC_DENIED, IPC_MISS};
    for (std::uint32_t i = 0; i < 200 && outcome.error != IPC_OK; i++) {
        outcome = made.echo(ECHO_OP_ECHO, i);
        if (outcome.error != IPC_OK) {
            EXPECT_EQ(sys_ipc_recv(slot_at(PAUSE), in_us(1000)).status, STATUS_TIMED_OUT);
        }
    }
    EXPECT_EQ(outcome.error, IPC_OK);
    EXPECT_LE(made.select(1), 1u);
    EXPECT_EQ(made.echo(ECHO_OP_ECHO, round).error, IPC_DENIED);
    EXPECT_EQ(made.select(0), 0u);
}

void run_judge(user &self) {
    echo_client made(self);
    for (std::uint32_t round = 0; round < 4; round++) {
        be_denied(made, round);
    }
    // A logd that has just been started anew has not heard of those, and more of the same kind are
    // only counted.
    std::uint32_t denials = made.denials();
    for (const char *name : {"nobody", "nowhere"}) {
        if (denials == 0) {
            EXPECT_EQ(made.query(name), IPC_DENIED);
            denials = made.denials();
        }
    }
    EXPECT_GE(denials, 1u);
    ipc_client_release(&made.client);
}

void run_all(sim_machine &machine, const body &logd = run_logd) {
    machine.program("echo", run_echo);
    machine.program("logd", logd);
    machine.program("caller", run_caller);
    machine.program("judge", run_judge);
    machine.run(run_init);
}

TEST(RoutesSim, calls_by_name_while_echo_dies_and_the_policy_changes) {
    sim_machine machine;
    machine.program("policyd", run_policyd);
    machine.program("samgrd", run_samgrd);
    run_all(machine);
}

TEST(RoutesSim, samgrd_dies_and_is_found_again) {
    sim_machine machine;
    machine.program("policyd", run_policyd);
    machine.program("samgrd", dies_once(run_samgrd));
    run_all(machine);
    EXPECT_NE(std::string(sim_console()).find("samgrd: ready #2\n"), std::string::npos);
}

TEST(RoutesSim, policyd_dies_and_is_found_again) {
    sim_machine machine;
    machine.program("policyd", dies_once(run_policyd));
    machine.program("samgrd", run_samgrd);
    run_all(machine);
    EXPECT_NE(std::string(sim_console()).find("policyd: ready #2\n"), std::string::npos);
}

// What is denied after that is in the journal of its next instance.
TEST(RoutesSim, logd_dies_and_is_found_again) {
    sim_machine machine;
    machine.program("policyd", run_policyd);
    machine.program("samgrd", run_samgrd);
    run_all(machine, dies_once(run_logd));
    EXPECT_NE(std::string(sim_console()).find("logd: ready #2\n"), std::string::npos);
}

// A route is for one action and has its right and no other, whatever else the policy may allow.
TEST(RoutesSim, test_reject_more_than_the_policys_action) {
    sim_machine machine;
    machine.program("policyd", run_policyd);
    machine.program("samgrd", run_samgrd);
    machine.program("echo", run_echo);
    machine.program("sender", [](user &self) {
        echo_client made(self);
        const service_id echo = service_id_named("echo");
        const deadline until{in_us(PATIENCE_US)};
        echo_message message{};
        ipc_question question{};
        message.header.op = ECHO_OP_ECHO;
        question.target = echo;
        question.protocol = &echo_rows;
        question.deadline = until;
        EXPECT_EQ(ipc_tell(&made.client, &question, &message).error, IPC_OK);
        EXPECT_EQ(ipc_client_notify(&made.client, echo, until).error, IPC_OK);
        EXPECT_EQ(made.echo(ECHO_OP_ECHO, 1).error, IPC_DENIED);
        for (const policy_action action : {POLICY_SEND, POLICY_NOTIFY}) {
            const struct route *kept = route_find(&made.client.routes, echo, action);
            const query_result found = sys_cap_query(kept->slot);
            EXPECT_EQ(cap_query_rights(found.kind_rights), policy_action_right(action));
            EXPECT_EQ(sys_ipc_call(kept->slot, until.ns).status, STATUS_DENIED);
        }
        // To manage is to call with the badge of who may; echo has no calls of its own to trace.
        server_message hits{};
        hits.header.op = SERVER_OP_HITS;
        question.protocol = &server_rows;
        EXPECT_EQ(ipc_manage(&made.client, &question, &hits).error, IPC_OK);
        EXPECT_EQ(hits.header.status, WIRE_ABSENT);
        const struct route *managing = route_find(&made.client.routes, echo, POLICY_MANAGE);
        EXPECT_EQ(cap_query_rights(sys_cap_query(managing->slot).kind_rights), RIGHT_CALL);
        question.target = service_id_named("samgrd");
        EXPECT_EQ(ipc_manage(&made.client, &question, &hits).error, IPC_DENIED);
        // What is no action.
        for (const unsigned action : {0u + POLICY_ACTION_COUNT, 200u}) {
            EXPECT_EQ(
                ipc_resolver_ask(&made.resolver, echo, static_cast<policy_action>(action), until)
                    .answer,
                RESOLVE_FAILED);
        }
        ipc_client_release(&made.client);
    });
    machine.run([](user &self) {
        boot_view view;
        add_routing(view, 0);
        view.service("echo", 0, 1, {console(), to_init(), receives(SLOT_ENDPOINT)});
        view.service("sender", MANIFEST_FINAL, 0,
                     {console(), to_init(), receives(PAUSE), route_to(SLOT_SAMGRD, 1)});
        view.policy(
            sorted({allow("sender", POLICY_SEND, "echo"), allow("sender", POLICY_NOTIFY, "echo"),
                    allow("sender", POLICY_MANAGE, "echo")}));
        run_system(self, view);
    });
}

// samgrd is gone and init is busy: who asks for a route is back by its own deadline all the same.
TEST(RoutesSim, test_reject_waiting_for_init_beyond_the_deadline) {
    sim_machine machine;
    machine.program("asker", [](user &self) {
        struct runtime made = runtime_of(self);
        ipc_resolver resolver;
        ipc_resolver_init(&resolver, &made, SLOT_SAMGRD);
        const deadline until{in_us(5000)};
        const resolved came =
            ipc_resolver_ask(&resolver, service_id_named("echo"), POLICY_CALL, until);
        EXPECT_EQ(came.answer, RESOLVE_FAILED);
        EXPECT_GE(sys_clock_get(), until.ns);
        EXPECT_LT(sys_clock_get(), until.ns + 100000000);
    });
    machine.run([](user &) {
        const slot busy = endpoint();
        const slot gone = endpoint();
        const slot to_gone = mint(gone, 0, RIGHT_CALL);
        EXPECT_EQ(sys_cap_close(gone), STATUS_OK);
        wait_dead(start("asker", {{mint(busy, 0, RIGHT_CALL), SLOT_INIT, RIGHT_CALL},
                                  {to_gone, SLOT_SAMGRD, RIGHT_CALL}}));
    });
}

// An offer that got no answer is not forgotten: samgrd asks init again before it resolves.
TEST(RoutesSim, an_offer_that_failed_is_asked_for_again) {
    sim_machine machine;
    machine.program("samgrd", run_samgrd);
    machine.program("asker", [](user &self) {
        struct runtime made = runtime_of(self);
        ipc_resolver resolver;
        ipc_resolver_init(&resolver, &made, SLOT_SAMGRD);
        const resolved came = ipc_resolver_ask(&resolver, service_id_named("echo"), POLICY_CALL,
                                               deadline{in_us(5000)});
        EXPECT_EQ(came.answer, RESOLVE_FAILED);
    });
    machine.run([](user &init) {
        const slot own = endpoint();
        const slot policyd = endpoint();
        const slot samgrd = endpoint();
        const slot to_samgrd = mint(samgrd, 0, RIGHT_CALL | RIGHT_NOTIFY);
        start("samgrd", {{CONSOLE, SLOT_CONSOLE, RIGHTS_CONSOLE},
                         {mint(own, 0, RIGHT_CALL), SLOT_INIT, RIGHT_CALL},
                         {samgrd, SLOT_ENDPOINT, RIGHT_RECV},
                         {mint(policyd, 0, RIGHT_CALL), SAMGRD_SLOT_POLICYD, RIGHT_CALL}});
        init_message message{};
        // The next call to init, which must be for that.
        const auto next_call = [&](init_op op) {
            recv_result got{};
            do {
                got = sys_ipc_recv(own, in_us(20000));
            } while (got.status == STATUS_OK && got.received == RECEIVED_NOTIFICATION);
            EXPECT_EQ(got.received, RECEIVED_CALL);
            EXPECT_EQ(init_decode(WIRE_REQUEST, init.page->request_in.payload,
                                  init.page->request_in.header.len, &message),
                      WIRE_OK);
            EXPECT_EQ(message.header.op, op);
            return got.reply;
        };
        const auto answer = [&](init_op op, wire_status status) {
            const reply_handle reply = next_call(op);
            message_area &out = init.page->reply_out;
            message.header.status = static_cast<std::uint8_t>(status);
            out.header.len = init_encode(WIRE_REPLY, &message, out.payload, sizeof(out.payload));
            EXPECT_EQ(sys_ipc_reply(reply), STATUS_OK);
        };
        answer(INIT_OP_READY, WIRE_OK);
        EXPECT_EQ(sys_ipc_notify(to_samgrd), STATUS_OK);
        answer(INIT_OP_OFFER, WIRE_OVERLOAD);
        const slot asker = start("asker", {{mint(own, 0, RIGHT_CALL), SLOT_INIT, RIGHT_CALL},
                                           {to_samgrd, SLOT_SAMGRD, RIGHT_CALL}});
        answer(INIT_OP_OFFER, WIRE_OVERLOAD);
        wait_dead(asker);
    });
}

}  // namespace
