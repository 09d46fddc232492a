// kernel/arch/riscv64/machine_free_test.cc: what is free of a memory.
#include <gtest/gtest.h>

#include <utility>
#include <vector>

extern "C" {
#include "kernel/arch/riscv64/machine.h"
}

namespace {

struct free_result {
    machine_fault fault;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
};

free_result free_of(machine_range ram, const std::vector<machine_range> &taken) {
    machine_range out[MACHINE_FREE_MAX]{};
    std::uint32_t count = 0;
    free_result result{
        machine_free(ram, taken.data(), static_cast<std::uint32_t>(taken.size()), out, &count), {}};
    for (std::uint32_t i = 0; i < count; i++) {
        result.ranges.push_back({out[i].base, out[i].bytes});
    }
    return result;
}

using ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

TEST(MachineFree, what_is_left_in_rising_order) {
    free_result result =
        free_of({0x10000, 0x10000}, {{0x18000, 0x1000}, {0x10000, 0x2000}, {0x1f000, 0x1000}});
    EXPECT_EQ(result.fault, MACHINE_OK);
    EXPECT_EQ(result.ranges, (ranges{{0x12000, 0x6000}, {0x19000, 0x6000}}));
}

TEST(MachineFree, whole_pages_only) {
    free_result result = free_of({0x10001, 0x7ffe}, {{0x12fff, 2}});
    EXPECT_EQ(result.ranges, (ranges{{0x11000, 0x1000}, {0x14000, 0x3000}}));
}

TEST(MachineFree, ranges_may_overlap_touch_or_lie_outside) {
    free_result result = free_of(
        {0x10000, 0x8000},
        {{0, 0x11000}, {0x10800, 0x1000}, {0x12000, 0x1000}, {0x13000, 0x100}, {0x40000, 0x1000}});
    EXPECT_EQ(result.ranges, (ranges{{0x14000, 0x4000}}));
}

TEST(MachineFree, a_range_may_end_at_the_top_of_all) {
    free_result result = free_of({0x10000, 0x8000}, {{0x14000, UINT64_MAX - 0x14000}});
    EXPECT_EQ(result.ranges, (ranges{{0x10000, 0x4000}}));
}

TEST(MachineFree, test_reject_nothing_left) {
    EXPECT_EQ(free_of({0x10000, 0x8000}, {{0x10000, 0x8000}}).fault, MACHINE_SCATTERED);
}

TEST(MachineFree, test_reject_too_many_pieces) {
    std::vector<machine_range> taken;
    for (std::uint64_t i = 0; i < MACHINE_FREE_MAX; i++) {
        taken.push_back({0x11000 + 0x2000 * i, 0x1000});
    }
    EXPECT_EQ(free_of({0x10000, 0x2000 * MACHINE_FREE_MAX}, taken).fault, MACHINE_OK);
    EXPECT_EQ(free_of({0x10000, 0x2000 * MACHINE_FREE_MAX + 0x1000}, taken).fault,
              MACHINE_SCATTERED);
}

}  // namespace
