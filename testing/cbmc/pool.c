// testing/cbmc/pool.c: any short history of a pool: no index is given twice, none is lost.
#include "kernel/core/pool.c"

#include "testing/cbmc/prove.h"

enum {
    FIRST = 1,  // The first range: indices before and behind a block.
    COUNT = 2 * POOL_BLOCK,
    END = FIRST + COUNT,
};

static struct pool pool;
static struct lock_holder holder;
static uint32_t next[END];
static bool taken[END];     // By itself, or
static bool in_block[END];  // with its block.

static uint32_t free_now(void) {
    uint32_t count = 0;
    for (uint32_t i = FIRST; i < END; i++) {
        count += !taken[i] && !in_block[i];
    }
    return count;
}

static void take(void) {
    uint32_t index = pool_take(&pool, &holder);
    if (index == POOL_NONE) {
        PROVE(free_now() == 0, "empty only when nothing is free");
        return;
    }
    PROVE(index >= FIRST && index < END, "an index of the pool");
    PROVE(!taken[index] && !in_block[index], "no index is given twice");
    taken[index] = true;
}

static void put(void) {
    uint32_t index = FIRST + any_below(COUNT);
    GIVEN(taken[index]);
    pool_put(&pool, &holder, index);
    taken[index] = false;
}

static void take_block(void) {
    uint32_t first = pool_take_block(&pool, &holder);
    if (first == POOL_NONE) {
        return;
    }
    PROVE(first >= FIRST && first % POOL_BLOCK == 0 && first + POOL_BLOCK <= END, "a whole block");
    for (uint32_t i = 0; i < POOL_BLOCK; i++) {
        PROVE(!taken[first + i] && !in_block[first + i], "no block overlaps what is taken");
        in_block[first + i] = true;
    }
}

static void put_block(void) {
    uint32_t first = any_below(END / POOL_BLOCK) * POOL_BLOCK;
    GIVEN(in_block[first]);
    pool_put_block(&pool, &holder, first);
    for (uint32_t i = 0; i < POOL_BLOCK; i++) {
        in_block[first + i] = false;
    }
}

int main(void) {
    for (uint32_t i = 0; i < END; i++) {
        next[i] = nondet_u32();  // Need not be initialised.
    }
    pool_init(&pool, FAULT_POINT_TAKE_PAGE, next + FIRST, FIRST);
    pool_add_blocks(&pool, FIRST, COUNT);
    for (uint32_t i = 0; i < POOL_STEPS; i++) {
        switch (any_below(4)) {
            case 0:
                take();
                break;
            case 1:
                put();
                break;
            case 2:
                take_block();
                break;
            default:
                put_block();
                break;
        }
        PROVE(pool.free_count == free_now(), "the count of free indices");
        PROVE(holder.held_ranks == 0, "the lock is free again");
    }
    return 0;
}
