// kernel/core/task_ops.h: life of a task: created, granted, loaded, started by its supervisor;
// ended by itself, a fault or a kill; reclaimed by its home hart.
// Locking:   a task that is NEW or LOADED is changed by its supervisor only.
#pragma once

#include "kernel/abi/elf_reject.h"
#include "kernel/core/kernel.h"

void task_pool_init(struct kernel *kernel);

// What a new task is to be.
struct task_order {
    uint64_t service_id;
    struct task *supervisor;  // The current task, whose quota pays; null for init.
    struct quota_amounts limits;
    uint32_t slots;
    uint32_t cpu;          // Its share; 0: not bounded.
    uint32_t qos_ceiling;  // Its class is that at first.
};

// A NEW task: address space, message page, instance; one reference for being alive and one for the
// capability that the caller makes.
// Errors: STATUS_NO_SPACE, also when the supervisor's quota is spent.
WARN_UNUSED enum status task_make(struct kernel *kernel, struct hart *hart,
                                  const struct task_order *order, struct task **out);

// Where a program stands: a page-aligned part of the boot image, or of a sealed VMO, whose pages
// the task then uses as its own and keeps.
struct load_image {
    struct vmo *vmo;  // Null: the boot image.
    uint64_t offset;
    uint64_t bytes;
};

// Maps the next pages of the program; `work_index` says how far it has come. STATUS_BUSY: more to
// do. STATUS_OK: the task is LOADED. Errors: STATUS_BAD_IMAGE
// (*reject says why), STATUS_NO_SPACE; the pages mapped so far stay the task's, which then can only
// be ended.
WARN_UNUSED enum status task_load_step(struct kernel *kernel, struct hart *hart, struct task *task,
                                       const struct load_image *image, enum elf_reject *reject);

// Maps the next pages of the boot image that who holds it with those rights sees, read-only at
// USER_BOOT_IMAGE. STATUS_BUSY: more to do.
WARN_UNUSED enum status task_map_image_step(struct kernel *kernel, struct task *task,
                                            uint32_t rights);

// Makes a LOADED task LIVE and runnable on `home`.
void task_run(struct kernel *kernel, struct hart *hart, struct task *task, struct hart *home,
              uint64_t argument);

// The task that runs on this hart ends now. Its home hart reclaims it; it never returns to user
// mode.
void task_end_current(struct kernel *kernel, struct hart *hart, struct task *task,
                      enum exit_reason reason, uint64_t detail);

// Ends another task, or marks the current one: its home hart does the rest, at once if it is this
// one. A task that was never started is reclaimed by this hart.
void task_kill(struct kernel *kernel, struct hart *hart, struct task *task);

// Home hart: pulls tasks that were killed out of their wait, so that the run queue brings them to
// be reclaimed; if there are many, some now and the others after an IPI to itself.
void task_kills_take(struct kernel *kernel, struct hart *hart) EXCLUDES(hart->run_lock);

// Home hart: the task is being reclaimed, and need not be pulled out of anything.
void task_kill_forget(struct hart *hart, struct task *task) EXCLUDES(hart->run_lock);

void task_reference(struct task *task);
// Gives up one reference; the last one returns the object to the pool.
void task_release(struct kernel *kernel, struct hart *hart, struct task *task);
