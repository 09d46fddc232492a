// kernel/core/donation.c: see donation.h.
#include "kernel/core/donation.h"

#include "kernel/abi/qos.h"
#include "kernel/core/run_queue.h"

static uint32_t higher(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

// The highest class of the calls queued where the task receives.
static uint32_t queued_class(const struct kernel *kernel, const struct task *task) {
    uint64_t home = atomic_load_u64(&task->home);
    const struct endpoint *endpoint = &kernel->endpoints[(uint32_t)home];
    if (home == 0 || atomic_load_u32(&endpoint->generation) != (uint32_t)(home >> 32)) {
        return 0;
    }
    uint64_t counts = atomic_load_u64(&endpoint->queued_classes);
    uint32_t qos = QOS_BURST;
    while (qos > 0 && (counts >> (16 * (qos - 1)) & 0xffff) == 0) {
        qos--;
    }
    return qos;
}

// The caller that the task serves, if it still waits for this task's answer.
static const struct task *served_by(const struct kernel *kernel, const struct task *task) {
    uint32_t index = atomic_load_u32(&task->serving);
    if (index == TASK_NONE) {
        return 0;
    }
    const struct task *caller = &kernel->tasks[index];
    uint64_t word = atomic_load_u64(&caller->wait);
    bool waits = wait_state_of(word) == WAIT_REPLY && wait_object_of(word) == task->index;
    return waits ? caller : 0;
}

uint32_t donation_class(const struct kernel *kernel, const struct task *task) {
    uint32_t qos = atomic_load_u32(&task->qos);
    uint32_t top = atomic_load_u32(&kernel->qos_top);  // No task has a higher one.
    for (uint32_t link = 0; qos < top && task && link <= DONATION_DEPTH; link++) {
        qos = higher(qos, atomic_load_u32(&task->qos));
        qos = higher(qos, queued_class(kernel, task));
        task = served_by(kernel, task);
    }
    return qos;
}

// The queued call of `task` counts as one of at least that class; returns whose endpoint it is, or
// TASK_NONE if it is not queued any more.
static uint32_t raise_queued(struct kernel *kernel, struct hart *hart, struct task *task,
                             uint64_t word, uint32_t qos) {
    struct endpoint *endpoint = &kernel->endpoints[wait_object_of(word)];
    uint32_t owner = TASK_NONE;
    lock_acquire(&hart->locks, &endpoint->lock);
    // Leaving the queue needs this lock.
    if (atomic_load_u64(&task->wait) == word) {
        owner = endpoint->owner;
        if (task->in_call && task->call_class < qos) {
            uint64_t counts = atomic_load_u64(&endpoint->queued_classes);
            counts += donation_unit(qos) - donation_unit(task->call_class);
            atomic_store_u64(&endpoint->queued_classes, counts);
            task->call_class = (uint8_t)qos;
        }
    }
    lock_release(&hart->locks, &endpoint->lock);
    return owner;
}

void donation_raise(struct kernel *kernel, struct hart *hart, uint32_t owner, uint32_t qos) {
    for (uint32_t link = 0; owner != TASK_NONE && link <= DONATION_DEPTH; link++) {
        struct task *task = &kernel->tasks[owner];
        uint64_t word = atomic_load_acquire_u64(&task->wait);
        switch (wait_state_of(word)) {
            case WAIT_NONE:
                run_queue_raise(hart, task, qos);
                return;
            case WAIT_RECV:
            case WAIT_RECV_NOCALL:
                return;  // Its class is computed when it is woken.
            case WAIT_QUEUED:
                owner = raise_queued(kernel, hart, task, word, qos);
                break;
            case WAIT_REPLY:
                owner = wait_object_of(word);
                break;
        }
    }
}
