// kernel/core/run_queue.c: see run_queue.h.
#include "kernel/core/run_queue.h"

#include "base/bits.h"
#include "kernel/core/donation.h"
#include "kernel/core/panic.h"
#include "kernel/core/reap.h"
#include "kernel/core/syscall.h"

void run_queue_init(struct hart *hart) {
    lock_init(&hart->run_lock, LOCK_RANK_RUN_QUEUE);
    for (uint32_t i = 0; i < QOS_COUNT; i++) {
        list_init(&hart->run[i]);
    }
    hart->run_classes = 0;
    hart->run_count = 0;
    list_init(&hart->killed);
}

static void insert_locked(struct hart *home, struct task *task, uint32_t qos, bool first) {
    KASSERT(task->run_class == 0);
    if (((home->run_classes >> qos) & 1) == 0) {
        home->run_classes |= 1u << qos;
        home->class_waits_ns[qos] = arch_time_ns();
    }
    task->run_class = (uint8_t)qos;
    if (first) {
        list_append(home->run[qos].next, &task->run_node);
    } else {
        list_append(&home->run[qos], &task->run_node);
    }
    home->run_count++;
}

static void take_locked(struct hart *home, struct task *task) {
    uint32_t qos = task->run_class;
    list_remove(&task->run_node);
    task->run_class = 0;
    if (list_is_empty(&home->run[qos])) {
        home->run_classes &= ~(1u << qos);
    }
    home->run_count--;
}

static uint32_t top_class(const struct hart *hart) {
    return hart->run_classes != 0 ? bits_highest_u64(hart->run_classes) : 0;
}

static void count(struct atomic_u64 *counter) {
    atomic_store_u64(counter, atomic_load_u64(counter) + 1);
}

// A sleeper publishes `idle`, fences, and looks at the queue and the doorbell; here work and
// doorbell are published before the fence, then `idle` is read: one of the two sees the other. A
// hart that is not idle is interrupted only for a task that it would run at once: its class was
// compared under its lock, under which it chooses too.
static void tell(struct hart *hart, struct hart *home, bool outranks) {
    if (home == hart) {
        if (outranks) {
            atomic_store_u32(&hart->slow, atomic_load_u32(&hart->slow) | SLOW_RESCHEDULE);
        }
        return;
    }
    atomic_store_u32(&home->doorbell, 1);
    atomic_fence();
    bool idle = atomic_load_u32(&home->idle) != 0;
    if (!idle && !outranks) {
        count(&hart->counters.reschedules_spared);
        return;
    }
    count(&hart->counters.reschedules);
    if (!fault_point_fires(idle ? FAULT_POINT_LOSE_IPI : FAULT_POINT_LOSE_PREEMPTION)) {
        arch_ipi_send(UINT64_C(1) << home->index);
    }
}

static void push(struct kernel *kernel, struct hart *hart, struct task *task, bool first) {
    struct hart *home = task->hart;
    uint32_t qos = donation_class(kernel, task);
    lock_acquire(&hart->locks, &home->run_lock);
    insert_locked(home, task, qos, first);
    bool outranks = home->quantum_class != 0 && qos > home->quantum_class;
    lock_release(&hart->locks, &home->run_lock);
    tell(hart, home, outranks);
}

void run_queue_push(struct kernel *kernel, struct hart *hart, struct task *task) {
    push(kernel, hart, task, false);
}

void run_queue_kick(struct kernel *kernel, struct hart *hart, struct hart *target) {
    (void)kernel;
    atomic_store_u32(&target->doorbell, 1);
    atomic_fence();
    if (target != hart) {
        arch_ipi_send(UINT64_C(1) << target->index);
    }
}

void run_queue_raise(struct hart *hart, struct task *task, uint32_t qos) {
    struct hart *home = task->hart;
    if (!home) {
        return;  // It owns an endpoint and has not started.
    }
    bool outranks = false;
    lock_acquire(&hart->locks, &home->run_lock);
    if (task->run_class != 0 && task->run_class < qos) {
        take_locked(home, task);
        insert_locked(home, task, qos, false);
        outranks = home->quantum_class != 0 && qos > home->quantum_class;
        count(&hart->counters.donations);
    }
    lock_release(&hart->locks, &home->run_lock);
    if (outranks) {
        tell(hart, home, true);
    }
}

// The class to serve: the highest, but for one that has waited too long. Then it is served as if it
// were the highest, so that nobody takes its quantum.
static uint32_t choose_class_locked(const struct hart *hart, uint64_t now, bool *starved) {
    uint32_t top = top_class(hart);
    uint32_t chosen = top;
    for (uint32_t left = hart->run_classes & ~(1u << top); left != 0; left &= left - 1) {
        uint32_t qos = bits_lowest_u64(left);
        if (now >= hart->class_waits_ns[qos] + STARVATION_NS &&
            (chosen == top || hart->class_waits_ns[qos] < hart->class_waits_ns[chosen])) {
            chosen = qos;
        }
    }
    *starved = chosen != top;
    return chosen;
}

static struct task *run_queue_pop(struct hart *hart) {
    uint64_t now = arch_time_ns();
    lock_acquire(&hart->locks, &hart->run_lock);
    struct task *task = 0;
    hart->quantum_class = 0;
    if (hart->run_classes != 0) {
        bool starved = false;
        uint32_t qos = choose_class_locked(hart, now, &starved);
        task = LIST_OBJECT(hart->run[qos].next, struct task, run_node);
        take_locked(hart, task);
        hart->class_waits_ns[qos] = now;
        hart->quantum_class = starved ? (uint32_t)QOS_BURST : qos;
        hart->quantum_end_ns = now + QUANTUM_NS;
    }
    lock_release(&hart->locks, &hart->run_lock);
    return task;
}

// The task popped is used for a step of kernel work: nothing runs.
static void quantum_unused(struct hart *hart) {
    lock_acquire(&hart->locks, &hart->run_lock);
    hart->quantum_class = 0;
    lock_release(&hart->locks, &hart->run_lock);
}

struct task *run_queue_next(struct kernel *kernel, struct hart *hart) {
    atomic_store_u32(&hart->slow, atomic_load_u32(&hart->slow) & ~(uint32_t)SLOW_RESCHEDULE);
    struct task *task = run_queue_pop(hart);
    if (!task) {
        return 0;
    }
    KASSERT(task->hart == hart);
    bool finished = true;
    if (UNLIKELY(atomic_load_u32(&task->killed) != 0)) {
        finished = reap_step(kernel, hart, task);
        if (!finished) {
            run_queue_push(kernel, hart, task);
        }
        task = 0;
    } else if (UNLIKELY(task->again) && !syscall_resume(kernel, hart, task)) {
        run_queue_push(kernel, hart, task);
        task = 0;
    }
    if (!task) {
        quantum_unused(hart);
        atomic_store_u32(&hart->doorbell, 1);  // There may be more: idle looks at interrupts and
                                               // comes back.
        return 0;
    }
    return task;
}

bool run_queue_outranks(struct hart *hart) {
    lock_acquire(&hart->locks, &hart->run_lock);
    bool outranks = hart->quantum_class != 0 && top_class(hart) > hart->quantum_class;
    lock_release(&hart->locks, &hart->run_lock);
    return outranks;
}

struct task *run_queue_settle(struct kernel *kernel, struct hart *hart, struct task *task) {
    atomic_store_u32(&hart->slow, atomic_load_u32(&hart->slow) & ~(uint32_t)SLOW_RESCHEDULE);
    if (!task || !run_queue_outranks(hart)) {
        return task;
    }
    count(&hart->counters.preemptions);
    push(kernel, hart, task, true);
    return run_queue_next(kernel, hart);
}
