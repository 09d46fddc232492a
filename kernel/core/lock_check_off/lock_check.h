// kernel/core/lock_check_off/lock_check.h: release builds trust what debug and simulation builds
// have checked. Included by kernel/core/lock.h only.
#pragma once

static inline void lock_check_acquire(struct lock_holder *holder, uint32_t rank) {
    (void)holder;
    (void)rank;
}

static inline void lock_check_release(struct lock_holder *holder, uint32_t rank) {
    (void)holder;
    (void)rank;
}
