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
}

static bool task_adds_up(uint32_t index) {
    const struct sums *sums = &sim.sums;
    const struct sums_gaps *flight = &sums->flight[sums->turn];
    return says(flight->references[index] == 0,
                "task %lu counts other references than the %lu it has", index,
                sums->tally.references[index]) &&
           says(flight->calls_waiting[index] == 0,
                "task %lu counts other calls than the %#lx that wait for it", index,
                sums->tally.calls_waiting[index]) &&
           says(flight->answers[index] == 0,
                "task %lu waits for another number of replies than the %lu that can end its wait",
                index, sums->tally.answers[index]);
}

static bool endpoint_adds_up(uint32_t index) {
    const struct sums *sums = &sim.sums;
    const struct sums_gaps *flight = &sums->flight[sums->turn];
    return says(flight->receivers[index] == 0, "endpoint %lu has %lu receiving capabilities", index,
                sums->tally.receivers[index]) &&
           says(flight->senders[index] == 0,
                "endpoint %lu counts other senders than the %lu it has", index,
                sums->tally.senders[index]) &&
           sums_look_at_endpoint(index);
}

static bool vmo_adds_up(uint32_t index) {
    const struct sums *sums = &sim.sums;
    const struct sums_gaps *flight = &sums->flight[sums->turn];
    return says(flight->vmo_references[index] == 0,
                "VMO %lu counts other references than the %lu it has", index,
                sums->tally.vmo_references[index]) &&
           says(flight->vmo_writers[index] == 0, "VMO %lu counts other writers than the %lu it has",
                index, sums->tally.vmo_writers[index]);
}

static bool grant_adds_up(uint32_t index) {
    const struct sums *sums = &sim.sums;
    return says(sums->flight[sums->turn].grants[index] == 0,
                "grant %lu counts other references than the %lu it has", index,
                sums->tally.grants[index]);
}

// Whoever waits for nothing runs, may run or is parked; whoever is queued stands in a queue.
static bool totals_add_up(void) {
    static const char *const texts[SUMS_TOTAL_COUNT] = {
        [SUMS_PAGES_OUT] = "%lu pages are taken, %lu fewer are held",
        [SUMS_POOL_PAGES] = "the pool says that %lu pages are taken, %lu fewer are held",
        [SUMS_POOL_TASKS] = "%lu task objects are taken, %lu fewer are in use",
        [SUMS_POOL_ENDPOINTS] = "%lu endpoints are taken, %lu fewer are in use",
        [SUMS_POOL_VMOS] = "%lu VMOs are taken, %lu fewer are in use",
        [SUMS_POOL_GRANTS] = "%lu grants are taken, %lu fewer are in use",
        [SUMS_RUNS] = "%lu tasks run or may run, %lu fewer wait for nothing",
        [SUMS_QUEUED] = "%lu tasks stand in queues, %lu fewer wait in one",
    };
    const struct sums *sums = &sim.sums;
    const struct kernel *kernel = &sim.kernel;
    const uint64_t counts[SUMS_QUOTA] = {
        sim.pages_out,
        (uint64_t)kernel->page_pool.total_count - kernel->page_pool.free_count,
        (uint64_t)kernel->task_pool.total_count - kernel->task_pool.free_count,
        (uint64_t)kernel->endpoint_pool.total_count - kernel->endpoint_pool.free_count,
        (uint64_t)kernel->vmo_pool.total_count - kernel->vmo_pool.free_count,
        (uint64_t)kernel->grant_pool.total_count - kernel->grant_pool.free_count,
        sums->waits[WAIT_NONE] + sums->flight[sums->turn].totals[SUMS_RUNS],
        sums->queued,
    };
    for (uint32_t i = 0; i < SUMS_TOTAL_COUNT; i++) {
        const char *text = i < SUMS_QUOTA ? texts[i]
                                          : "quotas of kind %lu do not add up to what there is: "
                                            "%lu are missing";
        if (!says(sums->flight[sums->turn].totals[i] == 0, text,
                  i < SUMS_QUOTA ? counts[i] : i - SUMS_QUOTA,
                  sums->flight[sums->turn].totals[i])) {
            return false;
        }
    }
    return true;
}

static bool hart_holds_nothing(uint32_t index) {
    const struct hart *hart = &sim.kernel.harts[index];
    return says(hart->locks.held_ranks == 0, "hart %lu holds lock ranks %#lx", index,
                hart->locks.held_ranks) &&
           says(hart->deferred_count == 0 && hart->unseen_count == 0,
                "hart %lu keeps %lu dropped capabilities or requests", index,
                hart->deferred_count + hart->unseen_count);
}

static void add_touched(struct sums_touched *to, const struct sums_touched *from) {
    uint64_t *words = (uint64_t *)(void *)to;
    const uint64_t *more = (const uint64_t *)(const void *)from;
    for (size_t i = 0; i < sizeof(*to) / sizeof(*words); i++) {
        words[i] |= more[i];
    }
}

bool sums_turn(uint32_t hart) {
    struct sums *sums = &sim.sums;
    sums->turn = hart;
    bool touched = sums_touch_hands();
    sums->touched = sums->entry[hart];
    if (!touched || !sums_count_touched() || !sums_take_gaps()) {
        return false;
    }
    add_touched(&sums->affected[hart], &sums->touched);
    return true;
}

bool sums_check(uint32_t hart) {
    struct sums *sums = &sim.sums;
    const struct sums_touched *affected = &sums->affected[hart];
    const struct kernel *kernel = &sim.kernel;
    sums->leaving = true;
    bool whole = hart_holds_nothing(hart) && sums_turn(hart) &&
                 sums_each(affected->tasks, kernel_task_count(kernel), task_adds_up) &&
                 sums_each(affected->endpoints, kernel_endpoint_count(kernel), endpoint_adds_up) &&
                 sums_each(affected->vmos, kernel_vmo_count(kernel), vmo_adds_up) &&
                 sums_each(affected->grants, kernel_grant_end(kernel), grant_adds_up) &&
                 totals_add_up() &&
                 sums_each(sums->entry[hart].tasks, kernel_task_count(kernel), sums_look_at_task);
    sums->leaving = false;
    sums->paged[hart] = false;
    memset(&sums->entry[hart], 0, sizeof(sums->entry[hart]));
    memset(&sums->affected[hart], 0, sizeof(sums->affected[hart]));
    return whole;
}

void sums_start(void) {
    memset(&sim.sums.entry[0], 0xff, sizeof(sim.sums.entry[0]));
    sim.sums.paged[0] = true;
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

static uint32_t given(const struct kernel *kernel, uint32_t index, enum quota_kind kind) {
    (void)kernel;
    return sim.sums.of_task[index].given[kind];
}

bool sums_balance(struct audit_tally *all) {
    for (uint32_t kind = 0; kind < QUOTA_KIND_COUNT; kind++) {
        if (!audit_balance(&sim.kernel, all, (enum quota_kind)kind, given)) {
            return false;
        }
    }
    return true;
}
