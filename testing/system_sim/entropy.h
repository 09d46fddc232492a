// testing/system_sim/entropy.h: rngd in the system without a disk, on a model of its device:
// clients draw random bytes while it is ended, the policy changes, and its device is slow, gives a
// few bytes at a time, repeats itself, gives none or nothing any more. What was given to whom
// stands in a ledger outside of the simulation.
// Units:     bytes; nanoseconds of virtual time.
// Ownership: `draws` is the ledger of a seed, as `truth` is.
// Errors:    findings, in `truth` (world.h).
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "testing/sim/machine.h"
#include "testing/sim/system.h"
#include "testing/sim_devices/virtio_rng.h"

namespace systemsim {

struct entropy_ledger {
    bool there = false;    // This seed has rngd,
    bool hunted = false;   // nothing else is ended,
    bool thirsty = false;  // or so much is drawn that it needs another seed, and it is not.
    const sim_devices::virtio_rng *device = nullptr;
    std::set<std::string> seen;            // Beginnings of all answers.
    std::uint64_t failed_ns = UINT64_MAX;  // When the device was first seen to have failed,
    std::uint64_t failed_resets = 0;       // after so many resets.
    // How much of it was done.
    std::uint64_t answers = 0;
    std::uint64_t dead = 0;  // Refusals because the device had failed some time before.
};

extern entropy_ledger draws;

// Before the run, on the machine that was booted last; and after it.
void entropy_begin(std::uint64_t seed, sim_options &options);
void entropy_judge();

// In a seed with rngd: the service; who draws instead of a client of that name; who is ended; and
// the policies, of all weathers and of fair weather.
void entropy_add(simtest::boot_view &view, std::uint32_t restarts);
const char *entropy_stands_in(const char *client);
std::vector<std::string> entropy_hunt(const std::vector<std::string> &victims);
void entropy_allow_always(std::vector<policy_row> &rows);
void entropy_allow_fair(std::vector<policy_row> &rows);

// The programs.
void run_rngd(simtest::user &self);
void run_drawer(simtest::user &self);

}  // namespace systemsim
