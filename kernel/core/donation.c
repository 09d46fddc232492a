// kernel/core/donation.c: see donation.h.
#include "kernel/core/donation.h"

#include "kernel/core/fault_point.h"
#include "kernel/core/run_queue.h"

static uint32_t higher(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

static uint32_t highest_waiting(const struct task *task) {
    uint64_t counts = atomic_load_u64(&task->calls_waiting);
    uint32_t qos = QOS_BURST;
    while (qos > 0 && ((counts >> (16 * (qos - 1))) & 0xffff) == 0) {
        qos--;
    }
    return qos;
}

// Without what the caller lends that it serves.
static uint32_t class_alone(const struct task *task) {
    return higher(atomic_load_u32(&task->qos), highest_waiting(task));
}

// The fields of an entry may belong to two calls when the task has just gone on: then it is a
// caller of a moment before or after, or none.
struct reply_entry *donation_serves(const struct task *task) {
    struct reply_entry *entry = atomic_load_shared(&task->serving);
    const struct task *caller = atomic_load_shared(&entry->task);
    uint64_t word = atomic_load_shared(&entry->caller_wait);
    return atomic_load_u64(&caller->wait) == word ? entry : 0;
}

static const struct task *served_by(const struct task *task) {
    const struct reply_entry *entry = donation_serves(task);
    return entry ? atomic_load_shared(&entry->task) : 0;
}

struct donation donation_look_along(const struct task *task) {
    uint32_t last = class_alone(task);
    uint32_t qos = last;
    uint32_t links = 0;
    for (task = served_by(task); task && links < DONATION_DEPTH; task = served_by(task)) {
        last = class_alone(task);
        qos = higher(qos, last);
        links++;
    }
    return (struct donation){qos, !task && last == qos};
}

// An endpoint that is being closed has no receiver.
static void lend_locked(struct endpoint *endpoint, uint64_t units) REQUIRES(endpoint->lock) {
    endpoint->calls_waiting += units;
    if (LIKELY(endpoint->receiver)) {
        atomic_add_u64(&endpoint->receiver->calls_waiting, units);
    }
}

// Counts the queued call as what its task's class is now.
static void count_locked(struct kernel *kernel, struct endpoint *endpoint, struct task *task)
    REQUIRES(endpoint->lock) {
    uint32_t qos = donation_look(kernel, task).qos;
    uint64_t before = task->call_class != 0 ? donation_unit(task->call_class) : 0;
    if (qos != task->call_class) {
        lend_locked(endpoint, donation_unit(qos) - before);
        task->call_class = qos;
    }
}

void donation_join_locked(struct kernel *kernel, struct endpoint *endpoint, struct task *task) {
    task->call_class = 0;
    if (task->in_call) {
        count_locked(kernel, endpoint, task);
    }
}

void donation_leave_locked(struct endpoint *endpoint, struct task *task) {
    if (task->call_class != 0) {
        lend_locked(endpoint, 0 - donation_unit(task->call_class));
        task->call_class = 0;
    }
}

// The task waits with `word` in a queue: its call counts anew. Returns who receives there; null if
// it is not queued any more, or nobody has to answer it, or the endpoint is being closed.
static struct task *spread_queued(struct kernel *kernel, struct hart *hart, struct task *task,
                                  uint64_t word) {
    struct endpoint *endpoint = &kernel->endpoints[wait_object_of(word)];
    struct task *receiver = 0;
    lock_acquire(&hart->locks, &endpoint->lock);
    // Leaving the queue needs this lock.
    if (atomic_load_u64(&task->wait) == word && task->in_call) {
        count_locked(kernel, endpoint, task);
        receiver = endpoint->receiver;
    }
    lock_release(&hart->locks, &endpoint->lock);
    return receiver;
}

void donation_spread_along(struct kernel *kernel, struct hart *hart, struct task *task) {
    if (fault_point_fires(FAULT_POINT_LOSE_DONATION)) {
        return;
    }
    // What rose was stored before; a task that queues publishes its wait, fences, and counts.
    atomic_fence();
    for (uint32_t links = 0; task && links <= DONATION_DEPTH; links++) {
        uint64_t word = atomic_load_acquire_u64(&task->wait);
        enum wait_state state = wait_state_of(word);
        if (state == WAIT_QUEUED) {
            task = spread_queued(kernel, hart, task, word);
        } else if (state == WAIT_REPLY || state == WAIT_REPLY_CAP) {
            task = &kernel->tasks[wait_object_of(word)];
        } else {
            run_queue_reclass(kernel, hart, task);
            return;
        }
    }
}
