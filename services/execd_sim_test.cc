// services/execd_sim_test.cc: the real execd with the real init, policyd, samgrd and logd in
// simulation, and programs of a bundle that exit, crash, hang and call, on 1, 2 and 4 harts and
// many seeds.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "ipc/log_record.h"
#include "ipc/ready.h"
#include "ipc/route_cache.h"
#include "ipc/wire/exec_wire.h"
#include "ipc/wire/log_wire.h"
#include "ipc/wire/server_wire.h"
#include "services/execd/service.h"
#include "testing/sim/bundle_for_test.h"
#include "testing/sim/callers.h"
#include "testing/sim/machine.h"
#include "testing/sim/system.h"

namespace {

using namespace simtest;

constexpr std::uint32_t PAUSE = SLOT_FIRST_OWN;  // A client's own endpoint, to pause at.
constexpr std::uint32_t OPERATOR = PAUSE + 1;    // To init, with the badge that may end services.
constexpr std::uint32_t WORKER = 7;              // Its place among the machine's programs.

// What the program does, by its argument.
enum work : std::uint32_t {
    WORK_EXITS = 1,
    WORK_CRASHES,
    WORK_HANGS,
    WORK_CALLS,  // logd by name, and exits with what came of it.
    WORK_TAKES,  // More memory than it may have, and exits with what the kernel says.
};

std::uint64_t program(const char *name) {
    return program_id_of(name, std::strlen(name));
}

policy_row allow_id(std::uint64_t subject, policy_action action, std::uint64_t object) {
    return {subject, object, static_cast<std::uint32_t>(action), 3};
}

// All of them are the worker. `huge` may hold more than execd has.
const std::vector<std::uint64_t> &bundle_words() {
    static const std::vector<std::uint64_t> words = [] {
        const std::vector<std::uint8_t> elf =
            bundle_test::small_elf(SIM_ENTRY_FIRST + std::uint64_t{4} * WORKER);
        bundle_test::bundle made;
        made.add("huge", elf).limits =
            task_limits_pack({4000, 0, 1, 1, 63}) | task_ceiling_pack(QOS_NORMAL);
        made.add("secret", elf);
        made.add("work", elf);
        return made.bytes();
    }();
    return words;
}

void run_execd(user &self) {
    runtime made = runtime_of(self);
    const std::vector<std::uint64_t> &words = bundle_words();
    execd_boot boot{reinterpret_cast<const std::uint8_t *>(words.data()), words.size() * 8, 0};
    std::uint64_t bytes = 0;
    EXPECT_TRUE(sim_program_find("bundle", &boot.offset, &bytes));
    EXPECT_EQ(bytes, boot.count);
    sys_task_exit(static_cast<std::uint64_t>(execd_main(&made, boot)));
}

struct exec_client : caller {
    explicit exec_client(user &self, slot pause = slot_at(PAUSE)) : caller(self, pause) {}

    exec_message exec(exec_op op, std::uint32_t instance, wire_status wanted = WIRE_OK) {
        exec_message message{};
        message.header.op = static_cast<std::uint8_t>(op);
        message.instance = instance;
        EXPECT_EQ(ask("execd", exec_rows, &message).error, IPC_OK);
        EXPECT_EQ(message.header.status, wanted) << "operation " << op;
        return message;
    }

    std::uint32_t start(const char *name, std::uint32_t argument, wire_status wanted = WIRE_OK) {
        exec_message message{};
        message.header.op = EXEC_OP_START;
        message.program = program(name);
        message.argument = argument;
        EXPECT_EQ(ask("execd", exec_rows, &message).error, IPC_OK);
        EXPECT_EQ(message.header.status, wanted) << name << " " << argument;
        return message.instance;
    }

    void expect_end(std::uint32_t instance, exit_reason reason, std::uint64_t detail) {
        // An answer may get lost: who was told is told the same again.
        for (const exec_op op : {EXEC_OP_WAIT, EXEC_OP_WAIT, EXEC_OP_STATUS}) {
            const exec_message ended = exec(op, instance);
            EXPECT_EQ(ended.reason, reason) << exit_reason_name(ended.reason);
            EXPECT_EQ(ended.detail, detail);
            EXPECT_EQ(ended.pc != 0, reason >= EXIT_FAULT_READ);
        }
    }

    // The journal's first page has that crash.
    bool crash_is_kept(std::uint32_t instance) {
        log_message message{};
        message.header.op = LOG_OP_QUERY;
        message.kind = LOG_KIND_CRASH;
        message.level = LOG_ERROR;
        EXPECT_EQ(ask("logd", log_rows, &message).error, IPC_OK);
        wire_reader page = wire_reader_of(message.records.data, message.records.count);
        log_record record{};
        log_crash crash{};
        while (log_record_get(&page, &record)) {
            if (log_crash_get(&record, &crash) && crash.instance == instance) {
                EXPECT_EQ(record.sender, id_of("execd"));
                EXPECT_EQ(crash.subject, program("work"));
                EXPECT_EQ(crash.reason, EXIT_FAULT_WRITE);
                EXPECT_EQ(crash.detail, 8U);
                EXPECT_GE(crash.pc, USER_IMAGE_MIN);
                return true;
            }
        }
        return false;
    }
};

void run_worker(user &self) {
    EXPECT_EQ(self.argument >> 32, 1U);
    switch (static_cast<std::uint32_t>(self.argument)) {
        case WORK_EXITS:
            sys_task_exit(7);
            return;
        case WORK_CRASHES:
            sim_user_store(8, 1);
            return;
        case WORK_HANGS:
            for (;;) {  // Until it is killed.
                sim_user_work(100000);
            }
        case WORK_CALLS: {
            // What a program gets in its slots is what the bundle says.
            EXPECT_EQ(sys_cap_query(slot_at(SLOT_INIT)).status, STATUS_BAD_CAP);
            EXPECT_EQ(sys_cap_query(slot_at(SLOT_ENDPOINT)).status, STATUS_BAD_CAP);
            const slot_result pause = sys_endpoint_create(slot_at(SLOT_FIRST_OWN));
            EXPECT_EQ(pause.status, STATUS_OK);
            EXPECT_EQ(sys_task_create(slot_at(SLOT_FIRST_OWN), program("work")).status,
                      STATUS_DENIED);
            exec_client own(self, pause.slot);
            log_message message{};
            message.header.op = LOG_OP_STATS;
            sys_task_exit(own.ask("logd", log_rows, &message).error);
            return;
        }
        case WORK_TAKES:
            sys_task_exit(sys_vmo_create(slot_at(SLOT_FIRST_OWN), 1000).status);
            return;
        default:
            return;
    }
}

// The first program that runs is the judge's, and is not touched: denied, or gone meanwhile.
bool is_denied(exec_client &own, exec_op op) {
    exec_message message{};
    message.header.op = EXEC_OP_LIST;
    EXPECT_EQ(own.ask("execd", exec_rows, &message).error, IPC_OK);
    if (message.header.status != WIRE_OK) {
        return false;
    }
    EXPECT_EQ(message.owner, id_of("judge"));
    const std::uint32_t instance = message.instance;
    message = {};
    message.header.op = static_cast<std::uint8_t>(op);
    message.instance = instance;
    EXPECT_EQ(own.ask("execd", exec_rows, &message).error, IPC_OK);
    EXPECT_NE(message.header.status, WIRE_OK) << "operation " << op;
    return message.header.status == WIRE_DENIED;
}

// Neither ends nor asks about what is somebody else's; then it dies while it waits for its own.
void run_other(user &self) {
    exec_client own(self);
    EXPECT_EQ(ipc_ready(&own.made), STATUS_OK);
    for (const exec_op op : {EXEC_OP_KILL, EXEC_OP_WAIT, EXEC_OP_STATUS}) {
        wait_until([&] { return is_denied(own, op); }, "a denial");
    }
    own.start("secret", WORK_EXITS, WIRE_DENIED);
    exec_message waits{};
    waits.header.op = EXEC_OP_WAIT;
    waits.instance = own.start("work", WORK_HANGS);
    EXPECT_EQ(own.ask("execd", exec_rows, &waits, 50).error, IPC_TIMED_OUT);
    sim_user_illegal_instruction();
}

void expect_endings(exec_client &own) {
    own.expect_end(own.start("work", WORK_EXITS), EXIT_CODE, 7);
    const std::uint32_t crashed = own.start("work", WORK_CRASHES);
    own.expect_end(crashed, EXIT_FAULT_WRITE, 8);
    wait_until([&] { return own.crash_is_kept(crashed); }, "the crash in the journal");
    const std::uint32_t hangs = own.start("work", WORK_HANGS);
    const exec_message status = own.exec(EXEC_OP_STATUS, hangs);
    EXPECT_EQ(status.state, 1U);
    EXPECT_EQ(status.reason, EXIT_NONE);
    EXPECT_EQ(status.program, program("work"));
    EXPECT_EQ(status.owner, id_of("judge"));
    own.exec(EXEC_OP_KILL, hangs);
    own.expect_end(hangs, EXIT_KILLED, 0);
}

void expect_limits(exec_client &own) {
    own.expect_end(own.start("work", WORK_CALLS), EXIT_CODE, IPC_OK);
    own.expect_end(own.start("secret", WORK_CALLS), EXIT_CODE, IPC_DENIED);
    own.expect_end(own.start("work", WORK_TAKES), EXIT_CODE, STATUS_NO_SPACE);
    own.start("huge", WORK_EXITS, WIRE_OVERLOAD);
    own.start("none", WORK_EXITS, WIRE_ABSENT);
    own.start("strange", WORK_EXITS, WIRE_DENIED);
    own.exec(EXEC_OP_LOAD, 0, WIRE_DENIED);
    own.exec(EXEC_OP_WAIT, 1, WIRE_ABSENT);
    own.exec(EXEC_OP_KILL, UINT32_MAX, WIRE_ABSENT);
}

// The other client's program is one of two that may be there at once, until somebody takes care.
void expect_quota(exec_client &own) {
    const std::uint32_t first = own.start("work", WORK_HANGS);
    wait_until([&] { return own.exec(EXEC_OP_STATS, 0).running == 2; },
               "the program that goes on when its owner has ended");
    own.start("work", WORK_EXITS, WIRE_OVERLOAD);
    own.exec(EXEC_OP_KILL, first);
    own.expect_end(first, EXIT_KILLED, 0);
}

// Its programs end with it; the next instance serves who asks by name.
void expect_rebound(exec_client &own, user &self) {
    const std::uint32_t lost = own.start("work", WORK_HANGS);
    end_service(self, OPERATOR, "execd");
    exec_message message{};
    wait_until(
        [&] {
            message = {};
            message.header.op = EXEC_OP_STATS;
            return own.ask("execd", exec_rows, &message).error == IPC_OK && message.started == 0;
        },
        "the next instance");
    EXPECT_EQ(message.running, 0U);
    own.exec(EXEC_OP_STATUS, lost, WIRE_ABSENT);
    own.expect_end(own.start("work", WORK_EXITS), EXIT_CODE, 7);
}

// How many of execd's own calls and grants were served through a route that there was, and how many
// through one that was found again.
struct routes_served {
    std::uint64_t kept;
    std::uint64_t again;
};

routes_served served(exec_client &own) {
    server_message message{};
    message.header.op = SERVER_OP_CLIENT;
    EXPECT_EQ(own.ask("execd", server_rows, &message).error, IPC_OK);
    std::uint64_t outcomes[IPC_ERROR_COUNT][IPC_SERVED_COUNT] = {};
    EXPECT_EQ(message.outcomes.count, sizeof(outcomes));
    std::memcpy(outcomes, message.outcomes.data,
                std::min<std::size_t>(message.outcomes.count, sizeof(outcomes)));
    return {outcomes[IPC_OK][IPC_HIT],
            outcomes[IPC_OK][IPC_REBOUND] + outcomes[IPC_OK][IPC_DEGRADED]};
}

bool samgrd_stays_away;  // The next instance begins later.

void run_samgrd_when_it_may(user &self) {
    while (samgrd_stays_away) {
        // Nobody has a route to it yet.
        EXPECT_EQ(sys_ipc_recv(slot_at(SLOT_ENDPOINT), in_us(1000)).status, STATUS_TIMED_OUT);
    }
    run_samgrd(self);
}

// Of what its trace has of samgrd: how often that route was lost.
std::uint32_t losses_of_samgrd(exec_client &own) {
    std::uint32_t losses = 0;
    server_message message{};
    do {
        const std::uint64_t from = message.first;
        message = {};
        message.header.op = SERVER_OP_TRACE;
        message.first = from;
        EXPECT_EQ(own.ask("execd", server_rows, &message).error, IPC_OK);
        for (std::uint32_t at = 0; at < message.trace.count; at += sizeof(route_trace_record)) {
            route_trace_record record{};
            std::memcpy(&record, message.trace.data + at, sizeof(record));
            losses += record.target == id_of("samgrd") && record.kind == ROUTE_TRACE_STEP &&
                      record.what[1] == ROUTE_EVENT_LOST;
            message.first++;
        }
    } while (message.trace.count != 0);
    return losses;
}

// A program that is started when samgrd was started anew gets the way to the new one; execd found
// it as a client finds a route, counted and traced.
void expect_samgrd_found_again(exec_client &own, user &self) {
    own.expect_end(own.start("work", WORK_CALLS), EXIT_CODE, IPC_OK);
    const routes_served first = served(own);
    EXPECT_EQ(losses_of_samgrd(own), 0U);
    const slot before = own.resolver.samgrd;
    samgrd_stays_away = true;
    end_service(self, OPERATOR, "samgrd");
    wait_until([&] { return (sys_cap_query(before).detail & CAP_QUERY_CLOSED) != 0; },
               "the end of samgrd");
    exec_message message{};
    message.header.op = EXEC_OP_START;
    message.program = program("work");
    message.argument = WORK_CALLS;
    EXPECT_EQ(own.ask("execd", exec_rows, &message).error, IPC_OK);
    EXPECT_EQ(message.header.status, WIRE_UNAVAILABLE) << "who may call services is not started";
    samgrd_stays_away = false;
    wait_until(
        [&] {
            message = {};
            message.header.op = EXEC_OP_START;
            message.program = program("work");
            message.argument = WORK_CALLS;
            return own.ask("execd", exec_rows, &message).error == IPC_OK &&
                   message.header.status == WIRE_OK;
        },
        "a program that is given the new samgrd");
    own.expect_end(message.instance, EXIT_CODE, IPC_OK);
    const routes_served then = served(own);
    EXPECT_EQ(then.again, first.again + 1);
    EXPECT_GE(losses_of_samgrd(own), 1U) << "init may name the one that ended once more";
    own.expect_end(own.start("work", WORK_CALLS), EXIT_CODE, IPC_OK);
    EXPECT_EQ(served(own).kept, then.kept + 2) << "policyd asked, and the route given";
}

void run_judge(user &self) {
    exec_client own(self);
    EXPECT_EQ(ipc_ready(&own.made), STATUS_OK);
    expect_endings(own);
    expect_limits(own);
    expect_quota(own);
    expect_rebound(own, self);
    expect_samgrd_found_again(own, self);
}

void run_init(user &self) {
    boot_view view;
    add_routing(view, 2);
    view.service("logd", 0, 1, {console(), to_init(), receives(SLOT_ENDPOINT)});
    view.service("execd", 0, 2,
                 {console(),
                  to_init(),
                  receives(SLOT_ENDPOINT),
                  {MANIFEST_GRANT_FACTORY, EXECD_SLOT_FACTORY, RIGHTS_FACTORY & ~RIGHT_MAKE_GRANT,
                   MANIFEST_TARGET_PROGRAMS, 0},
                  {MANIFEST_GRANT_IMAGE, EXECD_SLOT_IMAGE, RIGHT_READ, 0, 0},
                  {MANIFEST_GRANT_STATS, EXECD_SLOT_STATS, RIGHT_STATS_READ, 0, 0},
                  route_to(SLOT_SAMGRD, 1)},
                 {800, 4, 8, 8, 63});
    const std::vector<manifest_grant> clients = {console(), to_init(), receives(PAUSE),
                                                 route_to(SLOT_SAMGRD, 1), operates_by(OPERATOR)};
    view.service("other", 0, 0, clients);
    view.service("judge", MANIFEST_FINAL, 0, clients);
    const std::uint64_t judge = id_of("judge");
    view.policy(sorted({allow("execd", POLICY_CALL, "policyd"), allow("execd", POLICY_SEND, "logd"),
                        allow("judge", POLICY_CALL, "execd"), allow("judge", POLICY_CALL, "logd"),
                        allow("other", POLICY_CALL, "execd"),
                        allow_id(judge, POLICY_START, program("huge")),
                        allow_id(judge, POLICY_START, program("none")),
                        allow_id(judge, POLICY_START, program("secret")),
                        allow_id(judge, POLICY_START, program("work")),
                        allow_id(id_of("other"), POLICY_START, program("work")),
                        allow_id(program("work"), POLICY_CALL, id_of("logd"))}));
    run_system(self, view);
}

TEST(ExecdSim, programs_exit_crash_hang_and_call_under_policy) {
    const std::vector<std::uint64_t> &words = bundle_words();
    const auto *bytes = reinterpret_cast<const std::uint8_t *>(words.data());
    const std::vector<std::uint8_t> file(bytes, bytes + words.size() * 8);
    sim_machine machine;
    machine.program("policyd", run_policyd);
    machine.program("samgrd", run_samgrd_when_it_may);
    machine.program("logd", run_logd);
    machine.program("execd", run_execd);
    machine.program("other", run_other);
    machine.program("judge", run_judge);
    machine.program("worker", run_worker);
    machine.file("bundle", file);
    machine.run(run_init);
    const std::string console = sim_console();
    for (const char *line : {"execd: ready\n", "execd: work ended: write fault 0x8\n",
                             "execd: backtrace work 0x", "execd: work ended: exit 0x7\n",
                             "execd: work: task_grant: PEER_CLOSED\n", "execd: ready #2\n"}) {
        EXPECT_NE(console.find(line), std::string::npos) << line << "in\n" << console;
    }
}

}  // namespace
