// testing/sim/seed_fork.h: one seed, run in a process of its own, forked from one that has booted
// the simulated machine: what a seed breaks is gone with it; and many, by two processes.
// Units:     number of harts; the wait status of a process.
// Ownership: shared memory is the process's, for good.
// Blocking:  until the forked process has ended.
// Errors:    without memory or processes the program ends with status 2 and says why.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "kernel/arch/sim/sim.h"

namespace simtest {

// As many as were asked for; of 0 two, with some seeds on one hart and some on four.
std::uint32_t seed_harts(std::uint32_t asked, std::uint64_t seed);

// Zeroed, and the same memory in the processes that are forked.
void *seed_shared_bytes(std::size_t bytes);

// What a seed's process tells the one that forked it: one object a type, of the process that asks.
template <typename Outcome>
Outcome *seed_shared() {
    static Outcome *memory;
    static pid_t owner;
    if (owner != getpid()) {
        memory = static_cast<Outcome *>(seed_shared_bytes(sizeof(Outcome)));
        owner = getpid();
    }
    return memory;
}

// Boots the machine if none with so many harts was booted last, forks, and has `body` run there;
// `quiet`: what it prints goes nowhere. The status with which it ended. An EXPECT that fails there
// ends it by a signal.
int seed_fork(const sim_options &machine, bool quiet, const std::function<void()> &body);

struct seed_range {
    std::uint64_t first;
    std::uint64_t last;
    std::uint64_t step = 1;
};

// Runs seeds in order in two processes, each taking the next one that is left, up to the first of
// which `run` says that it is not clean: its number, or 0. After each, `add` is called in the same
// process, and by one process at a time: for what it sums up in shared memory. If one of the two
// fails, the other is ended, and the program.
std::uint64_t seeds_each(
    const seed_range &range, const std::function<bool(std::uint64_t)> &run,
    const std::function<void()> &add = [] {});

// How a process ended that did not come to its end.
std::string seed_crash(int status);

}  // namespace simtest
