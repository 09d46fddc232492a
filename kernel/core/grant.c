// kernel/core/grant.c: see grant.h.
#include "kernel/core/grant.h"

#include "kernel/core/panic.h"

void grant_pool_init(struct kernel *kernel) {
    pool_init(&kernel->grant_pool, FAULT_POINT_TAKE_GRANT, kernel->grant_next, 1);
    pool_add_range(&kernel->grant_pool, 1, MAX_GRANTS);
}

static const struct quota_amounts grant_price = {.of = {[QUOTA_GRANTS] = 1}};

enum status grant_make(struct kernel *kernel, struct hart *hart, struct task *task, uint32_t *out) {
    if (!quota_take(&task->quota, grant_price)) {
        return STATUS_NO_SPACE;
    }
    uint32_t index = pool_take(&kernel->grant_pool, &hart->locks);
    if (index == POOL_NONE) {
        quota_give(&task->quota, grant_price);
        return STATUS_NO_SPACE;
    }
    struct grant *grant = &kernel->grants[index];
    quota_note_payer(kernel, hart, &grant->payer, task);
    atomic_store_u32(&grant->references, 1);
    *out = index;
    return STATUS_OK;
}

void grant_reference(struct kernel *kernel, uint32_t grant) {
    uint32_t before = atomic_add_ordered_u32(&kernel->grants[grant].references, 1);
    KASSERT(before > 0);
}

bool grant_drop(struct kernel *kernel, uint32_t grant) {
    uint32_t before = atomic_add_ordered_u32(&kernel->grants[grant].references, UINT32_MAX);
    KASSERT(before > 0);
    return before == 1;
}

void grant_end(struct kernel *kernel, struct hart *hart, uint32_t grant) {
    quota_return(kernel, hart, &kernel->grants[grant].payer, grant_price);
    // The last epoch is not lived: a grant that has come to it is never used again.
    if (LIKELY(atomic_load_u32(&kernel->grant_epochs[grant]) != GRANT_SPENT)) {
        pool_put(&kernel->grant_pool, &hart->locks, grant);
    }
}

void grant_release(struct kernel *kernel, struct hart *hart, uint32_t grant) {
    if (grant_drop(kernel, grant)) {
        grant_end(kernel, hart, grant);
    }
}

uint32_t grant_bump(struct kernel *kernel, uint32_t grant) {
    struct atomic_u32 *epoch = &kernel->grant_epochs[grant];
    uint32_t old = atomic_load_u32(epoch);
    if (old == GRANT_SPENT || !atomic_claim_u32(epoch, old, old + 1)) {
        return atomic_load_u32(epoch);  // Another holder has bumped it meanwhile.
    }
    return old + 1;
}
