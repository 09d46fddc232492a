// testing/system_sim/programs.cc: execd, the bundles, and the program of all of them.
#include "testing/system_sim/programs.h"

#include <cstring>

#include "ipc/server.h"
#include "services/execd/service.h"
#include "testing/sim/bundle_for_test.h"
#include "testing/system_sim/client.h"

namespace systemsim {

using namespace simtest;

program_ledger programs;

namespace {

constexpr std::uint32_t RESTARTS = 40;
constexpr std::uint32_t WORKER = 1;                     // Its place among the machine's programs.
constexpr task_limits OF_EXECD = {700, 8, 24, 24, 63};  // Eight programs, and what it needs itself.
constexpr task_limits MORE_THAN_EXECD = {4000, 0, 1, 1, 63};
constexpr std::uint32_t AT_ONCE = 4;

std::uint64_t program(const char *name) {
    return program_id_of(name, std::strlen(name));
}

policy_row may_start(const char *subject, const char *name) {
    return {id_of(subject), program(name), POLICY_START, 3};
}

std::vector<std::uint8_t> elf() {
    return bundle_test::small_elf(SIM_ENTRY_FIRST + std::uint64_t{4} * WORKER);
}

// Names rise. `pair` may run twice at one time; nobody may start `secret`; `vast` fits nowhere.
std::vector<std::uint64_t> make_bundle() {
    bundle_test::bundle made;
    made.add("pair", elf());
    made.add("secret", elf());
    made.add("usual", elf()).at_once = 2 * AT_ONCE;
    made.add("vast", elf()).limits =
        task_limits_pack(MORE_THAN_EXECD) | task_ceiling_pack(QOS_NORMAL);
    return made.bytes();
}

const std::vector<std::uint64_t> &bundle_words() {
    static const std::vector<std::uint64_t> words = make_bundle();
    return words;
}

std::vector<std::uint64_t> make_parcel(parcel what) {
    bundle_test::bundle made;
    std::vector<std::uint8_t> file = elf();
    if (what == PARCEL_BAD_IMAGE) {  // It begins behind its code.
        bundle_test::put<std::uint64_t>(file, bundle_test::ENTRY_AT, USER_IMAGE_MIN - 8);
    }
    made.add(what == PARCEL_KNOWN ? "usual" : "parcel", file);
    std::vector<std::uint64_t> words = made.bytes();
    if (what == PARCEL_CUT) {
        words.resize(words.size() / 2);
    }
    return words;
}

void run_execd(user &self) {
    runtime made = runtime_of(self);
    const std::vector<std::uint64_t> &words = bundle_words();
    execd_boot boot{reinterpret_cast<const std::uint8_t *>(words.data()), words.size() * 8, 0};
    std::uint64_t bytes = 0;
    expect(sim_program_find("bundle", &boot.offset, &bytes), "the image has no bundle");
    sys_task_exit(static_cast<std::uint64_t>(execd_main(&made, boot)));
}

void hang() {
    const slot_result place = sys_endpoint_create(slot_at(SLOT_FIRST_OWN));
    expect(place.status == STATUS_OK, "no endpoint for a program", place.status);
    for (;;) {  // Until it is killed.
        (void)sys_ipc_recv(place.slot, IPC_NEVER).received;
    }
}

void run_worker(user &self) {
    const auto argument = static_cast<std::uint32_t>(self.argument);
    const std::uint32_t number = argument / WORK_COUNT;
    program_truth &own = programs.of[number];
    own.begun++;
    expect(own.begun <= own.at_most, "a program runs that was not to be started", number);
    expect(own.instance == 0 || own.instance == self.instance, "started as another instance",
           self.instance);
    own.instance = self.instance;
    programs.number_of[self.instance] = number;
    const auto what = static_cast<work>(argument % WORK_COUNT);
    if (what == WORK_HANGS) {
        hang();
    }
    if (what == WORK_IS_BUSY) {
        sim_user_work(200000);
    }
    own.over = true;
    own.said = std::strlen(sim_console());
    own.logd_ends = truth.ends["logd"];
    if (what == WORK_CRASHES) {
        sim_user_store(8, number);
    }
    sys_task_exit(number);
}

}  // namespace

// One half, and of those on one, two and four harts each.
bool programs_in(std::uint64_t seed) {
    return seed / 8 % 2 == 0;
}

std::uint64_t programs_run() {
    std::uint64_t count = 0;
    for (const auto &[number, one] : programs.of) {
        count += one.begun;
    }
    return count;
}

const std::vector<std::uint64_t> &programs_parcel(parcel what) {
    static const std::vector<std::uint64_t> all[PARCEL_COUNT] = {
        make_parcel(PARCEL_GOOD), make_parcel(PARCEL_CUT), make_parcel(PARCEL_BAD_IMAGE),
        make_parcel(PARCEL_KNOWN)};
    return all[what];
}

void programs_add(sim_machine &machine) {
    const std::vector<std::uint64_t> &words = bundle_words();
    const auto *bytes = reinterpret_cast<const std::uint8_t *>(words.data());
    static const std::vector<std::uint8_t> file(bytes, bytes + words.size() * 8);
    machine.program("worker", run_worker);
    machine.program("execd", run_execd);
    machine.program("starter", run_starter);
    machine.program("fickle", run_fickle);
    machine.file("bundle", file);
}

void programs_serve(boot_view &view, std::uint32_t samgrd) {
    programs.there = true;
    truth.clients += 2;
    truth.victims.insert(truth.victims.end(), {"execd", "execd", "fickle"});
    const manifest_grant makes_windows = {MANIFEST_GRANT_FACTORY, OWN + 1, RIGHT_MAKE_VMO,
                                          MANIFEST_HART_ANY, 0};
    view.service("execd", 0, RESTARTS,
                 {console(),
                  to_init(),
                  {MANIFEST_GRANT_ENDPOINT, SLOT_ENDPOINT, RIGHT_RECV | MANIFEST_ACCEPT_CAPS, 0, 0},
                  {MANIFEST_GRANT_FACTORY, EXECD_SLOT_FACTORY, RIGHTS_FACTORY & ~RIGHT_MAKE_GRANT,
                   MANIFEST_TARGET_PROGRAMS, 0},
                  {MANIFEST_GRANT_IMAGE, EXECD_SLOT_IMAGE, RIGHT_READ, 0, 0},
                  route_to(SLOT_SAMGRD, samgrd)},
                 OF_EXECD);
    view.service(
        "starter", 0, 0,
        {console(), to_init(), receives(OWN), makes_windows, route_to(SLOT_SAMGRD, samgrd)});
    view.service("fickle", 0, RESTARTS,
                 {console(), to_init(), receives(OWN), route_to(SLOT_SAMGRD, samgrd)});
}

void programs_allow(std::vector<policy_row> &always) {
    always.insert(always.end(),
                  {allow("execd", POLICY_CALL, "policyd"), allow("execd", POLICY_SEND, "logd"),
                   allow("starter", POLICY_CALL, "execd"), allow("starter", POLICY_MANAGE, "execd"),
                   allow("starter", POLICY_CALL, "logd"), allow("fickle", POLICY_CALL, "execd"),
                   allow("fickle", POLICY_CALL, "logd"), allow("judge", POLICY_CALL, "execd")});
}

void programs_allow_starts(std::vector<policy_row> &fair) {
    for (const char *starter : {"starter", "fickle"}) {
        for (const char *name : {"pair", "usual", "vast", "parcel"}) {
            fair.push_back(may_start(starter, name));
        }
    }
}

void programs_judge() {
    for (const auto &[number, one] : programs.of) {
        expect(one.begun <= one.at_most, "a program was started too often", number);
    }
}

}  // namespace systemsim
