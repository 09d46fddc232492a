// kernel/core/closing_test.cc: an endpoint at which many are queued ends: when the call that ends
// it returns, or the notice of its owner's end comes, nobody is queued there, and each has heard of
// it once. Programs run in simulation on 1, 2 and 4 harts.
#include <gtest/gtest.h>

#include "kernel/core/kernel.h"
#include "testing/sim/machine.h"

namespace {

using namespace simtest;

constexpr std::uint32_t AT = 4;
constexpr std::uint64_t QUANTUM_NS = 10000000;  // As run_queue.h says.
constexpr int CALLERS = 20;                     // A step each.

int queued() {
    int count = 0;
    for (const task &one : sim_kernel()->tasks) {
        count += wait_state_of(one.wait.raw) == WAIT_QUEUED;
    }
    return count;
}

enum how { BY_CLOSE, BY_LAST_CAPABILITY, BY_DEATH };

void closes(how way) {
    static int heard;
    sim_machine machine;
    machine.limits({16, 0, 0, 0, 63});
    machine.fault(FAULT_POINT_SHORT_STEP, 65536);
    machine.program("caller", [](user &self) {
        fill(self.page->call_out, 1, "x");
        call_result got = sys_ipc_call(slot_at(AT), UINT64_MAX);
        EXPECT_EQ(got.status, STATUS_PEER_CLOSED);
        EXPECT_EQ(got.delivery, DELIVERY_NONE);
        heard++;
    });
    machine.program("owner", [](user &) {
        while (queued() < CALLERS) {
            sys_yield();
        }
    });
    machine.run([way](user &) {
        heard = 0;
        slot at = simtest::endpoint();
        slot owner{};
        for (int i = 0; i < CALLERS; i++) {
            EXPECT_EQ(sys_cap_close(start("caller", {{at, AT, RIGHT_CALL}})), STATUS_OK);
        }
        if (way == BY_DEATH) {
            owner = start("owner", {{at, AT, RIGHT_RECV}});
            EXPECT_EQ(wait_dead(owner).reason, EXIT_CODE);
        } else {
            wait_until([] { return queued() == CALLERS; }, "a queue");
            EXPECT_EQ(way == BY_CLOSE ? sys_endpoint_close(at) : sys_cap_close(at), STATUS_OK);
        }
        EXPECT_EQ(queued(), 0);
        EXPECT_EQ(sim_kernel()->endpoint_pool.free_count, static_cast<unsigned>(MAX_ENDPOINTS));
        wait_until([] { return heard == CALLERS; }, "all heard of it");
    });
}

TEST(Closing, ends_when_nobody_is_queued) {
    closes(BY_CLOSE);
}

TEST(Closing, by_the_last_capability_to_receive) {
    closes(BY_LAST_CAPABILITY);
}

TEST(Closing, an_owners_end_is_told_when_nobody_is_queued) {
    closes(BY_DEATH);
}

// A task computes on the hart that has ended the endpoint: the last is told long before that task's
// time is over.
TEST(Closing, tells_the_last_beside_a_task_that_computes) {
    static std::uint64_t begun_ns;
    static std::uint64_t last_ns;
    static int heard;
    sim_machine machine;
    machine.harts({2});
    machine.limits({16, 0, 0, 0, 63});
    machine.fault(FAULT_POINT_SHORT_STEP, 65536);
    machine.program("caller", [](user &self) {
        fill(self.page->call_out, 1, "x");
        EXPECT_EQ(sys_ipc_call(slot_at(AT), UINT64_MAX).status, STATUS_PEER_CLOSED);
        last_ns = sys_clock_get();
        heard++;
    });
    machine.program("hog", [](user &) {
        for (;;) {
            sim_user_work(QUANTUM_NS);
        }
    });
    machine.run([](user &) {
        heard = 0;
        slot at = simtest::endpoint();
        for (int i = 0; i < CALLERS; i++) {
            EXPECT_EQ(sys_cap_close(start("caller", {{at, AT, RIGHT_CALL}}, 0, 1)), STATUS_OK);
        }
        wait_until([] { return queued() == CALLERS; }, "a queue");
        slot home = simtest::endpoint();
        EXPECT_EQ(sys_cap_close(start("hog", {}, 0, 0)), STATUS_OK);
        begun_ns = sys_clock_get();
        EXPECT_EQ(sys_endpoint_close(at), STATUS_OK);
        std::uint64_t end_ns = sys_clock_get() + 30 * QUANTUM_NS;
        while (heard < CALLERS && sys_clock_get() < end_ns) {
            status_ignore(sys_ipc_recv(home, sys_clock_get() + 1000).status, "time passes");
        }
        EXPECT_EQ(heard, CALLERS);
        EXPECT_LT(last_ns - begun_ns, QUANTUM_NS);
    });
}

}  // namespace
