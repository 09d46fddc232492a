// testing/sim/seeds.cc: see seeds.h.
#include "testing/sim/seeds.h"

#include <cstdio>

namespace {

constexpr std::uint32_t RATE_ALWAYS = 65536;
constexpr std::uint32_t RATE_PLANTED = RATE_ALWAYS / 8;
constexpr std::uint32_t RATE_POOL_EMPTY = RATE_ALWAYS / 64;
constexpr std::uint64_t FAULTS_EVERY = 4;  // Every fourth seed has empty pools.

const char *const fault_names[] = {
#define FAULT_POINT(name, what) #name,
#include "kernel/core/fault_point.def"
#undef FAULT_POINT
};

std::uint32_t harts_of(const seed_options &options, std::uint64_t seed) {
    if (options.hart_count != 0) {
        return options.hart_count;
    }
    switch (seed % 8) {
        case 7:
            return 4;
        case 3:
            return 1;
        default:
            return 2;
    }
}

std::string judge(const sim_result &result, const workload &record) {
    if (record.failure != nullptr) {
        return std::string(record.failure) + " (" + std::to_string(record.failure_value) + ")";
    }
    if (result.end != SIM_POWER_OFF) {
        return std::string(sim_end_name(result.end)) + ": " + result.message;
    }
    if (result.pages_at_end != result.pages_at_start || result.tasks_at_end != 1) {
        return "left over: " + std::to_string(result.pages_at_start - result.pages_at_end) +
               " pages, " + std::to_string(result.tasks_at_end - 1) + " tasks";
    }
    return "";
}

}  // namespace

seed_outcome seed_run(const seed_options &options, std::uint64_t seed) {
    seed_outcome out{};
    out.record.rounds = options.rounds;
    workload_begin(&out.record);
    sim_options machine =
        sim_options_make(seed, harts_of(options, seed), workload_programs, WORKLOAD_PROGRAM_COUNT);
    if (seed % FAULTS_EVERY == 1) {
        machine.fault_rate[FAULT_POINT_TAKE_PAGE] = RATE_POOL_EMPTY;
        machine.fault_rate[FAULT_POINT_TAKE_TASK] = RATE_POOL_EMPTY;
        machine.fault_rate[FAULT_POINT_TAKE_ENDPOINT] = RATE_POOL_EMPTY;
    }
    if (options.plant >= 0) {
        machine.fault_rate[options.plant] = RATE_PLANTED;
    }
    machine.trace = options.trace ? stdout : nullptr;
    sim_run(&machine, &out.result);
    out.complaint = judge(out.result, out.record);
    return out;
}

std::string seed_replay(const seed_options &options, std::uint64_t seed) {
    std::string command =
        "./bazelw run //testing/sim:kernel_sim -- --seeds " + std::to_string(seed) + " --harts " +
        std::to_string(harts_of(options, seed)) + " --rounds " + std::to_string(options.rounds);
    if (options.plant >= 0) {
        command += std::string(" --plant ") + fault_names[options.plant];
    }
    return command + " --trace";
}

int fault_point_find(const std::string &name) {
    for (int i = 0; i < FAULT_POINT_COUNT; i++) {
        if (name == fault_names[i]) {
            return i;
        }
    }
    return -1;
}

const char *fault_point_name(int point) {
    return fault_names[point];
}

void seed_add(seed_totals &sum, const seed_outcome &outcome) {
    sum.seeds++;
    sum.syscalls += outcome.result.syscalls;
    sum.steps += outcome.result.steps;
    sum.switches += outcome.result.switches;
    sum.audits += outcome.result.audits;
    sum.faults += outcome.result.faults_fired;
    sum.calls += outcome.record.calls;
    sum.answered += outcome.record.calls_answered;
    sum.kills += outcome.record.kills;
    sum.tasks += outcome.record.tasks_started;
}

std::string seed_summary(const seed_totals &sum, double seconds) {
    char text[400];
    auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
    std::snprintf(text, sizeof(text),
                  "%llu seeds in %.1f s: %llu system calls (%.0f a second), %llu kernel entries, "
                  "%llu hart switches, %llu audits,\n"
                  "%llu calls (%llu answered), %llu tasks, %llu kills, %llu injected faults\n",
                  number(sum.seeds), seconds, number(sum.syscalls),
                  static_cast<double>(sum.syscalls) / seconds, number(sum.steps),
                  number(sum.switches), number(sum.audits), number(sum.calls), number(sum.answered),
                  number(sum.tasks), number(sum.kills), number(sum.faults));
    return text;
}
