// services/samgrd_revoked_sim_test.cc: the real samgrd and a policyd whose policy changes when it
// has answered: before samgrd mints, so that what was lent is dead and samgrd asks again, or after
// that, so that the route is. Whoever is first, a call is served under what is allowed now.
#include <gtest/gtest.h>

#include "ipc/frame.h"
#include "ipc/ready.h"
#include "ipc/wire/echo_wire.h"
#include "ipc/wire/policy_wire.h"
#include "services/echo/service.h"
#include "testing/sim/callers.h"
#include "testing/sim/machine.h"
#include "testing/sim/system.h"

namespace {

using namespace simtest;

constexpr std::uint32_t PAUSE = SLOT_FIRST_OWN;
constexpr std::uint32_t EVER = UINT32_MAX;

std::uint32_t changes;  // Still to come.
std::uint32_t asked;    // Of policyd.
std::uint32_t between;  // Runs in which the change came before the minting.

// Allows everything, and changes its mind at once.
void run_fickle_policyd(user &self) {
    runtime made = runtime_of(self);
    EXPECT_EQ(ipc_ready(&made), STATUS_OK);
    const slot family = slot_at(POLICYD_SLOT_FAMILY);
    for (;;) {  // Until init ends.
        const recv_result event = sys_ipc_recv(slot_at(SLOT_ENDPOINT), in_us(1000000));
        if (event.status != STATUS_OK || event.received != RECEIVED_CALL) {
            continue;
        }
        policy_message message{};
        EXPECT_EQ(policy_decode_area(WIRE_REQUEST, &self.page->request_in, &message), WIRE_OK);
        EXPECT_EQ(message.header.op, POLICY_OP_ASK);
        asked++;
        const slot_result lent = sys_cap_clone(family, RIGHT_MINT_UNDER);
        EXPECT_EQ(lent.status, STATUS_OK);
        message_area &out = self.page->reply_out;
        frame_finish(&out, WIRE_PROTOCOL_POLICY, policy_encode_area(WIRE_REPLY, &message, &out));
        EXPECT_EQ(frame_answer(&out, event.reply, lent.slot), STATUS_OK);
        if (changes != 0) {
            changes -= changes == EVER ? 0 : 1;
            EXPECT_EQ(sys_grant_revoke(family), STATUS_OK);
        }
    }
}

ipc_outcome echo(caller &made) {
    echo_message message{};
    message.header.op = ECHO_OP_ECHO;
    return made.ask("echo", echo_rows, &message);
}

// A system in which that calls echo by name.
void run_with(std::uint32_t change_count, const body &judge) {
    sim_machine machine;
    machine.program("policyd", run_fickle_policyd);
    machine.program("samgrd", run_samgrd);
    machine.program("echo", [](user &self) {
        runtime made = runtime_of(self);
        sys_task_exit(static_cast<std::uint64_t>(echo_main(&made)));
    });
    machine.program("judge", judge);
    machine.run([change_count](user &self) {
        changes = change_count;
        asked = 0;
        boot_view view;
        add_routing(view, 0);
        view.service("echo", 0, 1, {console(), to_init(), receives(SLOT_ENDPOINT)});
        view.service("judge", MANIFEST_FINAL, 0,
                     {console(), to_init(), receives(PAUSE), route_to(SLOT_SAMGRD, 1)});
        run_system(self, view);
    });
}

TEST(SamgrdRevoked, a_policy_that_changes_once_is_asked_again) {
    between = 0;
    run_with(1, [](user &self) {
        caller made(self, slot_at(PAUSE));
        EXPECT_EQ(ipc_ready(&made.made), STATUS_OK);
        const ipc_outcome outcome = echo(made);
        EXPECT_EQ(outcome.error, IPC_OK);
        EXPECT_EQ(asked, 2u);
        if (outcome.served == IPC_MISS) {  // Else its route was lost, and found again.
            EXPECT_EQ(made.client.stats.resent, 0u) << "samgrd asks again, not its caller";
            between++;
        }
        EXPECT_EQ(echo(made).served, IPC_HIT);
        EXPECT_EQ(asked, 2u);
        ipc_client_release(&made.client);
    });
    EXPECT_GT(between, 0u) << "what this is for has not happened";
}

TEST(SamgrdRevoked, test_reject_minting_under_what_was_revoked_meanwhile) {
    between = 0;
    run_with(EVER, [](user &self) {
        caller made(self, slot_at(PAUSE));
        EXPECT_EQ(ipc_ready(&made.made), STATUS_OK);
        const ipc_outcome outcome = echo(made);
        EXPECT_EQ(outcome.error, IPC_REJECTED);
        EXPECT_LE(asked, 2u * BUDGET_ATTEMPTS) << "twice a resolve, and no more";
        between += outcome.served == IPC_MISS;  // It never had a route.
        for (const route &one : made.client.routes.routes) {
            EXPECT_EQ(one.slot.value, 0u + CAP_SLOT_NONE);
        }
        changes = 0;
        EXPECT_EQ(echo(made).error, IPC_OK);
        ipc_client_release(&made.client);
    });
    EXPECT_GT(between, 0u) << "what this is for has not happened";
}

}  // namespace
