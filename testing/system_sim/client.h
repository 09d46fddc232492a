// testing/system_sim/client.h: a client of services by their names, as the programs of this world
// have one; and those programs.
#pragma once

#include "ipc/ask.h"
#include "ipc/asks.h"
#include "ipc/resolver.h"
#include "testing/sim/machine.h"
#include "testing/system_sim/world.h"

namespace systemsim {

inline constexpr std::uint32_t OWN = SLOT_FIRST_OWN;           // A client's own endpoint.
inline constexpr std::uint32_t OPERATOR = SLOT_FIRST_OWN + 1;  // The reaper's way to init.
inline constexpr std::uint32_t CLIENTS = 6;  // Those of every seed that say when they are over.

// Patience of a call that must not run out of it, in microseconds.
inline constexpr std::uint64_t PATIENT_US = 1000000;

class client {
  public:
    explicit client(simtest::user &self, slot pause);

    ipc_question question(const char *name, const wire_protocol_rows &protocol,
                          std::uint64_t patience_us) const;
    // One call; it ends by its deadline whatever comes.
    ipc_outcome ask(const char *name, const wire_protocol_rows &protocol, void *message,
                    std::uint64_t patience_us);
    // Gives up all routes: it holds as much as it did at first.
    void end();

    runtime made;
    ipc_resolver resolver;
    ipc_client calls;
    ipc_asks asks;

  private:
    std::uint32_t slots_at_first_ = 0;
};

// Of a judge: nobody waits any more, so no service keeps anybody's call; a denial is in the
// journal.
void is_at_rest(client &of, const char *name);
void is_audited(client &of, const char *name);

// Whether an audit record of the journal has that text.
bool journal_says(client &of, const std::string &text);

// Through init, by who holds OPERATOR.
void end_service(simtest::user &self, const std::string &name);

std::uint32_t slots_used();
void pause_us(std::uint64_t us);

// The programs.
void run_sloth(simtest::user &self);    // Does what it is asked, late, or dies.
void run_caller(simtest::user &self);   // Calls it with much patience or little.
void run_asker(simtest::user &self);    // Asks without waiting, several at once.
void run_writer(simtest::user &self);   // Writes to the journal and reads again.
void run_sleeper(simtest::user &self);  // Sleeps, and gives up sleeping.
void run_reaper(simtest::user &self);   // Ends services at random.
void run_judge(simtest::user &self);    // Changes the policy; then looks whether all is well.

}  // namespace systemsim
