// kernel/core/cpu_steps_test.cc: the steps of a long system call are the time of the task that made
// it, as if it computed. Looks into the kernel between system calls.
#include <gtest/gtest.h>

extern "C" {
#include "kernel/core/run_queue.h"
}
#include "testing/sim/machine.h"

namespace {

using simtest::FACTORY;
using simtest::sim_machine;
using simtest::user;

constexpr std::uint64_t US = 1000;
constexpr std::uint64_t PERIOD_NS = 50 * US;  // In place of the kernel's own, so that many pass.
constexpr std::uint32_t SHARE = 100;          // A tenth.
constexpr std::uint64_t PERIODS = 10;
constexpr std::uint32_t MAKER = 4;
constexpr std::uint64_t PAGES = 600;
constexpr std::uint64_t STEPS_AT_LEAST = 40;  // To make so many, and as many to return them.
constexpr std::uint64_t STEP_NS = 5;          // A step looks at the clock.

const task *find(std::uint32_t instance) {
    const task *all = sim_kernel()->tasks;
    while (all->instance != instance) {
        all++;
    }
    return all;
}

task_result start(std::uint32_t share) {
    task_result made = sys_task_create_as(FACTORY, service_id_of("child", 5),
                                          {{PAGES + 60, 0, 0, 2, 63}, QOS_DEFAULT, {share, 0}});
    EXPECT_EQ(made.status, STATUS_OK);
    EXPECT_EQ(simtest::load(made.slot, "child").status, STATUS_OK);
    EXPECT_EQ(sys_task_grant(made.slot, FACTORY, MAKER, RIGHT_MAKE_VMO), STATUS_OK);
    EXPECT_EQ(sys_task_start(made.slot, 0, 0), STATUS_OK);
    return made;
}

std::uint64_t run_ns;
bool done;

TEST(CpuSteps, are_the_time_of_who_made_the_call) {
    sim_machine machine;
    machine.program("child", [](user &self) {
        const task *own = find(self.instance);
        slot_result before = sys_vmo_create(slot_at(MAKER), 1);
        EXPECT_EQ(sys_cap_close(before.slot), STATUS_OK);
        std::uint64_t begin_ns = own->run_ns.raw;
        slot_result made = sys_vmo_create(slot_at(MAKER), PAGES);
        EXPECT_EQ(made.status, STATUS_OK);
        run_ns = own->run_ns.raw - begin_ns;
        done = true;
    });
    machine.run([](user &) {
        done = false;
        EXPECT_NE(simtest::endpoint().value, 0u);
        task_result child = start(0);
        EXPECT_EQ(simtest::wait_dead(child.slot).reason, EXIT_CODE);
        EXPECT_TRUE(done);
        EXPECT_GE(run_ns, STEPS_AT_LEAST * STEP_NS);
    });
}

// It makes memory and gives it back, without end.
TEST(CpuSteps, a_budget_bounds_them) {
    sim_machine machine;
    machine.harts({1});
    machine.program("child", [](user &) {
        for (;;) {
            slot_result made = sys_vmo_create(slot_at(MAKER), PAGES);
            EXPECT_EQ(made.status, STATUS_OK);
            EXPECT_EQ(sys_cap_close(made.slot), STATUS_OK);
        }
    });
    machine.run([](user &) {
        slot home = simtest::endpoint();
        sim_kernel()->cpu_period_ns = PERIOD_NS;
        task_result made = start(SHARE);
        const task *child = find(made.instance);
        std::uint64_t begin_ns = sys_clock_get();
        std::uint64_t end_ns = begin_ns + PERIODS * PERIOD_NS;
        while (sys_clock_get() < end_ns) {
            EXPECT_EQ(sys_ipc_recv(home, end_ns).status, STATUS_TIMED_OUT);
        }
        std::uint64_t passed_ns = sys_clock_get() - begin_ns;
        EXPECT_LE(child->run_ns.raw, passed_ns / 10 + PERIOD_NS / 5);
        EXPECT_GE(child->cpu.spent_count.raw, PERIODS / 2);
        EXPECT_EQ(sys_task_kill(made.slot), STATUS_OK);
        EXPECT_EQ(simtest::wait_dead(made.slot).reason, EXIT_KILLED);
    });
}

}  // namespace
