// kernel/core/grant_test.cc: families of minted capabilities: what they carry, and that nothing is
// served through them after grant_revoke. Programs run in simulation on 1, 2 and 4 harts.
#include <gtest/gtest.h>

#include "kernel/core/kernel.h"
#include "testing/sim/machine.h"

namespace {

// One by one: some names of simtest are the kernel's too.
using simtest::CONSOLE;
using simtest::create;
using simtest::FACTORY;
using simtest::fill;
using simtest::in_us;
using simtest::payload_of;
using simtest::sim_machine;
using simtest::start;
using simtest::user;
using simtest::wait_dead;
using simtest::wait_until;

slot make_endpoint() {
    return simtest::endpoint();
}

constexpr std::uint32_t SERVER = 4;

slot new_grant() {
    slot_result made = sys_grant_create(FACTORY);
    EXPECT_EQ(made.status, STATUS_OK);
    return made.slot;
}

slot mint_under(slot from, slot grant, std::uint64_t badge = 1,
                std::uint32_t rights = RIGHTS_SENDER) {
    slot_result made = sys_cap_mint_under(from, badge, rights, grant);
    EXPECT_EQ(made.status, STATUS_OK);
    return made.slot;
}

std::uint32_t rights_of(slot at) {
    return cap_query_rights(sys_cap_query(at).kind_rights);
}

recv_result next_message(slot at) {
    recv_result got{};
    do {
        got = sys_ipc_recv(at, in_us(100000));
        EXPECT_EQ(got.status, STATUS_OK);
    } while (got.received == RECEIVED_NOTIFICATION);
    return got;
}

// No message, that is: it may have been told that senders or children are gone.
void expect_no_message(slot at) {
    recv_result got{};
    do {
        got = sys_ipc_recv(at, 0);
    } while (got.received == RECEIVED_NOTIFICATION);
    EXPECT_EQ(got.status, STATUS_WOULD_BLOCK);
}

TEST(Grant, what_is_minted_under_it_serves_until_it_is_revoked) {
    sim_machine machine;
    machine.run(
        [](user &init) {
            slot at = make_endpoint();
            slot grant = new_grant();
            EXPECT_EQ(cap_query_kind(sys_cap_query(grant).kind_rights), CAP_GRANT);
            EXPECT_EQ(rights_of(grant), static_cast<std::uint32_t>(RIGHTS_GRANT));
            slot route = mint_under(at, grant, 7);
            slot copy = sys_cap_clone(route, RIGHT_SEND).slot;
            fill(init.page->call_out, 1, "x");
            EXPECT_EQ(sys_ipc_send(copy, 0).status, STATUS_OK);
            EXPECT_EQ(next_message(at).received, RECEIVED_SEND);
            EXPECT_EQ(init.page->request_in.meta.badge, 7u);
            EXPECT_EQ(sys_cap_query(route).detail, 0u);

            EXPECT_EQ(sys_grant_revoke(grant), STATUS_OK);
            EXPECT_EQ(sys_cap_query(route).detail, CAP_QUERY_REVOKED);
            for (slot stale : {route, copy}) {
                call_result sent = sys_ipc_send(stale, 0);
                EXPECT_EQ(sent.status, STATUS_REVOKED);
                EXPECT_EQ(sent.delivery, DELIVERY_NONE);
            }
            expect_no_message(at);

            // The grant that was revoked begins a new family; the old one stays dead.
            slot next = mint_under(at, grant);
            EXPECT_EQ(sys_ipc_send(next, 0).status, STATUS_OK);
            EXPECT_EQ(next_message(at).received, RECEIVED_SEND);
            EXPECT_EQ(sys_ipc_send(route, 0).status, STATUS_REVOKED);
            for (slot held : {route, copy, next, grant, at}) {
                EXPECT_EQ(sys_cap_close(held), STATUS_OK);
            }
        },
        true);
}

TEST(Grant, test_reject_stale_after_revoke) {
    sim_machine machine;
    machine.program("child", [](user &) {});
    machine.run([](user &init) {
        slot at = make_endpoint();
        slot grant = new_grant();
        slot route = mint_under(at, grant);
        slot under = sys_cap_clone(grant, RIGHT_MINT_UNDER).slot;
        EXPECT_EQ(sys_grant_revoke(grant), STATUS_OK);
        fill(init.page->call_out, 1, "x");
        EXPECT_EQ(sys_ipc_call(route, UINT64_MAX).status, STATUS_REVOKED);
        EXPECT_EQ(sys_ipc_send(route, 0).status, STATUS_REVOKED);
        EXPECT_EQ(sys_ipc_notify(route), STATUS_REVOKED);
        EXPECT_EQ(sys_cap_clone(route, RIGHT_SEND).status, STATUS_REVOKED);
        EXPECT_EQ(sys_task_grant(create("child"), route, 5, RIGHT_SEND), STATUS_REVOKED);
        // Who held the grant to mint under it mints no more: dead on arrival, and said so.
        EXPECT_EQ(sys_cap_mint_under(at, 1, RIGHT_SEND, under).status, STATUS_REVOKED);
        expect_no_message(at);
    });
}

TEST(Grant, test_reject_minting_from_a_minted_capability) {
    sim_machine machine;
    machine.run([](user &) {
        slot at = make_endpoint();
        slot grant = new_grant();
        slot route = mint_under(at, grant);
        EXPECT_EQ(sys_cap_mint(route, 2, RIGHT_SEND).status, STATUS_DENIED);
        EXPECT_EQ(sys_cap_mint_under(route, 2, RIGHT_SEND, grant).status, STATUS_DENIED);
        EXPECT_EQ(sys_cap_mint_under(route, 2, RIGHT_SEND, new_grant()).status, STATUS_DENIED);
    });
}

TEST(Grant, test_reject_minting_under_what_is_no_grant) {
    sim_machine machine;
    machine.program("child", [](user &) {});
    machine.run([](user &) {
        slot at = make_endpoint();
        slot grant = new_grant();
        for (std::uint64_t bad : {at.value, FACTORY.value, std::uint64_t{50},
                                  std::uint64_t{CAP_SLOT_COUNT}, UINT64_MAX}) {
            EXPECT_EQ(sys_cap_mint_under(at, 1, RIGHT_SEND, slot_at(bad)).status, STATUS_BAD_CAP)
                << bad;
            EXPECT_EQ(sys_grant_revoke(slot_at(bad)), STATUS_BAD_CAP) << bad;
        }
        EXPECT_EQ(
            sys_cap_mint_under(FACTORY, service_id_of("child", 5), RIGHT_MAKE_TASK, grant).status,
            STATUS_BAD_ARG);
        EXPECT_EQ(sys_cap_mint(grant, 1, RIGHT_MINT_UNDER).status, STATUS_BAD_CAP);
    });
}

TEST(Grant, test_reject_without_the_right) {
    sim_machine machine;
    machine.program("child", [](user &) {
        EXPECT_EQ(sys_cap_mint_under(slot_at(6), 1, RIGHT_SEND, slot_at(5)).status, STATUS_DENIED);
        EXPECT_EQ(sys_grant_revoke(slot_at(5)), STATUS_OK);  // task_grant may give REVOKE alone.
    });
    machine.run([](user &) {
        slot at = make_endpoint();
        slot grant = new_grant();
        slot route = mint_under(at, grant);
        slot under = sys_cap_clone(grant, RIGHT_MINT_UNDER).slot;
        EXPECT_EQ(sys_grant_revoke(under), STATUS_DENIED);
        EXPECT_EQ(sys_cap_clone(grant, RIGHT_REVOKE).status, STATUS_DENIED);
        EXPECT_EQ(sys_cap_clone(grant, RIGHTS_GRANT).status, STATUS_DENIED);
        slot_result narrow =
            sys_cap_mint(FACTORY, service_id_of("child", 5), RIGHT_MAKE_TASK | RIGHT_MAKE_ENDPOINT);
        EXPECT_EQ(sys_grant_create(narrow.slot).status, STATUS_DENIED);
        EXPECT_EQ(sys_grant_create(CONSOLE).status, STATUS_BAD_CAP);
        EXPECT_EQ(sys_cap_query(route).detail, 0u);
        slot child = start("child", {{grant, 5, RIGHT_REVOKE}, {at, 6, RIGHT_MINT}});
        EXPECT_EQ(wait_dead(child).reason, EXIT_CODE);
        EXPECT_EQ(sys_cap_query(route).detail, CAP_QUERY_REVOKED);
    });
}

TEST(Grant, test_reject_empty_pool) {
    sim_machine machine;
    machine.fault(FAULT_POINT_TAKE_GRANT, 65536);
    machine.run([](user &) { EXPECT_EQ(sys_grant_create(FACTORY).status, STATUS_NO_SPACE); }, true);
}

TEST(Grant, test_reject_full_table) {
    sim_machine machine;
    machine.run([](user &) {
        slot at = make_endpoint();
        while (sys_cap_clone(at, RIGHT_SEND).status == STATUS_OK) {
        }
        EXPECT_EQ(sys_grant_create(FACTORY).status, STATUS_NO_SPACE);
    });
}

// A grant lives as long as anything that carries it, and its family outlives who could revoke it.
TEST(Grant, a_family_outlives_its_maker) {
    sim_machine machine;
    machine.run([](user &init) {
        slot at = make_endpoint();
        slot grant = new_grant();
        slot route = mint_under(at, grant);
        fill(init.page->call_out, 1, "x");
        EXPECT_EQ(sys_ipc_send(route, 0).status, STATUS_OK);
        EXPECT_EQ(sys_cap_close(grant), STATUS_OK);
        EXPECT_EQ(sys_ipc_send(route, 0).status, STATUS_OK);
        EXPECT_EQ(sys_cap_close(route), STATUS_OK);  // Stored frames alone carry it now.
        slot other = new_grant();
        EXPECT_EQ(sys_grant_revoke(other), STATUS_OK);
        EXPECT_EQ(next_message(at).received, RECEIVED_SEND);
        EXPECT_EQ(next_message(at).received, RECEIVED_SEND);
        std::uint32_t made = 1;  // `other`; the first one is back in the pool.
        while (made < MAX_GRANTS) {
            slot one = new_grant();
            made++;
            slot last = mint_under(at, one);
            EXPECT_EQ(sys_cap_close(one), STATUS_OK);
            EXPECT_EQ(sys_cap_close(last), STATUS_OK);
        }
    });
}

TEST(Grant, a_stored_send_that_was_revoked_is_dropped_and_counted) {
    sim_machine machine;
    machine.run([](user &init) {
        slot at = make_endpoint();
        slot grant = new_grant();
        slot route = mint_under(at, grant, 5);
        fill(init.page->call_out, 1, "x");
        EXPECT_EQ(sys_ipc_send(route, 0).status, STATUS_OK);
        EXPECT_EQ(sys_ipc_send(route, 0).status, STATUS_OK);
        EXPECT_EQ(sys_grant_revoke(grant), STATUS_OK);
        EXPECT_EQ(sys_ipc_recv(at, in_us(20)).status, STATUS_TIMED_OUT);
        std::uint64_t dropped = 0;
        for (const hart &one : sim_kernel()->harts) {
            dropped += one.counts.stale_sends.raw;
        }
        EXPECT_EQ(dropped, 2u);
        EXPECT_EQ(sys_ipc_send(at, 0).status, STATUS_OK);  // Their places are free again.
        EXPECT_EQ(sys_ipc_send(at, 0).status, STATUS_OK);
        EXPECT_EQ(next_message(at).received, RECEIVED_SEND);
    });
}

TEST(Grant, queued_calls_and_sends_that_were_revoked_end) {
    sim_machine machine;
    machine.program("caller", [](user &self) {
        fill(self.page->call_out, 1, "call");
        call_result got = sys_ipc_call(slot_at(SERVER), UINT64_MAX);
        EXPECT_EQ(got.status, STATUS_REVOKED);
        EXPECT_EQ(got.delivery, DELIVERY_NONE);
    });
    machine.program("sender", [](user &self) {
        fill(self.page->call_out, 1, "send");
        call_result got{STATUS_OK, DELIVERY_NONE};
        while (got.status == STATUS_OK) {  // The first are stored; the third waits.
            got = sys_ipc_send(slot_at(SERVER), UINT64_MAX);
        }
        EXPECT_EQ(got.status, STATUS_REVOKED);
        EXPECT_EQ(got.delivery, DELIVERY_NONE);
    });
    machine.program("other", [](user &self) {
        fill(self.page->call_out, 1, "other");
        EXPECT_EQ(sys_ipc_call(slot_at(SERVER), UINT64_MAX).status, STATUS_OK);
    });
    machine.run([](user &init) {
        slot at = make_endpoint();
        slot grant = new_grant();
        EXPECT_EQ(sys_grant_revoke(grant), STATUS_OK);  // A family of its own, not the first.
        slot route = mint_under(at, grant);
        slot caller = start("caller", {{route, SERVER, RIGHT_CALL}});
        slot sender = start("sender", {{route, SERVER, RIGHT_CALL | RIGHT_SEND}});
        slot other = start("other", {{at, SERVER, RIGHT_CALL}});
        const struct endpoint *named = &sim_kernel()->endpoints[0];
        wait_until([&] { return named->work.raw == 2 * WORK_CALL + 3 * WORK_SEND; },
                   "the three waiters");
        EXPECT_EQ(sys_grant_revoke(grant), STATUS_OK);
        recv_result got = next_message(at);
        EXPECT_EQ(got.received, RECEIVED_CALL);
        EXPECT_EQ(payload_of(init.page->request_in), "other");
        expect_no_message(at);
        EXPECT_EQ(named->work.raw, 0u);
        fill(init.page->reply_out, 2, "");
        EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_OK);
        for (slot task : {caller, sender, other}) {
            EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
        }
    });
}

// Who is queued stands for the capability of this wait, whatever it last waited with: a later
// family of a grant is served, and the first one of another, which is numbered less, ends with its
// own.
TEST(Grant, a_queued_call_is_of_the_family_it_was_made_through) {
    sim_machine machine;
    machine.program("caller", [](user &self) {
        fill(self.page->call_out, 1, "call");
        EXPECT_EQ(sys_ipc_call(slot_at(SERVER), UINT64_MAX).status, STATUS_OK);
        call_result got = sys_ipc_call(slot_at(SERVER + 1), UINT64_MAX);
        EXPECT_EQ(got.status, STATUS_REVOKED);
        EXPECT_EQ(got.delivery, DELIVERY_NONE);
    });
    machine.program("sender", [](user &self) {
        fill(self.page->call_out, 1, "send");
        for (int i = 0; i < 3; i++) {  // The first are stored; the third waits.
            EXPECT_EQ(sys_ipc_send(slot_at(SERVER), UINT64_MAX).status, STATUS_OK);
        }
    });
    machine.run([](user &init) {
        slot at = make_endpoint();
        slot first = new_grant();
        slot later = new_grant();
        EXPECT_EQ(sys_grant_revoke(later), STATUS_OK);
        slot route = mint_under(at, later);
        slot caller = start("caller", {{route, SERVER, RIGHT_CALL},
                                       {mint_under(at, first), SERVER + 1, RIGHT_CALL}});
        slot sender = start("sender", {{route, SERVER, RIGHT_CALL | RIGHT_SEND}});
        const struct endpoint *named = &sim_kernel()->endpoints[0];
        wait_until([&] { return named->work.raw == WORK_CALL + 3 * WORK_SEND; }, "both to wait");
        fill(init.page->reply_out, 2, "");
        int calls = 0;
        for (int i = 0; i < 4; i++) {
            recv_result got = next_message(at);
            if (got.received == RECEIVED_CALL) {
                calls++;
                EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_OK);
            }
        }
        EXPECT_EQ(calls, 1);
        wait_until([&] { return named->work.raw == WORK_CALL; }, "the second call");
        EXPECT_EQ(sys_grant_revoke(first), STATUS_OK);
        expect_no_message(at);
        for (slot task : {caller, sender}) {
            EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
        }
    });
}

// What was handed over before was served before.
TEST(Grant, a_call_that_was_handed_over_runs_to_its_reply) {
    sim_machine machine;
    machine.program("caller", [](user &self) {
        fill(self.page->call_out, 1, "x");
        EXPECT_EQ(sys_ipc_call(slot_at(SERVER), UINT64_MAX).status, STATUS_OK);
        EXPECT_EQ(sys_ipc_call(slot_at(SERVER), UINT64_MAX).status, STATUS_REVOKED);
    });
    machine.run([](user &init) {
        slot at = make_endpoint();
        slot grant = new_grant();
        slot task = start("caller", {{mint_under(at, grant), SERVER, RIGHT_CALL}});
        recv_result got = next_message(at);
        EXPECT_EQ(sys_grant_revoke(grant), STATUS_OK);
        fill(init.page->reply_out, 2, "y");
        EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_OK);
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
    });
}

TEST(Grant, a_task_that_revokes_can_be_killed) {
    sim_machine machine;
    machine.harts({2, 4});
    machine.program("revoker", [](user &) {
        for (;;) {
            EXPECT_EQ(sys_grant_revoke(slot_at(5)), STATUS_OK);
        }
    });
    machine.run(
        [](user &) {
            slot grant = new_grant();
            slot other = new_grant();
            slot first = start("revoker", {{grant, 5, RIGHT_REVOKE}});
            slot second = start("revoker", {{other, 5, RIGHT_REVOKE}});
            sim_user_work(40000);
            EXPECT_EQ(sys_task_kill(first), STATUS_OK);
            EXPECT_EQ(sys_task_kill(second), STATUS_OK);
            EXPECT_EQ(wait_dead(first).reason, EXIT_KILLED);
            EXPECT_EQ(wait_dead(second).reason, EXIT_KILLED);
            for (slot held : {first, second, grant, other}) {
                EXPECT_EQ(sys_cap_close(held), STATUS_OK);
            }
        },
        true);
}

// The last epoch is not lived: what it would make good again stays dead.
TEST(Grant, a_grant_whose_epochs_are_used_up_serves_nobody) {
    sim_machine machine;
    machine.run([](user &init) {
        slot at = make_endpoint();
        slot grant = new_grant();
        kernel *state = sim_kernel();
        capability *own = &state->tasks[state->init_task].caps[grant.value];
        state->grant_epochs[own->grant].raw = UINT32_MAX - 1;
        own->epoch = UINT32_MAX - 1;
        slot route = mint_under(at, grant);
        fill(init.page->call_out, 1, "x");
        EXPECT_EQ(sys_ipc_send(route, 0).status, STATUS_OK);
        for (int i = 0; i < 3; i++) {
            EXPECT_EQ(sys_grant_revoke(grant), STATUS_OK);
            EXPECT_EQ(sys_ipc_send(route, 0).status, STATUS_REVOKED);
            EXPECT_EQ(sys_cap_mint_under(at, 1, RIGHT_SEND, grant).status, STATUS_REVOKED);
        }
        EXPECT_EQ(sys_cap_close(route), STATUS_OK);
        EXPECT_EQ(sys_cap_close(grant), STATUS_OK);
        expect_no_message(at);
        slot fresh = new_grant();  // Another one.
        EXPECT_EQ(sys_ipc_send(mint_under(at, fresh), 0).status, STATUS_OK);
    });
}

}  // namespace
