// testing/system_sim/typist.h: the console in the system without a disk, in half of the seeds that
// have execd: somebody types lines while all services are ended at random, the console too. What
// each line was to do stands in the ledgers of the programs and of the world.
// Ownership: `typing` is the ledger of a seed, as `truth` is.
// Errors:    findings, in `truth` (world.h).
#pragma once

#include <cstdint>
#include <vector>

#include "testing/sim/machine.h"
#include "testing/sim/system.h"

namespace systemsim {

struct typing_ledger {
    bool there = false;         // This seed has the console.
    bool over = false;          // Nobody types any more, and nothing of the console's runs.
    bool guests = false;        // A program of the console's may run,
    std::uint64_t visits = 0;   // so often it began.
    std::uint64_t lines = 0;    // That were answered,
    std::uint64_t orders = 0;   // of them starts of programs whose end was told.
    std::uint64_t dropped = 0;  // Lines of which nothing was done.
    std::uint64_t resumed = 0;  // The console came back.
};

extern typing_ledger typing;

// Whether no program of the console's ran all the while: then it took no place of anybody's.
class no_guests {
  public:
    bool is_so() const {
        return none_ && visits_ == typing.visits;
    }

  private:
    bool none_ = !typing.guests;
    std::uint64_t visits_ = typing.visits;
};

// Of who needs all places of execd: until nobody types any more.
void typist_await();

// Before the run, on the machine that was booted last.
void typist_begin(std::uint64_t seed);

// In a seed with the console: the services, and the policies of all weathers and of fair weather.
void typist_add(simtest::boot_view &view, std::uint32_t samgrd, std::uint32_t restarts);
void typist_allow_always(std::vector<policy_row> &rows);
void typist_allow_fair(std::vector<policy_row> &rows);

// The programs.
void run_console(simtest::user &self);
void run_typist(simtest::user &self);

}  // namespace systemsim
