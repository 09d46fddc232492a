// testing/system_sim/world.h: the whole system in one process (init, policyd, samgrd, logd,
// metricsd, timed) with clients in bad weather: services are ended at random, the policy changes,
// their service is slow, busy and dies. What was done stands in a ledger outside of the simulation,
// so that each outcome is checked against the truth.
// Ownership: one world of a process at a time; `truth` is its ledger.
// Errors:    findings, in the order in which they were made; the first is what went wrong.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ipc/client.h"
#include "ipc/wire/codec.h"
#include "kernel/arch/sim/sim.h"

namespace systemsim {

// What the service does: AGAIN may be done twice, ONCE may not.
enum storm_op : std::uint8_t { AGAIN = 1, ONCE };

struct storm_message {
    wire_header header;
    std::uint64_t value;
};

extern const wire_protocol_rows storm_rows;

struct ledger {
    std::map<std::uint64_t, std::uint32_t> done;     // How often each value was done.
    std::map<std::uint64_t, std::uint32_t> at_most;  // What its client was told of it,
    std::map<std::uint64_t, std::uint32_t> at_least;
    std::uint64_t weather = 0;  // Odd: nobody may use the service, and that was said before.
    std::uint64_t next_value = 1;
    std::uint32_t clients = 0;  // Those that say when they are over,
    std::uint32_t clients_over = 0;
    std::vector<std::string> victims;               // Whom the reaper ends.
    std::map<std::string, std::uint32_t> ends;      // Of each service, from outside or its own,
    std::map<std::string, std::uint64_t> ended_ns;  // and when that was last asked for.
    std::uint64_t outcomes[IPC_ERROR_COUNT] = {};   // Of calls and sends,
    std::uint64_t answers[IPC_ERROR_COUNT] = {};    // of answers that came later.
    std::uint64_t refused_by_weather = 0;
    std::uint64_t records = 0;  // Of the journal, read again as they were written.
    std::uint64_t sleeps = 0;
    std::vector<std::string> findings;
};

extern ledger truth;

// Notes a finding if it does not hold.
void expect(bool holds, const std::string &what, std::uint64_t value = 0);

// Whether it was not ended for so long that who answers now is its last instance: one that was
// ended may serve a little longer on another hart.
bool is_settled(const std::string &service);

// What is true of a value now, and stays true.
void check(std::uint64_t value);

// Every fifth seed: IPIs that come late, long work in many short steps, harts that stand still
// between a look at a grant and what follows. Of both worlds.
void world_faults(std::uint64_t seed, sim_options *options);

// The machine of a seed: for sim_boot.
sim_options world_options(std::uint64_t seed, std::uint32_t hart_count);

// Runs a seed on the machine that was booted last, and judges it.
void world_live(std::uint64_t seed, sim_options options, sim_result *result);

// What a console shows: a service starts again only after it has ended. How often each did.
struct starts {
    std::uint32_t begun;
    std::uint32_t ended;
};
std::map<std::string, starts> judge_starts(const std::string &console);

// After the run: what the end of the system must show.
void world_judge(const sim_result &result);

}  // namespace systemsim
