// kernel/core/audit_run.c: run queues, and what everybody in them counts as. See audit.h.
#include "kernel/core/audit.h"

#include "kernel/core/donation.h"
#include "kernel/core/run_list.h"

enum { AUDIT_LIST_MAX = 4 * MAX_TASKS };

bool audit_take_place(struct audit_tally *tally, uint32_t index, enum audit_place place) {
    if (!audit_says(tally, index < MAX_TASKS, "a queue names task %lu", index, 0) ||
        !audit_says(tally, tally->place[index] == AUDIT_NOWHERE,
                    "task %lu stands in two queues (%lu)", index, place)) {
        return false;
    }
    tally->place[index] = (uint8_t)place;
    return true;
}

// Both directions of a list's links agree, and it is not longer than there are tasks.
bool audit_list_is_whole(const struct list *head, uint32_t *count, struct audit_tally *tally) {
    for (const struct list *node = head->next; node != head; node = node->next) {
        (*count)++;
        if (!audit_says(tally, node->next->prev == node && node->prev->next == node,
                        "a list's links do not agree after %lu nodes", *count, 0) ||
            !audit_says(tally, *count <= AUDIT_LIST_MAX, "a list has no end", 0, 0)) {
            return false;
        }
    }
    return true;
}

static bool place_is_whole(const struct hart *hart, uint32_t qos, const struct task *task,
                           struct audit_tally *tally) {
    return audit_says(tally, task->hart == hart,
                      "task %lu is in the run queue of hart %lu, which is not its home",
                      task->index, hart->index) &&
           audit_says(tally, task->run_class == qos,
                      "task %lu stands in another list than its class, %lu", task->index,
                      task->run_class) &&
           audit_says(tally, ((task->space.harts >> hart->index) & 1) != 0 || task->killed.raw != 0,
                      "task %lu runs on hart %lu, which its space does not know", task->index,
                      hart->index);
}

static bool class_is_whole(const struct hart *hart, uint32_t qos, uint32_t *count,
                           uint32_t *movable, struct audit_tally *tally) {
    const struct list *head = &hart->run[qos];
    bool marked = ((hart->run_classes.raw >> qos) & 1) != 0;
    if (!audit_list_is_whole(head, count, tally) ||
        !audit_says(tally, marked != list_is_empty(head), "class %lu of hart %lu is marked wrongly",
                    qos, hart->index)) {
        return false;
    }
    for (const struct list *node = head->next; node != head; node = node->next) {
        const struct task *task = LIST_OBJECT(node, const struct task, run_node);
        *movable += run_list_movable(task);
        if (!audit_take_place(tally, task->index, AUDIT_IN_RUN_QUEUE) ||
            !place_is_whole(hart, qos, task, tally)) {
            return false;
        }
    }
    return true;
}

static bool run_queue_is_whole(const struct hart *hart, struct audit_tally *tally) {
    // A hart that is starting does not stand still yet.
    const struct task *current = atomic_raw_load_shared(&hart->current);
    uint32_t count = 0;
    uint32_t movable = 0;
    for (uint32_t qos = 0; qos < QOS_COUNT; qos++) {
        if (!class_is_whole(hart, qos, &count, &movable, tally)) {
            return false;
        }
    }
    return audit_says(tally, count == hart->run_count, "a run queue counts %lu, has %lu",
                      hart->run_count, count) &&
           audit_says(tally, movable == hart->run_movable.raw,
                      "a run queue counts %lu that may move, has %lu", hart->run_movable.raw,
                      movable) &&
           (!current || audit_take_place(tally, current->index, AUDIT_CURRENT));
}

// Who returns memory in steps of its own is counted by its hart.
static bool returning_is_right(const struct kernel *kernel, const struct hart *hart,
                               struct audit_tally *tally) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < MAX_TASKS; i++) {
        const struct task *task = &kernel->tasks[i];
        count += task->hart == hart && task->state.raw == TASK_LIVE && task->again &&
                 task->work == WORK_RETURNS;
    }
    return audit_says(tally, count == hart->returning, "a hart counts %lu that return, has %lu",
                      hart->returning, count);
}

bool audit_run_queues(const struct kernel *kernel, struct audit_tally *tally) {
    for (uint32_t i = 0; i < kernel->hart_count; i++) {
        if (!run_queue_is_whole(&kernel->harts[i], tally) ||
            !returning_is_right(kernel, &kernel->harts[i], tally)) {
            return false;
        }
    }
    return audit_classes(kernel, tally);
}

// Who stands in a run queue counts at least as what it is owed.
static bool class_is_due(const struct kernel *kernel, const struct hart *hart, uint32_t qos,
                         struct audit_tally *tally) {
    const struct list *head = &hart->run[qos];
    uint32_t count = 0;
    if (!audit_list_is_whole(head, &count, tally)) {
        return false;
    }
    for (const struct list *node = head->next; node != head; node = node->next) {
        const struct task *task = LIST_OBJECT(node, const struct task, run_node);
        if (!audit_says(tally, run_list_class_of(kernel, task).qos <= qos,
                        "lost donation: task %lu stands in class %lu", task->index, qos)) {
            return false;
        }
    }
    return true;
}

bool audit_classes(const struct kernel *kernel, struct audit_tally *tally) {
    for (uint32_t i = 0; i < kernel->hart_count; i++) {
        for (uint32_t qos = QOS_IDLE; qos < QOS_COUNT; qos++) {
            if (!class_is_due(kernel, &kernel->harts[i], qos, tally)) {
                return false;
            }
        }
    }
    for (uint32_t i = 0; i < kernel_task_count(kernel); i++) {
        const struct task *task = &kernel->tasks[i];
        if (!audit_says(tally, task->state.raw == TASK_FREE || task->qos.raw <= task->qos_ceiling,
                        "task %lu has class %lu, above its ceiling", i, task->qos.raw)) {
            return false;
        }
    }
    return true;
}
