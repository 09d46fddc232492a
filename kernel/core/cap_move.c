// kernel/core/cap_move.c: see cap_move.h.
#include "kernel/core/cap_move.h"

#include "kernel/core/cap_ops.h"
#include "kernel/core/grant.h"
#include "kernel/core/panic.h"

// Rights that keep a capability where it is.
static uint32_t rights_not_moved(enum cap_kind kind) {
    switch (kind) {
        case CAP_ENDPOINT:
            return RIGHT_RECV | RIGHT_MANAGE;
        case CAP_GRANT:
            return RIGHT_REVOKE;
        case CAP_TASK:
        case CAP_CONSOLE:
        case CAP_IMAGE:
        case CAP_VMO:
            return 0;
        case CAP_FACTORY:
        case CAP_DEVICE:
        case CAP_NONE:
        case CAP_REPLY:
        case CAP_KIND_COUNT:
            break;
    }
    return UINT32_MAX;
}

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
    enum cap_kind kind = cap_kind_of(cap);
    if ((cap_rights_of(cap) & rights_not_moved(kind)) != 0) {
        return STATUS_DENIED;
    }
    if (kind == CAP_TASK && !was_started(kernel, cap)) {
        return STATUS_BUSY;
    }
    return cap_is_stale(kernel, cap) ? STATUS_REVOKED : STATUS_OK;
}

struct capability cap_move_out(struct task *sender, uint32_t slot, struct message_area *out) {
    struct capability cap = sender->caps[slot];
    KASSERT(cap.head != 0);
    sender->caps[slot] = (struct capability){0};
    sender->caps_free |= UINT64_C(1) << slot;
    out->meta.slot = CAP_SLOT_NONE;
    return cap;
}

void cap_move_in(struct task *receiver, const struct capability *cap, struct message_area *in) {
    uint32_t slot = CAP_SLOT_NONE;
    enum status status = cap_place(receiver, *cap, &slot);
    KASSERT(status == STATUS_OK);
    in->meta.slot = slot;
}

void cap_release_deferred_all(struct kernel *kernel, struct hart *hart) {
    for (; hart->deferred_count > 0; hart->deferred_count--) {
        struct capability cap = hart->deferred[hart->deferred_count - 1];
        cap_release_sent(kernel, hart, &cap);
    }
}
