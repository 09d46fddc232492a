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

#include "kernel/core/kernel.h"

// Whether the capability in that slot of the current task may leave it. RECV, MANAGE, REVOKE,
// factories and devices never do. Errors: STATUS_BAD_CAP, STATUS_DENIED, STATUS_REVOKED,
// STATUS_BUSY (a task that was not started: nobody but its supervisor could).
WARN_UNUSED enum status cap_move_check(const struct kernel *kernel, const struct task *task,
                                       uint64_t slot);

// Takes the capability out of the sender's table; `out` is the area it was sent in.
WARN_UNUSED struct capability cap_move_out(struct task *sender, uint32_t slot,
                                           struct message_area *out);

// Places it into the receiver's, which has room, and writes its slot into `in`.
void cap_move_in(struct task *receiver, const struct capability *cap, struct message_area *in);

static ALWAYS_INLINE void cap_defer(struct hart *hart, const struct capability *cap) {
    hart->deferred[hart->deferred_count++] = *cap;
}

COLD void cap_release_deferred_all(struct kernel *kernel, struct hart *hart);

// The caller holds no lock any more.
static ALWAYS_INLINE void cap_release_deferred(struct kernel *kernel, struct hart *hart) {
    if (UNLIKELY(hart->deferred_count != 0)) {
        cap_release_deferred_all(kernel, hart);
    }
}
