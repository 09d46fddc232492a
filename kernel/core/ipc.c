// kernel/core/ipc.c: rendezvous of callers and receivers. kernel/core/README.md explains why no
// wake-up is lost.
#include "kernel/core/ipc.h"

#include "kernel/core/async.h"
#include "kernel/core/cap_lookup.h"
#include "kernel/core/cap_move.h"
#include "kernel/core/deadline.h"
#include "kernel/core/donation.h"
#include "kernel/core/endpoint_ops.h"
#include "kernel/core/grant.h"
#include "kernel/core/ipc_queue.h"
#include "kernel/core/syscall.h"
#include "kernel/core/transfer.h"
#include "kernel/core/wake.h"

static ALWAYS_INLINE uint64_t arg(const struct task *task, uint32_t index) {
    return task->regs.x[REG_A0 + index];
}

static ALWAYS_INLINE struct task *finish(struct task *task, enum status status) {
    task_status(task, status);
    return task;
}

// Nobody waits for the call: it is queued, or refused. The caller holds the endpoint's lock,
// released here.
static COLD struct task *call_later(struct kernel *kernel, struct hart *hart,
                                    struct endpoint *endpoint, struct task *task, uint64_t word)
    RELEASES(endpoint->lock) {
    const struct capability *cap = &task->caps[arg(task, 0)];
    bool alive = atomic_load_u32(&endpoint->generation) == cap->generation;
    enum status status = !alive                           ? STATUS_PEER_CLOSED
                         : endpoint->owner == task->index ? STATUS_BAD_ARG
                                                          : STATUS_OK;
    if (status == STATUS_OK && frame_moves_cap(word) &&
        (endpoint->flags & ENDPOINT_ACCEPT_CAPS) == 0) {
        status = STATUS_DENIED;
    }
    if (status != STATUS_OK) {
        lock_release(&hart->locks, &endpoint->lock);
        return finish(task, status);
    }
    task->in_call = true;
    task->wait_frame = word;
    event_note_frame(hart, EVENT_QUEUE, task, endpoint->receiver, word);
    struct task *receiver = ipc_queue_self_locked(kernel, hart, endpoint, task, cap);
    struct task *lent_to = endpoint->receiver;
    lock_release(&hart->locks, &endpoint->lock);
    cap_release_deferred(kernel, hart);
    if (!receiver) {
        donation_spread(kernel, hart, lent_to);
    }
    return ipc_leave(kernel, hart, task, receiver);
}

// A call whose frame or deadline is not the common one: refused, or queued even if the receiver
// waits, so that capabilities are handed over in one place.
static COLD struct task *call_flagged(struct kernel *kernel, struct hart *hart, struct task *task,
                                      const struct capability *cap, uint64_t word) {
    enum status status = frame_word_check_flags(word, FRAME_CAP_MOVE | FRAME_TAKE_CAP);
    if (status == STATUS_OK && task->deadline_ns == 0) {
        status = STATUS_BAD_ARG;
    }
    task->wait_frame = word;
    if (status == STATUS_OK) {
        status = ipc_check_move(kernel, task);
    }
    // While it waits nobody but who answers places anything in its table: a slot that is free now
    // is reserved.
    bool takes = (frame_word_flags(word) & FRAME_TAKE_CAP) != 0;
    if (status == STATUS_OK && takes && task->caps_free == 0) {
        status = STATUS_NO_SPACE;
    }
    if (status != STATUS_OK) {
        return finish(task, status);
    }
    struct endpoint *endpoint = cap->endpoint;
    lock_acquire(&hart->locks, &endpoint->lock);
    return call_later(kernel, hart, endpoint, task, word);
}

struct task *syscall_ipc_call(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct capability *cap = 0;
    enum status status = cap_lookup(task, arg(task, 0), CAP_ENDPOINT, RIGHT_CALL, &cap);
    if (UNLIKELY(status != STATUS_OK)) {
        return finish(task, status);
    }
    if (UNLIKELY(cap_is_stale(kernel, cap))) {
        return finish(task, STATUS_REVOKED);
    }
    uint64_t word = frame_word_load(&task->page->call_out);
    status = frame_word_check(word);
    atomic_raw_store_shared(&task->deadline_ns, arg(task, 1));
    if (UNLIKELY(status != STATUS_OK || task->deadline_ns == 0)) {
        return call_flagged(kernel, hart, task, cap, word);
    }
    struct endpoint *endpoint = cap->endpoint;
    lock_acquire(&hart->locks, &endpoint->lock);
    // The generation first: an endpoint that has ended has no owner. A task that calls itself is
    // running, so it is never found waiting. Nobody overtakes: a receiver that has published its
    // wait, and has not looked yet, may be seen waiting while something is stored or queued.
    struct task *receiver = 0;
    if (LIKELY(
            atomic_load_u32(&endpoint->generation) == cap->generation &&
            (atomic_load_u32(&endpoint->work) == 0 || fault_point_fires(FAULT_POINT_OVERTAKE)))) {
        receiver = endpoint_claim_receiver_locked(endpoint, true);
    }
    if (UNLIKELY(!receiver)) {
        return call_later(kernel, hart, endpoint, task, word);
    }
    event_note_frame(hart, EVENT_CALL, task, receiver, word);
    call_give(receiver, task, WAIT_REPLY);
    lock_release(&hart->locks, &endpoint->lock);
    frame_copy(&receiver->page->request_in, &task->page->call_out, word, task, cap->badge);
    return ipc_leave(kernel, hart, task, receiver);
}

enum receive_outcome {
    RECEIVE_NOTHING = IPC_NOTHING,    // There was nothing; the task does not wait.
    RECEIVE_DONE = IPC_TAKEN,         // The task has its results.
    RECEIVE_MORE = IPC_REFUSES_MORE,  // As many were refused as a step does; it does not wait.
    RECEIVE_SERVED,  // Somebody ended the published wait and makes the task runnable.
};

// The receive half when something waits, the endpoint closed, or the deadline is 0: takes the
// published wait back if there is one, and what there is to take.
static enum receive_outcome receive_now(struct kernel *kernel, struct hart *hart, struct task *task,
                                        const struct capability *cap, bool published) {
    struct endpoint *endpoint = cap->endpoint;
    enum receive_outcome outcome = RECEIVE_DONE;
    lock_acquire(&hart->locks, &endpoint->lock);
    // Under the lock, so that nobody ends the wait between look and store.
    if (published && wait_state_of(atomic_load_low_u64(&task->wait)) == WAIT_NONE) {
        lock_release(&hart->locks, &endpoint->lock);
        atomic_fence();  // Once something else runs here, the task may be stolen (steal.c).
        return RECEIVE_SERVED;
    }
    if (published) {
        atomic_store_low_u64(&task->wait, 0);
    }
    if (atomic_load_u32(&endpoint->generation) != cap->generation) {
        task_status(task, STATUS_PEER_CLOSED);
    } else {
        outcome = (enum receive_outcome)ipc_take_locked(kernel, hart, endpoint, task);
    }
    lock_release(&hart->locks, &endpoint->lock);
    cap_release_deferred(kernel, hart);
    return outcome;
}

// Another step refuses more, with the registers that receive_resume reads.
static COLD struct task *receive_again(struct kernel *kernel, struct hart *hart, struct task *task,
                                       const struct capability *cap, uint64_t flags) {
    task->regs.x[REG_A0] = (uint64_t)(cap - task->caps);
    task->regs.x[REG_A0 + 2] = flags;
    task->regs.x[REG_A7] = SYSCALL_IPC_RECV;
    return syscall_again(kernel, hart, task);
}

// The task goes on if it has its results or another step to do, and waits otherwise; `next` is as
// in receive.
static struct task *receive_end(struct hart *hart, struct task *task, const struct capability *cap,
                                struct task *next, enum receive_outcome outcome) {
    struct kernel *kernel = hart->kernel;
    if (LIKELY(outcome == RECEIVE_SERVED)) {
        return ipc_leave(kernel, hart, task, next);
    }
    if (next) {
        wake_push(kernel, hart, next);
    }
    if (UNLIKELY(outcome == RECEIVE_MORE)) {
        return receive_again(kernel, hart, task, cap, 0);
    }
    return run_queue_go_on(kernel, hart, task);  // It serves somebody else now, or nobody.
}

// Receives for a task that waits for nothing: RECEIVE_DONE, RECEIVE_SERVED (it waits, or somebody
// has ended that) or RECEIVE_MORE.
static ALWAYS_INLINE enum receive_outcome receive_step(struct kernel *kernel, struct hart *hart,
                                                       struct task *task,
                                                       const struct capability *cap) {
    enum receive_outcome outcome = RECEIVE_NOTHING;
    // A capability of an earlier life of an endpoint that the task owns again must not make it wait
    // there. It does not begin another life meanwhile: its owner is here.
    if (task->deadline_ns == 0 || atomic_load_u32(&cap->endpoint->generation) != cap->generation) {
        outcome = receive_now(kernel, hart, task, cap, false);
        if (outcome == RECEIVE_NOTHING) {
            task_status(task, STATUS_WOULD_BLOCK);
            return RECEIVE_DONE;
        }
        return outcome;
    }
    // Ends: each further round had work that its sender took back (time-out, kill) while this hart
    //       looked, at most once a queued task.
    while (outcome == RECEIVE_NOTHING) {
        outcome = receive_publish(task, cap->endpoint, cap->generation, task->reply_free != 0)
                      ? RECEIVE_SERVED  // Or will be.
                      : receive_now(kernel, hart, task, cap, true);
    }
    return outcome;
}

// Receives for the current task. `next` (claimed and with its results, or null) runs if the task
// waits, and is woken if it goes on.
static struct task *receive(struct kernel *kernel, struct hart *hart, struct task *task,
                            const struct capability *cap, struct task *next) {
    return receive_end(hart, task, cap, next, receive_step(kernel, hart, task, cap));
}

struct task *receive_published(struct kernel *kernel, struct hart *hart, struct task *task,
                               const struct capability *cap, struct task *next) {
    enum receive_outcome outcome = receive_now(kernel, hart, task, cap, true);
    return outcome == RECEIVE_NOTHING ? receive(kernel, hart, task, cap, next)
                                      : receive_end(hart, task, cap, next, outcome);
}

// With RECV_DROP_CAP, as long as it does not wait.
static COLD enum receive_outcome receive_dropping_step(struct kernel *kernel, struct hart *hart,
                                                       struct task *task,
                                                       const struct capability *cap) {
    task->drops_cap = true;
    enum receive_outcome outcome = receive_now(kernel, hart, task, cap, false);
    task->drops_cap = false;
    return outcome;
}

enum step receive_resume(struct kernel *kernel, struct hart *hart, struct task *task) {
    const struct capability *cap = &task->caps[arg(task, 0)];
    if (task->deadline_ns != 0) {
        ipc_wait_note(hart, task);  // Once it waits another hart may have it.
    }
    enum receive_outcome outcome =
        arg(task, 2) != 0 ? receive_dropping_step(kernel, hart, task, cap) : RECEIVE_NOTHING;
    if (outcome == RECEIVE_NOTHING) {
        outcome = receive_step(kernel, hart, task, cap);
    }
    switch (outcome) {
        case RECEIVE_MORE:
            return STEP_MORE;
        case RECEIVE_SERVED:
            return STEP_GONE;
        case RECEIVE_NOTHING:
        case RECEIVE_DONE:
            break;
    }
    return STEP_DONE;
}

static COLD struct task *receive_dropping(struct kernel *kernel, struct hart *hart,
                                          struct task *task, const struct capability *cap) {
    enum receive_outcome outcome = receive_dropping_step(kernel, hart, task, cap);
    if (outcome == RECEIVE_MORE) {
        return receive_again(kernel, hart, task, cap, RECV_DROP_CAP);
    }
    return outcome == RECEIVE_NOTHING ? receive(kernel, hart, task, cap, 0)
                                      : receive_end(hart, task, cap, 0, outcome);
}

struct task *syscall_ipc_recv(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct capability *cap = 0;
    enum status status = cap_lookup(task, arg(task, 0), CAP_ENDPOINT, RIGHT_RECV, &cap);
    uint64_t flags = arg(task, 2);
    if (status == STATUS_OK && (flags & ~(uint64_t)RECV_DROP_CAP) != 0) {
        status = STATUS_BAD_ARG;
    }
    if (status != STATUS_OK) {
        return finish(task, status);
    }
    atomic_raw_store_shared(&task->deadline_ns, arg(task, 1));
    serving_ends(task);
    if (UNLIKELY(flags != 0)) {
        return receive_dropping(kernel, hart, task, cap);
    }
    // Without the lock: what comes after this look comes after this call.
    if (task->deadline_ns == 0 && endpoint_state(cap->endpoint) == cap->generation) {
        task_status(task, STATUS_WOULD_BLOCK);
        return run_queue_go_on(kernel, hart, task);
    }
    return receive(kernel, hart, task, cap, 0);
}

// Claims the caller of `entry` for an answer, `word`, and frees the entry. Null if it does not wait
// (reply_unawaited must follow); otherwise the frame is to be copied before the caller is made
// runnable.
static struct task *reply_give(struct hart *hart, struct task *task, struct reply_entry *entry,
                               uint64_t word) {
    struct task *caller = entry->task;
    uint64_t caller_word = reply_word(entry);
    // Acquire: the caller's registers and page are as it left them. Reply, time-out and kill race
    //          here; one wins.
    if (UNLIKELY(!task_claim(caller, caller_word)) &&
        !fault_point_fires(FAULT_POINT_REPLY_ANYWAY)) {
        return 0;
    }
    reply_free(task, entry, entry->handle);
    if (!fault_point_fires(FAULT_POINT_SKIP_EVENT)) {
        event_note_frame(hart, EVENT_REPLY, task, caller, word);
    }
    task_results(caller, STATUS_OK, DELIVERY_HANDED_OVER, 0, 0);
    return caller;
}

// The answer to an asynchronous request, or to a caller that has left; frees the entry. *woken as
// async_answer. Errors: STATUS_PEER_CLOSED: nobody wants it, which is counted.
static COLD enum status reply_unawaited(struct hart *hart, struct task *task,
                                        struct reply_entry *entry, uint64_t frame,
                                        struct task **woken) {
    bool is_async = reply_is_async(entry);
    struct async_ref async = async_of_reply(entry);
    const struct async_end end = {ASYNC_ANSWERED, task, frame};
    reply_free(task, entry, entry->handle);
    if (is_async && async_answer(hart, &async, &end, woken)) {
        return STATUS_OK;
    }
    hart_count_up(&hart->counts.late_replies, 1);
    return STATUS_PEER_CLOSED;
}

// Everything that may be wrong with an answer; *slot is what rides on it, loaded once.
static enum status reply_check(const struct kernel *kernel, const struct task *task,
                               const struct reply_entry *entry, uint64_t word, uint32_t *slot) {
    enum status status = frame_word_check_flags(word, FRAME_CAP_MOVE);
    if (status != STATUS_OK || !frame_moves_cap(word)) {
        return status;
    }
    if (wait_state_of(reply_word(entry)) != WAIT_REPLY_CAP) {
        return STATUS_DENIED;  // The caller takes none.
    }
    *slot = (uint32_t)frame_slot_load(&task->page->reply_out);
    return cap_move_check(kernel, task, *slot);
}

// The caller is claimed, and has a free slot if a capability rides on the answer.
static void reply_copy(struct task *task, struct task *caller, uint64_t word, uint32_t slot) {
    frame_copy(&caller->page->reply_in, &task->page->reply_out, word, task, 0);
    if (slot != CAP_SLOT_NONE) {
        cap_hand_over(task, slot, &task->page->reply_out, caller, &caller->page->reply_in);
    }
}

struct task *syscall_ipc_reply(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct reply_entry *entry = reply_find(task, arg(task, 0));
    uint64_t word = frame_word_load(&task->page->reply_out);
    uint32_t slot = CAP_SLOT_NONE;
    enum status status = entry ? reply_check(kernel, task, entry, word, &slot) : STATUS_BAD_CAP;
    if (status != STATUS_OK) {
        return finish(task, status);
    }
    struct task *caller = reply_give(hart, task, entry, word);
    if (caller && fault_point_fires(FAULT_POINT_WAKE_TOO_SOON)) {
        wake_push(kernel, hart, caller);
        reply_copy(task, caller, word, slot);
    } else if (caller) {
        reply_copy(task, caller, word, slot);
        wake_push(kernel, hart, caller);
    } else {
        status = reply_unawaited(hart, task, entry, word, &caller);
        if (caller) {
            wake_push(kernel, hart, caller);
        }
    }
    return run_queue_go_on(kernel, hart, finish(task, status));
}

struct task *syscall_ipc_reply_recv(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct capability *cap = 0;
    enum status status = cap_lookup(task, arg(task, 1), CAP_ENDPOINT, RIGHT_RECV, &cap);
    struct reply_entry *entry = reply_find(task, arg(task, 0));
    if (status != STATUS_OK || !entry) {
        return finish(task, status != STATUS_OK ? status : STATUS_BAD_CAP);
    }
    uint64_t word = frame_word_load(&task->page->reply_out);
    uint32_t slot = CAP_SLOT_NONE;
    status = reply_check(kernel, task, entry, word, &slot);
    if (status != STATUS_OK) {
        return finish(task, status);
    }
    atomic_raw_store_shared(&task->deadline_ns, arg(task, 2));
    struct task *caller = reply_give(hart, task, entry, word);
    if (caller) {
        reply_copy(task, caller, word, slot);
    } else {
        status_ignore(reply_unawaited(hart, task, entry, word, &caller), "counted");
    }
    serving_ends(task);
    return receive(kernel, hart, task, cap, caller);
}

static COLD void reply_drop_async(struct kernel *kernel, struct hart *hart, struct task *task,
                                  struct reply_entry *entry) {
    struct async_ref async = async_of_reply(entry);
    reply_free(task, entry, entry->handle);
    async_drop(kernel, hart, &async, ASYNC_DROPPED);
}

void reply_drop(struct kernel *kernel, struct hart *hart, struct task *task,
                struct reply_entry *entry) {
    struct task *caller = entry->task;
    uint64_t caller_word = reply_word(entry);
    if (UNLIKELY(reply_is_async(entry))) {
        reply_drop_async(kernel, hart, task, entry);
        return;
    }
    reply_free(task, entry, entry->handle);
    if (task_claim(caller, caller_word)) {
        event_note(hart, EVENT_DROP, task, caller, caller_word >> 16);
        task_results(caller, STATUS_PEER_CLOSED, DELIVERY_HANDED_OVER, 0, 0);
        wake_push(kernel, hart, caller);
    }
}
