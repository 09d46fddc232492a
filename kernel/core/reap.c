// kernel/core/reap.c: see reap.h. Phases in order: what others wait for first (endpoints, replies),
// then children, then memory, then the notice.
#include "kernel/core/reap.h"

#include "base/bits.h"
#include "kernel/core/async.h"
#include "kernel/core/cap_ops.h"
#include "kernel/core/cpu_budget.h"
#include "kernel/core/deadline.h"
#include "kernel/core/device_ops.h"
#include "kernel/core/endpoint_ops.h"
#include "kernel/core/ipc.h"
#include "kernel/core/panic.h"
#include "kernel/core/task_ops.h"
#include "kernel/core/vmo_ops.h"

enum reap_phase {
    REAP_BEGIN,
    REAP_MAPPINGS,
    REAP_CAPS,
    REAP_REPLIES,
    REAP_CHILDREN,
    REAP_SPACE,
    REAP_END,
};

enum {
    CAPS_A_STEP = 8,
    CHILDREN_A_STEP = 8,
    PAGES_A_STEP = 16,
};

static void reap_begin(struct kernel *kernel, struct hart *hart, struct task *task) {
    if (task->index == kernel->init_task) {
        kernel_panic("init was killed");
    }
    atomic_store_u32(&task->state, TASK_DYING);
    if (task->exit_reason == EXIT_NONE) {
        atomic_raw_store_shared(&task->exit_reason, EXIT_KILLED);
    }
    deadline_forget(hart, task);
    task_kill_forget(hart, task);
    cpu_forget(hart, task);
    if (task->again && task->work == WORK_RETURNS) {
        hart->returning--;
    }
    // No hart runs it, so none can add a translation of it now. They go before the first page that
    // it reached does; the tag may be used again afterwards.
    arch_space_leave();
    if (!fault_point_fires(FAULT_POINT_MISS_SHOOTDOWN)) {
        arch_tlb_shootdown(task->space.harts, task->space.asid);
    }
    task->reap_phase = REAP_MAPPINGS;
}

static void reap_caps(struct kernel *kernel, struct hart *hart, struct task *task) {
    const uint64_t all_free = task->caps_all;
    for (uint32_t i = 0; i < CAPS_A_STEP && task->caps_free != all_free; i++) {
        uint32_t slot = bits_lowest_u64(~task->caps_free & all_free);
        bool costly = (task->caps[slot].head & cap_head(CAP_ENDPOINT, RIGHT_RECV)) ==
                      cap_head(CAP_ENDPOINT, RIGHT_RECV);
        cap_drop(kernel, hart, task, slot);
        if (costly) {
            return;
        }
    }
    if (task->caps_free == all_free) {
        task->reap_phase = REAP_REPLIES;
    }
}

static void reap_replies(struct kernel *kernel, struct hart *hart, struct task *task) {
    for (uint32_t i = 0; i < REPLY_SLOT_COUNT; i++) {
        if (task->replies[i].caller_wait != 0) {
            reply_drop(kernel, hart, task, &task->replies[i]);
        }
    }
    task->reap_phase = REAP_CHILDREN;
}

// Children die with their supervisor; their notices go to its supervisor. Each is killed before it
// is the heir's, so that nobody else starts or kills one that never ran. What is in a list has not
// been reclaimed yet: its own last step takes it out.
static void reap_children(struct kernel *kernel, struct hart *hart, struct task *task) {
    lock_acquire(&hart->locks, &kernel->family_lock);
    uint64_t heir_name = atomic_load_u64(&task->supervisor);
    struct task *heir = &kernel->tasks[(uint32_t)heir_name];
    bool heir_takes =
        heir_name != 0 && heir->instance == (uint32_t)(heir_name >> 32) && !heir->children_settled;
    for (uint32_t i = 0; i < CHILDREN_A_STEP && !list_is_empty(&task->children); i++) {
        struct task *child = LIST_OBJECT(task->children.next, struct task, sibling);
        task_kill(kernel, hart, child);
        list_remove(&child->sibling);
        atomic_store_u64(&child->supervisor, heir_name);
        if (heir_takes) {
            list_append(&heir->children, &child->sibling);
        }
    }
    if (list_is_empty(&task->children)) {
        task->children_settled = true;
        task->reap_phase = REAP_SPACE;
    }
    lock_release(&hart->locks, &kernel->family_lock);
}

// Its supervisor's home, to which its end is told; 0 if the supervisor has gone.
static uint64_t leave_family(struct kernel *kernel, struct hart *hart, struct task *task) {
    lock_acquire(&hart->locks, &kernel->family_lock);
    if (list_is_linked(&task->sibling)) {
        list_remove(&task->sibling);
    }
    // Under the lock, so that the supervisor's object is not another task's between the two looks.
    uint64_t supervisor = atomic_load_u64(&task->supervisor);
    const struct task *told = &kernel->tasks[(uint32_t)supervisor];
    bool there = told->instance == (uint32_t)(supervisor >> 32);
    uint64_t home = there ? atomic_load_u64(&told->home) : 0;
    lock_release(&hart->locks, &kernel->family_lock);
    return home;
}

static void reap_end(struct kernel *kernel, struct hart *hart, struct task *task) {
    task->page = 0;
    device_release(kernel, hart, task);
    async_reclaim(kernel, hart, task);
    quota_pass_on(kernel, hart, task);
    uint64_t home = leave_family(kernel, hart, task);
    event_note_type(hart, EVENT_EXIT, task, task->exit_reason,
                    task->exit_reason == EXIT_CODE ? task->exit_detail : 0);
    // Release: whoever reads DEAD reads the reason too.
    atomic_store_release_u32(&task->state, TASK_DEAD);
    notify_task(kernel, hart, home, NOTIFY_CHILD_EXIT);
    task_release(kernel, hart, task);
}

enum step reap_step(struct kernel *kernel, struct hart *hart, struct task *task) {
    switch ((enum reap_phase)task->reap_phase) {
        case REAP_BEGIN:
            reap_begin(kernel, hart, task);
            return STEP_MORE;
        case REAP_MAPPINGS:
            if (vmo_unmap_dead_step(kernel, hart, task)) {
                task->reap_phase = REAP_CAPS;
            }
            return STEP_MORE;
        case REAP_CAPS:
            reap_caps(kernel, hart, task);
            return STEP_MORE;
        case REAP_REPLIES:
            reap_replies(kernel, hart, task);
            return STEP_MORE;
        case REAP_CHILDREN:
            reap_children(kernel, hart, task);
            return STEP_MORE;
        case REAP_SPACE:
            // What it gave up has been returned too when its end is told.
            if (hart->vmo_dying != VMO_NONE) {
                vmo_return_step(kernel, hart);
            } else if (!hart_owes(hart) && arch_space_reclaim(kernel, &task->space, PAGES_A_STEP)) {
                task->reap_phase = REAP_END;
            }
            return STEP_MORE;
        case REAP_END:
            reap_end(kernel, hart, task);
            return STEP_GONE;
    }
    kernel_panic("task %u in reap phase %u", task->index, task->reap_phase);
}
