// kernel/core/async.h: asynchronous requests: an ipc_send that wants a reply, which comes to an
// endpoint of the sender's own.
//
// The sender has MAX_ASYNC places. A request takes one before it is sent and keeps it until the
// answer is received, so that the answer always has room and there are never more answers than were
// asked for. A place's word says what has become of it, and whose turn it is is decided by
// replacing that word: the receiver's hart marks it HELD at hand-over, without the lock of the
// sender's endpoint (`home`); an answer, the end of the endpoint, and the sender's change of mind
// need that lock. A request is named by count and place (struct async_ref), and a count never comes
// again, so whoever holds a name of a request that is over finds out.
//
// What a receiver holds is an ordinary reply entry, in which the request's word stands where a
// caller's wait word would: it equals none, so the fast path and every claim leave it alone.
// Locking:   takes the lock of `home`; functions ending in _locked need it. At most one endpoint's
//            lock at a time: what must be dropped under another endpoint's is deferred
//            (async_defer) and dropped when that is free (cap_release_deferred).
#pragma once

#include "kernel/core/kernel.h"

enum async_state {
    ASYNC_FREE,
    ASYNC_STORED,    // Sent, or about to be; not handed over.
    ASYNC_HELD,      // Handed over to the task `holder`.
    ASYNC_ANSWERED,  // The answer waits to be received: a frame,
    ASYNC_DROPPED,   // that there is none,
    ASYNC_UNSEEN,    // that there is none and the request was never handed over.
};

// Takes a place of the current task for a request whose answer comes to the endpoint in `slot`, and
// on first use pays for the page that holds answers. Errors: STATUS_BAD_CAP (also of an endpoint
// that is closed), STATUS_DENIED (not its receiver), STATUS_WOULD_BLOCK (all places are taken),
// STATUS_NO_SPACE.
WARN_UNUSED enum status async_reserve(struct kernel *kernel, struct hart *hart, struct task *task,
                                      uint64_t slot, struct async_ref *out);

// The request was not sent after all.
void async_unreserve(struct hart *hart, const struct async_ref *ref);

// What the sender calls it.
uint64_t async_sequence(const struct async_ref *ref);

// Whether somebody wants the answer.
WARN_UNUSED bool async_stands(const struct async_ref *ref);

// The request is about to be handed over to `receiver`, whose endpoint's lock is held. False if
// nobody wants it any more.
WARN_UNUSED bool async_hand_over(const struct async_ref *ref, const struct task *receiver);

// A reply entry of the receiver for it. Returns its handle. The receiver has a free entry.
WARN_UNUSED uint64_t async_reply_make(struct task *receiver, const struct async_ref *ref);

static ALWAYS_INLINE bool reply_is_async(const struct reply_entry *entry) {
    return wait_state_of(entry->caller_wait) == WAIT_ASYNC;
}

static inline struct async_ref async_of_reply(const struct reply_entry *entry) {
    struct async_ref ref = {entry->caller_wait, entry->task, entry->home};
    return ref;
}

// What becomes of a request: ASYNC_ANSWERED by the current task `from` with its reply_out (`frame`:
// its word, checked), or ASYNC_DROPPED or ASYNC_UNSEEN and no task.
struct async_end {
    enum async_state state;
    const struct task *from;
    uint64_t frame;
};

// False if nobody wants to know any more. *woken: the sender, claimed and with its results, if it
// waited for that; null otherwise.
WARN_UNUSED bool async_answer(struct hart *hart, const struct async_ref *ref,
                              const struct async_end *end, struct task **woken);

// The receiver, which is current or claimed, gets the first answer that waits at its endpoint.
void async_take_locked(struct hart *hart, struct endpoint *endpoint, struct task *receiver)
    REQUIRES(endpoint->lock);

// Nobody will answer a held request: its sender is told.
void async_drop(struct kernel *kernel, struct hart *hart, const struct async_ref *ref,
                enum async_state state);

// The same, for one that was never handed over, once no lock is held.
static inline void async_defer(struct hart *hart, const struct async_ref *ref) {
    hart->unseen[hart->unseen_count++] = *ref;
}

// The current task no longer wants the answer; one that has come goes. False: no such request.
WARN_UNUSED bool async_cancel(struct kernel *kernel, struct hart *hart, struct task *task,
                              uint64_t sequence);

// Whether the receiver has requests whose answers come to the endpoint.
WARN_UNUSED bool async_any_locked(const struct kernel *kernel, const struct endpoint *endpoint)
    REQUIRES(endpoint->lock);

// The endpoint ends, and with it the requests of its receiver. `holders` (MAX_ASYNC of them) are
// the tasks that hold one; returns how many. They are to be told when the lock is free
// (async_tell_gone).
WARN_UNUSED uint32_t async_end_locked(struct hart *hart, struct endpoint *endpoint,
                                      uint32_t *holders) REQUIRES(endpoint->lock);
void async_tell_gone(struct kernel *kernel, struct hart *hart, const uint32_t *holders,
                     uint32_t count);

// The task, which has ended, has no endpoint any more: gives the page back.
void async_reclaim(struct kernel *kernel, struct hart *hart, struct task *task);
