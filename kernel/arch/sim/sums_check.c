// kernel/arch/sim/sums_check.c: what was touched, and the totals, must add up; and the full audit
// must say the same. See sums.h.
#include <string.h>

#include "kernel/arch/sim/state.h"

static bool says(bool holds, const char *what, uint64_t a, uint64_t b) {
    return audit_says(&sim.sums.tally, holds, what, a, b);
}

void sums_begin(uint32_t tasks) {
    struct sums *sums = &sim.sums;
    memset(sums, 0, offsetof(struct sums, of_task) + tasks * sizeof(sums->of_task[0]));
    memset(sums->of_endpoint, 0, sizeof(*sums) - offsetof(struct sums, of_endpoint));
    for (uint32_t i = 0; i < tasks; i++) {
        sums->of_task[i].program_vmo = VMO_NONE;
    }
    for (uint32_t i = 0; i < MAX_ENDPOINTS; i++) {
        sums->of_endpoint[i].owner = TASK_NONE;
    }
    memset(sums->touched_tasks, 0xff, sizeof(sums->touched_tasks));
    memset(sums->touched_spaces, 0xff, sizeof(sums->touched_spaces));
    memset(sums->touched_replies, 0xff, sizeof(sums->touched_replies));
    memset(sums->touched_endpoints, 0xff, sizeof(sums->touched_endpoints));
    memset(sums->touched_vmos, 0xff, sizeof(sums->touched_vmos));
    memset(sums->touched_grants, 0xff, sizeof(sums->touched_grants));
}

// Its references, and the calls that wait for it.
static bool task_adds_up(uint32_t index) {
    const struct sums *sums = &sim.sums;
    const struct task *task = &sim.kernel.tasks[index];
    bool own = task->state.raw != TASK_FREE && task->state.raw != TASK_DEAD;
    uint32_t references =
        sums->tally.references[index] + own + (index == sim.kernel.init_task ? 1u : 0u);
    return says(task->references.raw == references,
                "task %lu counts other references than the %lu it has", index, references) &&
           says(task->calls_waiting.raw == sums->tally.calls_waiting[index],
                "task %lu counts other calls than the %#lx that wait for it", index,
                sums->tally.calls_waiting[index]);
}

static bool endpoint_adds_up(uint32_t index) {
    const struct audit_tally *tally = &sim.sums.tally;
    const struct endpoint *endpoint = &sim.kernel.endpoints[index];
    bool open = audit_endpoint_is_open(endpoint);
    return says(endpoint->lock.held.raw == 0, "the lock of endpoint %lu is held", index, 0) &&
           says(tally->receivers[index] == (open ? 1u : 0u),
                "endpoint %lu has %lu receiving capabilities", index, tally->receivers[index]) &&
           says(!open || tally->senders[index] == endpoint->senders.raw,
                "endpoint %lu counts other senders than the %lu it has", index,
                tally->senders[index]);
}

static bool vmo_adds_up(uint32_t index) {
    const struct audit_tally *tally = &sim.sums.tally;
    const struct vmo *vmo = &sim.kernel.vmos[index];
    uint32_t writers = vmo->writers.raw == VMO_SEALED ? 0 : vmo->writers.raw;
    return says(vmo->references.raw == tally->vmo_references[index],
                "VMO %lu counts other references than the %lu it has", index,
                tally->vmo_references[index]) &&
           says(writers == tally->vmo_writers[index],
                "VMO %lu counts other writers than the %lu it has", index,
                tally->vmo_writers[index]);
}

static bool grant_adds_up(uint32_t index) {
    const struct audit_tally *tally = &sim.sums.tally;
    return says(index == 0 || sim.kernel.grants[index].references.raw == tally->grants[index],
                "grant %lu counts other references than the %lu it has", index,
                tally->grants[index]);
}

static bool pool_adds_up(const struct pool *pool, uint32_t used) {
    return says(pool->lock.held.raw == 0 && pool->total_count - pool->free_count == used,
                "%lu objects of a pool are taken, %lu are in use",
                pool->total_count - pool->free_count, used);
}

static bool pools_add_up(void) {
    const struct sums *sums = &sim.sums;
    const struct kernel *kernel = &sim.kernel;
    uint32_t out = sim.pages_out - sim.pages_reserved;
    uint32_t held =
        sums->space_pages + sums->async_pages + sums->tally.endpoint_pages + sums->tally.vmo_pages;
    return says(out == held, "%lu pages are taken, %lu are held", out, held) &&
           pool_adds_up(&kernel->page_pool, held) &&
           pool_adds_up(&kernel->task_pool, sums->tasks) &&
           pool_adds_up(&kernel->endpoint_pool, sums->endpoints) &&
           pool_adds_up(&kernel->vmo_pool, sums->vmos) &&
           pool_adds_up(&kernel->grant_pool, sums->grants);
}

static bool quotas_add_up(void) {
    const struct sums *sums = &sim.sums;
    const uint64_t endpoints = sums->tally.endpoint_pages;
    const uint64_t given[QUOTA_KIND_COUNT] = {[QUOTA_PAGES] = sim.kernel.page_pool.total_count,
                                              [QUOTA_TASKS] = MAX_TASKS,
                                              [QUOTA_ENDPOINTS] = MAX_ENDPOINTS,
                                              [QUOTA_VMOS] = MAX_VMOS,
                                              [QUOTA_GRANTS] = MAX_GRANTS};
    const uint64_t spent[QUOTA_KIND_COUNT] = {
        [QUOTA_PAGES] = sums->space_pages + sums->async_pages + endpoints,
        [QUOTA_TASKS] = sums->tasks,
        [QUOTA_ENDPOINTS] = endpoints};
    for (uint32_t kind = 0; kind < QUOTA_KIND_COUNT; kind++) {
        uint64_t sum = sums->quota[kind] + spent[kind];
        if (!says(sum == given[kind], "quotas of kind %lu do not add up to what there is: %lu",
                  kind, sum)) {
            return false;
        }
    }
    return true;
}

// Whoever waits for nothing runs, may run or is parked; whoever is queued stands in a queue; one
// reply each can answer whoever waits for one; and no hart holds anything.
static bool waits_add_up(void) {
    const struct sums *sums = &sim.sums;
    uint32_t runs = sums->parked;
    for (uint32_t i = 0; i < sim.kernel.hart_count; i++) {
        const struct hart *hart = &sim.kernel.harts[i];
        runs += hart->run_count + (hart->current != 0);
        if (!says(hart->locks.held_ranks == 0 && hart->run_lock.held.raw == 0,
                  "hart %lu holds lock ranks %#lx", i, hart->locks.held_ranks) ||
            !says(hart->deferred_count == 0 && hart->unseen_count == 0,
                  "hart %lu keeps %lu dropped capabilities or requests", i,
                  hart->deferred_count + hart->unseen_count)) {
            return false;
        }
    }
    uint32_t asking = sums->waits[WAIT_REPLY] + sums->waits[WAIT_REPLY_CAP];
    return says(runs == sums->waits[WAIT_NONE], "%lu tasks run or may run, %lu wait for nothing",
                runs, sums->waits[WAIT_NONE]) &&
           says(sums->queued == sums->waits[WAIT_QUEUED],
                "%lu tasks stand in queues, %lu wait in one", sums->queued,
                sums->waits[WAIT_QUEUED]) &&
           says(sums->answers == asking, "%lu replies can end a wait, %lu tasks wait for one",
                sums->answers, asking);
}

static void forget_touched(void) {
    struct sums *sums = &sim.sums;
    memset(sums->touched_tasks, 0, sizeof(sums->touched_tasks));
    memset(sums->touched_spaces, 0, sizeof(sums->touched_spaces));
    memset(sums->touched_replies, 0, sizeof(sums->touched_replies));
    memset(sums->touched_endpoints, 0, sizeof(sums->touched_endpoints));
    memset(sums->touched_vmos, 0, sizeof(sums->touched_vmos));
    memset(sums->touched_grants, 0, sizeof(sums->touched_grants));
}

bool sums_check(void) {
    const struct sums *sums = &sim.sums;
    const struct kernel *kernel = &sim.kernel;
    bool whole =
        sums_count_touched() &&
        sums_each(sums->touched_tasks, kernel_task_count(kernel), task_adds_up) &&
        sums_each(sums->touched_endpoints, kernel_endpoint_count(kernel), endpoint_adds_up) &&
        sums_each(sums->touched_vmos, kernel_vmo_count(kernel), vmo_adds_up) &&
        sums_each(sums->touched_grants, kernel_grant_end(kernel), grant_adds_up) &&
        pools_add_up() && quotas_add_up() && waits_add_up();
    forget_touched();
    return whole;
}

static bool same(const uint32_t *mine, const uint32_t *audited, uint32_t count, const char *what) {
    for (uint32_t i = 0; i < count; i++) {
        if (!says(mine[i] == audited[i], what, i, mine[i])) {
            return false;
        }
    }
    return true;
}

static uint32_t places(const struct audit_tally *all, enum audit_place place) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < kernel_task_count(&sim.kernel); i++) {
        count += all->place[i] == place;
    }
    return count;
}

bool sums_agree(const struct audit_tally *all) {
    const struct sums *sums = &sim.sums;
    const struct audit_tally *mine = &sums->tally;
    const uint32_t tasks = kernel_task_count(&sim.kernel);
    const uint32_t endpoints = kernel_endpoint_count(&sim.kernel);
    uint32_t runs =
        places(all, AUDIT_IN_RUN_QUEUE) + places(all, AUDIT_CURRENT) + places(all, AUDIT_PARKED);
    return same(mine->references, all->references, tasks,
                "the audit counts other references to task %lu than %lu") &&
           same(mine->space_pages, all->space_pages, tasks,
                "the audit counts other pages of task %lu than %lu") &&
           same(mine->receivers, all->receivers, endpoints,
                "the audit counts other receivers of endpoint %lu than %lu") &&
           same(mine->senders, all->senders, endpoints,
                "the audit counts other senders of endpoint %lu than %lu") &&
           same(mine->grants, all->grants, MAX_GRANTS + 1,
                "the audit counts other references to grant %lu than %lu") &&
           same(mine->vmo_references, all->vmo_references, MAX_VMOS,
                "the audit counts other references to VMO %lu than %lu") &&
           same(mine->vmo_writers, all->vmo_writers, MAX_VMOS,
                "the audit counts other writers of VMO %lu than %lu") &&
           says(mine->endpoint_pages == all->endpoint_pages && mine->vmo_pages == all->vmo_pages,
                "the audit counts other pages of endpoints and VMOs than %lu and %lu",
                mine->endpoint_pages, mine->vmo_pages) &&
           says(runs == sums->waits[WAIT_NONE] &&
                    places(all, AUDIT_IN_ENDPOINT_QUEUE) == sums->queued &&
                    places(all, AUDIT_IN_QUIESCE) == sums->waits[WAIT_QUIESCE],
                "the audit counts others than %lu tasks that may run and %lu that are queued",
                sums->waits[WAIT_NONE], sums->queued);
}
