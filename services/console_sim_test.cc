// services/console_sim_test.cc: the real console with the real init, policyd, samgrd, logd and echo
// in simulation: bytes come to the receiver, lines come out, on 1, 2 and 4 harts and many seeds.
#include <gtest/gtest.h>

#include <string>

#include "kernel/abi/manifest.h"
#include "services/console/service.h"
#include "services/echo/service.h"
#include "services/init/service.h"
#include "services/policyd/service.h"
#include "services/samgrd/service.h"
#include "testing/sim/machine.h"
#include "testing/sim/system.h"

namespace {

using namespace simtest;

constexpr std::uint32_t IMAGE_SLOT = SLOT_FIRST_OWN;  // The plan of services/console/shell.h.
constexpr std::uint32_t STATS_SLOT = IMAGE_SLOT + 1;
constexpr std::uint32_t FACTORY_SLOT = IMAGE_SLOT + 2;
constexpr std::uint32_t OPERATOR_SLOT = IMAGE_SLOT + 3;
constexpr std::uint32_t RESTARTS = 3;

void run_echo(user &self) {
    runtime made = runtime_of(self);
    sys_task_exit(static_cast<std::uint64_t>(echo_main(&made)));
}

void run_console(user &self) {
    runtime made = runtime_of(self);
    sys_task_exit(static_cast<std::uint64_t>(console_main(&made, image_of_run)));
}

// With `badge` 0 it is no operator. Who manages may ask policyd, and not echo.
void run_shell_system(user &self, std::uint64_t badge, bool manages) {
    boot_view view;
    add_routing(view, 3);
    view.service("echo", 0, RESTARTS, {console(), to_init(), receives(SLOT_ENDPOINT)});
    view.service("logd", 0, 1, {console(), to_init(), receives(SLOT_ENDPOINT)});
    view.service("console", MANIFEST_FINAL, RESTARTS,
                 {console(),
                  to_init(),
                  receives(SLOT_ENDPOINT),
                  {MANIFEST_GRANT_IMAGE, IMAGE_SLOT, RIGHT_READ, 0, 0},
                  {MANIFEST_GRANT_STATS, STATS_SLOT, RIGHT_STATS_READ | RIGHT_STATS_TRACE, 0, 0},
                  {MANIFEST_GRANT_FACTORY, FACTORY_SLOT, RIGHT_MAKE_ENDPOINT, MANIFEST_HART_ANY, 0},
                  {MANIFEST_GRANT_ROUTE, OPERATOR_SLOT, RIGHT_CALL, MANIFEST_TARGET_INIT, badge},
                  route_to(SLOT_SAMGRD, 1)});
    std::vector<policy_row> rows = {allow("console", POLICY_CALL, "logd")};
    if (manages) {
        rows.push_back(allow("console", POLICY_CALL, "policyd"));
        rows.push_back(allow("console", POLICY_MANAGE, "policyd"));
    } else {
        rows.push_back(allow("console", POLICY_CALL, "echo"));
    }
    view.policy(sorted(rows));
    run_system(self, view);
}

// Types it, on every machine; what the last one showed.
std::string typed(const char *bytes, std::uint64_t badge = INIT_BADGE_OPERATOR,
                  bool manages = false) {
    sim_machine machine;
    machine.program("policyd", run_policyd);
    machine.program("samgrd", run_samgrd);
    machine.program("logd", run_logd);
    machine.program("echo", run_echo);
    machine.program("console", run_console);
    machine.input(bytes);
    machine.run([=](user &self) { run_shell_system(self, badge, manages); });
    return sim_console();
}

// The texts come in that order.
void expect_lines(const std::string &shown, std::initializer_list<const char *> texts) {
    std::size_t at = 0;
    for (const char *text : texts) {
        at = shown.find(text, at);
        ASSERT_NE(at, std::string::npos) << "missing: " << text << "\nin:\n" << shown;
        at++;
    }
}

TEST(ConsoleSim, calls_a_service_that_is_ended_in_between) {
    expect_lines(
        typed("cal\tech\tEC\tval\t7\rkill echo\rcall echo ECHO value=8\rstats echo\rps\rexit\r"),
        {"console: ready\n", "init: ready\n", "\n  OK by route resolved\n",
         "\n  value           7\n", "\n  echo ends\n", "\n  OK by ", "\n  value           8\n",
         "\n  calls ", "\n  ECHO ", "\n  init ", "\n  console ", "tessera> exit\n"});
}

TEST(ConsoleSim, is_started_again_itself) {
    expect_lines(typed("kill console\rhelp\r\x04"),
                 {"console: ready\n", "console: ready #2\n", "tessera> help\n", "^D\n"});
}

TEST(ConsoleSim, what_policy_denies_is_in_the_journal) {
    expect_lines(typed("call policyd STATS\rlog audit\rroutes\rexit\r"),
                 {"\n  policyd: denied: policy does not allow it\n", " audit ",
                  "denied console call policyd", "\n  policyd ", "DENIED"});
}

TEST(ConsoleSim, asks_the_next_instance_of_samgrd) {
    expect_lines(typed("call samgrd STATS\rkill samgrd\rcall samgrd STATS\rexit\r"),
                 {"\n  OK by route resolved\n", "\n  services ", "\n  samgrd ends\n",
                  "\n  OK by route lost and resolved again\n", "\n  services "});
}

TEST(ConsoleSim, shows_what_policyd_has_learned) {
    expect_lines(
        typed("policy\rpolicy learn\rcall echo ECHO value=7\rpolicy\rpolicy deny\r"
              "call echo ECHO value=8\rlog audit\rexit\r",
              INIT_BADGE_OPERATOR, true),
        {"\n  policy 0, allowed ", "\n  what no rule speaks of is denied; learned 0, ",
         "\n  policyd learns\n", "\n  value           7\n",
         "\n  LEARNING: ", "\n  allow console call echo  # 1 times\n",
         "\n  policyd denies; what it had learned is taken back\n", "\n  echo: denied",
         "learning on by console", "learned console call echo", "learning off by console"});
}

TEST(ConsoleSim, shows_what_its_routes_went_through) {
    expect_lines(typed("call echo ECHO value=7\rcall policyd STATS\rsteps\rsteps echo\r"
                       "steps logd on\rsteps logd up\rexit\r"),
                 {"\n  OK by route resolved\n", " US TO ", " echo ", " call ",
                  "WANTED: UNBOUND, then RESOLVING\n", "RESOLVED: RESOLVING, then BOUND\n",
                  "ok, miss\n", " policyd ", "REFUSED: RESOLVING, then DENIED\n", "denied, miss\n",
                  "\n  echo answers ABSENT", "\n  logd: denied", "\n  usage: steps"});
}

// What policyd tells logd of a denial goes through a route of the manifest, and is seen like all.
TEST(ConsoleSim, asks_to_manage_with_the_badge_for_it) {
    expect_lines(typed("steps policyd on\rcall echo ECHO value=7\rsteps policyd\rroutes policyd\r"
                       "steps console on\rexit\r",
                       INIT_BADGE_OPERATOR, true),
                 {"\n  hits of policyd are traced too", "\n  echo: denied", " logd ", " send ",
                  "RESOLVED: RESOLVING, then BOUND\n", "ok, miss\n", "\n  routes ",
                  "\n  console is not called by name"});
}

TEST(ConsoleSim, test_reject_learning_by_who_does_not_manage) {
    expect_lines(
        typed("policy learn\rpolicy up\rpolicy\rexit\r"),
        {"\n  policyd: denied: policy does not allow it\n", "\n  usage: policy [learn|deny]\n",
         "\n  policyd: denied: policy does not allow it\n"});
}

// Twice ended, of three restarts one is left.
TEST(ConsoleSim, shows_restarts_and_what_init_was_asked) {
    expect_lines(
        typed("kill echo\rcall echo ECHO value=7\rkill echo\rcall echo ECHO value=8\r"
              "stats init\rroutes init\rexit\r"),
        {"\n  value           8\n", "\n  calls ", "\n  READY ", "\n  STATE ", "\n  SERVICE ",
         "\n  policyd         up             1     1\n",
         "\n  echo            up             3     1   killed 0x0\n",
         "\n  console         up             1     3\n", "\n  ok: miss 2\n"});
}

TEST(ConsoleSim, test_reject_looking_at_init_by_who_is_no_operator) {
    const std::string shown =
        typed("stats init\rcall init STATE service=echo\rroutes init\rexit\r", 0);
    expect_lines(shown, {"\n  init answers DENIED", "\n  init answers DENIED",
                         "\n  init answers DENIED"});
    EXPECT_EQ(shown.find("\n  echo            up"), std::string::npos);
}

TEST(ConsoleSim, test_reject_end_by_who_is_no_operator) {
    const std::string shown = typed("kill echo\rexit\r", 0);
    expect_lines(shown, {"\n  init answers DENIED"});
    EXPECT_EQ(shown.find("init: exit echo"), std::string::npos);
}

TEST(ConsoleSim, test_reject_what_is_no_command) {
    expect_lines(typed("nonsense\r\"open\rcall echo\rcall echo NONE\rcall echo ECHO x=1\rkill x\r"
                       "stats x\rstats console\rlog loud\rtrace up\rtrace show 0\r\x80\xff\x1b[\r"
                       "exit\r"),
                 {"no command 'nonsense'", "a quote is not closed", "usage: call",
                  "echo has no operation 'NONE', but ECHO END", "ECHO of echo takes no 'x=1'",
                  "no service 'x'", "no service 'x'", "console is not called by name",
                  "no level 'loud'", "usage: trace", "a count is 1 to 64", "tessera> exit\n"});
}

}  // namespace
