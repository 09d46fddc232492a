// kernel/core/pool.c: fresh indices by watermark, returned ones by a free list.
#include "kernel/core/pool.h"

#include "kernel/core/panic.h"

#define POOL_TAKEN (UINT32_MAX - 1)
#define POOL_TAKEN_BLOCK (UINT32_MAX - 2)

void pool_init(struct pool *pool, enum fault_point fault, uint32_t *next, uint32_t base) {
    lock_init(&pool->lock, LOCK_RANK_POOL);
    pool->fault = fault;
    pool->free_head = POOL_NONE;
    pool->block_head = POOL_NONE;
    pool->split = (struct pool_range){0, 0};
    pool->free_count = 0;
    pool->total_count = 0;
    pool->range_count = 0;
    pool->next = next;
    pool->base = base;
}

void pool_add_range(struct pool *pool, uint32_t first, uint32_t count) {
    KASSERT(pool->range_count < POOL_RANGE_MAX);
    KASSERT(first >= pool->base);
    pool->ranges[pool->range_count] = (struct pool_range){first, first + count};
    pool->range_count++;
    pool->free_count += count;
    pool->total_count += count;
}

uint32_t pool_reserve(struct pool *pool, uint32_t count) {
    for (uint32_t i = 0; i < pool->range_count; i++) {
        struct pool_range *range = &pool->ranges[i];
        if (range->end - range->next > count) {
            range->next += count;  // Not from its end, from where blocks are taken.
            pool->free_count -= count;
            pool->total_count -= count;
            return range->next - count;
        }
    }
    return POOL_NONE;
}

void pool_add_blocks(struct pool *pool, uint32_t first, uint32_t count) {
    uint32_t tail = (first + count) % POOL_BLOCK;
    if (tail != 0 && tail < count) {
        pool_add_range(pool, first + count - tail, tail);  // First: single indices are taken here.
        count -= tail;
    }
    pool_add_range(pool, first, count);
}

static uint32_t pool_take_fresh_locked(struct pool *pool) REQUIRES(pool->lock) {
    for (uint32_t i = 0; i < pool->range_count; i++) {
        struct pool_range *range = &pool->ranges[i];
        if (range->next < range->end) {
            uint32_t index = range->next;
            atomic_raw_store_shared(&range->next, index + 1);
            return index;
        }
    }
    if (pool->split.next == pool->split.end && pool->block_head != POOL_NONE) {
        pool->split = (struct pool_range){pool->block_head, pool->block_head + POOL_BLOCK};
        pool->block_head = pool->next[pool->block_head - pool->base];
    }
    return pool->split.next < pool->split.end ? pool->split.next++ : POOL_NONE;
}

static uint32_t pool_take_locked(struct pool *pool, bool *fresh) REQUIRES(pool->lock) {
    uint32_t index = pool->free_head;
    *fresh = index == POOL_NONE;
    if (index != POOL_NONE) {
        pool->free_head = pool->next[index - pool->base];
    } else {
        index = pool_take_fresh_locked(pool);
    }
    if (index != POOL_NONE) {
        pool->next[index - pool->base] = POOL_TAKEN;
        atomic_raw_store_shared(&pool->free_count, pool->free_count - 1);
    }
    return index;
}

// UNCHECKED_LOCKS: the planted bug.
static uint32_t take_without_lock(struct pool *pool, bool *fresh) UNCHECKED_LOCKS {
    return pool_take_locked(pool, fresh);
}

uint32_t pool_take(struct pool *pool, struct lock_holder *holder) {
    bool fresh = false;
    return pool_take_either(pool, holder, &fresh);
}

uint32_t pool_take_either(struct pool *pool, struct lock_holder *holder, bool *fresh) {
    if (fault_point_fires(pool->fault)) {
        return POOL_NONE;
    }
    if (fault_point_fires(FAULT_POINT_UNLOCKED_POOL)) {
        return take_without_lock(pool, fresh);
    }
    lock_acquire(holder, &pool->lock);
    uint32_t index = pool_take_locked(pool, fresh);
    lock_release(holder, &pool->lock);
    return index;
}

void pool_put(struct pool *pool, struct lock_holder *holder, uint32_t index) {
    lock_acquire(holder, &pool->lock);
    KASSERT(pool->next[index - pool->base] == POOL_TAKEN);
    pool->next[index - pool->base] = pool->free_head;
    pool->free_head = index;
    atomic_raw_store_shared(&pool->free_count, pool->free_count + 1);
    lock_release(holder, &pool->lock);
}

uint32_t pool_watermark(struct pool *pool, struct lock_holder *holder) {
    lock_acquire(holder, &pool->lock);
    uint32_t watermark = pool->ranges[0].next;
    lock_release(holder, &pool->lock);
    return watermark;
}

static uint32_t pool_take_block_locked(struct pool *pool) REQUIRES(pool->lock) {
    uint32_t first = pool->block_head;
    if (first != POOL_NONE) {
        pool->block_head = pool->next[first - pool->base];
        return first;
    }
    for (uint32_t i = 0; i < pool->range_count; i++) {
        struct pool_range *range = &pool->ranges[i];
        if (range->end % POOL_BLOCK == 0 && range->end - range->next >= POOL_BLOCK) {
            range->end -= POOL_BLOCK;
            return range->end;
        }
    }
    return POOL_NONE;
}

uint32_t pool_take_block(struct pool *pool, struct lock_holder *holder) {
    if (fault_point_fires(pool->fault)) {
        return POOL_NONE;
    }
    lock_acquire(holder, &pool->lock);
    uint32_t first = pool_take_block_locked(pool);
    if (first != POOL_NONE) {
        pool->next[first - pool->base] = POOL_TAKEN_BLOCK;
        atomic_raw_store_shared(&pool->free_count, pool->free_count - POOL_BLOCK);
    }
    lock_release(holder, &pool->lock);
    return first;
}

void pool_put_block(struct pool *pool, struct lock_holder *holder, uint32_t first) {
    lock_acquire(holder, &pool->lock);
    KASSERT(pool->next[first - pool->base] == POOL_TAKEN_BLOCK);
    pool->next[first - pool->base] = pool->block_head;
    pool->block_head = first;
    atomic_raw_store_shared(&pool->free_count, pool->free_count + POOL_BLOCK);
    lock_release(holder, &pool->lock);
}
