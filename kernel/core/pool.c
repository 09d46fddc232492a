// kernel/core/pool.c: fresh indices by watermark, returned ones by a free list.
#include "kernel/core/pool.h"

#include "kernel/core/panic.h"

#define POOL_TAKEN (UINT32_MAX - 1)

void pool_init(struct pool *pool, enum fault_point fault, uint32_t *next, uint32_t base) {
    lock_init(&pool->lock, LOCK_RANK_POOL);
    pool->fault = fault;
    pool->free_head = POOL_NONE;
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

static uint32_t pool_take_fresh_locked(struct pool *pool) {
    for (uint32_t i = 0; i < pool->range_count; i++) {
        struct pool_range *range = &pool->ranges[i];
        if (range->next < range->end) {
            return range->next++;
        }
    }
    return POOL_NONE;
}

static uint32_t pool_take_locked(struct pool *pool, bool *fresh) {
    uint32_t index = pool->free_head;
    *fresh = index == POOL_NONE;
    if (index != POOL_NONE) {
        pool->free_head = pool->next[index - pool->base];
    } else {
        index = pool_take_fresh_locked(pool);
    }
    if (index != POOL_NONE) {
        pool->next[index - pool->base] = POOL_TAKEN;
        pool->free_count--;
    }
    return index;
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
        return pool_take_locked(pool, fresh);
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
    pool->free_count++;
    lock_release(holder, &pool->lock);
}
