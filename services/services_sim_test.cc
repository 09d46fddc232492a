// services/services_sim_test.cc: the real init and the real timed in simulation, with clients that
// sleep, give up and die, on 1, 2 and 4 harts and many seeds.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "ipc/frame.h"
#include "ipc/ready.h"
#include "ipc/timed_class.h"
#include "ipc/timed_client.h"
#include "ipc/wire/init_wire.h"
#include "kernel/abi/device.h"
#include "kernel/abi/manifest.h"
#include "services/init/service.h"
#include "services/timed/service.h"
#include "testing/sim/machine.h"
#include "testing/sim/system.h"

namespace {

using namespace simtest;

constexpr std::uint32_t ROUTE = SLOT_FIRST_OWN;
constexpr std::uint32_t RESTARTS = 2;
constexpr std::uint32_t ROUNDS = 12;
constexpr std::uint64_t PATIENCE_US = 1000000;
constexpr std::uint64_t LATE_NS_MAX = 100000;  // What timed may add to a window.

// Only a code other than 0 needs saying: a program's end is code 0.
void end_with(int code) {
    if (code != 0) {
        sys_task_exit(static_cast<std::uint64_t>(code));
    }
}

// init is abandoned when the machine goes down with it.
boot_view &fresh_view() {
    static std::unique_ptr<boot_view> view;
    view = std::make_unique<boot_view>();
    return *view;
}

// With what stands in the sleeper's place of its own, which else is the way to timed.
void run_init_with(user &self, const manifest_grant &sleepers, std::uint32_t restarts) {
    boot_view &view = fresh_view();
    view.service("timed", MANIFEST_CRITICAL, restarts,
                 {console(), to_init(), receives(SLOT_ENDPOINT)});
    view.service("sleeper", 0, RESTARTS, {console(), to_init(), sleepers});
    view.service("quitter", 0, RESTARTS, {console(), to_init(), route_to(ROUTE, 0)});
    view.service("judge", MANIFEST_FINAL, RESTARTS, {console(), to_init(), route_to(ROUTE, 0)});
    run_system(self, view);
}

void run_init(user &self) {
    run_init_with(self, route_to(ROUTE, 0), RESTARTS);
}

void run_timed(user &self) {
    struct runtime made = runtime_of(self);
    end_with(timed_main(&made));
}

timed_message wish(std::uint8_t op, std::uint64_t deadline_ns, timed_class laxity = TIMED_BURST) {
    timed_message request{};
    request.header.op = op;
    request.deadline_ns = deadline_ns;
    request.laxity = static_cast<std::uint8_t>(laxity);
    return request;
}

enum status ask(struct runtime *made, timed_message request, std::uint64_t call_deadline_ns,
                timed_message *out) {
    request.header.nonce.value = made->instance;
    return timed_call(made, slot_at(ROUTE), &request, call_deadline_ns, out);
}

// Sleeps again and again; sometimes its own deadline comes first.
void run_sleeper(user &self) {
    struct runtime made = runtime_of(self);
    EXPECT_EQ(ipc_ready(&made), STATUS_OK);
    for (std::uint32_t round = 0; round < ROUNDS; round++) {
        const std::uint64_t deadline_ns = in_us(1 + sim_user_random(300));
        const std::uint64_t patience_ns = in_us(1 + sim_user_random(2000));
        const timed_class laxity = sim_user_random(2) == 0 ? TIMED_BURST : TIMED_INTERACTIVE;
        timed_message reply{};
        const enum status status =
            ask(&made, wish(TIMED_OP_SLEEP, deadline_ns, laxity), patience_ns, &reply);
        const std::uint64_t now_ns = sys_clock_get();
        if (status == STATUS_OK) {
            EXPECT_EQ(reply.header.status, WIRE_OK);
            EXPECT_GE(reply.now_ns, deadline_ns) << "woken early";
            EXPECT_GE(now_ns, reply.now_ns);
        } else {
            EXPECT_EQ(status, STATUS_TIMED_OUT);
            EXPECT_GE(now_ns, patience_ns) << "gave up early";
        }
    }
}

// Gives up a sleep, and ends; init starts it again, twice.
void run_quitter(user &self) {
    struct runtime made = runtime_of(self);
    EXPECT_EQ(ipc_ready(&made), STATUS_OK);
    EXPECT_LE(runtime_start_number(&made), RESTARTS + 1);
    timed_message reply{};
    const timed_message sleep = wish(TIMED_OP_SLEEP, in_us(PATIENCE_US));
    EXPECT_EQ(ask(&made, sleep, in_us(50), &reply), STATUS_TIMED_OUT);
    sys_task_exit(7);
}

// Waits until nobody sleeps and the others have had their time; then every sleep was either woken
// or cancelled, and none is left.
void run_judge(user &self) {
    struct runtime made = runtime_of(self);
    EXPECT_EQ(ipc_ready(&made), STATUS_OK);
    timed_message reply{};
    const timed_message sleep = wish(TIMED_OP_SLEEP, in_us(200000));
    EXPECT_EQ(ask(&made, sleep, in_us(PATIENCE_US), &reply), STATUS_OK);
    EXPECT_EQ(ask(&made, wish(TIMED_OP_STATS, 0), in_us(PATIENCE_US), &reply), STATUS_OK);
    EXPECT_EQ(reply.sleepers, 0u);
    EXPECT_GE(reply.woken, 1u);
    EXPECT_LE(reply.cancelled, (RESTARTS + 1) * (ROUNDS + UINT64_C(1)));
    EXPECT_EQ(reply.overloaded, 0u);
    EXPECT_LT(reply.late_max_ns, LATE_NS_MAX) << "woken long after its window";
}

TEST(ServicesSim, init_and_timed_serve_clients_that_sleep_give_up_and_end) {
    sim_machine machine;
    machine.program("timed", run_timed);
    machine.program("sleeper", run_sleeper);
    machine.program("quitter", run_quitter);
    machine.program("judge", run_judge);
    machine.run(run_init);
    const std::string console = sim_console();
    for (const char *line :
         {"init: manifest 4 services\n", "init: start timed\n", "timed: ready\n",
          "init: up timed\n", "init: up quitter\n", "init: ready\n", "init: restart quitter #2\n",
          "init: exit quitter #3\n", "init: exit sleeper #1\n", "init: up judge\n"}) {
        EXPECT_NE(console.find(line), std::string::npos) << line << "in\n" << console;
    }
}

void run_ready(user &self) {
    struct runtime made = runtime_of(self);
    EXPECT_EQ(ipc_ready(&made), STATUS_OK);
}

// With one device for `sleeper`, found by its identifier.
body init_with_device(std::uint32_t id) {
    return [id](user &self) {
        run_init_with(self, {MANIFEST_GRANT_DEVICE, ROUTE, RIGHTS_DEVICE, id, 1}, RESTARTS);
    };
}

TEST(ServicesSim, init_gives_the_device_that_the_manifest_names) {
    sim_machine machine;
    machine.program("timed", run_timed);
    machine.program("sleeper", [](user &self) {
        query_result found = sys_cap_query(slot_at(ROUTE));
        EXPECT_EQ(cap_query_rights(found.kind_rights), static_cast<std::uint32_t>(RIGHTS_DEVICE));
        EXPECT_EQ(device_query_id(found.value), static_cast<std::uint32_t>(DEVICE_ID_BLOCK));
        EXPECT_EQ(sys_mmio_map(slot_at(ROUTE)).status, STATUS_OK);
        run_ready(self);
    });
    machine.program("quitter", run_ready);
    machine.program("judge", run_ready);
    machine.run(init_with_device(DEVICE_ID_BLOCK));
}

TEST(ServicesSim, test_reject_missing_device) {
    sim_machine machine;
    machine.program("timed", run_timed);
    machine.program("sleeper", [](user &) { ADD_FAILURE() << "started without its device"; });
    machine.program("quitter", run_ready);
    machine.program("judge", run_ready);
    sim_result result = machine.run_once(init_with_device(DEVICE_ID_CONSOLE), 2, 1);
    EXPECT_EQ(result.end, SIM_PANIC);  // init ends, so everything does.
    EXPECT_NE(std::string(sim_console()).find("cannot go on with sleeper: its device: BAD_ARG"),
              std::string::npos)
        << sim_console();
}

// The frame's type says the protocol; a payload that would be a request is none under another.
TEST(ServicesSim, test_reject_frame_of_another_type_at_init) {
    sim_machine machine;
    machine.program("timed", run_timed);
    machine.program("sleeper", run_ready);
    machine.program("quitter", run_ready);
    machine.program("judge", [](user &self) {
        struct runtime made = runtime_of(self);
        EXPECT_EQ(ipc_ready(&made), STATUS_OK);
        for (const wire_protocol type : {WIRE_PROTOCOL_INIT, WIRE_PROTOCOL_TIMED}) {
            init_message message{};
            message_area &out = self.page->call_out;
            message.header.op = INIT_OP_ROUTE;
            message.slot = ROUTE;
            frame_finish(&out, type,
                         init_encode(WIRE_REQUEST, &message, out.payload, sizeof(out.payload)));
            out.header.flags = FRAME_TAKE_CAP;
            EXPECT_EQ(sys_ipc_call(slot_at(SLOT_INIT), in_us(PATIENCE_US)).status, STATUS_OK);
            const message_area &in = self.page->reply_in;
            EXPECT_EQ(init_decode(WIRE_REPLY, in.payload, in.header.len, &message), WIRE_OK);
            const bool right = type == WIRE_PROTOCOL_INIT;
            EXPECT_EQ(message.header.status, right ? WIRE_OK : WIRE_MALFORMED);
            EXPECT_EQ(in.meta.slot != CAP_SLOT_NONE, right);
        }
    });
    machine.run(run_init);
}

// Asks init to watch the system, with the badge of its route; what init says.
wire_status watch(user &self, std::uint32_t slot, std::uint64_t within_ns) {
    init_message message{};
    message_area &out = self.page->call_out;
    message.header.op = INIT_OP_WATCH;
    message.within = within_ns;
    frame_finish(&out, WIRE_PROTOCOL_INIT,
                 init_encode(WIRE_REQUEST, &message, out.payload, sizeof(out.payload)));
    EXPECT_EQ(sys_ipc_call(slot_at(slot), in_us(PATIENCE_US)).status, STATUS_OK);
    const message_area &in = self.page->reply_in;
    EXPECT_EQ(init_decode(WIRE_REPLY, in.payload, in.header.len, &message), WIRE_OK);
    return static_cast<wire_status>(message.header.status);
}

// Whether init has the machine started anew; both it and the machine say so, or neither. `sleeper`
// has the badge; `judge` ends the system when its time is up.
bool reboots(const body &sleeper, const body &timed = run_timed) {
    sim_machine machine;
    machine.program("timed", timed);
    machine.program("sleeper", sleeper);
    machine.program("quitter", run_ready);
    machine.program("judge", [](user &self) {
        struct runtime made = runtime_of(self);
        timed_message reply{};
        EXPECT_EQ(ipc_ready(&made), STATUS_OK);
        const timed_message sleep = wish(TIMED_OP_SLEEP, in_us(200000));
        (void)ask(&made, sleep, in_us(PATIENCE_US), &reply);
    });
    const sim_result result = machine.run_once(
        [](user &self) {
            run_init_with(
                self,
                {MANIFEST_GRANT_ROUTE, ROUTE, RIGHT_CALL, MANIFEST_TARGET_INIT, INIT_BADGE_WATCHER},
                0);
        },
        2, 1);
    const std::string console = sim_console();
    const bool said =
        console.find("init: reboot\nkernel: reboot\nkernel: power off\n") != std::string::npos;
    EXPECT_EQ(result.end, SIM_POWER_OFF) << result.message << "\n" << console;
    EXPECT_EQ(std::string(result.message), said ? "reboot" : "power off") << console;
    return said;
}

TEST(ServicesSim, init_starts_the_machine_anew_unless_told_in_time) {
    EXPECT_TRUE(reboots([](user &self) {
        run_ready(self);
        EXPECT_EQ(watch(self, ROUTE, 5000000), WIRE_OK);
    }));
}

TEST(ServicesSim, init_goes_on_when_it_is_told) {
    EXPECT_FALSE(reboots([](user &self) {
        run_ready(self);
        EXPECT_EQ(watch(self, ROUTE, 50000000), WIRE_OK);
        EXPECT_EQ(watch(self, ROUTE, 0), WIRE_OK);
    }));
}

// What would be a failure is for the next boot to decide.
TEST(ServicesSim, init_starts_a_watched_machine_anew_when_it_fails) {
    EXPECT_TRUE(reboots(
        [](user &self) {
            run_ready(self);
            EXPECT_EQ(watch(self, ROUTE, UINT64_MAX), WIRE_OK);
        },
        [](user &self) {
            struct runtime made = runtime_of(self);
            EXPECT_EQ(ipc_ready(&made), STATUS_OK);
            EXPECT_NE(sys_ipc_recv(slot_at(SLOT_ENDPOINT), in_us(100000)).status, STATUS_BAD_CAP);
            EXPECT_NE(sys_ipc_recv(slot_at(SLOT_ENDPOINT), in_us(100000)).status, STATUS_BAD_CAP);
            sys_task_exit(1);
        }));
}

TEST(ServicesSim, test_reject_watch_without_the_badge) {
    EXPECT_FALSE(reboots([](user &self) {
        run_ready(self);
        EXPECT_EQ(watch(self, SLOT_INIT, 1000), WIRE_DENIED);
    }));
}

// Nothing is lost by it, and nobody is left without an answer.
TEST(ServicesSim, test_reject_route_by_who_takes_no_capability) {
    sim_machine machine;
    machine.program("timed", run_timed);
    machine.program("sleeper", run_ready);
    machine.program("quitter", run_ready);
    machine.program("judge", [](user &self) {
        struct runtime made = runtime_of(self);
        EXPECT_EQ(ipc_ready(&made), STATUS_OK);
        for (const bool takes : {false, true, false}) {
            init_message message{};
            message_area &out = self.page->call_out;
            message.header.op = INIT_OP_ROUTE;
            message.slot = ROUTE;
            frame_finish(&out, WIRE_PROTOCOL_INIT,
                         init_encode(WIRE_REQUEST, &message, out.payload, sizeof(out.payload)));
            out.header.flags = takes ? FRAME_TAKE_CAP : 0;
            EXPECT_EQ(sys_ipc_call(slot_at(SLOT_INIT), in_us(PATIENCE_US)).status, STATUS_OK);
            const message_area &in = self.page->reply_in;
            EXPECT_EQ(init_decode(WIRE_REPLY, in.payload, in.header.len, &message), WIRE_OK);
            EXPECT_EQ(message.header.status, takes ? WIRE_OK : WIRE_MALFORMED);
            EXPECT_EQ(in.meta.slot != CAP_SLOT_NONE, takes);
        }
    });
    machine.run(run_init);
}

// Calls init again and again until then, each time after so long.
void run_caller(user &self, std::uint64_t until_us, std::uint64_t pause_us) {
    run_ready(self);
    while (sys_clock_get() < until_us * 1000) {
        init_message message{};
        message_area &out = self.page->call_out;
        message.header.op = INIT_OP_KEPT;
        frame_finish(&out, WIRE_PROTOCOL_INIT,
                     init_encode(WIRE_REQUEST, &message, out.payload, sizeof(out.payload)));
        EXPECT_EQ(sys_ipc_call(slot_at(SLOT_INIT), in_us(PATIENCE_US)).status, STATUS_OK);
        sim_user_work(pause_us * 1000);
    }
}

// `quitter` never says that it is ready. On one hart there is always a request at init meanwhile:
// who has got an answer runs before init goes on, and asks again.
TEST(ServicesSim, init_ends_who_does_not_say_that_it_is_ready) {
    constexpr std::uint64_t START_US = 10000000;
    for (const std::uint32_t harts : {1, 3}) {
        std::uint64_t given_up_us = 0;
        sim_machine machine;
        const auto call = [](user &self) { run_caller(self, START_US * 3 / 2, 5000); };
        machine.program("timed", call);
        machine.program("sleeper", call);
        machine.program("quitter", [](user &) {
            EXPECT_EQ(sys_ipc_recv(slot_at(ROUTE), in_us(START_US * 4)).status, STATUS_OK);
        });
        machine.program("judge", [&given_up_us](user &self) {
            given_up_us = sys_clock_get() / 1000;
            run_ready(self);
        });
        const sim_result result = machine.run_once(
            [](user &self) {
                boot_view &view = fresh_view();
                view.service("timed", 0, RESTARTS, {console(), to_init()});
                view.highest_class(QOS_BURST);
                view.service("sleeper", 0, RESTARTS, {console(), to_init()});
                view.highest_class(QOS_BURST);
                view.service("quitter", 0, 0, {console(), to_init(), receives(ROUTE)});
                view.service("judge", MANIFEST_FINAL, RESTARTS, {console(), to_init()});
                run_system(self, view);
            },
            harts, 1);
        EXPECT_EQ(result.end, SIM_POWER_OFF) << result.message;
        EXPECT_LT(given_up_us, START_US + START_US / 10) << "seen late, with " << harts << " harts";
        const std::string console = sim_console();
        for (const char *line :
             {"init: quitter did not say that it is ready in time\n", "init: exit quitter #1\n"}) {
            EXPECT_NE(console.find(line), std::string::npos) << line << "in\n" << console;
        }
    }
}

// It has an instance before it is ready, but nobody to ask.
TEST(ServicesSim, init_says_why_it_did_not_sync) {
    static const std::pair<const char *, std::uint32_t> cases[] = {
        {"init: statefsd: it was starting\n", 1}, {"init: statefsd: it stays down\n", 0}};
    for (const auto &[why, budget] : cases) {
        sim_machine machine;
        machine.program("timed", run_timed);
        machine.program("statefsd", [](user &self) {
            if (self.argument >> 32 == 1) {
                run_ready(self);
                sys_task_exit(1);
            }
            EXPECT_EQ(sys_ipc_recv(slot_at(ROUTE), in_us(PATIENCE_US)).status, STATUS_OK);
        });
        machine.program("quitter", run_ready);
        machine.program("judge", [](user &self) {
            run_ready(self);
            timed_message reply{};
            struct runtime made = runtime_of(self);
            const timed_message sleep = wish(TIMED_OP_SLEEP, in_us(100000));
            EXPECT_EQ(ask(&made, sleep, in_us(PATIENCE_US), &reply), STATUS_OK);
        });
        const sim_result result = machine.run_once(
            [budget = budget](user &self) {
                boot_view &view = fresh_view();
                view.service("timed", 0, RESTARTS, {console(), to_init(), receives(SLOT_ENDPOINT)});
                view.service("statefsd", 0, budget, {console(), to_init(), receives(ROUTE)});
                view.service("quitter", 0, RESTARTS, {console(), to_init()});
                view.service("judge", MANIFEST_FINAL, RESTARTS,
                             {console(), to_init(), route_to(ROUTE, 0)});
                run_system(self, view);
            },
            2, 1);
        EXPECT_EQ(result.end, SIM_POWER_OFF) << result.message;
        const std::string console = sim_console();
        for (const char *line : {why, "init: not synced statefsd\n"}) {
            EXPECT_NE(console.find(line), std::string::npos) << line << "in\n" << console;
        }
    }
}

// timed itself dies: init starts it again, and it says which start this is.
TEST(ServicesSim, init_restarts_timed) {
    sim_machine machine;
    machine.program("timed", [](user &self) {
        struct runtime made = runtime_of(self);
        if (runtime_start_number(&made) == 1) {
            EXPECT_EQ(ipc_ready(&made), STATUS_OK);
            sim_user_illegal_instruction();
        }
        end_with(timed_main(&made));
    });
    machine.program("sleeper", run_ready);
    machine.program("quitter", run_ready);
    machine.program("judge", [](user &self) {
        struct runtime made = runtime_of(self);
        EXPECT_EQ(ipc_ready(&made), STATUS_OK);
        sim_user_work(20000000);
    });
    machine.run(run_init);
    const std::string console = sim_console();
    for (const char *line :
         {"init: exit timed #1\n", "init: restart timed #2\n", "timed: ready #2\n"}) {
        EXPECT_NE(console.find(line), std::string::npos) << line << "in\n" << console;
    }
}

// Who fails at once for ever is started again later each time, and then no more; others go on.
TEST(ServicesSim, init_backs_off_from_what_fails_at_once_and_gives_up) {
    static constexpr std::uint32_t BUDGET = 6;
    static constexpr std::uint64_t SLACK_NS = 2000000;
    static std::uint64_t starts_ns[BUDGET + 1];
    sim_machine machine;
    machine.program("timed", run_timed);
    machine.program("quitter", [](user &self) {
        struct runtime made = runtime_of(self);
        starts_ns[runtime_start_number(&made) - 1] = sys_clock_get();
        sim_user_illegal_instruction();
    });
    machine.program("judge", [](user &self) {
        struct runtime made = runtime_of(self);
        EXPECT_EQ(ipc_ready(&made), STATUS_OK);
        for (std::uint32_t i = 0; i < BUDGET; i++) {
            const std::uint64_t wait_ns =
                i == 0 ? 0 : std::min(UINT64_C(10000000) << (i - 1), UINT64_C(100000000));
            EXPECT_GE(starts_ns[i + 1] - starts_ns[i], wait_ns) << i;
            EXPECT_LT(starts_ns[i + 1] - starts_ns[i], wait_ns + SLACK_NS) << i;
        }
        EXPECT_LT(sys_clock_get() - starts_ns[BUDGET], SLACK_NS) << "judge waited for all of it";
        timed_message reply{};
        EXPECT_EQ(ask(&made, wish(TIMED_OP_STATS, 0), in_us(PATIENCE_US), &reply), STATUS_OK);
    });
    machine.run([](user &self) {
        boot_view &view = fresh_view();
        view.service("timed", 0, 0, {console(), to_init(), receives(SLOT_ENDPOINT)});
        view.service("quitter", 0, BUDGET, {console(), to_init()});
        view.service("judge", MANIFEST_FINAL, 0, {console(), to_init(), route_to(ROUTE, 0)});
        run_system(self, view);
    });
    const std::string console = sim_console();
    for (const char *line : {"init: restart quitter #7\n", "init: exit quitter #7\n",
                             "init: gave-up quitter\n", "init: up judge\n"}) {
        EXPECT_NE(console.find(line), std::string::npos) << line << "in\n" << console;
    }
}

}  // namespace
