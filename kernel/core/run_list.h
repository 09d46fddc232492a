// kernel/core/run_list.h: the lists of one hart's run queue, one a class.
// Locking:   the hart's run_lock for all.
#pragma once

#include "kernel/core/donation.h"
#include "kernel/core/list.h"
#include "kernel/core/panic.h"

// The highest class of the set, which has a bit a class; 0 if it is empty.
static ALWAYS_INLINE uint32_t run_list_top(uint32_t classes) {
    static const uint8_t tops[1u << QOS_COUNT] = {
        0, 0, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3,
        4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4,
    };
    return tops[classes];
}

static ALWAYS_INLINE uint32_t run_list_classes(const struct hart *hart) {
    return atomic_load_u32(&hart->run_classes);
}

static ALWAYS_INLINE struct task *run_list_first(const struct hart *hart, uint32_t qos) {
    return LIST_OBJECT(hart->run[qos].next, struct task, run_node);
}

// What a task counts as here. One that was killed is reclaimed as NORMAL at least: others wait for
// that.
static ALWAYS_INLINE struct donation run_list_class_of(const struct kernel *kernel,
                                                       const struct task *task) {
    struct donation donation = donation_look(kernel, task);
    if (UNLIKELY(donation.qos < QOS_NORMAL) && atomic_load_u32(&task->killed) != 0) {
        donation.qos = QOS_NORMAL;
    }
    return donation;
}

static ALWAYS_INLINE bool run_list_movable(const struct task *task) {
    return !task->pinned;
}

// As the last of its class, or the first.
static ALWAYS_INLINE void run_list_insert(struct hart *home, struct task *task, uint32_t qos,
                                          bool first) {
    struct list *head = &home->run[qos];
    list_append(first ? head->next : head, &task->run_node);
    task->run_class = qos;
    atomic_store_u32(&home->run_classes, run_list_classes(home) | UINT32_C(1) << qos);
    atomic_raw_store_shared(&home->run_count, home->run_count + 1);
    atomic_store_u32(&home->run_movable,
                     atomic_load_u32(&home->run_movable) + run_list_movable(task));
}

static ALWAYS_INLINE void run_list_remove(struct hart *home, struct task *task) {
    uint32_t qos = task->run_class;
    list_remove(&task->run_node);
    task->run_class = 0;
    if (list_is_empty(&home->run[qos])) {
        atomic_store_u32(&home->run_classes, run_list_classes(home) & ~(UINT32_C(1) << qos));
        home->passed_ns[qos] = 0;
    }
    atomic_raw_store_shared(&home->run_count, home->run_count - 1);
    atomic_store_u32(&home->run_movable,
                     atomic_load_u32(&home->run_movable) - run_list_movable(task));
}
