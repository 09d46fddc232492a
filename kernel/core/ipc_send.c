// kernel/core/ipc_send.c: messages that nobody waits on: sends, stored or waiting, with or without
// an answer that comes later, and notifications.
#include "kernel/core/async.h"
#include "kernel/core/cap_lookup.h"
#include "kernel/core/cap_move.h"
#include "kernel/core/deadline.h"
#include "kernel/core/endpoint_ops.h"
#include "kernel/core/event.h"
#include "kernel/core/grant.h"
#include "kernel/core/handler.h"
#include "kernel/core/ipc.h"
#include "kernel/core/ipc_queue.h"
#include "kernel/core/transfer.h"

// Stores a frame if quota and storage allow. `async`: the answer that it wants, or null.
static bool store_locked(struct kernel *kernel, struct endpoint *endpoint, struct task *task,
                         const struct capability *cap, const struct async_ref *async)
    REQUIRES(endpoint->lock) {
    uint32_t own = 0;
    for (uint32_t i = 0; i < endpoint->send_count; i++) {
        own +=
            stored_instance(&endpoint->sends[order_at(endpoint->send_order, i)]) == task->instance;
    }
    if (own >= SEND_QUOTA_DEFAULT || endpoint->send_count == SEND_STORAGE_COUNT) {
        return false;
    }
    uint64_t place = order_at(endpoint->send_order, endpoint->send_count);
    struct message_area *areas = (struct message_area *)arch_page(endpoint->send_page);
    frame_copy(&areas[place], &task->page->call_out, task->wait_frame, task, cap->badge);
    struct stored_send *send = &endpoint->sends[place];
    send->from = task->instance;
    send->epoch = cap->epoch;
    send->grant = cap->grant;
    send->cap.head = 0;
    send->async.word = 0;
    if (frame_moves_cap(task->wait_frame)) {
        send->cap = cap_move_out(task, task->wait_slot, &task->page->call_out);
    }
    if (async) {
        send->async = *async;
    }
    if (cap->grant != 0) {
        grant_reference(kernel, cap->grant);
    }
    endpoint->send_count++;
    uint32_t unit = async ? WORK_CALL : WORK_SEND;
    atomic_store_u32(&endpoint->work, atomic_load_u32(&endpoint->work) + unit);
    return true;
}

// The last that was stored, while events are recorded.
static COLD void event_stored_locked(struct hart *hart, struct endpoint *endpoint,
                                     const struct task *task, const struct async_ref *async)
    REQUIRES(endpoint->lock) {
    uint64_t place = order_at(endpoint->send_order, endpoint->send_count - 1);
    uint32_t number = event_number(hart);
    endpoint->sends[place].from |= (uint64_t)number << 32;
    event_add_message(hart,
                      &(struct event_message){.kind = async ? EVENT_REQUEST : EVENT_SEND,
                                              .task = task->instance,
                                              .peer = endpoint->receiver->instance,
                                              .frame_word = task->wait_frame,
                                              .sequence = async ? async_sequence(async) : number});
}

// A send that is checked, and its place for an answer reserved if it wants one.
struct sending {
    const struct capability *cap;
    const struct async_ref *async;  // Null: it wants none.
    struct task *woken;             // A receiver that gets it, claimed; or null.
};

// What a send without a waiting receiver does. Returns whether the sender blocks; a receiver may
// turn up in between.
static bool send_later_locked(struct hart *hart, struct endpoint *endpoint, struct task *task,
                              struct sending *sending) REQUIRES(endpoint->lock) {
    struct kernel *kernel = hart->kernel;
    const struct capability *cap = sending->cap;
    const struct async_ref *async = sending->async;
    // Stored even if the receiver waits when a capability rides on it or it wants an answer: one
    // way to hand that over.
    if (store_locked(kernel, endpoint, task, cap, async)) {
        if (event_is_on(hart)) {
            event_stored_locked(hart, endpoint, task, async);
        }
        task_results(task, STATUS_OK, DELIVERY_HANDED_OVER, async ? async_sequence(async) : 0, 0);
        atomic_fence();
        sending->woken = ipc_serve_waiting_locked(kernel, hart, endpoint);
        return false;
    }
    if (task->deadline_ns == 0) {
        hart_count_up(&hart->counts.refused_sends, 1);
        task_status(task, STATUS_WOULD_BLOCK);
        return false;
    }
    if (endpoint->owner == task->index) {
        task_status(task, STATUS_BAD_ARG);
        return false;
    }
    task->in_call = false;
    event_note_frame(hart, EVENT_QUEUE, task, endpoint->receiver, task->wait_frame);
    sending->woken = ipc_queue_self_locked(kernel, hart, endpoint, task, cap);
    return true;
}

// Who wants an answer does not wait to send.
static enum status check_frame(struct task *task) {
    enum status status =
        frame_word_check_flags(task->wait_frame, FRAME_CAP_MOVE | FRAME_WANT_REPLY);
    if (status == STATUS_OK && frame_wants_reply(task->wait_frame) && task->deadline_ns != 0) {
        status = STATUS_BAD_ARG;
    }
    return status;
}

static enum status check_send(const struct kernel *kernel, struct task *task,
                              struct capability **out) {
    atomic_raw_store_shared(&task->deadline_ns, handler_arg(task, 1));
    uint32_t rights = task->deadline_ns == 0 ? RIGHT_SEND : RIGHT_SEND | RIGHT_CALL;
    enum status status = cap_lookup(task, handler_arg(task, 0), CAP_ENDPOINT, rights, out);
    if (status == STATUS_OK && cap_is_stale(kernel, *out)) {
        status = STATUS_REVOKED;
    }
    task->wait_frame = frame_word_load(&task->page->call_out);
    if (status == STATUS_OK) {
        status = check_frame(task);
    }
    return status == STATUS_OK ? ipc_check_move(kernel, task) : status;
}

static enum status check_endpoint_locked(const struct endpoint *endpoint,
                                         const struct capability *cap, uint64_t word)
    REQUIRES(endpoint->lock) {
    if (atomic_load_u32(&endpoint->generation) != cap->generation &&
        !fault_point_fires(FAULT_POINT_STALE_GENERATION)) {
        return STATUS_PEER_CLOSED;
    }
    bool takes = !frame_moves_cap(word) || (endpoint->flags & ENDPOINT_ACCEPT_CAPS) != 0;
    return takes ? STATUS_OK : STATUS_DENIED;
}

// The caller holds the endpoint's lock. Results as send_later_locked.
static bool send_locked(struct hart *hart, struct endpoint *endpoint, struct task *task,
                        struct sending *sending) REQUIRES(endpoint->lock) {
    const struct capability *cap = sending->cap;
    bool direct = frame_word_flags(task->wait_frame) == 0 &&
                  (atomic_load_u32(&endpoint->work) == 0 ||  // Nobody overtakes.
                   fault_point_fires(FAULT_POINT_OVERTAKE));
    struct task *receiver = direct ? endpoint_claim_receiver_locked(endpoint, false) : 0;
    if (!receiver) {
        return send_later_locked(hart, endpoint, task, sending);
    }
    event_note_frame(hart, EVENT_SEND, task, receiver, task->wait_frame);
    frame_copy(&receiver->page->request_in, &task->page->call_out, task->wait_frame, task,
               cap->badge);
    task_results(receiver, STATUS_OK, RECEIVED_SEND, 0, 0);
    task_results(task, STATUS_OK, DELIVERY_HANDED_OVER, 0, 0);
    sending->woken = receiver;
    return false;
}

struct task *syscall_ipc_send(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct capability *cap = 0;
    struct async_ref reserved;
    struct sending sending = {0, 0, 0};
    enum status status = check_send(kernel, task, &cap);
    if (status == STATUS_OK && UNLIKELY(frame_wants_reply(task->wait_frame))) {
        status = async_reserve(kernel, hart, task, handler_arg(task, 2), &reserved);
        sending.async = &reserved;
    }
    if (status != STATUS_OK) {
        return handler_finish(task, status);
    }
    struct endpoint *endpoint = cap->endpoint;
    sending.cap = cap;
    bool blocks = false;
    lock_acquire(&hart->locks, &endpoint->lock);
    status = check_endpoint_locked(endpoint, cap, task->wait_frame);
    if (status == STATUS_OK) {
        blocks = send_locked(hart, endpoint, task, &sending);
    } else {
        task_status(task, status);
    }
    lock_release(&hart->locks, &endpoint->lock);
    cap_release_deferred(kernel, hart);
    if (blocks) {
        return ipc_leave(kernel, hart, task, sending.woken);
    }
    if (sending.async && task->regs.x[REG_A0] != STATUS_OK) {
        async_unreserve(hart, sending.async);
    }
    if (sending.woken) {
        wake_push(kernel, hart, sending.woken);
    }
    return task;
}

static NOINLINE struct task *notify_told(struct kernel *kernel, struct hart *hart,
                                         struct task *task, struct task *receiver) {
    event_note(hart, EVENT_NOTIFY, task, receiver, 0);
    if (receiver) {
        wake_push(kernel, hart, receiver);
    }
    return task;
}

struct task *syscall_ipc_notify(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct capability *cap = 0;
    enum status status = cap_lookup(task, handler_arg(task, 0), CAP_ENDPOINT, RIGHT_NOTIFY, &cap);
    if (UNLIKELY(status != STATUS_OK || cap_is_stale(kernel, cap))) {
        return handler_finish(task, status != STATUS_OK ? status : STATUS_REVOKED);
    }
    struct endpoint *endpoint = cap->endpoint;
    lock_acquire(&hart->locks, &endpoint->lock);
    if (UNLIKELY(atomic_load_u32(&endpoint->generation) != cap->generation)) {
        lock_release(&hart->locks, &endpoint->lock);
        return handler_finish(task, STATUS_PEER_CLOSED);
    }
    struct task *receiver = notify_locked(endpoint, 0, UINT64_C(1) << (cap->badge & 63));
    lock_release(&hart->locks, &endpoint->lock);
    task_status(task, STATUS_OK);
    return receiver || event_is_on(hart) ? notify_told(kernel, hart, task, receiver) : task;
}
