// testing/system_sim/world.cc: the manifest, the policies and the programs.
#include "testing/system_sim/world.h"

#include "services/metricsd/service.h"
#include "services/timed/service.h"
#include "testing/sim/system.h"
#include "testing/system_sim/client.h"
#include "testing/system_sim/entropy.h"
#include "testing/system_sim/programs.h"
#include "testing/system_sim/typist.h"

namespace systemsim {

using namespace simtest;

namespace {

enum place : std::uint32_t { POLICYD, SAMGRD, LOGD, METRICSD, TIMED };

constexpr std::uint32_t RESTARTS = 40;
constexpr std::uint32_t DOOMED_RESTARTS = 2;
constexpr std::uint64_t STEPS_MAX = 3000000;
constexpr std::uint32_t PAGES = 5120;  // 192 for each of the services, 700 for execd, and some.

manifest_grant ends_services() {
    return {MANIFEST_GRANT_ROUTE, OPERATOR, RIGHT_CALL, MANIFEST_TARGET_INIT, INIT_BADGE_OPERATOR};
}

void add_services(boot_view &view) {
    view.service("policyd", MANIFEST_CRITICAL, RESTARTS,
                 {console(),
                  to_init(),
                  receives(SLOT_ENDPOINT),
                  {MANIFEST_GRANT_FAMILY, POLICYD_SLOT_FAMILY, RIGHTS_GRANT, 0, 0},
                  {MANIFEST_GRANT_ROUTE, POLICYD_SLOT_LOGD, RIGHT_SEND, LOGD, 0}});
    view.service(
        "samgrd", MANIFEST_CRITICAL, RESTARTS,
        {console(), to_init(), receives(SLOT_ENDPOINT), route_to(SAMGRD_SLOT_POLICYD, POLICYD)});
    view.service("logd", 0, RESTARTS, {console(), to_init(), receives(SLOT_ENDPOINT)});
    view.service("metricsd", 0, RESTARTS,
                 {console(), to_init(), receives(SLOT_ENDPOINT), route_to(SLOT_SAMGRD, SAMGRD)});
    view.service("timed", 0, RESTARTS, {console(), to_init(), receives(SLOT_ENDPOINT)});
    view.service("sloth", 0, 100000,
                 {console(), to_init(), receives(SLOT_ENDPOINT), ends_services()});
    view.service("doomed", 0, DOOMED_RESTARTS, {console(), to_init()});
    entropy_add(view, RESTARTS);
}

void add_clients(boot_view &view) {
    for (const char *name : {"caller", "second", "asker", "writer", "sleeper"}) {
        view.service(entropy_stands_in(name), 0, 0,
                     {console(), to_init(), receives(OWN), route_to(SLOT_SAMGRD, SAMGRD)});
    }
    view.service(
        "reaper", 0, 0,
        {console(), to_init(), receives(OWN), ends_services(), route_to(SLOT_SAMGRD, SAMGRD)});
    view.service("judge", MANIFEST_FINAL, 0,
                 {console(), to_init(), receives(OWN), route_to(SLOT_SAMGRD, SAMGRD)});
}

void add_policies(boot_view &view, bool with_programs) {
    std::vector<policy_row> always = {
        allow("judge", POLICY_MANAGE, "policyd"), allow("metricsd", POLICY_CALL, "logd"),
        allow("writer", POLICY_CALL, "logd"), allow("sleeper", POLICY_CALL, "timed")};
    for (const char *name : {"policyd", "logd", "metricsd", "timed", "sloth"}) {
        always.push_back(allow("judge", POLICY_CALL, name));
    }
    if (with_programs) {
        programs_allow(always);
    }
    entropy_allow_always(always);
    typist_allow_always(always);
    std::vector<policy_row> fair = always;
    for (const char *name : {"caller", "second", "asker"}) {
        fair.push_back(allow(name, POLICY_CALL, "sloth"));
        fair.push_back(allow(name, POLICY_SEND, "sloth"));
    }
    if (with_programs) {
        programs_allow_starts(fair);
    }
    entropy_allow_fair(fair);
    typist_allow_fair(fair);
    view.policy(sorted(fair));
    view.policy(sorted(always));
}

void run_init(user &self, bool with_programs) {
    truth = ledger();
    truth.clients = CLIENTS;
    truth.victims = {"policyd", "samgrd", "logd", "metricsd", "timed", "sloth"};
    if (draws.there) {
        truth.victims.emplace_back("rngd");
    }
    programs = program_ledger();
    boot_view view;
    add_services(view);
    if (with_programs) {
        programs_serve(view, SAMGRD);
    }
    typist_add(view, SAMGRD, RESTARTS);
    add_clients(view);
    add_policies(view, with_programs);
    run_system(self, view);
}

template <int (*MAIN)(runtime *)>
void run_main(user &self) {
    runtime made = runtime_of(self);
    sys_task_exit(static_cast<std::uint64_t>(MAIN(&made)));
}

sim_machine &machine() {
    static sim_machine made;
    static bool filled = false;
    if (!filled) {
        filled = true;
        programs_add(made);
        made.program("policyd", run_policyd);
        made.program("samgrd", run_samgrd);
        made.program("logd", run_logd);
        made.program("metricsd", run_main<metricsd_main>);
        made.program("timed", run_main<timed_main>);
        made.program("sloth", run_sloth);
        made.program("doomed", [](user &) { sim_user_illegal_instruction(); });
        made.program("caller", run_caller);
        made.program("second", run_caller);
        made.program("asker", run_asker);
        made.program("writer", run_writer);
        made.program("sleeper", run_sleeper);
        made.program("reaper", run_reaper);
        made.program("judge", run_judge);
        made.program("rngd", run_rngd);
        made.program("drawer1", run_drawer);
        made.program("drawer2", run_drawer);
        made.program("console", run_console);
        made.program("typist", run_typist);
    }
    return made;
}

}  // namespace

void world_faults(std::uint64_t seed, sim_options *options) {
    if (seed % 5 == 3) {
        options->fault_rate[FAULT_POINT_LATE_IPI] = 1024;
        options->fault_rate[FAULT_POINT_SHORT_STEP] = 32768;
        options->fault_rate[FAULT_POINT_STAND_STILL] = 4096;
    }
}

sim_options world_options(std::uint64_t seed, std::uint32_t hart_count) {
    const bool with_programs = programs_in(seed);
    sim_options options = machine().options(
        [with_programs](user &self) { run_init(self, with_programs); }, hart_count, seed);
    options.fault_rate[FAULT_POINT_SLOW_PATH] = seed % 3 == 0 ? 8192 : 0;
    options.fault_rate[FAULT_POINT_SHORT_QUANTUM] = seed % 2 == 0 ? 16384 : 0;
    world_faults(seed, &options);
    options.page_count = PAGES;
    options.native = with_programs;  // execd looks at bundles that are brought.
    options.step_max = STEPS_MAX;
    return options;
}

void world_live(std::uint64_t seed, sim_options options, sim_result *result) {
    entropy_begin(seed, options);
    typist_begin(seed);
    sim_run(&options, result);
    world_judge(*result);
    entropy_judge();
}

}  // namespace systemsim
