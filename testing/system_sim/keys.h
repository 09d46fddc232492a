// testing/system_sim/keys.h: keystored in the system with a disk: clients have key pairs made,
// sign, seal, and keep and erase secrets, over power cuts. What they were told stands in a ledger
// outside of the simulation.
// Ownership: one seed of a process at a time; `keyring` is its ledger.
// Errors:    findings, in `truth` (world.h).
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "services/policyd/policy.h"
#include "services/statefsd/statefs.h"
#include "testing/sim/machine.h"
#include "testing/sim_devices/disk_image.h"
#include "testing/system_sim/client.h"

namespace systemsim {

struct keys_ledger {
    bool there = false;    // This seed has keystored.
    std::string identity;  // Once somebody was told,
    std::string identity_at_boot;
    std::map<std::string, std::string> pairs;            // By client: the public key, likewise.
    std::map<std::string, std::string> sealed;           // By client: what was sealed for it last.
    std::map<std::string, std::set<std::string>> words;  // By client: what may be kept.
    // How much of it was done.
    std::uint64_t kept = 0;     // Secrets, acknowledged,
    std::uint64_t found = 0;    // given again,
    std::uint64_t erased = 0;   // and forgotten, acknowledged.
    std::uint64_t signs = 0;    // Signatures that are good.
    std::uint64_t refused = 0;  // What is another's, or a private key.
};

extern keys_ledger keyring;

inline constexpr std::uint32_t KEYS_CLIENTS = 2;
inline constexpr const char *KEYS_WORD = "sesame, sesame, ";  // Begins each secret that is kept.
std::string keys_client(std::uint32_t number);

void keys_begin(bool there);

// What keystored may do beside calling, and who calls it in the end.
void keys_allow(std::vector<policy_row> &rows);

// Of the judge: a change is in the journal.
void keys_judge(client &of);

// After each life: what must not be said.
void keys_judge_console(const std::string &console);

// After the last life: keystored's own code opens all of its records, which are what clients were
// told, and nothing of it stands on the disk in the clear.
void keys_check_disk(const sim_devices::disk_image &image, const state_table &table);

// The programs.
void run_keystored(simtest::user &self);
void run_random(simtest::user &self);  // rngd's protocol, with the simulation's numbers.
void run_signer(simtest::user &self);  // Two of them, by their argument.

}  // namespace systemsim
