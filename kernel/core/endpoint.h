// kernel/core/endpoint.h: where a task receives: callers wait in an intrusive FIFO in their own
// pages, sends in one page of bounded storage.
//
// Rendezvous: a receiver publishes WAIT_RECV, fences, and looks at `work`; a sender adds its work
//             under the lock, fences, and looks at the receiver's wait
// word. At least one of them sees the other, and the claim of the receiver's wait word says who
// acts (kernel/core/README.md has the argument).
// Locking:    fields stand under what guards them.
#pragma once

#include <stdint.h>

#include "base/atomic.h"
#include "kernel/core/arch.h"
#include "kernel/core/lock.h"

enum {
    MAX_ENDPOINTS = 128,
    ENDPOINT_NONE = 0xffffffff,
    SEND_STORAGE_COUNT = 7,  // Frames of struct message_area in one page.
    SEND_QUOTA_DEFAULT = 2,  // Stored frames of one task at one endpoint.
};

// What waits, in one word that a receiver can look at without the lock: notifications, a unit a
// stored or queued send, a unit a queued call.
#define WORK_NOTIFY UINT64_C(1)
#define WORK_SEND UINT64_C(2)
#define WORK_CALL (UINT64_C(1) << 32)
#define WORK_BUT_CALLS (WORK_CALL - 1)

BASE_STATIC_ASSERT(MAX_ENDPOINTS <= 256, "an endpoint's index fits the wait word");

struct endpoint {
    struct lock lock;  // LOCK_RANK_ENDPOINT

    // Changed under the lock by close, which then looks whether the receiver waits: a capability
    // with another generation is dead.
    struct atomic_u32 generation;

    // Guarded by lock:
    uint32_t owner;         // Task index of the receiver,
    struct task *receiver;  // and the task itself; null when closed.
    uint32_t queue_head;
    uint32_t queue_tail;
    uint32_t send_first;  // Ring in send_page.
    uint32_t send_count;
    uint32_t take_stored_next;  // The queue and the stored sends alternate when both wait.
    struct page_number send_page;
    uint32_t send_owner[SEND_STORAGE_COUNT];  // Sender's instance, for the quota.

    // Changed under the lock, looked at without:
    struct atomic_u64 work;

    struct atomic_u64 queued_classes;  // Calls in the queue by class (kernel/core/donation.h).

    // Guarded by lock:
    uint64_t notify_badges;
    uint64_t notify_kernel;
};
