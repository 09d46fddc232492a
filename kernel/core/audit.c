// kernel/core/audit.c: the whole audit, pools and pages, and lost wake-ups. See audit.h.
#include "kernel/core/audit.h"

static bool locks_are_free(const struct kernel *kernel, struct audit_tally *tally) {
    for (uint32_t i = 0; i < kernel->hart_count; i++) {
        const struct hart *hart = &kernel->harts[i];
        if (!audit_says(tally, hart->locks.held_ranks == 0, "hart %lu holds lock ranks %#lx", i,
                        hart->locks.held_ranks) ||
            !audit_says(tally, hart->deferred_count == 0, "hart %lu keeps %lu dropped capabilities",
                        i, hart->deferred_count) ||
            !audit_says(tally, hart->unseen_count == 0, "hart %lu keeps %lu dropped requests", i,
                        hart->unseen_count) ||
            !audit_says(tally, hart->run_lock.held.raw == 0,
                        "the run queue's lock of hart %lu is held", i, 0)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < kernel_endpoint_count(kernel); i++) {
        if (!audit_says(tally, kernel->endpoints[i].lock.held.raw == 0,
                        "the lock of endpoint %lu is held", i, 0)) {
            return false;
        }
    }
    bool pools_free = kernel->family_lock.held.raw == 0 && kernel->task_pool.lock.held.raw == 0 &&
                      kernel->endpoint_pool.lock.held.raw == 0 &&
                      kernel->vmo_pool.lock.held.raw == 0 && kernel->page_pool.lock.held.raw == 0 &&
                      kernel->grant_pool.lock.held.raw == 0 && kernel->quiesce.lock.held.raw == 0 &&
                      kernel->console_lock.held.raw == 0 && kernel->device_lock.held.raw == 0;
    return audit_says(tally, pools_free,
                      "the lock of a pool, of the families, of the console or of devices is held",
                      0, 0);
}

// Free ones are those never taken and those on the list; the list has no loop and names nothing
// fresh.
static bool pool_adds_up(const struct pool *pool, struct audit_tally *tally) {
    uint32_t free_count = 0;
    for (uint32_t i = 0; i < pool->range_count; i++) {
        free_count += pool->ranges[i].end - pool->ranges[i].next;
    }
    free_count += pool->split.end - pool->split.next;
    for (uint32_t index = pool->block_head; index != POOL_NONE && free_count <= pool->total_count;
         index = pool->next[index - pool->base]) {
        free_count += POOL_BLOCK;
    }
    for (uint32_t index = pool->free_head; index != POOL_NONE && free_count <= pool->total_count;
         index = pool->next[index - pool->base]) {
        free_count++;
    }
    return audit_says(tally, free_count == pool->free_count, "a pool counts %lu free, has %lu",
                      pool->free_count, free_count);
}

bool audit_pools(const struct kernel *kernel, struct audit_tally *tally) {
    return pool_adds_up(&kernel->task_pool, tally) && pool_adds_up(&kernel->endpoint_pool, tally) &&
           pool_adds_up(&kernel->vmo_pool, tally) && pool_adds_up(&kernel->page_pool, tally) &&
           pool_adds_up(&kernel->grant_pool, tally);
}

// Each page that was taken belongs to an address space or a VMO or is the storage of an endpoint's
// sends or of answers to a task's asynchronous requests.
static bool pages_add_up(const struct kernel *kernel, struct audit_tally *tally) {
    uint32_t held = tally->endpoint_pages + tally->vmo_pages;
    for (uint32_t i = 0; i < kernel_task_count(kernel); i++) {
        held += tally->space_pages[i] + audit_async_pages(&kernel->tasks[i]);
    }
    uint32_t taken = kernel->page_pool.total_count - kernel->page_pool.free_count;
    return audit_says(tally, held == taken, "%lu pages are taken, %lu are held", taken, held);
}

// A taken object is in use and a free one is not.
static bool pools_match(const struct kernel *kernel, struct audit_tally *tally) {
    uint32_t tasks = 0;
    uint32_t endpoints = 0;
    for (uint32_t i = 0; i < kernel_task_count(kernel); i++) {
        tasks += kernel->tasks[i].state.raw != TASK_FREE;
    }
    for (uint32_t i = 0; i < kernel_endpoint_count(kernel); i++) {
        // One that has used up its generations is closed and never returned.
        endpoints += audit_endpoint_is_taken(&kernel->endpoints[i]) ||
                     kernel->endpoints[i].generation.raw == UINT32_MAX;
    }
    uint32_t tasks_taken = kernel->task_pool.total_count - kernel->task_pool.free_count;
    uint32_t endpoints_taken = kernel->endpoint_pool.total_count - kernel->endpoint_pool.free_count;
    return audit_says(tally, tasks == tasks_taken, "%lu task objects are taken, %lu are in use",
                      tasks_taken, tasks) &&
           audit_says(tally, endpoints == endpoints_taken,
                      "%lu endpoints are taken, %lu are in use", endpoints_taken, endpoints);
}

// Each grant counts the capabilities and frames that carry it, and is in use while there is one.
static bool grants_add_up(const struct kernel *kernel, struct audit_tally *tally) {
    uint32_t used = 0;
    for (uint32_t i = 1; i < kernel_grant_end(kernel); i++) {
        if (!audit_says(tally, kernel->grants[i].references.raw == tally->grants[i],
                        "grant %lu counts other references than the %lu it has", i,
                        tally->grants[i])) {
            return false;
        }
        // One that has used up its epochs is never returned.
        used += tally->grants[i] != 0 || kernel->grant_epochs[i].raw == UINT32_MAX;
    }
    uint32_t taken = kernel->grant_pool.total_count - kernel->grant_pool.free_count;
    return audit_says(tally, used == taken, "%lu grants are taken, %lu are in use", taken, used) &&
           audit_says(tally, kernel->grant_epochs[0].raw == 0, "no grant has epoch %lu",
                      kernel->grant_epochs[0].raw, 0);
}

static uint32_t space_pages(const struct task *task) {
    bool has_space = task->state.raw != TASK_FREE && task->state.raw != TASK_DEAD;
    return has_space ? arch_space_pages(&task->space) : 0;
}

bool audit_kernel(const struct kernel *kernel, struct audit_tally *tally) {
    tally->endpoint_pages = 0;
    tally->vmo_pages = 0;
    for (uint32_t i = 0; i < kernel_task_count(kernel); i++) {
        tally->place[i] = AUDIT_NOWHERE;
        tally->references[i] = 0;
        tally->answers[i] = 0;
        tally->space_pages[i] = space_pages(&kernel->tasks[i]);
        tally->calls_waiting[i] = 0;
    }
    for (uint32_t i = 0; i < kernel_endpoint_count(kernel); i++) {
        tally->receivers[i] = 0;
        tally->senders[i] = 0;
    }
    for (uint32_t i = 0; i <= MAX_GRANTS; i++) {
        tally->grants[i] = 0;
    }
    for (uint32_t i = 0; i < MAX_VMOS; i++) {
        tally->vmo_references[i] = 0;
        tally->vmo_writers[i] = 0;
    }
    return locks_are_free(kernel, tally) && audit_pools(kernel, tally) &&
           audit_run_queues(kernel, tally) && audit_cpu(kernel, tally) &&
           audit_quiesce(kernel, tally) && audit_endpoints(kernel, tally) &&
           audit_deadlines(kernel, tally) && audit_tables(kernel, tally) &&
           audit_tasks(kernel, tally) && audit_asyncs(kernel, tally) &&
           audit_wakeups(kernel, tally) && audit_devices(kernel, tally) &&
           audit_mappings(kernel, tally) && audit_vmos(kernel, tally) &&
           pools_match(kernel, tally) && grants_add_up(kernel, tally) &&
           audit_quotas(kernel, tally) && pages_add_up(kernel, tally);
}

// Not by accident: a waiting receiver whose endpoint has something for it was not told.
static bool receiver_was_told(const struct kernel *kernel, const struct task *task,
                              struct audit_tally *tally) {
    enum wait_state state = wait_state_of(task->wait.raw);
    if (state != WAIT_RECV && state != WAIT_RECV_NOCALL) {
        return true;
    }
    uint64_t work = kernel->endpoints[wait_object_of(task->wait.raw)].work.raw &
                    (state == WAIT_RECV ? UINT64_MAX : WORK_BUT_CALLS);
    return audit_says(tally, work == 0,
                      "lost wake-up: task %lu waits at an endpoint that has work %#lx", task->index,
                      work);
}

static bool kill_was_told(const struct task *task, struct audit_tally *tally) {
    bool waits = wait_state_of(task->wait.raw) != WAIT_NONE;
    if (task->killed.raw == 0 || !waits) {
        return true;
    }
    bool told = list_is_linked(&task->kill_node);
    return audit_says(tally, told, "lost kill: task %lu waits on, wait word %#lx", task->index,
                      task->wait.raw);
}

bool audit_wakeups(const struct kernel *kernel, struct audit_tally *tally) {
    for (uint32_t i = 0; i < kernel_task_count(kernel); i++) {
        const struct task *task = &kernel->tasks[i];
        if (task->state.raw == TASK_LIVE &&
            (!receiver_was_told(kernel, task, tally) || !kill_was_told(task, tally))) {
            return false;
        }
    }
    return true;
}
