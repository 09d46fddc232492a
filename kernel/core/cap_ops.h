// kernel/core/cap_ops.h: capabilities come into a table, are copied and go; and the system calls
// that are about them alone.
//
// What a capability of some kind counts or holds elsewhere (references of tasks, VMOs and
// grants) is in cap_reference and cap_release, and nowhere else.
// Locking:   the table is the current task's, or that of a task that its caller owns
//            (kernel/core/cap_table.h). References of endpoint capabilities take the endpoint's
//            lock: the caller holds none.
#pragma once

#include "base/bits.h"
#include "kernel/core/kernel.h"

// Places a capability into the lowest free slot, of which there is one; says which.
static ALWAYS_INLINE uint32_t cap_place_free(struct task *task, const struct capability *cap) {
    uint32_t slot = bits_lowest_u64(task->caps_free);
    atomic_raw_store_shared(&task->caps_free, task->caps_free & (task->caps_free - 1));
    task->caps[slot] = *cap;
    return slot;
}

// The slot is empty; what it held was given up, or is somewhere else now.
static ALWAYS_INLINE void cap_slot_empty(struct task *task, uint32_t slot) {
    task->caps[slot].head = 0;
    atomic_raw_store_shared(&task->caps_free, task->caps_free | UINT64_C(1) << slot);
}

// Places a capability into the lowest free slot. Errors: STATUS_NO_SPACE.
WARN_UNUSED enum status cap_place(struct task *task, struct capability cap, uint32_t *slot);

// A copy of a held capability has come into being, or is given up.
void cap_reference(struct kernel *kernel, struct hart *hart, const struct capability *cap);
void cap_release(struct kernel *kernel, struct hart *hart, const struct capability *cap);

// The same for one that came with a frame: it never has RECV, so that no endpoint ends with it.
void cap_release_sent(struct kernel *kernel, struct hart *hart, const struct capability *cap);

// The current task has given the endpoint in that slot to another: it holds what is left.
void cap_lose_recv(struct kernel *kernel, struct hart *hart, struct task *task, uint32_t slot);

// Empties a slot and gives up what it held.
void cap_drop(struct kernel *kernel, struct hart *hart, struct task *task, uint32_t slot);

// Whether tasks of that identity may be made with a factory: its badge says which, all with the top
// bit if it is that bit alone, or without one the boot manifest.
WARN_UNUSED bool factory_may_assign(const struct kernel *kernel, const struct capability *factory,
                                    uint64_t service_id);

WARN_UNUSED struct task *syscall_cap_close(struct kernel *kernel, struct hart *hart,
                                           struct task *task);
WARN_UNUSED struct task *syscall_cap_mint(struct kernel *kernel, struct hart *hart,
                                          struct task *task);
WARN_UNUSED struct task *syscall_cap_clone(struct kernel *kernel, struct hart *hart,
                                           struct task *task);
WARN_UNUSED struct task *syscall_cap_query(struct kernel *kernel, struct hart *hart,
                                           struct task *task);
WARN_UNUSED struct task *syscall_grant_create(struct kernel *kernel, struct hart *hart,
                                              struct task *task);
WARN_UNUSED struct task *syscall_grant_revoke(struct kernel *kernel, struct hart *hart,
                                              struct task *task);
