// testing/system_sim/storage.h: the system with a disk. One seed is some lives of one disk: in each
// the whole system boots on it and clients change what they keep; a life ends when the power goes,
// at a write that the seed chooses. What each client was told stands in a ledger outside of the
// simulation, and each life begins with a look at everything.
//
// A new service: a row in storage_world.cc. Its clients: a file like keeper.cc.
// Units:     sectors; nanoseconds of virtual time.
// Ownership: one seed of a process at a time; `kept` is its ledger.
// Errors:    findings, in `truth` (world.h).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "testing/sim/machine.h"
#include "testing/sim_devices/disk_image.h"
#include "testing/system_sim/world.h"

namespace systemsim {

// The disk: what statefsd uses, and what the porter does.
inline constexpr std::uint64_t STATE_SECTORS = 256;
inline constexpr std::uint64_t PORTER_SECTORS = 256;
inline constexpr std::uint32_t STATE_ENTRIES = 24;

inline constexpr std::uint32_t KEYS = 4;
inline constexpr const char *ABSENT = "(absent)";

// A sector of the porter's holds one number in all its words; what does not is torn.
inline constexpr std::uint64_t TORN = UINT64_MAX;

struct storage_ledger {
    std::map<std::string, std::set<std::string>> values;  // By client and key: what may be there.
    std::vector<std::set<std::uint64_t>> sectors;         // Likewise; empty: there is no porter.
    std::uint64_t next_number = 1;
    // What this seed is about.
    std::uint32_t rounds = 0;   // Of each keeper, in a life.
    std::uint32_t padding = 0;  // Of a value, at least; bytes.
    std::uint32_t deletes = 0;  // Of so many changes one.
    std::uint32_t hurries = 0;  // Of so many calls one is in a hurry.
    std::uint32_t ports = 0;    // Rounds of the porter, in a life.
    std::uint32_t ends = 0;     // Services that are ended in a life, at most.
    // Of the porter's operation that is under way: where its number may stand only if it stands in
    // all of `first`.
    std::uint64_t number = 0;
    std::set<std::uint64_t> first;
    std::set<std::uint64_t> second;
    std::uint64_t lives = 0;
    std::uint64_t cuts = 0;
    std::uint64_t certain = 0;       // Calls with an answer,
    std::uint64_t uncertain = 0;     // and without.
    std::uint64_t transactions = 0;  // That were acknowledged,
    std::uint64_t moved = 0;         // and sectors of the porter's.
    std::uint64_t trouble = 0;       // Operations of the porter's that were not.
    std::uint64_t resets = 0;        // Of the device.
};

extern storage_ledger kept;

// Lets the power go at one of so many next writes, unless this life is the last one.
void storage_cut_soon(std::uint32_t within = 3);

// Whether a client may have the system started anew: not in the last life.
bool storage_may_reboot();

// Where the program of systems begins (update.h).
std::uint64_t storage_app_entry();

// Runs all lives of a seed, the first on the machine that was booted last, and judges them. System
// calls and trace hash are those of all of them.
sim_result storage_live(std::uint64_t seed, sim_options machine);
sim_options storage_options(std::uint64_t seed, std::uint32_t hart_count);

// The programs.
void run_keeper(simtest::user &self);  // Keeps things at statefsd, under several names.
void run_porter(simtest::user &self);  // Writes to the disk itself, in order.
void run_storage_reaper(simtest::user &self);
void run_storage_judge(simtest::user &self);

// The services that the reaper ends and the judge looks at.
const std::vector<std::string> &storage_victims();
std::uint32_t storage_clients();

}  // namespace systemsim
