// testing/system_sim/storage_judge.cc: who ends services, and who in the end looks whether all is
// well.
#include "ipc/wire/init_wire.h"
#include "testing/sim/system.h"
#include "testing/system_sim/client.h"
#include "testing/system_sim/keys.h"
#include "testing/system_sim/storage.h"

namespace systemsim {

namespace {

constexpr std::uint32_t ROUNDS_MAX = 4000;

}  // namespace

// Those of the disk more often than the others.
void run_storage_reaper(simtest::user &self) {
    client made(self, slot_at(OWN));
    const std::vector<std::string> &victims = storage_victims();
    for (std::uint32_t i = sim_user_random(kept.ends + 1); i > 0; i--) {
        pause_us(500 + sim_user_random(15000));
        const std::uint32_t chosen =
            sim_user_random(static_cast<std::uint32_t>(victims.size()) + 4);
        end_service(self, chosen < victims.size() ? victims[chosen]
                          : chosen % 2 == 0       ? "virtioblkd"
                                                  : "statefsd");
    }
    made.end();
}

void run_storage_judge(simtest::user &self) {
    client made(self, slot_at(OWN));
    for (std::uint32_t i = 0; i < ROUNDS_MAX && truth.clients_over < storage_clients(); i++) {
        pause_us(10000);
    }
    expect(truth.clients_over == storage_clients(), "clients that never end", truth.clients_over);
    if (keyring.there) {
        keys_judge(made);
    }
    for (const std::string &name : storage_victims()) {
        is_at_rest(made, name.c_str());
    }
    for (const char *name : {"nobody", "nowhere", "nothing"}) {
        is_audited(made, name);
    }
    made.end();
}

}  // namespace systemsim
