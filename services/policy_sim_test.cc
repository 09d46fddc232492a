// services/policy_sim_test.cc: the real init, policyd and samgrd in simulation: what a policyd that
// was started anew takes back and goes on with, and what it lets through while it learns.
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "ipc/policy_learned.h"
#include "ipc/ready.h"
#include "ipc/route_cache.h"
#include "ipc/wire/echo_wire.h"
#include "ipc/wire/init_wire.h"
#include "ipc/wire/policy_action.h"
#include "ipc/wire/policy_wire.h"
#include "kernel/abi/manifest.h"
#include "services/echo/service.h"
#include "services/init/service.h"
#include "testing/sim/callers.h"
#include "testing/sim/machine.h"
#include "testing/sim/system.h"

namespace {

using namespace simtest;

constexpr std::uint32_t PAUSE = SLOT_FIRST_OWN;  // A client's own endpoint, to pause at;
constexpr std::uint32_t OPERATOR = PAUSE + 1;    // its route to init with the badge for that;
constexpr std::uint32_t MAKER = PAUSE + 2;       // and its factory of tasks.
constexpr std::uint64_t PATIENCE_US = 2000000;

void run_echo(user &self) {
    struct runtime made = runtime_of(self);
    sys_task_exit(static_cast<std::uint64_t>(echo_main(&made)));
}

// A client that asks by name.
struct asker : caller {
    explicit asker(user &self) : caller(self, slot_at(PAUSE)), self(self) {
        EXPECT_EQ(ipc_ready(&made), STATUS_OK);
    }
    ~asker() {
        ipc_client_release(&client);
    }

    policy_message policyd(policy_op op, policy_message message = {}) {
        message.header = {};
        message.header.op = static_cast<std::uint8_t>(op);
        EXPECT_EQ(ask("policyd", policy_rows, &message).error, IPC_OK);
        return message;
    }

    std::uint32_t select(std::uint8_t number) {
        policy_message message{};
        message.policy = number;
        message = policyd(POLICY_OP_SELECT, message);
        EXPECT_EQ(message.header.status, WIRE_OK);
        return message.revoked;
    }

    policy_message learn(std::uint8_t learning) {
        policy_message message{};
        message.learning = learning;
        return policyd(POLICY_OP_LEARN, message);
    }

    ipc_error echo() {
        echo_message message{};
        message.header.op = ECHO_OP_ECHO;
        return ask("echo", echo_rows, &message).error;
    }

    // A denial is believed for a while.
    ipc_error echo_after_denial() {
        ipc_error error = IPC_DENIED;
        for (int i = 0; i < 200 && error == IPC_DENIED; i++) {
            EXPECT_EQ(sys_ipc_recv(slot_at(PAUSE), in_us(1000)).status, STATUS_TIMED_OUT);
            error = echo();
        }
        return error;
    }

    // init ends policyd, and starts it again.
    void end_policyd() {
        EXPECT_EQ(policyd(POLICY_OP_STATS).header.status, WIRE_OK);
        end_service(self, OPERATOR, "policyd");
        EXPECT_EQ(policyd(POLICY_OP_STATS).header.status, WIRE_OK);
        EXPECT_NE(std::string(sim_console()).find("policyd: ready #2\n"), std::string::npos);
    }

    user &self;
};

void run_init(user &self) {
    boot_view view;
    add_routing(view, 3);
    view.service("echo", 0, 1, {console(), to_init(), receives(SLOT_ENDPOINT)});
    view.service("logd", 0, 1, {console(), to_init(), receives(SLOT_ENDPOINT)});
    view.service(
        "judge", MANIFEST_FINAL, 0,
        {console(), to_init(), receives(PAUSE), route_to(SLOT_SAMGRD, 1), operates_by(OPERATOR)});
    std::vector<policy_row> rows = {allow("judge", POLICY_CALL, "logd"),
                                    allow("judge", POLICY_CALL, "policyd"),
                                    allow("judge", POLICY_MANAGE, "policyd")};
    std::vector<policy_row> wide = rows;
    wide.push_back(allow("judge", POLICY_CALL, "echo"));
    view.policy(sorted(wide));
    view.policy(sorted(rows));
    run_system(self, view);
}

void run(void (*judge)(user &)) {
    sim_machine machine;
    machine.program("policyd", run_policyd);
    machine.program("samgrd", run_samgrd);
    machine.program("echo", run_echo);
    machine.program("logd", run_logd);
    machine.program("judge", judge);
    machine.run(run_init);
}

std::uint64_t against(slot route) {
    return sys_cap_query(route).detail;
}

// A route that is good until policyd serves again, and dead from then on; by name all goes on.
TEST(PolicySim, a_new_policyd_takes_back_what_the_one_before_gave) {
    run([](user &self) {
        asker made(self);
        EXPECT_EQ(made.echo(), IPC_OK);
        const struct route *kept =
            route_find(&made.client.routes, service_id_named("echo"), POLICY_CALL);
        const slot_result old = sys_cap_clone(kept->slot, RIGHT_CALL);
        EXPECT_EQ(old.status, STATUS_OK);
        EXPECT_EQ(against(old.slot), 0u);
        made.end_policyd();
        EXPECT_EQ(against(old.slot), CAP_QUERY_REVOKED);
        EXPECT_EQ(sys_ipc_call(old.slot, in_us(PATIENCE_US)).status, STATUS_REVOKED);
        EXPECT_EQ(made.echo(), IPC_OK);
        EXPECT_EQ(sys_cap_close(old.slot), STATUS_OK);
    });
}

// Ending policyd undoes no decision.
TEST(PolicySim, a_new_policyd_decides_by_the_policy_that_was_selected) {
    run([](user &self) {
        asker made(self);
        EXPECT_EQ(made.echo(), IPC_OK);
        EXPECT_EQ(made.select(1), 1u);
        EXPECT_EQ(made.echo(), IPC_DENIED);
        made.end_policyd();
        EXPECT_EQ(made.policyd(POLICY_OP_STATS).policy, 1);
        EXPECT_EQ(sys_ipc_recv(slot_at(PAUSE), in_us(20000)).status, STATUS_TIMED_OUT);
        EXPECT_EQ(made.echo(), IPC_DENIED);
        EXPECT_EQ(made.select(0), 0u);
        EXPECT_EQ(made.echo_after_denial(), IPC_OK);
    });
}

TEST(PolicySim, what_is_learned_is_let_through_told_and_taken_back) {
    run([](user &self) {
        asker made(self);
        EXPECT_EQ(made.select(1), 1u);
        EXPECT_EQ(made.echo(), IPC_DENIED);
        EXPECT_EQ(made.learn(1).header.status, WIRE_OK);
        EXPECT_EQ(made.policyd(POLICY_OP_STATS).learning, 1);
        EXPECT_EQ(made.echo_after_denial(), IPC_OK);
        const policy_message told = made.policyd(POLICY_OP_LEARNED);
        policy_learned row{};
        ASSERT_EQ(told.known, 1u);
        ASSERT_EQ(told.learned.count, sizeof(row));
        std::memcpy(&row, told.learned.data, sizeof(row));
        EXPECT_EQ(row.subject, id_of("judge"));
        EXPECT_EQ(row.object, id_of("echo"));
        EXPECT_EQ(row.action, 0u + POLICY_CALL);
        EXPECT_EQ(row.count, 1u);
        EXPECT_EQ(made.learn(0).revoked, 1u);
        EXPECT_EQ(made.policyd(POLICY_OP_STATS).learning, 0);
        EXPECT_EQ(made.echo(), IPC_DENIED);
        const std::string texts = made.audits();
        for (const char *text : {"learning on by ", "learned ", "learning off by "}) {
            EXPECT_NE(texts.find(text), std::string::npos) << texts;
        }
        policy_message of{};
        of.subject = id_of("judge");
        of = made.policyd(POLICY_OP_SUBJECT, of);
        EXPECT_EQ(of.header.status, WIRE_OK);
        EXPECT_EQ(of.object, id_of("echo"));
        EXPECT_EQ(of.denied, 2u);
    });
}

// Who ends while it learns does not learn when it is started anew.
TEST(PolicySim, a_new_policyd_does_not_learn) {
    run([](user &self) {
        asker made(self);
        EXPECT_EQ(made.select(1), 1u);
        EXPECT_EQ(made.learn(1).header.status, WIRE_OK);
        EXPECT_EQ(made.echo(), IPC_OK);
        made.end_policyd();
        EXPECT_EQ(made.policyd(POLICY_OP_STATS).learning, 0);
        EXPECT_EQ(made.echo(), IPC_DENIED);
    });
}

TEST(PolicySim, test_reject_learn_that_is_neither) {
    run([](user &self) {
        asker made(self);
        EXPECT_EQ(made.learn(2).header.status, WIRE_MALFORMED);
        EXPECT_EQ(made.policyd(POLICY_OP_STATS).learning, 0);
        policy_message of{};
        of.subject = id_of("echo");
        EXPECT_EQ(made.policyd(POLICY_OP_SUBJECT, of).header.status, WIRE_ABSENT);
    });
}

// It may call policyd and manages nothing; and its child is no service at all.
void run_stranger(user &self) {
    init_message message{};
    message_area &out = self.page->call_out;
    const message_area &in = self.page->reply_in;
    for (const init_op op : {INIT_OP_KEEP, INIT_OP_KEPT}) {
        message.header = {};
        message.header.op = static_cast<std::uint8_t>(op);
        message.word = 1;
        out = {};
        out.header.type = WIRE_PROTOCOL_INIT;
        out.header.len = init_encode(WIRE_REQUEST, &message, out.payload, sizeof(out.payload));
        EXPECT_EQ(sys_ipc_call(slot_at(SLOT_INIT), in_us(PATIENCE_US)).status, STATUS_OK);
        EXPECT_EQ(init_decode(WIRE_REPLY, in.payload, in.header.len, &message), WIRE_OK);
        EXPECT_EQ(message.header.status, WIRE_DENIED);
    }
}

TEST(PolicySim, test_reject_managing_without_leave) {
    sim_machine machine;
    machine.program("policyd", run_policyd);
    machine.program("samgrd", run_samgrd);
    machine.program("stranger", run_stranger);
    machine.program("judge", [](user &self) {
        asker made(self);
        for (const policy_op op :
             {POLICY_OP_LEARN, POLICY_OP_LEARNED, POLICY_OP_SUBJECT, POLICY_OP_SELECT}) {
            EXPECT_EQ(made.policyd(op).header.status, WIRE_DENIED) << op;
        }
        EXPECT_EQ(made.policyd(POLICY_OP_STATS).learning, 0);
        const task_result child = sys_task_create_limited(slot_at(MAKER), id_of("stranger"),
                                                          task_limits{64, 0, 0, 1, 16});
        EXPECT_EQ(child.status, STATUS_OK);
        EXPECT_EQ(sys_task_grant(child.slot, slot_at(SLOT_INIT), SLOT_INIT, RIGHT_CALL), STATUS_OK);
        std::uint64_t offset = 0;
        std::uint64_t bytes = 0;
        EXPECT_TRUE(sim_program_find("stranger", &offset, &bytes));
        EXPECT_EQ(sys_task_load(child.slot, slot_at(SLOT_FIRST_OWN + 3), offset, bytes).status,
                  STATUS_OK);
        EXPECT_EQ(sys_task_start(child.slot, 0, TASK_HART_ANY), STATUS_OK);
        wait_dead(child.slot);
    });
    machine.run([](user &self) {
        boot_view view;
        add_routing(view, 0);
        view.service("judge", MANIFEST_FINAL, 0,
                     {console(),
                      to_init(),
                      receives(PAUSE),
                      route_to(SLOT_SAMGRD, 1),
                      {MANIFEST_GRANT_FACTORY, MAKER, RIGHT_MAKE_TASK, 3, 0},
                      {MANIFEST_GRANT_IMAGE, SLOT_FIRST_OWN + 3, RIGHT_READ, 0, 0}},
                     task_limits{512, 2, 2, 4, 63});
        view.program("stranger");
        view.policy(sorted({allow("judge", POLICY_CALL, "policyd")}));
        run_system(self, view);
    });
}

}  // namespace
