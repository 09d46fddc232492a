// kernel/core/ipc_queue.c: see ipc_queue.h.
#include "kernel/core/ipc_queue.h"

#include "kernel/core/async.h"
#include "kernel/core/cap_move.h"
#include "kernel/core/cpu_budget.h"
#include "kernel/core/deadline.h"
#include "kernel/core/donation.h"
#include "kernel/core/endpoint_ops.h"
#include "kernel/core/event.h"
#include "kernel/core/grant.h"
#include "kernel/core/panic.h"
#include "kernel/core/transfer.h"

BASE_STATIC_ASSERT((int)CAP_DEFERRED_MAX > 2 * (int)SEND_STORAGE_COUNT,
                   "all stored ones may be stale, the last of their families, and one is taken");

// The first three take turns.
enum source {
    SOURCE_QUEUED,
    SOURCE_STORED,
    SOURCE_ANSWER,
    SOURCE_NOTIFICATION,
    SOURCE_REVOKED,  // Nothing, but there are more to be refused than one step does.
    SOURCE_NONE,
};

enum { TURN_COUNT = 3 };
BASE_STATIC_ASSERT((int)TURN_FIRST == (int)TURN_COUNT - 1, "the next is the queue");

// Two words: it travels in registers.
struct next {
    enum source source;
    uint32_t position;    // SOURCE_STORED: in send_order.
    struct task *sender;  // SOURCE_QUEUED
};

static bool was_revoked(const struct kernel *kernel, uint32_t grant, uint32_t epoch) {
    return UNLIKELY(grant_is_stale(kernel, grant, epoch)) &&
           !fault_point_fires(FAULT_POINT_SKIP_EPOCH_RECHECK);
}

// Ends the wait of a queued task before its frame was handed over. Leaving WAIT_QUEUED needs the
// lock, so the claim wins.
static void refuse_queued_locked(struct kernel *kernel, struct hart *hart,
                                 struct endpoint *endpoint, struct task *sender)
    REQUIRES(endpoint->lock) {
    endpoint_unlink_locked(kernel, endpoint, sender);
    uint64_t word = atomic_load_u64(&sender->wait);
    bool won = task_claim(sender, word);
    KASSERT(won);
    task_status(sender, STATUS_REVOKED);
    event_note_type(hart, EVENT_LEAVE, sender, STATUS_REVOKED, word >> 16);
    wake_push(kernel, hart, sender);
}

static uint32_t refuses_a_step(void) {
    return fault_point_fires(FAULT_POINT_SHORT_STEP) ? 1 : TOLD_A_STEP;
}

// The first queued task that the receiver can take now: any, or with a full reply table a sender.
// Who was revoked is refused on the way, as many as a step does, and passed by after these: then
// `more` is set, and there is none.
static struct task *queue_first_locked(struct kernel *kernel, struct hart *hart,
                                       struct endpoint *endpoint, bool takes_calls, bool *more)
    REQUIRES(endpoint->lock) {
    uint32_t refuses = refuses_a_step();
    uint32_t index = endpoint->queue_head;
    while (index != TASK_NONE) {  // At most every task once.
        struct task *sender = &kernel->tasks[index];
        index = sender->queue_next;
        if (!was_revoked(kernel, sender->wait_grant, sender->wait_epoch)) {
            if (takes_calls || !sender->in_call) {
                return sender;
            }
        } else if (refuses != 0) {
            refuse_queued_locked(kernel, hart, endpoint, sender);
            refuses--;
        } else {
            *more = true;
        }
    }
    return 0;
}

static struct stored_send *stored_at(struct endpoint *endpoint, uint32_t position) {
    return &endpoint->sends[order_at(endpoint->send_order, position)];
}

// Its place becomes the last of the free ones.
static void stored_remove_locked(struct kernel *kernel, struct hart *hart,
                                 struct endpoint *endpoint, uint32_t position)
    REQUIRES(endpoint->lock) {
    uint64_t place = order_at(endpoint->send_order, position);
    const struct stored_send *send = &endpoint->sends[place];
    uint32_t unit = send->async.word != 0 ? WORK_CALL : WORK_SEND;
    atomic_store_u32(&endpoint->work, atomic_load_u32(&endpoint->work) - unit);
    if (send->grant != 0) {
        grant_release_later(kernel, hart, send->grant);
    }
    uint32_t last = SEND_STORAGE_COUNT - (fault_point_fires(FAULT_POINT_FREE_TOO_SOON) ? 2 : 1);
    endpoint->send_order = order_put(order_remove(endpoint->send_order, position), last, place);
    endpoint->send_count--;
}

// Nobody will see it.
static void stored_drop_locked(struct kernel *kernel, struct hart *hart, struct endpoint *endpoint,
                               uint32_t position) REQUIRES(endpoint->lock) {
    const struct stored_send *send = stored_at(endpoint, position);
    if (send->cap.head != 0) {
        cap_defer(hart, &send->cap);
    }
    if (send->async.word != 0) {
        async_defer(hart, &send->async);
    } else if (event_is_on(hart)) {
        event_lost(hart, send);
    }
    stored_remove_locked(kernel, hart, endpoint, position);
}

// The first stored send that can be handed over: with a full reply table none that wants an answer.
// False: none. What is dropped on the way nobody may or wants to see.
static bool stored_first_locked(struct kernel *kernel, struct hart *hart, struct endpoint *endpoint,
                                bool takes_calls, uint32_t *position) REQUIRES(endpoint->lock) {
    *position = 0;
    while (*position < endpoint->send_count) {
        const struct stored_send *send = stored_at(endpoint, *position);
        bool wants_reply = send->async.word != 0;
        if (was_revoked(kernel, send->grant, send->epoch)) {
            hart_count_up(&hart->counts.stale_sends, 1);
            stored_drop_locked(kernel, hart, endpoint, *position);
        } else if (wants_reply && !async_stands(&send->async)) {
            hart_count_up(&hart->counts.gone_requests, 1);
            stored_drop_locked(kernel, hart, endpoint, *position);
        } else if (wants_reply && !takes_calls) {
            (*position)++;
        } else {
            return true;
        }
    }
    return false;
}

// What the receiver gets next. What it decides on holds until this kernel entry ends: families that
// are revoked meanwhile wait for that.
static struct next next_locked(struct kernel *kernel, struct hart *hart, struct endpoint *endpoint,
                               bool takes_calls) REQUIRES(endpoint->lock) {
    struct next next = {SOURCE_NOTIFICATION, 0, 0};
    bool more = false;
    if ((atomic_load_u32(&endpoint->work) & WORK_NOTIFY) != 0) {
        return next;
    }
    uint32_t turn = endpoint->turn;
    for (uint32_t i = 0; i < TURN_COUNT; i++) {
        turn = turn + 1 < TURN_COUNT ? turn + 1 : 0;
        next.source = (enum source)turn;
        if (next.source == SOURCE_QUEUED && endpoint->queue_head != TASK_NONE) {
            next.sender = queue_first_locked(kernel, hart, endpoint, takes_calls, &more);
            if (next.sender) {
                return next;
            }
        } else if (next.source == SOURCE_STORED && endpoint->send_count != 0) {
            if (stored_first_locked(kernel, hart, endpoint, takes_calls, &next.position)) {
                return next;
            }
        } else if (next.source == SOURCE_ANSWER && endpoint->answer_count != 0) {
            return next;
        }
    }
    next.source = more ? SOURCE_REVOKED : SOURCE_NONE;
    return next;
}

static void take_notification_locked(struct endpoint *endpoint, struct task *receiver)
    REQUIRES(endpoint->lock) {
    task_results(receiver, STATUS_OK, RECEIVED_NOTIFICATION, endpoint->notify_kernel,
                 endpoint->notify_badges);
    endpoint->notify_kernel = 0;
    endpoint->notify_badges = 0;
    atomic_store_u32(&endpoint->work, atomic_load_u32(&endpoint->work) & ~WORK_NOTIFY);
}

// The frame was handed over; its capability goes with it.
static void give_cap(struct hart *hart, struct task *receiver, const struct capability *cap) {
    if (receiver->drops_cap) {
        cap_defer(hart, cap);
    } else {
        cap_move_in(receiver, cap, &receiver->page->request_in);
    }
}

// The receiver holds the request's reply. Should its sender have left since it was looked at, the
// receiver finds that out as it would of a caller.
static uint64_t hold_reply_locked(struct endpoint *endpoint, struct task *receiver,
                                  const struct async_ref *async) REQUIRES(endpoint->lock) {
    if (!async_hand_over(async, receiver)) {
        endpoint->notify_kernel |= NOTIFY_REPLY_GONE;
        atomic_store_u32(&endpoint->work, atomic_load_u32(&endpoint->work) | WORK_NOTIFY);
    }
    return async_reply_make(receiver, async);
}

static COLD void event_taken(struct hart *hart, const struct task *receiver,
                             const struct stored_send *send, uint64_t word) {
    bool wants_reply = send->async.word != 0;
    event_add_message(
        hart, &(struct event_message){
                  .kind = EVENT_TAKE,
                  .task = receiver->instance,
                  .peer = stored_instance(send),
                  .frame_word = word,
                  .sequence = wants_reply ? async_sequence(&send->async) : stored_number(send)});
}

static void take_stored_locked(struct kernel *kernel, struct hart *hart, struct endpoint *endpoint,
                               struct task *receiver, uint32_t position) REQUIRES(endpoint->lock) {
    const struct message_area *areas = (const struct message_area *)arch_page(endpoint->send_page);
    const struct message_area *area = &areas[order_at(endpoint->send_order, position)];
    const struct stored_send *send = stored_at(endpoint, position);
    uint64_t word = frame_word_load(area);
    words_copy(&receiver->page->request_in, area,
               (offsetof(struct message_area, payload) + frame_word_len(word) + 7) / 8);
    if (event_is_on(hart)) {
        event_taken(hart, receiver, send, word);
    }
    if (send->cap.head != 0) {
        give_cap(hart, receiver, &send->cap);
    }
    if (send->async.word != 0) {
        uint64_t handle = hold_reply_locked(endpoint, receiver, &send->async);
        task_results(receiver, STATUS_OK, RECEIVED_CALL, handle, 0);
    } else {
        task_results(receiver, STATUS_OK, RECEIVED_SEND, 0, 0);
    }
    stored_remove_locked(kernel, hart, endpoint, position);
}

static void take_queued_locked(struct kernel *kernel, struct hart *hart, struct endpoint *endpoint,
                               struct task *receiver, struct task *sender)
    REQUIRES(endpoint->lock) {
    endpoint_unlink_locked(kernel, endpoint, sender);
    frame_copy(&receiver->page->request_in, &sender->page->call_out, sender->wait_frame, sender,
               sender->wait_badge);
    if (frame_moves_cap(sender->wait_frame)) {
        // Before the wait becomes another: then the sender's home hart may end it.
        give_cap(hart, receiver, &sender->caps[sender->wait_slot]);
        cap_move_end(sender, sender->wait_slot, &sender->page->call_out);
    }
    if (sender->in_call) {
        bool takes = (frame_word_flags(sender->wait_frame) & FRAME_TAKE_CAP) != 0;
        event_note_frame(hart, EVENT_CALL, sender, receiver, sender->wait_frame);
        struct reply_entry *entry = receiver->reply_free;
        call_give(receiver, sender, takes ? WAIT_REPLY_CAP : WAIT_REPLY);
        if (cpu_is_spent(sender)) {
            reply_defer(entry);
        }
        return;
    }
    task_results(receiver, STATUS_OK, RECEIVED_SEND, 0, 0);
    if (event_is_on(hart)) {
        event_add_message(
            hart, &(struct event_message){.kind = EVENT_TAKE,
                                          .task = receiver->instance,
                                          .peer = sender->instance,
                                          .frame_word = sender->wait_frame,
                                          .sequence = atomic_load_u64(&sender->wait) >> 16});
    }
    bool won = task_claim(sender, atomic_load_u64(&sender->wait));
    KASSERT(won);
    task_results(sender, STATUS_OK, DELIVERY_HANDED_OVER, 0, 0);
    wake_push(kernel, hart, sender);
}

// Whether the frame carries a capability that the receiver has no slot for.
static bool lacks_slot(struct endpoint *endpoint, const struct task *receiver, struct next next) {
    if (receiver->caps_free != 0 || receiver->drops_cap) {
        return false;
    }
    return (next.source == SOURCE_STORED && stored_at(endpoint, next.position)->cap.head != 0) ||
           (next.source == SOURCE_QUEUED && frame_moves_cap(next.sender->wait_frame));
}

static void take_locked(struct kernel *kernel, struct hart *hart, struct endpoint *endpoint,
                        struct task *receiver, struct next next) REQUIRES(endpoint->lock) {
    if (UNLIKELY(lacks_slot(endpoint, receiver, next))) {
        task_status(receiver, STATUS_NO_SPACE);  // The frame stays the first.
        return;
    }
    if ((int)next.source < (int)TURN_COUNT) {
        endpoint->turn = (uint32_t)next.source;
    }
    switch (next.source) {
        case SOURCE_NOTIFICATION:
            take_notification_locked(endpoint, receiver);
            return;
        case SOURCE_STORED:
            take_stored_locked(kernel, hart, endpoint, receiver, next.position);
            return;
        case SOURCE_ANSWER:
            async_take_locked(hart, endpoint, receiver);
            return;
        case SOURCE_QUEUED:
            take_queued_locked(kernel, hart, endpoint, receiver, next.sender);
            return;
        case SOURCE_REVOKED:
        case SOURCE_NONE:
            break;
    }
    kernel_panic("nothing to take");
}

static ALWAYS_INLINE bool is_something(struct next next) {
    return (int)next.source < (int)SOURCE_REVOKED;
}

enum ipc_taken ipc_take_locked(struct kernel *kernel, struct hart *hart, struct endpoint *endpoint,
                               struct task *receiver) {
    bool takes_calls = receiver->reply_free != 0;
    struct next next = next_locked(kernel, hart, endpoint, takes_calls);
    if (is_something(next)) {
        take_locked(kernel, hart, endpoint, receiver, next);
        return IPC_TAKEN;
    }
    return next.source == SOURCE_REVOKED ? IPC_REFUSES_MORE : IPC_NOTHING;
}

// What it gets is known before it is claimed: a task that was claimed for nothing could not be put
// back, since its home hart may have found it gone.
struct task *ipc_serve_waiting_locked(struct kernel *kernel, struct hart *hart,
                                      struct endpoint *endpoint) {
    uint32_t index = (uint32_t)(endpoint - kernel->endpoints);
    struct task *receiver = endpoint->receiver;
    uint64_t word = atomic_load_acquire_u64(&receiver->wait);
    enum wait_state state = wait_state_of(word);
    if ((state != WAIT_RECV && state != WAIT_RECV_NOCALL) || wait_object_of(word) != index) {
        return 0;
    }
    struct next next = next_locked(kernel, hart, endpoint, state == WAIT_RECV);
    // Should more have to be refused, the receiver does that when it next receives.
    if (!is_something(next) || !task_claim(receiver, word)) {
        return 0;
    }
    take_locked(kernel, hart, endpoint, receiver, next);
    return receiver;
}

struct task *ipc_queue_self_locked(struct kernel *kernel, struct hart *hart,
                                   struct endpoint *endpoint, struct task *task,
                                   const struct capability *cap) {
    task->wait_badge = cap->badge;
    task->wait_grant = cap->grant;
    task->wait_epoch = cap->epoch;
    endpoint_link_locked(kernel, endpoint, task);
    uint64_t unused = task_wait(task, WAIT_QUEUED, cap->object);
    (void)unused;
    atomic_fence();
    donation_join_locked(kernel, endpoint, task);  // Who sets its class now sees it here.
    return ipc_serve_waiting_locked(kernel, hart, endpoint);
}

enum status ipc_check_move(const struct kernel *kernel, struct task *task) {
    if (!frame_moves_cap(task->wait_frame)) {
        return STATUS_OK;
    }
    uint64_t slot = frame_slot_load(&task->page->call_out);
    task->wait_slot = (uint8_t)slot;
    return cap_move_check(kernel, task, slot);
}

struct task *ipc_leave(struct kernel *kernel, struct hart *hart, struct task *task,
                       struct task *next) {
    ipc_wait_note(hart, task);
    if (next && next->hart == hart) {
        return run_queue_go_on(kernel, hart, next);
    }
    if (next) {
        wake_push(kernel, hart, next);
    }
    return run_queue_next(kernel, hart);
}
