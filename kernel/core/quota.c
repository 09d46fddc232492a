// kernel/core/quota.c: see quota.h.
#include "kernel/core/quota.h"

#include "kernel/core/cpu_budget.h"
#include "kernel/core/fault_point.h"
#include "kernel/core/kernel.h"
#include "kernel/core/panic.h"

// Ends: each further round means that somebody else has changed it, and only the owner takes.
bool quota_take_one(struct quota *quota, enum quota_kind kind, uint32_t count) {
    struct atomic_u32 *left = &quota->left[kind];
    uint32_t before = atomic_load_u32(left);
    while (before >= count && !atomic_claim_u32(left, before, before - count)) {
        before = atomic_load_u32(left);
    }
    return before >= count;
}

void quota_give_one(struct quota *quota, enum quota_kind kind, uint32_t count) {
    uint32_t before = atomic_add_u32(&quota->left[kind], count);
    KASSERT(before <= UINT32_MAX - count);
}

bool quota_take(struct quota *quota, struct quota_amounts amounts) {
    for (uint32_t kind = 0; kind < QUOTA_KIND_COUNT; kind++) {
        if (amounts.of[kind] == 0 ||
            quota_take_one(quota, (enum quota_kind)kind, amounts.of[kind])) {
            continue;
        }
        while (kind > 0) {
            kind--;
            quota_give_one(quota, (enum quota_kind)kind, amounts.of[kind]);
        }
        return false;
    }
    return true;
}

void quota_give(struct quota *quota, struct quota_amounts amounts) {
    for (uint32_t kind = 0; kind < QUOTA_KIND_COUNT; kind++) {
        if (amounts.of[kind] != 0) {
            quota_give_one(quota, (enum quota_kind)kind, amounts.of[kind]);
        }
    }
}

static struct task *payer_locked(struct kernel *kernel, uint64_t name)
    REQUIRES(kernel->family_lock) {
    struct task *task = &kernel->tasks[(uint32_t)name];
    KASSERT(task->instance == (uint32_t)(name >> 32));
    return task;
}

void quota_note_payer(struct kernel *kernel, struct hart *hart, uint64_t *payer,
                      struct task *task) {
    lock_acquire(&hart->locks, &kernel->family_lock);
    if (fault_point_fires(FAULT_POINT_WRONG_PAYER)) {
        task = &kernel->tasks[kernel->init_task];
    }
    *payer = task_name(task->index, task->instance);
    task->paid++;
    lock_release(&hart->locks, &kernel->family_lock);
}

void quota_return(struct kernel *kernel, struct hart *hart, uint64_t *payer,
                  struct quota_amounts amounts) {
    lock_acquire(&hart->locks, &kernel->family_lock);
    struct task *task = payer_locked(kernel, *payer);
    KASSERT(task->paid > 0);
    task->paid--;
    quota_give(&task->quota, amounts);
    *payer = 0;
    lock_release(&hart->locks, &kernel->family_lock);
}

static void change_payer(uint64_t *payer, uint64_t from, uint64_t to) {
    if (*payer == from) {
        *payer = to;
    }
}

// Most tasks leave nothing behind that they paid for. For the others everything there is, is looked
// at.
static void change_payers(struct kernel *kernel, struct hart *hart, uint64_t from, uint64_t to) {
    uint32_t vmo_end = pool_watermark(&kernel->vmo_pool, &hart->locks);
    for (uint32_t i = 0; i < vmo_end; i++) {
        change_payer(&kernel->vmos[i].payer, from, to);
    }
    uint32_t endpoint_end = pool_watermark(&kernel->endpoint_pool, &hart->locks);
    for (uint32_t i = 0; i < endpoint_end; i++) {
        change_payer(&kernel->endpoints[i].payer, from, to);
    }
    uint32_t grant_end = pool_watermark(&kernel->grant_pool, &hart->locks);
    for (uint32_t i = 1; i < grant_end; i++) {
        change_payer(&kernel->grants[i].payer, from, to);
    }
    uint32_t task_end = pool_watermark(&kernel->task_pool, &hart->locks);
    for (uint32_t i = 0; i < task_end; i++) {
        change_payer(&kernel->tasks[i].payer, from, to);
    }
}

void quota_pass_on(struct kernel *kernel, struct hart *hart, struct task *task) {
    uint64_t from = task_name(task->index, task->instance);
    lock_acquire(&hart->locks, &kernel->family_lock);
    // Whoever supervises it now has not passed on its own: then its children would be another's.
    uint64_t to = atomic_load_u64(&task->supervisor);
    struct quota_amounts left;
    for (uint32_t kind = 0; kind < QUOTA_KIND_COUNT; kind++) {
        left.of[kind] = atomic_load_u32(&task->quota.left[kind]);
        atomic_store_u32(&task->quota.left[kind], 0);
    }
    struct task *heir = payer_locked(kernel, to);
    quota_give(&heir->quota, left);
    uint32_t share = atomic_load_u32(&task->cpu.share);
    atomic_store_u32(&task->cpu.share, 0);
    cpu_share_give(kernel, hart, heir, share);
    if (task->paid != 0) {
        change_payers(kernel, hart, from, to);
        heir->paid += task->paid;
        task->paid = 0;
    }
    lock_release(&hart->locks, &kernel->family_lock);
}
