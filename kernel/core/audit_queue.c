// kernel/core/audit_queue.c: endpoints' queues, deadlines, killed tasks. See audit.h.
#include "kernel/core/audit.h"

#include "kernel/core/donation.h"

// A task waits for the other harts only while one of them has not answered.
bool audit_quiesce(const struct kernel *kernel, struct audit_tally *tally) {
    uint64_t passed = UINT64_MAX;
    for (uint32_t i = 0; i < kernel->hart_count; i++) {
        bool online = ((atomic_raw_load_shared(&kernel->harts_online.raw) >> i) & 1) != 0;
        passed = online && kernel->harts[i].quiesced < passed ? kernel->harts[i].quiesced : passed;
    }
    uint64_t last = 0;
    uint32_t previous = TASK_NONE;
    for (uint32_t index = kernel->quiesce.head; index != TASK_NONE;
         index = kernel->tasks[index].queue_next) {
        if (!audit_take_place(tally, index, AUDIT_IN_QUIESCE)) {
            return false;
        }
        const struct task *task = &kernel->tasks[index];
        if (!audit_says(tally, task->queue_prev == previous && task->quiesce_number > last,
                        "task %lu waits for the other harts out of order (request %lu)", index,
                        task->quiesce_number) ||
            !audit_says(tally, task->quiesce_number > passed,
                        "lost wake-up: task %lu waits for request %lu, which all harts answered",
                        index, task->quiesce_number)) {
            return false;
        }
        last = task->quiesce_number;
        previous = index;
    }
    return audit_says(tally, kernel->quiesce.tail == previous,
                      "the queue of those who wait for the other harts ends at %lu",
                      kernel->quiesce.tail, 0);
}

// Both directions of the links agree; `work` is what they add up to.
static bool queue_is_whole(const struct kernel *kernel, uint32_t number, uint64_t *work,
                           struct audit_tally *tally) {
    const struct endpoint *endpoint = &kernel->endpoints[number];
    uint32_t previous = TASK_NONE;
    uint64_t lent = 0;
    for (uint32_t index = endpoint->queue_head; index != TASK_NONE;
         index = kernel->tasks[index].queue_next) {
        if (!audit_take_place(tally, index, AUDIT_IN_ENDPOINT_QUEUE)) {
            return false;
        }
        const struct task *task = &kernel->tasks[index];
        uint64_t low = task->wait.raw & 0xffff;
        if (!audit_says(tally, task->queue_prev == previous,
                        "task %lu is queued behind %lu, which does not know", index, previous) ||
            !audit_says(tally, low == ((number << 8) | WAIT_QUEUED),
                        "task %lu is in a queue, its wait word is %#lx", index, task->wait.raw)) {
            return false;
        }
        tally->queued_at[index] = number;
        *work += task->in_call ? WORK_CALL : WORK_SEND;
        if (!audit_says(tally, (task->call_class != 0) == task->in_call,
                        "task %lu is queued, its call counts as class %lu", index,
                        task->call_class)) {
            return false;
        }
        lent += task->in_call ? donation_unit(task->call_class) : 0;
        previous = index;
    }
    if (audit_endpoint_is_open(endpoint)) {
        tally->calls_waiting[endpoint->owner] += lent;
    }
    return audit_says(tally, endpoint->calls_waiting == lent,
                      "endpoint %lu counts other calls than the %#lx that are queued", number,
                      lent) &&
           audit_says(tally, endpoint->queue_tail == previous,
                      "the queue of endpoint %lu ends at %lu", number, endpoint->queue_tail);
}

// Each place is listed once; those in use hold what they say.
static bool sends_are_whole(const struct kernel *kernel, uint32_t number, uint64_t *work,
                            struct audit_tally *tally) {
    const struct endpoint *endpoint = &kernel->endpoints[number];
    uint32_t listed = 0;
    if (!audit_says(tally, endpoint->send_count <= SEND_STORAGE_COUNT,
                    "endpoint %lu stores %lu sends", number, endpoint->send_count)) {
        return false;
    }
    for (uint32_t i = 0; i < SEND_STORAGE_COUNT; i++) {
        uint64_t place = order_at(endpoint->send_order, i);
        listed |= UINT32_C(1) << (place % 32);
        if (i >= endpoint->send_count || place >= SEND_STORAGE_COUNT) {
            continue;
        }
        const struct stored_send *send = &endpoint->sends[place];
        *work += send->async.word != 0 ? WORK_CALL : WORK_SEND;
        tally->grants[send->grant % (MAX_GRANTS + 1)]++;
        if (send->cap.head != 0 && !audit_capability(kernel, &send->cap, tally)) {
            return false;
        }
    }
    return audit_says(tally, listed == (UINT32_C(1) << SEND_STORAGE_COUNT) - 1,
                      "endpoint %lu lists other places for sends than it has: %#lx", number,
                      listed);
}

static bool endpoint_is_whole(const struct kernel *kernel, uint32_t number,
                              struct audit_tally *tally) {
    const struct endpoint *endpoint = &kernel->endpoints[number];
    if (!audit_endpoint_is_taken(endpoint)) {
        return audit_says(tally, endpoint->owner == TASK_NONE,
                          "endpoint %lu is closed and owned by %lu", number, endpoint->owner);
    }
    tally->endpoint_pages++;
    if (!audit_endpoint_is_open(endpoint)) {
        uint64_t unused = 0;
        return queue_is_whole(kernel, number, &unused, tally);
    }
    uint64_t work = (uint64_t)endpoint->answer_count * WORK_SEND;
    work |= (endpoint->notify_badges | endpoint->notify_kernel) != 0 ? WORK_NOTIFY : 0;
    if (!queue_is_whole(kernel, number, &work, tally)) {
        return false;
    }
    if (!sends_are_whole(kernel, number, &work, tally)) {
        return false;
    }
    return audit_says(tally, endpoint->owner < MAX_TASKS, "endpoint %lu is owned by %lu", number,
                      endpoint->owner) &&
           audit_says(tally, work == endpoint->work.raw,
                      "endpoint %lu has work %#lx, which is not what it holds", number,
                      endpoint->work.raw);
}

bool audit_endpoints(const struct kernel *kernel, struct audit_tally *tally) {
    uint32_t closing = 0;
    for (uint32_t i = 0; i < kernel_endpoint_count(kernel); i++) {
        const struct endpoint *endpoint = &kernel->endpoints[i];
        if (!endpoint_is_whole(kernel, i, tally)) {
            return false;
        }
        closing += audit_endpoint_is_taken(endpoint) && !audit_endpoint_is_open(endpoint);
    }
    uint32_t listed = 0;
    for (uint32_t i = 0; i < kernel->hart_count; i++) {
        for (uint32_t index = kernel->harts[i].endpoint_closing;
             index != ENDPOINT_NONE && listed <= MAX_ENDPOINTS; listed++) {
            index = kernel->endpoints[index].next_closing;
        }
    }
    return audit_says(tally, closing == listed, "%lu endpoints are being closed, by harts: %lu",
                      closing, listed);
}

// A slot's entries have the digits that its place says, and none is earlier than it says.
static bool slot_is_whole(const struct wheel *wheel, uint32_t level, uint32_t slot, uint32_t *count,
                          struct audit_tally *tally) {
    const struct list *head = &wheel->heads[level][slot];
    if (!audit_list_is_whole(head, count, tally) ||
        !audit_says(tally, !list_is_empty(head), "an empty slot %lu of level %lu is marked", slot,
                    level)) {
        return false;
    }
    for (const struct list *node = head->next; node != head; node = node->next) {
        const struct wheel_entry *entry = LIST_OBJECT(node, const struct wheel_entry, node);
        uint32_t shift = level * WHEEL_DIGIT_BITS;
        bool placed = entry->level == level && entry->slot == slot &&
                      (entry->ns >> shift) % WHEEL_SLOTS == slot && entry->ns > wheel->time &&
                      ((entry->ns ^ wheel->time) >> shift) < WHEEL_SLOTS;
        if (!audit_says(tally, placed && entry->ns >= wheel->earliest[level][slot],
                        "an entry for %lu stands wrongly on level %lu", entry->ns, level)) {
            return false;
        }
    }
    return true;
}

static bool wheel_is_whole(const struct wheel *wheel, struct audit_tally *tally) {
    uint32_t count = 0;
    if (!audit_list_is_whole(&wheel->pending, &count, tally)) {
        return false;
    }
    for (uint32_t level = 0; level < WHEEL_LEVELS; level++) {
        bool marked = ((wheel->levels >> level) & 1) != 0;
        if (!audit_says(tally, marked == (wheel->slots[level] != 0), "level %lu is marked wrongly",
                        level, 0)) {
            return false;
        }
        for (uint32_t slot = 0; slot < WHEEL_SLOTS; slot++) {
            bool used = ((wheel->slots[level] >> slot) & 1) != 0;
            if (used && !slot_is_whole(wheel, level, slot, &count, tally)) {
                return false;
            }
        }
    }
    return audit_says(tally, count == wheel->count, "a wheel counts %lu entries, has %lu",
                      wheel->count, count);
}

// A wait with an end is noted or in the wheel, and the timer comes no later.
static bool wait_will_end(const struct task *task, struct audit_tally *tally) {
    bool waits = task->state.raw == TASK_LIVE && wait_state_of(task->wait.raw) != WAIT_NONE &&
                 task->deadline_ns != UINT64_MAX;
    if (!waits) {
        return true;
    }
    const struct hart *hart = task->hart;
    bool known = task->end.place == WHEEL_NOTED ||
                 (task->end.place == WHEEL_INSIDE && task->end.ns == task->deadline_ns);
    return audit_says(tally, known, "lost deadline: nobody knows that task %lu waits until %lu",
                      task->index, task->deadline_ns) &&
           audit_says(tally, hart->tick_ns <= task->deadline_ns,
                      "the timer of task %lu comes late, at %lu", task->index, hart->tick_ns);
}

bool audit_ends(const struct kernel *kernel, struct audit_tally *tally) {
    for (uint32_t i = 0; i < kernel_task_count(kernel); i++) {
        if (!wait_will_end(&kernel->tasks[i], tally)) {
            return false;
        }
    }
    return true;
}

static bool hart_lists_are_whole(const struct hart *hart, struct audit_tally *tally) {
    uint32_t noted = 0;
    uint32_t killed = 0;
    return audit_list_is_whole(&hart->noted, &noted, tally) &&
           audit_list_is_whole(&hart->killed, &killed, tally) &&
           audit_says(tally, killed == hart->kill_count.raw, "%lu killed tasks are counted, of %lu",
                      hart->kill_count.raw, killed) &&
           wheel_is_whole(hart->wheel, tally);
}

bool audit_deadlines(const struct kernel *kernel, struct audit_tally *tally) {
    for (uint32_t i = 0; i < kernel->hart_count; i++) {
        if (!hart_lists_are_whole(&kernel->harts[i], tally)) {
            return false;
        }
    }
    return audit_ends(kernel, tally);
}
