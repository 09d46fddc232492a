// testing/system_sim/seeds.h: one seed of the whole system, judged; and how to replay it. There are
// two worlds: without a disk (world.h) and with one (storage.h). A seed
// runs in a process of its own, forked from one that has booted the machine once.
#pragma once

#include <cstdint>
#include <string>

#include "testing/sim/seed_fork.h"
#include "testing/system_sim/world.h"

namespace systemsim {

struct seed_options {
    std::uint32_t hart_count = 0;  // 0: 2 mostly, 1 and 4 in between.
    bool storage = false;          // The world with a disk.
    int plant = -1;                // A planted bug of that world: plant_find.
    bool trace = false;
    bool report = false;  // Print the console and the state of the machine if the seed fails.
    bool quiet = false;   // Print nothing.
};

// What a seed's process tells.
struct seed_outcome {
    bool finished;
    char complaint[256];  // Empty: as it should be.
    std::uint64_t syscalls;
    std::uint64_t hash;     // Of every decision, system call, result and event.
    std::uint64_t calls;    // Calls and sends to the service of the ledger,
    std::uint64_t served;   // of them with an answer;
    std::uint64_t unknown;  // of which is not known what became of them;
    std::uint64_t denied;   // denied,
    std::uint64_t weather;  // and so because they had to be.
    std::uint64_t answers;  // To requests that nobody waited for.
    std::uint64_t records;  // Read again from the journal.
    std::uint64_t sleeps;
    std::uint64_t draws;       // Answers of rngd with bytes,
    std::uint64_t draws_dead;  // and refusals because its device had failed.
    std::uint64_t ends;        // Services ended from outside.
    // With execd and without a disk:
    std::uint64_t programs;  // That ran,
    std::uint64_t endings;   // of them those whose end somebody was told.
    std::uint64_t crashes;   // Found in the journal.
    std::uint64_t bundles;   // That were taken,
    std::uint64_t flawed;    // and refused.
    // With the console too:
    std::uint64_t lines;    // That it answered,
    std::uint64_t orders;   // of them starts of programs whose end it told;
    std::uint64_t dropped;  // lines of which it did nothing, as it should,
    std::uint64_t resumed;  // and how often it came back.
    // With a disk:
    std::uint64_t lives;         // Boots of the system,
    std::uint64_t cuts;          // of them ended by the power.
    std::uint64_t certain;       // Calls of statefsd with an answer,
    std::uint64_t uncertain;     // and without.
    std::uint64_t transactions;  // That were acknowledged.
    std::uint64_t moved;         // Sectors that the porter knows to be durable.
    std::uint64_t trouble;       // Operations of the porter's that failed.
    std::uint64_t resets;        // Of the device.
    // With keystored:
    std::uint64_t secrets;    // Kept, acknowledged,
    std::uint64_t given;      // and given again;
    std::uint64_t erased;     // likewise;
    std::uint64_t signed_ok;  // signatures that are good,
    std::uint64_t denials;    // and refusals of what is another's, or a private key.
    // With updated:
    std::uint64_t staged;         // Systems, acknowledged,
    std::uint64_t trials;         // starts of those that nobody had confirmed,
    std::uint64_t confirmations;  // acknowledged,
    std::uint64_t returns;        // and boots of another one after a trial.
    std::uint64_t refused;        // Requests.
    std::uint64_t reboots;        // That updated or its clients asked for.
};

seed_outcome seed_run(const seed_options &options, std::uint64_t seed);
void seed_add(seed_outcome &sum, const seed_outcome &one);
std::string seed_summary(const seed_options &options, const seed_outcome &sum);
std::string seed_replay(const seed_options &options, std::uint64_t seed);

// What many tell.
struct seeds_outcome {
    std::uint64_t unclean;  // The first with a complaint, or 0.
    seed_outcome sum;       // Of all up to there, with that complaint.
};

// By two processes.
seeds_outcome seeds_run(const seed_options &options, const simtest::seed_range &range);

// All planted bugs: those of ipc/plant.def, then those of services/statefsd/plant.def with JOURNAL_
// before their names, and of services/updated/plant.def with UPDATE_. -1: there is none of that
// name.
int plant_count();
int plant_find(const std::string &name);
const char *plant_name(int plant);
const char *plant_what(int plant);
bool plant_is_storage(int plant);

}  // namespace systemsim
