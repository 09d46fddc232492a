// kernel/core/counts_test.cc: a hart counts each thing once, and nothing else as that thing. Looks
// into the kernel between system calls.
#include <gtest/gtest.h>

#include "kernel/abi/qos.h"
#include "kernel/abi/stats.h"
#include "testing/sim/machine.h"

extern "C" {
#include "kernel/core/run_queue.h"
}

namespace {

using simtest::endpoint;
using simtest::fill;
using simtest::in_us;
using simtest::sim_machine;
using simtest::start;
using simtest::user;
using simtest::wait_dead;
using simtest::wait_until;

constexpr std::uint32_t AT = 4;
constexpr std::uint32_t RATE_ALWAYS = 65536;
constexpr std::uint64_t CALLS = 7;
constexpr std::uint64_t WORKERS = 3;

const hart_counts &counts_of(std::uint32_t index) {
    return sim_kernel()->harts[index].counts;
}

TEST(Counts, a_wait_with_nobody_else_idles_once) {
    sim_machine machine;
    machine.harts({1});
    machine.run([](user &) {
        slot at = endpoint();
        const hart_counts before = counts_of(0);
        EXPECT_EQ(sys_ipc_recv(at, in_us(50)).status, STATUS_TIMED_OUT);
        EXPECT_EQ(counts_of(0).idles.raw, before.idles.raw + 1);
    });
}

TEST(Counts, a_tick_a_quantum_and_nothing_else) {
    sim_machine machine;
    machine.harts({1});
    machine.run([](user &) {
        const hart_counts before = counts_of(0);
        sim_user_work(10 * QUANTUM_NS);
        const hart_counts &after = counts_of(0);
        EXPECT_GE(after.ticks.raw, before.ticks.raw + 9);
        EXPECT_LE(after.ticks.raw, before.ticks.raw + 11);
        EXPECT_EQ(after.idles.raw, before.idles.raw);
        EXPECT_EQ(after.ipis_taken.raw, before.ipis_taken.raw);
        EXPECT_EQ(after.interrupts.raw, before.interrupts.raw);
        EXPECT_EQ(after.faults.raw, before.faults.raw);
    });
}

TEST(Counts, the_most_that_a_tick_found_stays) {
    sim_machine machine;
    machine.harts({1});
    machine.program("worker", [](user &) { sim_user_work(QUANTUM_NS / 4); });
    machine.run([](user &) {
        slot tasks[WORKERS];
        for (slot &one : tasks) {
            one = start("worker");
        }
        EXPECT_EQ(counts_of(0).runnable_most.raw, 0u);
        sim_user_work(2 * QUANTUM_NS);
        EXPECT_EQ(counts_of(0).runnable_most.raw, WORKERS);
        for (slot one : tasks) {
            EXPECT_EQ(wait_dead(one).reason, EXIT_CODE);
        }
        sim_user_work(3 * QUANTUM_NS);  // Nobody else.
        EXPECT_EQ(counts_of(0).runnable_most.raw, WORKERS);
    });
}

TEST(Counts, an_interrupt_of_another_hart_is_taken_once) {
    static bool computes;
    sim_machine machine;
    machine.harts({2});
    machine.program("hog", [](user &) {
        computes = true;
        sim_user_work(QUANTUM_NS / 2);
    });
    machine.run([](user &) {
        computes = false;
        slot hog = start("hog", {}, 0, 1);
        wait_until([] { return computes; }, "it computes");
        const hart_counts before = counts_of(1);
        EXPECT_EQ(sys_set_qos(hog, QOS_IDLE), STATUS_OK);  // Its hart has to look.
        wait_until([&] { return counts_of(1).ipis_taken.raw != before.ipis_taken.raw; }, "an IPI");
        EXPECT_EQ(counts_of(1).ipis_taken.raw, before.ipis_taken.raw + 1);
        EXPECT_EQ(counts_of(1).interrupts.raw, before.interrupts.raw);
        EXPECT_EQ(counts_of(1).ticks.raw, before.ticks.raw);
    });
}

// The tick that wakes somebody looks at the run queue before it ends.
TEST(Counts, who_wakes_at_a_tick_costs_no_interrupt) {
    static bool woken;
    sim_machine machine;
    machine.harts({1});
    machine.program("sleeper", [](user &) {
        EXPECT_EQ(sys_ipc_recv(slot_at(AT), in_us(300)).status, STATUS_TIMED_OUT);
        woken = true;
        status_ignore(sys_ipc_recv(slot_at(AT), UINT64_MAX).status, "for good");
    });
    machine.run([](user &) {
        woken = false;
        slot at = endpoint();
        slot sleeper = start("sleeper", {{at, AT, RIGHT_RECV}});
        sys_yield();
        EXPECT_EQ(sys_set_qos(slot_at(CAP_SLOT_NONE), QOS_IDLE), STATUS_OK);
        const hart_counts before = counts_of(0);
        EXPECT_FALSE(woken);
        sim_user_work(1000000);
        EXPECT_TRUE(woken);  // At once: it counts more.
        EXPECT_EQ(counts_of(0).ipis_sent.raw, before.ipis_sent.raw);
        EXPECT_EQ(counts_of(0).ipis_taken.raw, before.ipis_taken.raw);
        (void)sleeper;
    });
}

TEST(Counts, a_request_that_nobody_wants_any_more_is_gone_once) {
    sim_machine machine;
    machine.harts({1});
    machine.run([](user &init) {
        slot at = endpoint();
        slot answers = endpoint();
        fill(init.page->call_out, 1, "x");
        init.page->call_out.header.flags = FRAME_WANT_REPLY;
        request_result sent = sys_ipc_request(at, answers);
        EXPECT_EQ(sent.status, STATUS_OK);
        EXPECT_EQ(sys_request_cancel(sent.sequence), STATUS_OK);
        EXPECT_EQ(counts_of(0).gone_requests.raw, 0u);
        EXPECT_EQ(sys_ipc_recv(at, in_us(20)).status, STATUS_TIMED_OUT);
        EXPECT_EQ(counts_of(0).gone_requests.raw, 1u);
    });
}

struct calls {
    std::uint64_t slow;
    std::uint64_t direct;
};

// Calls and answers of one hart, the first of which finds nobody waiting.
calls call_some(std::uint32_t slow_rate, bool traced) {
    static std::uint64_t slow;
    sim_machine machine;
    machine.fault(FAULT_POINT_SLOW_PATH, slow_rate);
    machine.program("server", [](user &self) {
        recv_result got = sys_ipc_recv(slot_at(AT), UINT64_MAX);
        while (got.status == STATUS_OK) {
            fill(self.page->reply_out, 2, "yes");
            got = sys_ipc_reply_recv(got.reply, slot_at(AT), UINT64_MAX);
        }
    });
    sim_result result = machine.run_once(
        [=](user &init) {
            slot at = endpoint();
            (void)start("server", {{at, AT, RIGHT_RECV}});
            sys_yield();
            EXPECT_EQ(sys_kernel_stats(simtest::STATS, STATS_TRACE_SET, traced ? 1 : 0, 0).status,
                      STATUS_OK);
            for (std::uint64_t i = 0; i < CALLS; i++) {
                fill(init.page->call_out, 1, "well?");
                EXPECT_EQ(sys_ipc_call(at, UINT64_MAX).status, STATUS_OK);
            }
            slow = counts_of(0).slow_calls.raw;
        },
        1, 1);
    EXPECT_EQ(result.end, SIM_POWER_OFF) << result.message;
    return {slow, result.direct_switches};
}

// Recording has a fast path of its own.
// A message of each kind that finds no room: a send, and a request, whose place for an answer is
// free again. One that may wait is not refused.
TEST(Counts, a_send_over_the_quota_is_refused_once) {
    sim_machine machine;
    machine.harts({1});
    machine.program("sender", [](user &) {
        for (int i = 0; i < 2; i++) {
            EXPECT_EQ(sys_ipc_send(slot_at(AT), 0).status, STATUS_OK);
        }
        EXPECT_EQ(sys_ipc_send(slot_at(AT), in_us(20)).status, STATUS_TIMED_OUT);
    });
    machine.run([](user &init) {
        slot at = endpoint();
        const std::uint64_t before = counts_of(0).refused_sends.raw;
        for (int i = 0; i < 2; i++) {
            EXPECT_EQ(sys_ipc_send(at, 0).status, STATUS_OK);
        }
        EXPECT_EQ(counts_of(0).refused_sends.raw, before);
        EXPECT_EQ(sys_ipc_send(at, 0).status, STATUS_WOULD_BLOCK);
        EXPECT_EQ(counts_of(0).refused_sends.raw, before + 1);
        slot answers = endpoint();
        fill(init.page->call_out, 1, "");
        init.page->call_out.header.flags = FRAME_WANT_REPLY;
        EXPECT_EQ(sys_ipc_request(at, answers).status, STATUS_WOULD_BLOCK);
        EXPECT_EQ(counts_of(0).refused_sends.raw, before + 2);
        slot theirs = endpoint();
        EXPECT_EQ(wait_dead(start("sender", {{theirs, AT, RIGHT_SEND | RIGHT_CALL}})).reason,
                  EXIT_CODE);
        EXPECT_EQ(counts_of(0).refused_sends.raw, before + 2);
    });
}

// The quota of nobody is spent, but there is no room for another task's.
TEST(Counts, a_send_that_finds_no_room_is_refused_once) {
    sim_machine machine;
    machine.harts({1});
    machine.program("sender", [](user &self) {
        for (std::uint64_t i = 0; i < self.argument; i++) {
            EXPECT_EQ(sys_ipc_send(slot_at(AT), 0).status, STATUS_OK);
        }
    });
    machine.run([](user &) {
        slot at = endpoint();
        const std::uint64_t before = counts_of(0).refused_sends.raw;
        for (std::uint64_t count : {2, 2, 2, 1}) {
            EXPECT_EQ(wait_dead(start("sender", {{at, AT, RIGHT_SEND}}, count)).reason, EXIT_CODE);
        }
        EXPECT_EQ(counts_of(0).refused_sends.raw, before);
        EXPECT_EQ(sys_ipc_send(at, 0).status, STATUS_WOULD_BLOCK);
        EXPECT_EQ(counts_of(0).refused_sends.raw, before + 1);
    });
}

TEST(Counts, calls_switch_directly_whether_they_are_recorded_or_not) {
    for (bool traced : {false, true}) {
        calls got = call_some(0, traced);
        EXPECT_EQ(got.slow, 0u) << traced;
        EXPECT_EQ(got.direct, 2 * CALLS) << traced;
    }
}

TEST(Counts, each_call_and_answer_that_leaves_the_fast_path) {
    for (bool traced : {false, true}) {
        calls got = call_some(RATE_ALWAYS, traced);
        EXPECT_EQ(got.slow, 2 * CALLS) << traced;
        EXPECT_EQ(got.direct, 0u) << traced;
    }
}

}  // namespace
