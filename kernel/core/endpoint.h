// kernel/core/endpoint.h: where a task receives: callers wait in an intrusive FIFO in their own
// pages, sends in one page of bounded storage.
//
// Rendezvous: a receiver publishes WAIT_RECV, fences, and looks at `work`; a sender adds its work
//             under the lock, fences, and looks at the receiver's wait
// word. At least one of them sees the other, and the claim of the receiver's wait word says who
// acts (kernel/core/README.md has the argument).
// Locking:    fields stand under what guards them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"
#include "kernel/core/arch.h"
#include "kernel/core/cap_table.h"
#include "kernel/core/lock.h"
#include "kernel/core/task.h"
#include "kernel/core/timer.h"

enum {
    MAX_ENDPOINTS = 128,
    ENDPOINT_NONE = 0xffffffff,
};

// What waits, in one word that a receiver can look at without the lock: notifications, a unit a
// stored or queued send or an answer, a unit a call: a queued one or a stored asynchronous request.
#define WORK_NOTIFY UINT32_C(1)
#define WORK_SEND UINT32_C(2)
#define WORK_CALL (UINT32_C(1) << 16)
#define WORK_BUT_CALLS (WORK_CALL - 1)

BASE_STATIC_ASSERT(MAX_ENDPOINTS <= 256, "an endpoint's index fits the wait word");

// Beside a stored frame. With a grant it holds a reference to it.
struct stored_send {
    uint64_t from;   // The sender's instance, for the quota; above it event_number, or 0.
    uint32_t epoch;  // The family of the capability it was sent through.
    uint16_t grant;
    struct capability cap;   // What rides on it; head 0: nothing.
    struct async_ref async;  // The answer that it wants; word 0: none.
};

static ALWAYS_INLINE uint32_t stored_instance(const struct stored_send *send) {
    return (uint32_t)send->from;
}

static ALWAYS_INLINE uint32_t stored_number(const struct stored_send *send) {
    return (uint32_t)(send->from >> 32);
}

// A list of up to 8 places in one word: the byte at a position names a place.
static ALWAYS_INLINE uint64_t order_at(uint64_t order, uint32_t position) {
    return (order >> (8 * position)) & 0xff;
}

// What stood behind it moves up; the last byte is 0.
static ALWAYS_INLINE uint64_t order_remove(uint64_t order, uint32_t position) {
    uint64_t before = (UINT64_C(1) << (8 * position)) - 1;
    return (order & before) | ((order >> 8) & ~before);
}

// At a position that is 0.
static ALWAYS_INLINE uint64_t order_put(uint64_t order, uint32_t position, uint64_t place) {
    return order | (place << (8 * position));
}

BASE_STATIC_ASSERT(SEND_STORAGE_COUNT < 8 && MAX_ASYNC <= 8, "a byte each");

struct ALIGNED(64) endpoint {
    struct lock lock;  // LOCK_RANK_ENDPOINT

    // Changed under the lock by close, which then looks whether the receiver waits: a capability
    // with another generation is dead.
    struct atomic_u32 generation;
    struct atomic_u32 work;  // WORK_*. Changed under the lock, looked at without.

    // Guarded by lock:
    uint64_t payer;         // task_name: who paid for it. Guarded by the family lock.
    uint32_t owner;         // Task index of the receiver, or TASK_NONE: closed,
    struct task *receiver;  // and the task itself, or null.

    // Constant from the first make on: the low part of the wait word of who receives here,
    // WAIT_RECV with the index.
    uint64_t receive_word;

    // Guarded by lock:
    uint32_t flags;  // enum endpoint_flag
    uint32_t queue_head;
    uint32_t queue_tail;
    uint64_t calls_waiting;  // What the queued calls lend the receiver (its calls_waiting).
    uint32_t next_closing;   // The next in the list of the hart that closes it. That hart's own.
    uint32_t send_count;
    uint32_t answer_count;
    uint32_t turn;  // From where the last frame came, when there was a choice (ipc_queue.c).
    struct page_number send_page;
    struct stored_send sends[SEND_STORAGE_COUNT];
    uint64_t send_order;  // Places in sends and send_page: those in use by arrival, then the free.
    uint64_t answers;     // Places of the receiver's asyncs that hold answers, by arrival.
    struct timer timer;

    // Changed under the lock, looked at without:
    struct atomic_u32 senders;  // Capabilities that can send here (cap_sends), wherever they are.

    // Guarded by lock:
    uint64_t notify_badges;
    uint64_t notify_kernel;
};

// Generation and work at once: equal to a capability's generation if that is good and nothing
// waits.
static ALWAYS_INLINE uint64_t endpoint_state(const struct endpoint *endpoint) {
    return atomic_load_pair_u32(&endpoint->generation);
}
BASE_STATIC_ASSERT(offsetof(struct endpoint, generation) % 8 == 0 &&
                       offsetof(struct endpoint, work) == offsetof(struct endpoint, generation) + 4,
                   "one word of 64 bits");
