// kernel/core/vmo_ops.h: making VMOs, mapping them, and giving them back, each in bounded steps;
// and the system calls for it.
// Ownership:  a capability or mapping owns one reference.
// Blocking:   never; what says "step" returns STATUS_BUSY or false while there is more to do.
#pragma once

#include "kernel/core/kernel.h"

void vmo_pool_init(struct kernel *kernel);

// A VMO of that many pages with one reference and no page yet; the current task pays for all of it.
// Errors: STATUS_NO_SPACE.
WARN_UNUSED enum status vmo_make(struct kernel *kernel, struct hart *hart, struct task *payer,
                                 uint32_t page_count, uint32_t *out);

// Takes and clears the next pages. STATUS_BUSY: more to do; STATUS_OK: all are there. Errors:
// STATUS_NO_SPACE.
WARN_UNUSED enum status vmo_make_step(struct kernel *kernel, struct hart *hart, struct vmo *vmo);

void vmo_reference(struct vmo *vmo);

// Gives up one reference; after the last one this hart returns the pages.
void vmo_release(struct kernel *kernel, struct hart *hart, struct vmo *vmo);

// Returns some pages of the VMOs that this hart has to return; only if hart->vmo_dying says so.
void vmo_return_step(struct kernel *kernel, struct hart *hart);

// Gives up the VMO that the task's program was loaded from, if there is one.
void vmo_release_program(struct kernel *kernel, struct hart *hart, struct task *task);

// Before instructions of a sealed VMO can be run: every hart fetches what was written.
void vmo_make_fetchable(struct kernel *kernel, struct vmo *vmo);

// A task has ended and no hart holds a translation of its space: gives up its next mappings,
// last its program. True when none is left.
WARN_UNUSED bool vmo_unmap_dead_step(struct kernel *kernel, struct hart *hart, struct task *task);

// One step of each long call; true when it has stored the results.
WARN_UNUSED bool vmo_create_step(struct kernel *kernel, struct hart *hart, struct task *task);
WARN_UNUSED bool vmo_map_step(struct kernel *kernel, struct hart *hart, struct task *task);
WARN_UNUSED bool vmo_unmap_step(struct kernel *kernel, struct hart *hart, struct task *task);

WARN_UNUSED struct task *syscall_vmo_seal(struct kernel *kernel, struct hart *hart,
                                          struct task *task);
