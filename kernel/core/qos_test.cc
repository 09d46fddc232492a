// kernel/core/qos_test.cc: who runs before whom, who may say so, and how long the others wait.
// Programs run in simulation.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kernel/abi/qos.h"
#include "testing/sim/machine.h"

extern "C" {
#include "kernel/core/run_queue.h"
}

namespace {

using namespace simtest;

constexpr std::uint32_t SERVER = 4;  // Where a child finds an endpoint.
constexpr std::uint32_t RATE_ALWAYS = 65536;

slot create_as(const char *name, qos ceiling) {
    task_result made = sys_task_create_up_to(FACTORY, service_id_of(name, std::string(name).size()),
                                             child_limits, ceiling);
    EXPECT_EQ(made.status, STATUS_OK) << name;
    return made.slot;
}

slot start_as(const char *name, qos ceiling, std::initializer_list<simtest::grant> grants = {},
              std::uint64_t argument = 0, std::uint64_t on_hart = 0) {
    slot task = create_as(name, ceiling);
    EXPECT_EQ(load(task, name).status, STATUS_OK);
    for (const simtest::grant &one : grants) {
        EXPECT_EQ(sys_task_grant(task, one.from, one.to, one.rights), STATUS_OK);
    }
    status started = STATUS_BAD_ARG;
    wait_until(
        [&] {
            started = sys_task_start(task, argument, on_hart);
            return started != STATUS_BAD_ARG;
        },
        "a hart");
    EXPECT_EQ(started, STATUS_OK);
    return task;
}

void be(qos own) {
    EXPECT_EQ(sys_set_qos(slot_at(CAP_SLOT_NONE), own), STATUS_OK);
}

// init sleeps, at most that long, and is in nobody's way.
void nap(slot home, std::uint64_t deadline_ns) {
    recv_result got = sys_ipc_recv(home, deadline_ns);
    EXPECT_TRUE(got.status == STATUS_OK || got.status == STATUS_TIMED_OUT);
}

void sleep_until(slot home, const std::function<bool()> &holds) {
    for (int round = 0; round < 1000 && !holds(); round++) {
        nap(home, in_us(200));
    }
    EXPECT_TRUE(holds());
}

TEST(Qos, the_highest_class_runs_first) {
    static std::vector<std::uint64_t> order;
    sim_machine machine;
    machine.harts({1});
    machine.program("child", [](user &self) { order.push_back(self.argument); });
    machine.run([](user &) {
        order.clear();
        slot home = simtest::endpoint();
        be(QOS_BURST);
        for (qos one : {QOS_NORMAL, QOS_IDLE, QOS_BURST, QOS_INTERACTIVE, QOS_NORMAL}) {
            (void)start_as("child", one, {}, one);
        }
        sleep_until(home, [] { return order.size() == 5; });
        EXPECT_EQ(order, (std::vector<std::uint64_t>{QOS_BURST, QOS_INTERACTIVE, QOS_NORMAL,
                                                     QOS_NORMAL, QOS_IDLE}));
    });
}

TEST(Qos, a_new_task_has_its_ceiling_as_its_class) {
    sim_machine machine;
    machine.program("child", [](user &) {});
    machine.run([](user &) {
        for (qos one : {QOS_IDLE, QOS_NORMAL, QOS_INTERACTIVE, QOS_BURST}) {
            slot task = create_as("child", one);
            EXPECT_EQ(task_query_qos(sys_cap_query(task).value), static_cast<unsigned>(one));
            EXPECT_EQ(sys_set_qos(task, QOS_IDLE), STATUS_OK);
            EXPECT_EQ(task_query_qos(sys_cap_query(task).value), static_cast<unsigned>(QOS_IDLE));
            EXPECT_EQ(sys_set_qos(task, one), STATUS_OK);
            EXPECT_EQ(sys_task_kill(task), STATUS_OK);
            (void)wait_dead(task);
            EXPECT_EQ(sys_cap_close(task), STATUS_OK);
        }
        slot task = create_as("child", QOS_DEFAULT);
        EXPECT_EQ(task_query_qos(sys_cap_query(task).value), static_cast<unsigned>(QOS_NORMAL));
    });
}

TEST(Qos, test_reject_class_above_the_ceiling) {
    sim_machine machine;
    machine.program("child", [](user &) {
        EXPECT_EQ(sys_set_qos(slot_at(CAP_SLOT_NONE), QOS_INTERACTIVE), STATUS_DENIED);
        EXPECT_EQ(sys_set_qos(slot_at(CAP_SLOT_NONE), QOS_NORMAL), STATUS_OK);
    });
    machine.run([](user &) {
        slot task = create_as("child", QOS_NORMAL);
        EXPECT_EQ(sys_set_qos(task, QOS_BURST), STATUS_DENIED);
        EXPECT_EQ(task_query_qos(sys_cap_query(task).value), static_cast<unsigned>(QOS_NORMAL));
        slot other = start_as("child", QOS_NORMAL);
        EXPECT_EQ(wait_dead(other).reason, EXIT_CODE);
    });
}

TEST(Qos, test_reject_ceiling_above_its_creators) {
    sim_machine machine;
    machine.limits({100, 4, 8, 8, 63});
    machine.program("child", [](user &) {
        const task_limits small{20, 0, 0, 0, 63};
        std::uint64_t id = service_id_of("child", 5);
        EXPECT_EQ(sys_task_create_up_to(FACTORY, id, small, QOS_INTERACTIVE).status, STATUS_DENIED);
        task_result made = sys_task_create_up_to(FACTORY, id, small, QOS_IDLE);
        EXPECT_EQ(made.status, STATUS_OK);
        EXPECT_EQ(sys_set_qos(made.slot, QOS_NORMAL), STATUS_DENIED);
        EXPECT_EQ(sys_task_create_up_to(FACTORY, id, small, QOS_COUNT).status, STATUS_BAD_ARG);
    });
    machine.run([](user &) {
        slot factory = sys_cap_mint(FACTORY, service_id_of("child", 5), RIGHT_MAKE_TASK).slot;
        slot task = start_as("child", QOS_NORMAL, {{factory, FACTORY.value, RIGHT_MAKE_TASK}});
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
    });
}

TEST(Qos, test_reject_wrong_set_qos) {
    sim_machine machine;
    machine.program("child", [](user &) {
        EXPECT_EQ(sys_set_qos(slot_at(SERVER), QOS_IDLE), STATUS_DENIED);  // QUERY only.
    });
    machine.run([](user &) {
        slot task = create_as("child", QOS_NORMAL);
        EXPECT_EQ(sys_set_qos(task, QOS_DEFAULT), STATUS_BAD_ARG);
        EXPECT_EQ(sys_set_qos(task, QOS_COUNT), STATUS_BAD_ARG);
        EXPECT_EQ(static_cast<status>(
                      ecall_2(SYSCALL_SET_QOS, task.value, UINT64_C(1) << 32 | QOS_IDLE).a0),
                  STATUS_BAD_ARG);
        EXPECT_EQ(sys_set_qos(CONSOLE, QOS_IDLE), STATUS_BAD_CAP);
        EXPECT_EQ(sys_set_qos(slot_at(CAP_SLOT_COUNT), QOS_IDLE), STATUS_BAD_CAP);
        EXPECT_EQ(sys_set_qos(slot_at(UINT64_MAX), QOS_IDLE), STATUS_BAD_CAP);
        slot other = start_as("child", QOS_NORMAL, {{task, SERVER, RIGHT_TASK_QUERY}});
        EXPECT_EQ(wait_dead(other).reason, EXIT_CODE);
        EXPECT_EQ(sys_set_qos(other, QOS_IDLE), STATUS_BUSY);  // It has ended.
    });
}

// What a task of class `waiter` and its waker, a NORMAL one on the same hart, do in which order.
std::string order_of_wake(qos waiter) {
    static std::string order;
    sim_machine machine;
    machine.harts({1});
    machine.program("waiter", [](user &) {
        EXPECT_EQ(sys_ipc_recv(slot_at(SERVER), UINT64_MAX).status, STATUS_OK);
        order += "waiter ";
    });
    machine.program("waker", [](user &) {
        EXPECT_EQ(sys_ipc_notify(slot_at(SERVER)), STATUS_OK);
        sim_user_work(10000);
        order += "waker ";
    });
    machine.run([waiter](user &) {
        order.clear();
        slot home = simtest::endpoint();
        slot at = simtest::endpoint();
        slot bell = mint(at, 1);
        be(QOS_BURST);
        (void)start_as("waiter", waiter, {{at, SERVER, RIGHT_RECV}});
        nap(home, in_us(300));
        (void)start_as("waker", QOS_NORMAL, {{bell, SERVER, RIGHT_NOTIFY}});
        sleep_until(home, [] { return order.size() == 13; });
    });
    return order;
}

TEST(Qos, a_woken_task_of_a_higher_class_runs_at_once) {
    EXPECT_EQ(order_of_wake(QOS_INTERACTIVE), "waiter waker ");
    EXPECT_EQ(order_of_wake(QOS_NORMAL), "waker waiter ");
    EXPECT_EQ(order_of_wake(QOS_IDLE), "waker waiter ");
}

// A task of class `waiter` waits on hart 1, where one of class `hog` computes, and is woken from
// hart 0.
struct remote {
    sim_result result;
    std::uint64_t waited_ns;  // From the wake-up until it ran.
    std::uint64_t sent;       // IPIs for it.
    std::uint64_t spared;
};

remote wake_on_another_hart(qos waiter, qos hog, bool lose) {
    static remote seen;
    static std::uint64_t woken_ns;
    static bool computes;
    seen = {};
    sim_machine machine;
    machine.fault(FAULT_POINT_LOSE_PREEMPTION, lose ? RATE_ALWAYS : 0);
    machine.program("waiter", [](user &) {
        EXPECT_EQ(sys_ipc_recv(slot_at(SERVER), UINT64_MAX).status, STATUS_OK);
        seen.waited_ns = sys_clock_get() - woken_ns;
    });
    machine.program("hog", [](user &) {
        computes = true;
        sim_user_work(2 * QUANTUM_NS);
    });
    computes = false;
    seen.result = machine.run_once(
        [=](user &) {
            slot home = simtest::endpoint();
            slot at = simtest::endpoint();
            slot bell = mint(at, 1);
            slot task = start_as("waiter", waiter, {{at, SERVER, RIGHT_RECV}}, 0, 1);
            nap(home, in_us(300));
            (void)start_as("hog", hog, {}, 0, 1);
            sleep_until(home, [] { return computes; });
            const hart *own = &sim_kernel()->harts[0];
            std::uint64_t sent = own->counts.ipis_sent.raw;
            std::uint64_t spared = own->sched.ipis_spared.raw;
            woken_ns = sys_clock_get();
            EXPECT_EQ(sys_ipc_notify(bell), STATUS_OK);
            seen.sent = own->counts.ipis_sent.raw - sent;
            seen.spared = own->sched.ipis_spared.raw - spared;
            sleep_until(home, [] { return seen.waited_ns != 0; });
            (void)wait_dead(task);
        },
        2, 3);
    return seen;
}

TEST(Qos, a_higher_class_on_another_hart_takes_one_ipi) {
    remote got = wake_on_another_hart(QOS_INTERACTIVE, QOS_IDLE, false);
    EXPECT_EQ(got.result.end, SIM_POWER_OFF) << got.result.message;
    EXPECT_EQ(got.sent, 1u);
    EXPECT_EQ(got.spared, 0u);
    EXPECT_LT(got.waited_ns, QUANTUM_NS / 10);
}

TEST(Qos, an_equal_or_lower_class_on_another_hart_takes_none) {
    for (qos waiter : {QOS_NORMAL, QOS_IDLE}) {
        remote got = wake_on_another_hart(waiter, QOS_NORMAL, false);
        EXPECT_EQ(got.result.end, SIM_POWER_OFF) << got.result.message;
        EXPECT_EQ(got.sent, 0u);
        EXPECT_EQ(got.spared, 1u);
        EXPECT_GT(got.waited_ns, QUANTUM_NS / 2);
    }
}

// Without the IPI nothing would tell the other hart.
TEST(Qos, the_ipi_is_needed) {
    remote got = wake_on_another_hart(QOS_INTERACTIVE, QOS_IDLE, true);
    EXPECT_EQ(got.result.end, SIM_CHECK_FAILED);
    EXPECT_NE(std::string(got.result.message).find("lost preemption: hart 1"), std::string::npos)
        << got.result.message;
}

// An IDLE server computes when somebody INTERACTIVE calls it, and somebody NORMAL would compute for
// longer: the caller does not wait for that one.
TEST(Qos, a_queued_call_lends_its_class) {
    static bool serves;
    static std::uint64_t answered_ns;
    static std::uint64_t computed_ns;
    sim_machine machine;
    machine.harts({1});
    machine.program("server", [](user &self) {
        serves = true;
        sim_user_work(500000);
        recv_result got = sys_ipc_recv(slot_at(SERVER), UINT64_MAX);
        fill(self.page->reply_out, 1, "");
        EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_OK);
    });
    machine.program("hog", [](user &) {
        sim_user_work(3000000);
        computed_ns = sys_clock_get();
    });
    machine.program("client", [](user &self) {
        fill(self.page->call_out, 1, "");
        EXPECT_EQ(sys_ipc_call(slot_at(SERVER), UINT64_MAX).status, STATUS_OK);
        answered_ns = sys_clock_get();
    });
    machine.run([](user &) {
        serves = false;
        answered_ns = computed_ns = 0;
        slot home = simtest::endpoint();
        slot at = simtest::endpoint();
        slot calls = mint(at, 1);
        be(QOS_BURST);
        (void)start_as("server", QOS_IDLE, {{at, SERVER, RIGHT_RECV}});
        sleep_until(home, [] { return serves; });
        (void)start_as("hog", QOS_NORMAL);
        (void)start_as("client", QOS_INTERACTIVE, {{calls, SERVER, RIGHT_CALL}});
        sleep_until(home, [] { return answered_ns != 0 && computed_ns != 0; });
        EXPECT_LT(answered_ns, computed_ns);
    });
}

// However much a higher class computes, a lower one has a quantum before long, and not sooner.
TEST(Qos, the_lowest_class_starves_for_a_bounded_time) {
    static std::uint64_t began_ns;
    static std::uint64_t ran_ns;
    static bool ends;
    sim_machine machine;
    machine.program("hog", [](user &) {
        began_ns = began_ns == 0 ? sys_clock_get() : began_ns;
        while (!ends) {
            sim_user_work(QUANTUM_NS / 4);
            sys_yield();
        }
    });
    machine.program("idle", [](user &) {
        ran_ns = sys_clock_get();
        ends = true;
    });
    began_ns = ran_ns = 0;
    ends = false;
    sim_result result = machine.run_once(
        [](user &) {
            slot home = simtest::endpoint();
            be(QOS_BURST);
            slot tasks[] = {start_as("idle", QOS_IDLE), start_as("hog", QOS_INTERACTIVE),
                            start_as("hog", QOS_INTERACTIVE)};
            for (slot task : tasks) {
                while (task_query_state(sys_cap_query(task).value) != TASK_DEAD) {
                    nap(home, in_us(50000));
                }
            }
        },
        1, 1);
    EXPECT_EQ(result.end, SIM_POWER_OFF) << result.message;
    EXPECT_GE(ran_ns - began_ns, STARVATION_NS);
    EXPECT_LE(ran_ns - began_ns, STARVATION_NS + QOS_COUNT * QUANTUM_NS);
}

// Call and reply switch without another quantum.
TEST(Qos, a_direct_switch_does_not_renew_the_quantum) {
    static std::uint64_t end_ns;
    sim_machine machine;
    machine.program("server", [](user &self) {
        recv_result got = sys_ipc_recv(slot_at(SERVER), UINT64_MAX);
        for (int i = 0; i < 20 && got.status == STATUS_OK; i++) {
            EXPECT_EQ(sim_kernel()->harts[0].quantum_end_ns, end_ns);
            fill(self.page->reply_out, 1, "");
            got = sys_ipc_reply_recv(got.reply, slot_at(SERVER), UINT64_MAX);
        }
    });
    machine.program("client", [](user &self) {
        sys_yield();  // A quantum of its own.
        end_ns = sim_kernel()->harts[0].quantum_end_ns;
        for (int i = 0; i < 20; i++) {
            fill(self.page->call_out, 1, "");
            EXPECT_EQ(sys_ipc_call(slot_at(SERVER), UINT64_MAX).status, STATUS_OK);
            EXPECT_EQ(sim_kernel()->harts[0].quantum_end_ns, end_ns);
        }
    });
    for (std::uint32_t slow : {0u, RATE_ALWAYS}) {
        machine.fault(FAULT_POINT_SLOW_PATH, slow);
        sim_result result = machine.run_once(
            [](user &) {
                slot home = simtest::endpoint();
                slot at = simtest::endpoint();
                slot calls = mint(at, 1);
                (void)start_as("server", QOS_NORMAL, {{at, SERVER, RIGHT_RECV}});
                nap(home, in_us(300));
                slot client = start_as("client", QOS_NORMAL, {{calls, SERVER, RIGHT_CALL}});
                nap(home, UINT64_MAX);
                (void)wait_dead(client);
            },
            1, 1);
        EXPECT_EQ(result.end, SIM_POWER_OFF) << result.message;
        EXPECT_EQ(result.direct_switches > 30, slow == 0);
    }
}

// Who is preempted goes on with the rest of its quantum, before others of its class.
TEST(Qos, a_preempted_task_has_the_rest_of_its_quantum) {
    static std::uint64_t end_ns;
    static std::vector<std::uint64_t> order;
    sim_machine machine;
    machine.harts({1});
    machine.program("urgent", [](user &) {
        EXPECT_EQ(sys_ipc_recv(slot_at(SERVER), UINT64_MAX).status, STATUS_OK);
        sim_user_work(20000);
    });
    machine.program("child", [](user &self) {
        if (self.argument == 0) {
            end_ns = sim_kernel()->harts[0].quantum_end_ns;
            EXPECT_EQ(sys_ipc_notify(slot_at(SERVER)), STATUS_OK);
            sim_user_work(2000);
            EXPECT_GT(sim_kernel()->harts[0].quantum_end_ns, end_ns);  // It stood still meanwhile,
            EXPECT_LT(sim_kernel()->harts[0].quantum_end_ns, end_ns + 100000);
        }
        order.push_back(self.argument);
    });
    machine.run([](user &) {
        order.clear();
        slot home = simtest::endpoint();
        slot at = simtest::endpoint();
        slot bell = mint(at, 1);
        be(QOS_BURST);
        (void)start_as("urgent", QOS_INTERACTIVE, {{at, SERVER, RIGHT_RECV}});
        nap(home, in_us(300));
        for (std::uint64_t i : {0, 1}) {
            (void)start_as("child", QOS_NORMAL, {{bell, SERVER, RIGHT_NOTIFY}}, i);
        }
        sleep_until(home, [] { return order.size() == 2; });
        EXPECT_EQ(order, (std::vector<std::uint64_t>{0, 1}));
    });
}

// A slice ends with the quantum, whatever the timer was armed for before.
TEST(Qos, a_slice_is_no_longer_than_a_quantum) {
    static std::uint64_t longest_ns;
    static std::uint64_t last_ns;
    static std::uint64_t runs;
    static bool ended;
    static int begun;
    sim_machine machine;
    machine.program("hog", [](user &self) {
        for (begun++; begun < 2;) {
            sys_yield();
        }
        for (int i = 0; i < 60 && !ended; i++) {
            std::uint64_t now = sys_clock_get();
            longest_ns =
                runs == self.argument && now - last_ns > longest_ns ? now - last_ns : longest_ns;
            last_ns = runs == self.argument ? last_ns : now;
            runs = self.argument;
            sim_user_work(QUANTUM_NS / 7);
        }
        ended = true;  // The other one would go on alone.
    });
    ended = false;
    begun = 0;
    longest_ns = last_ns = runs = 0;
    sim_result result = machine.run_once(
        [](user &) {
            slot home = simtest::endpoint();
            slot tasks[] = {start_as("hog", QOS_NORMAL, {}, 1), start_as("hog", QOS_NORMAL, {}, 2)};
            for (slot task : tasks) {
                while (task_query_state(sys_cap_query(task).value) != TASK_DEAD) {
                    nap(home, in_us(30000));
                }
            }
        },
        1, 1);
    EXPECT_EQ(result.end, SIM_POWER_OFF) << result.message;
    EXPECT_GT(longest_ns, QUANTUM_NS / 2);
    EXPECT_LE(longest_ns, QUANTUM_NS + QUANTUM_NS / 6);
}

std::uint32_t hart_of(slot task) {
    return task_query_hart(sys_cap_query(task).value);
}

// One task more than there are harts, all of which compute; then those between the first and the
// last end, and harts have nothing to do.
void share_a_hart(std::uint32_t harts, bool pinned) {
    slot home = simtest::endpoint();
    std::vector<slot> tasks;
    for (std::uint32_t i = 0; i < harts + 1; i++) {
        tasks.push_back(start("hog", {}, 0, pinned ? 1 : TASK_HART_ANY));
    }
    std::uint32_t first = hart_of(tasks[0]);
    nap(home, in_us(100));
    EXPECT_EQ(hart_of(tasks[harts]), first);
    for (std::uint32_t i = 1; i < harts; i++) {
        EXPECT_EQ(sys_task_kill(tasks[i]), STATUS_OK);
        nap(home, in_us(500));
    }
    for (int i = 0; i < 10; i++) {
        nap(home, in_us(5000));
    }
    EXPECT_EQ(hart_of(tasks[0]) == hart_of(tasks[harts]), pinned);
}

// After a quantum a hart that sleeps has one of two that share another. Pinned ones stay.
TEST(Qos, a_hart_that_sleeps_takes_what_waits_elsewhere) {
    sim_machine machine;
    machine.program("hog", [](user &) {
        for (;;) {
            sim_user_work(QUANTUM_NS / 4);
            sys_yield();
        }
    });
    for (bool pinned : {false, true}) {
        for (std::uint32_t harts : {2u, 4u}) {
            sim_result result =
                machine.run_once([=](user &) { share_a_hart(harts, pinned); }, harts, 5);
            EXPECT_EQ(result.end, SIM_POWER_OFF) << result.message;
            EXPECT_EQ(result.steals != 0, !pinned);
        }
    }
}

}  // namespace
