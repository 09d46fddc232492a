// testing/system_sim/programs.h: execd in the system without a disk: a bundle whose programs end by
// themselves, crash or hang, and clients that start them, wait for them and end them while all
// services are ended at random. What each program did stands in a ledger outside of the simulation.
// Ownership: one world of a process at a time; `programs` is its ledger.
// Errors:    findings, in `truth` (world.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "services/policyd/policy.h"
#include "testing/sim/machine.h"
#include "testing/sim/system.h"

namespace systemsim {

// What a program does; it is in the argument of its start, behind a number used once.
enum work : std::uint32_t { WORK_EXITS, WORK_IS_BUSY, WORK_CRASHES, WORK_HANGS, WORK_COUNT };

struct program_truth {
    std::uint32_t begun = 0;      // How often it runs or ran,
    std::uint32_t at_most = 1;    // and what its starter was told of that.
    std::uint32_t instance = 0;   // As its starter was told, or as it found itself.
    bool over = false;            // It was about to end by itself.
    std::size_t said = 0;         // Bytes of the console by then,
    std::uint32_t logd_ends = 0;  // and how often logd had ended.
};

struct program_ledger {
    bool there = false;                                // This seed has execd.
    std::map<std::uint32_t, program_truth> of;         // By the number of the start.
    std::map<std::uint32_t, std::uint32_t> number_of;  // Of an instance.
    std::map<std::uint32_t, std::uint64_t> owner_of;   // The same.
    std::set<std::uint32_t> killed;                    // Instances that somebody wanted to end.
    std::map<std::uint32_t, std::pair<std::uint32_t, std::uint64_t>> told;  // How they ended.
    std::uint32_t next_number = 1;
    std::uint64_t brought = 0;  // Bundles: loaded,
    std::uint64_t flawed = 0;   // and refused.
    std::uint64_t crashes = 0;  // Found in the journal.
    bool fickle_is_over = false;
};

extern program_ledger programs;

// Whether a seed has them.
bool programs_in(std::uint64_t seed);

// Before any other program of the machine: where the program of the bundle stands is known.
void programs_add(simtest::sim_machine &machine);

// Into the manifest, behind all that is named by place; into all policies, and into those under
// which programs may be started.
void programs_serve(simtest::boot_view &view, std::uint32_t samgrd);
void programs_allow(std::vector<policy_row> &always);
void programs_allow_starts(std::vector<policy_row> &fair);

// After the run; and how many ran.
void programs_judge();
std::uint64_t programs_run();

// The clients. Both own what they start; the first may manage execd, the second is ended at random
// and takes over what it left.
void run_starter(simtest::user &self);
void run_fickle(simtest::user &self);

// A bundle that somebody brings: whole, or with a flaw. The words are those of the process.
enum parcel : std::uint32_t {
    PARCEL_GOOD,
    PARCEL_CUT,
    PARCEL_BAD_IMAGE,
    PARCEL_KNOWN,
    PARCEL_COUNT
};
const std::vector<std::uint64_t> &programs_parcel(parcel what);

}  // namespace systemsim
