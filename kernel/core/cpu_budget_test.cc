// kernel/core/cpu_budget_test.cc: a task with a CPU budget gets no more than that, however it goes
// about it, and nobody else waits for it. Looks into the kernel between system calls, so it does
// not import simtest's names.
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
constexpr std::uint64_t PERIOD_NS = 1000 * US;  // In place of the kernel's own, so that many pass.
constexpr std::uint32_t SHARE = 100;            // A tenth,
constexpr std::uint64_t BUDGET_NS = PERIOD_NS / 10;
constexpr std::uint64_t PERIODS = 40;
constexpr std::uint64_t OVERRUN_NS = 10 * US;  // What a kernel entry and a step of a program take.
constexpr std::uint32_t SERVER = 4;
constexpr std::uint32_t MAKES = RIGHT_MAKE_TASK | RIGHT_MAKE_ENDPOINT;

std::uint64_t child_id() {
    return service_id_of("child", 5);
}

task_result create(slot factory, std::uint32_t share, task_limits limits = {56, 0, 0, 0, 63}) {
    return sys_task_create_as(factory, child_id(), {limits, QOS_DEFAULT, {share, 0}});
}

const task *find(std::uint32_t instance) {
    const task *all = sim_kernel()->tasks;
    while (all->instance != instance) {
        all++;
    }
    return all;
}

std::uint64_t period_ns = PERIOD_NS;

struct started {
    slot cap;
    const task *object;
};

// A child on that hart. The machine has short periods from then on.
started start(const char *name, std::uint32_t share, std::initializer_list<simtest::grant> grants,
              std::uint64_t hart = 0, task_limits limits = {56, 0, 0, 0, 63}) {
    sim_kernel()->cpu_period_ns = period_ns;
    task_result made = create(FACTORY, share, limits);
    EXPECT_EQ(made.status, STATUS_OK);
    EXPECT_EQ(simtest::load(made.slot, name).status, STATUS_OK);
    for (const simtest::grant &one : grants) {
        EXPECT_EQ(sys_task_grant(made.slot, one.from, one.to, one.rights), STATUS_OK);
    }
    status begun = STATUS_BAD_ARG;
    simtest::wait_until(
        [&] {
            begun = sys_task_start(made.slot, 0, hart);
            return begun != STATUS_BAD_ARG;
        },
        "a hart");
    return {made.slot, find(made.instance)};
}

// init is out of the way so long.
void sleep(slot home, std::uint64_t ns) {
    std::uint64_t end_ns = sys_clock_get() + ns;
    while (sys_clock_get() < end_ns) {
        recv_result got = sys_ipc_recv(home, end_ns);
        EXPECT_TRUE(got.status == STATUS_OK || got.status == STATUS_TIMED_OUT);
    }
}

void expect_share(std::uint64_t used_ns, std::uint64_t begin_ns) {
    std::uint64_t periods = (sys_clock_get() - begin_ns) / PERIOD_NS;
    EXPECT_GE(periods, PERIODS);
    EXPECT_LE(used_ns, (periods + 2) * BUDGET_NS + OVERRUN_NS);
    EXPECT_GE(used_ns, periods * BUDGET_NS * 8 / 10);
}

TEST(CpuBudget, who_computes_without_end_gets_its_share) {
    sim_machine machine;
    machine.program("child", [](user &) {
        for (;;) {
            sim_user_work(50 * US);
        }
    });
    machine.run([](user &) {
        slot home = simtest::endpoint();
        started greedy = start("child", SHARE, {}, sim_hart_count() - 1);
        std::uint64_t begin_ns = sys_clock_get();
        sleep(home, PERIODS * PERIOD_NS);
        expect_share(greedy.object->run_ns.raw, begin_ns);
        EXPECT_GE(greedy.object->cpu.spent_count.raw, PERIODS / 2);
    });
}

// Another one on the same hart has the rest, all of it.
TEST(CpuBudget, what_it_does_not_get_the_others_have) {
    sim_machine machine;
    machine.program("child", [](user &) {
        for (;;) {
            sim_user_work(50 * US);
        }
    });
    machine.run([](user &) {
        slot home = simtest::endpoint();
        started greedy = start("child", SHARE, {});
        started other = start("child", 0, {});
        std::uint64_t begin_ns = sys_clock_get();
        sleep(home, PERIODS * PERIOD_NS);
        std::uint64_t passed_ns = sys_clock_get() - begin_ns;
        EXPECT_LE(greedy.object->run_ns.raw, passed_ns / 10 + 2 * BUDGET_NS + OVERRUN_NS);
        EXPECT_GE(other.object->run_ns.raw, passed_ns * 7 / 10);
    });
}

// A server on the same hart works for it: by the time the tick comes somebody else is current.
struct served {
    std::uint64_t rounds;
    std::uint64_t spent_callers;
};
served seen;

void serve(user &self) {
    simtest::fill(self.page->reply_out, 1, "");
    recv_result got = sys_ipc_recv(slot_at(SERVER), UINT64_MAX);
    while (got.status == STATUS_OK) {
        if (got.received != RECEIVED_CALL) {
            got = sys_ipc_recv(slot_at(SERVER), UINT64_MAX);
            continue;
        }
        sim_user_work(20 * US);
        got = sys_ipc_reply_recv(got.reply, slot_at(SERVER), UINT64_MAX);
    }
}

void call_without_end(user &self) {
    simtest::fill(self.page->call_out, 1, "");
    for (;;) {
        EXPECT_EQ(sys_ipc_call(slot_at(SERVER), UINT64_MAX).status, STATUS_OK);
        sim_user_work(5 * US);
        seen.rounds++;
    }
}

TEST(CpuBudget, calls_do_not_hide_it) {
    sim_machine machine;
    machine.program("child", call_without_end);
    machine.program("server", serve);
    machine.run([](user &) {
        seen = {};
        slot home = simtest::endpoint();
        slot at = simtest::endpoint();
        slot to = simtest::mint(at, 1);
        (void)start("server", 0, {{at, SERVER, RIGHT_RECV}});
        started greedy = start("child", SHARE, {{to, SERVER, RIGHT_CALL}});
        std::uint64_t begin_ns = sys_clock_get();
        sleep(home, PERIODS * PERIOD_NS);
        expect_share(seen.rounds * 25 * US, begin_ns);
        EXPECT_GE(greedy.object->cpu.spent_count.raw, PERIODS / 2);
    });
}

// It is spent when it queues at a server that another keeps busy. The answer must not come by a
// direct switch: in no tick it would be current, or wait for who is.
TEST(CpuBudget, waiting_in_a_queue_does_not_hide_it) {
    constexpr std::uint32_t OWN = 5;
    constexpr std::uint64_t WORKS_NS = 60 * US;
    sim_machine machine;
    machine.harts({2});
    machine.program("child", [](user &self) {
        simtest::fill(self.page->call_out, 1, "");
        for (;;) {
            EXPECT_EQ(sys_ipc_call(slot_at(SERVER), UINT64_MAX).status, STATUS_OK);
            sim_user_work(WORKS_NS);
            seen.rounds++;
        }
    });
    machine.program("other", [](user &self) {
        simtest::fill(self.page->call_out, 2, "");
        for (;;) {
            EXPECT_EQ(sys_ipc_call(slot_at(SERVER), UINT64_MAX).status, STATUS_OK);
            sim_user_work(20 * US);
        }
    });
    machine.program("server", [](user &self) {
        simtest::fill(self.page->reply_out, 1, "");
        recv_result got = sys_ipc_recv(slot_at(SERVER), UINT64_MAX);
        while (got.status == STATUS_OK) {
            if (got.received != RECEIVED_CALL) {
                got = sys_ipc_recv(slot_at(SERVER), UINT64_MAX);
                continue;
            }
            const reply_entry *serves = find(self.instance)->serving;
            if (serves->task->cpu.spent.raw != 0) {
                EXPECT_NE(serves->caller_wait & WAIT_DEFERRED, 0u);
                seen.spent_callers++;
            }
            if (self.page->request_in.header.type == 2) {
                EXPECT_EQ(sys_ipc_recv(slot_at(OWN), simtest::in_us(20)).status, STATUS_TIMED_OUT);
            }
            got = sys_ipc_reply_recv(got.reply, slot_at(SERVER), UINT64_MAX);
        }
    });
    machine.run([](user &) {
        seen = {};
        slot home = simtest::endpoint();
        slot own = simtest::endpoint();
        slot at = simtest::endpoint();
        slot to = simtest::mint(at, 1);
        (void)simtest::mint(own, 1);  // So that somebody could send there.
        (void)start("server", 0, {{at, SERVER, RIGHT_RECV}, {own, OWN, RIGHT_RECV}});
        started greedy = start("child", SHARE, {{to, SERVER, RIGHT_CALL}});
        (void)start("other", 0, {{to, SERVER, RIGHT_CALL}}, 1);
        std::uint64_t begin_ns = sys_clock_get();
        sleep(home, 2 * PERIODS * PERIOD_NS);
        std::uint64_t periods = (sys_clock_get() - begin_ns) / PERIOD_NS;
        EXPECT_LE(seen.rounds * WORKS_NS, (periods + 2) * BUDGET_NS + QUANTUM_NS);
        EXPECT_GE(greedy.object->cpu.spent_count.raw, 1u);
        EXPECT_GE(seen.spent_callers, 1u);
    });
}

// A server is not held up by a caller that is spent.
TEST(CpuBudget, a_server_goes_on_when_its_caller_is_spent) {
    sim_machine machine;
    static std::uint64_t took_ns;
    machine.program("child", [](user &self) {
        simtest::fill(self.page->call_out, 1, "");
        sim_user_work(BUDGET_NS - 5 * US);
        status_ignore(sys_ipc_call(slot_at(SERVER), UINT64_MAX).status,
                      "its end is not waited for");
    });
    machine.program("server", [](user &self) {
        simtest::fill(self.page->reply_out, 1, "");
        recv_result got = sys_ipc_recv(slot_at(SERVER), UINT64_MAX);
        std::uint64_t begin_ns = sys_clock_get();
        sim_user_work(20 * BUDGET_NS);
        took_ns = sys_clock_get() - begin_ns;
        EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_OK);
    });
    machine.run([](user &) {
        slot at = simtest::endpoint();
        slot home = simtest::endpoint();
        slot to = simtest::mint(at, 1);
        started server = start("server", 0, {{at, SERVER, RIGHT_RECV}});
        started child = start("child", SHARE, {{to, SERVER, RIGHT_CALL}});
        sleep(home, 2 * PERIOD_NS + 20 * BUDGET_NS);
        EXPECT_EQ(simtest::wait_dead(server.cap).reason, EXIT_CODE);
        EXPECT_LE(took_ns, 20 * BUDGET_NS + 100 * US);
        EXPECT_EQ(simtest::wait_dead(child.cap).reason, EXIT_CODE);
    });
}

TEST(CpuBudget, one_that_waits_for_its_next_period_can_be_killed) {
    sim_machine machine;
    machine.program("child", [](user &) {
        for (;;) {
            sim_user_work(50 * US);
        }
    });
    machine.run(
        [](user &) {
            slot home = simtest::endpoint();
            period_ns = 1000 * PERIOD_NS;
            started greedy = start("child", 1, {}, sim_hart_count() - 1);
            period_ns = PERIOD_NS;
            sleep(home, 4 * PERIOD_NS);
            EXPECT_TRUE(greedy.object->cpu.parked);
            EXPECT_EQ(sys_task_kill(greedy.cap), STATUS_OK);
            EXPECT_EQ(simtest::wait_dead(greedy.cap).reason, EXIT_KILLED);
            EXPECT_EQ(sys_cap_close(greedy.cap), STATUS_OK);
            EXPECT_EQ(sys_cap_close(home), STATUS_OK);
        },
        true);
}

TEST(CpuBudget, statistics_tell_of_it) {
    sim_machine machine;
    machine.program("child", [](user &) {
        for (;;) {
            sim_user_work(50 * US);
        }
    });
    machine.run([](user &init) {
        slot home = simtest::endpoint();
        started greedy = start("child", SHARE, {});
        sleep(home, 3 * PERIOD_NS);
        const auto *told = reinterpret_cast<const stats_task *>(init.page->stats);
        EXPECT_EQ(sys_kernel_stats(simtest::STATS, STATS_TASKS, greedy.object->index, 0).status,
                  STATUS_OK);
        EXPECT_EQ(told->instance, greedy.object->instance);
        EXPECT_EQ(told->cpu, SHARE);
        EXPECT_GE(told->cpu_spent, 1u);
    });
}

TEST(CpuBudget, test_reject_a_share_over_a_hart) {
    sim_machine machine;
    machine.program("child", [](user &) {});
    machine.run(
        [](user &) {
            EXPECT_EQ(create(FACTORY, TASK_SHARE_CPU_MAX + 1).status, STATUS_BAD_ARG);
            EXPECT_EQ(ecall_4(SYSCALL_TASK_CREATE, FACTORY.value, child_id(),
                              task_limits_pack({20, 0, 0, 0, 8}), UINT64_C(1) << TASK_SHARE_BITS)
                          .a0,
                      static_cast<std::uint64_t>(STATUS_BAD_ARG));
            EXPECT_EQ(sim_kernel()->cpu_shares.raw, 0u);
        },
        true);
}

// What it gives its children it has no more, and has again when they have ended.
TEST(CpuBudget, test_reject_more_than_its_own_share) {
    sim_machine machine;
    machine.program("child", [](user &) {
        slot factory = slot_at(5);
        const task_limits small{20, 0, 0, 0, 8};
        EXPECT_EQ(create(factory, 0, small).status, STATUS_DENIED);
        EXPECT_EQ(create(factory, SHARE, small).status, STATUS_NO_SPACE);
        task_result first = create(factory, SHARE - 10, small);
        EXPECT_EQ(first.status, STATUS_OK);
        EXPECT_EQ(create(factory, 10, small).status, STATUS_NO_SPACE);
        EXPECT_EQ(create(factory, 5, {2, 0, 0, 0, 8}).status, STATUS_NO_SPACE);  // No pages.
        EXPECT_EQ(create(factory, 9, small).status, STATUS_OK);
        EXPECT_EQ(sys_task_kill(first.slot), STATUS_OK);
        EXPECT_EQ(simtest::wait_dead(first.slot).reason, EXIT_KILLED);
        EXPECT_EQ(create(factory, SHARE - 10, small).status, STATUS_OK);
    });
    machine.run(
        [](user &) {
            slot home = simtest::endpoint();
            slot factory = sys_cap_mint(FACTORY, child_id(), MAKES).slot;
            started child = start("child", SHARE, {{factory, 5, MAKES}}, 0, {200, 4, 4, 0, 63});
            EXPECT_EQ(sim_kernel()->cpu_shares.raw, SHARE);
            for (int i = 0; i < 200 && child.object->state.raw != TASK_DEAD; i++) {
                sleep(home, PERIOD_NS);
            }
            EXPECT_EQ(simtest::wait_dead(child.cap).reason, EXIT_CODE);
            simtest::wait_until([] { return sim_kernel()->cpu_shares.raw == 0; }, "every share");
            EXPECT_EQ(sys_cap_close(child.cap), STATUS_OK);
            EXPECT_EQ(sys_cap_close(factory), STATUS_OK);
            EXPECT_EQ(sys_cap_close(home), STATUS_OK);
        },
        true);
}

// Children one after the other, each with nearly all of its share: they have together what it was
// given, and no fresh budget each.
TEST(CpuBudget, test_reject_a_fresh_budget_for_each_child) {
    static std::uint64_t used_ns;
    sim_machine machine;
    machine.program("greedy", [](user &) { sim_user_work(BUDGET_NS * 9 / 10); });
    machine.program("child", [](user &) {
        slot factory = slot_at(5);
        for (;;) {
            task_result made = create(factory, SHARE - 1, {56, 0, 0, 0, 8});
            if (made.status != STATUS_OK) {  // The one before has not been reclaimed.
                sys_yield();
                continue;
            }
            const task *object = find(made.instance);
            EXPECT_EQ(simtest::load(made.slot, "greedy").status, STATUS_OK);
            while (sys_task_start(made.slot, 0, 0) != STATUS_OK) {
            }
            EXPECT_EQ(simtest::wait_dead(made.slot).reason, EXIT_CODE);
            used_ns += object->run_ns.raw;
            EXPECT_EQ(sys_cap_close(made.slot), STATUS_OK);
        }
    });
    machine.run([](user &) {
        used_ns = 0;
        slot home = simtest::endpoint();
        slot factory = sys_cap_mint(FACTORY, child_id(), MAKES).slot;
        started maker =
            start("child", SHARE,
                  {{factory, 5, MAKES}, {simtest::IMAGE, simtest::IMAGE.value, RIGHT_READ}}, 0,
                  {200, 4, 4, 0, 63});
        std::uint64_t begin_ns = sys_clock_get();
        sleep(home, PERIODS * PERIOD_NS);
        std::uint64_t periods = (sys_clock_get() - begin_ns) / PERIOD_NS;
        EXPECT_LE(maker.object->run_ns.raw + used_ns, (periods + 2) * BUDGET_NS + OVERRUN_NS);
        EXPECT_GT(used_ns, 0u);
    });
}

}  // namespace
