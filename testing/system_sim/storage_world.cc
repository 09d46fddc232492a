// testing/system_sim/storage_world.cc: the programs of the system with a disk, and its lives.
#include "testing/system_sim/storage.h"

#include <algorithm>
#include <cstring>

#include "ipc/plant.h"
#include "kernel/abi/device.h"
#include "services/execd/service.h"
#include "services/keystored/service.h"
#include "services/statefsd/service.h"
#include "services/statefsd/statefs.h"
#include "services/updated/service.h"
#include "services/virtioblkd/service.h"
#include "testing/sim/system.h"
#include "testing/sim_devices/machine_blk.h"
#include "testing/system_sim/client.h"
#include "testing/system_sim/image_part.h"
#include "testing/system_sim/keys.h"
#include "testing/system_sim/update.h"

namespace systemsim {

using namespace simtest;
using sim_devices::machine_blk;

storage_ledger kept;

namespace {

sim_devices::virtio_blk *device_of_life;  // Null in the last one.

constexpr std::uint32_t RESTARTS = 1000;
constexpr std::uint32_t PAGES = 5120;  // What all may hold, and an updated that ended while execd
                                       // keeps its memory.
constexpr std::uint64_t STEPS_MAX = 3000000;
constexpr std::uint64_t HASH_FACTOR = 0x100000001b3;  // FNV's.
constexpr std::uint32_t ARENA_PAGES = DEVICE_ARENA_PAGES_MAX;
constexpr std::uint32_t ROUND_MS = 2;  // Of virtioblkd: a request is late after three at most.
constexpr std::uint32_t LIVES = 3;     // Only the last one ends by itself,
constexpr std::uint32_t LIVES_MAX = LIVES + UPDATE_TRIES_MAX + 1;  // or a trial's time is up in it.

enum kind : std::uint8_t { SERVICE, VICTIM, CLIENT, FINAL };
enum seeds : std::uint8_t { ALL, WITH_PORTER, WITH_UPDATED, WITH_KEYS, WITHOUT_KEYS };

constexpr task_limits USUAL = {192, 0, 2, 4, 63};
constexpr task_limits WITH_WINDOWS = {640, 0, 2, 16, 63};
constexpr task_limits WITH_PROGRAMS = {400, 4, 8, 8, 63};
constexpr task_limits WITH_SYSTEMS = {320, 0, 2, 16, 63};

// A program of the system. Beyond what it is granted here it has a console and a way to init, and a
// client one to samgrd.
struct row {
    const char *name;
    void (*run)(user &);
    kind what;
    std::vector<manifest_grant> grants;
    std::vector<const char *> calls = {};  // What the policy lets it call.
    std::uint32_t argument = 0;
    task_limits limits = USUAL;
    seeds of = ALL;
};

// With updated the disk is divided.
void run_virtioblkd(user &self) {
    runtime made = runtime_of(self);
    const void *files = updates.there ? update_files() : nullptr;
    sys_task_exit(static_cast<std::uint64_t>(virtioblkd_main(&made, files)));
}

void run_statefsd(user &self) {
    runtime made = runtime_of(self);
    sys_task_exit(static_cast<std::uint64_t>(statefsd_main(&made)));
}

void run_updated(user &self) {
    runtime made = runtime_of(self);
    sys_task_exit(static_cast<std::uint64_t>(updated_main(&made, update_files())));
}

void run_execd(user &self) {
    runtime made = runtime_of(self);
    sys_task_exit(static_cast<std::uint64_t>(execd_main(&made, execd_boot{})));
}

std::vector<manifest_grant> of_client(std::vector<manifest_grant> more = {}) {
    more.push_back(receives(OWN));
    return more;
}

manifest_grant ends_services() {
    return {MANIFEST_GRANT_ROUTE, OPERATOR, RIGHT_CALL, MANIFEST_TARGET_INIT, INIT_BADGE_OPERATOR};
}

manifest_grant receives_memory() {
    return {MANIFEST_GRANT_ENDPOINT, SLOT_ENDPOINT, RIGHT_RECV | MANIFEST_ACCEPT_CAPS, 0, 0};
}

manifest_grant windows(std::uint32_t slot) {
    return {MANIFEST_GRANT_FACTORY, slot, RIGHT_MAKE_VMO, MANIFEST_HART_ANY, 0};
}

// In the order in which init starts all of them; the first two are policyd and samgrd, without
// which there is no system.
constexpr std::uint32_t SAMGRD = 1;
constexpr std::uint32_t LOGD = 2;

std::vector<row> services() {
    return {
        {"policyd",
         run_policyd,
         VICTIM,
         {receives(SLOT_ENDPOINT),
          {MANIFEST_GRANT_FAMILY, POLICYD_SLOT_FAMILY, RIGHTS_GRANT, 0, 0},
          {MANIFEST_GRANT_ROUTE, POLICYD_SLOT_LOGD, RIGHT_SEND, LOGD, 0}}},
        {"samgrd",
         run_samgrd,
         SERVICE,
         {receives(SLOT_ENDPOINT), route_to(SAMGRD_SLOT_POLICYD, 0)}},
        {"logd", run_logd, VICTIM, {receives(SLOT_ENDPOINT)}},
        {"virtioblkd",
         run_virtioblkd,
         VICTIM,
         {receives_memory(),
          {MANIFEST_GRANT_DEVICE, SLOT_FIRST_OWN, RIGHTS_DEVICE, DEVICE_ID_BLOCK, ARENA_PAGES}},
         {},
         ROUND_MS,
         WITH_WINDOWS},
        {"statefsd",
         run_statefsd,
         VICTIM,
         {receives(SLOT_ENDPOINT), windows(SLOT_FIRST_OWN), route_to(SLOT_SAMGRD, SAMGRD)},
         {"virtioblkd"},
         STATE_ENTRIES,
         WITH_WINDOWS},
    };
}

std::vector<row> keepers() {
    return {
        {"keeper1", run_keeper, CLIENT, of_client(), {"statefsd"}, 1},
        {"keeper2", run_keeper, CLIENT, of_client(), {"statefsd"}, 2},
        {"keeper3", run_keeper, CLIENT, of_client(), {"statefsd"}, 3, USUAL, WITHOUT_KEYS},
        {"porter",
         run_porter,
         CLIENT,
         of_client({ends_services(), windows(OPERATOR + 1)}),
         {"virtioblkd"},
         0,
         WITH_WINDOWS,
         WITH_PORTER},
    };
}

std::vector<row> keyholders() {
    return {
        {"rngd", run_random, VICTIM, {receives(SLOT_ENDPOINT)}, {}, 0, USUAL, WITH_KEYS},
        {"keystored",
         run_keystored,
         VICTIM,
         {receives(SLOT_ENDPOINT),
          {MANIFEST_GRANT_FACTORY, KEYSTORED_SLOT_FACTORY, RIGHT_MAKE_ENDPOINT, MANIFEST_HART_ANY,
           0},
          route_to(SLOT_SAMGRD, SAMGRD)},
         {"statefsd", "rngd"},
         0,
         USUAL,
         WITH_KEYS},
        {"signer1", run_signer, CLIENT, of_client(), {"keystored"}, 1, USUAL, WITH_KEYS},
        {"signer2", run_signer, CLIENT, of_client(), {"keystored"}, 2, USUAL, WITH_KEYS},
    };
}

std::vector<row> updaters() {
    return {
        {"execd",
         run_execd,
         VICTIM,
         {receives_memory(),
          {MANIFEST_GRANT_FACTORY, EXECD_SLOT_FACTORY, RIGHTS_FACTORY & ~RIGHT_MAKE_GRANT,
           MANIFEST_TARGET_PROGRAMS, 0},
          {MANIFEST_GRANT_IMAGE, EXECD_SLOT_IMAGE, RIGHT_READ, 0, 0},
          route_to(SLOT_SAMGRD, SAMGRD)},
         {"policyd"},
         0,
         WITH_PROGRAMS,
         WITH_UPDATED},
        {"updated",
         run_updated,
         VICTIM,
         {receives_memory(),
          windows(UPDATED_SLOT_FACTORY),
          {MANIFEST_GRANT_IMAGE, UPDATED_SLOT_IMAGE, RIGHT_READ, 0, 0},
          {MANIFEST_GRANT_ROUTE, UPDATED_SLOT_WATCH, RIGHT_CALL, MANIFEST_TARGET_INIT,
           INIT_BADGE_WATCHER},
          route_to(SLOT_SAMGRD, SAMGRD)},
         {"virtioblkd", "statefsd", "execd"},
         0,
         WITH_SYSTEMS,
         WITH_UPDATED},
        {"updater",
         run_updater,
         CLIENT,
         of_client({windows(OWN + 1)}),
         {"updated"},
         0,
         WITH_SYSTEMS,
         WITH_UPDATED},
    };
}

std::vector<row> judges() {
    return {
        {"reaper", run_storage_reaper, CLIENT, of_client({ends_services()})},
        {"judge",
         run_storage_judge,
         FINAL,
         of_client(),
         {"policyd", "logd", "virtioblkd", "statefsd"}},
    };
}

std::vector<row> all_rows() {
    std::vector<row> all;
    for (auto *part : {services, keepers, keyholders, updaters, judges}) {
        const std::vector<row> more = part();
        all.insert(all.end(), more.begin(), more.end());
    }
    return all;
}

const std::vector<row> &rows() {
    static const std::vector<row> all = all_rows();
    return all;
}

bool is_there(const row &one) {
    switch (one.of) {
        case WITH_PORTER:
            return !updates.there;
        case WITH_UPDATED:
            return updates.there;
        case WITH_KEYS:
            return keyring.there;
        case WITHOUT_KEYS:
            return !keyring.there;
        case ALL:
            break;
    }
    return true;
}

// What updated may beside calling: bring execd its programs and start them; these call it.
void allow_updates(std::vector<policy_row> &policy) {
    const std::uint64_t app = program_id_of(APP, std::strlen(APP));
    for (const char *name : {"execd", "updated"}) {
        policy.push_back(allow("judge", POLICY_CALL, name));
    }
    policy.push_back(allow("updater", POLICY_MANAGE, "updated"));
    policy.push_back(allow("updated", POLICY_MANAGE, "execd"));
    policy.push_back({id_of("updated"), app, POLICY_START, 3});
    policy.push_back({app, id_of("updated"), POLICY_CALL, 3});
}

void run_init(user &self) {
    boot_view view;
    std::vector<policy_row> policy;
    for (const row &one : rows()) {
        if (!is_there(one)) {
            continue;
        }
        std::vector<manifest_grant> grants = one.grants;
        grants.insert(grants.end(), {console(), to_init()});
        if (one.what == CLIENT || one.what == FINAL) {
            grants.push_back(route_to(SLOT_SAMGRD, SAMGRD));
        }
        const std::uint32_t flags = one.what == FINAL         ? MANIFEST_FINAL
                                    : &one <= &rows()[SAMGRD] ? MANIFEST_CRITICAL
                                                              : 0;
        view.service(one.name, flags, one.what <= VICTIM ? RESTARTS : 0, grants);
        view.argument(one.run == run_updated ? updates.trial_ms : one.argument);
        view.limits(one.limits);
        for (const char *called : one.calls) {
            policy.push_back(allow(one.name, POLICY_CALL, called));
        }
    }
    if (updates.there) {
        allow_updates(policy);
    }
    if (keyring.there) {
        keys_allow(policy);
    }
    view.policy(sorted(policy));
    run_system(self, view);
}

sim_machine &machine() {
    static sim_machine made;
    static bool filled = false;
    for (std::size_t i = 0; i < rows().size() && !filled; i++) {
        made.program(rows()[i].name, rows()[i].run);
    }
    if (!filled) {
        made.program(APP, run_app);
    }
    filled = true;
    return made;
}

statefs_config config_of(image_part &part) {
    statefs_config config{};
    config.disk = part.disk();
    config.entries = STATE_ENTRIES;
    config.plant = static_cast<state_plant>(plant_journal());
    return config;
}

// An empty journal on the first sectors. The service would use the whole disk.
void format(sim_devices::disk_image &image) {
    image_part part(image, 0, STATE_SECTORS);
    statefs_config config = config_of(part);
    expect(statefs_format(&config, 1) == MOUNT_OK, "the disk was not formatted");
}

// What the disk does in this life.
sim_devices::virtio_blk_options weather(sim_devices::random_source &random, bool last) {
    sim_devices::virtio_blk_options made;
    made.tears = 3;
    made.reset_forgets = random() % 2 == 0;
    if (random() % 2 == 0) {
        made.read_fails = 300;
        made.write_fails = 60;
        made.flush_fails = 20;
    }
    if (random() % 3 == 0) {
        made.hangs = 80;
    }
    // At any write: of the format, of the mount, of a compaction.
    const std::uint64_t within = random() % 3 == 0 ? 40 : 500;
    made.cut_after = last ? UINT64_MAX : random() % within;
    return made;
}

// Most seeds are short; some run their journal full, and some take things away again.
void choose_subject(sim_devices::random_source &random) {
    const bool is_long = random() % 8 == 0;
    kept.rounds = is_long ? 50 : 12;
    kept.padding = is_long ? 250 : 0;
    kept.deletes = random() % 8 == 0 ? 2 : 6;
    kept.hurries = random() % 4 == 0 ? 2 : 6;
    kept.ports = random() % 4 == 0 ? 30 : 8;
    kept.ends = is_long ? 1 : 6;
}

void begin_life() {
    truth.clients_over = 0;
    truth.ended_ns.clear();
    keyring.identity_at_boot = keyring.identity;
    kept.lives++;
}

// False: the system is to be started anew.
bool end_life(sim_devices::virtio_blk &device, machine_blk &blk, const sim_result &result,
              bool last) {
    const bool cut = result.end == SIM_POWER_CUT && !last;
    kept.cuts += cut;
    if (!cut && result.end != SIM_POWER_OFF) {
        expect(false, std::string(sim_end_name(result.end)) + ": " + result.message);
    }
    judge_starts(sim_console());
    keys_judge_console(sim_console());
    for (const std::string &fault : device.faults()) {
        expect(false, "the driver " + fault);
    }
    kept.resets += device.resets;
    blk.power_cut();
    const bool again = result.end == SIM_POWER_OFF && std::string(result.message) == "reboot";
    updates.reboots += again;
    return !again;
}

std::uint64_t floor_of(const statefs &fs) {
    static constexpr char KEY[] = "floor";
    const state_entry *entry =
        state_table_find(&fs.table, id_of("updated"),
                         {reinterpret_cast<const std::uint8_t *>(KEY), sizeof(KEY) - 1});
    std::uint64_t floor = 0;
    if (entry != nullptr) {
        expect(entry->value_count == sizeof(floor), "a floor of another length",
               entry->value_count);
        std::memcpy(&floor, entry->value, sizeof(floor));
    }
    return floor;
}

// The power has gone for good: what is on the disk is what the clients were told.
void check_disk(sim_devices::disk_image &image) {
    auto fs = std::make_unique<statefs>();
    image_part part(image, 0, STATE_SECTORS);
    statefs_config config = config_of(part);
    state_report report;
    const state_mount mounted = statefs_mount(fs.get(), &config, &report);
    expect(mounted == MOUNT_OK, "the journal is not mounted in the end", mounted);
    for (const auto &[name, possible] : kept.values) {
        const std::size_t slash = name.find('/');
        const std::string key = name.substr(slash + 1);
        const state_entry *entry =
            state_table_find(&fs->table, id_of(name.substr(0, slash).c_str()),
                             {reinterpret_cast<const std::uint8_t *>(key.data()),
                              static_cast<std::uint32_t>(key.size())});
        const std::string found =
            entry == nullptr
                ? ABSENT
                : std::string(reinterpret_cast<const char *>(entry->value), entry->value_count);
        expect(possible.count(found) == 1, "in the end stands at " + name + " " + found);
    }
    if (updates.there) {
        update_check_disk(image, floor_of(*fs));
    }
    if (keyring.there) {
        keys_check_disk(image, fs->table);
    }
}

}  // namespace

void storage_cut_soon(std::uint32_t within) {
    if (device_of_life != nullptr) {
        device_of_life->options.cut_after = sim_user_random(within);
    }
}

bool storage_may_reboot() {
    return device_of_life != nullptr;
}

std::uint64_t storage_app_entry() {
    return SIM_ENTRY_FIRST + 4 * (rows().size() + 1);
}

std::uint32_t storage_clients() {
    return static_cast<std::uint32_t>(
        std::count_if(rows().begin(), rows().end(),
                      [](const row &one) { return one.what == CLIENT && is_there(one); }));
}

const std::vector<std::string> &storage_victims() {
    static std::vector<std::string> victims;
    victims.clear();
    for (const row &one : rows()) {
        if (one.what == VICTIM && is_there(one)) {
            victims.emplace_back(one.name);
        }
    }
    return victims;
}

sim_options storage_options(std::uint64_t seed, std::uint32_t hart_count) {
    sim_options options = machine().options(run_init, hart_count, seed);
    options.fault_rate[FAULT_POINT_SLOW_PATH] = seed % 3 == 0 ? 8192 : 0;
    options.fault_rate[FAULT_POINT_SHORT_QUANTUM] = seed % 10 == 8 ? 16384 : 0;
    world_faults(seed, &options);
    options.page_count = PAGES;
    options.step_max = STEPS_MAX;
    options.arena_pages = ARENA_PAGES;
    options.native = true;
    return options;
}

sim_result storage_live(std::uint64_t seed, sim_options options) {
    sim_result sum{};
    const bool has_porter = seed % 2 == 0;
    sim_devices::random_source random(seed);
    sim_devices::disk_image image(STATE_SECTORS + (has_porter ? PORTER_SECTORS : UPDATE_SECTORS));
    machine_blk blk(&image);
    kept = storage_ledger();
    choose_subject(random);
    for (std::uint32_t i = 1; i <= 3; i++) {
        for (const char *key : {"key0", "key1", "key2", "key3", "both1"}) {
            kept.values["keeper" + std::to_string(i) + "/" + key] = {ABSENT};
        }
    }
    if (has_porter) {  // Otherwise statefsd finds a blank disk.
        format(image);
        kept.sectors.assign(PORTER_SECTORS, {0});
    }
    keys_begin(seed % 4 == 0);
    updates = update_ledger();
    if (!has_porter) {
        update_begin(image, random);
    }
    options.model = blk.model();
    bool over = false;
    for (std::uint32_t life = 0; !over && life < LIVES_MAX && truth.findings.empty(); life++) {
        const bool last = life + 1 >= LIVES;
        sim_result result{};
        begin_life();
        if (life > 0) {
            sim_boot(&options);
        }
        // Arguments and operands are evaluated in any order: none draws beside another.
        const sim_devices::virtio_blk_options sky = weather(random, last);
        sim_devices::virtio_blk &device = blk.power_on(random(), sky);
        options.seed = random();
        device_of_life = last ? nullptr : &device;
        sim_run(&options, &result);
        over = end_life(device, blk, result, last) && last;
        sum.syscalls += result.syscalls;
        sum.trace_hash = sum.trace_hash * HASH_FACTOR ^ result.trace_hash;
        update_look_at_slots("after a life");
    }
    expect(over || !truth.findings.empty(), "started anew again and again");
    if (truth.findings.empty()) {
        check_disk(image);
    }
    return sum;
}

}  // namespace systemsim
