// kernel/core/ipc_fast.c: the common call and the common reply+receive: the peer waits, lives on
// this hart, and nothing rare is on.
//
// Each function checks first, with one load and one compare where it can, and changes nothing
// before the last check; then it is straight-line code that cannot fail. What does not fit leaves
// for the complete call in ipc.c, which checks everything again and says what is wrong. So the two
// agree if each is right, and simulation takes either by chance (FAULT_POINT_SLOW_PATH). While
// events are recorded and nothing else is rare, a second form of the same code records them.
//
// A capability that rides along is a further step, out of line; it is handed over by the function
// that the complete calls use (cap_move.h).
//
// It is compiled to use callee-saved registers freely (BUILD.bazel): a system call clobbers them,
// and nothing returns to a caller that wants them.
#include "kernel/core/cap_lookup.h"
#include "kernel/core/cap_move.h"
#include "kernel/core/deadline.h"
#include "kernel/core/endpoint_ops.h"
#include "kernel/core/event.h"
#include "kernel/core/grant.h"
#include "kernel/core/ipc.h"
#include "kernel/core/transfer.h"

// A payload of one block, or of half a one, is copied without looking at its length again.
enum { BLOCK_BYTES = 64, HALF_BYTES = 32 };

// A frame word without its type: flags and length.
static ALWAYS_INLINE uint64_t shape_of(uint64_t word) {
    return word >> 16;
}

#define SHAPE_EMPTY UINT64_C(0)
#define SHAPE_BLOCK ((uint64_t)BLOCK_BYTES << 16)
#define SHAPE_HALF ((uint64_t)HALF_BYTES << 16)

static ALWAYS_INLINE void block_copy(struct message_area *to, const struct message_area *from) {
    words_copy(to->payload, from->payload, BLOCK_BYTES / 8);
}

// The payload of a frame of any length and no flags; false if it has some, or is too long.
WARN_UNUSED static ALWAYS_INLINE bool payload_move(struct message_area *to,
                                                   const struct message_area *from, uint64_t word) {
    uint64_t shape = shape_of(word);
    if (LIKELY(shape == SHAPE_EMPTY)) {
        return true;
    }
    if (LIKELY(shape == SHAPE_BLOCK)) {
        block_copy(to, from);
        return true;
    }
    if (shape == SHAPE_HALF) {
        words_copy_4(to->payload, from->payload);
        return true;
    }
    uint64_t len = word >> 32;
    if ((uint32_t)word >> 16 != 0 || len > FRAME_PAYLOAD_MAX) {  // Flags, or too long.
        return false;
    }
    payload_copy(to->payload, from->payload, len);
    return true;
}

// The frame word of the same frame without a capability and without a place for one.
static ALWAYS_INLINE uint64_t without_cap(uint64_t word) {
    return word & ~((uint64_t)(FRAME_CAP_MOVE | FRAME_TAKE_CAP) << 16);
}

// Whether anything rare is on but what this form of the path does itself.
static ALWAYS_INLINE bool is_slow(const struct hart *hart, bool traced) {
    return UNLIKELY(atomic_load_u32(&hart->slow) != (traced ? SLOW_TRACE : 0));
}

static COLD struct task *slow_call(uint64_t slot, uint64_t deadline_ns, struct task *task,
                                   struct hart *hart) {
    hart_count_up(&hart->counts.slow_calls, 1);
    task->regs.x[REG_A0] = slot;
    task->regs.x[REG_A0 + 1] = deadline_ns;
    return syscall_ipc_call(hart->kernel, hart, task);
}

// The endpoint's lock is held.
static COLD struct task *slow_call_locked(uint64_t slot, uint64_t deadline_ns, struct task *task,
                                          struct hart *hart)
    RELEASES(task->caps[slot].endpoint->lock) {
    lock_release(&hart->locks, &task->caps[slot].endpoint->lock);
    return slow_call(slot, deadline_ns, task, hart);
}

static COLD struct task *slow_reply_recv(uint64_t handle, uint64_t slot, uint64_t deadline_ns,
                                         struct task *task, struct hart *hart) {
    hart_count_up(&hart->counts.slow_calls, 1);
    task->regs.x[REG_A0] = handle;
    task->regs.x[REG_A0 + 1] = slot;
    task->regs.x[REG_A0 + 2] = deadline_ns;
    return syscall_ipc_reply_recv(hart->kernel, hart, task);
}

// The answer is given and the wait published, but there is something to receive.
static COLD struct task *receive_again(const struct capability *cap, struct task *caller,
                                       struct task *task, struct hart *hart) {
    task_results(caller, STATUS_OK, DELIVERY_HANDED_OVER, 0, 0);
    return receive_published(hart->kernel, hart, task, cap, caller);
}

// Nothing can fail any more. `takes`: what makes the wait for an answer one that takes a
// capability, or 0. The handle of the reply.
WARN_UNUSED static ALWAYS_INLINE uint64_t call_commit(struct endpoint *endpoint,
                                                      struct task *receiver, struct task *task,
                                                      struct hart *hart, uint64_t takes)
    RELEASES(endpoint->lock) {
    atomic_store_low_u64(&receiver->wait, 0);
    lock_release(&hart->locks, &endpoint->lock);
    // Nobody but this hart, the caller's home, can end its wait before the receiver runs.
    uint64_t caller_word = atomic_load_u64(&task->wait) + receiver->reply_step + takes;
    atomic_store_u64(&task->wait, caller_word);
    return reply_make(receiver, task, caller_word);
}

// The receiver waits on this hart and the endpoint's lock is held, but the frame has flags or is
// too long: goes on if it only carries a capability, or asks for one.
// UNCHECKED_LOCKS: as kernel_call.
static NOINLINE struct task *call_carrying(uint64_t slot, uint64_t deadline_ns, struct task *task,
                                           struct hart *hart, uint64_t word) UNCHECKED_LOCKS {
    const struct capability *cap = &task->caps[slot];
    struct endpoint *endpoint = cap->endpoint;
    struct task *receiver = endpoint->receiver;
    struct message_area *from = &task->page->call_out;
    struct message_area *to = &receiver->page->request_in;
    uint64_t badge = cap->badge;  // It may be this capability that moves.
    uint64_t carried = frame_slot_load(from);
    bool moves = frame_moves_cap(word);
    bool takes = (frame_word_flags(word) & FRAME_TAKE_CAP) != 0;
    if ((takes && task->caps_free == 0) ||
        (moves && ((endpoint->flags & ENDPOINT_ACCEPT_CAPS) == 0 || receiver->caps_free == 0 ||
                   !cap_moves_freely(hart->kernel, task, carried))) ||
        !payload_move(to, from, without_cap(word))) {
        return slow_call_locked(slot, deadline_ns, task, hart);
    }
    atomic_raw_store_shared(&task->deadline_ns, deadline_ns);
    uint64_t handle =
        call_commit(endpoint, receiver, task, hart, takes ? WAIT_REPLY_CAP - WAIT_REPLY : 0);
    frame_head_copy(to, word, task, badge);
    if (moves) {
        cap_hand_over(task, (uint32_t)carried, from, receiver, to);
    }
    return arch_resume(hart, receiver, RECEIVED_CALL, handle);
}

// The path that records no events leaves before it has changed anything: with nothing rare on but
// events for the form that does.
static COLD struct task *leave_call(uint64_t slot, uint64_t deadline_ns, struct task *task,
                                    struct hart *hart);
static COLD struct task *leave_reply_recv(uint64_t handle, uint64_t slot, uint64_t deadline_ns,
                                          struct task *task, struct hart *hart);

// UNCHECKED_LOCKS: the lock is tried in the last part of one condition, and slow_call_locked finds
// it by the slot: what the analysis follows would keep the arguments in more registers (three moves
// a call). That no entry leaves with a lock held is checked in simulation.
static ALWAYS_INLINE struct task *call(uint64_t slot, uint64_t deadline_ns, struct task *task,
                                       struct hart *hart, bool traced) UNCHECKED_LOCKS {
    const struct capability *cap = 0;
    struct endpoint *endpoint = 0;
    if (UNLIKELY(slot >= CAP_SLOT_COUNT) || (cap = &task->caps[slot], is_slow(hart, traced)) ||
        UNLIKELY(!cap_can_call(cap)) || UNLIKELY(cap_is_stale(hart->kernel, cap)) ||
        UNLIKELY(!deadline_is_noted(task, deadline_ns)) ||
        (endpoint = cap->endpoint, UNLIKELY(!lock_try_acquire(&hart->locks, &endpoint->lock)))) {
        return traced ? slow_call(slot, deadline_ns, task, hart)
                      : leave_call(slot, deadline_ns, task, hart);
    }
    const struct message_area *from = &task->page->call_out;
    uint64_t word = frame_word_load(from);
    // The state first: an endpoint that has ended has no receiver, and nobody passes what waits. A
    // task that calls itself is running, so it is never found waiting. Under the lock nobody else
    // ends the receiver's wait, so its page is ours from the look on.
    struct task *receiver = endpoint->receiver;
    if (UNLIKELY(endpoint_state(endpoint) != cap->generation) ||
        UNLIKELY(atomic_load_low_u64(&receiver->wait) != endpoint->receive_word) ||
        UNLIKELY(receiver->hart != hart)) {
        return slow_call_locked(slot, deadline_ns, task, hart);
    }
    struct message_area *to = &receiver->page->request_in;
    if (UNLIKELY(!payload_move(to, from, word))) {
        return traced ? slow_call_locked(slot, deadline_ns, task, hart)
                      : call_carrying(slot, deadline_ns, task, hart, word);
    }
    atomic_raw_store_shared(&task->deadline_ns, deadline_ns);
    uint64_t handle = call_commit(endpoint, receiver, task, hart, 0);
    frame_head_copy(to, word, task, cap->badge);
    if (traced) {
        event_put(hart, event_head(EVENT_CALL, word, task->instance),
                  event_middle(receiver->instance, word), atomic_load_u64(&task->wait) >> 16);
    }
    return arch_resume(hart, receiver, RECEIVED_CALL, handle);
}

// Where a task receives: its capability, and what that held when it was looked at.
struct receive_at {
    const struct capability *cap;
    const struct endpoint *endpoint;
    uint32_t generation;
};

// The caller's wait is over and its page holds the answer: the task receives and the caller runs,
// unless there is something to receive.
WARN_UNUSED static ALWAYS_INLINE struct task *reply_commit(struct receive_at at,
                                                           struct task *caller, struct task *task,
                                                           struct hart *hart) {
    // From here on another hart may fill request_in and make this task runnable.
    if (UNLIKELY(!receive_publish(task, at.endpoint, at.generation, true))) {
        return receive_again(at.cap, caller, task, hart);
    }
    return arch_resume(hart, caller, DELIVERY_HANDED_OVER, 0);
}

// Everything fits but that the answer has flags or is too long: goes on if it only carries a
// capability to a caller that has kept a slot for it.
static NOINLINE struct task *reply_carrying(uint64_t handle, uint64_t slot, uint64_t deadline_ns,
                                            struct task *task, uint64_t word) {
    struct hart *hart = task->hart;
    struct reply_entry *entry = task->replies + (handle & REPLY_HANDLE_INDEX_MASK);
    struct task *caller = entry->task;
    struct message_area *from = &task->page->reply_out;
    struct message_area *to = &caller->page->reply_in;
    uint64_t carried = frame_slot_load(from);
    if (frame_word_flags(word) != FRAME_CAP_MOVE ||
        wait_state_of(entry->caller_wait) != WAIT_REPLY_CAP ||
        !cap_moves_freely(hart->kernel, task, carried) ||
        !payload_move(to, from, without_cap(word))) {
        return slow_reply_recv(handle, slot, deadline_ns, task, hart);
    }
    atomic_store_low_u64(&caller->wait, 0);
    reply_free(task, entry, handle);
    frame_head_copy(to, word, task, 0);
    cap_hand_over(task, (uint32_t)carried, from, caller, to);
    atomic_raw_store_shared(&task->deadline_ns, deadline_ns);
    const struct capability *cap = &task->caps[slot];
    return reply_commit((struct receive_at){cap, cap->endpoint, cap->generation}, caller, task,
                        hart);
}

// Who replies, where, and whether that is recorded.
struct replier {
    struct task *task;
    struct hart *hart;
    bool traced;
};

static ALWAYS_INLINE struct task *reply_recv(uint64_t handle, uint64_t slot, uint64_t deadline_ns,
                                             struct replier by) {
    struct task *task = by.task;
    struct hart *hart = by.hart;
    const bool traced = by.traced;
    const struct capability *cap = 0;
    struct reply_entry *entry = task->replies + (handle & REPLY_HANDLE_INDEX_MASK);
    if (UNLIKELY(slot >= CAP_SLOT_COUNT) || (cap = &task->caps[slot], is_slow(hart, traced)) ||
        UNLIKELY(!cap_can_receive(cap)) || UNLIKELY(entry->handle != handle) ||
        UNLIKELY(!deadline_is_noted(task, deadline_ns)) ||
        UNLIKELY(endpoint_state(cap->endpoint) != cap->generation)) {
        return traced ? slow_reply_recv(handle, slot, deadline_ns, task, hart)
                      : leave_reply_recv(handle, slot, deadline_ns, task, hart);
    }
    const struct endpoint *endpoint = cap->endpoint;
    uint32_t generation = cap->generation;
    const struct message_area *from = &task->page->reply_out;
    uint64_t word = frame_word_load(from);
    struct task *caller = entry->task;
    uint64_t caller_word = entry->caller_wait;
    // A free entry names no wait, so a guessed handle ends here. On the caller's home hart nobody
    // but who holds the reply ends its wait: from the look on its page is ours.
    if (UNLIKELY(atomic_load_u64(&caller->wait) != caller_word) || UNLIKELY(caller->hart != hart)) {
        return slow_reply_recv(handle, slot, deadline_ns, task, hart);
    }
    struct message_area *to = &caller->page->reply_in;
    if (UNLIKELY(!payload_move(to, from, word))) {
        return traced ? slow_reply_recv(handle, slot, deadline_ns, task, hart)
                      : reply_carrying(handle, slot, deadline_ns, task, word);
    }
    atomic_store_low_u64(&caller->wait, 0);
    reply_free(task, entry, handle);
    frame_head_copy(to, word, task, 0);
    atomic_raw_store_shared(&task->deadline_ns, deadline_ns);
    if (traced) {  // Before anybody else can run the task.
        event_put(hart, event_head(EVENT_REPLY, word, task->instance),
                  event_middle(caller->instance, word), caller_word >> 16);
    }
    return reply_commit((struct receive_at){cap, endpoint, generation}, caller, task, hart);
}

struct task *kernel_call(uint64_t slot, uint64_t deadline_ns, struct task *task,
                         struct hart *hart) {
    return call(slot, deadline_ns, task, hart, false);
}

struct task *kernel_reply_recv(uint64_t handle, uint64_t slot, uint64_t deadline_ns,
                               struct task *task, struct hart *hart) {
    return reply_recv(handle, slot, deadline_ns, (struct replier){task, hart, false});
}

static NOINLINE struct task *traced_call(uint64_t slot, uint64_t deadline_ns, struct task *task,
                                         struct hart *hart) {
    return call(slot, deadline_ns, task, hart, true);
}

static NOINLINE struct task *traced_reply_recv(uint64_t handle, uint64_t slot, uint64_t deadline_ns,
                                               struct task *task, struct hart *hart) {
    return reply_recv(handle, slot, deadline_ns, (struct replier){task, hart, true});
}

static struct task *leave_call(uint64_t slot, uint64_t deadline_ns, struct task *task,
                               struct hart *hart) {
    return atomic_load_u32(&hart->slow) == SLOW_TRACE ? traced_call(slot, deadline_ns, task, hart)
                                                      : slow_call(slot, deadline_ns, task, hart);
}

static struct task *leave_reply_recv(uint64_t handle, uint64_t slot, uint64_t deadline_ns,
                                     struct task *task, struct hart *hart) {
    return atomic_load_u32(&hart->slow) == SLOW_TRACE
               ? traced_reply_recv(handle, slot, deadline_ns, task, hart)
               : slow_reply_recv(handle, slot, deadline_ns, task, hart);
}
