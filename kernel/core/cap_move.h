// kernel/core/cap_move.h: a capability that rides on a frame.
//
// The slot stands in the out area's metadata. The capability stays there until the frame is handed
// over (a call, a reply, a send that waits) or stored (a send): until then a failure, a time-out or
// a death leaves it to its sender, and from then on it is the receiver's. The kernel then writes
// CAP_SLOT_NONE over the slot in the out area.
// Locking:   both tables are owned by the caller: their tasks are current, claimed, or queued under
//            the held endpoint lock. What must be given up while an endpoint's lock is held is
//            deferred (cap_defer) and given up when the lock is free (cap_release_deferred).
#pragma once

#include "kernel/core/cap_ops.h"
#include "kernel/core/grant.h"
#include "kernel/core/panic.h"

// Whether the capability in that slot of the current task may leave it. RECV, MANAGE, REVOKE,
// factories and devices never do. Errors: STATUS_BAD_CAP, STATUS_DENIED, STATUS_REVOKED,
// STATUS_BUSY (a task that was not started: nobody but its supervisor could).
WARN_UNUSED enum status cap_move_check(const struct kernel *kernel, const struct task *task,
                                       uint64_t slot);

// The same for nearly every capability that may leave: false says nothing.
WARN_UNUSED static ALWAYS_INLINE bool cap_moves_freely(const struct kernel *kernel,
                                                       const struct task *task, uint64_t slot) {
    if (slot >= CAP_SLOT_COUNT) {
        return false;
    }
    const struct capability *cap = &task->caps[slot];
    return cap->head != 0 && (cap->head & CAP_STAYS) == 0 && !cap_is_stale(kernel, cap);
}

// Places it into the receiver's table, which has room, and writes its slot into `in`.
static ALWAYS_INLINE void cap_move_in(struct task *receiver, const struct capability *cap,
                                      struct message_area *in) {
    KASSERT(receiver->caps_free != 0);
    in->meta.slot = cap_place_free(receiver, cap);
}

// The capability was copied out of the sender's table; `out` is the area it was sent in.
static ALWAYS_INLINE void cap_move_end(struct task *sender, uint32_t slot,
                                       struct message_area *out) {
    KASSERT(sender->caps[slot].head != 0);
    cap_slot_empty(sender, slot);
    out->meta.slot = CAP_SLOT_NONE;
}

// From a table into storage,
WARN_UNUSED static inline struct capability cap_move_out(struct task *sender, uint32_t slot,
                                                         struct message_area *out) {
    struct capability cap = sender->caps[slot];
    cap_move_end(sender, slot, out);
    return cap;
}

// or from table to table.
static ALWAYS_INLINE void cap_hand_over(struct task *sender, uint32_t slot,
                                        struct message_area *out, struct task *receiver,
                                        struct message_area *in) {
    cap_move_in(receiver, &sender->caps[slot], in);
    cap_move_end(sender, slot, out);
}

static ALWAYS_INLINE void cap_defer(struct hart *hart, const struct capability *cap) {
    hart->deferred[hart->deferred_count++] = *cap;
}

// The same for the family of a stored frame: the last that carries it ends it.
void grant_release_later(struct kernel *kernel, struct hart *hart, uint32_t grant);

COLD void cap_release_deferred_all(struct kernel *kernel, struct hart *hart);

// The caller holds no lock any more. Tells the senders of deferred requests too (async_defer).
static ALWAYS_INLINE void cap_release_deferred(struct kernel *kernel, struct hart *hart) {
    if (UNLIKELY((hart->deferred_count | hart->unseen_count) != 0)) {
        cap_release_deferred_all(kernel, hart);
    }
}
