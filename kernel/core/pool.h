// kernel/core/pool.h: the one way to take and return a kernel object or page: a bounded pool of
// indices.
//
// An index is fresh (never taken), free or taken. Fresh ones are handed out in order, so that
// making a pool costs nothing; returned ones come back first, last returned first. Objects are
// type-stable: an index always names the same kind of object, so a stale name is found out by its
// generation.
// Ownership:  the taker owns the index until pool_put.
// Locking:    inside, LOCK_RANK_POOL.
// Errors:     POOL_NONE when empty, or when the fault point fires in simulation.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/core/fault_point.h"
#include "kernel/core/lock.h"

#define POOL_NONE UINT32_MAX

enum { POOL_RANGE_MAX = 4 };

struct pool_range {
    uint32_t next;  // First fresh index.
    uint32_t end;
};

struct pool {
    struct lock lock;
    enum fault_point fault;
    uint32_t free_head;
    uint32_t free_count;  // Free and fresh.
    uint32_t total_count;
    uint32_t range_count;
    struct pool_range ranges[POOL_RANGE_MAX];
    uint32_t *next;  // One word an index, from `base` on: the next free index, or POOL_TAKEN.
    uint32_t base;
};

// `next` must hold one word for each index from `base` to the highest of `ranges`; it need not be
// initialised.
void pool_init(struct pool *pool, enum fault_point fault, uint32_t *next, uint32_t base);
void pool_add_range(struct pool *pool, uint32_t first, uint32_t count);

// Takes `count` neighbouring indices out of the pool for good, while nobody else uses it. The first
// of them, or POOL_NONE.
WARN_UNUSED uint32_t pool_reserve(struct pool *pool, uint32_t count);

WARN_UNUSED uint32_t pool_take(struct pool *pool, struct lock_holder *holder);
// The same; *fresh: it was never taken before.
WARN_UNUSED uint32_t pool_take_either(struct pool *pool, struct lock_holder *holder, bool *fresh);
void pool_put(struct pool *pool, struct lock_holder *holder, uint32_t index);
