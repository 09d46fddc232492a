// kernel/core/ipc.c: rendezvous of callers and receivers. kernel/core/README.md explains why no
// wake-up is lost.
#include "kernel/core/ipc.h"

#include "kernel/core/cap_lookup.h"
#include "kernel/core/deadline.h"
#include "kernel/core/donation.h"
#include "kernel/core/endpoint_ops.h"
#include "kernel/core/panic.h"
#include "kernel/core/transfer.h"
#include "kernel/core/wake.h"

static ALWAYS_INLINE uint64_t arg(const struct task *task, uint32_t index) {
    return task->regs.x[REG_A0 + index];
}

static ALWAYS_INLINE struct task *finish(struct task *task, enum status status) {
    task_status(task, status);
    return task;
}

// Makes the sender (queued or current) wait for the reply of the claimed receiver. The frame is
// copied by the caller, before the receiver is made runnable: until then nobody else touches either
// page.
static ALWAYS_INLINE void give_call(struct task *receiver, struct task *sender) {
    uint64_t caller_word = wait_next(atomic_load_u64(&sender->wait), WAIT_REPLY, receiver->index);
    uint64_t handle = reply_make(receiver, sender, caller_word);
    atomic_store_u32(&receiver->serving, sender->index);
    task_results(receiver, STATUS_OK, RECEIVED_CALL, handle, 0);
    // Release: pairs with the claim of whoever ends this wait. From here on the caller may be timed
    //          out or killed.
    atomic_store_release_u64(&sender->wait, caller_word);
}

// The first queued task that the receiver can take now: any, or with a full reply table a sender.
static struct task *queue_first_locked(struct kernel *kernel, const struct endpoint *endpoint,
                                       bool takes_calls) {
    uint32_t index = endpoint->queue_head;
    while (index != TASK_NONE && !takes_calls && kernel->tasks[index].in_call) {
        index = kernel->tasks[index].queue_next;
    }
    return index == TASK_NONE ? 0 : &kernel->tasks[index];
}

// The receiver, current or claimed, has a frame of nobody who waits for an answer.
static void receive_send(struct task *receiver) {
    atomic_store_u32(&receiver->serving, TASK_NONE);
    task_results(receiver, STATUS_OK, RECEIVED_SEND, 0, 0);
}

static void take_queued_locked(struct kernel *kernel, struct hart *hart, struct endpoint *endpoint,
                               struct task *receiver, struct task *sender) {
    endpoint_unlink_locked(kernel, endpoint, sender);
    frame_copy(&receiver->page->request_in, &sender->page->call_out, sender->wait_frame, sender,
               sender->wait_badge);
    if (sender->in_call) {
        give_call(receiver, sender);
        return;
    }
    receive_send(receiver);
    bool won = task_claim(sender, atomic_load_u64(&sender->wait));
    KASSERT(won);
    task_results(sender, STATUS_OK, DELIVERY_HANDED_OVER, 0, 0);
    wake_push(kernel, hart, sender);
}

static void take_stored_locked(struct endpoint *endpoint, struct task *receiver) {
    struct message_area *areas = (struct message_area *)arch_page(endpoint->send_page);
    const struct message_area *area = &areas[endpoint->send_first];
    struct message_area *to = &receiver->page->request_in;
    words_copy(
        to, area,
        (offsetof(struct message_area, payload) + frame_word_len(frame_word_load(area)) + 7) / 8);
    uint32_t wrap = SEND_STORAGE_COUNT + (fault_point_fires(FAULT_POINT_WRAP_TOO_LATE) ? 1 : 0);
    endpoint->send_first = (endpoint->send_first + 1) % wrap;
    endpoint->send_count--;
    atomic_store_u64(&endpoint->work, atomic_load_u64(&endpoint->work) - WORK_SEND);
    receive_send(receiver);
}

// Notifications first, then the queue and stored sends, alternating when both wait. The receiver is
// current or claimed. False if nothing can be taken.
static bool take_any_locked(struct kernel *kernel, struct hart *hart, struct endpoint *endpoint,
                            struct task *receiver) {
    uint64_t work = atomic_load_u64(&endpoint->work);
    if ((work & WORK_NOTIFY) != 0) {
        atomic_store_u32(&receiver->serving, TASK_NONE);
        task_results(receiver, STATUS_OK, RECEIVED_NOTIFICATION, endpoint->notify_kernel,
                     endpoint->notify_badges);
        endpoint->notify_kernel = 0;
        endpoint->notify_badges = 0;
        atomic_store_u64(&endpoint->work, work & ~WORK_NOTIFY);
        return true;
    }
    struct task *sender =
        queue_first_locked(kernel, endpoint, receiver->reply_free != REPLY_SLOT_COUNT);
    bool stored = endpoint->send_count != 0;
    if (stored && (!sender || endpoint->take_stored_next != 0)) {
        endpoint->take_stored_next = 0;
        take_stored_locked(endpoint, receiver);
        return true;
    }
    if (!sender) {
        return false;
    }
    endpoint->take_stored_next = 1;
    take_queued_locked(kernel, hart, endpoint, receiver, sender);
    return true;
}

// Work was published and a fence followed: if the receiver waits after all, it gets the first of
// it. Returns it claimed, to be made runnable.
static struct task *serve_waiting_locked(struct kernel *kernel, struct hart *hart,
                                         struct endpoint *endpoint, bool for_call) {
    uint32_t index = (uint32_t)(endpoint - kernel->endpoints);
    struct task *receiver = endpoint_claim_receiver_locked(endpoint, index, for_call);
    if (receiver) {
        bool taken = take_any_locked(kernel, hart, endpoint, receiver);
        KASSERT(taken);
    }
    return receiver;
}

// Queues the current task's frame in its own page.
static COLD struct task *queue_self_locked(struct kernel *kernel, struct hart *hart,
                                           struct endpoint *endpoint, struct task *task,
                                           const struct capability *cap) {
    task->wait_badge = cap->badge;
    task->call_class = (uint8_t)donation_class(kernel, task);
    endpoint_link_locked(kernel, endpoint, task);
    uint64_t unused = task_wait(task, WAIT_QUEUED, cap->object);
    (void)unused;
    atomic_fence();
    return serve_waiting_locked(kernel, hart, endpoint, task->in_call);
}

// The current task's wait is published and the lock released. Runs `next` (claimed) if it lives
// here, otherwise wakes its hart; null means nobody.
static COLD struct task *leave_elsewhere(struct kernel *kernel, struct hart *hart,
                                         struct task *task, struct task *next) {
    if (task->deadline_ns < hart->tick_ns) {
        deadline_sooner(hart, task);
    }
    if (next && next->hart == hart) {
        return run_queue_leave(kernel, hart, next);
    }
    if (next) {
        wake_push(kernel, hart, next);
    }
    return run_queue_next(kernel, hart);
}

static ALWAYS_INLINE struct task *leave_for(struct kernel *kernel, struct hart *hart,
                                            struct task *task, struct task *next) {
    deadline_note(hart, task);
    if (LIKELY(next->hart == hart && task->deadline_ns >= hart->tick_ns)) {
        return next;
    }
    return leave_elsewhere(kernel, hart, task, next);
}

static struct task *call_later(struct kernel *kernel, struct hart *hart, struct endpoint *endpoint,
                               struct task *task, uint64_t word) RELEASES(endpoint->lock);

// Nobody waits for the call: it is queued, or refused. The caller holds the endpoint's lock,
// released here.
static COLD struct task *call_later(struct kernel *kernel, struct hart *hart,
                                    struct endpoint *endpoint, struct task *task, uint64_t word) {
    const struct capability *cap = &task->caps[arg(task, 0)];
    bool alive = atomic_load_u32(&endpoint->generation) == cap->generation;
    if (!alive || endpoint->owner == task->index) {
        lock_release(&hart->locks, &endpoint->lock);
        return finish(task, alive ? STATUS_BAD_ARG : STATUS_PEER_CLOSED);
    }
    task->in_call = true;
    task->wait_frame = word;
    struct task *receiver = queue_self_locked(kernel, hart, endpoint, task, cap);
    uint32_t owner = endpoint->owner;
    uint32_t qos = task->call_class;  // Of a call that was served at once, its task's alone.
    lock_release(&hart->locks, &endpoint->lock);
    if (!receiver && qos > QOS_IDLE) {
        donation_raise(kernel, hart, owner, qos);
    }
    deadline_note(hart, task);
    return leave_elsewhere(kernel, hart, task, receiver);
}

// The fast path is straight-line code that calls nothing: each rare turn is a tail call.
struct task *syscall_ipc_call(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct capability *cap = 0;
    enum status status = cap_lookup(task, arg(task, 0), CAP_ENDPOINT, RIGHT_CALL, &cap);
    if (UNLIKELY(status != STATUS_OK)) {
        return finish(task, status);
    }
    uint64_t word = frame_word_load(&task->page->call_out);
    status = frame_word_check(word);
    task->deadline_ns = arg(task, 1);
    if (UNLIKELY(status != STATUS_OK || task->deadline_ns == 0)) {
        return finish(task, status != STATUS_OK ? status : STATUS_BAD_ARG);
    }
    struct endpoint *endpoint = cap->endpoint;
    lock_acquire(&hart->locks, &endpoint->lock);
    // The generation first: an endpoint that has ended has no owner. A task that calls itself is
    // running, so it is never found waiting.
    struct task *receiver = 0;
    if (LIKELY(atomic_load_u32(&endpoint->generation) == cap->generation)) {
        receiver = endpoint_claim_receiver_locked(endpoint, cap->object, true);
    }
    if (UNLIKELY(!receiver)) {
        return call_later(kernel, hart, endpoint, task, word);
    }
    give_call(receiver, task);
    lock_release(&hart->locks, &endpoint->lock);
    frame_copy(&receiver->page->request_in, &task->page->call_out, word, task, cap->badge);
    return leave_for(kernel, hart, task, receiver);
}

// Stores a frame if quota and storage allow. The caller holds the lock.
static bool store_send_locked(struct endpoint *endpoint, struct task *task, uint64_t word,
                              uint64_t badge) {
    uint32_t own = 0;
    for (uint32_t i = 0; i < endpoint->send_count; i++) {
        own +=
            endpoint->send_owner[(endpoint->send_first + i) % SEND_STORAGE_COUNT] == task->instance;
    }
    if (own >= SEND_QUOTA_DEFAULT || endpoint->send_count == SEND_STORAGE_COUNT) {
        return false;
    }
    uint32_t place = (endpoint->send_first + endpoint->send_count) % SEND_STORAGE_COUNT;
    struct message_area *areas = (struct message_area *)arch_page(endpoint->send_page);
    frame_copy(&areas[place], &task->page->call_out, word, task, badge);
    endpoint->send_owner[place] = task->instance;
    endpoint->send_count++;
    atomic_store_u64(&endpoint->work, atomic_load_u64(&endpoint->work) + WORK_SEND);
    return true;
}

// What a send without a waiting receiver does. Returns whether the sender blocks; *woken is a
// receiver that turned up in between.
static bool send_later_locked(struct kernel *kernel, struct hart *hart, struct endpoint *endpoint,
                              struct task *task, const struct capability *cap,
                              struct task **woken) {
    if (store_send_locked(endpoint, task, task->wait_frame, cap->badge)) {
        task_results(task, STATUS_OK, DELIVERY_HANDED_OVER, 0, 0);
        atomic_fence();
        *woken = serve_waiting_locked(kernel, hart, endpoint, false);
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
    *woken = queue_self_locked(kernel, hart, endpoint, task, cap);
    return true;
}

struct task *syscall_ipc_send(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct capability *cap = 0;
    task->deadline_ns = arg(task, 1);
    uint32_t rights = task->deadline_ns == 0 ? RIGHT_SEND : RIGHT_SEND | RIGHT_CALL;
    enum status status = cap_lookup(task, arg(task, 0), CAP_ENDPOINT, rights, &cap);
    task->wait_frame = frame_word_load(&task->page->call_out);
    if (status == STATUS_OK) {
        status = frame_word_check(task->wait_frame);
    }
    if (status != STATUS_OK) {
        return finish(task, status);
    }
    struct endpoint *endpoint = cap->endpoint;
    lock_acquire(&hart->locks, &endpoint->lock);
    if (atomic_load_u32(&endpoint->generation) != cap->generation &&
        !fault_point_fires(FAULT_POINT_STALE_GENERATION)) {
        lock_release(&hart->locks, &endpoint->lock);
        return finish(task, STATUS_PEER_CLOSED);
    }
    bool blocks = false;
    struct task *receiver = endpoint_claim_receiver_locked(endpoint, cap->object, false);
    if (receiver) {
        frame_copy(&receiver->page->request_in, &task->page->call_out, task->wait_frame, task,
                   cap->badge);
        receive_send(receiver);
        task_results(task, STATUS_OK, DELIVERY_HANDED_OVER, 0, 0);
    } else {
        blocks = send_later_locked(kernel, hart, endpoint, task, cap, &receiver);
    }
    lock_release(&hart->locks, &endpoint->lock);
    if (blocks) {
        deadline_note(hart, task);
        return leave_elsewhere(kernel, hart, task, receiver);
    }
    if (receiver) {
        wake_push(kernel, hart, receiver);
    }
    return task;
}

struct task *syscall_ipc_notify(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct capability *cap = 0;
    enum status status = cap_lookup(task, arg(task, 0), CAP_ENDPOINT, RIGHT_NOTIFY, &cap);
    if (status == STATUS_OK) {
        status = notify_endpoint(kernel, hart, home_pack(cap->object, cap->generation), 0,
                                 UINT64_C(1) << (cap->badge & 63));
    }
    return finish(task, status);
}

// The receive half when something waits, the endpoint closed, or the deadline is 0. Blocks nobody:
// false means nothing could be taken.
static COLD bool receive_now(struct kernel *kernel, struct hart *hart, struct task *task,
                             const struct capability *cap) {
    struct endpoint *endpoint = cap->endpoint;
    lock_acquire(&hart->locks, &endpoint->lock);
    bool done = true;
    if (atomic_load_u32(&endpoint->generation) != cap->generation) {
        task_status(task, STATUS_PEER_CLOSED);
    } else {
        done = take_any_locked(kernel, hart, endpoint, task);
    }
    lock_release(&hart->locks, &endpoint->lock);
    return done;
}

// Publishes that the current task receives, and looks once more. Zero: it waits. Otherwise the word
// of the wait, and there is something to do.
static ALWAYS_INLINE uint64_t receive_publish(struct task *task, const struct capability *cap) {
    const struct endpoint *endpoint = cap->endpoint;
    bool takes_calls = task->reply_free != REPLY_SLOT_COUNT;
    uint64_t word = task_wait(task, takes_calls ? WAIT_RECV : WAIT_RECV_NOCALL, cap->object);
    atomic_fence();
    uint64_t work = atomic_load_u64(&endpoint->work) & (takes_calls ? UINT64_MAX : WORK_BUT_CALLS);
    bool alive = atomic_load_u32(&endpoint->generation) == cap->generation;
    return LIKELY(work == 0 && alive) || fault_point_fires(FAULT_POINT_LOSE_RECHECK) ? 0 : word;
}

// Receives for the current task. `next` (claimed, or null) runs if the task waits, and is woken if
// it goes on.
static COLD struct task *receive(struct kernel *kernel, struct hart *hart, struct task *task,
                                 const struct capability *cap, struct task *next) {
    bool goes_on = true;
    atomic_store_u32(&task->serving, TASK_NONE);
    if (task->deadline_ns == 0) {
        if (!receive_now(kernel, hart, task, cap)) {
            task_status(task, STATUS_WOULD_BLOCK);
        }
    } else {
        // Ends: each further round had work that its sender took back (time-out, kill) while this
        //       hart looked, at most once a queued task.
        for (;;) {
            uint64_t word = receive_publish(task, cap);
            if (word == 0 || !task_claim(task, word)) {
                goes_on = false;  // It waits, or was served: whoever did it makes the task
                                  // runnable.
                break;
            }
            if (receive_now(kernel, hart, task, cap)) {
                break;
            }
        }
    }
    if (!goes_on) {
        deadline_note(hart, task);
        return leave_elsewhere(kernel, hart, task, next);
    }
    if (next) {
        wake_push(kernel, hart, next);
    }
    return run_queue_leave(kernel, hart, task);
}

struct task *syscall_ipc_recv(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct capability *cap = 0;
    enum status status = cap_lookup(task, arg(task, 0), CAP_ENDPOINT, RIGHT_RECV, &cap);
    if (status != STATUS_OK) {
        return finish(task, status);
    }
    task->deadline_ns = arg(task, 1);
    return receive(kernel, hart, task, cap, 0);
}

// Claims the caller of `entry` for an answer, and frees the entry. Null if the caller has left;
// otherwise the frame is to be copied before the caller is made runnable.
static ALWAYS_INLINE struct task *reply_give(struct task *task, struct reply_entry *entry,
                                             uint32_t index) {
    struct task *caller = entry->task;
    uint64_t caller_word = entry->caller_wait;
    reply_free(task, entry, index);
    // Acquire: the caller's registers and page are as it left them. Reply, time-out and kill race
    //          here; one wins.
    if (UNLIKELY(!task_claim(caller, caller_word)) &&
        !fault_point_fires(FAULT_POINT_REPLY_ANYWAY)) {
        return 0;
    }
    task_results(caller, STATUS_OK, DELIVERY_HANDED_OVER, 0, 0);
    return caller;
}

struct task *syscall_ipc_reply(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct reply_entry *entry = reply_find(task, arg(task, 0));
    uint64_t word = frame_word_load(&task->page->reply_out);
    enum status status = entry ? frame_word_check(word) : STATUS_BAD_CAP;
    if (status != STATUS_OK) {
        return finish(task, status);
    }
    struct task *caller =
        reply_give(task, entry, (uint32_t)(arg(task, 0) & REPLY_HANDLE_INDEX_MASK));
    if (caller && fault_point_fires(FAULT_POINT_WAKE_TOO_SOON)) {
        wake_push(kernel, hart, caller);
        frame_copy(&caller->page->reply_in, &task->page->reply_out, word, task, 0);
    } else if (caller) {
        frame_copy(&caller->page->reply_in, &task->page->reply_out, word, task, 0);
        wake_push(kernel, hart, caller);
    }
    return finish(task, caller ? STATUS_OK : STATUS_PEER_CLOSED);
}

// Something waits already: the wait that was just published is taken back, if nobody has served it.
static COLD struct task *receive_again(struct kernel *kernel, struct hart *hart, struct task *task,
                                       struct task *caller, uint64_t word) {
    if (!task_claim(task, word)) {
        return leave_elsewhere(kernel, hart, task, caller);
    }
    // Its arguments are its own again: whoever serves a waiting task writes results over them.
    return receive(kernel, hart, task, &task->caps[arg(task, 1)], caller);
}

// Straight-line like syscall_ipc_call.
struct task *syscall_ipc_reply_recv(struct kernel *kernel, struct hart *hart, struct task *task) {
    struct capability *cap = 0;
    enum status status = cap_lookup(task, arg(task, 1), CAP_ENDPOINT, RIGHT_RECV, &cap);
    struct reply_entry *entry = reply_find(task, arg(task, 0));
    if (UNLIKELY(status != STATUS_OK || !entry)) {
        return finish(task, status != STATUS_OK ? status : STATUS_BAD_CAP);
    }
    uint64_t word = frame_word_load(&task->page->reply_out);
    status = frame_word_check(word);
    if (UNLIKELY(status != STATUS_OK)) {
        return finish(task, status);
    }
    task->deadline_ns = arg(task, 2);
    struct task *caller =
        reply_give(task, entry, (uint32_t)(arg(task, 0) & REPLY_HANDLE_INDEX_MASK));
    if (UNLIKELY(!caller)) {
        return receive(kernel, hart, task, cap, 0);
    }
    if (UNLIKELY(task->deadline_ns == 0)) {
        frame_copy(&caller->page->reply_in, &task->page->reply_out, word, task, 0);
        return receive(kernel, hart, task, cap, caller);
    }
    uint64_t published = receive_publish(task, cap);
    // From here on another hart may fill request_in and make this task runnable; reply_out stays
    // the task's, and it runs on this hart only.
    frame_copy(&caller->page->reply_in, &task->page->reply_out, word, task, 0);
    if (UNLIKELY(published != 0)) {
        return receive_again(kernel, hart, task, caller, published);
    }
    return leave_for(kernel, hart, task, caller);
}

void reply_drop(struct kernel *kernel, struct hart *hart, struct task *task,
                struct reply_entry *entry) {
    struct task *caller = entry->task;
    uint64_t caller_word = entry->caller_wait;
    reply_free(task, entry, (uint32_t)(entry - task->replies));
    if (task_claim(caller, caller_word)) {
        task_results(caller, STATUS_PEER_CLOSED, DELIVERY_HANDED_OVER, 0, 0);
        wake_push(kernel, hart, caller);
    }
}
