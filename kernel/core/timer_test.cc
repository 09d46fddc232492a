// kernel/core/timer_test.cc: timer_set: once, at its time, and what is refused. Programs run in
// simulation on 1, 2 and 4 harts.
#include <gtest/gtest.h>

#include "testing/sim/machine.h"

namespace {

using namespace simtest;

TEST(Timer, it_expires_once_and_not_before_its_time) {
    sim_machine machine;
    machine.run(
        [](user &) {
            slot at = endpoint();
            for (std::uint64_t i = 0; i < 4; i++) {
                std::uint64_t end = in_us(i == 0 ? 0 : 20 * i);  // The first has passed already.
                timer_result set = sys_timer_set(at, end);
                EXPECT_EQ(set.status, STATUS_OK);
                EXPECT_EQ(set.count, i);
                recv_result got = sys_ipc_recv(at, in_us(1000));
                EXPECT_EQ(got.status, STATUS_OK);
                EXPECT_EQ(got.kernel_bits, static_cast<std::uint64_t>(NOTIFY_TIMER));
                EXPECT_EQ(got.badge_bits, 0u);
                EXPECT_GE(sys_clock_get(), end);
                EXPECT_EQ(sys_ipc_recv(at, in_us(200)).status, STATUS_TIMED_OUT);
            }
            EXPECT_EQ(sys_cap_close(at), STATUS_OK);
        },
        true);
}

// A hart that idles arms its timer anyway; one that computes has nobody but timer_set to do so.
TEST(Timer, it_comes_in_time_on_a_hart_that_never_idles) {
    sim_machine machine;
    machine.run([](user &) {
        slot at = endpoint();
        for (std::uint64_t lead_us : {50, 3000}) {
            std::uint64_t end = in_us(lead_us);
            EXPECT_EQ(sys_timer_set(at, end).status, STATUS_OK);
            std::uint64_t late = in_us(lead_us + 1000);
            recv_result got{};
            do {
                sim_user_work(1000);
                got = sys_ipc_recv(at, 0);
            } while (got.status == STATUS_WOULD_BLOCK && sys_clock_get() < late);
            EXPECT_EQ(got.kernel_bits, static_cast<std::uint64_t>(NOTIFY_TIMER)) << lead_us;
            EXPECT_GE(sys_clock_get(), end);
        }
    });
}

TEST(Timer, setting_it_again_replaces_it_and_0_stops_it) {
    sim_machine machine;
    machine.run([](user &) {
        slot at = endpoint();
        EXPECT_EQ(sys_timer_set(at, in_us(300)).status, STATUS_OK);
        EXPECT_EQ(sys_timer_set(at, 0).status, STATUS_OK);
        EXPECT_EQ(sys_ipc_recv(at, in_us(600)).status, STATUS_TIMED_OUT);
        std::uint64_t end = in_us(900);
        EXPECT_EQ(sys_timer_set(at, in_us(400)).status, STATUS_OK);
        EXPECT_EQ(sys_timer_set(at, end).status, STATUS_OK);
        EXPECT_EQ(sys_ipc_recv(at, UINT64_MAX).kernel_bits,
                  static_cast<std::uint64_t>(NOTIFY_TIMER));
        EXPECT_GE(sys_clock_get(), end);
        EXPECT_EQ(sys_timer_set(at, in_us(100000)).status, STATUS_OK);
        EXPECT_EQ(sys_timer_set(at, in_us(50)).count, 1u);  // Sooner, too.
        EXPECT_EQ(sys_ipc_recv(at, in_us(5000)).kernel_bits,
                  static_cast<std::uint64_t>(NOTIFY_TIMER));
    });
}

TEST(Timer, each_endpoint_has_its_own_and_takes_it_along) {
    sim_machine machine;
    machine.program("child", [](user &) {
        EXPECT_EQ(sys_ipc_recv(slot_at(5), in_us(100000)).kernel_bits & NOTIFY_TIMER,
                  static_cast<std::uint64_t>(NOTIFY_TIMER));
    });
    machine.run([](user &) {
        slot given = endpoint();
        slot kept = endpoint();
        (void)mint(given, 1);
        EXPECT_EQ(sys_timer_set(given, in_us(400)).status, STATUS_OK);
        EXPECT_EQ(sys_timer_set(kept, in_us(300)).status, STATUS_OK);
        slot task = start("child", {{given, 5, RIGHT_RECV}});
        EXPECT_EQ(sys_ipc_recv(kept, in_us(100000)).kernel_bits,
                  static_cast<std::uint64_t>(NOTIFY_TIMER));
        EXPECT_EQ(sys_timer_set(given, 0).status, STATUS_DENIED);
        EXPECT_EQ(wait_dead(task).reason, EXIT_CODE);
    });
}

TEST(Timer, closing_the_endpoint_stops_it) {
    sim_machine machine;
    machine.run(
        [](user &) {
            slot at = endpoint();
            EXPECT_EQ(sys_timer_set(at, in_us(100)).status, STATUS_OK);
            EXPECT_EQ(sys_cap_close(at), STATUS_OK);
            slot next = endpoint();  // The same object.
            EXPECT_EQ(sys_ipc_recv(next, in_us(400)).status, STATUS_TIMED_OUT);
            EXPECT_EQ(sys_timer_set(next, 0).count, 0u);
            EXPECT_EQ(sys_cap_close(next), STATUS_OK);
        },
        true);
}

TEST(Timer, test_reject_timer_of_an_endpoint_that_is_not_ones_own) {
    sim_machine machine;
    machine.run([](user &) {
        slot at = endpoint();
        EXPECT_EQ(sys_timer_set(mint(at, 1), in_us(1)).status, STATUS_DENIED);
        EXPECT_EQ(sys_timer_set(FACTORY, in_us(1)).status, STATUS_BAD_CAP);
        EXPECT_EQ(sys_timer_set(slot_at(50), in_us(1)).status, STATUS_BAD_CAP);
        EXPECT_EQ(sys_timer_set(slot_at(UINT64_MAX), in_us(1)).status, STATUS_BAD_CAP);
        EXPECT_EQ(sys_ipc_recv(at, in_us(50)).status, STATUS_TIMED_OUT);
        EXPECT_EQ(sys_endpoint_close(at), STATUS_OK);
        EXPECT_EQ(sys_timer_set(at, in_us(1)).status, STATUS_PEER_CLOSED);
    });
}

}  // namespace
