// testing/system_sim/storage_world.cc: the programs of the system with a disk, and its lives.
#include "testing/system_sim/storage.h"

#include <algorithm>

#include "ipc/plant.h"
#include "kernel/abi/device.h"
#include "services/statefsd/service.h"
#include "services/statefsd/statefs.h"
#include "services/virtioblkd/service.h"
#include "testing/sim/system.h"
#include "testing/sim_devices/machine_blk.h"
#include "testing/system_sim/client.h"

namespace systemsim {

using namespace simtest;
using sim_devices::machine_blk;

storage_ledger kept;

namespace {

sim_devices::virtio_blk *device_of_life;  // Null in the last one.

constexpr std::uint32_t RESTARTS = 1000;
constexpr std::uint32_t PAGES = 4096;
constexpr std::uint64_t STEPS_MAX = 3000000;
constexpr std::uint32_t ARENA_PAGES = DEVICE_ARENA_PAGES_MAX;
constexpr std::uint32_t ROUND_MS = 2;  // Of virtioblkd: a request is late after three at most.
constexpr std::uint32_t LIVES = 3;     // Only the last one ends by itself.

enum kind : std::uint8_t { SERVICE, VICTIM, CLIENT, FINAL };

constexpr task_limits USUAL = {192, 0, 2, 4, 63};
constexpr task_limits WITH_WINDOWS = {640, 0, 2, 16, 63};

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
};

// Of a disk that is not divided.
void run_virtioblkd(user &self) {
    runtime made = runtime_of(self);
    sys_task_exit(static_cast<std::uint64_t>(virtioblkd_main(&made, nullptr)));
}

void run_statefsd(user &self) {
    runtime made = runtime_of(self);
    sys_task_exit(static_cast<std::uint64_t>(statefsd_main(&made)));
}

std::vector<manifest_grant> of_client(std::vector<manifest_grant> more = {}) {
    more.push_back(receives(OWN));
    return more;
}

manifest_grant ends_services() {
    return {MANIFEST_GRANT_ROUTE, OPERATOR, RIGHT_CALL, MANIFEST_TARGET_INIT, INIT_BADGE_OPERATOR};
}

manifest_grant windows(std::uint32_t slot) {
    return {MANIFEST_GRANT_FACTORY, slot, RIGHT_MAKE_VMO, MANIFEST_HART_ANY, 0};
}

// In the order in which init starts them; the first two are policyd and samgrd, without which there
// is no system.
constexpr std::uint32_t SAMGRD = 1;
constexpr std::uint32_t LOGD = 2;

const std::vector<row> &rows() {
    static const std::vector<row> all = {
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
         {{MANIFEST_GRANT_ENDPOINT, SLOT_ENDPOINT, RIGHT_RECV | MANIFEST_ACCEPT_CAPS, 0, 0},
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
        {"keeper1", run_keeper, CLIENT, of_client(), {"statefsd"}, 1},
        {"keeper2", run_keeper, CLIENT, of_client(), {"statefsd"}, 2},
        {"keeper3", run_keeper, CLIENT, of_client(), {"statefsd"}, 3},
        {"porter",
         run_porter,
         CLIENT,
         of_client({ends_services(), windows(OPERATOR + 1)}),
         {"virtioblkd"},
         0,
         WITH_WINDOWS},
        {"reaper", run_storage_reaper, CLIENT, of_client({ends_services()})},
        {"judge",
         run_storage_judge,
         FINAL,
         of_client(),
         {"policyd", "logd", "virtioblkd", "statefsd"}},
    };
    return all;
}

void run_init(user &self) {
    boot_view view;
    std::vector<policy_row> policy;
    for (const row &one : rows()) {
        std::vector<manifest_grant> grants = one.grants;
        grants.insert(grants.end(), {console(), to_init()});
        if (one.what == CLIENT || one.what == FINAL) {
            grants.push_back(route_to(SLOT_SAMGRD, SAMGRD));
        }
        const std::uint32_t flags = one.what == FINAL         ? MANIFEST_FINAL
                                    : &one <= &rows()[SAMGRD] ? MANIFEST_CRITICAL
                                                              : 0;
        view.service(one.name, flags, one.what <= VICTIM ? RESTARTS : 0, grants);
        view.argument(one.argument);
        view.limits(one.limits);
        for (const char *called : one.calls) {
            policy.push_back(allow(one.name, POLICY_CALL, called));
        }
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
    filled = true;
    return made;
}

// An empty journal on the first sectors. The service would use the whole disk.
disk_status read_image(void *image, std::uint64_t at, std::uint32_t count, std::uint8_t *bytes) {
    for (std::uint32_t i = 0; i < count; i++) {
        const sim_devices::sector one = static_cast<sim_devices::disk_image *>(image)->read(at + i);
        std::copy(one.begin(), one.end(), bytes + std::size_t{i} * DISK_SECTOR_BYTES);
    }
    return DISK_OK;
}

disk_status write_image(void *image, std::uint64_t at, std::uint32_t count,
                        const std::uint8_t *bytes) {
    for (std::uint32_t i = 0; i < count; i++) {
        sim_devices::sector one;
        std::copy_n(bytes + std::size_t{i} * DISK_SECTOR_BYTES, one.size(), one.begin());
        static_cast<sim_devices::disk_image *>(image)->write(at + i, one);
    }
    return DISK_OK;
}

disk_status flush_image(void *image) {
    static_cast<sim_devices::disk_image *>(image)->flush();
    return DISK_OK;
}

statefs_config config_of(sim_devices::disk_image &image) {
    statefs_config config{};
    config.disk = {&image, STATE_SECTORS, read_image, write_image, flush_image};
    config.entries = STATE_ENTRIES;
    config.plant = static_cast<state_plant>(plant_journal());
    return config;
}

void format(sim_devices::disk_image &image) {
    statefs_config config = config_of(image);
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
    made.cut_after = last ? UINT64_MAX : random() % (random() % 3 == 0 ? 40 : 500);
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
    kept.lives++;
}

void end_life(sim_devices::virtio_blk &device, machine_blk &blk, const sim_result &result,
              bool last) {
    const bool cut = result.end == SIM_POWER_CUT && !last;
    kept.cuts += cut;
    if (!cut && result.end != SIM_POWER_OFF) {
        expect(false, std::string(sim_end_name(result.end)) + ": " + result.message);
    }
    judge_starts(sim_console());
    for (const std::string &fault : device.faults()) {
        expect(false, "the driver " + fault);
    }
    kept.resets += device.resets;
    blk.power_cut();
}

// The power has gone for good: what is on the disk is what the clients were told.
void check_disk(sim_devices::disk_image &image) {
    auto fs = std::make_unique<statefs>();
    statefs_config config = config_of(image);
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
}

}  // namespace

void storage_cut_soon() {
    if (device_of_life != nullptr) {
        device_of_life->options.cut_after = sim_user_random(3);
    }
}

std::uint32_t storage_clients() {
    return static_cast<std::uint32_t>(std::count_if(
        rows().begin(), rows().end(), [](const row &one) { return one.what == CLIENT; }));
}

const std::vector<std::string> &storage_victims() {
    static std::vector<std::string> victims;
    for (std::size_t i = 0; i < rows().size() && victims.size() <= i; i++) {
        if (rows()[i].what == VICTIM) {
            victims.emplace_back(rows()[i].name);
        }
    }
    return victims;
}

sim_options storage_options(std::uint64_t seed, std::uint32_t hart_count) {
    sim_options options = machine().options(run_init, hart_count, seed);
    options.fault_rate[FAULT_POINT_SLOW_PATH] = seed % 3 == 0 ? 8192 : 0;
    options.page_count = PAGES;
    options.step_max = STEPS_MAX;
    options.arena_pages = ARENA_PAGES;
    options.native = true;
    return options;
}

std::uint64_t storage_live(std::uint64_t seed, sim_options options) {
    std::uint64_t syscalls = 0;
    const bool has_porter = seed % 2 == 0;
    sim_devices::random_source random(seed);
    sim_devices::disk_image image(STATE_SECTORS + (has_porter ? PORTER_SECTORS : 0));
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
    options.model = blk.model();
    for (std::uint32_t life = 0; life < LIVES && truth.findings.empty(); life++) {
        const bool last = life + 1 == LIVES;
        sim_result result{};
        begin_life();
        if (life > 0) {
            sim_boot(&options);
        }
        sim_devices::virtio_blk &device = blk.power_on(random(), weather(random, last));
        options.seed = random();
        device_of_life = last ? nullptr : &device;
        sim_run(&options, &result);
        end_life(device, blk, result, last);
        syscalls += result.syscalls;
    }
    if (truth.findings.empty()) {
        check_disk(image);
    }
    return syscalls;
}

}  // namespace systemsim
