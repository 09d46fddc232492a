// testing/system_sim/seeds.cc: see seeds.h.
#include "testing/system_sim/seeds.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "ipc/plant.h"

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

seed_outcome *shared() {
    static auto *const memory = [] {
        void *got = mmap(nullptr, sizeof(seed_outcome), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (got == MAP_FAILED) {
            std::perror("system_sim: mmap");
            std::exit(2);
        }
        return static_cast<seed_outcome *>(got);
    }();
    return memory;
}

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

// In the forked process.
[[noreturn]] void run_here(const seed_options &options, const sim_options &machine) {
    if (options.quiet) {
        const int nothing = open("/dev/null", O_WRONLY);
        dup2(nothing, STDOUT_FILENO);
        dup2(nothing, STDERR_FILENO);
    }
    plant_choice.number = static_cast<unsigned>(options.plant + 1);
    sim_result result{};
    sim_run(&machine, &result);
    world_judge(result);
    fill_outcome(*shared(), result);
    shared()->finished = true;
    if (options.report && !truth.findings.empty()) {
        report();
    }
    std::fflush(stdout);
    _exit(0);
}

void boot(const sim_options &machine) {
    static std::uint32_t booted_harts;
    if (booted_harts != machine.hart_count) {
        sim_boot(&machine);
        booted_harts = machine.hart_count;
    }
}

}  // namespace

seed_outcome seed_run(const seed_options &options, std::uint64_t seed) {
    sim_options machine = world_options(seed, harts_of(options, seed));
    machine.trace = options.trace ? stdout : nullptr;
    boot(machine);
    *shared() = {};
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        run_here(options, machine);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) {
        std::perror("system_sim: fork");
        std::exit(2);
    }
    seed_outcome out = *shared();
    if (!out.finished) {
        std::snprintf(out.complaint, sizeof(out.complaint), "crash: status %d", status);
    }
    return out;
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
                          " --harts " + std::to_string(harts_of(options, seed));
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
