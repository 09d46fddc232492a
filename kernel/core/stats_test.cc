// kernel/core/stats_test.cc: what kernel_stats counts, whom it tells, and that an audit on a
// running system finds what is wrong.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "kernel/abi/stats.h"
#include "kernel/core/kernel.h"
#include "kernel/core/run_queue.h"
#include "testing/sim/machine.h"

namespace {

using namespace simtest;

constexpr std::uint32_t AT = 4;     // Where a child finds the endpoint of init,
constexpr std::uint32_t ASKED = 5;  // and its capability for statistics.

std::uint64_t id_of(const char *name) {
    return service_id_of(name, std::strlen(name));
}

template <typename record>
std::vector<record> records_of(const user &self, const stats_result &got) {
    EXPECT_LE(got.count * sizeof(record), sizeof(self.page->stats));
    std::vector<record> out(got.count);
    std::memcpy(out.data(), self.page->stats, got.count * sizeof(record));
    return out;
}

stats_system system_of(const user &self) {
    stats_result got = sys_kernel_stats(STATS, STATS_SYSTEM, 0, 0);
    EXPECT_EQ(got.status, STATUS_OK);
    EXPECT_EQ(got.count, 1u);
    EXPECT_EQ(got.next, 0u);
    return records_of<stats_system>(self, got).at(0);
}

std::vector<stats_hart> harts_of(const user &self, std::uint64_t first = 0) {
    stats_result got = sys_kernel_stats(STATS, STATS_HARTS, first, 0);
    EXPECT_EQ(got.status, STATUS_OK);
    return records_of<stats_hart>(self, got);
}

std::vector<stats_task> tasks_of(const user &self) {
    std::vector<stats_task> all;
    std::uint64_t index = 0;
    do {
        stats_result got = sys_kernel_stats(STATS, STATS_TASKS, index, 0);
        EXPECT_EQ(got.status, STATUS_OK);
        for (const stats_task &one : records_of<stats_task>(self, got)) {
            all.push_back(one);
        }
        EXPECT_TRUE(got.next == 0 || got.next > index);
        index = got.next;
    } while (index != 0);
    return all;
}

// The only task of that name; one of instance 0 if there is none.
stats_task task_named(const user &self, const char *name) {
    stats_task found{};
    for (const stats_task &one : tasks_of(self)) {
        if (one.service_id == id_of(name)) {
            EXPECT_EQ(found.instance, 0u);
            found = one;
        }
    }
    return found;
}

TEST(Stats, pools_follow_what_is_taken) {
    sim_machine machine;
    machine.run([](user &init) {
        stats_system before = system_of(init);
        EXPECT_EQ(before.hart_count, sim_hart_count());
        EXPECT_EQ(before.tracing, 0u);
        EXPECT_EQ(before.tasks.total - before.tasks.free, 1u);
        EXPECT_EQ(before.endpoints.free, before.endpoints.total);
        slot at = simtest::endpoint();
        slot memory = sys_vmo_create(FACTORY, 3).slot;
        slot grant = sys_grant_create(FACTORY).slot;
        stats_system after = system_of(init);
        EXPECT_EQ(after.endpoints.free, before.endpoints.free - 1);
        EXPECT_EQ(after.vmos.free, before.vmos.free - 1);
        EXPECT_EQ(after.grants.free, before.grants.free - 1);
        EXPECT_EQ(after.pages.free, before.pages.free - 1 - 4);  // Sends; three, and their list.
        EXPECT_GT(after.now_ns, before.now_ns);
        for (slot one : {at, memory, grant}) {
            EXPECT_EQ(sys_cap_close(one), STATUS_OK);
        }
        stats_system last = system_of(init);
        EXPECT_EQ(std::memcmp(&last.pages, &before.pages, 5 * sizeof(stats_pool)), 0);
    });
}

// A child that receives, one that waits for an answer, one that waits in a queue.
TEST(Stats, tasks_say_what_they_wait_for) {
    sim_machine machine;
    machine.program("receiver", [](user &) {
        status_ignore(sys_ipc_recv(slot_at(AT), UINT64_MAX).status, "it is ended");
    });
    machine.program("first", [](user &) {
        status_ignore(sys_ipc_call(slot_at(AT), UINT64_MAX - 1).status, "it is ended");
    });
    machine.program("second", [](user &) {
        status_ignore(sys_ipc_call(slot_at(AT), UINT64_MAX - 2).status, "it is ended");
    });
    machine.run([](user &init) {
        slot at = simtest::endpoint();
        slot theirs = simtest::endpoint();
        slot receiver = start("receiver", {{theirs, AT, RIGHT_RECV}});
        slot first = start("first", {{at, AT, RIGHT_CALL}});
        recv_result got = sys_ipc_recv(at, UINT64_MAX);
        EXPECT_EQ(got.received, RECEIVED_CALL);
        slot second = start("second", {{at, AT, RIGHT_CALL}});
        wait_until([&] { return task_named(init, "second").wait == STATS_WAIT_QUEUE; }, "a queue");
        wait_until([&] { return task_named(init, "receiver").wait == STATS_WAIT_RECEIVE; },
                   "a receiver");
        stats_task one = task_named(init, "first");
        EXPECT_EQ(one.wait, STATS_WAIT_REPLY);
        EXPECT_EQ(one.peer, init.instance);
        EXPECT_EQ(one.deadline_ns, UINT64_MAX - 1);
        EXPECT_GE(one.waits, 1u);
        EXPECT_EQ(task_named(init, "second").peer, init.instance);
        EXPECT_EQ(task_named(init, "second").supervisor, init.instance);
        stats_task self = task_named(init, "init");
        EXPECT_EQ(self.instance, init.instance);
        EXPECT_EQ(self.replies, 1u);
        EXPECT_EQ(self.wait, STATS_WAIT_NONE);
        EXPECT_EQ(self.supervisor, 0u);
        EXPECT_EQ(sys_ipc_reply(got.reply), STATUS_OK);
        EXPECT_EQ(task_named(init, "init").replies, 0u);
        EXPECT_EQ(task_named(init, "init").answers, self.answers + 1);
        EXPECT_EQ(wait_dead(first).reason, EXIT_CODE);
        EXPECT_EQ(task_named(init, "first").state, TASK_DEAD);
        EXPECT_EQ(task_named(init, "first").exit_reason, EXIT_CODE);
        for (slot task : {receiver, second}) {
            EXPECT_EQ(sys_task_kill(task), STATUS_OK);
        }
    });
}

TEST(Stats, a_fault_of_any_kind_leaves_where_it_was) {
    sim_machine machine;
    machine.program("reads", [](user &) { (void)sim_user_load(8); });
    machine.program("fetches", [](user &) { sim_user_fetch(8); });
    machine.run([](user &init) {
        slot reads = start("reads");
        slot fetches = start("fetches");
        EXPECT_EQ(wait_dead(reads).reason, EXIT_FAULT_READ);
        EXPECT_EQ(wait_dead(fetches).reason, EXIT_FAULT_EXEC);
        EXPECT_GE(task_named(init, "reads").fault_pc, USER_IMAGE_MIN);
        EXPECT_GE(task_named(init, "fetches").fault_pc, USER_IMAGE_MIN);
    });
}

// Of others there is nothing to tell: they may have left registers of any kind.
TEST(Stats, a_fault_leaves_where_it_was) {
    sim_machine machine;
    machine.program("faulty", [](user &) { sim_user_store(8, 1); });
    machine.program("leaves", [](user &) {});
    machine.run([](user &init) {
        slot faulty = start("faulty");
        slot leaves = start("leaves");
        EXPECT_EQ(wait_dead(faulty).reason, EXIT_FAULT_WRITE);
        EXPECT_EQ(wait_dead(leaves).reason, EXIT_CODE);
        const std::uint64_t pc = task_named(init, "faulty").fault_pc;
        EXPECT_GE(pc, USER_IMAGE_MIN);
        EXPECT_LT(pc, USER_IMAGE_MAX);
        EXPECT_EQ(task_named(init, "leaves").fault_pc, 0u);
        EXPECT_EQ(task_named(init, "leaves").fault_ra, 0u);
    });
}

TEST(Stats, tasks_say_what_they_hold) {
    sim_machine machine;
    machine.program("child", [](user &) {});
    machine.run([](user &init) {
        stats_task before = task_named(init, "init");
        slot task = create("child");
        EXPECT_EQ(sys_task_grant(task, CONSOLE, 7, RIGHT_WRITE), STATUS_OK);
        stats_task child = task_named(init, "child");
        EXPECT_EQ(child.state, TASK_NEW);
        EXPECT_EQ(child.hart, 255);
        EXPECT_EQ(child.slots, child_limits.slots);
        EXPECT_EQ(child.slots_used, 1u);
        EXPECT_EQ(child.pages_given, child_limits.pages);
        EXPECT_LT(child.pages_left, child.pages_given);
        EXPECT_EQ(child.tasks_left, child_limits.tasks);
        EXPECT_EQ(child.endpoints_left, child_limits.endpoints);
        EXPECT_EQ(child.vmos_left, child_limits.vmos);
        stats_task after = task_named(init, "init");
        EXPECT_EQ(after.slots_used, before.slots_used + 1u);
        EXPECT_EQ(after.pages_left, before.pages_left - child_limits.pages);
        EXPECT_EQ(after.tasks_left, before.tasks_left - 1 - child_limits.tasks);
        EXPECT_EQ(load(task, "child").status, STATUS_OK);
        EXPECT_EQ(sys_task_start(task, 0, 0), STATUS_OK);
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
        EXPECT_EQ(task_named(init, "child").hart, 0);
        EXPECT_EQ(sys_cap_close(task), STATUS_OK);
        EXPECT_EQ(task_named(init, "child").instance, 0u);  // No trace of it is left.
    });
}

TEST(Stats, more_tasks_than_fit_come_in_pages) {
    sim_machine machine;
    machine.limits({16, 0, 0, 0, 1});
    machine.program("child", [](user &) {});
    machine.run([](user &init) {
        constexpr std::uint32_t COUNT = 2 * STATS_TASK_MAX + 1;
        for (std::uint32_t i = 0; i < COUNT; i++) {
            (void)create("child");
        }
        std::vector<stats_task> all = tasks_of(init);
        EXPECT_EQ(all.size(), COUNT + 1u);
        for (std::size_t i = 1; i < all.size(); i++) {
            EXPECT_EQ(all[i].instance, all[i - 1].instance + 1);
            EXPECT_EQ(all[i].index, all[i - 1].index + 1);
        }
    });
}

// Another hart has taken an object for the first time and not come to clear it: it holds anything.
TEST(Stats, nothing_is_told_of_an_object_that_is_being_made) {
    sim_machine machine;
    machine.tampers();
    machine.run([](user &init) {
        std::size_t before = tasks_of(init).size();
        std::uint32_t &next = sim_kernel()->task_pool.ranges[0].next;
        next++;
        std::vector<stats_task> told = tasks_of(init);
        next--;
        EXPECT_EQ(told.size(), before);
    });
}

TEST(Stats, time_is_somebodys) {
    sim_machine machine;
    machine.program("worker", [](user &) { sim_user_work(200000); });
    machine.run([](user &init) {
        slot worker = start("worker", {}, 0, 0);
        EXPECT_EQ(wait_dead(worker).reason, EXIT_CODE);
        // It computed that long; what it is charged beyond that is the kernel's work for it.
        stats_task done = task_named(init, "worker");
        EXPECT_GE(done.run_ns, 200000u);
        EXPECT_LT(done.run_ns, 400000u);
        std::uint64_t now_ns = sys_clock_get();
        for (const stats_hart &one : harts_of(init)) {
            EXPECT_LE(one.busy_ns + one.idle_ns, now_ns + 1000000);
            EXPECT_EQ(one.online, 1u);
        }
        stats_hart first = harts_of(init).at(0);
        EXPECT_GE(first.busy_ns, 200000u);
        EXPECT_GE(first.switches, 2u);
    });
}

// Another hart falls asleep and wakes all the time.
TEST(Stats, times_never_go_back_and_add_up) {
    sim_machine machine;
    machine.harts({2, 4});
    machine.program("nods", [](user &) {
        for (int i = 0; i < 150; i++) {
            EXPECT_EQ(sys_ipc_recv(slot_at(AT), in_us(3)).status, STATUS_TIMED_OUT);
            sim_user_work(2000);
        }
    });
    machine.run([](user &init) {
        slot at = simtest::endpoint();
        slot nods = start("nods", {{at, AT, RIGHT_RECV}}, 0, 1);
        std::vector<stats_hart> before = harts_of(init);
        while (task_query_state(sys_cap_query(nods).value) != TASK_DEAD) {
            std::uint64_t begin_ns = sys_clock_get();
            std::vector<stats_hart> now = harts_of(init);
            std::uint64_t end_ns = sys_clock_get();
            for (std::size_t i = 0; i < now.size(); i++) {
                EXPECT_GE(now[i].busy_ns, before[i].busy_ns) << i;
                EXPECT_GE(now[i].idle_ns, before[i].idle_ns) << i;
                EXPECT_GE(now[i].busy_ns + now[i].idle_ns, begin_ns) << i;
                EXPECT_LE(now[i].busy_ns + now[i].idle_ns, end_ns) << i;
            }
            before = now;
        }
        EXPECT_GT(before[1].busy_ns, 300000u);
        EXPECT_GT(before[1].idle_ns, 150 * 1000u);
    });
}

TEST(Stats, who_goes_on_at_once_was_not_preempted) {
    sim_machine machine;
    machine.harts({1});
    machine.program("other", [](user &) { sim_user_work(3 * QUANTUM_NS); });
    machine.run([](user &init) {
        std::uint64_t before = harts_of(init).at(0).preemptions;
        sim_user_work(4 * QUANTUM_NS);
        EXPECT_EQ(harts_of(init).at(0).preemptions, before);
        slot other = start("other");
        sim_user_work(4 * QUANTUM_NS);
        EXPECT_GE(harts_of(init).at(0).preemptions, before + 4);
        EXPECT_EQ(wait_dead(other).reason, EXIT_CODE);
    });
}

TEST(Stats, harts_count_what_is_rare) {
    sim_machine machine;
    machine.harts({2});
    machine.program("breaks", [](user &) { sim_user_illegal_instruction(); });
    machine.program("sleeper", [](user &) {
        status_ignore(sys_ipc_recv(slot_at(AT), UINT64_MAX).status, "it is ended");
    });
    machine.run([](user &init) {
        stats_hart before = harts_of(init).at(0);
        slot theirs = simtest::endpoint();
        slot sleeper = start("sleeper", {{theirs, AT, RIGHT_RECV}}, 0, 1);
        wait_until([&] { return task_named(init, "sleeper").wait == STATS_WAIT_RECEIVE; },
                   "a sleeper");
        wait_until([&] { return harts_of(init).at(1).instance == 0; }, "an idle hart");
        EXPECT_EQ(sys_ipc_notify(theirs), STATUS_OK);
        EXPECT_EQ(wait_dead(sleeper).reason, EXIT_CODE);
        EXPECT_EQ(wait_dead(start("breaks", {}, 0, 0)).reason, EXIT_FAULT_INSTRUCTION);
        stats_hart after = harts_of(init).at(0);
        EXPECT_EQ(after.faults, before.faults + 1);
        EXPECT_GE(after.ipis_sent, before.ipis_sent + 1);
        stats_hart other = harts_of(init, 1).at(0);
        EXPECT_EQ(other.index, 1u);
        EXPECT_GE(other.idles, 1u);
    });
}

TEST(Stats, sends_that_were_refused_are_told) {
    sim_machine machine;
    machine.harts({1});
    machine.run([](user &init) {
        const slot full = simtest::endpoint();
        EXPECT_EQ(harts_of(init).at(0).refused_sends, 0u);
        while (sys_ipc_send(full, 0).status == STATUS_OK) {
        }
        EXPECT_EQ(harts_of(init).at(0).refused_sends, 1u);
    });
}

TEST(Stats, what_the_scheduler_spared_refused_and_moved_is_told) {
    sim_machine machine;
    machine.run([](user &init) {
        constexpr std::uint64_t MANY = 1000000;  // More than this run counts.
        sched_counts &own = sim_kernel()->harts[0].sched;
        const struct {
            atomic_u64 *count;
            std::uint64_t (*told)(const stats_hart &);
        } all[] = {
            {&own.ipis_spared, [](const stats_hart &of) { return of.ipis_spared; }},
            {&own.raises, [](const stats_hart &of) { return of.raises; }},
            {&own.steals, [](const stats_hart &of) { return of.steals; }},
            {&own.steals_pinned, [](const stats_hart &of) { return of.steals_pinned; }},
            {&own.steals_bound,
             [](const stats_hart &of) { return std::uint64_t{of.steals_bound}; }},
            {&own.steals_higher,
             [](const stats_hart &of) { return std::uint64_t{of.steals_higher}; }},
            {&own.ipis_invalid,
             [](const stats_hart &of) { return std::uint64_t{of.ipis_invalid}; }},
            {&own.ipis_offline,
             [](const stats_hart &of) { return std::uint64_t{of.ipis_offline}; }},
        };
        for (const auto &one : all) {
            EXPECT_LT(one.told(harts_of(init).at(0)), MANY);
            one.count->raw += MANY;
            EXPECT_GE(one.told(harts_of(init).at(0)), MANY);
            one.count->raw -= MANY;
        }
    });
}

TEST(Stats, test_reject_without_the_right) {
    sim_machine machine;
    machine.program("child", [](user &self) {
        std::memset(self.page->stats, 0x5a, sizeof(self.page->stats));
        const std::uint32_t held = static_cast<std::uint32_t>(self.argument);
        const std::uint32_t needed[STATS_WHAT_COUNT] = {RIGHT_STATS_READ,  RIGHT_STATS_READ,
                                                        RIGHT_STATS_READ,  RIGHT_STATS_TRACE,
                                                        RIGHT_STATS_TRACE, RIGHT_STATS_AUDIT};
        for (int what = 0; what < STATS_WHAT_COUNT; what++) {
            bool may = (held & needed[what]) != 0;
            stats_result got =
                sys_kernel_stats(slot_at(ASKED), static_cast<stats_what>(what), 0, 0);
            EXPECT_EQ(got.status == STATUS_DENIED, !may) << what;
            if (!may) {
                EXPECT_EQ(got.count, 0u);
                EXPECT_EQ(self.page->stats[0], UINT64_C(0x5a5a5a5a5a5a5a5a));
            }
            self.page->stats[0] = UINT64_C(0x5a5a5a5a5a5a5a5a);
        }
    });
    machine.run([](user &) {
        for (std::uint32_t right : {RIGHT_STATS_READ, RIGHT_STATS_TRACE, RIGHT_STATS_AUDIT}) {
            slot child = start("child", {{STATS, ASKED, right}}, right);
            EXPECT_EQ(wait_dead(child).reason, EXIT_CODE);
        }
        slot reads = sys_cap_clone(STATS, RIGHT_STATS_READ).slot;
        EXPECT_EQ(sys_cap_clone(reads, RIGHTS_STATS).status, STATUS_DENIED);
        for (std::uint64_t bad : {std::uint64_t{1}, std::uint64_t{0}, std::uint64_t{50},
                                  std::uint64_t{CAP_SLOT_COUNT}, UINT64_MAX}) {
            EXPECT_EQ(sys_kernel_stats(slot_at(bad), STATS_SYSTEM, 0, 0).status, STATUS_BAD_CAP)
                << bad;
        }
    });
}

TEST(Stats, test_reject_bad_arguments) {
    sim_machine machine;
    machine.run([](user &init) {
        std::memset(init.page->stats, 0x5a, sizeof(init.page->stats));
        const struct {
            std::uint64_t what, index, from;
        } wrong[] = {
            {STATS_WHAT_COUNT, 0, 0},
            {UINT64_MAX, 0, 0},
            {UINT64_C(1) << 32, 0, 0},
            {STATS_SYSTEM, 1, 0},
            {STATS_SYSTEM, 0, 1},
            {STATS_HARTS, sim_hart_count(), 0},
            {STATS_HARTS, UINT64_C(1) << 32, 0},
            {STATS_HARTS, 0, 1},
            {STATS_TASKS, MAX_TASKS, 0},
            {STATS_TASKS, UINT64_MAX, 0},
            {STATS_TASKS, 0, 1},
            {STATS_TRACE_SET, 2, 0},
            {STATS_TRACE_SET, 1, 1},
            {STATS_TRACE_READ, sim_hart_count(), 0},
            {STATS_TRACE_READ, UINT64_C(1) << 32, 0},
            {STATS_TRACE_READ, 0, 1},
            {STATS_TRACE_READ, 0, UINT64_MAX},
            {STATS_AUDIT, 1, 0},
            {STATS_AUDIT, 0, 1},
        };
        for (const auto &one : wrong) {
            // The bare call: an enum is narrower than its register.
            ecall_result got =
                sim_ecall(SYSCALL_KERNEL_STATS, STATS.value, one.what, one.index, one.from);
            EXPECT_EQ(got.a0, static_cast<std::uint64_t>(STATUS_BAD_ARG))
                << one.what << " " << one.index << " " << one.from;
            EXPECT_EQ(got.a1, 0u);
        }
        for (std::uint64_t word : init.page->stats) {
            EXPECT_EQ(word, UINT64_C(0x5a5a5a5a5a5a5a5a));
        }
        EXPECT_EQ(system_of(init).tracing, 0u);
    });
}

// Others call, wait, are made and end while everything is followed.
TEST(Stats, an_audit_of_a_busy_system_adds_up) {
    sim_machine machine;
    machine.program("server", [](user &self) {
        recv_result got = sys_ipc_recv(slot_at(AT), UINT64_MAX);
        while (got.status == STATUS_OK) {
            fill(self.page->reply_out, 2, "yes");
            got = sys_ipc_reply_recv(got.reply, slot_at(AT), UINT64_MAX);
        }
    });
    machine.program("client", [](user &self) {
        for (int i = 0; i < 60; i++) {
            fill(self.page->call_out, 1, "well?");
            EXPECT_EQ(sys_ipc_call(slot_at(AT), UINT64_MAX).status, STATUS_OK);
        }
    });
    machine.program("auditor", [](user &) {
        for (int i = 0; i < 20; i++) {
            stats_result got = sys_kernel_stats(slot_at(ASKED), STATS_AUDIT, 0, 0);
            EXPECT_TRUE(got.status == STATUS_OK || got.status == STATUS_BUSY);
            EXPECT_EQ(got.count, 0u);
        }
    });
    machine.run([](user &) {
        slot at = simtest::endpoint();
        slot server = start("server", {{at, AT, RIGHT_RECV}});
        slot others[] = {start("client", {{at, AT, RIGHT_CALL}}),
                         start("client", {{at, AT, RIGHT_CALL}}),
                         start("auditor", {{STATS, ASKED, RIGHT_STATS_AUDIT}}),
                         start("auditor", {{STATS, ASKED, RIGHT_STATS_AUDIT}})};
        for (slot task : others) {
            EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
        }
        EXPECT_EQ(sys_task_kill(server), STATUS_OK);
        EXPECT_EQ(wait_dead(server).reason, EXIT_KILLED);
        stats_result got = sys_kernel_stats(STATS, STATS_AUDIT, 0, 0);
        EXPECT_EQ(got.status, STATUS_OK);
        EXPECT_EQ(got.count, 0u);
    });
}

TEST(Stats, an_audit_finds_what_does_not_add_up) {
    sim_machine machine;
    machine.tampers();
    machine.run([](user &) {
        sim_kernel()->grant_pool.free_count--;
        stats_result got = sys_kernel_stats(STATS, STATS_AUDIT, 0, 0);
        sim_kernel()->grant_pool.free_count++;
        EXPECT_EQ(got.status, STATUS_OK);
        EXPECT_EQ(got.count, 1u);
        EXPECT_NE(std::string(sim_console()).find("kernel: audit failed: a pool counts"),
                  std::string::npos);
        EXPECT_EQ(sys_kernel_stats(STATS, STATS_AUDIT, 0, 0).count, 0u);
    });
}

}  // namespace
