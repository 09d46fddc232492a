// kernel/core/ipc_send.c: messages that want no answer: sends, stored or waiting, and
// notifications.
#include "kernel/core/cap_lookup.h"
#include "kernel/core/cap_move.h"
#include "kernel/core/deadline.h"
#include "kernel/core/endpoint_ops.h"
#include "kernel/core/grant.h"
#include "kernel/core/handler.h"
#include "kernel/core/ipc.h"
#include "kernel/core/ipc_queue.h"
#include "kernel/core/transfer.h"

// Stores a frame if quota and storage allow.
static bool store_locked(struct kernel *kernel, struct endpoint *endpoint, struct task *task,
                         const struct capability *cap) REQUIRES(endpoint->lock) {
    uint32_t own = 0;
    for (uint32_t i = 0; i < endpoint->send_count; i++) {
        own += endpoint->sends[(endpoint->send_first + i) % SEND_STORAGE_COUNT].instance ==
               task->instance;
    }
    if (own >= SEND_QUOTA_DEFAULT || endpoint->send_count == SEND_STORAGE_COUNT) {
        return false;
    }
    uint32_t place = (endpoint->send_first + endpoint->send_count) % SEND_STORAGE_COUNT;
    struct message_area *areas = (struct message_area *)arch_page(endpoint->send_page);
    frame_copy(&areas[place], &task->page->call_out, task->wait_frame, task, cap->badge);
    endpoint->sends[place] = (struct stored_send){task->instance, cap->epoch, cap->grant, {0}};
    if (frame_moves_cap(task->wait_frame)) {
        endpoint->sends[place].cap = cap_move_out(task, task->wait_slot, &task->page->call_out);
    }
    if (cap->grant != 0) {
        grant_reference(kernel, cap->grant);
    }
    endpoint->send_count++;
    atomic_store_u32(&endpoint->work, atomic_load_u32(&endpoint->work) + WORK_SEND);
    return true;
}

// What a send without a waiting receiver does. Returns whether the sender blocks; *woken is a
// receiver that turned up in between.
static bool send_later_locked(struct hart *hart, struct endpoint *endpoint, struct task *task,
                              const struct capability *cap, struct task **woken)
    REQUIRES(endpoint->lock) {
    struct kernel *kernel = hart->kernel;
    // Stored even if the receiver waits when a capability rides on it: one way to hand that over.
    if (store_locked(kernel, endpoint, task, cap)) {
        task_results(task, STATUS_OK, DELIVERY_HANDED_OVER, 0, 0);
        atomic_fence();
        *woken = ipc_serve_waiting_locked(kernel, hart, endpoint);
        return false;
    }
    if (task->deadline_ns == 0) {
        task_status(task, STATUS_WOULD_BLOCK);
        return false;
    }
    if (endpoint->owner == task->index) {
        task_status(task, STATUS_BAD_ARG);
        return false;
    }
    task->in_call = false;
    *woken = ipc_queue_self_locked(kernel, hart, endpoint, task, cap);
    return true;
}

static enum status check_send(const struct kernel *kernel, struct task *task,
                              struct capability **out) {
    task->deadline_ns = handler_arg(task, 1);
    uint32_t rights = task->deadline_ns == 0 ? RIGHT_SEND : RIGHT_SEND | RIGHT_CALL;
    enum status status = cap_lookup(task, handler_arg(task, 0), CAP_ENDPOINT, rights, out);
    if (status == STATUS_OK && cap_is_stale(kernel, *out)) {
        status = STATUS_REVOKED;
    }
    task->wait_frame = frame_word_load(&task->page->call_out);
    if (status == STATUS_OK) {
        status = frame_word_check_flags(task->wait_frame, FRAME_CAP_MOVE);
    }
    return status == STATUS_OK ? ipc_check_move(kernel, task) : status;
}

struct task *syscall_ipc_send(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct capability *cap = 0;
    enum status status = check_send(kernel, task, &cap);
    if (status != STATUS_OK) {
        return handler_finish(task, status);
    }
    struct endpoint *endpoint = cap->endpoint;
    lock_acquire(&hart->locks, &endpoint->lock);
    if (atomic_load_u32(&endpoint->generation) != cap->generation &&
        !fault_point_fires(FAULT_POINT_STALE_GENERATION)) {
        lock_release(&hart->locks, &endpoint->lock);
        return handler_finish(task, STATUS_PEER_CLOSED);
    }
    bool moves = frame_moves_cap(task->wait_frame);
    if (moves && (endpoint->flags & ENDPOINT_ACCEPT_CAPS) == 0) {
        lock_release(&hart->locks, &endpoint->lock);
        return handler_finish(task, STATUS_DENIED);
    }
    bool blocks = false;
    bool direct = !moves && (atomic_load_u32(&endpoint->work) == 0 ||  // Nobody overtakes.
                             fault_point_fires(FAULT_POINT_OVERTAKE));
    struct task *receiver = direct ? endpoint_claim_receiver_locked(endpoint, false) : 0;
    if (receiver) {
        frame_copy(&receiver->page->request_in, &task->page->call_out, task->wait_frame, task,
                   cap->badge);
        task_results(receiver, STATUS_OK, RECEIVED_SEND, 0, 0);
        task_results(task, STATUS_OK, DELIVERY_HANDED_OVER, 0, 0);
    } else {
        blocks = send_later_locked(hart, endpoint, task, cap, &receiver);
    }
    lock_release(&hart->locks, &endpoint->lock);
    cap_release_deferred(kernel, hart);
    if (blocks) {
        return ipc_leave(kernel, hart, task, receiver);
    }
    if (receiver) {
        wake_push(kernel, hart, receiver);
    }
    return task;
}

static NOINLINE struct task *wake_and_go_on(struct kernel *kernel, struct hart *hart,
                                            struct task *task, struct task *woken) {
    wake_push(kernel, hart, woken);
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
    return LIKELY(!receiver) ? task : wake_and_go_on(kernel, hart, task, receiver);
}
