// kernel/arch/riscv64/stale_test.cc: which page faults are tried once more.
#include "kernel/arch/riscv64/stale.h"

#include <gtest/gtest.h>

namespace {

constexpr stale_fault ONE{0x10040, 0x7fff000, 5};

TEST(Stale, a_fault_that_the_tables_allow_is_tried_once_more) {
    stale_fault last{};
    EXPECT_TRUE(stale_fault_retries(&last, ONE));
    EXPECT_FALSE(stale_fault_retries(&last, ONE));
}

// The same program in two tasks faults at the same place.
TEST(Stale, another_tasks_fault_does_not_take_the_try) {
    stale_fault last{};
    stale_fault other = ONE;
    other.instance = 6;
    EXPECT_TRUE(stale_fault_retries(&last, ONE));
    EXPECT_TRUE(stale_fault_retries(&last, other));
    EXPECT_FALSE(stale_fault_retries(&last, other));
}

TEST(Stale, another_place_has_its_own_try) {
    stale_fault last{};
    stale_fault later = ONE;
    later.pc += 4;
    stale_fault elsewhere = ONE;
    elsewhere.address += 4096;
    EXPECT_TRUE(stale_fault_retries(&last, ONE));
    EXPECT_TRUE(stale_fault_retries(&last, later));
    EXPECT_TRUE(stale_fault_retries(&last, elsewhere));
}

// A loop that maps, touches and unmaps the same page is at the same place each time.
TEST(Stale, a_changed_mapping_gives_another_try) {
    stale_fault last{};
    EXPECT_TRUE(stale_fault_retries(&last, ONE));
    stale_fault_forget(&last);
    EXPECT_TRUE(stale_fault_retries(&last, ONE));
    EXPECT_FALSE(stale_fault_retries(&last, ONE));
}

}  // namespace
