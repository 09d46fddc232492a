// kernel/core/refusing_test.cc: many callers are queued whose family is then revoked: a receive
// tells each of them once, some in each kernel entry, and lets others of its hart run in between.
// Programs run in simulation on 1, 2 and 4 harts.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "kernel/core/kernel.h"
#include "testing/sim/machine.h"

namespace {

using namespace simtest;

constexpr std::uint32_t AT = 4;
constexpr int CALLERS = 20;

int queued() {
    int count = 0;
    for (const task &one : sim_kernel()->tasks) {
        count += wait_state_of(one.wait.raw) == WAIT_QUEUED;
    }
    return count;
}

// What the programs of one run do together.
struct shared {
    int refused;
    int served;
    int most_at_once;  // How many left the queue between two looks of who runs beside the receiver.
    bool done;
};

shared all;

void refuses(const std::function<void(slot at, slot good)> &receive) {
    sim_machine machine;
    machine.limits({16, 0, 0, 0, 63});
    machine.fault(FAULT_POINT_SHORT_STEP, 65536);
    machine.program("caller", [](user &self) {
        fill(self.page->call_out, 1, "x");
        call_result got = sys_ipc_call(slot_at(AT), UINT64_MAX);
        if (got.status == STATUS_OK) {
            all.served++;
            return;
        }
        EXPECT_EQ(got.status, STATUS_REVOKED);
        EXPECT_EQ(got.delivery, DELIVERY_NONE);
        all.refused++;
    });
    machine.program("beside", [](user &) {
        int before = queued();
        while (!all.done) {
            int now = queued();
            all.most_at_once = std::max(all.most_at_once, before - now);
            before = now;
            sys_yield();
        }
    });
    machine.run([&receive](user &) {
        all = {};
        EXPECT_NE(simtest::endpoint().value, 0u);  // Where init hears of its children.
        slot at = simtest::endpoint();
        slot grant = sys_grant_create(FACTORY).slot;
        slot stale = sys_cap_mint_under(at, 1, RIGHT_CALL, grant).slot;
        for (int i = 0; i < CALLERS; i++) {
            EXPECT_EQ(sys_cap_close(start("caller", {{stale, AT, RIGHT_CALL}})), STATUS_OK);
        }
        wait_until([] { return queued() == CALLERS; }, "a queue");
        EXPECT_EQ(sys_cap_close(start("beside", {}, 0, 0)), STATUS_OK);
        EXPECT_EQ(sys_grant_revoke(grant), STATUS_OK);
        receive(at, mint(at, 2));
        all.done = true;
        wait_until([] { return all.refused == CALLERS; }, "all heard of it");
        EXPECT_EQ(queued(), 0);
    });
}

// init begins on hart 0 and is not pinned to it, but a task in a long call stays where it is.
TEST(Refusing, a_receive_that_waits_refuses_some_in_each_entry) {
    refuses([](slot at, slot) {
        all.most_at_once = 0;
        EXPECT_EQ(sys_ipc_recv(at, in_us(2000)).status, STATUS_TIMED_OUT);
        EXPECT_EQ(queued(), 0);
        if (sim_kernel()->hart_count == 1) {
            EXPECT_EQ(all.most_at_once, 1);
        }
    });
}

// The first step of one that would drop a capability is no longer than another.
TEST(Refusing, a_receive_that_drops_capabilities_refuses_some_in_each_entry) {
    refuses([](slot at, slot) {
        sys_yield();  // Who runs beside it has looked.
        all.most_at_once = 0;
        EXPECT_EQ(sys_ipc_recv_drop_cap(at, in_us(2000)).status, STATUS_TIMED_OUT);
        EXPECT_EQ(queued(), 0);
        if (sim_kernel()->hart_count == 1) {
            EXPECT_EQ(all.most_at_once, 1);
        }
    });
}

TEST(Refusing, one_that_does_not_wait_ends_when_nobody_is_left) {
    refuses([](slot at, slot) {
        EXPECT_EQ(sys_ipc_recv(at, 0).status, STATUS_WOULD_BLOCK);
        EXPECT_EQ(queued(), 0);
    });
}

// Who stands behind many that were revoked is served at once.
TEST(Refusing, nobody_waits_for_those_who_were_revoked) {
    refuses([](slot at, slot good) {
        EXPECT_EQ(sys_cap_close(start("caller", {{good, AT, RIGHT_CALL}})), STATUS_OK);
        wait_until([] { return queued() == CALLERS + 1; }, "one more");
        recv_result got = sys_ipc_recv(at, in_us(1000));
        EXPECT_EQ(got.status, STATUS_OK);
        EXPECT_EQ(got.received, RECEIVED_CALL);
        EXPECT_EQ(queued(), CALLERS - 1);  // A step, on the way.
        // The receive that follows an answer goes on with it.
        EXPECT_EQ(sys_ipc_reply_recv(got.reply, at, in_us(2000)).status, STATUS_TIMED_OUT);
        EXPECT_EQ(queued(), 0);
        wait_until([] { return all.served == 1; }, "an answer");
    });
}

// The endpoint ends between two steps.
TEST(Refusing, closing_it_meanwhile_tells_the_rest) {
    sim_machine machine;
    machine.limits({16, 0, 0, 0, 63});
    machine.fault(FAULT_POINT_SHORT_STEP, 65536);
    machine.program("caller", [](user &self) {
        fill(self.page->call_out, 1, "x");
        enum status status = sys_ipc_call(slot_at(AT), UINT64_MAX).status;
        EXPECT_TRUE(status == STATUS_REVOKED || status == STATUS_PEER_CLOSED);
        all.refused++;
    });
    machine.program("closer", [](user &) {
        while (queued() > CALLERS - 3) {
            sys_yield();
        }
        EXPECT_EQ(sys_endpoint_close(slot_at(AT)), STATUS_OK);
    });
    machine.run([](user &) {
        all = {};
        EXPECT_NE(simtest::endpoint().value, 0u);  // Where init hears of its children.
        slot at = simtest::endpoint();
        slot grant = sys_grant_create(FACTORY).slot;
        slot stale = sys_cap_mint_under(at, 1, RIGHT_CALL, grant).slot;
        for (int i = 0; i < CALLERS; i++) {
            EXPECT_EQ(sys_cap_close(start("caller", {{stale, AT, RIGHT_CALL}})), STATUS_OK);
        }
        wait_until([] { return queued() == CALLERS; }, "a queue");
        slot closer = start("closer", {{at, AT, RIGHT_MANAGE}}, 0, 0);
        EXPECT_EQ(sys_grant_revoke(grant), STATUS_OK);
        EXPECT_EQ(sys_ipc_recv(at, in_us(2000)).status, STATUS_PEER_CLOSED);
        EXPECT_EQ(wait_dead(closer).reason, EXIT_CODE);
        wait_until([] { return all.refused == CALLERS; }, "all heard of it");
        EXPECT_EQ(queued(), 0);
    });
}

slot start_as(const char *name, qos ceiling, std::initializer_list<simtest::grant> grants) {
    task_result made = sys_task_create_up_to(FACTORY, service_id_of(name, std::strlen(name)),
                                             child_limits, ceiling);
    EXPECT_EQ(made.status, STATUS_OK);
    EXPECT_EQ(load(made.slot, name).status, STATUS_OK);
    for (const simtest::grant &one : grants) {
        EXPECT_EQ(sys_task_grant(made.slot, one.from, one.to, one.rights), STATUS_OK);
    }
    EXPECT_EQ(sys_task_start(made.slot, 0, 0), STATUS_OK);
    return made.slot;
}

// Those that it refuses lent it their class as long as they were queued. It returns when nobody of
// a higher class than its own is left to run.
TEST(Refusing, a_receive_that_counts_less_at_its_end_gives_way) {
    static bool middle_ran;
    sim_machine machine;
    machine.harts({1});
    machine.limits({16, 0, 0, 0, 63});
    machine.program("caller", [](user &self) {
        fill(self.page->call_out, 1, "x");
        EXPECT_EQ(sys_ipc_call(slot_at(AT), UINT64_MAX).status, STATUS_REVOKED);
        all.refused++;
    });
    machine.program("middle", [](user &) { middle_ran = true; });
    machine.run([](user &) {
        all = {};
        middle_ran = false;
        EXPECT_NE(simtest::endpoint().value, 0u);  // Where init hears of its children.
        slot at = simtest::endpoint();
        slot grant = sys_grant_create(FACTORY).slot;
        slot stale = sys_cap_mint_under(at, 1, RIGHT_CALL, grant).slot;
        EXPECT_EQ(sys_set_qos(slot_at(CAP_SLOT_NONE), QOS_IDLE), STATUS_OK);
        for (int i = 0; i < CALLERS; i++) {
            EXPECT_EQ(sys_cap_close(start_as("caller", QOS_INTERACTIVE, {{stale, AT, RIGHT_CALL}})),
                      STATUS_OK);
        }
        wait_until([] { return queued() == CALLERS; }, "a queue");
        EXPECT_EQ(sys_cap_close(start_as("middle", QOS_NORMAL, {})), STATUS_OK);
        EXPECT_EQ(sys_grant_revoke(grant), STATUS_OK);
        EXPECT_FALSE(middle_ran);  // So far init counted more.
        EXPECT_EQ(sys_ipc_recv(at, 0).status, STATUS_WOULD_BLOCK);
        EXPECT_EQ(all.refused, CALLERS);
        EXPECT_TRUE(middle_ran);
    });
}

}  // namespace
