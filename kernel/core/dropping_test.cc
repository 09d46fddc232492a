// kernel/core/dropping_test.cc: many callers whose frames carry a capability, and a receiver
// without a slot for any: it takes each call without what it carries, and the memory of that is
// returned although nobody waits for it. Programs run in simulation on 1, 2 and 4 harts.
#include <gtest/gtest.h>

#include "kernel/core/kernel.h"
#include "testing/sim/machine.h"

namespace {

using namespace simtest;

constexpr std::uint32_t AT = 4;
constexpr std::uint32_t MAKER = 5;
constexpr std::uint32_t CALLERS = 20;
constexpr std::uint64_t PAGES = 45;  // Of one caller's memory: two steps to return them.

struct shared {
    std::uint32_t made;
    std::uint32_t answered;
};

shared all;

std::uint32_t queued() {
    std::uint32_t count = 0;
    for (const task &one : sim_kernel()->tasks) {
        count += wait_state_of(one.wait.raw) == WAIT_QUEUED;
    }
    return count;
}

// It holds the only capability to its memory, and gives it away.
void call_with_memory(user &self) {
    slot_result made = sys_vmo_create(slot_at(MAKER), PAGES);
    EXPECT_EQ(made.status, STATUS_OK);
    all.made++;
    fill(self.page->call_out, 1, "memory");
    self.page->call_out.header.flags = FRAME_CAP_MOVE;
    self.page->call_out.meta.slot = static_cast<std::uint32_t>(made.slot.value);
    EXPECT_EQ(sys_ipc_call(slot_at(AT), UINT64_MAX).status, STATUS_OK);
    EXPECT_EQ(sys_cap_query(made.slot).status, STATUS_BAD_CAP);  // It went with the frame.
    all.answered++;
}

void fill_table(slot from) {
    slot_result got{};
    do {
        got = sys_cap_clone(from, RIGHT_SEND);
    } while (got.status == STATUS_OK);
    EXPECT_EQ(got.status, STATUS_NO_SPACE);
}

TEST(Dropping, a_crowd_is_served_without_what_it_brings) {
    sim_machine machine;
    machine.limits({PAGES + 30, 0, 0, 1, 63});
    machine.program("caller", call_with_memory);
    machine.run(
        [](user &init) {
            all = {};
            slot home = simtest::endpoint();  // Where init hears of its children.
            slot at = sys_endpoint_create_accepting(FACTORY).slot;
            for (std::uint32_t i = 0; i < CALLERS; i++) {
                slot made =
                    start("caller", {{at, AT, RIGHT_CALL}, {FACTORY, MAKER, RIGHT_MAKE_VMO}});
                EXPECT_EQ(sys_cap_close(made), STATUS_OK);
            }
            wait_until([] { return queued() == CALLERS; }, "a queue");
            EXPECT_EQ(all.made, CALLERS);
            EXPECT_EQ(sim_kernel()->vmo_pool.free_count, MAX_VMOS - CALLERS);
            fill_table(at);
            for (std::uint32_t i = 0; i < CALLERS; i++) {
                EXPECT_EQ(sys_ipc_recv(at, 0).status, STATUS_NO_SPACE);  // The frame stays,
                EXPECT_EQ(queued(), CALLERS - i);
                recv_result got = sys_ipc_recv_drop_cap(at, 0);  // and is taken without it.
                EXPECT_EQ(got.status, STATUS_OK);
                EXPECT_EQ(got.received, RECEIVED_CALL);
                EXPECT_EQ(payload_of(init.page->request_in), "memory");
                EXPECT_EQ(init.page->request_in.meta.slot,
                          static_cast<std::uint32_t>(CAP_SLOT_NONE));
                EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_OK);
            }
            EXPECT_EQ(sys_ipc_recv_drop_cap(at, 0).status, STATUS_WOULD_BLOCK);
            wait_until([] { return all.answered == CALLERS; }, "all are answered");
            wait_until([] { return sim_kernel()->vmo_pool.free_count == MAX_VMOS; }, "memory");
            wait_until([] { return sim_kernel()->task_pool.free_count == MAX_TASKS - 1; }, "ends");
            EXPECT_EQ(sys_cap_close(at), STATUS_OK);
            EXPECT_EQ(sys_cap_close(home), STATUS_OK);
        },
        true);
}

// Refusing many whose family was revoked takes some entries. Who comes between two of them and
// brings something is still taken without it.
void expect_taken_between_refusals(std::uint64_t within_us) {
    static std::uint64_t wait_us;
    wait_us = within_us;
    sim_machine machine;
    machine.limits({PAGES + 30, 0, 0, 1, 63});
    machine.fault(FAULT_POINT_SHORT_STEP, 65536);  // A step refuses one.
    machine.program("caller", [](user &self) {
        while (queued() > CALLERS - 3) {
            sys_yield();
        }
        call_with_memory(self);
    });
    machine.program("revoked", [](user &self) {
        fill(self.page->call_out, 1, "x");
        EXPECT_EQ(sys_ipc_call(slot_at(AT), UINT64_MAX).status, STATUS_REVOKED);
    });
    machine.run([](user &init) {
        all = {};
        EXPECT_NE(simtest::endpoint().value, 0u);  // Where init hears of its children.
        slot at = sys_endpoint_create_accepting(FACTORY).slot;
        slot family = sys_grant_create(FACTORY).slot;
        slot stale = sys_cap_mint_under(at, 1, RIGHT_CALL, family).slot;
        for (std::uint32_t i = 0; i < CALLERS; i++) {
            EXPECT_EQ(sys_cap_close(start("revoked", {{stale, AT, RIGHT_CALL}})), STATUS_OK);
        }
        wait_until([] { return queued() == CALLERS; }, "a queue");
        slot caller =
            start("caller", {{at, AT, RIGHT_CALL}, {FACTORY, MAKER, RIGHT_MAKE_VMO}}, 0, 0);
        EXPECT_EQ(sys_cap_close(caller), STATUS_OK);
        EXPECT_EQ(sys_grant_revoke(family), STATUS_OK);
        fill_table(at);
        recv_result got = sys_ipc_recv_drop_cap(at, wait_us == 0 ? 0 : in_us(wait_us));
        EXPECT_EQ(got.status, STATUS_OK);
        EXPECT_EQ(got.received, RECEIVED_CALL);
        EXPECT_EQ(payload_of(init.page->request_in), "memory");
        EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_OK);
        wait_until([] { return all.answered == 1; }, "an answer");
        wait_until([] { return sim_kernel()->vmo_pool.free_count == MAX_VMOS; }, "memory");
    });
}

TEST(Dropping, one_that_comes_between_refusals_is_served_without_what_it_brings) {
    expect_taken_between_refusals(0);
    expect_taken_between_refusals(1000);
}

}  // namespace
