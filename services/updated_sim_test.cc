// services/updated_sim_test.cc: the real updated on the real virtioblkd and a disk in simulation,
// with the real init, policyd and samgrd; statefsd and execd are doubles that are late, away, or
// refuse. Two boots of one disk: in the first a system is brought and switched to, in the second it
// runs on trial and is confirmed. Meanwhile one sends requests that are none, one floods, one dies
// with a request under way, and updated is ended. What a refusal says is exact, and it changes
// nothing.
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "images/markers.h"
#include "ipc/bulk_sealed.h"
#include "ipc/frame.h"
#include "ipc/ready.h"
#include "ipc/server.h"
#include "ipc/wire/exec_wire.h"
#include "ipc/wire/init_wire.h"
#include "ipc/wire/state_wire.h"
#include "ipc/wire/update_wire.h"
#include "kernel/abi/device.h"
#include "services/init/service.h"
#include "services/updated/service.h"
#include "services/updated/updated.h"
#include "services/virtioblkd/service.h"
#include "testing/hostile_services/frames.h"
#include "testing/sim/callers.h"
#include "testing/sim/machine.h"
#include "testing/sim/system.h"
#include "testing/sim_devices/machine_blk.h"
#include "testing/update/update_world.h"

namespace {

using namespace simtest;
using bytes = std::vector<std::uint8_t>;

constexpr std::uint32_t OWN = SLOT_FIRST_OWN;
constexpr std::uint32_t FACTORY = SLOT_FIRST_OWN + 1;
constexpr std::uint32_t OPERATOR = SLOT_FIRST_OWN + 2;
constexpr std::uint32_t DIRECT = SLOT_FIRST_OWN + 3;  // To updated, as the manifest gives it.
constexpr std::uint64_t PATIENCE_US = 6000000;
constexpr std::uint32_t SEEDS = 6;
constexpr std::uint32_t FRAMES = 300;
constexpr std::uint32_t FLOOD = 120;
constexpr std::uint64_t SECTORS = CONTROL_SECTORS + UPDATE_SLOTS * std::uint64_t{32};
constexpr std::uint32_t RESTARTS = 1000;
constexpr std::uint32_t SAMGRD = 1;
constexpr std::uint32_t UPDATED = 5;
constexpr std::uint64_t VERSION = 7, MAYFLYS = 9;
constexpr task_limits WITH_WINDOWS = {640, 0, 2, 16, 63};

// The truth, one for each run; what outlives a boot.
struct ledger {
    std::uint32_t boot = 0;
    std::uint64_t floor = 0;
    bool floor_is_away = false;
    bool is_over = false;     // Who disturbs ends now.
    std::uint32_t loads = 0;  // Of execd, in this boot.
    std::uint32_t confirmations = 0;
};

ledger truth;

// Over all runs.
struct totals {
    std::uint64_t refused, answered, flooded, full, visits, updateds;
} sum;

// What runs is well, says the client of that name.
bytes system_of(std::uint64_t version, std::uint8_t seed = 1) {
    bytes made = update_test::system_of(version, 2, seed);
    system_header header;
    std::memcpy(&header, made.data(), sizeof(header));
    header.health = id_of("health");
    std::memcpy(made.data(), &header, sizeof(header));
    bundle_program app{};
    std::strcpy(app.name, "app");
    app.service_id = program_id_of("app", 3);
    std::memcpy(&made[SYSTEM_PAGE_BYTES + sizeof(bundle_header)], &app, sizeof(app));
    system_hash(&made[SYSTEM_PAGE_BYTES], header.payload_bytes, header.hash);
    std::memcpy(made.data(), &header, sizeof(header));
    update_test::sign(made, update_test::key_of(seed));
    return made;
}

// The boot image as updated sees it: the key.
const void *key_image() {
    static std::uint64_t words[2 * BOOT_IMAGE_ALIGN / sizeof(std::uint64_t)];
    auto *image = reinterpret_cast<std::uint8_t *>(words);
    const system_key key = update_test::key_of(1).open;
    boot_image_header header{};
    boot_image_entry entry{};
    header.magic = BOOT_IMAGE_MAGIC;
    header.entry_count = 1;
    std::strcpy(entry.name, UPDATE_KEY_NAME);
    entry.kind = BOOT_IMAGE_DATA;
    entry.offset = BOOT_IMAGE_ALIGN;
    entry.bytes = sizeof(key.bytes);
    std::memcpy(image, &header, sizeof(header));
    std::memcpy(image + sizeof(header), &entry, sizeof(entry));
    std::memcpy(image + BOOT_IMAGE_ALIGN, key.bytes, sizeof(key.bytes));
    return image;
}

struct service_double {
    ipc_server server;
    std::uint8_t value[8];
};

wire_status on_get(void *state, ipc_exchange *exchange) {
    auto *made = static_cast<service_double *>(state);
    auto *message = static_cast<state_message *>(exchange->message);
    if (truth.floor_is_away) {
        return WIRE_UNAVAILABLE;
    }
    sim_user_work(sim_user_random(8) == 0 ? 200000 : 1);
    if (truth.floor == 0) {
        return WIRE_ABSENT;
    }
    wire_writer writer = wire_writer_of(made->value, sizeof(made->value));
    wire_put_u64(&writer, truth.floor);
    message->value = {made->value, sizeof(made->value)};
    return WIRE_OK;
}

wire_status on_put(void *, ipc_exchange *exchange) {
    const auto *message = static_cast<const state_message *>(exchange->message);
    if (truth.floor_is_away) {
        return WIRE_UNAVAILABLE;
    }
    EXPECT_EQ(message->value.count, 8u);
    wire_reader reader = wire_reader_of(message->value.data, message->value.count);
    const std::uint64_t floor = wire_get_u64(&reader);
    EXPECT_GE(floor, truth.floor);
    truth.floor = floor;
    return WIRE_OK;
}

wire_status on_load(void *, ipc_exchange *exchange) {
    EXPECT_NE(exchange->came.value, std::uint64_t{CAP_SLOT_NONE});
    truth.loads++;
    return WIRE_OK;
}

wire_status on_start(void *, ipc_exchange *exchange) {
    const auto *message = static_cast<const exec_message *>(exchange->message);
    EXPECT_EQ(message->program, program_id_of("app", 3));
    return WIRE_OK;
}

wire_status on_other(void *, ipc_exchange *) {
    return WIRE_ABSENT;
}

// Of a double that has no other operation than these.
std::vector<ipc_row> rows_with(std::uint32_t last,
                               const std::vector<std::pair<std::uint32_t, ipc_handler *>> &own) {
    std::vector<ipc_row> rows(last + 1, ipc_row{on_other, nullptr});
    rows[0] = {};
    for (const auto &[op, handler] : own) {
        rows[op].call = handler;
    }
    return rows;
}

void run_double(user &self, const char *name, const char *ready, const wire_protocol_rows &protocol,
                const std::vector<ipc_row> &rows) {
    runtime made = runtime_of(self);
    ipc_service description{};
    description.name = name;
    description.ready = ready;
    description.protocol = &protocol;
    description.rows = rows.data();
    description.row_count = static_cast<std::uint32_t>(rows.size());
    service_double state{};
    sys_task_exit(
        static_cast<std::uint64_t>(ipc_serve(&state.server, &made, &description, &state)));
}

void run_statefsd(user &self) {
    static const std::vector<ipc_row> rows =
        rows_with(STATE_OP_STATS, {{STATE_OP_PUT, on_put}, {STATE_OP_GET, on_get}});
    run_double(self, "statefsd", MARKER_STATEFSD_READY, state_rows, rows);
}

void run_execd(user &self) {
    static const std::vector<ipc_row> rows =
        rows_with(EXEC_OP_STATS, {{EXEC_OP_START, on_start}, {EXEC_OP_LOAD, on_load}});
    run_double(self, "execd", MARKER_EXECD_READY, exec_rows, rows);
}

void run_virtioblkd(user &self) {
    runtime made = runtime_of(self);
    sys_task_exit(static_cast<std::uint64_t>(virtioblkd_main(&made, nullptr)));
}

void run_updated(user &self) {
    sum.updateds++;
    runtime made = runtime_of(self);
    sys_task_exit(static_cast<std::uint64_t>(updated_main(&made, key_image())));
}

struct update_client : caller {
    explicit update_client(user &self) : caller(self, slot_at(OWN)), self(self) {
        EXPECT_EQ(ipc_ready(&made), STATUS_OK);
    }

    ipc_error ask(update_op op, update_message *message, bool manages,
                  slot carried = slot_at(CAP_SLOT_NONE), std::uint64_t patience_us = PATIENCE_US) {
        ipc_question asked{};
        asked.target = service_id_named("updated");
        asked.protocol = &update_rows;
        asked.deadline.ns = in_us(patience_us);
        asked.carried = carried;
        message->header.op = static_cast<std::uint8_t>(op);
        return (manages ? ipc_manage(&client, &asked, message) : ipc_ask(&client, &asked, message))
            .error;
    }

    struct wanted {
        wire_status status;
        update_result result;
    };

    // One answer, and what it says.
    update_message expect(update_op op, update_message message, wanted what, bool manages = true,
                          slot carried = slot_at(CAP_SLOT_NONE)) {
        EXPECT_EQ(ask(op, &message, manages, carried), IPC_OK) << "operation " << op;
        EXPECT_EQ(int{message.header.status}, int{what.status}) << "operation " << op;
        if (what.status == WIRE_OK) {
            EXPECT_EQ(int{message.result}, int{what.result})
                << "operation " << op << ": "
                << update_result_text(static_cast<update_result>(message.result));
        }
        return message;
    }

    update_message status() {
        return expect(UPDATE_OP_STATUS, {}, {WIRE_OK, UPDATE_OK}, false);
    }

    update_message slot_of(std::uint8_t number) {
        update_message message{};
        message.slot = number;
        return expect(UPDATE_OP_SLOT, message, {WIRE_OK, UPDATE_OK}, false);
    }

    // Memory with those bytes in it, sealed or not.
    slot memory_with(const bytes &content, bool sealed = true) {
        bulk_window window{};
        slot sent = slot_at(CAP_SLOT_NONE);
        EXPECT_EQ(bulk_window_create(&window, slot_at(FACTORY), content.size()), BULK_OK);
        std::memcpy(window.bytes, content.data(), content.size());
        if (sealed) {
            EXPECT_EQ(bulk_seal(&window, &sent), BULK_OK);
        } else {
            EXPECT_EQ(bulk_window_share(&window, &sent), BULK_OK);
            bulk_window_close(&window);
        }
        return sent;
    }

    void stage(const bytes &content, std::uint8_t number, update_result result,
               std::uint64_t less = 0) {
        update_message message{};
        message.slot = number;
        message.bytes = content.size() - less;
        expect(UPDATE_OP_STAGE, message, {WIRE_OK, result}, true, memory_with(content));
    }

    void switch_to(std::uint8_t number, std::uint8_t tries, update_result result) {
        update_message message{};
        message.slot = number;
        message.tries = tries;
        expect(UPDATE_OP_SWITCH, message, {WIRE_OK, result});
    }

    user &self;
};

void pause_us(std::uint64_t us) {
    EXPECT_EQ(sys_ipc_recv(slot_at(OWN), in_us(us)).status, STATUS_TIMED_OUT);
}

void test_reject_bundles(update_client &boss) {
    bytes system = system_of(VERSION);
    update_message message{};
    message.bytes = system.size();
    boss.expect(UPDATE_OP_STAGE, message, {WIRE_MALFORMED, UPDATE_OK});  // No memory came.
    boss.expect(UPDATE_OP_STAGE, message, {WIRE_MALFORMED, UPDATE_OK}, true,
                boss.memory_with(system, false));
    boss.stage(system, 2, UPDATE_NO_SUCH_SLOT);
    boss.stage(system, 0, UPDATE_BAD_RANGE, SYSTEM_PAGE_BYTES);
    boss.stage(system, 0, UPDATE_BAD_RANGE, 1);
    boss.stage(system_of(VERSION, 2), 0, UPDATE_WRONG_KEY);
    system[SYSTEM_PAGE_BYTES + 100] ^= 1;
    boss.stage(system, 0, UPDATE_BAD_CONTENTS);
    system[0] ^= 1;
    boss.stage(system, 0, UPDATE_BAD_HEADER);
    EXPECT_EQ(int{boss.slot_of(0).state}, int{UPDATE_SLOT_EMPTY});
}

void test_reject_order(update_client &boss) {
    boss.switch_to(0, 1, UPDATE_NOT_STAGED);
    boss.switch_to(0, 0, UPDATE_BAD_TRIES);
    boss.switch_to(0, UPDATE_TRIES_MAX + 1, UPDATE_BAD_TRIES);
    boss.switch_to(2, 1, UPDATE_NO_SUCH_SLOT);
    boss.expect(UPDATE_OP_ROLL_BACK, {}, {WIRE_OK, UPDATE_NO_TRIAL});
    boss.expect(UPDATE_OP_CONFIRM, {}, {WIRE_DENIED, UPDATE_OK}, false);
    update_message message{};
    message.slot = 2;
    boss.expect(UPDATE_OP_SLOT, message, {WIRE_ABSENT, UPDATE_OK}, false);
    truth.floor_is_away = true;
    boss.stage(system_of(VERSION), 0, UPDATE_NO_FLOOR);
    truth.floor_is_away = false;
}

// Asks again until an instance answers; what it says is the same each time.
void expect_restart(update_client &boss, std::uint8_t running, std::uint8_t next) {
    end_service(boss.self, OPERATOR, "updated");
    update_message message{};
    ipc_error error = IPC_REJECTED;
    for (int i = 0; i < 20 && error != IPC_OK; i++) {
        message = {};
        error = boss.ask(UPDATE_OP_STATUS, &message, false);
    }
    EXPECT_EQ(error, IPC_OK);
    EXPECT_EQ(int{message.slot}, int{running});
    EXPECT_EQ(int{message.next}, int{next});
}

void first_boot(update_client &boss) {
    EXPECT_EQ(int{boss.status().slot}, int{UPDATE_SLOT_NONE});
    test_reject_order(boss);
    test_reject_bundles(boss);
    expect_restart(boss, UPDATE_SLOT_NONE, UPDATE_SLOT_NONE);
    boss.stage(system_of(VERSION), 0, UPDATE_OK);
    boss.switch_to(0, 2, UPDATE_OK);
    expect_restart(boss, UPDATE_SLOT_NONE, 0);  // This boot has chosen.
    EXPECT_EQ(boss.slot_of(0).version, VERSION);
    EXPECT_EQ(truth.loads, 0u);
    EXPECT_EQ(truth.floor, 0u);
    truth.is_over = true;
    pause_us(20000);
    boss.expect(UPDATE_OP_REBOOT, {}, {WIRE_OK, UPDATE_OK});
    pause_us(1000000);
    ADD_FAILURE() << "the system goes on";
}

void second_boot(update_client &boss) {
    const update_message found = boss.status();
    EXPECT_EQ(int{found.slot}, 0);
    EXPECT_EQ(int{found.trial}, 1);
    EXPECT_EQ(found.version, VERSION);
    boss.switch_to(1, 1, UPDATE_ON_TRIAL);
    boss.stage(system_of(VERSION), 0, UPDATE_SLOT_RUNS);
    boss.expect(UPDATE_OP_CONFIRM, {}, {WIRE_DENIED, UPDATE_OK}, false);
    EXPECT_EQ(truth.floor, 0u);
    expect_restart(boss, 0, 0);
    truth.boot++;  // From now on the health program confirms.
    for (int i = 0; i < 500 && truth.confirmations == 0; i++) {
        pause_us(1000);
    }
    EXPECT_EQ(truth.confirmations, 1u);
    EXPECT_EQ(truth.floor, VERSION);
    boss.stage(system_of(VERSION - 1), 1, UPDATE_BELOW_FLOOR);
    expect_restart(boss, 0, UPDATE_SLOT_NONE);
    EXPECT_EQ(int{boss.status().trial}, 0);
    EXPECT_EQ(int{boss.status().current}, 0);
    EXPECT_GE(truth.loads, 3u);
    truth.is_over = true;
    pause_us(20000);
}

void run_boss(user &self) {
    update_client boss(self);
    truth.boot == 1 ? first_boot(boss) : second_boot(boss);
}

void run_health(user &self) {
    update_client made(self);
    for (int i = 0; i < 20000 && !truth.is_over; i++) {
        pause_us(1000);
        update_message message{};
        if (truth.boot == 3 && truth.confirmations == 0 &&
            made.ask(UPDATE_OP_CONFIRM, &message, false) == IPC_OK &&
            message.header.status == WIRE_OK) {
            EXPECT_EQ(int{message.result}, int{UPDATE_OK});
            truth.confirmations++;
        }
    }
}

// Requests that are none, and of what it may not. Each is answered, and none is carried out.
void run_stranger(user &self) {
    runtime made = runtime_of(self);
    EXPECT_EQ(ipc_ready(&made), STATUS_OK);
    frames source{1 + sim_user_random(1000000)};
    for (std::uint32_t i = 0; i < FRAMES && !truth.is_over; i++) {
        const auto kind = static_cast<frame_kind>(sim_user_random(FRAME_KIND_COUNT));
        const std::uint32_t op = sim_user_random(UPDATE_OP_STATS);
        frames_put(&source, &update_rows, op, kind, &self.page->call_out);
        const bool refused = kind != FRAME_RIGHT && kind != FRAME_NOISE;
        if (sys_ipc_call(slot_at(DIRECT), in_us(PATIENCE_US)).status != STATUS_OK) {
            pause_us(500);  // Between two instances.
            continue;
        }
        update_message answer{};
        if (update_decode_area(WIRE_REPLY, &self.page->reply_in, &answer) != WIRE_OK) {
            EXPECT_TRUE(refused || kind == FRAME_NOISE);  // Or its header alone is.
        } else if (refused) {
            EXPECT_NE(int{answer.header.status}, int{WIRE_OK}) << "kind " << kind;
        } else if (answer.header.op >= UPDATE_OP_STAGE && answer.header.op <= UPDATE_OP_REBOOT) {
            EXPECT_NE(int{answer.header.status}, int{WIRE_OK}) << "kind " << kind;
        }
        (refused ? sum.refused : sum.answered)++;
    }
}

// More than the queue takes, and nobody waits for it.
void run_flood(user &self) {
    runtime made = runtime_of(self);
    EXPECT_EQ(ipc_ready(&made), STATUS_OK);
    update_message message{};
    message.header.op = UPDATE_OP_STATUS;
    for (std::uint32_t i = 0; i < FLOOD && !truth.is_over; i++) {
        message_area &out = self.page->call_out;
        frame_finish(&out, WIRE_PROTOCOL_UPDATE,
                     update_encode(WIRE_REQUEST, &message, out.payload, sizeof(out.payload)));
        (sys_ipc_send(slot_at(DIRECT), 0).status == STATUS_OK ? sum.flooded : sum.full)++;
    }
}

// Dies with a bundle under way, again and again.
void run_mayfly(user &self) {
    update_client made(self);
    static const bytes system = system_of(MAYFLYS);  // It is abandoned with what it owns.
    update_message message{};
    sum.visits++;
    message.slot = 1;
    message.bytes = system.size();
    pause_us(1 + sim_user_random(2000));
    (void)made.ask(UPDATE_OP_STAGE, &message, true, made.memory_with(system),
                   1 + sim_user_random(3000));
    sys_task_exit(1);
}

manifest_grant direct(std::uint32_t rights) {
    return {MANIFEST_GRANT_ROUTE, DIRECT, rights, UPDATED, 0};
}

std::vector<manifest_grant> of_client(std::vector<manifest_grant> more = {}) {
    more.insert(more.end(), {console(), to_init(), receives(OWN), route_to(SLOT_SAMGRD, SAMGRD)});
    return more;
}

void add_services(boot_view &view) {
    const manifest_grant memory = {MANIFEST_GRANT_ENDPOINT, SLOT_ENDPOINT,
                                   RIGHT_RECV | MANIFEST_ACCEPT_CAPS, 0, 0};
    add_routing(view, 0);
    view.service("virtioblkd", 0, 0,
                 {console(),
                  to_init(),
                  memory,
                  {MANIFEST_GRANT_DEVICE, SLOT_FIRST_OWN, RIGHTS_DEVICE, DEVICE_ID_BLOCK,
                   DEVICE_ARENA_PAGES_MAX}},
                 WITH_WINDOWS);
    view.service("statefsd", 0, 0, {console(), to_init(), receives(SLOT_ENDPOINT)});
    view.service("execd", 0, 0, {console(), to_init(), memory});
    view.service(
        "updated", 0, RESTARTS,
        {console(),
         to_init(),
         memory,
         {MANIFEST_GRANT_FACTORY, UPDATED_SLOT_FACTORY, RIGHT_MAKE_VMO, MANIFEST_HART_ANY, 0},
         {MANIFEST_GRANT_IMAGE, UPDATED_SLOT_IMAGE, RIGHT_READ, 0, 0},
         {MANIFEST_GRANT_ROUTE, UPDATED_SLOT_WATCH, RIGHT_CALL, MANIFEST_TARGET_INIT,
          INIT_BADGE_WATCHER},
         route_to(SLOT_SAMGRD, SAMGRD)},
        WITH_WINDOWS);
    view.argument(60000);
}

void fill(boot_view &view) {
    const manifest_grant factory = {MANIFEST_GRANT_FACTORY, FACTORY, RIGHT_MAKE_VMO,
                                    MANIFEST_HART_ANY, 0};
    add_services(view);
    view.service("stranger", 0, 0, of_client({direct(RIGHT_CALL)}));
    view.service("flood", 0, 0, of_client({direct(RIGHT_SEND)}));
    view.service("mayfly", 0, 20, of_client({factory}));
    view.service("health", 0, 0, of_client());
    view.service("boss", MANIFEST_FINAL, 0, of_client({factory, operates_by(OPERATOR)}));
    std::vector<policy_row> rows = {allow("updated", POLICY_MANAGE, "execd")};
    for (const char *called : {"virtioblkd", "statefsd", "execd"}) {
        rows.push_back(allow("updated", POLICY_CALL, called));
    }
    for (const char *name : {"boss", "mayfly", "health"}) {
        rows.push_back(allow(name, POLICY_CALL, "updated"));
    }
    rows.push_back(allow("boss", POLICY_MANAGE, "updated"));
    rows.push_back(allow("mayfly", POLICY_MANAGE, "updated"));
    view.policy(sorted(rows));
}

// init is abandoned when it has the machine started anew.
void run_init(user &self) {
    static std::unique_ptr<boot_view> view;
    view = std::make_unique<boot_view>();
    fill(*view);
    run_system(self, *view);
}

// Two boots of one disk.
void run_one(sim_machine &machine, std::uint32_t harts, std::uint64_t seed) {
    sim_devices::disk_image image(SECTORS);
    sim_devices::machine_blk blk(&image);
    truth = {};
    for (truth.boot = 1; truth.boot <= 2;) {
        const std::uint32_t boot = truth.boot;
        sim_options options = machine.options(run_init, harts, seed * 2 + boot);
        options.fault_rate[FAULT_POINT_SLOW_PATH] = seed % 2 == 0 ? 65536 : 0;
        options.native = true;
        options.page_count = 5120;
        options.step_max = 3000000;
        options.arena_pages = DEVICE_ARENA_PAGES_MAX;
        options.model = blk.model();
        truth.loads = 0;
        truth.is_over = false;
        sim_boot(&options);
        (void)blk.power_on(seed, {});
        sim_result result{};
        sim_run(&options, &result);
        EXPECT_EQ(result.end, SIM_POWER_OFF) << result.message << "\n" << sim_console();
        EXPECT_STREQ(result.message, boot == 1 ? "reboot" : "power off");
        blk.power_cut();
        truth.boot = boot + 1;
        if (testing::Test::HasFailure()) {
            std::printf("%s", sim_console());
            return;
        }
    }
}

TEST(UpdatedSim, two_boots_with_strangers_floods_and_ends) {
    sim_machine machine;
    machine.program("policyd", run_policyd);
    machine.program("samgrd", run_samgrd);
    machine.program("virtioblkd", run_virtioblkd);
    machine.program("statefsd", run_statefsd);
    machine.program("execd", run_execd);
    machine.program("updated", run_updated);
    machine.program("stranger", run_stranger);
    machine.program("flood", run_flood);
    machine.program("mayfly", run_mayfly);
    machine.program("health", run_health);
    machine.program("boss", run_boss);
    for (const std::uint32_t harts : {1, 2, 4}) {
        for (std::uint64_t seed = 1; seed <= SEEDS && !HasFailure(); seed++) {
            SCOPED_TRACE("harts " + std::to_string(harts) + ", seed " + std::to_string(seed));
            run_one(machine, harts, seed);
        }
    }
    std::printf(
        "%llu requests refused, %llu not; %llu sent, %llu not; %llu mayflies; updated started %llu "
        "times\n",
        static_cast<unsigned long long>(sum.refused), static_cast<unsigned long long>(sum.answered),
        static_cast<unsigned long long>(sum.flooded), static_cast<unsigned long long>(sum.full),
        static_cast<unsigned long long>(sum.visits), static_cast<unsigned long long>(sum.updateds));
    EXPECT_GE(sum.refused, 1000u);
    EXPECT_GE(sum.answered, 300u);
    EXPECT_GE(sum.full, 100u);
    EXPECT_GE(sum.visits, 50u);
    EXPECT_GE(sum.updateds, 100u);
}

}  // namespace
