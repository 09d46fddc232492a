// kernel/core/lock_check_on/lock_check.h: ranks are checked. Included by kernel/core/lock.h only.
#pragma once

#include "kernel/core/panic.h"

static inline void lock_check_acquire(struct lock_holder *holder, uint32_t rank) {
    if ((holder->held_ranks >> rank) != 0) {
        kernel_panic("lock order: takes rank %u while holding ranks %#x", rank, holder->held_ranks);
    }
    holder->held_ranks |= 1u << rank;
}

static inline void lock_check_release(struct lock_holder *holder, uint32_t rank) {
    if ((holder->held_ranks & (1u << rank)) == 0) {
        kernel_panic("lock order: releases rank %u, holds ranks %#x", rank, holder->held_ranks);
    }
    holder->held_ranks &= ~(1u << rank);
}
