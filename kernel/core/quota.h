// kernel/core/quota.h: what a task may still take of the machine.
//
// A child's quota comes out of its creator's when it is made. What is taken goes back to who paid;
// when a task has been reclaimed, what it had left and what it had paid for that still exists (VMOs
// that others hold, endpoints, grants, tasks whose capabilities others hold) are its supervisor's.
// So the sum over all tasks never changes, and no pool is emptied by one that was given less.
// Units:      pages; objects of each pool.
// Locking:    `left` is atomic: the owner takes, others may give. Who pays for an object, and what
//             is given back to it, stand under the family lock.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/compiler.h"

enum quota_kind {
    QUOTA_PAGES,
    QUOTA_TASKS,
    QUOTA_ENDPOINTS,
    QUOTA_VMOS,
    QUOTA_GRANTS,
    QUOTA_KIND_COUNT
};

struct quota {
    struct atomic_u32 left[QUOTA_KIND_COUNT];
};

struct quota_amounts {
    uint32_t of[QUOTA_KIND_COUNT];
};

// Takes that much, or nothing: false.
WARN_UNUSED bool quota_take(struct quota *quota, struct quota_amounts amounts);
void quota_give(struct quota *quota, struct quota_amounts amounts);

WARN_UNUSED bool quota_take_one(struct quota *quota, enum quota_kind kind, uint32_t count);
void quota_give_one(struct quota *quota, enum quota_kind kind, uint32_t count);

struct kernel;
struct hart;
struct task;

// Notes who has paid for an object.
void quota_note_payer(struct kernel *kernel, struct hart *hart, uint64_t *payer, struct task *task);

// Gives back what the payer of an object paid, whoever that is by now.
void quota_return(struct kernel *kernel, struct hart *hart, uint64_t *payer,
                  struct quota_amounts amounts);

// The task holds nothing any more: what it had left and paid for is its supervisor's.
void quota_pass_on(struct kernel *kernel, struct hart *hart, struct task *task);
