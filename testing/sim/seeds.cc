// testing/sim/seeds.cc: see seeds.h.
#include "testing/sim/seeds.h"

#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iterator>

#include "testing/sim/seed_fork.h"

namespace {

constexpr std::uint32_t RATE_ALWAYS = 65536;
constexpr std::uint32_t RATE_PLANTED = RATE_ALWAYS / 8;
constexpr std::uint32_t RATE_POOL_EMPTY = RATE_ALWAYS / 64;
constexpr std::uint32_t RATE_STAND_STILL = RATE_ALWAYS / 16;
constexpr std::uint32_t RATE_LATE_IPI = RATE_ALWAYS / 64;
constexpr std::uint32_t RATE_END_USER = RATE_ALWAYS / 4096;
constexpr std::uint32_t slow_rates[] = {RATE_ALWAYS / 8, 0, RATE_ALWAYS / 2, RATE_ALWAYS / 8,
                                        RATE_ALWAYS};
constexpr std::uint32_t quantum_rates[] = {RATE_ALWAYS / 4, 0, RATE_ALWAYS};
constexpr std::uint64_t CPU_PERIOD_SHORT_NS = 200000;
constexpr std::uint64_t FAULTS_EVERY = 4;  // Every fourth seed has empty pools, every fourth has
                                           // tasks that end and IPIs that come late.

enum fault_kind { INJECTED, CHOSEN, PLANTED, UNORDERED };

const struct {
    const char *name;
    fault_kind kind;
    const char *what;
} fault_points[] = {
#define FAULT_POINT(name, kind, what) {#name, kind, what},
#include "kernel/core/fault_point.def"
#undef FAULT_POINT
};

// What a seed's process tells the one that forked it.
struct shared_outcome {
    bool finished;
    sim_result result;
    workload record;
};

std::string judge(const sim_result &result, const workload &record) {
    if (record.failure != nullptr) {
        return std::string(record.failure) + " (" + std::to_string(record.failure_value) + ")";
    }
    if (result.end != SIM_POWER_OFF) {
        return std::string(sim_end_name(result.end)) + ": " + result.message;
    }
    if (record.audit_findings.raw != 0) {
        return "audits that were asked for found something that others did not: " +
               std::to_string(record.audit_findings.raw);
    }
    if (result.pages_at_end != result.pages_at_start || result.tasks_at_end != 1) {
        return "left over: " + std::to_string(result.pages_at_start - result.pages_at_end) +
               " pages, " + std::to_string(result.tasks_at_end - 1) + " tasks";
    }
    return "";
}

}  // namespace

namespace {

sim_options machine_of(const seed_options &options, std::uint64_t seed) {
    sim_options machine = sim_options_make(seed, simtest::seed_harts(options.hart_count, seed),
                                           workload_programs, WORKLOAD_PROGRAM_COUNT);
    if (seed % FAULTS_EVERY == 1) {
        machine.fault_rate[FAULT_POINT_TAKE_PAGE] = RATE_POOL_EMPTY;
        machine.fault_rate[FAULT_POINT_TAKE_TASK] = RATE_POOL_EMPTY;
        machine.fault_rate[FAULT_POINT_TAKE_ENDPOINT] = RATE_POOL_EMPTY;
        machine.fault_rate[FAULT_POINT_TAKE_GRANT] = RATE_POOL_EMPTY;
        machine.fault_rate[FAULT_POINT_TAKE_VMO] = RATE_POOL_EMPTY;
    }
    if (seed % FAULTS_EVERY == 2) {
        machine.fault_rate[FAULT_POINT_END_USER] = RATE_END_USER;
        machine.fault_rate[FAULT_POINT_LATE_IPI] = RATE_LATE_IPI;
    }
    // Most seeds mix fast and slow calls, some take one or the other only.
    machine.fault_rate[FAULT_POINT_SLOW_PATH] = slow_rates[seed % std::size(slow_rates)];
    machine.fault_rate[FAULT_POINT_SHORT_QUANTUM] = quantum_rates[seed % std::size(quantum_rates)];
    machine.fault_rate[FAULT_POINT_SHORT_STEP] = RATE_ALWAYS / 2;
    machine.fault_rate[FAULT_POINT_STAND_STILL] = RATE_STAND_STILL;
    if (options.plant >= 0) {
        // What shows only when a hart stands still for long at one place is there every time.
        bool rare = options.plant == FAULT_POINT_SKIP_QUIESCE ||
                    options.plant == FAULT_POINT_OVERTAKE ||
                    options.plant == FAULT_POINT_WAKE_TOO_SOON;
        machine.fault_rate[options.plant] = rare ? RATE_ALWAYS : RATE_PLANTED;
    }
    machine.cpu_period_ns = CPU_PERIOD_SHORT_NS;
    machine.sums_off = options.sums_off;
    machine.trace = options.trace ? stdout : nullptr;
    return machine;
}

}  // namespace

seed_outcome seed_run(const seed_options &options, std::uint64_t seed) {
    const sim_options machine = machine_of(options, seed);
    auto *out = simtest::seed_shared<shared_outcome>();
    out->finished = false;
    out->record.rounds = options.rounds;
    workload_begin(&out->record);
    const int status = simtest::seed_fork(machine, options.quiet, [&] {
        sim_run(&machine, &out->result);
        out->finished = true;
        if (options.report && !judge(out->result, out->record).empty()) {
            sim_report(stdout);
        }
    });
    return {out->result, out->record,
            out->finished ? judge(out->result, out->record) : simtest::seed_crash(status)};
}

std::string seed_replay(const seed_options &options, std::uint64_t seed) {
    std::string command = "./bazelw run //testing/sim:kernel_sim -- --seeds " +
                          std::to_string(seed) + " --harts " +
                          std::to_string(simtest::seed_harts(options.hart_count, seed)) +
                          " --rounds " + std::to_string(options.rounds);
    if (options.plant >= 0) {
        command += std::string(" --plant ") + fault_points[options.plant].name;
    }
    return command + " --trace";
}

int fault_point_find(const std::string &name) {
    for (int i = 0; i < FAULT_POINT_COUNT; i++) {
        if (name == fault_points[i].name) {
            return i;
        }
    }
    return -1;
}

const char *fault_point_name(int point) {
    return fault_points[point].name;
}

bool fault_point_is_planted(int point) {
    return fault_points[point].kind == PLANTED;
}

const char *fault_point_what(int point) {
    return fault_points[point].what;
}

void seed_add(seed_totals &sum, const seed_outcome &outcome) {
    sum.seeds++;
    sum.syscalls += outcome.result.syscalls;
    sum.direct_switches += outcome.result.direct_switches;
    sum.steps += outcome.result.steps;
    sum.switches += outcome.result.switches;
    sum.sums += outcome.result.sums;
    sum.audits += outcome.result.audits;
    sum.faults += outcome.result.faults_fired;
    sum.calls += outcome.record.calls.raw;
    sum.answered += outcome.record.calls_answered.raw;
    sum.asks += outcome.record.asks.raw;
    sum.asks_answered += outcome.record.asks_answered.raw;
    sum.cancels += outcome.record.cancels.raw;
    sum.kills += outcome.record.kills.raw;
    sum.revokes += outcome.record.revokes.raw;
    sum.moves += outcome.record.moves.raw;
    sum.tasks += outcome.record.tasks_started.raw;
    sum.interrupts += outcome.record.interrupts.raw;
    sum.device_refusals += outcome.record.device_refusals.raw;
    sum.vmos += outcome.record.vmos.raw;
    sum.maps += outcome.record.maps.raw;
    sum.events_paired += outcome.record.events_paired.raw;
    sum.audits_asked += outcome.record.audits.raw;
    sum.class_changes += outcome.record.class_changes.raw;
    sum.preemptions += outcome.result.preemptions;
    sum.raises += outcome.result.raises;
    sum.steals += outcome.result.steals;
}

namespace {

double wall_s() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

double processor_s() {
    double sum = 0;
    for (int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
        struct rusage used {};
        getrusage(who, &used);
        for (const timeval &part : {used.ru_utime, used.ru_stime}) {
            sum += static_cast<double>(part.tv_sec) + static_cast<double>(part.tv_usec) / 1e6;
        }
    }
    return sum;
}

}  // namespace

seed_clock seed_clock_begin() {
    return {wall_s(), processor_s()};
}

std::string seed_summary(const seed_totals &sum, const seed_clock &since) {
    const double seconds = wall_s() - since.begin_s;
    const double processor = processor_s() - since.begin_processor_s;
    char text[900];
    auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
    std::snprintf(
        text, sizeof(text),
        "%llu seeds in %.1f s: %llu system calls (%.0f a second, %.0f a second of a processor), "
        "%llu kernel entries, "
        "%llu hart switches, %llu checks of the sums, %llu audits,\n"
        "%llu calls (%llu answered; %llu direct switches), "
        "%llu asynchronous requests (%llu answered, %llu cancelled), "
        "%llu interrupts, %llu tasks, "
        "%llu kills, %llu revocations, %llu capabilities moved, "
        "%llu VMOs, %llu mappings, %llu calls in traces, %llu audits asked for, "
        "%llu injected faults,\n"
        "%llu changes of class, %llu preemptions, %llu tasks raised, %llu stolen\n",
        number(sum.seeds), seconds, number(sum.syscalls),
        static_cast<double>(sum.syscalls) / seconds, static_cast<double>(sum.syscalls) / processor,
        number(sum.steps), number(sum.switches), number(sum.sums), number(sum.audits),
        number(sum.calls), number(sum.answered), number(sum.direct_switches), number(sum.asks),
        number(sum.asks_answered), number(sum.cancels), number(sum.interrupts), number(sum.tasks),
        number(sum.kills), number(sum.revokes), number(sum.moves), number(sum.vmos),
        number(sum.maps), number(sum.events_paired), number(sum.audits_asked), number(sum.faults),
        number(sum.class_changes), number(sum.preemptions), number(sum.raises), number(sum.steals));
    return text;
}
