// testing/system_sim/clients.cc: those who use services while these end and the policy changes.
#include "ipc/log_record.h"
#include "ipc/ready.h"
#include "ipc/wire/init_wire.h"
#include "ipc/wire/log_wire.h"
#include "ipc/wire/timed_wire.h"
#include "services/init/service.h"
#include "testing/sim/system.h"
#include "testing/system_sim/client.h"
#include "testing/system_sim/entropy.h"

namespace systemsim {

using simtest::in_us;
using simtest::user;

namespace {

constexpr std::uint32_t ROUNDS = 24;
constexpr std::uint32_t KILLS = 6;
constexpr std::uint64_t LATE_NS = 300000000;     // On a hart that others keep busy.
constexpr std::uint64_t WAKE_LATE_NS = 1000000;  // Beyond the window: by timed itself.
constexpr std::uint32_t LOOKS = 100;

storm_message message_of(storm_op op) {
    storm_message message{};
    message.header.op = op;
    message.value = truth.next_value++;
    return message;
}

void told(std::uint64_t value, storm_op op, ipc_error error, const storm_message &message) {
    const bool ok = error == IPC_OK && message.header.status == WIRE_OK;
    const bool may_be = ok || error == IPC_UNKNOWN_OUTCOME || op == AGAIN;
    truth.at_least[value] = ok ? 1 : 0;
    truth.at_most[value] = may_be ? (op == AGAIN ? BUDGET_ATTEMPTS + 0u : 1u) : 0;
    expect(op == ONCE || error != IPC_UNKNOWN_OUTCOME, "not known of what may be repeated", value);
    expect(!ok || message.value == value, "the answer of another request", message.value);
    check(value);
}

// Whatever was kept: who may not use the service since before the request does not.
void check_weather(std::uint64_t before, std::uint64_t value, ipc_error error) {
    if (before == truth.weather && before % 2 == 1) {
        expect(error != IPC_OK, "served though the policy does not allow it", value);
        expect(truth.done[value] == 0, "done though the policy does not allow it", value);
        truth.at_most[value] = 0;
        truth.refused_by_weather++;
    }
}

ipc_error call(client &of, storm_op op, std::uint64_t patience_us) {
    storm_message message = message_of(op);
    const std::uint64_t value = message.value;
    const std::uint64_t before = truth.weather;
    truth.at_most[value] = BUDGET_ATTEMPTS;
    const ipc_outcome outcome = of.ask("sloth", storm_rows, &message, patience_us);
    expect(patience_us < PATIENT_US || outcome.error != IPC_TIMED_OUT, "a patient call timed out",
           value);
    told(value, op, outcome.error, message);
    check_weather(before, value, outcome.error);
    truth.outcomes[outcome.error]++;
    return outcome.error;
}

void tell(client &of) {
    storm_message message = message_of(ONCE);
    const std::uint64_t value = message.value;
    const ipc_question asked = of.question("sloth", storm_rows, 2000);
    const std::uint64_t before = truth.weather;
    truth.at_most[value] = 1;
    const ipc_outcome outcome = ipc_tell(&of.calls, &asked, &message);
    truth.at_most[value] = outcome.error == IPC_OK ? 1 : 0;
    check(value);
    check_weather(before, value, outcome.error);
    truth.outcomes[outcome.error]++;
}

// Several at once, more than the service's queue takes of one sender; the latest taken first.
void ask_several(client &of) {
    constexpr std::uint32_t COUNT = 4;
    nonce tickets[COUNT];
    std::uint64_t values[COUNT];
    std::uint32_t count = 0;
    for (std::uint32_t i = 0; i < COUNT; i++) {
        storm_message message = message_of(ONCE);
        const std::uint64_t value = message.value;
        const ipc_question asked = of.question("sloth", storm_rows, 2000);
        const std::uint64_t before = truth.weather;
        truth.at_most[value] = 1;
        const ipc_outcome outcome = ipc_asks_start(&of.asks, &asked, &message, &tickets[count]);
        check_weather(before, value, outcome.error);
        truth.outcomes[outcome.error]++;
        if (outcome.error == IPC_OK) {
            values[count++] = value;
        } else {
            truth.at_most[value] = 0;
            check(value);
        }
    }
    while (count-- > 0) {
        storm_message message{};
        const deadline until{in_us(1 + sim_user_random(8000))};
        const ipc_error error = ipc_asks_await(&of.asks, tickets[count], until, &message);
        told(values[count], ONCE, error, message);
        truth.answers[error]++;
    }
}

// In fair weather everybody is served in the end, whatever was denied before.
void be_served(client &of) {
    ipc_error error = IPC_DENIED;
    for (std::uint32_t i = 0; i < LOOKS && error != IPC_OK; i++) {
        error = call(of, AGAIN, PATIENT_US);
        pause_us(error == IPC_OK ? 1 : 10000);
    }
    expect(error == IPC_OK, "never served again", error);
}

// A route is lost at most once for each end of its service, or of what gave it.
void check_losses(const client &of) {
    std::uint64_t losses = 0;
    for (const route_state state : {ROUTE_BOUND, ROUTE_DEGRADED}) {
        losses += of.calls.routes.events[state][ROUTE_EVENT_LOST] +
                  of.calls.routes.events[state][ROUTE_EVENT_WORN];
    }
    expect(losses <= truth.ends["sloth"] + truth.ends["policy"] + truth.ends["policyd"],
           "a route was lost more often than its service ended", losses);
}

}  // namespace

client::client(user &self, slot pause) : made(simtest::runtime_of(self)) {
    ipc_resolver_init(&resolver, &made, SLOT_SAMGRD);
    ipc_client_init(&calls, &made, ipc_resolver_ask, &resolver, pause);
    ipc_asks_init(&asks, &calls, slot_at(OWN));
    expect(ipc_ready(&made) == STATUS_OK, "init did not hear that a client is ready");
    slots_at_first_ = slots_used();
}

ipc_question client::question(const char *name, const wire_protocol_rows &protocol,
                              std::uint64_t patience_us) const {
    ipc_question made_question{};
    made_question.target = service_id_named(name);
    made_question.protocol = &protocol;
    made_question.deadline.ns = in_us(patience_us);
    return made_question;
}

ipc_outcome client::ask(const char *name, const wire_protocol_rows &protocol, void *message,
                        std::uint64_t patience_us) {
    const ipc_question asked = question(name, protocol, patience_us);
    const ipc_outcome outcome = ipc_ask(&calls, &asked, message);
    expect(sys_clock_get() < asked.deadline.ns + LATE_NS, "a call long after its deadline",
           patience_us);
    return outcome;
}

void client::end() {
    ipc_client_release(&calls);
    const std::uint32_t used = slots_used();
    expect(used <= slots_at_first_, "capabilities left over", used);
    truth.clients_over++;
}

std::uint32_t slots_used() {
    std::uint32_t used = 0;
    for (std::uint32_t i = 1; i < CAP_SLOT_COUNT; i++) {
        used += sys_cap_query(slot_at(i)).status == STATUS_OK;
    }
    return used;
}

void pause_us(std::uint64_t us) {
    const std::uint64_t until_ns = in_us(us);
    while (sys_clock_get() < until_ns) {  // Late answers to an asker end a wait early.
        (void)sys_ipc_recv(slot_at(OWN), until_ns).received;
    }
}

void run_caller(user &self) {
    client made(self, slot_at(OWN));
    for (std::uint32_t round = 0; round < ROUNDS; round++) {
        if (sim_user_random(8) == 0) {
            tell(made);
        } else {
            const bool patient = sim_user_random(3) == 0;
            (void)call(made, sim_user_random(2) == 0 ? AGAIN : ONCE, patient ? PATIENT_US : 500);
        }
    }
    be_served(made);
    made.end();
}

void run_asker(user &self) {
    client made(self, slot_at(CAP_SLOT_NONE));
    for (std::uint32_t round = 0; round < ROUNDS / 2; round++) {
        ask_several(made);
    }
    expect(made.calls.stats.strays[ROUTE_STRAY_STRANGE] == 0,
           "calls or sends to one whom nobody may call");
    check_losses(made);
    made.end();
}

// What logd has acknowledged is there, unless it ended meanwhile.
void run_writer(user &self) {
    client made(self, slot_at(OWN));
    for (std::uint32_t round = 0; round < ROUNDS; round++) {
        const std::uint32_t ends = truth.ends["logd"];
        const bool settled = is_settled("logd");
        const std::string text = "record " + std::to_string(round);
        log_message message{};
        message.header.op = LOG_OP_APPEND;
        message.level = LOG_INFO;
        message.text = {reinterpret_cast<const std::uint8_t *>(text.data()),
                        static_cast<std::uint32_t>(text.size())};
        const ipc_outcome wrote = made.ask("logd", log_rows, &message, PATIENT_US);
        const std::uint64_t sequence = message.sequence;
        if (wrote.error != IPC_OK || message.header.status != WIRE_OK) {
            continue;
        }
        message = {};
        message.header.op = LOG_OP_QUERY;
        message.sequence = sequence;
        message.until = sequence + 1;
        const ipc_outcome read = made.ask("logd", log_rows, &message, PATIENT_US);
        if (read.error == IPC_OK && settled && ends == truth.ends["logd"]) {
            wire_reader page = wire_reader_of(message.records.data, message.records.count);
            log_record record{};
            const bool there = log_record_get(&page, &record) && record.sequence == sequence &&
                               std::string(reinterpret_cast<const char *>(record.text.data),
                                           record.text.count) == text;
            expect(there, "an acknowledged record is not in the journal", sequence);
            truth.records++;
        }
        pause_us(1000);
    }
    made.end();
}

// This instance of timed has woken nobody late, by its own clock.
void is_never_late(client &of) {
    timed_message message{};
    message.header.op = TIMED_OP_STATS;
    const ipc_outcome outcome = of.ask("timed", timed_rows, &message, PATIENT_US);
    const bool told = outcome.error == IPC_OK && message.header.status == WIRE_OK;
    expect(!told || message.late_max_ns < WAKE_LATE_NS, "woken long after its window",
           message.late_max_ns);
}

void run_sleeper(user &self) {
    client made(self, slot_at(OWN));
    for (std::uint32_t round = 0; round < ROUNDS; round++) {
        const bool far = sim_user_random(2) == 0;
        timed_message message{};
        message.header.op = TIMED_OP_SLEEP;
        message.deadline_ns = in_us(far ? 1000000000 : 1 + sim_user_random(1000));
        const std::uint64_t wanted_ns = message.deadline_ns;
        const ipc_outcome outcome =
            made.ask("timed", timed_rows, &message, far ? 1 + sim_user_random(2000) : PATIENT_US);
        const bool slept = outcome.error == IPC_OK && message.header.status == WIRE_OK;
        expect(!slept || message.now_ns >= wanted_ns, "woken early", message.now_ns);
        truth.sleeps += slept;
        is_never_late(made);
    }
    made.end();
}

void end_service(user &self, const std::string &name) {
    init_message message{};
    message_area &out = self.page->call_out;
    message.header.op = INIT_OP_END;
    message.service = service_id_named(name.c_str()).value;
    out.header = {0, 0, WIRE_PROTOCOL_INIT, 0,
                  init_encode(WIRE_REQUEST, &message, out.payload, sizeof(out.payload))};
    // The time first: who sees that it was ended must not take it for settled.
    truth.ended_ns[name] = sys_clock_get();
    truth.ends[name]++;
    expect(sys_ipc_call(slot_at(OPERATOR), in_us(PATIENT_US)).status == STATUS_OK,
           "init does not answer who may end services");
}

// Ends services at random.
void run_reaper(user &self) {
    const std::vector<std::string> victims = entropy_hunt(truth.victims);
    const auto count = static_cast<std::uint32_t>(victims.size());
    client made(self, slot_at(OWN));
    const std::uint32_t kills = draws.hunted ? 3 * KILLS : KILLS;
    for (std::uint32_t i = 0; i < kills; i++) {
        pause_us(500 + sim_user_random(20000));
        end_service(self, victims[sim_user_random(count)]);
    }
    made.end();
}

}  // namespace systemsim
