// kernel/core/family_test.cc: who is reclaimed slowly may survive its supervisor, and that one's
// supervisor: somebody alive always pays for it and hears of its end. Programs run in simulation.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

#include "kernel/core/kernel.h"
#include "testing/sim/machine.h"

namespace {

using simtest::FACTORY;
using simtest::IMAGE;
using simtest::sim_machine;
using simtest::user;
using simtest::wait_dead;
using simtest::wait_until;

constexpr std::uint32_t MAKES = RIGHT_MAKE_TASK | RIGHT_MAKE_ENDPOINT;
constexpr std::uint32_t FACTORY_AT = 5;
constexpr std::uint32_t IMAGE_AT = 6;
constexpr std::uint32_t ENDPOINT_FIRST = 7;
constexpr std::uint32_t ENDPOINTS = 40;  // A step each, when who receives there is reclaimed.

std::uint64_t link_id() {
    return service_id_of("link", 4);
}

// The next of the chain, which may make `tasks` more.
slot make_next(slot factory, slot image, std::uint32_t tasks, std::uint32_t pages) {
    task_result made = sys_task_create_limited(factory, link_id(),
                                               {pages, tasks, tasks == 0 ? 0 : ENDPOINTS, 0, 63});
    EXPECT_EQ(made.status, STATUS_OK);
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    EXPECT_TRUE(sim_program_find("link", &offset, &bytes));
    EXPECT_EQ(sys_task_load(made.slot, image, offset, bytes).status, STATUS_OK);
    EXPECT_EQ(sys_task_grant(made.slot, factory, FACTORY_AT, MAKES), STATUS_OK);
    EXPECT_EQ(sys_task_grant(made.slot, image, IMAGE_AT, RIGHT_READ), STATUS_OK);
    return made.slot;
}

bool runs;
std::uint32_t last;  // The instance of the last of the chain.

const task *find_last() {
    const kernel *state = sim_kernel();
    return std::find_if(std::begin(state->tasks), std::end(state->tasks),
                        [](const task &one) { return one.instance == last; });
}

bool last_is_there() {
    const task *found = find_last();
    return found != std::end(sim_kernel()->tasks) && found->state.raw != TASK_FREE;
}

// The last computes, with many endpoints to give up. Its maker waits to be killed, which the first
// does, to end before what it has left behind.
void link(user &self) {
    slot factory = slot_at(FACTORY_AT);
    if (self.argument == 2) {
        last = self.instance;
        runs = true;
        sim_user_work(UINT64_C(10000000000));
    }
    slot next = make_next(factory, slot_at(IMAGE_AT), self.argument == 0 ? 1 : 0,
                          self.argument == 0 ? 90 : 30);
    for (std::uint32_t i = 0; self.argument == 1 && i < ENDPOINTS; i++) {
        slot_result made = sys_endpoint_create(factory);
        EXPECT_EQ(made.status, STATUS_OK);
        EXPECT_EQ(sys_task_grant(next, made.slot, ENDPOINT_FIRST + i, RIGHT_RECV), STATUS_OK);
        EXPECT_EQ(sys_cap_close(made.slot), STATUS_OK);
    }
    EXPECT_EQ(sys_task_start(next, self.argument + 1, TASK_HART_ANY), STATUS_OK);
    if (self.argument == 1) {
        sim_user_work(UINT64_C(10000000000));
    }
    wait_until([] { return runs; }, "the last");
    EXPECT_EQ(sys_task_kill(next), STATUS_OK);
    EXPECT_EQ(wait_dead(next).reason, EXIT_KILLED);
}

TEST(Family, what_is_left_behind_twice_has_a_supervisor) {
    static int outlived;
    outlived = 0;
    sim_machine machine;
    machine.program("link", link);
    machine.program("other", [](user &) {});
    machine.run(
        [](user &) {
            runs = false;
            last = 0;
            slot home = simtest::endpoint();
            slot factory = sys_cap_mint(FACTORY, link_id(), MAKES).slot;
            slot first = make_next(factory, IMAGE, 2, 200);
            EXPECT_EQ(sys_task_start(first, 0, TASK_HART_ANY), STATUS_OK);
            EXPECT_EQ(wait_dead(first).reason, EXIT_CODE);
            const bool left = last_is_there() && find_last()->state.raw != TASK_DEAD;
            outlived += left;
            if (left) {  // The first has passed on what it was left with.
                const task &init = sim_kernel()->tasks[sim_kernel()->init_task];
                EXPECT_EQ(find_last()->supervisor.raw, task_name(init.index, init.instance));
                EXPECT_TRUE(list_is_linked(&find_last()->sibling));
            }
            EXPECT_EQ(sys_cap_close(first), STATUS_OK);
            slot other = simtest::start("other");  // In the first's place.
            EXPECT_EQ(wait_dead(other).reason, EXIT_CODE);
            wait_until([] { return !last_is_there(); }, "the end of all");
            EXPECT_EQ(sys_cap_close(other), STATUS_OK);
            EXPECT_EQ(sys_cap_close(factory), STATUS_OK);
            EXPECT_EQ(sys_cap_close(home), STATUS_OK);
        },
        true);
    EXPECT_GE(outlived, 2);
}

}  // namespace
