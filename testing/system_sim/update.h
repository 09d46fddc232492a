// testing/system_sim/update.h: updated in the system with a disk: a client stages, switches, rolls
// back and starts the system anew, what is staged runs and confirms itself or does not, and each
// life begins with a look at what the boot has chosen.
//
// Systems are known by their versions: the same version is the same bytes.
// Units:     versions; sectors.
// Ownership: `updates` is the ledger of a seed, as `kept` is.
// Errors:    findings, in `truth` (world.h).
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "services/updated/control.h"
#include "services/updated/system.h"
#include "testing/sim/machine.h"
#include "testing/sim_devices/disk_image.h"
#include "testing/system_sim/storage.h"

namespace systemsim {

// Of a slot: a header, a bundle's table, its one program.
inline constexpr std::uint64_t SLOT_PAGES = 4;
inline constexpr std::uint64_t SLOT_BYTES = SLOT_PAGES * SYSTEM_PAGE_BYTES;
inline constexpr std::uint64_t SLOT_SECTORS = SLOT_BYTES / DISK_SECTOR_BYTES;
inline constexpr std::uint64_t UPDATE_SECTORS = CONTROL_SECTORS + UPDATE_SLOTS * SLOT_SECTORS;
inline constexpr std::uint64_t UPDATE_FIRST = STATE_SECTORS;  // Of updated's part of the disk.

inline constexpr std::uint64_t OLD_VERSION = 5;     // Below every floor that there is.
inline constexpr std::uint64_t FIRST_VERSION = 10;  // The next ones rise by one.
inline constexpr const char *APP = "app";           // The program of every system.

struct update_ledger {
    bool there = false;  // This seed has updated.
    std::uint32_t trial_ms = 0;
    std::uint64_t next_version = FIRST_VERSION;
    std::uint64_t holds[UPDATE_SLOTS] = {};                  // What was acknowledged; 0: not known.
    std::set<std::uint64_t> may_hold[UPDATE_SLOTS];          // One of these, or nothing whole.
    std::map<std::uint64_t, std::uint32_t> tries;            // By version: that were asked for,
    std::map<std::uint64_t, std::set<std::uint64_t>> tried;  // and the lives in which it ran.
    std::set<std::uint64_t> sick;                            // Do not confirm themselves.
    std::set<std::uint64_t> confirmable;                     // Whose confirmation was asked for.
    std::map<std::uint64_t, std::uint64_t> given_up;  // Rolled back, acknowledged, in which life.
    std::uint64_t confirmed = 0;                      // Acknowledged.
    std::uint64_t floor = 0;                          // The highest that was seen.
    // How much of it was done.
    std::uint64_t staged = 0;
    std::uint64_t trials = 0;
    std::uint64_t confirmations = 0;
    std::uint64_t returns = 0;  // Boots that found a trial over that nobody had confirmed.
    std::uint64_t refused = 0;
    std::uint64_t reboots = 0;
};

extern update_ledger updates;

// A signed system, as a slot holds it. Made once in a process and those that it forks.
const std::vector<std::uint8_t> &system_of_version(std::uint64_t version);

// Two files of a boot image: how the disk is divided, and the key that is trusted.
const void *update_files();

// Before the first life: an empty part, a confirmed system, or that and one to be tried.
void update_begin(sim_devices::disk_image &image, sim_devices::random_source &random);

// Whether the disk, as a read sees it, has in that slot what was acknowledged.
void update_look_at_slots(const char *when);

// After the last life: the host boots from the disk as often as a trial lasts, with that floor.
void update_check_disk(sim_devices::disk_image &image, std::uint64_t floor);

// The programs.
void run_updater(simtest::user &self);
void run_app(simtest::user &self);

}  // namespace systemsim
