// kernel/core/steal.c: see steal.h.
#include "kernel/core/steal.h"

#include "kernel/core/cpu_budget.h"
#include "kernel/core/deadline.h"
#include "kernel/core/fault_point.h"
#include "kernel/core/run_list.h"

enum { STEAL_LOOKS = 16 };  // Tasks that are looked at, taken or not.

// What is current on its hart may have been woken already while that hart still ends the entry in
// which it blocked. Acquire: pairs with the port's release when it goes on with something else, so
// that all that the entry looked at in the task was before. The fast path does not look at the task
// once it has published its wait.
static bool may_move(struct hart *hart, const struct hart *from, const struct task *task) {
    if (task->pinned) {
        hart_count_up(&hart->sched.steals_pinned, 1);
        return false;
    }
    return !task->again && !cpu_is_spent(task) && atomic_load_u32(&task->killed) == 0 &&
           atomic_load_acquire_shared(&from->current) != task;
}

// Under the lock of `from`: the task's home is this hart from now on.
static void move_locked(struct hart *hart, struct hart *from, struct task *task)
    REQUIRES(from->run_lock) {
    run_list_remove(from, task);
    deadline_move_locked(from, task);
    if (!fault_point_fires(FAULT_POINT_STEAL_FORGETS_HART)) {
        task->space.harts |= UINT64_C(1) << hart->index;
    }
    // Release: who finds it here (run_queue_lock_home) sees that it stands in no list yet.
    atomic_store_release_shared(&task->hart, hart);
}

static uint32_t take_locked(struct hart *hart, struct hart *from, const struct steal_wish *wish,
                            struct list *out) REQUIRES(from->run_lock) {
    uint32_t movable = atomic_load_u32(&from->run_movable);
    uint32_t half = (movable + 1) / 2;
    uint32_t wanted = wish->count < half ? wish->count : half;
    uint32_t taken = 0;
    uint32_t looks = 0;
    for (uint32_t qos = wish->highest; qos >= QOS_IDLE; qos--) {
        struct list *node = from->run[qos].next;
        for (; node != &from->run[qos] && taken < wanted && looks < STEAL_LOOKS; looks++) {
            struct task *task = LIST_OBJECT(node, struct task, run_node);
            node = node->next;
            if (may_move(hart, from, task)) {
                move_locked(hart, from, task);
                list_append(out, &task->run_node);
                taken++;
            }
        }
    }
    return taken;
}

static void put(struct kernel *kernel, struct hart *hart, struct list *tasks) {
    lock_acquire(&hart->locks, &hart->run_lock);
    while (!list_is_empty(tasks)) {
        struct task *task = LIST_OBJECT(tasks->next, struct task, run_node);
        list_remove(&task->run_node);
        run_list_insert(hart, task, run_list_class_of(kernel, task).qos, false);
    }
    lock_release(&hart->locks, &hart->run_lock);
}

static enum status check(const struct kernel *kernel, struct hart *hart,
                         const struct steal_wish *wish) {
    bool online = wish->from < kernel->hart_count &&
                  ((atomic_load_acquire_u64(&kernel->harts_online) >> wish->from) & 1) != 0;
    if (!online || wish->from == hart->index || wish->highest < QOS_IDLE ||
        wish->highest >= QOS_COUNT) {
        return STATUS_BAD_ARG;
    }
    if (wish->count > STEAL_MAX) {
        hart_count_up(&hart->sched.steals_bound, 1);
        return STATUS_TOO_LARGE;
    }
    if (wish->highest > hart->steal_ceiling) {
        hart_count_up(&hart->sched.steals_higher, 1);
        return STATUS_DENIED;
    }
    return STATUS_OK;
}

enum status steal_from(struct kernel *kernel, struct hart *hart, const struct steal_wish *wish,
                       uint32_t *taken) {
    *taken = 0;
    enum status status = check(kernel, hart, wish);
    if (status != STATUS_OK) {
        return status;
    }
    struct hart *from = &kernel->harts[wish->from];
    struct list tasks;
    list_init(&tasks);
    lock_acquire(&hart->locks, &from->run_lock);
    *taken = take_locked(hart, from, wish, &tasks);
    lock_release(&hart->locks, &from->run_lock);
    hart_count_up(&hart->sched.steals, *taken);
    put(kernel, hart, &tasks);
    return STATUS_OK;
}

bool steal_some(struct kernel *kernel, struct hart *hart) {
    uint32_t taken = 0;
    for (uint32_t i = 1; i < kernel->hart_count && taken == 0; i++) {
        uint32_t index = (hart->index + i) % kernel->hart_count;
        const struct hart *other = &kernel->harts[index];
        if (atomic_load_u32(&other->run_movable) != 0 && atomic_load_u32(&other->idle) == 0) {
            const struct steal_wish wish = {index, STEAL_MAX, hart->steal_ceiling};
            status_ignore(steal_from(kernel, hart, &wish, &taken),
                          "a hart that is not online has nothing to run");
        }
    }
    return taken != 0;
}
