// kernel/core/pool_test.cc: the pool against a plain model.
#include <gtest/gtest.h>

#include <string>

#include <random>
#include <set>
#include <vector>

extern "C" {
#include "kernel/core/pool.h"
}

namespace {

constexpr std::uint32_t BASE = 100;

struct small_pool {
    pool it{};
    lock_holder holder{};
    std::uint32_t next[40]{};

    small_pool() {
        pool_init(&it, FAULT_POINT_TAKE_PAGE, next, BASE);
        pool_add_range(&it, BASE, 10);
        pool_add_range(&it, BASE + 20, 5);
    }
    std::uint32_t take() {
        return pool_take(&it, &holder);
    }
    void put(std::uint32_t index) {
        pool_put(&it, &holder, index);
    }
};

TEST(Pool, hands_out_each_index_of_its_ranges_once) {
    small_pool pool;
    std::set<std::uint32_t> taken;
    for (int i = 0; i < 15; i++) {
        EXPECT_TRUE(taken.insert(pool.take()).second);
    }
    EXPECT_EQ(*taken.begin(), BASE);
    EXPECT_EQ(*taken.rbegin(), BASE + 24);
    EXPECT_EQ(taken.count(BASE + 10), 0u);
    EXPECT_EQ(pool.it.free_count, 0u);
}

TEST(Pool, test_reject_when_empty) {
    small_pool pool;
    for (int i = 0; i < 15; i++) {
        EXPECT_NE(pool.take(), POOL_NONE);
    }
    EXPECT_EQ(pool.take(), POOL_NONE);
    EXPECT_EQ(pool.it.free_count, 0u);
    pool.put(BASE + 3);
    EXPECT_EQ(pool.take(), BASE + 3);
    EXPECT_EQ(pool.take(), POOL_NONE);
}

TEST(Pool, last_returned_comes_first) {
    small_pool pool;
    std::uint32_t first = pool.take();
    std::uint32_t second = pool.take();
    pool.put(first);
    pool.put(second);
    EXPECT_EQ(pool.take(), second);
    EXPECT_EQ(pool.take(), first);
    EXPECT_EQ(pool.take(), BASE + 2);
}

TEST(Pool, agrees_with_a_set_over_many_steps) {
    small_pool pool;
    std::mt19937 random(7);
    std::vector<std::uint32_t> taken;
    std::set<std::uint32_t> held;
    for (int step = 0; step < 20000; step++) {
        if (taken.empty() || random() % 2 == 0) {
            std::uint32_t index = pool.take();
            EXPECT_EQ(index == POOL_NONE, taken.size() == 15);
            if (index != POOL_NONE) {
                ASSERT_TRUE(held.insert(index).second);
                taken.push_back(index);
            }
        } else {
            std::size_t place = random() % taken.size();
            pool.put(taken[place]);
            held.erase(taken[place]);
            taken.erase(taken.begin() + static_cast<std::ptrdiff_t>(place));
        }
        ASSERT_EQ(pool.it.free_count, 15 - taken.size());
    }
}

TEST(Pool, reserved_indices_are_neighbours_and_never_taken) {
    small_pool pool;
    const std::uint32_t total = pool.it.total_count;
    const std::uint32_t first = pool_reserve(&pool.it, 2);
    ASSERT_NE(first, POOL_NONE);
    EXPECT_EQ(pool.it.total_count, total - 2);
    EXPECT_EQ(pool_reserve(&pool.it, total), POOL_NONE);
    std::set<std::uint32_t> taken;
    for (std::uint32_t i = 0; i < total - 2; i++) {
        EXPECT_TRUE(taken.insert(pool.take()).second);
    }
    EXPECT_EQ(pool.take(), POOL_NONE);
    EXPECT_EQ(taken.count(first) + taken.count(first + 1) + taken.count(POOL_NONE), 0u);
}

// What memory held before does not matter, nor what stands behind the ranges that were added.
TEST(Pool, begins_in_memory_that_holds_anything) {
    std::uint32_t next[40];
    lock_holder holder{};
    pool pool;
    std::fill_n(reinterpret_cast<unsigned char *>(&pool), sizeof(pool), 0x5a);
    std::fill_n(next, 40, 0x5a5a5a5au);
    pool_init(&pool, FAULT_POINT_TAKE_PAGE, next, BASE);
    EXPECT_EQ(pool.free_count, 0u);
    EXPECT_EQ(pool.total_count, 0u);
    pool_add_range(&pool, BASE, 3);
    pool.ranges[1] = {0, POOL_BLOCK};  // Usable, if it were looked at.
    EXPECT_EQ(pool.range_count, 1u);
    EXPECT_EQ(pool.free_count, 3u);
    EXPECT_EQ(pool.total_count, 3u);
    EXPECT_EQ(pool_take_block(&pool, &holder), POOL_NONE);
    EXPECT_EQ(pool_reserve(&pool, 5), POOL_NONE);
    for (std::uint32_t i = 0; i < 3; i++) {
        EXPECT_EQ(pool_take(&pool, &holder), BASE + i);
    }
    EXPECT_EQ(pool_take(&pool, &holder), POOL_NONE);
}

// A range that reserves is never used up by it: its last index stays.
TEST(Pool, reserves_less_than_a_range) {
    small_pool pool;
    EXPECT_EQ(pool_reserve(&pool.it, 10), POOL_NONE);
    EXPECT_EQ(pool_reserve(&pool.it, 9), BASE);
    EXPECT_EQ(pool.take(), BASE + 9);
}

TEST(PoolDeathTest, test_reject_returning_twice) {
    small_pool pool;
    std::uint32_t index = pool.take();
    pool.put(index);
    EXPECT_EXIT(pool.put(index), testing::ExitedWithCode(2), "POOL_TAKEN");
}

TEST(LockDeathTest, test_reject_wrong_order) {
    lock outer{};
    lock inner{};
    lock_holder holder{};
    lock_init(&outer, LOCK_RANK_ENDPOINT);
    lock_init(&inner, LOCK_RANK_POOL);
    lock_acquire(&holder, &outer);
    lock_acquire(&holder, &inner);
    lock_release(&holder, &inner);
    lock_release(&holder, &outer);
    lock_acquire(&holder, &inner);
    const std::string rank = std::to_string(LOCK_RANK_ENDPOINT);
    EXPECT_EXIT(lock_acquire(&holder, &outer), testing::ExitedWithCode(2),
                "lock order: takes rank " + rank + " ");
    EXPECT_EXIT(lock_release(&holder, &outer), testing::ExitedWithCode(2),
                "lock order: releases rank " + rank + ",");
}

// Two and a half blocks, not aligned at either end.
struct block_pool {
    pool it{};
    lock_holder holder{};
    std::vector<std::uint32_t> next = std::vector<std::uint32_t>(4 * POOL_BLOCK);
    static constexpr std::uint32_t FIRST = 100;
    static constexpr std::uint32_t COUNT = 3 * POOL_BLOCK + 50 - FIRST;

    block_pool() {
        pool_init(&it, FAULT_POINT_TAKE_PAGE, next.data(), 0);
        pool_add_blocks(&it, FIRST, COUNT);
    }
};

TEST(PoolBlock, blocks_are_aligned_and_apart_from_single_indices) {
    block_pool pool;
    std::set<std::uint32_t> taken;
    std::vector<std::uint32_t> blocks;
    for (std::uint32_t first = 0; (first = pool_take_block(&pool.it, &pool.holder)) != POOL_NONE;) {
        EXPECT_EQ(first % POOL_BLOCK, 0u);
        blocks.push_back(first);
        for (std::uint32_t i = 0; i < POOL_BLOCK; i++) {
            EXPECT_TRUE(taken.insert(first + i).second);
        }
    }
    EXPECT_EQ(blocks.size(), 2u);
    for (std::uint32_t index = 0; (index = pool_take(&pool.it, &pool.holder)) != POOL_NONE;) {
        EXPECT_TRUE(taken.insert(index).second);
    }
    EXPECT_EQ(taken.size(), std::size_t{block_pool::COUNT});
    EXPECT_EQ(*taken.begin(), std::uint32_t{block_pool::FIRST});
    EXPECT_EQ(pool.it.free_count, 0u);
    // A block that comes back is given whole, or in pieces when nothing else is left.
    pool_put_block(&pool.it, &pool.holder, blocks[0]);
    EXPECT_EQ(pool_take_block(&pool.it, &pool.holder), blocks[0]);
    pool_put_block(&pool.it, &pool.holder, blocks[0]);
    pool_put_block(&pool.it, &pool.holder, blocks[1]);
    for (std::uint32_t i = 0; i < 2 * POOL_BLOCK; i++) {
        EXPECT_EQ(pool.it.free_count, 2 * POOL_BLOCK - i);
        EXPECT_NE(pool_take(&pool.it, &pool.holder), POOL_NONE);
    }
    EXPECT_EQ(pool_take(&pool.it, &pool.holder), POOL_NONE);
    EXPECT_EQ(pool_take_block(&pool.it, &pool.holder), POOL_NONE);
}

TEST(PoolBlock, a_range_is_cut_only_where_a_block_ends_inside) {
    const auto ranges = [](std::uint32_t first, std::uint32_t count) {
        static std::uint32_t next[4 * POOL_BLOCK];
        pool it{};
        pool_init(&it, FAULT_POINT_TAKE_PAGE, next, 0);
        pool_add_blocks(&it, first, count);
        EXPECT_EQ(it.free_count, count);
        return it.range_count;
    };
    EXPECT_EQ(ranges(POOL_BLOCK, 2 * POOL_BLOCK), 1u);
    EXPECT_EQ(ranges(POOL_BLOCK, 5), 1u);
    EXPECT_EQ(ranges(POOL_BLOCK + 1, 5), 1u);
    EXPECT_EQ(ranges(POOL_BLOCK - 1, 6), 2u);
    EXPECT_EQ(ranges(POOL_BLOCK, POOL_BLOCK + 5), 2u);
}

TEST(PoolBlock, test_reject_block_from_a_range_that_is_one_too_short) {
    std::vector<std::uint32_t> next(2 * POOL_BLOCK);
    lock_holder holder{};
    pool it{};
    pool_init(&it, FAULT_POINT_TAKE_PAGE, next.data(), 0);
    pool_add_blocks(&it, 1, POOL_BLOCK - 1);
    EXPECT_EQ(pool_take_block(&it, &holder), POOL_NONE);
    EXPECT_EQ(it.free_count, POOL_BLOCK - 1u);
}

TEST(PoolBlock, single_indices_spare_the_blocks) {
    block_pool pool;
    for (std::uint32_t i = 0; i < 50 + POOL_BLOCK - block_pool::FIRST; i++) {
        EXPECT_NE(pool_take(&pool.it, &pool.holder), POOL_NONE);
    }
    EXPECT_NE(pool_take_block(&pool.it, &pool.holder), POOL_NONE);
    EXPECT_NE(pool_take_block(&pool.it, &pool.holder), POOL_NONE);
}

}  // namespace
