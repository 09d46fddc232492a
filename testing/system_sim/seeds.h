// testing/system_sim/seeds.h: one seed of the whole system, judged; and how to replay it. A seed
// runs in a process of its own, forked from one that has booted the machine once.
#pragma once

#include <cstdint>
#include <string>

#include "testing/system_sim/world.h"

namespace systemsim {

struct seed_options {
    std::uint32_t hart_count = 0;  // 0: 2 mostly, 1 and 4 in between.
    int plant = -1;                // enum plant: a planted bug.
    bool trace = false;
    bool report = false;  // Print the console and the state of the machine if the seed fails.
    bool quiet = false;   // Print nothing.
};

// What a seed's process tells.
struct seed_outcome {
    bool finished;
    char complaint[256];  // Empty: as it should be.
    std::uint64_t syscalls;
    std::uint64_t calls;    // Calls and sends to the service of the ledger,
    std::uint64_t served;   // of them with an answer;
    std::uint64_t unknown;  // of which is not known what became of them;
    std::uint64_t denied;   // denied,
    std::uint64_t weather;  // and so because they had to be.
    std::uint64_t answers;  // To requests that nobody waited for.
    std::uint64_t records;  // Read again from the journal.
    std::uint64_t sleeps;
    std::uint64_t ends;  // Services ended from outside.
};

seed_outcome seed_run(const seed_options &options, std::uint64_t seed);
void seed_add(seed_outcome &sum, const seed_outcome &one);
std::string seed_summary(const seed_outcome &sum);
std::string seed_replay(const seed_options &options, std::uint64_t seed);

// enum plant, or -1.
int plant_find(const std::string &name);
const char *plant_name(int plant);
const char *plant_what(int plant);

}  // namespace systemsim
