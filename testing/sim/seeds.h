// testing/sim/seeds.h: one seed of the workload, judged; and how to replay it.
//
// A seed runs in a process of its own, forked from one that has booted the machine once: whatever a
// bug does to the process, it is that seed's failure.
#pragma once

#include <cstdint>
#include <string>

#include "testing/sim/workload.h"

struct seed_options {
    std::uint32_t hart_count = 0;  // 0: 2 mostly, 1 and 4 in between.
    std::uint32_t rounds = WORKLOAD_ROUNDS;
    int plant = -1;         // enum fault_point: a planted bug, or a fault that comes more often.
    bool trace = false;     // Print every decision and system call.
    bool report = false;    // Print the state of the machine if the seed fails.
    bool sums_off = false;  // The full audit alone counts.
    bool quiet = false;     // Print nothing, a sanitizer's report neither.
};

struct seed_outcome {
    sim_result result;
    workload record;
    std::string complaint;  // Empty: as it should be.
};

seed_outcome seed_run(const seed_options &options, std::uint64_t seed);

// One command.
std::string seed_replay(const seed_options &options, std::uint64_t seed);

// enum fault_point, or -1.
int fault_point_find(const std::string &name);
const char *fault_point_name(int point);
bool fault_point_is_planted(int point);
const char *fault_point_what(int point);

struct seed_totals {
    std::uint64_t seeds = 0;
    std::uint64_t syscalls = 0;
    std::uint64_t direct_switches = 0;
    std::uint64_t steps = 0;
    std::uint64_t switches = 0;
    std::uint64_t sums = 0;
    std::uint64_t audits = 0;
    std::uint64_t calls = 0;
    std::uint64_t answered = 0;
    std::uint64_t asks = 0;
    std::uint64_t asks_answered = 0;
    std::uint64_t cancels = 0;
    std::uint64_t kills = 0;
    std::uint64_t revokes = 0;
    std::uint64_t moves = 0;
    std::uint64_t vmos = 0;
    std::uint64_t maps = 0;
    std::uint64_t events_paired = 0;
    std::uint64_t audits_asked = 0;
    std::uint64_t tasks = 0;
    std::uint64_t faults = 0;
    std::uint64_t interrupts = 0;
    std::uint64_t device_refusals = 0;
    std::uint64_t class_changes = 0;
    std::uint64_t preemptions = 0;
    std::uint64_t raises = 0;
    std::uint64_t steals = 0;
};

void seed_add(seed_totals &sum, const seed_outcome &outcome);
// How long it took: on the wall, and of this process and its seeds on the processor.
struct seed_clock {
    double begin_s;
    double begin_processor_s;
};

seed_clock seed_clock_begin();
std::string seed_summary(const seed_totals &sum, const seed_clock &since);
