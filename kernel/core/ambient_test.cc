// kernel/core/ambient_test.cc: who holds no capability can do nothing to anybody.
#include <gtest/gtest.h>

#include <set>

#include "kernel/abi/qos.h"
#include "kernel/abi/syscall.h"
#include "testing/sim/machine.h"

namespace {

using namespace simtest;

// Calls that name nothing; `set_qos` only of 0, which is the caller itself. task_exit is not tried:
// it does not return.
const std::set<std::uint64_t> NAMELESS = {SYSCALL_YIELD, SYSCALL_CLOCK_GET};

void expect_refused(std::uint64_t number, std::uint64_t slot) {
    const auto got = static_cast<status>(ecall_4(number, slot, QOS_NORMAL, 1, QOS_NORMAL).a0);
    const bool own_class = number == SYSCALL_SET_QOS && slot == CAP_SLOT_NONE;
    EXPECT_EQ(got == STATUS_OK, own_class || NAMELESS.contains(number))
        << syscall_name(number) << " " << slot << ": " << status_name(got);
}

TEST(Ambient, test_reject_every_call_without_a_capability) {
    sim_machine machine;
    machine.program("bare", [](user &) {
        for (std::uint64_t number = 0; number < SYSCALL_COUNT; number++) {
            for (std::uint64_t slot = 0; number != SYSCALL_TASK_EXIT && slot <= CAP_SLOT_COUNT;
                 slot++) {
                expect_refused(number, slot);
            }
        }
        EXPECT_EQ(sys_set_qos(slot_at(CAP_SLOT_NONE), QOS_INTERACTIVE), STATUS_DENIED);
    });
    machine.run([](user &) { EXPECT_EQ(wait_dead(start("bare")).reason, EXIT_CODE); });
}

}  // namespace
