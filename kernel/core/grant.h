// kernel/core/grant.h: families of minted capabilities, each revoked at once.
//
// A capability minted under a grant carries its index and its epoch; each use compares that with
// the grant's epoch now, so revoking is one store, however large the family. Grant 0 is none, and
// its epoch stays 0. Epochs go on over the lives of a grant object and one is never used twice:
// nothing of an old family is good again.
// Ownership:  each capability with a grant, in a table or in a message, holds one reference; the
//             last one returns the object to the pool.
// Locking:    none: epochs and counts are atomic. Who pays for a grant stands under the family
// lock.
#pragma once

#include "kernel/core/fault_point.h"
#include "kernel/core/kernel.h"

void grant_pool_init(struct kernel *kernel);

// A new grant out of the task's quota, with one reference for the capability that the caller makes.
// Errors: STATUS_NO_SPACE.
WARN_UNUSED enum status grant_make(struct kernel *kernel, struct hart *hart, struct task *task,
                                   uint32_t *out) EXCLUDES(kernel->family_lock);

void grant_reference(struct kernel *kernel, uint32_t grant);
void grant_release(struct kernel *kernel, struct hart *hart, uint32_t grant)
    EXCLUDES(kernel->family_lock);

// The two halves of it, for who holds an inner lock: true if that was the last reference, and
// grant_end must follow without the lock.
WARN_UNUSED bool grant_drop(struct kernel *kernel, uint32_t grant);
void grant_end(struct kernel *kernel, struct hart *hart, uint32_t grant)
    EXCLUDES(kernel->family_lock);

// From here on no capability of this epoch is taken for good by a check that begins; what has been
// checked already may still be handed over until quiesce_wait is over. The epoch that is good now,
// which capabilities get that are to live on; GRANT_SPENT: the grant has none left.
#define GRANT_SPENT UINT32_MAX
WARN_UNUSED uint32_t grant_bump(struct kernel *kernel, uint32_t grant);

static ALWAYS_INLINE bool grant_is_stale(const struct kernel *kernel, uint32_t grant,
                                         uint32_t epoch) {
    return atomic_load_u32(&kernel->grant_epochs[grant]) != epoch;
}

// Whether the capability's family was revoked.
static ALWAYS_INLINE bool cap_is_stale(const struct kernel *kernel, const struct capability *cap) {
    bool stale = grant_is_stale(kernel, cap->grant, cap->epoch);
    // What is done with it from here on is what grant_revoke waits for.
    bool stands = cap->grant != 0 && fault_point_fires(FAULT_POINT_STAND_STILL);
    (void)stands;
    return stale;
}
