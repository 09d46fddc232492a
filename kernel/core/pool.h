// kernel/core/pool.h: the one way to take and return a kernel object or page: a bounded pool of
// indices.
//
// An index is fresh (never taken), free or taken. Fresh ones are handed out in order, so that
// making a pool costs nothing; returned ones come back first, last returned first. Objects are
// type-stable: an index always names the same kind of object, so a stale name is found out by its
// generation. The page pool also gives out blocks of POOL_BLOCK aligned neighbours, from the top of
// a range as fresh ones come from its bottom. A block that comes back stays whole until single
// indices run out; returned single indices are not joined again.
// Ownership:  the taker owns the index until pool_put.
// Locking:    inside, LOCK_RANK_POOL.
// Errors:     POOL_NONE when empty, or when the fault point fires in simulation.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/core/fault_point.h"
#include "kernel/core/lock.h"

#define POOL_NONE UINT32_MAX

enum {
    POOL_RANGE_MAX = 8,
    POOL_BLOCK = 512,  // A large page.
};

struct pool_range {
    uint32_t next;  // First fresh index.
    uint32_t end;
};

struct pool {
    struct lock lock;
    enum fault_point fault;
    uint32_t free_head;
    uint32_t block_head;  // Free blocks, by their first index.
    uint32_t free_count;  // Free and fresh, those in blocks included.
    uint32_t total_count;
    uint32_t range_count;
    struct pool_range ranges[POOL_RANGE_MAX];
    struct pool_range split;  // What is left of a free block that was opened for single indices.
    uint32_t *next;  // One word an index, from `base` on: the next free index, or POOL_TAKEN.
    uint32_t base;
};

// `next` must hold one word for each index from `base` to the highest of `ranges`; it need not be
// initialised.
void pool_init(struct pool *pool, enum fault_point fault, uint32_t *next, uint32_t base);
void pool_add_range(struct pool *pool, uint32_t first, uint32_t count);
// The same, to take blocks from too: counts as two ranges when it ends inside a block.
void pool_add_blocks(struct pool *pool, uint32_t first, uint32_t count);

// Takes `count` neighbouring indices out of the pool for good, while nobody else uses it. The first
// of them, or POOL_NONE.
WARN_UNUSED uint32_t pool_reserve(struct pool *pool, uint32_t count);

WARN_UNUSED uint32_t pool_take(struct pool *pool, struct lock_holder *holder) EXCLUDES(pool->lock);
// The same; *fresh: it was never taken before.
WARN_UNUSED uint32_t pool_take_either(struct pool *pool, struct lock_holder *holder, bool *fresh)
    EXCLUDES(pool->lock);
void pool_put(struct pool *pool, struct lock_holder *holder, uint32_t index) EXCLUDES(pool->lock);

// Of a pool of one range: every index that was ever taken is below it.
WARN_UNUSED uint32_t pool_watermark(struct pool *pool, struct lock_holder *holder)
    EXCLUDES(pool->lock);

// The first of POOL_BLOCK indices, a multiple of POOL_BLOCK. POOL_NONE does not mean that there are
// no single ones.
WARN_UNUSED uint32_t pool_take_block(struct pool *pool, struct lock_holder *holder)
    EXCLUDES(pool->lock);
void pool_put_block(struct pool *pool, struct lock_holder *holder, uint32_t first)
    EXCLUDES(pool->lock);
