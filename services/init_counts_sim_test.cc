// services/init_counts_sim_test.cc: the real init in simulation: what it refuses to tell, and what
// is sent to it, is in the counts that its operator reads; and each service of a small system says
// how its own calls went.
#include <gtest/gtest.h>

#include <cstring>

#include "ipc/client.h"
#include "ipc/frame.h"
#include "ipc/ready.h"
#include "ipc/route_cache.h"
#include "ipc/wire/init_wire.h"
#include "ipc/wire/server_wire.h"
#include "kernel/abi/manifest.h"
#include "services/console/service.h"
#include "services/echo/service.h"
#include "testing/sim/machine.h"
#include "testing/sim/system.h"

namespace {

using namespace simtest;

constexpr std::uint32_t OWN = SLOT_FIRST_OWN;
constexpr std::uint64_t PATIENCE_US = 1000000;

runtime ready(user &self) {
    runtime made = runtime_of(self);
    EXPECT_EQ(ipc_ready(&made), STATUS_OK);
    return made;
}

// Through that route; what is answered, whose fields point into the page.
server_message ask(user &self, std::uint32_t slot, server_message request) {
    message_area &out = self.page->call_out;
    frame_finish(&out, WIRE_PROTOCOL_SERVER,
                 server_encode(WIRE_REQUEST, &request, out.payload, sizeof(out.payload)));
    EXPECT_EQ(sys_ipc_call(slot_at(slot), in_us(PATIENCE_US)).status, STATUS_OK);
    const message_area &in = self.page->reply_in;
    server_message reply{};
    EXPECT_EQ(server_decode(WIRE_REPLY, in.payload, in.header.len, &reply), WIRE_OK);
    return reply;
}

server_message ask(user &self, std::uint32_t slot, server_op op, std::uint8_t number = 0) {
    server_message request{};
    request.header.op = static_cast<std::uint8_t>(op);
    request.operation = number;
    request.state = number;
    return ask(self, slot, request);
}

// Calls init with a request of its protocol, or sends it; what is answered.
wire_status tell_init(user &self, init_op op, bool sends) {
    init_message message{};
    message_area &out = self.page->call_out;
    message.header.op = static_cast<std::uint8_t>(op);
    frame_finish(&out, WIRE_PROTOCOL_INIT,
                 init_encode(WIRE_REQUEST, &message, out.payload, sizeof(out.payload)));
    if (sends) {
        EXPECT_EQ(sys_ipc_send(slot_at(OWN), in_us(PATIENCE_US)).status, STATUS_OK);
        return WIRE_OK;
    }
    EXPECT_EQ(sys_ipc_call(slot_at(SLOT_INIT), in_us(PATIENCE_US)).status, STATUS_OK);
    return static_cast<wire_status>(self.page->reply_in.payload[4]);
}

// Pokes at init before it says that it is ready, so before the judge starts.
void run_poker(user &self) {
    for (std::uint32_t i = 0; i < server_rows.op_count; i++) {
        EXPECT_EQ(
            ask(self, SLOT_INIT, static_cast<server_op>(server_rows.ops[i].number)).header.status,
            WIRE_DENIED);
    }
    EXPECT_EQ(tell_init(self, INIT_OP_STATE, false), WIRE_DENIED);
    tell_init(self, INIT_OP_STATE, true);
    tell_init(self, INIT_OP_KEEP, true);
    frame_finish(&self.page->call_out, WIRE_PROTOCOL_INIT, 3);
    EXPECT_EQ(sys_ipc_send(slot_at(OWN), in_us(PATIENCE_US)).status, STATUS_OK);
    (void)ready(self);
}

void run_operator(user &self) {
    (void)ready(self);
    const server_message counts = ask(self, OWN, SERVER_OP_COUNTS);
    ASSERT_EQ(counts.header.status, WIRE_OK);
    EXPECT_EQ(counts.refused, server_rows.op_count + 1u);
    EXPECT_EQ(counts.sends, 3u);
    EXPECT_EQ(counts.dropped, 2u);
    EXPECT_EQ(counts.malformed, 1u);
    EXPECT_EQ(counts.calls, server_rows.op_count + 4u) << "two are ready, and this one";
    const server_message kept = ask(self, OWN, SERVER_OP_OPERATION, INIT_OP_KEEP);
    EXPECT_EQ(kept.answered, 0u) << "a send is not served";
}

TEST(InitCounts, test_reject_looking_and_sending_is_counted) {
    sim_machine machine;
    machine.program("poker", run_poker);
    machine.program("operator", run_operator);
    machine.run([](user &self) {
        boot_view view;
        view.service(
            "poker", 0, 0,
            {console(),
             to_init(),
             {MANIFEST_GRANT_ROUTE, OWN, RIGHT_SEND | RIGHT_CALL, MANIFEST_TARGET_INIT, 0}});
        view.service(
            "operator", MANIFEST_FINAL, 0,
            {console(),
             to_init(),
             {MANIFEST_GRANT_ROUTE, OWN, RIGHT_CALL, MANIFEST_TARGET_INIT, INIT_BADGE_OPERATOR}});
        run_system(self, view);
    });
}

// Of the services of a manifest, by its index there.
struct asked {
    const char *name;
    bool calls;  // It calls others.
};
constexpr asked SERVICES[] = {
    {"policyd", true}, {"samgrd", true}, {"logd", false}, {"echo", false}, {"console", true}};
constexpr std::uint32_t COUNT = sizeof(SERVICES) / sizeof(SERVICES[0]);

std::uint64_t sum_of(wire_bytes numbers) {
    std::uint64_t sum = 0;
    for (std::uint32_t i = 0; i < numbers.count; i += sizeof(sum)) {
        std::uint64_t one = 0;
        std::memcpy(&one, numbers.data + i, sizeof(one));
        sum += one;
    }
    return sum;
}

// All that a client's struct ipc_stats and its routes hold.
void expect_client(user &self, std::uint32_t slot, bool calls) {
    const wire_status wanted = calls ? WIRE_OK : WIRE_ABSENT;
    const server_message client = ask(self, slot, SERVER_OP_CLIENT);
    EXPECT_EQ(client.header.status, wanted);
    EXPECT_EQ(client.outcomes.count,
              calls ? sizeof(std::uint64_t) * IPC_ERROR_COUNT * IPC_SERVED_COUNT : 0);
    EXPECT_EQ(client.answers.count, calls ? sizeof(std::uint64_t) * IPC_ERROR_COUNT : 0);
    for (std::uint8_t state = 0; state < ROUTE_STATE_COUNT; state++) {
        const server_message steps = ask(self, slot, SERVER_OP_STEPS, state);
        EXPECT_EQ(steps.header.status, wanted);
        EXPECT_EQ(steps.steps.count, calls ? sizeof(std::uint64_t) * ROUTE_EVENT_COUNT : 0);
    }
    EXPECT_EQ(ask(self, slot, SERVER_OP_TRACE).header.status, wanted);
}

void run_judge(user &self) {
    (void)ready(self);
    for (std::uint32_t i = 0; i < COUNT; i++) {
        SCOPED_TRACE(SERVICES[i].name);
        EXPECT_EQ(ask(self, OWN + i, SERVER_OP_COUNTS).header.status, WIRE_OK);
        expect_client(self, OWN + i, SERVICES[i].calls);
    }
    expect_client(self, OWN + COUNT, true);  // init's.
    // samgrd has asked init for what to offer, by a route of the manifest.
    EXPECT_GT(sum_of(ask(self, OWN + 1, SERVER_OP_CLIENT).outcomes), 0u);
}

TEST(InitCounts, each_service_says_how_its_own_calls_went) {
    sim_machine machine;
    machine.program("policyd", run_policyd);
    machine.program("samgrd", run_samgrd);
    machine.program("logd", run_logd);
    machine.program("echo", [](user &self) {
        runtime made = runtime_of(self);
        sys_task_exit(static_cast<std::uint64_t>(echo_main(&made)));
    });
    machine.program("console", [](user &self) {
        runtime made = runtime_of(self);
        sys_task_exit(static_cast<std::uint64_t>(console_main(&made, image_of_run)));
    });
    machine.program("judge", run_judge);
    machine.run([](user &self) {
        boot_view view;
        add_routing(view, 2);
        view.service("logd", 0, 1, {console(), to_init(), receives(SLOT_ENDPOINT)});
        view.service("echo", 0, 1, {console(), to_init(), receives(SLOT_ENDPOINT)});
        view.service("console", 0, 1,
                     {console(),
                      to_init(),
                      receives(SLOT_ENDPOINT),
                      {MANIFEST_GRANT_IMAGE, OWN, RIGHT_READ, 0, 0},
                      {MANIFEST_GRANT_STATS, OWN + 1, RIGHT_STATS_READ | RIGHT_STATS_TRACE, 0, 0},
                      {MANIFEST_GRANT_FACTORY, OWN + 2, RIGHT_MAKE_ENDPOINT, MANIFEST_HART_ANY, 0},
                      {MANIFEST_GRANT_ROUTE, OWN + 3, RIGHT_CALL, MANIFEST_TARGET_INIT, 0},
                      route_to(SLOT_SAMGRD, 1)});
        std::vector<manifest_grant> grants = {console(), to_init()};
        for (std::uint32_t i = 0; i < COUNT; i++) {
            grants.push_back(route_to(OWN + i, i));
        }
        grants.push_back({MANIFEST_GRANT_ROUTE, OWN + COUNT, RIGHT_CALL, MANIFEST_TARGET_INIT,
                          INIT_BADGE_OPERATOR});
        view.service("judge", MANIFEST_FINAL, 0, grants);
        view.policy(sorted({allow("console", POLICY_CALL, "logd")}));
        run_system(self, view);
    });
}

}  // namespace
