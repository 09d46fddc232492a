// services/statefs_sim_test.cc: the real statefsd with the real init, policyd and samgrd in
// simulation, on a disk of the test that loses what was not flushed. Clients change what they keep
// while statefsd is ended, anywhere, some of them in a hurry. What each was told is compared with
// each answer, and with the disk after its power has gone.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "ipc/ready.h"
#include "ipc/wire/state_wire.h"
#include "testing/sim/callers.h"
#include "testing/sim/machine.h"
#include "testing/sim/statefsd_on_memory.h"
#include "testing/sim/system.h"

namespace {

using namespace simtest;

constexpr std::uint32_t OWN = SLOT_FIRST_OWN;
constexpr std::uint32_t OPERATOR = SLOT_FIRST_OWN + 1;
constexpr std::uint32_t ROUNDS = 300;
constexpr std::uint32_t KEYS = 4;
constexpr const char *CLIENTS[] = {"alice", "bob"};
constexpr const char *ABSENT = "(absent)";

// The truth, one for each run.
struct ledger {
    // By client and key: what may be there.
    std::map<std::string, std::set<std::string>> possible;
    std::uint32_t clients_over = 0;
};

constexpr std::uint32_t ENDS = 60;

ledger truth;

// Over all runs.
struct totals {
    std::uint64_t certain, uncertain, lost, services;
} sum;

// A flush loses what was not flushed once, which is written again, or as often as statefsd bears.
void lose_sometimes() {
    if (sim_user_random(10) == 0) {
        memory_of_run->lose(sim_user_random(2) == 0 ? 1 : STATE_TRIES);
        sum.lost++;
    }
}

void run_statefsd(user &self) {
    sum.services++;
    run_statefsd_on_memory(self);
}

struct state_client : caller {
    state_client(user &self, const char *called) : caller(self, slot_at(OWN)), name(called) {
        EXPECT_EQ(ipc_ready(&made), STATUS_OK);
    }

    ipc_error ask(state_op op, state_message *message, std::uint64_t patience_us) {
        message->header.op = static_cast<std::uint8_t>(op);
        const ipc_error error = caller::ask("statefsd", state_rows, message, patience_us).error;
        (error == IPC_OK ? sum.certain : sum.uncertain)++;
        return error;
    }

    // One key to one value, or none.
    void change(std::uint32_t key, const char *value, std::uint64_t patience_us) {
        char text[] = "key0";
        text[3] = static_cast<char>('0' + key);
        std::set<std::string> &possible = truth.possible[std::string(name) + text];
        possible.insert(value);
        state_message message{};
        message.key = view(text);
        const bool erase = std::string_view(value) == ABSENT;
        message.value = erase ? wire_bytes{} : view(value);
        const ipc_error error = ask(erase ? STATE_OP_DELETE : STATE_OP_PUT, &message, patience_us);
        if (error != IPC_OK) {
            look(key);  // What is read now is durable, whatever became of the request.
            EXPECT_EQ(sys_ipc_recv(slot_at(OWN), in_us(300)).status, STATUS_TIMED_OUT);
            look(key);
            return;
        }
        // A request that was sent again may find that it was done already.
        const bool absent = message.header.status == WIRE_ABSENT && erase;
        EXPECT_TRUE(message.header.status == WIRE_OK || absent) << int{message.header.status};
        possible = {value};
    }

    // Both keys or none.
    void change_two(const char *value) {
        state_message message{};
        if (ask(STATE_OP_BEGIN, &message, 2000000) != IPC_OK || message.header.status != WIRE_OK) {
            return;
        }
        const std::uint64_t transaction = message.transaction;
        for (const char *key : {"both1", "both2"}) {
            message = {};
            message.transaction = transaction;
            message.key = view(key);
            message.value = view(value);
            if (ask(STATE_OP_PUT, &message, 2000000) != IPC_OK ||
                message.header.status != WIRE_OK) {
                return;  // statefsd was started anew: nothing of it is left.
            }
        }
        std::set<std::string> &possible = truth.possible[std::string(name) + "both1"];
        possible.insert(value);
        message = {};
        message.transaction = transaction;
        if (ask(STATE_OP_COMMIT, &message, 2000000) == IPC_OK) {
            if (message.header.status == WIRE_OK) {
                possible = {value};
            } else {
                EXPECT_EQ(message.header.status, WIRE_ABSENT);
                possible.erase(value);
            }
        }
    }

    std::string read(const char *key) {
        state_message message{};
        message.key = view(key);
        for (int i = 0; i < 50; i++) {
            if (ask(STATE_OP_GET, &message, 2000000) == IPC_OK) {
                break;
            }
        }
        if (message.header.status == WIRE_ABSENT) {
            return ABSENT;
        }
        EXPECT_EQ(message.header.status, WIRE_OK);
        return {reinterpret_cast<const char *>(message.value.data), message.value.count};
    }

    // What is read is what may be there, and stays it.
    void look(std::uint32_t key) {
        char text[] = "key0";
        text[3] = static_cast<char>('0' + key);
        std::set<std::string> &possible = truth.possible[std::string(name) + text];
        const std::string found = read(text);
        EXPECT_EQ(possible.count(found), 1u) << name << " " << text << ": " << found;
        possible = {found};
    }

    const char *name;
};

void run_client(user &self, const char *name) {
    state_client made(self, name);
    for (std::uint32_t round = 0; round < ROUNDS; round++) {
        const std::uint32_t key = static_cast<std::uint32_t>(sim_user_random(KEYS));
        const std::uint64_t patience_us =
            sim_user_random(4) == 0 ? 1 + sim_user_random(80) : 2000000;
        char value[40];
        std::snprintf(value, sizeof(value), "%s %u", name, round);
        switch (sim_user_random(6)) {
            case 0:
                made.change(key, ABSENT, patience_us);
                break;
            case 1:
                made.look(key);
                break;
            case 2:
                made.change_two(value);
                break;
            default:
                made.change(key, value, patience_us);
        }
    }
    for (std::uint32_t key = 0; key < KEYS; key++) {
        made.look(key);
    }
    const std::string one = made.read("both1");
    EXPECT_EQ(one, made.read("both2"));
    EXPECT_EQ(truth.possible[std::string(name) + "both1"].count(one), 1u);
    ipc_client_release(&made.client);
    truth.clients_over++;
}

// Ends statefsd now and then.
void run_judge(user &self) {
    runtime made = runtime_of(self);
    EXPECT_EQ(ipc_ready(&made), STATUS_OK);
    for (std::uint32_t i = 0; i < 3000 && truth.clients_over < std::size(CLIENTS); i++) {
        // At last it is left alone; where it loses its flushes init starts it later each time.
        const std::uint64_t pause_us = i < ENDS ? 300 : 20000;
        EXPECT_EQ(sys_ipc_recv(slot_at(OWN), in_us(pause_us + sim_user_random(3000))).status,
                  STATUS_TIMED_OUT);
        if (i < ENDS) {
            end_service(self, OPERATOR, "statefsd");
        }
    }
    EXPECT_EQ(truth.clients_over, std::size(CLIENTS));
}

// The power goes; what is on the disk then is what the clients were told.
void check_disk() {
    state_report report;
    const statefs &fs = statefs_after_power_cut(&report);
    for (const auto &[name, possible] : truth.possible) {
        const std::size_t at = name.find(name.find("both") != std::string::npos ? "both" : "key");
        const state_entry *entry = state_table_find(&fs.table, id_of(name.substr(0, at).c_str()),
                                                    view(std::string_view(name).substr(at)));
        const std::string found =
            entry == nullptr
                ? ABSENT
                : std::string(reinterpret_cast<const char *>(entry->value), entry->value_count);
        EXPECT_EQ(possible.count(found), 1u) << name << ": " << found;
    }
}

void run_init(user &self) {
    truth.possible.clear();
    truth.clients_over = 0;
    make_memory_of_run();
    for (const char *client : CLIENTS) {
        for (std::uint32_t key = 0; key < KEYS; key++) {
            truth.possible[client + ("key" + std::to_string(key))] = {ABSENT};
        }
        truth.possible[std::string(client) + "both1"] = {ABSENT};
    }
    boot_view view;
    add_routing(view, 0);
    view.service("statefsd", 0, 100000,
                 {console(), to_init(), receives(SLOT_ENDPOINT), route_to(SLOT_SAMGRD, 1)});
    for (const char *client : CLIENTS) {
        view.service(client, 0, 0, {console(), to_init(), receives(OWN), route_to(SLOT_SAMGRD, 1)});
    }
    view.service("judge", MANIFEST_FINAL, 0,
                 {console(), to_init(), receives(OWN), operates_by(OPERATOR)});
    view.policy(
        sorted({allow("alice", POLICY_CALL, "statefsd"), allow("bob", POLICY_CALL, "statefsd")}));
    run_system(self, view);
    check_disk();
}

TEST(StatefsSim, what_was_answered_is_there_though_statefsd_ends) {
    sim_machine machine;
    machine.program("policyd", run_policyd);
    machine.program("samgrd", run_samgrd);
    machine.program("statefsd", run_statefsd);
    before_memory_flushes = lose_sometimes;
    machine.program("alice", [](user &self) { run_client(self, "alice"); });
    machine.program("bob", [](user &self) { run_client(self, "bob"); });
    machine.program("judge", run_judge);
    machine.run(run_init);
    std::printf("%llu answered, %llu not; flushes lost %llu, statefsd started %llu times\n",
                static_cast<unsigned long long>(sum.certain),
                static_cast<unsigned long long>(sum.uncertain),
                static_cast<unsigned long long>(sum.lost),
                static_cast<unsigned long long>(sum.services));
    EXPECT_GE(sum.uncertain, 100u);
    EXPECT_GE(sum.lost, 20u);
    EXPECT_GE(sum.services, 200u);
}

}  // namespace
