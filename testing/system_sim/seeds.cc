// testing/system_sim/seeds.cc: see seeds.h.
#include "testing/system_sim/seeds.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>

#include "ipc/plant.h"
#include "services/statefsd/statefs.h"
#include "testing/system_sim/entropy.h"
#include "testing/system_sim/keys.h"
#include "testing/system_sim/programs.h"
#include "testing/system_sim/storage.h"
#include "testing/system_sim/typist.h"
#include "testing/system_sim/update.h"

namespace systemsim {

namespace {

using choice = decltype(plant_choice);

struct planted {
    const char *name;
    const char *what;
    bool storage;
    unsigned choice::*of;  // Where its number is looked for.
    unsigned number;
};

const planted plants[] = {
#define PLANT(NAME, what) {#NAME, what, false, &choice::number, PLANT_##NAME + 1},
#define STORAGE_PLANT(NAME, what) {#NAME, what, true, &choice::number, PLANT_##NAME + 1},
#include "ipc/plant.def"
#undef PLANT
#undef STORAGE_PLANT
#define STATE_PLANT(NAME, what) \
    {"JOURNAL_" #NAME, what, true, &choice::journal, STATE_PLANT_##NAME},
#include "services/statefsd/plant.def"
#undef STATE_PLANT
#define UPDATE_PLANT(NAME, what) \
    {"UPDATE_" #NAME, what, true, &choice::update, UPDATE_PLANT_##NAME},
#include "services/updated/plant.def"
#undef UPDATE_PLANT
};

constexpr int PLANTS = sizeof(plants) / sizeof(plants[0]);

void choose_plant(int plant) {
    plant_choice = {};
    if (plant >= 0) {
        plant_choice.*plants[plant].of = plants[plant].number;
    }
}

void fill_outcome(seed_outcome &out, const sim_result &result) {
    out.syscalls = result.syscalls;
    out.hash = result.trace_hash;
    out.lives = kept.lives;
    out.cuts = kept.cuts;
    out.certain = kept.certain;
    out.uncertain = kept.uncertain;
    out.transactions = kept.transactions;
    out.moved = kept.moved;
    out.trouble = kept.trouble;
    out.resets = kept.resets;
    out.secrets = keyring.kept;
    out.given = keyring.found;
    out.erased = keyring.erased;
    out.signed_ok = keyring.signs;
    out.denials = keyring.refused;
    out.staged = updates.staged;
    out.trials = updates.trials;
    out.confirmations = updates.confirmations;
    out.returns = updates.returns;
    out.refused = updates.refused;
    out.reboots = updates.reboots;
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
    out.programs = programs_run();
    out.endings = programs.told.size();
    out.crashes = programs.crashes;
    out.bundles = programs.brought;
    out.flawed = programs.flawed;
    out.lines = typing.lines;
    out.orders = typing.orders;
    out.dropped = typing.dropped;
    out.resumed = typing.resumed;
    out.draws = draws.answers;
    out.draws_dead = draws.dead;
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
    const std::uint32_t harts = simtest::seed_harts(options.hart_count, seed);
    sim_options machine =
        options.storage ? storage_options(seed, harts) : world_options(seed, harts);
    machine.trace = options.trace ? stdout : nullptr;
    auto *out = simtest::seed_shared<seed_outcome>();
    *out = {};
    const int status = simtest::seed_fork(machine, options.quiet, [&] {
        choose_plant(options.plant);
        sim_result result{};
        if (options.storage) {
            result = storage_live(seed, machine);
        } else {
            world_live(seed, machine, &result);
        }
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
    sum.draws += one.draws;
    sum.draws_dead += one.draws_dead;
    sum.ends += one.ends;
    sum.programs += one.programs;
    sum.endings += one.endings;
    sum.crashes += one.crashes;
    sum.bundles += one.bundles;
    sum.flawed += one.flawed;
    sum.lines += one.lines;
    sum.orders += one.orders;
    sum.dropped += one.dropped;
    sum.resumed += one.resumed;
    sum.lives += one.lives;
    sum.cuts += one.cuts;
    sum.certain += one.certain;
    sum.uncertain += one.uncertain;
    sum.transactions += one.transactions;
    sum.moved += one.moved;
    sum.trouble += one.trouble;
    sum.resets += one.resets;
    sum.secrets += one.secrets;
    sum.given += one.given;
    sum.erased += one.erased;
    sum.signed_ok += one.signed_ok;
    sum.denials += one.denials;
    sum.staged += one.staged;
    sum.trials += one.trials;
    sum.confirmations += one.confirmations;
    sum.returns += one.returns;
    sum.refused += one.refused;
    sum.reboots += one.reboots;
}

std::string seed_summary(const seed_options &options, const seed_outcome &sum) {
    char text[800];
    if (options.storage) {
        std::snprintf(
            text, sizeof(text),
            "%llu system calls; %llu boots, %llu power cuts, %llu ends; %llu calls answered, %llu "
            "not, %llu transactions; %llu sectors written in order, %llu operations failed, %llu "
            "resets; %llu secrets kept, %llu given, %llu erased, %llu signatures, %llu refused; "
            "%llu systems staged, %llu tried, %llu confirmed, %llu not, %llu requests refused, "
            "%llu reboots\n",
            static_cast<unsigned long long>(sum.syscalls),
            static_cast<unsigned long long>(sum.lives), static_cast<unsigned long long>(sum.cuts),
            static_cast<unsigned long long>(sum.ends), static_cast<unsigned long long>(sum.certain),
            static_cast<unsigned long long>(sum.uncertain),
            static_cast<unsigned long long>(sum.transactions),
            static_cast<unsigned long long>(sum.moved),
            static_cast<unsigned long long>(sum.trouble),
            static_cast<unsigned long long>(sum.resets),
            static_cast<unsigned long long>(sum.secrets),
            static_cast<unsigned long long>(sum.given), static_cast<unsigned long long>(sum.erased),
            static_cast<unsigned long long>(sum.signed_ok),
            static_cast<unsigned long long>(sum.denials),
            static_cast<unsigned long long>(sum.staged),
            static_cast<unsigned long long>(sum.trials),
            static_cast<unsigned long long>(sum.confirmations),
            static_cast<unsigned long long>(sum.returns),
            static_cast<unsigned long long>(sum.refused),
            static_cast<unsigned long long>(sum.reboots));
        return text;
    }
    std::snprintf(
        text, sizeof(text),
        "%llu system calls; %llu requests, %llu served, %llu not known of, %llu denied "
        "(%llu had to be), %llu answers later; %llu records, %llu sleeps; %llu draws, %llu refused "
        "of a failed device; %llu ends; %llu programs, %llu endings told, %llu crashes in the "
        "journal, %llu bundles, %llu refused; %llu lines of the console answered, %llu endings "
        "told "
        "there, %llu lines dropped, %llu times back\n",
        static_cast<unsigned long long>(sum.syscalls), static_cast<unsigned long long>(sum.calls),
        static_cast<unsigned long long>(sum.served), static_cast<unsigned long long>(sum.unknown),
        static_cast<unsigned long long>(sum.denied), static_cast<unsigned long long>(sum.weather),
        static_cast<unsigned long long>(sum.answers), static_cast<unsigned long long>(sum.records),
        static_cast<unsigned long long>(sum.sleeps), static_cast<unsigned long long>(sum.draws),
        static_cast<unsigned long long>(sum.draws_dead), static_cast<unsigned long long>(sum.ends),
        static_cast<unsigned long long>(sum.programs), static_cast<unsigned long long>(sum.endings),
        static_cast<unsigned long long>(sum.crashes), static_cast<unsigned long long>(sum.bundles),
        static_cast<unsigned long long>(sum.flawed), static_cast<unsigned long long>(sum.lines),
        static_cast<unsigned long long>(sum.orders), static_cast<unsigned long long>(sum.dropped),
        static_cast<unsigned long long>(sum.resumed));
    return text;
}

std::string seed_replay(const seed_options &options, std::uint64_t seed) {
    std::string command = "./bazelw run //testing/system_sim -- --seeds " + std::to_string(seed) +
                          " --harts " +
                          std::to_string(simtest::seed_harts(options.hart_count, seed));
    if (options.storage) {
        command += " --storage";
    }
    if (options.plant >= 0) {
        command += std::string(" --plant ") + plants[options.plant].name;
    }
    return command + " --report";
}

seeds_outcome seeds_run(const seed_options &options, const simtest::seed_range &range) {
    auto *const all = simtest::seed_shared<seeds_outcome>();
    *all = {};
    seed_outcome out{};
    std::uint64_t seed = 0;
    all->unclean = simtest::seeds_each(
        range,
        [&](std::uint64_t one) {
            seed = one;
            out = seed_run(options, one);
            return out.complaint[0] == '\0';
        },
        [&] {
            seed_add(all->sum, out);
            if (out.complaint[0] != '\0' && (all->unclean == 0 || seed < all->unclean)) {
                all->unclean = seed;
                std::copy(std::begin(out.complaint), std::end(out.complaint), all->sum.complaint);
            }
        });
    return *all;
}

int plant_count() {
    return PLANTS;
}

int plant_find(const std::string &name) {
    for (int i = 0; i < PLANTS; i++) {
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

bool plant_is_storage(int plant) {
    return plants[plant].storage;
}

}  // namespace systemsim
