// kernel/core/audit_quota.c: who paid. Nothing of what there is is lost or made, and what each task
// has, has paid for and has given to others is what it was given. See audit.h.
#include "kernel/core/audit.h"

// Nothing of what init was given is lost or made: what tasks have left, what their spaces hold, and
// what objects cost.
static bool quotas_add_up(const struct kernel *kernel, struct audit_tally *tally) {
    uint64_t sums[QUOTA_KIND_COUNT] = {0};
    for (uint32_t i = 0; i < kernel_task_count(kernel); i++) {
        const struct task *task = &kernel->tasks[i];
        bool counts = task->state.raw != TASK_FREE;
        for (uint32_t kind = 0; counts && kind < QUOTA_KIND_COUNT; kind++) {
            sums[kind] += task->quota.left[kind].raw;
        }
        sums[QUOTA_PAGES] += tally->space_pages[i] + audit_async_pages(task);
        sums[QUOTA_TASKS] += counts;
    }
    for (uint32_t i = 0; i < kernel_vmo_count(kernel); i++) {
        const struct vmo *vmo = &kernel->vmos[i];
        if (vmo->payer != 0) {
            sums[QUOTA_PAGES] += vmo_price(vmo->page_count).of[QUOTA_PAGES];
            sums[QUOTA_VMOS]++;
        }
    }
    for (uint32_t i = 0; i < kernel_endpoint_count(kernel); i++) {
        sums[QUOTA_PAGES] += audit_endpoint_is_taken(&kernel->endpoints[i]);
        sums[QUOTA_ENDPOINTS] += audit_endpoint_is_taken(&kernel->endpoints[i]);
    }
    for (uint32_t i = 1; i < kernel_grant_end(kernel); i++) {
        sums[QUOTA_GRANTS] += kernel->grants[i].payer != 0;
    }
    const uint64_t given[QUOTA_KIND_COUNT] = {[QUOTA_PAGES] = kernel->page_pool.total_count,
                                              [QUOTA_TASKS] = MAX_TASKS,
                                              [QUOTA_ENDPOINTS] = MAX_ENDPOINTS,
                                              [QUOTA_VMOS] = MAX_VMOS,
                                              [QUOTA_GRANTS] = MAX_GRANTS};
    for (uint32_t kind = 0; kind < QUOTA_KIND_COUNT; kind++) {
        if (!audit_says(tally, sums[kind] == given[kind],
                        "quotas of kind %lu do not add up to what there is: %lu", kind,
                        sums[kind])) {
            return false;
        }
    }
    return true;
}

// Each task knows how many objects name it as their payer.
static bool payers_add_up(const struct kernel *kernel, struct audit_tally *tally) {
    uint32_t paid[MAX_TASKS] = {0};
    for (uint32_t i = 0; i < kernel_vmo_count(kernel); i++) {
        paid[(uint32_t)kernel->vmos[i].payer] += kernel->vmos[i].payer != 0;
    }
    for (uint32_t i = 0; i < kernel_endpoint_count(kernel); i++) {
        paid[(uint32_t)kernel->endpoints[i].payer] += kernel->endpoints[i].payer != 0;
    }
    for (uint32_t i = 1; i < kernel_grant_end(kernel); i++) {
        paid[(uint32_t)kernel->grants[i].payer] += kernel->grants[i].payer != 0;
    }
    for (uint32_t i = 0; i < kernel_task_count(kernel); i++) {
        paid[(uint32_t)kernel->tasks[i].payer] += kernel->tasks[i].payer != 0;
    }
    for (uint32_t i = 0; i < kernel_task_count(kernel); i++) {
        if (!audit_says(tally, kernel->tasks[i].paid == paid[i],
                        "task %lu is the payer of %lu objects and counts others", i, paid[i])) {
            return false;
        }
    }
    return true;
}

// The task has not passed on what it was given (quota_pass_on).
static bool has_quota(const struct task *task) {
    return task->state.raw != TASK_FREE && task->state.raw != TASK_DEAD;
}

// Whose quota the task's is counted with. The children of one that is being reclaimed are its
// heir's already, and what they have left goes there; what it gave them is still missing in its
// own, until that is the heir's too.
static uint32_t heir_of(const struct kernel *kernel, uint32_t index) {
    for (uint32_t i = 0; i < MAX_TASKS && kernel->tasks[index].state.raw == TASK_DYING; i++) {
        index = (uint32_t)kernel->tasks[index].supervisor.raw % MAX_TASKS;
    }
    return index;
}

// So much of what its payer was given went into an object.
static bool payer_is_there(const struct kernel *kernel, struct audit_tally *tally, uint64_t payer,
                           uint32_t price) {
    uint32_t index = (uint32_t)payer;
    if (payer == 0) {
        return true;
    }
    bool there = index < kernel_task_count(kernel) &&
                 kernel->tasks[index].instance == (uint32_t)(payer >> 32) &&
                 has_quota(&kernel->tasks[index]);
    if (audit_says(tally, there, "task %#lx is the payer of an object, and is gone", payer, 0)) {
        tally->missing[heir_of(kernel, index)] -= price;
        return true;
    }
    return false;
}

static bool count_objects(const struct kernel *kernel, struct audit_tally *tally,
                          enum quota_kind kind) {
    for (uint32_t i = 0; i < kernel_vmo_count(kernel); i++) {
        const struct vmo *vmo = &kernel->vmos[i];
        uint32_t price = vmo->payer != 0 ? vmo_price(vmo->page_count).of[kind] : 0;
        if (!payer_is_there(kernel, tally, vmo->payer, price)) {
            return false;
        }
    }
    const bool endpoints_cost = kind == QUOTA_PAGES || kind == QUOTA_ENDPOINTS;
    for (uint32_t i = 0; i < kernel_endpoint_count(kernel); i++) {
        if (!payer_is_there(kernel, tally, kernel->endpoints[i].payer, endpoints_cost)) {
            return false;
        }
    }
    for (uint32_t i = 1; i < kernel_grant_end(kernel); i++) {
        if (!payer_is_there(kernel, tally, kernel->grants[i].payer, kind == QUOTA_GRANTS)) {
            return false;
        }
    }
    return true;
}

static bool count_tasks(const struct kernel *kernel, struct audit_tally *tally,
                        enum quota_kind kind, audit_given *given) {
    for (uint32_t i = 0; i < kernel_task_count(kernel); i++) {
        const struct task *task = &kernel->tasks[i];
        uint32_t began_with = has_quota(task) ? given(kernel, i, kind) : 0;
        uint32_t has = has_quota(task) ? task->quota.left[kind].raw : 0;
        if (kind == QUOTA_PAGES && has_quota(task)) {
            has += tally->space_pages[i] + audit_async_pages(task);
        }
        tally->missing[heir_of(kernel, i)] += began_with - has;
        if (!payer_is_there(kernel, tally, task->payer, began_with + (kind == QUOTA_TASKS))) {
            return false;
        }
    }
    return true;
}

bool audit_balance(const struct kernel *kernel, struct audit_tally *tally, enum quota_kind kind,
                   audit_given *given) {
    for (uint32_t i = 0; i < kernel_task_count(kernel); i++) {
        tally->missing[i] = 0;
    }
    if (!count_tasks(kernel, tally, kind, given) || !count_objects(kernel, tally, kind)) {
        return false;
    }
    for (uint32_t i = 0; i < kernel_task_count(kernel); i++) {
        if (!audit_says(tally, tally->missing[i] == 0,
                        "who paid: of what task %lu was given %#lx are missing", i,
                        tally->missing[i])) {
            return false;
        }
    }
    return true;
}

static uint32_t pages_given(const struct kernel *kernel, uint32_t index, enum quota_kind kind) {
    (void)kind;
    return kernel->tasks[index].pages_given;
}

bool audit_quotas(const struct kernel *kernel, struct audit_tally *tally) {
    return quotas_add_up(kernel, tally) && payers_add_up(kernel, tally) &&
           audit_balance(kernel, tally, QUOTA_PAGES, pages_given);
}
