// kernel/core/cap_lookup.h: where a slot becomes a capability: the only place that checks kind and
// rights.
// Errors:    STATUS_BAD_CAP (slot out of range, empty, another kind), STATUS_DENIED (a right is
//            missing). The object's generation is compared under its lock.
#pragma once

#include "kernel/core/task.h"

WARN_UNUSED static ALWAYS_INLINE enum status cap_lookup(struct task *task, uint64_t slot,
                                                        enum cap_kind kind, uint32_t rights,
                                                        struct capability **out) {
    if (UNLIKELY(slot >= CAP_SLOT_COUNT)) {
        return STATUS_BAD_CAP;
    }
    struct capability *cap = &task->caps[slot];
    uint32_t wanted = cap_head(kind, rights);
    if (UNLIKELY((cap->head & (wanted | 0xff)) != wanted)) {
        return cap_kind_of(cap) == kind ? STATUS_DENIED : STATUS_BAD_CAP;
    }
    *out = cap;
    return STATUS_OK;
}
