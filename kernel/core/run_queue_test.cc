// kernel/core/run_queue_test.cc: what a hart does for others that it does not do at each switch:
// offers of tasks to harts that sleep, classes that are passed over, interrupts for changed
// classes.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <memory>

extern "C" {
#include "kernel/core/qos.h"
#include "kernel/core/run_queue.h"
}
#include "testing/sim/machine.h"

namespace {

using simtest::mint;
using simtest::start;
using simtest::user;
using simtest::wait_until;

constexpr std::uint32_t AT = 4;
constexpr std::uint64_t MS = 1000000;

std::uint64_t steals_of(std::uint32_t hart) {
    return sim_kernel()->harts[hart].sched.steals.raw;
}

std::uint32_t home_of(slot task_slot) {
    const std::uint32_t instance = task_query_instance(sys_cap_query(task_slot).value);
    const task *found = std::find_if(std::begin(sim_kernel()->tasks), std::end(sim_kernel()->tasks),
                                     [=](const task &one) { return one.instance == instance; });
    return found->hart->index;
}

// Two tasks that may move share a hart, and give way to each other every 100 us.
struct shared {
    bool one_hart;  // They began so, and the other slept.
    std::uint64_t moved;
};

shared share_a_hart(std::uint64_t seed) {
    static bool stop;
    static shared seen;
    stop = false;
    seen = {};
    simtest::sim_machine machine;
    machine.program("yielder", [](user &) {
        EXPECT_EQ(sys_ipc_recv(slot_at(AT), UINT64_MAX).status, STATUS_OK);
        while (!stop) {
            sim_user_work(100000);
            sys_yield();
        }
    });
    machine.program("nothing", [](user &) {});
    sim_result result = machine.run_once(
        [](user &) {
            slot home = simtest::endpoint();
            slot bells[2];
            std::uint32_t homes[2];
            for (int i = 0; i < 2; i++) {
                slot at = simtest::endpoint();
                bells[i] = mint(at, 1);
                slot made = start("yielder", {{at, AT, RIGHT_RECV}});
                (void)start("nothing");  // Takes the other hart's turn.
                status_ignore(sys_ipc_recv(home, sys_clock_get() + MS).status, "both have blocked");
                homes[i] = home_of(made);
            }
            const hart *other = &sim_kernel()->harts[1];
            seen.one_hart = homes[0] == 0 && homes[1] == 0 && other->idle.raw != 0;
            std::uint64_t before = steals_of(1);
            EXPECT_EQ(sys_ipc_notify(bells[0]), STATUS_OK);
            EXPECT_EQ(sys_ipc_notify(bells[1]), STATUS_OK);
            std::uint64_t end_ns = sys_clock_get() + 3 * QUANTUM_NS;
            while (sys_clock_get() < end_ns) {
                status_ignore(sys_ipc_recv(home, end_ns).status, "an exit, or time is up");
            }
            seen.moved = steals_of(1) - before;
            stop = true;
        },
        2, seed);
    EXPECT_EQ(result.end, SIM_POWER_OFF) << result.message;
    return seen;
}

// No quantum ever ends.
TEST(RunQueue, tasks_that_give_way_early_are_offered_to_a_hart_that_sleeps) {
    int seen = 0;
    for (std::uint64_t seed = 1; seed <= 12; seed++) {
        shared got = share_a_hart(seed);
        seen += got.one_hart;
        EXPECT_TRUE(!got.one_hart || got.moved != 0) << seed;
    }
    EXPECT_GE(seen, 2);
}

struct fixture {
    std::unique_ptr<kernel> state = std::make_unique<kernel>();
    hart *home = &state->harts[0];

    fixture() {
        state->hart_count = 1;
        state->harts_online.raw = 1;
        home->kernel = state.get();
        run_queue_init(home);
        home->tick_ns = 0;  // No timer to arm.
    }

    task *queue(std::uint32_t index, qos own) {
        task &one = state->tasks[index];
        one.index = index;
        one.wait.raw = wait_next(0, WAIT_NONE, 0);
        one.reply_free = one.serving = &one.replies[0];
        one.replies[0].task = &one;
        one.qos_ceiling = QOS_BURST;
        one.hart = home;
        qos_begin(state.get(), &one, own);
        run_queue_push(state.get(), home, &one);
        return &one;
    }
};

// A class that was passed over once, and then had the hart for itself, has not starved since.
TEST(RunQueue, a_class_that_is_served_alone_is_not_passed_over) {
    fixture all;
    task *high = all.queue(0, QOS_INTERACTIVE);
    task *first = all.queue(1, QOS_NORMAL);
    task *second = all.queue(2, QOS_NORMAL);
    (void)all.queue(3, QOS_NORMAL);
    EXPECT_EQ(run_queue_next(all.state.get(), all.home), high);
    EXPECT_NE(all.home->passed_ns[QOS_NORMAL], 0u);
    EXPECT_EQ(run_queue_next(all.state.get(), all.home), first);
    EXPECT_EQ(all.home->passed_ns[QOS_NORMAL], 0u);
    EXPECT_EQ(run_queue_next(all.state.get(), all.home), second);
}

// IPIs that one set_qos from hart 0 sends for a task of hart 1.
struct ipis {
    std::uint64_t same;     // It runs and has that class already,
    std::uint64_t running;  // or another;
    std::uint64_t queued;   // it is queued behind the one that runs.
};

ipis set_class_of_another_harts() {
    static ipis seen;
    static bool computes;
    computes = false;
    simtest::sim_machine machine;
    machine.program("hog", [](user &) {
        computes = true;
        sim_user_work(QUANTUM_NS / 2);
    });
    machine.program("nothing", [](user &) {});
    sim_result result = machine.run_once(
        [](user &) {
            auto sent = [](slot task, qos one) {
                std::uint64_t before = sim_kernel()->harts[0].counts.ipis_sent.raw;
                EXPECT_EQ(sys_set_qos(task, one), STATUS_OK);
                return sim_kernel()->harts[0].counts.ipis_sent.raw - before;
            };
            slot hog = start("hog", {}, 0, 1);
            wait_until([] { return computes; }, "it computes");
            slot behind = start("nothing", {}, 0, 1);
            seen.same = sent(hog, QOS_NORMAL);
            seen.queued = sent(behind, QOS_IDLE);
            seen.running = sent(hog, QOS_IDLE);
            (void)simtest::wait_dead(behind);
        },
        2, 1);
    EXPECT_EQ(result.end, SIM_POWER_OFF) << result.message;
    return seen;
}

TEST(RunQueue, only_who_runs_elsewhere_is_interrupted_for_its_class) {
    ipis got = set_class_of_another_harts();
    EXPECT_EQ(got.same, 0u);
    EXPECT_EQ(got.queued, 0u);
    EXPECT_EQ(got.running, 1u);
}

}  // namespace
