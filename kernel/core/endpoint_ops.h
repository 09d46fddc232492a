// kernel/core/endpoint_ops.h: life of an endpoint, its queue, and notifications.
// Locking:   functions ending in _locked need the endpoint's lock; the others take it.
#pragma once

#include "kernel/core/fault_point.h"
#include "kernel/core/kernel.h"
#include "kernel/core/wake.h"

// A task's home endpoint as one word: {generation : 32, index : 32}; 0 is none (generations start
// at 1).
static ALWAYS_INLINE uint64_t home_pack(uint32_t index, uint32_t generation) {
    return ((uint64_t)generation << 32) | index;
}

// Queued tasks that one kernel entry tells that they wait in vain: about 200 instructions each, and
// perhaps an IPI.
enum { TOLD_A_STEP = 8 };

void endpoint_pool_init(struct kernel *kernel);

// A new endpoint (`flags`: enum endpoint_flag) owned by the task, with an empty queue and a page
// for sends. Errors: STATUS_NO_SPACE.
WARN_UNUSED enum status endpoint_make(struct kernel *kernel, struct hart *hart, struct task *owner,
                                      uint32_t flags, uint32_t *out);

// Ends this life of the endpoint: queued callers and senders and a waiting receiver get
// PEER_CLOSED, stored sends are dropped, old capabilities are dead. The receiver's asynchronous
// requests whose answers would come here are over. From here on nobody is served or queued there;
// of many who are queued some are woken in steps (endpoint_close_step), and until the last is the
// object is not used again.
// Errors: STATUS_PEER_CLOSED if it had ended already.
enum status endpoint_end(struct kernel *kernel, struct hart *hart, uint32_t index,
                         uint32_t generation);

// Wakes some of those who are queued where this hart has closed an endpoint; only if
// hart->endpoint_closing says so.
void endpoint_close_step(struct kernel *kernel, struct hart *hart);

// The rest of those steps at this hart's next entry, which is at once.
void endpoint_close_later(struct hart *hart);

// The endpoint `home` (home_pack) becomes the task's home if it has none that is open.
void home_take(struct kernel *kernel, struct task *task, uint64_t home);

// The current task has closed the endpoint of `left` or given it away: if that was its home,
// another that is open and of which it holds RECV becomes it. At most CAP_SLOT_COUNT steps. (Who
// closes another's endpoint cannot look for it: then the next endpoint that the owner makes.)
void home_leave(struct kernel *kernel, struct task *task, const struct capability *left);

// RECV goes from its owner, the current task, to another; the endpoint becomes its home if it has
// none. home_leave must follow. Errors: STATUS_PEER_CLOSED; STATUS_BUSY while answers to the
// owner's asynchronous requests come here.
WARN_UNUSED enum status endpoint_give(struct kernel *kernel, struct hart *hart,
                                      const struct capability *cap, struct task *to);

// Removes a queued task; it must be linked.
void endpoint_unlink_locked(struct kernel *kernel, struct endpoint *endpoint, struct task *task)
    REQUIRES(endpoint->lock);
void endpoint_link_locked(struct kernel *kernel, struct endpoint *endpoint, struct task *task)
    REQUIRES(endpoint->lock);

// A capability that can send to its endpoint has come into being, or is gone: when none is left the
// receiver is notified. Nothing if that life of the endpoint is over.
void endpoint_sender_add(struct hart *hart, const struct capability *cap);
void endpoint_sender_drop(struct kernel *kernel, struct hart *hart, struct endpoint *endpoint,
                          uint32_t generation);

// Sets the endpoint's timer, instead of what it was set to, or with 0 stops it. *expirations: how
// often it has expired in this life of the endpoint. Errors: STATUS_PEER_CLOSED.
WARN_UNUSED enum status endpoint_timer_set(struct kernel *kernel, struct hart *hart,
                                           const struct capability *cap, uint64_t at_ns,
                                           uint64_t *expirations);

// Sets notification bits and wakes the receiver if it waits. Errors: STATUS_PEER_CLOSED.
WARN_UNUSED enum status notify_endpoint(struct kernel *kernel, struct hart *hart, uint64_t home,
                                        uint64_t kernel_bits, uint64_t badge_bits);

// The kernel's own: to a task's home, which may be gone.
static inline void notify_task(struct kernel *kernel, struct hart *hart, uint64_t home,
                               uint64_t kernel_bits) {
    status_ignore(notify_endpoint(kernel, hart, home, kernel_bits, 0),
                  "a task without a home is not told");
}

// Claims the endpoint's receiver if it waits there and takes calls (`for_call`) or anything else;
// null otherwise. The lock makes the store a claim: who else would end this wait needs it too. What
// the receiver wrote before it published the wait is reached through it, that is by address
// dependency (RVWMO, rule 9), so the load needs no acquire.
WARN_UNUSED static ALWAYS_INLINE struct task *endpoint_claim_receiver_locked(
    const struct endpoint *endpoint, bool for_call) REQUIRES(endpoint->lock) {
    struct task *receiver = endpoint->receiver;
    uint64_t low = atomic_load_low_u64(&receiver->wait);
    // Both states in one compare: they are neighbours, and anything below wraps around.
    const uint64_t last = for_call ? 0 : WAIT_RECV_NOCALL - WAIT_RECV;
    if (low - endpoint->receive_word > last) {
        return 0;
    }
    atomic_store_low_u64(&receiver->wait, 0);
    return receiver;
}

// Sets bits; a receiver that waits gets them and is returned claimed.
WARN_UNUSED static ALWAYS_INLINE struct task *notify_locked(struct endpoint *endpoint,
                                                            uint64_t kernel_bits,
                                                            uint64_t badge_bits)
    REQUIRES(endpoint->lock) {
    endpoint->notify_kernel |= kernel_bits;
    endpoint->notify_badges |= badge_bits;
    atomic_store_u32(&endpoint->work, atomic_load_u32(&endpoint->work) | WORK_NOTIFY);
    atomic_fence();
    struct task *receiver = endpoint_claim_receiver_locked(endpoint, false);
    if (receiver) {
        task_results(receiver, STATUS_OK, RECEIVED_NOTIFICATION, endpoint->notify_kernel,
                     endpoint->notify_badges);
        endpoint->notify_kernel = 0;
        endpoint->notify_badges = 0;
        atomic_store_u32(&endpoint->work, atomic_load_u32(&endpoint->work) & ~WORK_NOTIFY);
    }
    return receiver;
}

// Publishes that the current task receives at its endpoint, and looks once more: false means that
// there is something to do, and the wait is to be taken back under the lock, unless it was served
// meanwhile. The running task's wait word has no state bits, so setting them is enough.
WARN_UNUSED static ALWAYS_INLINE bool receive_publish(struct task *task,
                                                      const struct endpoint *endpoint,
                                                      uint32_t generation, bool takes_calls) {
    const uint64_t calls = (uint64_t)(UINT32_MAX - WORK_BUT_CALLS) << 32;
    // Whoever sees the wait sees the registers and the reply table as they are, and either sees it
    // or is seen here: pairs with the fence after work or generation were published.
    uint64_t low = endpoint->receive_word + (takes_calls ? 0 : WAIT_RECV_NOCALL - WAIT_RECV);
    if (fault_point_fires(FAULT_POINT_UNORDERED_WAIT)) {
        atomic_store_low_u64(&task->wait, (uint16_t)low);
        atomic_fence();
    } else {
        atomic_or_fence_u64(&task->wait, low);
    }
    uint64_t state = endpoint_state(endpoint) & (takes_calls ? UINT64_MAX : ~calls);
    return LIKELY(state == generation) || fault_point_fires(FAULT_POINT_LOSE_RECHECK);
}
