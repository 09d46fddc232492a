// kernel/core/lock.h: the spin lock of the kernel, and its rank.
//
// Ranks rise: a hart that holds a lock may take only one of a higher rank (kernel/core/lock_rank.h
// has the order and why). Every build for the host checks that as it runs (kernel/core/lock_check.h
// is one of two files, chosen by the build) and panics with "lock order" when it is broken. A
// critical section is bounded and waits for nothing but a higher lock.
//
// Clang checks which function needs, takes and gives back which lock (kernel/core:locks_test): a
// function whose name ends in _locked says REQUIRES(lock). Clang 16 does not take ACQUIRED_AFTER or
// GUARDED_BY on a field that names another field, so the order is the ranks', and fields stand
// under a comment.
// Blocking:  spins, with a hint to the machine; interrupts are off throughout the kernel.
#pragma once

#include "base/atomic.h"
#include "kernel/core/arch.h"
#include "kernel/core/fault_point.h"
#include "kernel/core/lock_rank.h"

struct CAPABILITY_LOCK lock {
    struct atomic_u64 held;  // 64 bits: what an exchange returns needs no extension.
    uint32_t rank;
};

// What one hart holds, as a bit a rank, and how often it had to wait.
struct lock_holder {
    uint32_t held_ranks;
    uint32_t spins;
};

#include "kernel/core/lock_check.h"

static inline void lock_init(struct lock *lock, enum lock_rank rank) {
    lock->held.raw = 0;
    lock->rank = (uint32_t)rank;
}

// UNCHECKED_LOCKS: these three are what the analysis takes for granted.
// Acquire pairs with the release in lock_release: what the last holder wrote is seen.
static ALWAYS_INLINE void lock_acquire(struct lock_holder *holder, struct lock *lock)
    ACQUIRES(lock) UNCHECKED_LOCKS {
    lock_check_acquire(holder, lock->rank);
    while (UNLIKELY(atomic_exchange_acquire_u64(&lock->held, 1) != 0)) {
        atomic_raw_store_shared(&holder->spins, holder->spins + 1);
        arch_spin_hint();
    }
}

// False if another hart holds it.
WARN_UNUSED static ALWAYS_INLINE bool lock_try_acquire(struct lock_holder *holder,
                                                       struct lock *lock)
    TRY_ACQUIRES(true, lock) UNCHECKED_LOCKS {
    if (UNLIKELY(atomic_exchange_acquire_u64(&lock->held, 1) != 0)) {
        return false;
    }
    lock_check_acquire(holder, lock->rank);
    return true;
}

static ALWAYS_INLINE void lock_release(struct lock_holder *holder, struct lock *lock)
    RELEASES(lock) UNCHECKED_LOCKS {
    lock_check_release(holder, lock->rank);
    if (fault_point_fires(FAULT_POINT_UNORDERED_LOCK)) {
        atomic_store_u64(&lock->held, 0);
        return;
    }
    atomic_store_release_u64(&lock->held, 0);
}
