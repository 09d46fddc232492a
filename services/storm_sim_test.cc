// services/storm_sim_test.cc: clients with kept routes in bad weather, with the real init, policyd
// and samgrd: their service dies, is busy so that queues fill, and answers late or not at all,
// while the policy changes. Everything that the service did is in a ledger outside the simulation,
// so that each outcome can be checked against the truth, at once and at the end.
#include <gtest/gtest.h>

#include <cstddef>
#include <map>

#include "ipc/ask.h"
#include "ipc/asks.h"
#include "ipc/client.h"
#include "ipc/ready.h"
#include "ipc/resolver.h"
#include "ipc/server.h"
#include "ipc/wire/policy_wire.h"
#include "testing/sim/machine.h"
#include "testing/sim/system.h"

namespace {

using namespace simtest;

constexpr std::uint32_t OWN = SLOT_FIRST_OWN;  // A client's own endpoint.
constexpr std::uint32_t ROUNDS = 60;
constexpr std::uint32_t CALLERS = 3;

// What the service does: AGAIN may be done twice, ONCE may not.
enum storm_op : std::uint8_t { AGAIN = 1, ONCE };

struct storm_message {
    wire_header header;
    std::uint64_t value;
};

const wire_field storm_fields[] = {{"value", "", offsetof(storm_message, value), WIRE_U64}};
const wire_op storm_ops[] = {{"AGAIN", "", {1, 1}, AGAIN, true}, {"ONCE", "", {1, 1}, ONCE, false}};
const wire_protocol_rows storm_rows = {"storm", storm_ops, storm_fields,          2,
                                       1,       99,        sizeof(storm_message), {{'S', 'T'}}};

// The truth, one for each run.
struct ledger {
    std::map<std::uint64_t, std::uint32_t> done;     // How often each value was done.
    std::map<std::uint64_t, std::uint32_t> at_most;  // What its client was told of it,
    std::map<std::uint64_t, std::uint32_t> at_least;
    std::uint64_t weather = 0;  // Odd: nobody may use the service, and that was said before.
    std::uint32_t callers_over = 0;
    std::uint64_t next_value = 1;
};

ledger truth;
std::uint64_t seen[IPC_ERROR_COUNT];      // Over all runs: of calls and sends,
std::uint64_t answered[IPC_ERROR_COUNT];  // and of answers that came later.
std::uint64_t refused_by_weather;

// What is true of a value now, and stays true.
void check(std::uint64_t value) {
    const std::uint32_t done = truth.done[value];
    EXPECT_LE(done, truth.at_most[value]) << value;
    EXPECT_GE(done, truth.at_least[value]) << value;
}

void told(std::uint64_t value, storm_op op, ipc_error error, wire_status status) {
    const bool ok = error == IPC_OK && status == WIRE_OK;
    const bool may_be = ok || error == IPC_UNKNOWN_OUTCOME || op == AGAIN;
    truth.at_least[value] = ok ? 1 : 0;
    truth.at_most[value] = may_be ? (op == AGAIN ? BUDGET_ATTEMPTS + 0u : 1u) : 0;
    if (op == AGAIN) {
        EXPECT_NE(error, IPC_UNKNOWN_OUTCOME);
    }
    check(value);
}

// The service. It keeps calls to answer them late.
struct sloth {
    ipc_server server;
    kept_call kept[IPC_KEPT_MAX];
    std::uint64_t due_ns[IPC_KEPT_MAX];  // 0: the place is free.
};

wire_status keep_for_later(sloth *sloth_, ipc_exchange *exchange) {
    const kept_call *call = ipc_keep(exchange);
    for (std::uint32_t i = 0; i < IPC_KEPT_MAX && call != nullptr; i++) {
        if (sloth_->due_ns[i] == 0) {
            sloth_->kept[i] = *call;
            sloth_->due_ns[i] = in_us(200 + sim_user_random(4000));
            return WIRE_OK;
        }
    }
    return WIRE_OVERLOAD;
}

wire_status serve_storm(void *of, ipc_exchange *exchange) {
    auto *message = static_cast<storm_message *>(exchange->message);
    const std::uint32_t mood = sim_user_random(16);
    if (mood == 0) {
        sim_user_illegal_instruction();  // Before it is done, which its caller cannot know.
    }
    if (mood < 4) {
        const wire_status kept = keep_for_later(static_cast<sloth *>(of), exchange);
        truth.done[message->value] += kept == WIRE_OK;
        return kept;
    }
    truth.done[message->value]++;
    if (mood == 4) {
        sim_user_illegal_instruction();
    }
    if (mood < 8) {
        sim_user_work(1000000);  // Others queue meanwhile.
    }
    return WIRE_OK;
}

wire_status serve_told(void *, ipc_exchange *exchange) {
    truth.done[static_cast<storm_message *>(exchange->message)->value]++;
    return WIRE_OK;
}

std::uint64_t next_answer(const void *of) {
    std::uint64_t next_ns = IPC_NEVER;
    for (const std::uint64_t due_ns : static_cast<const sloth *>(of)->due_ns) {
        next_ns = due_ns != 0 && due_ns < next_ns ? due_ns : next_ns;
    }
    return next_ns;
}

void answer_late(void *of, std::uint64_t now_ns) {
    auto *sloth_ = static_cast<sloth *>(of);
    for (std::uint32_t i = 0; i < IPC_KEPT_MAX; i++) {
        if (sloth_->due_ns[i] != 0 && sloth_->due_ns[i] <= now_ns) {
            storm_message message{};
            sloth_->due_ns[i] = 0;
            (void)ipc_answer(&sloth_->server, &sloth_->kept[i], WIRE_OK, &message,
                             slot_at(CAP_SLOT_NONE));
        }
    }
}

void forget_caller(void *of, reply_handle reply) {
    auto *sloth_ = static_cast<sloth *>(of);
    for (std::uint32_t i = 0; i < IPC_KEPT_MAX; i++) {
        if (sloth_->kept[i].reply.value == reply.value) {
            sloth_->due_ns[i] = 0;
        }
    }
}

void run_sloth(user &self) {
    static const ipc_row rows[] = {{}, {serve_storm, serve_told}, {serve_storm, serve_told}};
    runtime made = runtime_of(self);
    sloth state{};
    ipc_service service{};
    service.name = "sloth";
    service.ready = "sloth: ready";
    service.protocol = &storm_rows;
    service.rows = rows;
    service.row_count = 3;
    service.left = forget_caller;
    service.next_deadline = next_answer;
    service.wake = answer_late;
    sys_task_exit(static_cast<std::uint64_t>(ipc_serve(&state.server, &made, &service, &state)));
}

struct storm_client {
    explicit storm_client(user &self, slot pause) : made(runtime_of(self)) {
        ipc_resolver_init(&resolver, &made, SLOT_SAMGRD);
        ipc_client_init(&client, &made, ipc_resolver_ask, &resolver, pause);
        ipc_asks_init(&asks, &client, slot_at(OWN));
        EXPECT_EQ(ipc_ready(&made), STATUS_OK);
    }

    ipc_question question(std::uint64_t patience_us) {
        ipc_question made_question{};
        made_question.target = service_id_named("sloth");
        made_question.protocol = &storm_rows;
        made_question.deadline.ns = in_us(patience_us);
        return made_question;
    }

    static storm_message message_of(storm_op op) {
        storm_message message{};
        message.header.op = op;
        message.value = truth.next_value++;
        return message;
    }

    // Whatever was kept: who may not use the service since before the request does not.
    static void check_weather(std::uint64_t before, std::uint64_t value, ipc_error error) {
        if (before == truth.weather && before % 2 == 1) {
            EXPECT_NE(error, IPC_OK);
            EXPECT_EQ(truth.done[value], 0u);
            truth.at_most[value] = 0;
            refused_by_weather++;
        }
    }

    void call(storm_op op, std::uint64_t patience_us) {
        storm_message message = message_of(op);
        const std::uint64_t value = message.value;
        const ipc_question asked = question(patience_us);
        const std::uint64_t before = truth.weather;
        truth.at_most[value] = BUDGET_ATTEMPTS;
        const ipc_outcome outcome = ipc_ask(&client, &asked, &message);
        told(value, op, outcome.error, static_cast<wire_status>(message.header.status));
        check_weather(before, value, outcome.error);
        seen[outcome.error]++;
    }

    void tell() {
        storm_message message = message_of(ONCE);
        const std::uint64_t value = message.value;
        const ipc_question asked = question(2000);
        const std::uint64_t before = truth.weather;
        truth.at_most[value] = 1;
        const ipc_outcome outcome = ipc_tell(&client, &asked, &message);
        truth.at_most[value] = outcome.error == IPC_OK ? 1 : 0;
        check(value);
        check_weather(before, value, outcome.error);
        seen[outcome.error]++;
    }

    // Several at once, more than the service's queue takes of one sender.
    void ask_several() {
        nonce tickets[4];
        std::uint64_t values[4];
        std::uint32_t count = 0;
        for (std::uint32_t i = 0; i < 4; i++) {
            storm_message message = message_of(ONCE);
            const std::uint64_t value = message.value;
            const ipc_question asked = question(2000);
            const std::uint64_t before = truth.weather;
            truth.at_most[value] = 1;
            const ipc_outcome outcome = ipc_asks_start(&asks, &asked, &message, &tickets[count]);
            check_weather(before, value, outcome.error);
            seen[outcome.error]++;
            if (outcome.error == IPC_OK) {
                values[count++] = value;
            } else {
                truth.at_most[value] = 0;
                check(value);
            }
        }
        while (count-- > 0) {  // The latest first.
            storm_message message{};
            const deadline until{in_us(1 + sim_user_random(3000))};
            const ipc_error error = ipc_asks_await(&asks, tickets[count], until, &message);
            told(values[count], ONCE, error, static_cast<wire_status>(message.header.status));
            answered[error]++;
        }
    }

    runtime made;
    ipc_resolver resolver;
    ipc_client client;
    ipc_asks asks;
};

// Calls with much patience or little, and pauses between attempts.
void run_caller(user &self) {
    storm_client made(self, slot_at(OWN));
    for (std::uint32_t round = 0; round < ROUNDS; round++) {
        const std::uint64_t patience_us = sim_user_random(4) == 0 ? 200000 : 500;
        if (sim_user_random(8) == 0) {
            made.tell();
        } else {
            made.call(sim_user_random(2) == 0 ? AGAIN : ONCE, patience_us);
        }
    }
    ipc_client_release(&made.client);
    truth.callers_over++;
}

// Asks without waiting; answers come where it would pause, so it does not.
void run_asker(user &self) {
    storm_client made(self, slot_at(CAP_SLOT_NONE));
    for (std::uint32_t round = 0; round < ROUNDS / 4; round++) {
        made.ask_several();
    }
    EXPECT_EQ(made.asks.strange, 0u);
    ipc_client_release(&made.client);
    truth.callers_over++;
}

void select(storm_client &made, std::uint8_t policy) {
    policy_message message{};
    ipc_question asked{};
    message.header.op = POLICY_OP_SELECT;
    message.policy = policy;
    asked.target = service_id_named("policyd");
    asked.protocol = &policy_rows;
    asked.deadline.ns = in_us(2000000);
    EXPECT_EQ(ipc_ask(&made.client, &asked, &message).error, IPC_OK);
    EXPECT_EQ(message.header.status, WIRE_OK);
}

void run_judge(user &self) {
    storm_client made(self, slot_at(OWN));
    const auto wait_us = [](std::uint64_t us) {
        EXPECT_EQ(sys_ipc_recv(slot_at(OWN), in_us(us)).status, STATUS_TIMED_OUT);
    };
    for (std::uint32_t i = 0; i < 3000 && truth.callers_over < CALLERS; i++) {
        wait_us(20000 + sim_user_random(20000));
        if (i >= 20) {
            continue;  // Fair from now on.
        }
        select(made, 1);
        truth.weather++;
        wait_us(1000 + sim_user_random(10000));
        truth.weather++;
        select(made, 0);
    }
    EXPECT_EQ(truth.callers_over, CALLERS);
    ipc_client_release(&made.client);
}

void run_init(user &self) {
    truth = ledger();
    boot_view view;
    view.service("policyd", MANIFEST_CRITICAL, 1,
                 {console(),
                  to_init(),
                  receives(SLOT_ENDPOINT),
                  {MANIFEST_GRANT_FAMILY, POLICYD_SLOT_FAMILY, RIGHTS_GRANT, 0, 0}});
    view.service("samgrd", MANIFEST_CRITICAL, 1,
                 {console(), to_init(), receives(SLOT_ENDPOINT), route_to(SAMGRD_SLOT_POLICYD, 0)});
    view.service("sloth", 0, 100000, {console(), to_init(), receives(SLOT_ENDPOINT)});
    for (const char *name : {"caller", "second", "asker"}) {
        view.service(name, 0, 0, {console(), to_init(), receives(OWN), route_to(SLOT_SAMGRD, 1)});
    }
    view.service("judge", MANIFEST_FINAL, 0,
                 {console(), to_init(), receives(OWN), route_to(SLOT_SAMGRD, 1)});
    const std::vector<policy_row> always = {allow("judge", POLICY_CALL, "policyd"),
                                            allow("judge", POLICY_MANAGE, "policyd")};
    std::vector<policy_row> fair = always;
    for (const char *name : {"caller", "second", "asker"}) {
        fair.push_back(allow(name, POLICY_CALL, "sloth"));
        fair.push_back(allow(name, POLICY_SEND, "sloth"));
    }
    view.policy(sorted(fair));
    view.policy(sorted(always));
    run_system(self, view);
    for (const auto &[value, at_most] : truth.at_most) {
        check(value);
    }
}

TEST(StormSim, every_request_has_one_true_outcome) {
    sim_machine machine;
    machine.program("policyd", run_policyd);
    machine.program("samgrd", run_samgrd);
    machine.program("sloth", run_sloth);
    machine.program("caller", run_caller);
    machine.program("second", run_caller);
    machine.program("asker", run_asker);
    machine.program("judge", run_judge);
    machine.run(run_init);
    for (const ipc_error error :
         {IPC_OK, IPC_TIMED_OUT, IPC_REJECTED, IPC_DENIED, IPC_UNKNOWN_OUTCOME}) {
        EXPECT_GT(seen[error], 0u) << error;
    }
    for (const ipc_error error : {IPC_OK, IPC_UNKNOWN_OUTCOME}) {
        EXPECT_GT(answered[error], 0u) << error;
    }
    EXPECT_GT(refused_by_weather, 0u);
    for (std::uint32_t i = 0; i < IPC_ERROR_COUNT; i++) {
        RecordProperty("outcome" + std::to_string(i), std::to_string(seen[i]));
    }
}

}  // namespace
