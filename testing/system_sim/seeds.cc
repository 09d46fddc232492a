// testing/system_sim/seeds.cc: see seeds.h.
#include "testing/system_sim/seeds.h"

#include <cstdio>
#include <cstdlib>

#include "ipc/plant.h"
#include "testing/sim/seed_fork.h"

namespace systemsim {

namespace {

const struct {
    const char *name;
    const char *what;
} plants[] = {
#define PLANT(NAME, what) {#NAME, what},
#include "ipc/plant.def"
#undef PLANT
};

void fill_outcome(seed_outcome &out, const sim_result &result) {
    out.syscalls = result.syscalls;
    for (const std::uint64_t count : truth.outcomes) {
        out.calls += count;
    }
    for (const std::uint64_t count : truth.answers) {
        out.answers += count;
    }
    out.served = truth.outcomes[IPC_OK];
    out.unknown = truth.outcomes[IPC_UNKNOWN_OUTCOME] + truth.answers[IPC_UNKNOWN_OUTCOME];
    out.denied = truth.outcomes[IPC_DENIED];
    out.weather = truth.refused_by_weather;
    out.records = truth.records;
    out.sleeps = truth.sleeps;
    for (const auto &[name, count] : truth.ends) {
        out.ends += count;
    }
    if (!truth.findings.empty()) {
        std::snprintf(out.complaint, sizeof(out.complaint), "%s", truth.findings[0].c_str());
    }
}

void report() {
    std::printf("%s", sim_console());
    sim_report(stdout);
    for (const std::string &finding : truth.findings) {
        std::printf("finding: %s\n", finding.c_str());
    }
}

}  // namespace

seed_outcome seed_run(const seed_options &options, std::uint64_t seed) {
    sim_options machine = world_options(seed, simtest::seed_harts(options.hart_count, seed));
    machine.trace = options.trace ? stdout : nullptr;
    auto *out = simtest::seed_shared<seed_outcome>();
    *out = {};
    const int status = simtest::seed_fork(machine, options.quiet, [&] {
        plant_choice.number = static_cast<unsigned>(options.plant + 1);
        sim_result result{};
        sim_run(&machine, &result);
        world_judge(result);
        fill_outcome(*out, result);
        out->finished = true;
        if (options.report && !truth.findings.empty()) {
            report();
        }
    });
    if (!out->finished) {
        std::snprintf(out->complaint, sizeof(out->complaint), "%s",
                      simtest::seed_crash(status).c_str());
    }
    return *out;
}

void seed_add(seed_outcome &sum, const seed_outcome &one) {
    sum.syscalls += one.syscalls;
    sum.calls += one.calls;
    sum.served += one.served;
    sum.unknown += one.unknown;
    sum.denied += one.denied;
    sum.weather += one.weather;
    sum.answers += one.answers;
    sum.records += one.records;
    sum.sleeps += one.sleeps;
    sum.ends += one.ends;
}

std::string seed_summary(const seed_outcome &sum) {
    char text[320];
    std::snprintf(
        text, sizeof(text),
        "%llu system calls; %llu requests, %llu served, %llu not known of, %llu denied "
        "(%llu had to be), %llu answers later; %llu records, %llu sleeps; %llu ends\n",
        static_cast<unsigned long long>(sum.syscalls), static_cast<unsigned long long>(sum.calls),
        static_cast<unsigned long long>(sum.served), static_cast<unsigned long long>(sum.unknown),
        static_cast<unsigned long long>(sum.denied), static_cast<unsigned long long>(sum.weather),
        static_cast<unsigned long long>(sum.answers), static_cast<unsigned long long>(sum.records),
        static_cast<unsigned long long>(sum.sleeps), static_cast<unsigned long long>(sum.ends));
    return text;
}

std::string seed_replay(const seed_options &options, std::uint64_t seed) {
    std::string command = "./bazelw run //testing/system_sim -- --seeds " + std::to_string(seed) +
                          " --harts " +
                          std::to_string(simtest::seed_harts(options.hart_count, seed));
    if (options.plant >= 0) {
        command += std::string(" --plant ") + plants[options.plant].name;
    }
    return command + " --report";
}

int plant_find(const std::string &name) {
    for (int i = 0; i < PLANT_COUNT; i++) {
        if (name == plants[i].name) {
            return i;
        }
    }
    return -1;
}

const char *plant_name(int plant) {
    return plants[plant].name;
}

const char *plant_what(int plant) {
    return plants[plant].what;
}

}  // namespace systemsim
