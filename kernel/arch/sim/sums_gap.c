// kernel/arch/sim/sums_gap.c: by how much what the kernel counts differs from what there is, and
// which hart has made the difference. See sums.h.
#include "kernel/arch/sim/state.h"

// What has changed since the gap was last taken, the hart has done whose turn it was.
static void take(uint64_t *gap, uint64_t *flight, uint64_t now) {
    *flight += now - *gap;
    *gap = now;
}

// Who drops a reply and who ends the wait for it may be two harts: whoever is second sets it right.
static void take_answers(uint32_t index) {
    struct sums *sums = &sim.sums;
    uint32_t wait = sums->of_task[index].wait;
    bool asks = wait == WAIT_REPLY + 1 || wait == WAIT_REPLY_CAP + 1;
    uint64_t now = (uint64_t)sums->tally.answers[index] - asks;
    take(&sums->gaps.answers[index], &sums->flight[sums->turn].answers[index], now);
    for (uint32_t i = 0; now == 0 && i < sim.options.hart_count; i++) {
        sums->flight[i].answers[index] = 0;
    }
}

static bool take_task(uint32_t index) {
    struct sums *sums = &sim.sums;
    struct sums_gaps *flight = &sums->flight[sums->turn];
    const struct task *task = &sim.kernel.tasks[index];
    bool own = task->state.raw != TASK_FREE && task->state.raw != TASK_DEAD;
    uint32_t references =
        sums->tally.references[index] + own + (index == sim.kernel.init_task ? 1u : 0u);
    take(&sums->gaps.references[index], &flight->references[index],
         (uint64_t)task->references.raw - references);
    take(&sums->gaps.calls_waiting[index], &flight->calls_waiting[index],
         task->calls_waiting.raw - sums->tally.calls_waiting[index]);
    take_answers(index);
    return true;
}

static bool take_endpoint(uint32_t index) {
    struct sums *sums = &sim.sums;
    struct sums_gaps *flight = &sums->flight[sums->turn];
    const struct endpoint *endpoint = &sim.kernel.endpoints[index];
    bool open = audit_endpoint_is_open(endpoint);
    take(&sums->gaps.receivers[index], &flight->receivers[index],
         (uint64_t)sums->tally.receivers[index] - open);
    take(&sums->gaps.senders[index], &flight->senders[index],
         open ? (uint64_t)endpoint->senders.raw - sums->tally.senders[index] : 0);
    return true;
}

void sums_forget_endpoint(uint32_t index) {
    struct sums *sums = &sim.sums;
    sums->gaps.receivers[index] = 0;
    sums->gaps.senders[index] = 0;
    for (uint32_t i = 0; i < sim.options.hart_count; i++) {
        sums->flight[i].receivers[index] = 0;
        sums->flight[i].senders[index] = 0;
    }
}

static bool take_vmo(uint32_t index) {
    struct sums *sums = &sim.sums;
    struct sums_gaps *flight = &sums->flight[sums->turn];
    const struct vmo *vmo = &sim.kernel.vmos[index];
    uint32_t writers = vmo->writers.raw == VMO_SEALED ? 0 : vmo->writers.raw;
    take(&sums->gaps.vmo_references[index], &flight->vmo_references[index],
         (uint64_t)vmo->references.raw - sums->tally.vmo_references[index]);
    take(&sums->gaps.vmo_writers[index], &flight->vmo_writers[index],
         (uint64_t)writers - sums->tally.vmo_writers[index]);
    return true;
}

static bool take_grant(uint32_t index) {
    struct sums *sums = &sim.sums;
    uint64_t gap = (uint64_t)sim.kernel.grants[index].references.raw - sums->tally.grants[index];
    take(&sums->gaps.grants[index], &sums->flight[sums->turn].grants[index], index == 0 ? 0 : gap);
    return true;
}

static uint64_t taken(const struct pool *pool) {
    return (uint64_t)pool->total_count - pool->free_count;
}

static uint64_t runs(void) {
    uint64_t count = sim.sums.parked;
    for (uint32_t i = 0; i < sim.kernel.hart_count; i++) {
        count += sim.kernel.harts[i].run_count + (uint64_t)(sim.kernel.harts[i].current != 0);
    }
    return count;
}

static void quotas(uint64_t *gaps) {
    const struct sums *sums = &sim.sums;
    const uint64_t endpoints = sums->tally.endpoint_pages;
    const uint64_t given[QUOTA_KIND_COUNT] = {[QUOTA_PAGES] = sim.kernel.page_pool.total_count,
                                              [QUOTA_TASKS] = MAX_TASKS,
                                              [QUOTA_ENDPOINTS] = MAX_ENDPOINTS,
                                              [QUOTA_VMOS] = MAX_VMOS,
                                              [QUOTA_GRANTS] = MAX_GRANTS};
    const uint64_t spent[QUOTA_KIND_COUNT] = {
        [QUOTA_PAGES] = (uint64_t)sums->space_pages + sums->async_pages + endpoints,
        [QUOTA_TASKS] = sums->tasks,
        [QUOTA_ENDPOINTS] = endpoints};
    for (uint32_t kind = 0; kind < QUOTA_KIND_COUNT; kind++) {
        gaps[kind] = given[kind] - sums->quota[kind] - spent[kind];
    }
}

static void take_totals(void) {
    struct sums *sums = &sim.sums;
    const struct kernel *kernel = &sim.kernel;
    const uint64_t held = (uint64_t)sums->space_pages + sums->async_pages +
                          sums->tally.endpoint_pages + sums->tally.vmo_pages;
    uint64_t now[SUMS_TOTAL_COUNT] = {
        [SUMS_PAGES_OUT] = (uint64_t)sim.pages_out - sim.pages_reserved - held,
        [SUMS_POOL_PAGES] = taken(&kernel->page_pool) - held,
        [SUMS_POOL_TASKS] = taken(&kernel->task_pool) - sums->tasks,
        [SUMS_POOL_ENDPOINTS] = taken(&kernel->endpoint_pool) - sums->endpoints,
        [SUMS_POOL_VMOS] = taken(&kernel->vmo_pool) - sums->vmos,
        [SUMS_POOL_GRANTS] = taken(&kernel->grant_pool) - sums->grants,
        [SUMS_RUNS] = runs() - sums->waits[WAIT_NONE],
        [SUMS_QUEUED] = (uint64_t)sums->queued - sums->waits[WAIT_QUEUED],
    };
    quotas(&now[SUMS_QUOTA]);
    for (uint32_t i = 0; i < SUMS_TOTAL_COUNT; i++) {
        take(&sums->gaps.totals[i], &sums->flight[sums->turn].totals[i], now[i]);
    }
}

bool sums_take_gaps(void) {
    const struct sums_touched *touched = &sim.sums.touched;
    const struct kernel *kernel = &sim.kernel;
    take_totals();
    return sums_each(touched->tasks, kernel_task_count(kernel), take_task) &&
           sums_each(touched->endpoints, kernel_endpoint_count(kernel), take_endpoint) &&
           sums_each(touched->vmos, kernel_vmo_count(kernel), take_vmo) &&
           sums_each(touched->grants, kernel_grant_end(kernel), take_grant);
}
