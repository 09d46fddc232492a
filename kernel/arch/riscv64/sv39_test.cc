// kernel/arch/riscv64/sv39_test.cc: user page tables over a few simulated pages: what is mapped is
// found, refusals change nothing, every page comes back.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

extern "C" {
#include "kernel/abi/layout.h"
#include "kernel/abi/message.h"
#include "kernel/arch/riscv64/sv39.h"
#include "kernel/core/page.h"
}

namespace {

constexpr std::uint32_t PAGES = 40;
constexpr std::uint32_t READ_WRITE = ARCH_READ | ARCH_WRITE;

// A kernel with a page pool and nothing else, in RAM of its own.
class Sv39 : public ::testing::Test {
  protected:
    Sv39() {
        ram.reset(new (std::align_val_t{PAGE_BYTES}) std::uint8_t[PAGES * PAGE_BYTES]());
        before = sim_ram;
        sim_ram = {ram.get(), PAGES};
        pool_init(&kernel->page_pool, FAULT_POINT_TAKE_PAGE, next, SIM_RAM_FIRST_PAGE);
        pool_add_range(&kernel->page_pool, SIM_RAM_FIRST_PAGE, PAGES);
        quota_give_one(&quota, QUOTA_PAGES, 2 * PAGES);
        space.quota = &quota;
        EXPECT_EQ(sv39_create(kernel.get(), hart(), sv39_root{}, &space), STATUS_OK);
    }
    ~Sv39() override {
        for (std::uint32_t i = 0; i < PAGES; i++) {
            sim_page_unpoison({SIM_RAM_FIRST_PAGE + i});
        }
        sim_ram = before;
    }

    struct hart *hart() {
        return &kernel->harts[0];
    }
    std::uint32_t free_pages() const {
        return kernel->page_pool.free_count;
    }
    page_number take() {
        return page_take(kernel.get(), hart());
    }
    status map(std::uint64_t address, page_number page, std::uint32_t access, bool owned = false) {
        return sv39_map(kernel.get(), hart(), &space, address, {page, access, owned, false});
    }
    void reclaim_all(std::uint32_t budget) {
        for (int calls = 0; !sv39_reclaim(kernel.get(), hart(), &space, budget); calls++) {
            ASSERT_LT(calls, 200);
        }
    }

    struct aligned_delete {
        void operator()(std::uint8_t *bytes) const {
            ::operator delete[](bytes, std::align_val_t{PAGE_BYTES});
        }
    };
    std::unique_ptr<std::uint8_t[], aligned_delete> ram;
    struct sim_ram before {};
    std::unique_ptr<struct kernel> kernel = std::make_unique<struct kernel>();
    std::uint32_t next[PAGES]{};
    struct quota quota {};
    arch_space space{};
    page_number &root = space.root;
};

TEST_F(Sv39, finds_what_was_mapped_and_only_that) {
    page_number page = take();
    ASSERT_EQ(map(USER_IMAGE_MIN, page, ARCH_READ), STATUS_OK);
    std::uint64_t entry = sv39_walk(root, USER_IMAGE_MIN + 123);
    EXPECT_EQ(sv39_page(entry).value, page.value);
    EXPECT_EQ(sv39_walk(root, USER_IMAGE_MIN - 1), 0u);
    EXPECT_EQ(sv39_walk(root, USER_IMAGE_MIN + PAGE_BYTES), 0u);
    EXPECT_EQ(sv39_walk(root, USER_MESSAGE_PAGE), 0u);
    EXPECT_EQ(sv39_walk(root, USER_MAX + USER_IMAGE_MIN), 0u);
    EXPECT_EQ(sv39_walk(root, UINT64_MAX), 0u);
}

TEST_F(Sv39, entries_say_exactly_what_is_allowed) {
    const std::uint32_t given[] = {ARCH_READ, READ_WRITE, ARCH_EXECUTE, ARCH_READ | ARCH_EXECUTE};
    for (std::uint32_t i = 0; i < 4; i++) {
        std::uint64_t address = USER_IMAGE_MIN + i * PAGE_BYTES;
        ASSERT_EQ(map(address, take(), given[i]), STATUS_OK);
        std::uint64_t entry = sv39_walk(root, address);
        for (std::uint32_t asked : {ARCH_READ, ARCH_WRITE, ARCH_EXECUTE}) {
            EXPECT_EQ(sv39_allows(entry, asked), (given[i] & asked) == asked) << i << " " << asked;
        }
        const std::uint64_t always = SV39_VALID | SV39_USER | SV39_ACCESSED | SV39_DIRTY;
        EXPECT_EQ(entry & (always | SV39_GLOBAL), always);
    }
}

// The reserved encoding "writable, not readable" is never made.
TEST_F(Sv39, writable_is_readable) {
    ASSERT_EQ(map(USER_IMAGE_MIN, take(), ARCH_WRITE), STATUS_OK);
    EXPECT_TRUE(sv39_allows(sv39_walk(root, USER_IMAGE_MIN), READ_WRITE));
}

TEST_F(Sv39, shares_the_kernels_half) {
    page_number kernel_root = take();
    auto *entries = static_cast<std::uint64_t *>(arch_page(kernel_root));
    for (std::uint32_t i = 0; i < SV39_TABLE_ENTRIES; i++) {
        entries[i] = (std::uint64_t{i} << 20) | SV39_VALID;
    }
    arch_space second{};
    second.quota = &quota;
    ASSERT_EQ(sv39_create(kernel.get(), hart(), {kernel_root, SV39_TABLE_ENTRIES}, &second),
              STATUS_OK);
    const auto *copy = static_cast<const std::uint64_t *>(arch_page(second.root));
    for (std::uint32_t i = 0; i < SV39_TABLE_ENTRIES; i++) {
        EXPECT_EQ(copy[i], i < SV39_KERNEL_FIRST ? 0 : entries[i]);
    }
    // Reclaiming a space leaves the kernel's tables alone.
    std::uint32_t free_before = free_pages();
    EXPECT_TRUE(sv39_reclaim(kernel.get(), hart(), &second, 1));
    EXPECT_EQ(free_pages(), free_before + 1);
}

// A page number that fits a large page; it is only a number here.
constexpr page_number LARGE{0x200};

TEST_F(Sv39, large_pages_are_found_at_each_of_their_pages_and_forgotten_at_once) {
    const sv39_leaf leaf{LARGE, READ_WRITE, false, true};
    std::uint64_t address = USER_MAP_MIN + UINT64_C(0x200000);
    std::uint32_t free_before = free_pages();
    ASSERT_EQ(sv39_map(kernel.get(), hart(), &space, address, leaf), STATUS_OK);
    EXPECT_EQ(free_pages(), free_before - 1);  // One table.
    for (std::uint32_t i : {0u, 1u, 511u}) {
        std::uint64_t entry = sv39_walk(root, address + std::uint64_t{i} * PAGE_BYTES);
        EXPECT_EQ(sv39_page(entry).value, LARGE.value + i);
        EXPECT_TRUE(sv39_allows(entry, READ_WRITE));
        EXPECT_FALSE(sv39_allows(entry, ARCH_EXECUTE));
    }
    EXPECT_EQ(sv39_walk(root, address - 1), 0u);
    EXPECT_EQ(sv39_walk(root, address + 512 * PAGE_BYTES), 0u);
    EXPECT_EQ(map(address + PAGE_BYTES, take(), ARCH_READ), STATUS_BUSY);
    EXPECT_EQ(sv39_map(kernel.get(), hart(), &space, address, leaf), STATUS_BUSY);
    EXPECT_EQ(sv39_unmap(root, address), 512u);
    EXPECT_EQ(sv39_walk(root, address), 0u);
    EXPECT_EQ(sv39_unmap(root, address), 1u);
}

TEST_F(Sv39, test_reject_large_page_over_smaller_ones) {
    ASSERT_EQ(map(USER_MAP_MIN + PAGE_BYTES, take(), ARCH_READ), STATUS_OK);
    EXPECT_EQ(sv39_map(kernel.get(), hart(), &space, USER_MAP_MIN, {LARGE, ARCH_READ, false, true}),
              STATUS_BUSY);
    EXPECT_EQ(sv39_unmap(root, USER_MAP_MIN + PAGE_BYTES), 1u);
    EXPECT_EQ(sv39_walk(root, USER_MAP_MIN + PAGE_BYTES), 0u);
}

TEST_F(Sv39, reclaim_forgets_large_pages_and_returns_the_tables_beside_them) {
    for (std::uint64_t i : {0u, 1u, 3u}) {
        ASSERT_EQ(sv39_map(kernel.get(), hart(), &space, USER_MAP_MIN + i * UINT64_C(0x200000),
                           {LARGE, ARCH_READ, false, true}),
                  STATUS_OK);
    }
    ASSERT_EQ(map(USER_MAP_MIN + UINT64_C(0x400000), take(), ARCH_READ, true), STATUS_OK);
    reclaim_all(1);
    EXPECT_EQ(free_pages(), PAGES);
}

TEST_F(Sv39, a_run_is_mapped_up_to_the_end_of_its_table) {
    const page_number first = {SIM_RAM_FIRST_PAGE};
    const std::uint64_t address = USER_MAP_MIN + UINT64_C(0x200000) - 3 * PAGE_BYTES;
    struct arch_run run = {first, 5, ARCH_READ, 9};
    ASSERT_EQ(sv39_map_run(kernel.get(), hart(), &space, address, &run), STATUS_OK);
    EXPECT_EQ(run.mapped, 3u);
    for (std::uint32_t i = 0; i < 3; i++) {
        std::uint64_t entry = sv39_walk(root, address + i * PAGE_BYTES);
        EXPECT_EQ(sv39_page(entry).value, first.value + i);
        EXPECT_TRUE(sv39_allows(entry, ARCH_READ));
        EXPECT_FALSE(sv39_allows(entry, ARCH_WRITE));
        EXPECT_EQ(entry & SV39_OWNED, 0u);
    }
    EXPECT_EQ(sv39_walk(root, address - PAGE_BYTES), 0u);
    EXPECT_EQ(sv39_walk(root, address + 3 * PAGE_BYTES), 0u);
}

TEST_F(Sv39, test_reject_run_over_a_page) {
    page_number page = take();
    ASSERT_EQ(map(USER_IMAGE_MIN + 2 * PAGE_BYTES, page, ARCH_WRITE), STATUS_OK);
    struct arch_run run = {{SIM_RAM_FIRST_PAGE + 5}, 4, ARCH_READ, 9};
    EXPECT_EQ(sv39_map_run(kernel.get(), hart(), &space, USER_IMAGE_MIN, &run), STATUS_BUSY);
    EXPECT_EQ(run.mapped, 2u);
    EXPECT_EQ(sv39_page(sv39_walk(root, USER_IMAGE_MIN + 2 * PAGE_BYTES)).value, page.value);
    EXPECT_EQ(sv39_walk(root, USER_IMAGE_MIN + 3 * PAGE_BYTES), 0u);
}

TEST_F(Sv39, test_reject_run_without_pages) {
    while (free_pages() > 0) {
        take();
    }
    struct arch_run run = {{SIM_RAM_FIRST_PAGE + 5}, 4, ARCH_READ, 9};
    EXPECT_EQ(sv39_map_run(kernel.get(), hart(), &space, USER_IMAGE_MIN, &run), STATUS_NO_SPACE);
    EXPECT_EQ(run.mapped, 0u);
}

TEST_F(Sv39, test_reject_second_map) {
    page_number page = take();
    ASSERT_EQ(map(USER_IMAGE_MIN, page, ARCH_READ), STATUS_OK);
    std::uint64_t entry = sv39_walk(root, USER_IMAGE_MIN);
    EXPECT_EQ(map(USER_IMAGE_MIN, take(), READ_WRITE, true), STATUS_BUSY);
    EXPECT_EQ(sv39_walk(root, USER_IMAGE_MIN), entry);
}

TEST_F(Sv39, test_reject_map_without_pages) {
    for (std::uint32_t left = 0; left < 2; left++) {  // A first mapping takes two tables.
        std::vector<page_number> held;
        while (free_pages() > left) {
            held.push_back(take());
        }
        EXPECT_EQ(map(USER_IMAGE_MIN, held[0], ARCH_READ), STATUS_NO_SPACE);
        EXPECT_EQ(sv39_walk(root, USER_IMAGE_MIN), 0u);
        for (page_number page : held) {
            page_put(kernel.get(), hart(), page);
        }
    }
    ASSERT_EQ(map(USER_IMAGE_MIN, take(), ARCH_READ, true), STATUS_OK);
    reclaim_all(1);
    EXPECT_EQ(free_pages(), PAGES);
}

TEST_F(Sv39, test_reject_create_without_pages) {
    while (free_pages() > 0) {
        (void)take().value;
    }
    arch_space out{};
    out.root = {77};
    out.quota = &quota;
    EXPECT_EQ(sv39_create(kernel.get(), hart(), sv39_root{}, &out), STATUS_NO_SPACE);
    EXPECT_EQ(out.root.value, 77u);
}

TEST_F(Sv39, reclaim_returns_owned_pages_and_tables_within_its_budget) {
    page_number shared = take();
    const std::uint64_t places[] = {USER_IMAGE_MIN, USER_IMAGE_MIN + PAGE_BYTES, USER_BOOT_IMAGE,
                                    USER_STACK_TOP - PAGE_BYTES, USER_MESSAGE_PAGE};
    for (std::uint32_t budget : {1u, 2u, 3u, 64u}) {
        for (std::uint64_t place : places) {
            bool owned = place != USER_BOOT_IMAGE;
            ASSERT_EQ(map(place, owned ? take() : shared, ARCH_READ, owned), STATUS_OK);
        }
        std::uint32_t calls = 0;
        for (bool done = false; !done; calls++) {
            std::uint32_t free_before = free_pages();
            done = sv39_reclaim(kernel.get(), hart(), &space, budget);
            EXPECT_LE(free_pages() - free_before, budget);
            ASSERT_LT(calls, 100u);
        }
        EXPECT_EQ(free_pages(), PAGES - 1);  // All but `shared`.
        ASSERT_EQ(sv39_create(kernel.get(), hart(), sv39_root{}, &space), STATUS_OK);
    }
}

TEST_F(Sv39, reclaim_without_budget_does_nothing) {
    EXPECT_FALSE(sv39_reclaim(kernel.get(), hart(), &space, 0));
    ASSERT_EQ(map(USER_IMAGE_MIN, take(), ARCH_READ, true), STATUS_OK);
    std::uint32_t free_before = free_pages();
    EXPECT_FALSE(sv39_reclaim(kernel.get(), hart(), &space, 0));
    EXPECT_EQ(free_pages(), free_before);
    EXPECT_NE(sv39_walk(root, USER_IMAGE_MIN), 0u);
}

TEST_F(Sv39, test_reject_spent_quota) {
    EXPECT_EQ(quota.left[QUOTA_PAGES].raw, 2 * PAGES - 1);
    ASSERT_TRUE(quota_take_one(&quota, QUOTA_PAGES, 2 * PAGES - 2));
    EXPECT_FALSE(quota_take_one(&quota, QUOTA_PAGES, 2));
    page_number page = take();
    EXPECT_EQ(map(USER_IMAGE_MIN, page, ARCH_READ), STATUS_NO_SPACE);  // Wants two tables.
    quota_give_one(&quota, QUOTA_PAGES, 1);
    EXPECT_EQ(map(USER_IMAGE_MIN, page, ARCH_READ), STATUS_OK);
    EXPECT_EQ(quota.left[QUOTA_PAGES].raw, 0u);
    reclaim_all(4);
    EXPECT_EQ(quota.left[QUOTA_PAGES].raw, 3u);  // The root and two tables.
}

using Sv39Death = Sv39;

TEST_F(Sv39Death, test_reject_write_and_execute) {
    EXPECT_DEATH((void)map(USER_IMAGE_MIN, take(), ARCH_WRITE | ARCH_EXECUTE), "");
}

TEST_F(Sv39Death, test_reject_address_outside_the_user_half) {
    EXPECT_DEATH((void)map(USER_MAX, take(), ARCH_READ), "");
    EXPECT_DEATH((void)map(UINT64_C(0xffffffc080200000), take(), ARCH_READ), "");
    EXPECT_DEATH((void)map(USER_IMAGE_MIN + 8, take(), ARCH_READ), "");
}

}  // namespace
