// kernel/core/audit.h: does the kernel's state add up? Every reference in every table, queue and
// reply entry is followed and counted.
//
// For a moment at which no hart is in the kernel: simulation calls it between kernel entries,
// kernel_stats when the other harts have stopped. It looks, changes nothing, and stops at the first
// thing that is wrong. What it holds to be true is written beside each check.
// Units:     pages.
// Ownership: the caller owns the tally.
// Blocking:  never; bounded by the pools' sizes.
// Locking:   none: nobody else may be in the kernel.
// Errors:    false: `failure` says what is wrong, `a` and `b` are the values.
#pragma once

#include <stdbool.h>

#include "kernel/core/kernel.h"
#include "kernel/core/list.h"

enum audit_place {
    AUDIT_NOWHERE,
    AUDIT_IN_RUN_QUEUE,
    AUDIT_IN_ENDPOINT_QUEUE,
    AUDIT_CURRENT,
    AUDIT_IN_QUIESCE,
    AUDIT_PARKED,  // Until the next period of its CPU budget.
};

struct audit_tally {
    const char *failure;
    uint64_t a;
    uint64_t b;

    // Counted on the way:
    uint32_t space_pages[MAX_TASKS];    // Of each task's address space, tables included.
    uint8_t place[MAX_TASKS];           // enum audit_place
    uint32_t queued_at[MAX_TASKS];      // The endpoint in whose queue it is.
    uint64_t calls_waiting[MAX_TASKS];  // Calls queued where the task receives.
    uint32_t references[MAX_TASKS];     // Capabilities that name the task.
    uint32_t answers[MAX_TASKS];        // Reply entries that can end the task's wait.
    uint32_t receivers[MAX_ENDPOINTS];  // Capabilities that can receive.
    uint32_t senders[MAX_ENDPOINTS];    // Capabilities that it counts as senders.
    uint32_t grants[MAX_GRANTS + 1];    // Capabilities and stored frames that carry the grant.
    uint32_t vmo_references[MAX_VMOS];  // Capabilities and mappings that name the VMO.
    uint32_t vmo_writers[MAX_VMOS];     // Writable mappings.
    uint32_t missing[MAX_TASKS];        // Of what the task was given, of one kind (audit_balance).
    uint32_t endpoint_pages;
    uint32_t vmo_pages;
};

WARN_UNUSED bool audit_kernel(const struct kernel *kernel, struct audit_tally *tally);

// Parts of it that are cheap enough for every few kernel entries. Nothing waits for what has
// already come, and a kill is on its way; a wait with a deadline is known to its hart.
WARN_UNUSED bool audit_wakeups(const struct kernel *kernel, struct audit_tally *tally);
WARN_UNUSED bool audit_ends(const struct kernel *kernel, struct audit_tally *tally);

// Nobody in a run queue counts as less than it is owed, or has a class above its ceiling.
WARN_UNUSED bool audit_classes(const struct kernel *kernel, struct audit_tally *tally);

// How much of a kind a task began with.
typedef uint32_t audit_given(const struct kernel *kernel, uint32_t index, enum quota_kind kind);

// What each task has left, holds itself, has paid for and has given to its children is what it was
// given. The whole audit looks at pages, of which the kernel knows how many that were; who knows it
// of another kind asks for that. After the whole audit, with its tally: `space_pages` is counted.
WARN_UNUSED bool audit_balance(const struct kernel *kernel, struct audit_tally *tally,
                               enum quota_kind kind, audit_given *given);

// Parts, in audit_async.c, audit_cpu.c, audit_device.c, audit_queue.c, audit_quota.c, audit_run.c,
// audit_task.c and audit_vmo.c.
WARN_UNUSED bool audit_pools(const struct kernel *kernel, struct audit_tally *tally);
WARN_UNUSED bool audit_run_queues(const struct kernel *kernel, struct audit_tally *tally);
WARN_UNUSED bool audit_cpu(const struct kernel *kernel, struct audit_tally *tally);
WARN_UNUSED bool audit_quiesce(const struct kernel *kernel, struct audit_tally *tally);
WARN_UNUSED bool audit_endpoints(const struct kernel *kernel, struct audit_tally *tally);
WARN_UNUSED bool audit_deadlines(const struct kernel *kernel, struct audit_tally *tally);
WARN_UNUSED bool audit_devices(const struct kernel *kernel, struct audit_tally *tally);
WARN_UNUSED bool audit_tables(const struct kernel *kernel, struct audit_tally *tally);
WARN_UNUSED bool audit_tasks(const struct kernel *kernel, struct audit_tally *tally);
WARN_UNUSED bool audit_mappings(const struct kernel *kernel, struct audit_tally *tally);
WARN_UNUSED bool audit_vmos(const struct kernel *kernel, struct audit_tally *tally);
WARN_UNUSED bool audit_asyncs(const struct kernel *kernel, struct audit_tally *tally);
WARN_UNUSED bool audit_quotas(const struct kernel *kernel, struct audit_tally *tally);

// An endpoint that is not closed has a page for sends, and a receiver. One that is being closed
// keeps the page until nobody is queued there.
static inline bool audit_endpoint_is_taken(const struct endpoint *endpoint) {
    return endpoint->send_page.value != 0;
}

static inline bool audit_endpoint_is_open(const struct endpoint *endpoint) {
    return audit_endpoint_is_taken(endpoint) && endpoint->owner != TASK_NONE;
}

static inline uint32_t audit_async_pages(const struct task *task) {
    return task->async_page.value != 0;
}

// For the parts: the task stands there and nowhere else; a list's links agree, and it has an end.
WARN_UNUSED bool audit_take_place(struct audit_tally *tally, uint32_t index,
                                  enum audit_place place);
WARN_UNUSED bool audit_list_is_whole(const struct list *head, uint32_t *count,
                                     struct audit_tally *tally);

// One capability, in a table or in a message.
WARN_UNUSED bool audit_capability(const struct kernel *kernel, const struct capability *cap,
                                  struct audit_tally *tally);

static inline bool audit_says(struct audit_tally *tally, bool holds, const char *what, uint64_t a,
                              uint64_t b) {
    if (!holds) {
        tally->failure = what;
        tally->a = a;
        tally->b = b;
    }
    return holds;
}
