// kernel/arch/riscv64/cause_test.cc: every cause ends the task for a reason, known or not.
#include <gtest/gtest.h>

extern "C" {
#include "kernel/arch/riscv64/cause.h"
}

namespace {

constexpr std::uint64_t PC = 0x10040;
constexpr std::uint64_t ADDRESS = 0x7fff000;

TEST(Cause, page_faults_say_what_was_tried) {
    EXPECT_EQ(cause_access(12), static_cast<std::uint32_t>(ARCH_EXECUTE));
    EXPECT_EQ(cause_access(13), static_cast<std::uint32_t>(ARCH_READ));
    EXPECT_EQ(cause_access(15), static_cast<std::uint32_t>(ARCH_WRITE));
    EXPECT_EQ(cause_fault(12, PC, ADDRESS).reason, EXIT_FAULT_EXEC);
    EXPECT_EQ(cause_fault(13, PC, ADDRESS).reason, EXIT_FAULT_READ);
    EXPECT_EQ(cause_fault(15, PC, ADDRESS).reason, EXIT_FAULT_WRITE);
    EXPECT_EQ(cause_fault(15, PC, ADDRESS).detail, ADDRESS);
}

TEST(Cause, an_instruction_is_named_by_its_place) {
    EXPECT_EQ(cause_fault(2, PC, 0xffffffff).reason, EXIT_FAULT_INSTRUCTION);
    EXPECT_EQ(cause_fault(2, PC, 0xffffffff).detail, PC);
    EXPECT_EQ(cause_fault(3, PC, 0).reason, EXIT_FAULT_BREAK);
    EXPECT_EQ(cause_fault(3, PC, 0).detail, PC);
}

// Reserved ones, environment calls (which do not come here), double trap, software check, hardware
// error, guest page faults, custom ones.
TEST(Cause, test_reject_cause_that_is_not_known) {
    for (std::uint64_t cause : {8, 9, 10, 11, 14, 16, 17, 18, 19, 20, 23, 24, 48, 63}) {
        EXPECT_EQ(cause_access(cause), 0u) << cause;
        EXPECT_EQ(cause_fault(cause, PC, ADDRESS).reason, EXIT_FAULT_OTHER) << cause;
        EXPECT_EQ(cause_fault(cause, PC, ADDRESS).detail, cause);
    }
    EXPECT_EQ(cause_fault(UINT64_MAX >> 1, PC, ADDRESS).reason, EXIT_FAULT_OTHER);
}

// What kernel_fault asserts of its argument.
TEST(Cause, every_reason_is_one_of_a_fault) {
    for (std::uint64_t cause = 0; cause < 4096; cause++) {
        enum exit_reason reason = cause_fault(cause, PC, ADDRESS).reason;
        EXPECT_GT(reason, EXIT_KILLED) << cause;
        EXPECT_LT(reason, EXIT_REASON_COUNT) << cause;
    }
}

}  // namespace
