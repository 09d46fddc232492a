// kernel/core/cap_move.c: see cap_move.h.
#include "kernel/core/cap_move.h"

#include "kernel/core/async.h"

static bool was_started(const struct kernel *kernel, const struct capability *cap) {
    enum task_state state =
        (enum task_state)atomic_load_acquire_u32(&kernel->tasks[cap->object].state);
    return state != TASK_NEW && state != TASK_LOADED;
}

enum status cap_move_check(const struct kernel *kernel, const struct task *task, uint64_t slot) {
    if (slot >= CAP_SLOT_COUNT || task->caps[slot].head == 0) {
        return STATUS_BAD_CAP;
    }
    const struct capability *cap = &task->caps[slot];
    if (cap_kind_of(cap) == CAP_TASK) {
        return was_started(kernel, cap) ? STATUS_OK : STATUS_BUSY;
    }
    if ((cap->head & CAP_STAYS) != 0) {
        return STATUS_DENIED;
    }
    return cap_is_stale(kernel, cap) ? STATUS_REVOKED : STATUS_OK;
}

void grant_release_later(struct kernel *kernel, struct hart *hart, uint32_t grant) {
    if (grant_drop(kernel, grant)) {
        const struct capability ended = {.object = (uint16_t)grant};
        cap_defer(hart, &ended);
    }
}

void cap_release_deferred_all(struct kernel *kernel, struct hart *hart) {
    for (; hart->deferred_count > 0; hart->deferred_count--) {
        struct capability cap = hart->deferred[hart->deferred_count - 1];
        if (cap.head != 0) {
            cap_release_sent(kernel, hart, &cap);
        } else {
            grant_end(kernel, hart, cap.object);
        }
    }
    for (; hart->unseen_count > 0; hart->unseen_count--) {
        if (!fault_point_fires(FAULT_POINT_LOSE_UNSEEN)) {
            async_drop(kernel, hart, &hart->unseen[hart->unseen_count - 1], ASYNC_UNSEEN);
        }
    }
}
