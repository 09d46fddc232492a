// testing/sim/machine.h: a test's own machine: programs are closures, and every run is repeated
// with several seeds and numbers of harts.
//
//     sim_machine machine;
//     machine.program("echo", [](user &self) { ... });
//     machine.run([](user &init) { slot task = start("echo", {...}); EXPECT_EQ(...); });
//
// init's end ends the run. A program's end is task_exit(0). EXPECT_* may be used in every program;
// ASSERT_* only returns from the closure.
// Ownership: a closure must own nothing that needs cleaning up while it runs: a task that ends is
//            abandoned where it stands.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "kernel/abi/identity.h"
#include "kernel/abi/layout.h"
#include "kernel/arch/sim/sim.h"
#include "kernel/arch/sim/user.h"
#include "runtime/syscall.h"

namespace simtest {

inline constexpr std::uint32_t MACHINE_PROGRAM_MAX = 28;
inline constexpr std::uint64_t MACHINE_SEEDS = 6;  // For each number of harts.

// Where init finds what the kernel gave it.
inline constexpr slot CONSOLE{1};
inline constexpr slot FACTORY{2};
inline constexpr slot IMAGE{3};
inline constexpr slot DEVICES{4};
inline constexpr slot STATS{5};

struct user {
    message_page *page;
    std::uint64_t argument;
    std::uint32_t instance;
};

using body = std::function<void(user &)>;

struct grant {
    slot from;
    std::uint32_t to;
    std::uint32_t rights;
};

// What a task made by create and start may hold.
extern task_limits child_limits;

class sim_machine {
  public:
    sim_machine();
    void limits(task_limits limits) {
        child_limits = limits;
    }
    void program(const char *name, body run);
    void file(const char *name, const std::vector<std::uint8_t> &bytes);  // A program that is just
                                                                          // these bytes.
    void harts(std::initializer_list<std::uint32_t> counts) {
        counts_ = counts;
    }
    void input(const char *bytes) {  // What the console's receiver gets.
        input_ = bytes;
    }
    void fault(fault_point point, std::uint32_t rate) {
        rates_[point] = rate;
    }

    // A program of the test changes the kernel's state itself: the running sums (which would tell)
    // stay off.
    void tampers() {
        sums_off_ = true;
    }

    // Every run must end by init's end; `clean`: with all memory given back.
    void run(const body &init, bool clean = false);
    // The machine of a run, for sim_boot and sim_run by hand; the closure stays with this.
    sim_options options(const body &init, std::uint32_t hart_count, std::uint64_t seed);
    // One run that may end in any way.
    sim_result run_once(const body &init, std::uint32_t hart_count, std::uint64_t seed);

  private:
    std::vector<sim_program> programs_;
    std::vector<std::uint32_t> counts_{1, 2, 4};
    const char *input_ = nullptr;
    bool sums_off_ = false;
    std::uint32_t rates_[FAULT_POINT_COUNT] = {};
};

// For programs that may make tasks: creates, loads, grants and starts one; EXPECTs that each step
// succeeds. `hart`: by default any.
slot create(const char *name);
slot start(const char *name, std::initializer_list<grant> grants = {}, std::uint64_t argument = 0,
           std::uint64_t hart = TASK_HART_ANY);
load_result load(slot task, const char *name);

slot endpoint();  // A new one, all rights.
slot mint(slot from, std::uint64_t badge,
          std::uint32_t rights = RIGHT_SEND | RIGHT_CALL | RIGHT_NOTIFY);

// Waits until the task is dead (a bounded time); its exit_reason and detail. The caller needs no
// endpoint: it looks and yields.
struct ending {
    exit_reason reason;
    std::uint64_t detail;
};
ending wait_dead(slot task);

// Waits until something holds, a bounded time, then EXPECTs it.
void wait_until(const std::function<bool()> &holds, const char *what);

inline std::uint64_t in_us(std::uint64_t microseconds) {
    return sys_clock_get() + microseconds * 1000;
}

void fill(message_area &area, std::uint16_t type, const std::string &payload);
std::string payload_of(const message_area &area);

}  // namespace simtest
