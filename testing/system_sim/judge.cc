// testing/system_sim/judge.cc: who changes the policy, and in the end looks whether all is well.
#include "ipc/log_record.h"
#include "ipc/wire/log_wire.h"
#include "ipc/wire/policy_wire.h"
#include "ipc/wire/server_wire.h"
#include "testing/sim/system.h"
#include "testing/system_sim/client.h"
#include "testing/system_sim/entropy.h"
#include "testing/system_sim/programs.h"
#include "testing/system_sim/typist.h"

namespace systemsim {

namespace {

constexpr std::uint32_t STORMS = 5;
// Of 10 ms: a device may keep rngd from starting for some 20 s, and its clients wait for it.
constexpr std::uint32_t ROUNDS_MAX = 12000;
constexpr std::uint32_t LOOKS = 60;

void select(client &of, std::uint8_t policy) {
    ipc_error error = IPC_REJECTED;
    for (std::uint32_t i = 0; i < LOOKS && error != IPC_OK; i++) {
        policy_message message{};
        message.header.op = POLICY_OP_SELECT;
        message.policy = policy;
        error = of.ask("policyd", policy_rows, &message, PATIENT_US).error;
        expect(error != IPC_OK || message.header.status == WIRE_OK, "a policy was not selected",
               message.header.status);
    }
    expect(error == IPC_OK, "policyd does not answer", error);
}

void storm(client &of) {
    truth.ends["policy"]++;  // Routes go with it.
    select(of, 1);
    truth.weather++;  // Whatever becomes of policyd from here on.
    pause_us(1000 + sim_user_random(10000));
    truth.weather += truth.weather % 2;
    select(of, 0);
}

// One page, and where the next one begins; 0: there is none.
bool page_says(client &of, const std::string &text, std::uint64_t &from) {
    log_message message{};
    message.header.op = LOG_OP_QUERY;
    message.level = LOG_AUDIT;
    message.sequence = from;
    from = 0;
    if (of.ask("logd", log_rows, &message, PATIENT_US).error != IPC_OK) {
        return false;
    }
    wire_reader page = wire_reader_of(message.records.data, message.records.count);
    log_record record{};
    bool found = false;
    while (log_record_get(&page, &record)) {
        const std::string said(reinterpret_cast<const char *>(record.text.data), record.text.count);
        found = found || said.find(text) != std::string::npos;
    }
    from = message.more != 0 ? message.next : 0;
    return found;
}

}  // namespace

bool journal_says(client &of, const std::string &text) {
    std::uint64_t from = 0;
    bool found = page_says(of, text, from);
    for (std::uint32_t i = 0; i < LOOKS && !found && from != 0; i++) {
        found = page_says(of, text, from);
    }
    return found;
}

// Nobody waits any more, so no service keeps anybody's call.
void is_at_rest(client &of, const char *name) {
    server_message message{};
    ipc_error error = IPC_REJECTED;
    message.kept = 1;
    for (std::uint32_t i = 0; i < LOOKS && (error != IPC_OK || message.kept != 0); i++) {
        message = {};
        message.header.op = SERVER_OP_COUNTS;
        error = of.ask(name, server_rows, &message, PATIENT_US).error;
        pause_us(2000);
    }
    expect(error == IPC_OK, std::string("does not answer: ") + name, error);
    expect(message.kept == 0, std::string("keeps calls of nobody: ") + name, message.kept);
}

// A denial is in the journal: whom it was about, by its number.
void is_audited(client &of, const char *name) {
    char number[17];
    std::snprintf(number, sizeof(number), "%llx",
                  static_cast<unsigned long long>(service_id_named(name).value));
    log_message message{};
    message.header.op = LOG_OP_STATS;
    expect(of.ask(name, log_rows, &message, PATIENT_US).error == IPC_DENIED,
           std::string("not denied: ") + name);
    bool said = false;
    for (std::uint32_t i = 0; i < LOOKS && !said; i++) {
        said = journal_says(of, number);
        pause_us(1000);
    }
    expect(said, std::string("a denial that is not in the journal: ") + name);
}

void run_judge(simtest::user &self) {
    client made(self, slot_at(OWN));
    std::uint32_t storms = 0;
    for (std::uint32_t i = 0; i < ROUNDS_MAX && truth.clients_over < truth.clients; i++) {
        pause_us(5000 + sim_user_random(10000));
        if (storms < STORMS) {
            storm(made);
            storms++;
        }
    }
    expect(truth.clients_over == truth.clients, "clients that never end", truth.clients_over);
    for (const char *name : {"policyd", "logd", "metricsd", "timed", "sloth"}) {
        is_at_rest(made, name);
    }
    if (programs.there) {
        is_at_rest(made, "execd");
    }
    if (draws.there) {
        is_at_rest(made, "rngd");
    }
    if (typing.there) {
        is_at_rest(made, "console");
    }
    for (const char *name : {"nobody", "nowhere", "nothing"}) {
        is_audited(made, name);
    }
    made.end();
}

}  // namespace systemsim
