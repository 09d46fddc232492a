// kernel/core/audit_async.c: asynchronous requests. See audit.h.
#include "kernel/core/async.h"
#include "kernel/core/audit.h"

static bool names(const struct async_ref *ref, const struct task *task, uint32_t place) {
    uint64_t count = task->asyncs[place].word.raw >> 16;
    return ref->word == ((count << 16) | wait_low(WAIT_ASYNC, place)) && ref->sender == task;
}

// Stored frames that name the request in the place,
static uint32_t stored_count(const struct kernel *kernel, const struct task *task, uint32_t place) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < kernel_endpoint_count(kernel); i++) {
        const struct endpoint *endpoint = &kernel->endpoints[i];
        for (uint32_t k = 0; audit_endpoint_is_open(endpoint) && k < endpoint->send_count; k++) {
            count += names(&endpoint->sends[order_at(endpoint->send_order, k)].async, task, place);
        }
    }
    return count;
}

// and reply entries of one task.
static uint32_t held_count(const struct task *holder, const struct task *task, uint32_t place) {
    uint32_t count = 0;
    for (uint32_t i = 0; holder->state.raw != TASK_FREE && i < REPLY_SLOT_COUNT; i++) {
        struct async_ref ref = async_of_reply(&holder->replies[i]);
        count += names(&ref, task, place);
    }
    return count;
}

static uint32_t listed_count(const struct endpoint *endpoint, uint32_t place) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < endpoint->answer_count && i < MAX_ASYNC; i++) {
        count += order_at(endpoint->answers, i) == place;
    }
    return count;
}

// Exactly one stored frame or reply entry can end the request, or its answer is listed once at an
// endpoint of its sender's.
static bool place_is_whole(const struct kernel *kernel, const struct task *task, uint32_t index,
                           struct audit_tally *tally) {
    const struct async_place *place = &task->asyncs[index];
    enum async_state state = (enum async_state)(place->word.raw & 0xff);
    if (state == ASYNC_FREE) {
        return true;
    }
    const struct endpoint *home = &kernel->endpoints[place->home.raw % MAX_ENDPOINTS];
    const struct task *holder = &kernel->tasks[(place->word.raw >> 8) & 0xff];
    uint32_t stored = stored_count(kernel, task, index);
    uint32_t listed = listed_count(home, index);
    bool waits = state == ASYNC_STORED || state == ASYNC_HELD;
    return audit_says(tally, audit_endpoint_is_open(home) && home->owner == task->index,
                      "an asynchronous request of task %lu has no endpoint (%lu) for its answer",
                      task->index, place->home.raw) &&
           audit_says(tally, audit_async_pages(task) != 0,
                      "task %lu has no page for the answer in place %lu", task->index, index) &&
           audit_says(tally, stored == (state == ASYNC_STORED),
                      "%lu stored frames want an answer in place %lu", stored, index) &&
           audit_says(tally,
                      state != ASYNC_HELD ||
                          ((uint64_t)(holder - kernel->tasks) < kernel_task_count(kernel) &&
                           held_count(holder, task, index) == 1),
                      "an asynchronous request of task %lu in place %lu is not held by one reply",
                      task->index, index) &&
           audit_says(tally, listed == (waits ? 0u : 1u),
                      "%lu answers of an asynchronous request in place %lu are listed", listed,
                      index);
}

// What an endpoint lists are answers to its receiver.
static bool answers_are_whole(const struct kernel *kernel, uint32_t number,
                              struct audit_tally *tally) {
    const struct endpoint *endpoint = &kernel->endpoints[number];
    if (!audit_endpoint_is_open(endpoint)) {
        return true;
    }
    const struct task *task = &kernel->tasks[endpoint->owner];
    for (uint32_t i = 0; i < endpoint->answer_count; i++) {
        const struct async_place *place = &task->asyncs[order_at(endpoint->answers, i) % MAX_ASYNC];
        if (!audit_says(tally, (place->word.raw & 0xff) > ASYNC_HELD && place->home.raw == number,
                        "endpoint %lu lists an answer in place %lu, which has none", number,
                        order_at(endpoint->answers, i))) {
            return false;
        }
    }
    return true;
}

bool audit_asyncs(const struct kernel *kernel, struct audit_tally *tally) {
    for (uint32_t i = 0; i < kernel_endpoint_count(kernel); i++) {
        if (!answers_are_whole(kernel, i, tally)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < kernel_task_count(kernel); i++) {
        const struct task *task = &kernel->tasks[i];
        for (uint32_t place = 0; place < MAX_ASYNC; place++) {
            if (!place_is_whole(kernel, task, place, tally)) {
                return false;
            }
        }
    }
    return true;
}
