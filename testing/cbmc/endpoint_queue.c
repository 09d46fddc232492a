// testing/cbmc/endpoint_queue.c: the queue of callers and senders at an endpoint. Of every queue of
// every length to the bound: one joins, or any one leaves; what comes of it is a queue again.
// (Which task stands where does not matter to the code, so the first is task 0, and so on.)
#include "kernel/core/endpoint_ops.c"

#include "testing/cbmc/prove.h"

static struct kernel kernel;  // The one: each case makes its queue anew.

// What a queued call lends its receiver is no part of this (kernel/core/donation_test.cc).
void donation_leave_locked(struct endpoint *endpoint, struct task *task) {
    (void)endpoint;
    task->call_class = 0;
}

static uint32_t unit_of(const struct task *task) {
    return task->in_call ? WORK_CALL : WORK_SEND;
}

// The queue is `order`, and `endpoint->work` says so beside `other`.
static void check(const uint32_t *order, uint32_t count, uint32_t other) {
    const struct endpoint *endpoint = &kernel.endpoints[0];
    uint32_t work = other;
    for (uint32_t i = 0; i < count; i++) {
        const struct task *task = &kernel.tasks[order[i]];
        PROVE(task->queue_prev == (i == 0 ? TASK_NONE : order[i - 1]), "who stands before");
        PROVE(task->queue_next == (i + 1 == count ? TASK_NONE : order[i + 1]), "who stands behind");
        work += unit_of(task);
    }
    PROVE(endpoint->queue_head == (count == 0 ? TASK_NONE : order[0]), "the first comes first");
    PROVE(endpoint->queue_tail == (count == 0 ? TASK_NONE : order[count - 1]), "the last is last");
    PROVE(atomic_load_u32(&endpoint->work) == work, "work says how many wait, and for what");
}

static uint32_t queue_make(uint32_t count) {
    struct endpoint *endpoint = &kernel.endpoints[0];
    uint32_t other = any_below(2) * WORK_NOTIFY + any_below(SEND_STORAGE_COUNT + 1) * WORK_SEND;
    uint32_t work = other;
    endpoint->queue_head = count == 0 ? TASK_NONE : 0;
    endpoint->queue_tail = count == 0 ? TASK_NONE : count - 1;
    for (uint32_t i = 0; i < MAX_TASKS; i++) {
        struct task *task = &kernel.tasks[i];
        task->index = i;
        task->in_call = nondet_bool();
        // Of who does not wait both hold anything.
        task->queue_prev = i >= count ? nondet_u32() : i == 0 ? TASK_NONE : i - 1;
        task->queue_next = i >= count ? nondet_u32() : i + 1 == count ? TASK_NONE : i + 1;
        work += i < count ? unit_of(task) : 0;
    }
    atomic_store_u32(&endpoint->work, work);
    return other;
}

static void join(uint32_t count) {
    uint32_t order[MAX_TASKS];
    uint32_t other = queue_make(count);
    for (uint32_t i = 0; i <= count; i++) {
        order[i] = i;
    }
    endpoint_link_locked(&kernel, &kernel.endpoints[0], &kernel.tasks[count]);
    check(order, count + 1, other);
}

static void leave(uint32_t count, uint32_t place) {
    uint32_t order[MAX_TASKS];
    uint32_t other = queue_make(count);
    for (uint32_t i = 0; i + 1 < count; i++) {
        order[i] = i < place ? i : i + 1;
    }
    endpoint_unlink_locked(&kernel, &kernel.endpoints[0], &kernel.tasks[place]);
    check(order, count - 1, other);
}

int main(void) {
    for (uint32_t count = 0; count < MAX_TASKS; count++) {
        join(count);
    }
    for (uint32_t count = 1; count <= MAX_TASKS; count++) {
        for (uint32_t place = 0; place < count; place++) {
            leave(count, place);
        }
    }
    return 0;
}
