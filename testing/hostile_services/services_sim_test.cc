// testing/hostile_services/services_sim_test.cc: strangers against the real services in simulation.
// What fails on the machine fails here by a seed, or is the hardware's. rngd is a double, without a
// device; the disk of statefsd, which keystored stands on, is memory.
#include <gtest/gtest.h>

#include <string>

#include "services/echo/service.h"
#include "services/keystored/service.h"
#include "services/metricsd/service.h"
#include "services/timed/service.h"
#include "testing/hostile_services/stranger.h"
#include "testing/sim/callers.h"
#include "testing/sim/machine.h"
#include "testing/sim/rngd_double.h"
#include "testing/sim/statefsd_on_memory.h"
#include "testing/sim/system.h"

namespace {

using namespace simtest;

constexpr std::uint32_t SERVICES = 8;             // That the bystander calls.
constexpr std::uint32_t LIVES = 2;                // Of each of two strangers.
constexpr task_limits SMALL = {96, 0, 2, 4, 63};  // All must fit the machine's memory.
constexpr std::uint32_t EVERYTHING = RIGHT_SEND | RIGHT_CALL | RIGHT_NOTIFY;

enum place : std::uint32_t {
    POLICYD,
    SAMGRD,
    LOGD,
    METRICSD,
    TIMED,
    ECHO,
    RNGD,
    STATEFSD,
    KEYSTORED,
    BYSTANDER
};

manifest_grant all_to(std::uint32_t slot, place target) {
    return {MANIFEST_GRANT_ROUTE, slot, EVERYTHING, target, 0};
}

manifest_grant accepts() {
    return {MANIFEST_GRANT_ENDPOINT, SLOT_ENDPOINT, RIGHT_RECV | MANIFEST_ACCEPT_CAPS, 0, 0};
}

template <int (*MAIN)(runtime *)>
void run_main(user &self) {
    runtime made = runtime_of(self);
    sys_task_exit(static_cast<std::uint64_t>(MAIN(&made)));
}

void run_keystored(user &self) {
    runtime made = runtime_of(self);
    sys_task_exit(
        static_cast<std::uint64_t>(keystored_main(&made, view("the secret of this device"))));
}

void run_stranger(user &self) {
    runtime made = runtime_of(self);
    if (stranger_live(&made) == STRANGER_CRASHES) {
        sim_user_illegal_instruction();
    }
}

void add_strangers(boot_view &view) {
    std::uint32_t number = 0;
    for (const char *name : {"stranger_a", "stranger_b"}) {
        view.service(name, 0, LIVES - 1,
                     {console(),
                      to_init(),
                      {MANIFEST_GRANT_ENDPOINT, SLOT_ENDPOINT, RIGHT_RECV | RIGHT_SEND, 0, 0},
                      // No memory: services would touch it at its address, and nothing is there.
                      {MANIFEST_GRANT_FACTORY, STRANGER_SLOT_FACTORY, RIGHT_MAKE_ENDPOINT,
                       MANIFEST_HART_ANY, 0},
                      {MANIFEST_GRANT_ROUTE, STRANGER_SLOT_REPORT, RIGHT_SEND, BYSTANDER, 0},
                      all_to(STRANGER_SLOT_FIRST, POLICYD),
                      all_to(STRANGER_SLOT_FIRST + 1, LOGD),
                      all_to(STRANGER_SLOT_FIRST + 2, METRICSD),
                      all_to(STRANGER_SLOT_FIRST + 3, TIMED),
                      all_to(STRANGER_SLOT_FIRST + 4, ECHO),
                      all_to(STRANGER_SLOT_FIRST + 5, RNGD),
                      all_to(STRANGER_SLOT_FIRST + 6, KEYSTORED),
                      all_to(STRANGER_SLOT_FIRST + 7, STATEFSD),
                      all_to(SLOT_SAMGRD, SAMGRD)},
                     sim_user_random(UINT32_MAX / 2) * 2 + number++);
    }
}

void run_init(user &self) {
    make_memory_of_run();
    boot_view view;
    add_routing(view, LOGD);
    view.service("logd", 0, 1, {console(), to_init(), accepts()});
    view.service("metricsd", 0, 1,
                 {console(), to_init(), accepts(), route_to(SLOT_SAMGRD, SAMGRD)});
    view.service("timed", 0, 1, {console(), to_init(), receives(SLOT_ENDPOINT)}, SMALL);
    view.service("echo", 0, 1, {console(), to_init(), receives(SLOT_ENDPOINT)}, SMALL);
    view.service("rngd", 0, 1, {console(), to_init(), receives(SLOT_ENDPOINT)}, SMALL);
    view.service("statefsd", 0, 1,
                 {console(), to_init(), receives(SLOT_ENDPOINT), route_to(SLOT_SAMGRD, SAMGRD)},
                 SMALL);
    view.service("keystored", 0, 1,
                 {console(),
                  to_init(),
                  receives(SLOT_ENDPOINT),
                  {MANIFEST_GRANT_FACTORY, KEYSTORED_SLOT_FACTORY, RIGHT_MAKE_ENDPOINT,
                   MANIFEST_HART_ANY, 0},
                  route_to(SLOT_SAMGRD, SAMGRD)},
                 SMALL);
    view.service("bystander", MANIFEST_FINAL, 0,
                 {console(), to_init(), receives(SLOT_ENDPOINT), route_to(SLOT_SAMGRD, SAMGRD)},
                 2 * LIVES << 8 | SERVICES);
    add_strangers(view);
    std::vector<policy_row> rows = {
        allow("metricsd", POLICY_CALL, "logd"), allow("keystored", POLICY_CALL, "rngd"),
        allow("keystored", POLICY_CALL, "statefsd"), allow("keystored", POLICY_SEND, "logd"),
        allow("statefsd", POLICY_CALL, "rngd")};
    for (const char *name :
         {"policyd", "logd", "metricsd", "timed", "echo", "rngd", "keystored", "statefsd"}) {
        rows.push_back(allow("bystander", POLICY_CALL, name));
    }
    view.policy(sorted(rows));
    run_system(self, view);
}

TEST(HostileServicesSim, a_bystander_notices_nothing_and_all_is_counted) {
    sim_machine machine;
    machine.program("policyd", run_policyd);
    machine.program("samgrd", run_samgrd);
    machine.program("logd", run_logd);
    machine.program("metricsd", run_main<metricsd_main>);
    machine.program("timed", run_main<timed_main>);
    machine.program("echo", run_main<echo_main>);
    machine.program("rngd", run_rngd_double);
    machine.program("statefsd", run_statefsd_on_memory);
    machine.program("keystored", run_keystored);
    machine.program("bystander", run_main<bystander_main>);
    machine.program("stranger_a", run_stranger);
    machine.program("stranger_b", run_stranger);
    machine.run(run_init);
    const std::string console = sim_console();
    for (const char *line : {"hostile_services: served ok\n", "hostile_services: counted ok\n",
                             "hostile_services: end\n"}) {
        EXPECT_NE(console.find(line), std::string::npos) << line << "in\n" << console;
    }
}

}  // namespace
