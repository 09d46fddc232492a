// kernel/arch/riscv64/kernel_map_test.cc: the kernel's own map: permissions, page sizes, guard
// holes, and refusals.
#include <gtest/gtest.h>

#include <cstring>
#include <memory>

extern "C" {
#include "kernel/arch/riscv64/kernel_map.h"
#include "kernel/arch/riscv64/sv39.h"
}

namespace {

constexpr std::uint64_t BASE = UINT64_C(0xffffffc000000000);
constexpr std::uint64_t RAM = 0x80200000;
constexpr std::uint64_t KIB_4 = 0x1000;
constexpr std::uint64_t MIB_2 = 0x200000;

struct map_of {
    using table = std::uint64_t[512];
    std::unique_ptr<table[]> tables;
    kernel_map it{};

    explicit map_of(std::uint32_t table_count) : tables(new table[table_count]) {
        std::memset(tables.get(), 0xff, table_count * sizeof(table));  // Tables need not come
                                                                       // cleared.
        it = {tables.get(), 0x80300000, BASE, table_count, 0, {}};
        kernel_map_init(&it);
    }
    bool range(std::uint64_t base, std::uint64_t bytes,
               kernel_map_access access = KERNEL_MAP_DATA) {
        return kernel_map_range(&it, base, bytes, access);
    }
    std::uint64_t find(std::uint64_t base) {
        return kernel_map_find(&it, base);
    }
};

TEST(KernelMap, never_writable_and_executable) {
    map_of map(8);
    ASSERT_TRUE(map.range(RAM, 2 * KIB_4, KERNEL_MAP_TEXT));
    ASSERT_TRUE(map.range(RAM + 2 * KIB_4, KIB_4, KERNEL_MAP_RODATA));
    ASSERT_TRUE(map.range(RAM + 3 * KIB_4, KIB_4, KERNEL_MAP_DATA));
    EXPECT_EQ(map.find(RAM) & SV39_LEAF, SV39_READ | SV39_EXECUTE);
    EXPECT_EQ(map.find(RAM + KIB_4) & SV39_LEAF, SV39_READ | SV39_EXECUTE);
    EXPECT_EQ(map.find(RAM + 2 * KIB_4) & SV39_LEAF, SV39_READ);
    EXPECT_EQ(map.find(RAM + 3 * KIB_4) & SV39_LEAF, SV39_READ | SV39_WRITE);
    for (std::uint64_t page = 0; page < 4; page++) {
        std::uint64_t entry = map.find(RAM + page * KIB_4);
        EXPECT_EQ(sv39_page(entry).value, (RAM >> 12) + page);
        EXPECT_EQ(entry & (SV39_USER | SV39_GLOBAL | SV39_ACCESSED | SV39_DIRTY),
                  SV39_GLOBAL | SV39_ACCESSED | SV39_DIRTY);
    }
    EXPECT_EQ(map.find(RAM + 4 * KIB_4), 0u);
    EXPECT_EQ(map.find(RAM - KIB_4), 0u);
}

TEST(KernelMap, large_pages_where_they_fit) {
    map_of map(4);
    ASSERT_TRUE(map.range(RAM + MIB_2 - KIB_4, KIB_4 + 3 * MIB_2 + KIB_4));
    EXPECT_EQ(map.it.tables_used, 4u);  // Root, middle, and one of small pages at each end.
    EXPECT_EQ(sv39_page(map.find(RAM + 2 * MIB_2 + 5 * KIB_4)).value, (RAM + 2 * MIB_2) >> 12);
    EXPECT_EQ(sv39_page(map.find(RAM + 4 * MIB_2)).value, (RAM + 4 * MIB_2) >> 12);
    EXPECT_EQ(map.find(RAM + 4 * MIB_2 + KIB_4), 0u);
}

TEST(KernelMap, holes_are_single_small_pages) {
    map_of map(4);
    ASSERT_TRUE(map.range(RAM, 4 * KIB_4));
    EXPECT_TRUE(kernel_map_holes(&map.it, RAM + KIB_4, KIB_4, 1));
    EXPECT_EQ(map.find(RAM + KIB_4), 0u);
    EXPECT_NE(map.find(RAM), 0u);
    EXPECT_NE(map.find(RAM + 2 * KIB_4), 0u);
}

TEST(KernelMap, holes_go_on_in_the_next_table) {
    map_of map(4);
    ASSERT_TRUE(map.range(RAM + KIB_4, 2 * MIB_2 - 2 * KIB_4));  // No large page.
    EXPECT_TRUE(kernel_map_holes(&map.it, RAM + MIB_2 - 6 * KIB_4, 4 * KIB_4, 3));
    for (std::uint64_t page = 0; page < 12; page++) {
        EXPECT_EQ(map.find(RAM + MIB_2 - 6 * KIB_4 + page * KIB_4) == 0, page % 4 == 0 && page < 9)
            << page;
    }
}

TEST(KernelMap, the_largest_page_that_fits) {
    map_of map(3);
    const std::uint64_t gib = UINT64_C(1) << 30;
    ASSERT_TRUE(map.range(RAM + MIB_2, 3 * gib));
    EXPECT_EQ(map.it.tables_used, 3u);  // Root, and a middle one at each end.
    EXPECT_EQ(sv39_page(map.find(0xc0000000)).value, 0xc0000u);
    EXPECT_EQ(sv39_page(map.find(0x100000000 + 5 * MIB_2)).value, 0x100000u);
    EXPECT_EQ(map.find(RAM + MIB_2 + 3 * gib), 0u);
    EXPECT_FALSE(map.range(0xc0000000, MIB_2));
}

TEST(KernelMap, nothing_is_left_unwritten) {
    map_of map(8);
    ASSERT_TRUE(map.range(RAM + 3 * KIB_4, 2 * KIB_4));
    ASSERT_TRUE(map.range(RAM + KIB_4, KIB_4));  // Below what was written.
    ASSERT_TRUE(map.range(RAM + 9 * KIB_4, KIB_4));
    EXPECT_EQ(map.find(RAM + 10 * KIB_4), 0u);
    kernel_map_end(&map.it);
    std::uint32_t valid = 0;
    for (std::uint32_t table = 0; table < map.it.tables_used; table++) {
        for (std::uint64_t word : map.tables[table]) {
            ASSERT_TRUE(word == 0 || (word & ~UINT64_C(0xfffffffff)) == 0) << std::hex << word;
            valid += word != 0;
        }
    }
    EXPECT_EQ(valid, 6u);  // Four pages, and the tables above them.
}

TEST(KernelMap, test_reject_hole_where_nothing_or_a_large_page_is) {
    map_of map(4);
    ASSERT_TRUE(map.range(RAM, MIB_2));
    EXPECT_FALSE(kernel_map_holes(&map.it, RAM + KIB_4, KIB_4, 1));
    EXPECT_FALSE(kernel_map_holes(&map.it, RAM + MIB_2, KIB_4, 1));
    EXPECT_NE(map.find(RAM + KIB_4), 0u);
}

TEST(KernelMap, test_reject_overlap) {
    map_of map(4);
    ASSERT_TRUE(map.range(RAM, MIB_2, KERNEL_MAP_RODATA));
    std::uint64_t entry = map.find(RAM);
    EXPECT_FALSE(map.range(RAM, KIB_4));
    EXPECT_FALSE(map.range(RAM, MIB_2));
    EXPECT_EQ(map.find(RAM), entry);
}

TEST(KernelMap, test_reject_parts_of_pages) {
    map_of map(4);
    EXPECT_FALSE(map.range(RAM + 8, KIB_4));
    EXPECT_FALSE(map.range(RAM, KIB_4 + 8));
    EXPECT_EQ(map.find(RAM), 0u);
}

TEST(KernelMap, test_reject_without_tables) {
    map_of map(2);
    EXPECT_FALSE(map.range(RAM, KIB_4));
    EXPECT_TRUE(map.range(RAM, MIB_2));
    EXPECT_FALSE(map.range(0x10000000, KIB_4));
}

}  // namespace
