// kernel/arch/sim/sums_count.c: what was touched, and what touched endpoints, VMOs and grants hold,
// counted anew. See sums.h.
#include "kernel/arch/sim/state.h"
#include "kernel/core/donation.h"

static bool inside(size_t offset, size_t begin, size_t bytes) {
    return offset - begin < bytes;
}

// An address space gets and gives pages through the quota of its task.
static void touch_in_task(size_t offset) {
    uint32_t index = (uint32_t)(offset / sizeof(struct task));
    sums_touch_task(index);
    if (inside(offset % sizeof(struct task), offsetof(struct task, quota.left[QUOTA_PAGES]),
               sizeof(struct atomic_u32))) {
        sums_set(sim.sums.touched_spaces, index);
    }
}

void sums_touch(const void *at) {
    const struct kernel *kernel = &sim.kernel;
    size_t offset = (size_t)at - (size_t)kernel;
    if (inside(offset, offsetof(struct kernel, tasks), sizeof(kernel->tasks))) {
        touch_in_task(offset - offsetof(struct kernel, tasks));
    } else if (inside(offset, offsetof(struct kernel, endpoints), sizeof(kernel->endpoints))) {
        sums_set(
            sim.sums.touched_endpoints,
            (uint32_t)((offset - offsetof(struct kernel, endpoints)) / sizeof(struct endpoint)));
    } else if (inside(offset, offsetof(struct kernel, vmos), sizeof(kernel->vmos))) {
        sums_set(sim.sums.touched_vmos,
                 (uint32_t)((offset - offsetof(struct kernel, vmos)) / sizeof(struct vmo)));
    } else if (inside(offset, offsetof(struct kernel, grants), sizeof(kernel->grants))) {
        sums_set(sim.sums.touched_grants,
                 (uint32_t)((offset - offsetof(struct kernel, grants)) / sizeof(struct grant)));
    }
}

void sums_touch_task(uint32_t index) {
    sums_set(sim.sums.touched_tasks, index);
}

// Before any capability: one of an earlier life of the endpoint counts no longer.
static bool endpoint_begins(uint32_t index) {
    struct sums_endpoint *was = &sim.sums.of_endpoint[index];
    uint32_t generation = sim.kernel.endpoints[index].generation.raw;
    if (generation != was->generation) {
        was->generation = generation;
        sim.sums.tally.receivers[index] = 0;
        sim.sums.tally.senders[index] = 0;
    }
    return true;
}

// What is stored, and that each place is listed once.
static bool count_sends(uint32_t number, struct sums_endpoint *was, bool open, uint64_t *work) {
    const struct endpoint *endpoint = &sim.kernel.endpoints[number];
    struct audit_tally *tally = &sim.sums.tally;
    for (uint32_t i = 0; i < was->send_count; i++) {
        const struct stored_send *send = &was->sends[i];
        tally->grants[send->grant]--;
        sums_set(sim.sums.touched_grants, send->grant);
        if (send->cap.head != 0) {
            sums_cap_goes(&send->cap);
        }
    }
    was->send_count = 0;
    uint32_t listed = 0;
    for (uint32_t i = 0; open && i < SEND_STORAGE_COUNT; i++) {
        uint64_t place = order_at(endpoint->send_order, i) % SEND_STORAGE_COUNT;
        listed |= 1u << place;
        if (i >= endpoint->send_count) {
            continue;
        }
        struct stored_send *send = &was->sends[was->send_count++];
        *send = endpoint->sends[place];
        send->grant %= MAX_GRANTS + 1;
        tally->grants[send->grant]++;
        sums_set(sim.sums.touched_grants, send->grant);
        *work += send->async.word != 0 ? WORK_CALL : WORK_SEND;
        if (send->cap.head != 0 && !sums_cap_comes(&send->cap)) {
            return false;
        }
    }
    return audit_says(tally, !open || listed == (1u << SEND_STORAGE_COUNT) - 1,
                      "endpoint %lu lists other places for sends than it has: %#lx", number,
                      listed);
}

// The queue's links agree, and who stands there says so.
static bool count_queue(uint32_t number, struct sums_endpoint *was, uint64_t *work) {
    const struct endpoint *endpoint = &sim.kernel.endpoints[number];
    struct audit_tally *tally = &sim.sums.tally;
    uint64_t lent = 0;
    uint32_t queued = 0;
    uint32_t previous = TASK_NONE;
    for (uint32_t index = endpoint->queue_head; index != TASK_NONE; queued++) {
        const struct task *task = &sim.kernel.tasks[index % MAX_TASKS];
        bool here = index < MAX_TASKS && queued < MAX_TASKS && task->queue_prev == previous &&
                    (task->wait.raw & 0xffff) == wait_low(WAIT_QUEUED, number);
        if (!audit_says(tally, here, "task %lu is in the queue of endpoint %lu and is not there",
                        index, number)) {
            return false;
        }
        lent += task->in_call && task->call_class != 0 ? donation_unit(task->call_class) : 0;
        *work += task->in_call ? WORK_CALL : WORK_SEND;
        previous = index;
        index = task->queue_next;
    }
    sim.sums.queued += queued - was->queued;
    was->queued = queued;
    was->lent = lent;
    return audit_says(tally, endpoint->queue_tail == previous,
                      "the queue of endpoint %lu ends at %lu", number, endpoint->queue_tail) &&
           audit_says(tally, endpoint->calls_waiting == lent,
                      "endpoint %lu counts other calls than the %#lx that are queued", number,
                      lent);
}

// What the queued calls lend is counted for the receiver. `by`: 1, or UINT64_MAX to take it back.
static void count_lent(const struct sums_endpoint *was, uint64_t by) {
    if (was->owner != TASK_NONE) {
        sim.sums.tally.calls_waiting[was->owner] += was->lent * by;
        sums_touch_task(was->owner);
    }
}

static bool count_endpoint(uint32_t index) {
    struct sums *sums = &sim.sums;
    const struct endpoint *endpoint = &sim.kernel.endpoints[index];
    struct sums_endpoint *was = &sums->of_endpoint[index];
    bool taken = audit_endpoint_is_taken(endpoint);
    bool open = audit_endpoint_is_open(endpoint);
    bool used_up = !taken && endpoint->generation.raw == UINT32_MAX;
    sums->endpoints += (uint32_t)taken + (uint32_t)used_up - was->taken - was->used_up;
    sums->tally.endpoint_pages += (uint32_t)taken - was->taken;
    was->taken = taken;
    was->used_up = used_up;
    count_lent(was, UINT64_MAX);
    was->owner = open ? endpoint->owner % MAX_TASKS : TASK_NONE;
    uint64_t work = (uint64_t)endpoint->answer_count * WORK_SEND;
    work |= (endpoint->notify_badges | endpoint->notify_kernel) != 0 ? WORK_NOTIFY : 0;
    if (!count_sends(index, was, open, &work) || (taken && !count_queue(index, was, &work))) {
        return false;
    }
    if (!taken) {
        sums->queued -= was->queued;
        was->queued = 0;
        was->lent = 0;
    }
    count_lent(was, 1);
    return audit_says(&sums->tally, !open || endpoint->work.raw == work,
                      "endpoint %lu has work %#lx, which is not what it holds", index,
                      endpoint->work.raw);
}

static bool count_vmo(uint32_t index) {
    struct sums *sums = &sim.sums;
    const struct vmo *vmo = &sim.kernel.vmos[index];
    struct sums_vmo *was = &sums->of_vmo[index];
    static const struct quota_amounts nothing;
    bool paid = vmo->payer != 0;
    uint32_t pages = vmo_pages_held(vmo);
    sums->tally.vmo_pages += pages - was->pages;
    was->pages = pages;
    struct quota_amounts price = paid ? vmo_price(vmo->page_count) : nothing;
    for (uint32_t kind = 0; kind < QUOTA_KIND_COUNT; kind++) {
        sums->quota[kind] += (uint64_t)price.of[kind] - was->paid.of[kind];
    }
    sums->vmos += price.of[QUOTA_VMOS] - was->paid.of[QUOTA_VMOS];
    was->paid = price;
    uint64_t bit = UINT64_C(1) << (index % 64);
    bool restless = paid && (vmo->references.raw == 0 || vmo->pages_made < vmo->page_count);
    uint64_t others = sums->restless_vmos[index / 64] & ~bit;
    sums->restless_vmos[index / 64] = others | (restless ? bit : 0);
    return true;
}

static bool count_grant(uint32_t index) {
    struct sums *sums = &sim.sums;
    if (index == 0) {
        return true;
    }
    bool paid = sim.kernel.grants[index].payer != 0;
    sums->quota[QUOTA_GRANTS] += (uint64_t)paid - sums->grant_paid[index];
    sums->grant_paid[index] = paid;
    bool used = sums->tally.grants[index] != 0 || sim.kernel.grant_epochs[index].raw == UINT32_MAX;
    sums->grants += (uint32_t)used - (uint32_t)sums->grant_used[index];
    sums->grant_used[index] = used;
    return true;
}

// The lowest index in the set from `from` on, or `end` if there is none below that.
static uint32_t next_in(const uint64_t *words, uint32_t from, uint32_t end) {
    while (from < end) {
        uint64_t left = words[from / 64] >> (from % 64);
        if (left != 0) {
            from += (uint32_t)__builtin_ctzll(left);
            break;
        }
        from = (from / 64 + 1) * 64;
    }
    return from < end ? from : end;
}

bool sums_each(const uint64_t *words, uint32_t end, bool (*visit)(uint32_t index)) {
    for (uint32_t i = next_in(words, 0, end); i < end; i = next_in(words, i + 1, end)) {
        if (!visit(i)) {
            return false;
        }
    }
    return true;
}

// Lives of endpoints first, and waits before tasks: each may touch what is counted after it.
// Objects that were never taken hold anything, and nobody changes them.
bool sums_count_touched(void) {
    struct sums *sums = &sim.sums;
    const struct kernel *kernel = &sim.kernel;
    for (uint32_t i = 0; i < SUMS_VMO_WORDS; i++) {
        sums->touched_vmos[i] |= sums->restless_vmos[i];
    }
    return sums_each(sums->touched_endpoints, kernel_endpoint_count(kernel), endpoint_begins) &&
           sums_each(sums->touched_tasks, kernel_task_count(kernel), sums_count_wait) &&
           sums_each(sums->touched_tasks, kernel_task_count(kernel), sums_count_task) &&
           sums_each(sums->touched_endpoints, kernel_endpoint_count(kernel), count_endpoint) &&
           sums_each(sums->touched_vmos, kernel_vmo_count(kernel), count_vmo) &&
           sums_each(sums->touched_grants, kernel_grant_end(kernel), count_grant);
}
