// kernel/core/audit_task.c: capability tables, reply tables, and each task's place in the world.
// See audit.h.
#include "kernel/core/audit.h"

static const uint32_t rights_of_kind[CAP_KIND_COUNT] = {
    [CAP_NONE] = 0,
    [CAP_ENDPOINT] = RIGHTS_ENDPOINT,
    [CAP_TASK] = RIGHTS_TASK,
    [CAP_FACTORY] = RIGHTS_FACTORY,
    [CAP_CONSOLE] = RIGHTS_CONSOLE,
    [CAP_IMAGE] = RIGHTS_IMAGE,
    [CAP_REPLY] = 0,
    [CAP_GRANT] = RIGHTS_GRANT,
    [CAP_DEVICE] = RIGHTS_DEVICE,
    [CAP_VMO] = RIGHTS_VMO,
    [CAP_STATS] = RIGHTS_STATS,
};

// Only grants and what is minted under them carry one, and never an epoch that is still to come.
static bool grant_is_whole(const struct kernel *kernel, const struct capability *cap,
                           struct audit_tally *tally) {
    enum cap_kind kind = cap_kind_of(cap);
    bool may_carry = kind == CAP_ENDPOINT && (cap_rights_of(cap) & ~(uint32_t)RIGHTS_SENDER) == 0;
    bool fits = kind == CAP_GRANT ? cap->grant != 0 && cap->object == cap->grant
                                  : cap->grant == 0 || may_carry;
    if (!audit_says(tally, fits && cap->grant <= MAX_GRANTS,
                    "a capability of kind %lu carries grant %lu", kind, cap->grant) ||
        !audit_says(tally, cap->epoch <= kernel->grant_epochs[cap->grant].raw,
                    "a capability is of an epoch of grant %lu that is to come: %lu", cap->grant,
                    cap->epoch)) {
        return false;
    }
    tally->grants[cap->grant]++;
    return true;
}

bool audit_capability(const struct kernel *kernel, const struct capability *cap,
                      struct audit_tally *tally) {
    enum cap_kind kind = cap_kind_of(cap);
    // A holder of nothing but RECV that granted it away keeps a capability without rights.
    bool shaped = kind > CAP_NONE && kind < CAP_KIND_COUNT && kind != CAP_REPLY &&
                  cap->head == cap_head(kind, cap_rights_of(cap)) &&
                  (cap_rights_of(cap) != 0 || kind == CAP_ENDPOINT) &&
                  (cap_rights_of(cap) & ~rights_of_kind[kind]) == 0;
    if (!audit_says(tally, shaped, "a capability of kind %lu has rights %#lx", kind,
                    cap_rights_of(cap))) {
        return false;
    }
    if (kind == CAP_TASK) {
        if (!audit_says(
                tally,
                cap->object < MAX_TASKS && kernel->tasks[cap->object].instance == cap->generation,
                "a capability names task %lu instance %lu, which is gone", cap->object,
                cap->generation)) {
            return false;
        }
        tally->references[cap->object]++;
    }
    if (!grant_is_whole(kernel, cap, tally)) {
        return false;
    }
    if (kind == CAP_DEVICE) {
        return audit_says(tally, cap->badge <= kernel->device_count,
                          "a capability names device %lu of %lu", cap->badge, kernel->device_count);
    }
    if (kind == CAP_VMO) {
        if (!audit_says(tally, cap->object < kernel_vmo_count(kernel),
                        "a capability names VMO %lu, which there is not", cap->object, 0)) {
            return false;
        }
        tally->vmo_references[cap->object]++;
    }
    if (kind != CAP_ENDPOINT) {
        return true;
    }
    if (!audit_says(tally, cap->object < MAX_ENDPOINTS, "a capability names endpoint %lu",
                    cap->object, 0)) {
        return false;
    }
    uint32_t generation = kernel->endpoints[cap->object].generation.raw;
    bool receives = (cap_rights_of(cap) & RIGHT_RECV) != 0 && cap->generation == generation;
    tally->receivers[cap->object] += receives;
    tally->senders[cap->object] += cap_sends(cap) && cap->generation == generation;
    return audit_says(tally, cap->generation <= generation,
                      "a capability names a later life of endpoint %lu: %lu", cap->object,
                      cap->generation);
}

static bool table_is_whole(const struct kernel *kernel, const struct task *task,
                           struct audit_tally *tally) {
    for (uint32_t slot = 0; slot < CAP_SLOT_COUNT; slot++) {
        const struct capability *cap = &task->caps[slot];
        bool marked_free = (((task->caps_free | ~task->caps_all) >> slot) & 1) != 0;
        if (!audit_says(tally, marked_free == (cap->head == 0),
                        "slot %lu of task %lu is marked wrongly", slot, task->index)) {
            return false;
        }
        if (cap->head != 0 && !audit_capability(kernel, cap, tally)) {
            return false;
        }
    }
    return true;
}

// It serves the last call that it received, or none: the other calls that it holds are marked. The
// next call that it receives takes the entry that it says.
static bool serving_is_whole(const struct task *task, struct audit_tally *tally) {
    for (uint32_t i = 0; i < REPLY_SLOT_COUNT; i++) {
        const struct reply_entry *entry = &task->replies[i];
        enum wait_state state = wait_state_of(entry->caller_wait);
        bool served = state == WAIT_REPLY || state == WAIT_REPLY_CAP;
        if (!audit_says(tally, !served || entry == task->serving,
                        "task %lu holds call %lu, which is not the one that it serves", task->index,
                        i)) {
            return false;
        }
    }
    bool receives = wait_state_of(task->wait.raw) == WAIT_RECV;
    return audit_says(tally, !receives || task->serving == task->reply_free,
                      "task %lu receives, and would not serve what comes", task->index, 0);
}

static bool replies_are_whole(const struct kernel *kernel, const struct task *task,
                              struct audit_tally *tally) {
    uint32_t held = REPLY_SLOT_COUNT;
    for (uint32_t i = 0; i < REPLY_SLOT_COUNT; i++) {
        const struct reply_entry *entry = &task->replies[i];
        if (entry->caller_wait == 0) {
            held--;
            continue;
        }
        uint64_t caller = (uint64_t)(entry->task - kernel->tasks);
        if (!audit_says(tally, caller < MAX_TASKS && (entry->handle & REPLY_HANDLE_INDEX_MASK) == i,
                        "a reply of task %lu names task %lu", task->index, caller)) {
            return false;
        }
        // Asynchronous requests are counted in audit_async.c.
        tally->answers[caller] += entry->task->wait.raw == reply_word(entry);
    }
    if (!serving_is_whole(task, tally)) {
        return false;
    }
    uint32_t free_count = 0;
    for (const struct reply_entry *entry = task->reply_free;
         entry && free_count <= REPLY_SLOT_COUNT; free_count++) {
        entry = entry->next;
    }
    return audit_says(tally, free_count + held == REPLY_SLOT_COUNT,
                      "%lu replies are held, %lu are on the free list", held, free_count);
}

bool audit_tables(const struct kernel *kernel, struct audit_tally *tally) {
    for (uint32_t i = 0; i < kernel_task_count(kernel); i++) {
        const struct task *task = &kernel->tasks[i];
        bool holds = task->state.raw != TASK_FREE;
        if (holds &&
            (!table_is_whole(kernel, task, tally) || !replies_are_whole(kernel, task, tally))) {
            return false;
        }
    }
    for (uint32_t i = 0; i < kernel_endpoint_count(kernel); i++) {
        bool open = audit_endpoint_is_open(&kernel->endpoints[i]);
        if (!audit_says(tally, tally->receivers[i] == (open ? 1u : 0u),
                        "endpoint %lu has %lu receiving capabilities", i, tally->receivers[i]) ||
            !audit_says(tally, !open || tally->senders[i] == kernel->endpoints[i].senders.raw,
                        "endpoint %lu counts other senders than the %lu it has", i,
                        tally->senders[i])) {
            return false;
        }
    }
    return true;
}

// A task that waits can be woken: it is in the queue it says, or exactly one reply entry of the
// task it says can answer it, or it owns the open endpoint.
static bool wait_is_whole(const struct kernel *kernel, const struct task *task,
                          struct audit_tally *tally) {
    uint64_t word = task->wait.raw;
    uint32_t object = wait_object_of(word);
    enum audit_place place = (enum audit_place)tally->place[task->index];
    switch (wait_state_of(word)) {
        case WAIT_NONE:
            return audit_says(
                tally,
                place == AUDIT_IN_RUN_QUEUE || place == AUDIT_CURRENT || place == AUDIT_PARKED,
                "lost task: %lu waits for nothing and is in no run queue (%lu)", task->index,
                place);
        case WAIT_RECV:
        case WAIT_RECV_NOCALL:
            return audit_says(tally,
                              place == AUDIT_NOWHERE && object < MAX_ENDPOINTS &&
                                  kernel->endpoints[object].owner == task->index,
                              "task %lu receives at endpoint %lu, which is not its own",
                              task->index, object);
        case WAIT_QUEUED:
            return audit_says(
                tally, place == AUDIT_IN_ENDPOINT_QUEUE && tally->queued_at[task->index] == object,
                "task %lu waits in the queue of endpoint %lu and is not there", task->index,
                object);
        case WAIT_REPLY:
        case WAIT_REPLY_CAP:
            return audit_says(tally, place == AUDIT_NOWHERE && tally->answers[task->index] == 1,
                              "task %lu waits for a reply that %lu entries can give", task->index,
                              tally->answers[task->index]);
        case WAIT_QUIESCE:
            return audit_says(tally, place == AUDIT_IN_QUIESCE,
                              "task %lu waits for the other harts and is not in the queue",
                              task->index, 0);
        case WAIT_ASYNC:
            break;
    }
    return audit_says(tally, false, "task %lu has wait word %#lx", task->index, word);
}

// Whoever ends is heard of: a live task's supervisor lives, or the task is being killed.
static bool has_supervisor(const struct kernel *kernel, const struct task *task,
                           struct audit_tally *tally) {
    uint64_t name = task->supervisor.raw;
    if (name == 0 || task->killed.raw != 0) {
        return audit_says(tally, name != 0 || task->index == kernel->init_task,
                          "task %lu has no supervisor", task->index, 0);
    }
    const struct task *supervisor = &kernel->tasks[(uint32_t)name % MAX_TASKS];
    bool lives = supervisor->instance == (uint32_t)(name >> 32) &&
                 (supervisor->state.raw == TASK_LIVE || supervisor->state.raw == TASK_DYING);
    return audit_says(tally, lives, "orphan: task %lu, whose supervisor %#lx is gone", task->index,
                      name);
}

static bool task_is_whole(const struct kernel *kernel, const struct task *task,
                          struct audit_tally *tally) {
    uint32_t expected =
        tally->references[task->index] + (task->index == kernel->init_task);  // The kernel's own,
                                                                              // for ever.
    enum audit_place place = (enum audit_place)tally->place[task->index];
    switch ((enum task_state)task->state.raw) {
        case TASK_FREE:
            return audit_says(tally,
                              task->references.raw == 0 && expected == 0 && place == AUDIT_NOWHERE,
                              "task object %lu is free and has %lu references or stands in a queue",
                              task->index, expected);
        case TASK_DEAD:
            break;
        case TASK_NEW:
        case TASK_LOADED:
        case TASK_LIVE:
        case TASK_DYING:
            expected++;
            break;
    }
    if (!audit_says(tally, task->references.raw == expected,
                    "task %lu counts other references than the %lu it has", task->index,
                    expected)) {
        return false;
    }
    if (task->state.raw == TASK_LIVE || task->state.raw == TASK_DYING) {
        return wait_is_whole(kernel, task, tally) && has_supervisor(kernel, task, tally);
    }
    return audit_says(tally, place == AUDIT_NOWHERE && wait_state_of(task->wait.raw) == WAIT_NONE,
                      "task %lu is in state %lu and waits or stands in a queue", task->index,
                      task->state.raw);
}

bool audit_tasks(const struct kernel *kernel, struct audit_tally *tally) {
    for (uint32_t i = 0; i < kernel_task_count(kernel); i++) {
        if (!task_is_whole(kernel, &kernel->tasks[i], tally) ||
            !audit_says(tally, kernel->tasks[i].calls_waiting.raw == tally->calls_waiting[i],
                        "task %lu counts other calls than the %#lx that wait for it", i,
                        tally->calls_waiting[i])) {
            return false;
        }
    }
    return true;
}
