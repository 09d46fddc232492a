// kernel/arch/sim/sums_count.c: what was touched, and what touched endpoints, VMOs and grants hold,
// counted anew. See sums.h.
#include "kernel/arch/sim/state.h"
#include "kernel/core/donation.h"

// Before any capability: one of an earlier life of the endpoint counts no longer.
static bool endpoint_begins(uint32_t index) {
    struct sums_endpoint *was = &sim.sums.of_endpoint[index];
    uint32_t generation = sim.kernel.endpoints[index].generation.raw;
    if (generation != was->generation) {
        was->generation = generation;
        sums_forget_endpoint(index);
        sim.sums.tally.receivers[index] = 0;
        sim.sums.tally.senders[index] = 0;
    }
    return true;
}

// What stands at an endpoint.
struct standing {
    uint32_t queued;
    uint64_t lent;
    uint64_t work;
};

// The queue's links agree, and who stands there says so.
static bool look_at_queue(uint32_t number, struct standing *out) {
    const struct endpoint *endpoint = &sim.kernel.endpoints[number];
    struct audit_tally *tally = &sim.sums.tally;
    uint32_t previous = TASK_NONE;
    for (uint32_t index = endpoint->queue_head; index != TASK_NONE; out->queued++) {
        const struct task *task = &sim.kernel.tasks[index % MAX_TASKS];
        bool here = index < MAX_TASKS && out->queued < MAX_TASKS && task->queue_prev == previous &&
                    (task->wait.raw & 0xffff) == wait_low(WAIT_QUEUED, number);
        if (!audit_says(tally, here, "task %lu is in the queue of endpoint %lu and is not there",
                        index, number)) {
            return false;
        }
        out->lent += task->in_call && task->call_class != 0 ? donation_unit(task->call_class) : 0;
        out->work += task->in_call ? WORK_CALL : WORK_SEND;
        previous = index;
        index = task->queue_next;
    }
    return audit_says(tally, endpoint->queue_tail == previous,
                      "the queue of endpoint %lu ends at %lu", number, endpoint->queue_tail) &&
           audit_says(tally, endpoint->calls_waiting == out->lent,
                      "endpoint %lu counts other calls than the %#lx that are queued", number,
                      out->lent);
}

// What is stored; each place is listed once.
static bool look_at_sends(uint32_t number, struct standing *out) {
    const struct endpoint *endpoint = &sim.kernel.endpoints[number];
    uint32_t listed = 0;
    for (uint32_t i = 0; i < SEND_STORAGE_COUNT; i++) {
        uint64_t place = order_at(endpoint->send_order, i) % SEND_STORAGE_COUNT;
        listed |= 1u << place;
        if (i < endpoint->send_count) {
            out->work += endpoint->sends[place].async.word != 0 ? WORK_CALL : WORK_SEND;
        }
    }
    return audit_says(&sim.sums.tally, listed == (1u << SEND_STORAGE_COUNT) - 1,
                      "endpoint %lu lists other places for sends than it has: %#lx", number,
                      listed);
}

// All of it is guarded by the endpoint's lock, which nobody holds.
static bool look(uint32_t number, struct standing *out) {
    const struct endpoint *endpoint = &sim.kernel.endpoints[number];
    bool open = audit_endpoint_is_open(endpoint);
    *out = (struct standing){.work = (uint64_t)endpoint->answer_count * WORK_SEND};
    out->work |= (endpoint->notify_badges | endpoint->notify_kernel) != 0 ? WORK_NOTIFY : 0;
    if ((open && !look_at_sends(number, out)) ||
        (audit_endpoint_is_taken(endpoint) && !look_at_queue(number, out))) {
        return false;
    }
    return audit_says(&sim.sums.tally, !open || endpoint->work.raw == out->work,
                      "endpoint %lu has work %#lx, which is not what it holds", number,
                      endpoint->work.raw);
}

bool sums_look_at_endpoint(uint32_t index) {
    struct standing here;
    return sim.kernel.endpoints[index].lock.held.raw != 0 || look(index, &here);
}

// What the queued calls lend is counted for the receiver. `by`: 1, or UINT64_MAX to take it back.
static void count_lent(const struct sums_endpoint *was, uint64_t by) {
    if (was->owner != TASK_NONE) {
        sim.sums.tally.calls_waiting[was->owner] += was->lent * by;
        sums_set(sim.sums.touched.tasks, was->owner);
    }
}

// The frames that are stored, and what they carry.
static bool count_sends(const struct endpoint *endpoint, struct sums_endpoint *was, bool open) {
    struct audit_tally *tally = &sim.sums.tally;
    for (uint32_t i = 0; i < was->send_count; i++) {
        const struct stored_send *send = &was->sends[i];
        tally->grants[send->grant]--;
        sums_set(sim.sums.touched.grants, send->grant);
        if (send->cap.head != 0) {
            sums_cap_goes(&send->cap);
        }
    }
    was->send_count = 0;
    for (uint32_t i = 0; open && i < endpoint->send_count && i < SEND_STORAGE_COUNT; i++) {
        struct stored_send *send = &was->sends[was->send_count++];
        *send = endpoint->sends[order_at(endpoint->send_order, i) % SEND_STORAGE_COUNT];
        send->grant %= MAX_GRANTS + 1;
        tally->grants[send->grant]++;
        sums_set(sim.sums.touched.grants, send->grant);
        if (send->cap.head != 0 && !sums_cap_comes(&send->cap)) {
            return false;
        }
    }
    return true;
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
    if (endpoint->lock.held.raw != 0) {
        return true;  // Whoever holds it has touched it, and counts the rest when it is free.
    }
    count_lent(was, UINT64_MAX);
    was->owner = open ? endpoint->owner % MAX_TASKS : TASK_NONE;
    struct standing here;
    if (!look(index, &here) || !count_sends(endpoint, was, open)) {
        return false;
    }
    sums->queued += here.queued - was->queued;
    was->queued = here.queued;
    was->lent = here.lent;
    count_lent(was, 1);
    return true;
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
    return true;
}

// It is paid for as long as it has references; one that has used up its epochs never goes back.
static bool count_grant(uint32_t index) {
    struct sums *sums = &sim.sums;
    if (index == 0) {
        return true;
    }
    bool paid = sim.kernel.grants[index].references.raw != 0;
    sums->quota[QUOTA_GRANTS] += (uint64_t)paid - sums->grant_paid[index];
    sums->grant_paid[index] = paid;
    bool used = paid || sim.kernel.grant_epochs[index].raw == UINT32_MAX;
    sums->grants += (uint32_t)used - (uint32_t)sums->grant_used[index];
    sums->grant_used[index] = used;
    return true;
}

// Lives of endpoints first, and waits before tasks: each may touch what is counted after it.
// Objects that were never taken hold anything, and nobody changes them.
bool sums_count_touched(void) {
    const struct kernel *kernel = &sim.kernel;
    const struct sums_touched *touched = &sim.sums.touched;
    const uint32_t tasks = kernel_task_count(kernel);
    const uint32_t endpoints = kernel_endpoint_count(kernel);
    return sums_each(touched->endpoints, endpoints, endpoint_begins) &&
           sums_each(touched->tasks, tasks, sums_count_wait) &&
           sums_each(touched->tasks, tasks, sums_count_task) &&
           sums_each(touched->answers, tasks, sums_count_answers) &&
           sums_each(touched->endpoints, endpoints, count_endpoint) &&
           sums_each(touched->vmos, kernel_vmo_count(kernel), count_vmo) &&
           sums_each(touched->grants, kernel_grant_end(kernel), count_grant);
}
