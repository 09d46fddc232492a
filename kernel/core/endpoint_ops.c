// kernel/core/endpoint_ops.c: see endpoint_ops.h.
#include "kernel/core/endpoint_ops.h"

#include "base/words.h"
#include "kernel/core/async.h"
#include "kernel/core/cap_move.h"
#include "kernel/core/deadline.h"
#include "kernel/core/donation.h"
#include "kernel/core/event.h"
#include "kernel/core/grant.h"
#include "kernel/core/ipc_queue.h"
#include "kernel/core/page.h"
#include "kernel/core/panic.h"
#include "kernel/core/wake.h"

BASE_STATIC_ASSERT((MAX_TASKS + SEND_STORAGE_COUNT + MAX_ASYNC) * WORK_SEND < WORK_CALL,
                   "every task may wait to send");

void endpoint_pool_init(struct kernel *kernel) {
    pool_init(&kernel->endpoint_pool, FAULT_POINT_TAKE_ENDPOINT, kernel->endpoint_next, 0);
    pool_add_range(&kernel->endpoint_pool, 0, MAX_ENDPOINTS);
    for (uint32_t i = 0; i < MAX_ENDPOINTS; i++) {
        lock_init(&kernel->endpoints[i].lock, LOCK_RANK_ENDPOINT);
        kernel->endpoints[i].generation.raw = 1;
        kernel->endpoints[i].owner = TASK_NONE;
        kernel->endpoints[i].payer = 0;
    }
}

// One that was never taken holds anything, but for what endpoint_pool_init has set.
static void clear_fresh(struct endpoint *endpoint) {
    const size_t first = offsetof(struct endpoint, owner);
    words_zero((char *)endpoint + first, (sizeof(*endpoint) - first) / 8);
    endpoint->owner = TASK_NONE;  // It may go back to the pool before anybody owns it.
}

// An endpoint's share of its maker's quota: itself and the page for its sends.
static const struct quota_amounts endpoint_price = {
    .of = {[QUOTA_PAGES] = 1, [QUOTA_ENDPOINTS] = 1}};

static enum status take_object(struct kernel *kernel, struct hart *hart, uint32_t *index,
                               struct page_number *page) {
    bool fresh = false;
    *index = pool_take_either(&kernel->endpoint_pool, &hart->locks, &fresh);
    if (*index == POOL_NONE) {
        return STATUS_NO_SPACE;
    }
    if (fresh) {
        clear_fresh(&kernel->endpoints[*index]);
    }
    *page = page_take(kernel, hart);
    if (page->value == 0) {
        pool_put(&kernel->endpoint_pool, &hart->locks, *index);
        return STATUS_NO_SPACE;
    }
    return STATUS_OK;
}

enum status endpoint_make(struct kernel *kernel, struct hart *hart, struct task *owner,
                          uint32_t flags, uint32_t *out) {
    uint32_t index = 0;
    struct page_number page = PAGE_NUMBER_NONE;
    if (!quota_take(&owner->quota, endpoint_price)) {
        return STATUS_NO_SPACE;
    }
    if (take_object(kernel, hart, &index, &page) != STATUS_OK) {
        quota_give(&owner->quota, endpoint_price);
        return STATUS_NO_SPACE;
    }
    quota_note_payer(kernel, hart, &kernel->endpoints[index].payer, owner);
    struct endpoint *endpoint = &kernel->endpoints[index];
    lock_acquire(&hart->locks, &endpoint->lock);
    atomic_raw_store_shared(&endpoint->owner, owner->index);
    endpoint->receiver = owner;
    endpoint->flags = flags;
    uint64_t receive_word = wait_low(WAIT_RECV, index);
    if (endpoint->receive_word != receive_word) {
        // Only the first time: a receiver whose endpoint was closed may still look at it.
        endpoint->receive_word = receive_word;
    }
    atomic_store_u64(&endpoint->timer.expirations, 0);
    endpoint->queue_head = TASK_NONE;
    endpoint->queue_tail = TASK_NONE;
    endpoint->calls_waiting = 0;
    endpoint->send_count = 0;
    endpoint->answer_count = 0;
    endpoint->turn = TURN_FIRST;
    endpoint->answers = 0;
    endpoint->send_order = 0;
    for (uint32_t i = 0; i < SEND_STORAGE_COUNT; i++) {
        endpoint->send_order = order_put(endpoint->send_order, i, i);
    }
    endpoint->send_page = page;
    endpoint->notify_badges = 0;
    endpoint->notify_kernel = 0;
    atomic_store_u32(&endpoint->work, 0);
    atomic_store_u32(&endpoint->senders, 0);
    lock_release(&hart->locks, &endpoint->lock);
    *out = index;
    return STATUS_OK;
}

void endpoint_link_locked(struct kernel *kernel, struct endpoint *endpoint, struct task *task) {
    task->queue_next = TASK_NONE;
    task->queue_prev = endpoint->queue_tail;
    if (endpoint->queue_tail == TASK_NONE) {
        endpoint->queue_head = task->index;
    } else {
        kernel->tasks[endpoint->queue_tail].queue_next = task->index;
    }
    endpoint->queue_tail = task->index;
    uint32_t unit = task->in_call ? WORK_CALL : WORK_SEND;
    atomic_store_u32(&endpoint->work, atomic_load_u32(&endpoint->work) + unit);
}

void endpoint_unlink_locked(struct kernel *kernel, struct endpoint *endpoint, struct task *task) {
    if (task->queue_prev == TASK_NONE) {
        KASSERT(endpoint->queue_head == task->index);
        endpoint->queue_head = task->queue_next;
    } else {
        kernel->tasks[task->queue_prev].queue_next = task->queue_next;
    }
    if (task->queue_next == TASK_NONE) {
        KASSERT(endpoint->queue_tail == task->index);
        endpoint->queue_tail = task->queue_prev;
    } else {
        kernel->tasks[task->queue_next].queue_prev = task->queue_prev;
    }
    uint32_t unit = task->in_call ? WORK_CALL : WORK_SEND;
    atomic_store_u32(&endpoint->work, atomic_load_u32(&endpoint->work) - unit);
    donation_leave_locked(endpoint, task);
}

// Some of those who are queued at an endpoint that has ended; true when nobody is left. Leaving
// WAIT_QUEUED needs this lock, so each claim here wins.
static bool close_queue_locked(struct kernel *kernel, struct hart *hart, struct endpoint *endpoint)
    REQUIRES(endpoint->lock) {
    for (uint32_t i = 0; i < TOLD_A_STEP && endpoint->queue_head != TASK_NONE; i++) {
        struct task *task = &kernel->tasks[endpoint->queue_head];
        endpoint_unlink_locked(kernel, endpoint, task);
        uint64_t word = atomic_load_u64(&task->wait);
        bool won = task_claim(task, word);
        KASSERT(won);
        task_status(task, STATUS_PEER_CLOSED);
        event_note_type(hart, EVENT_LEAVE, task, STATUS_PEER_CLOSED, word >> 16);
        wake_push(kernel, hart, task);
        if (fault_point_fires(FAULT_POINT_LOSE_QUEUE)) {
            return true;
        }
        if (fault_point_fires(FAULT_POINT_SHORT_STEP)) {
            break;
        }
    }
    return endpoint->queue_head == TASK_NONE;
}

static void close_sends_locked(struct kernel *kernel, struct hart *hart, struct endpoint *endpoint)
    REQUIRES(endpoint->lock) {
    for (; endpoint->send_count > 0; endpoint->send_count--) {
        const struct stored_send *send =
            &endpoint->sends[order_at(endpoint->send_order, endpoint->send_count - 1)];
        if (send->grant != 0) {
            grant_release_later(kernel, hart, send->grant);
        }
        if (send->cap.head != 0) {
            cap_defer(hart, &send->cap);
        }
        if (send->async.word != 0) {
            async_defer(hart, &send->async);
        } else if (event_is_on(hart)) {
            event_lost(hart, send);
        }
    }
}

// The receiver goes, and with it what the queued calls lent it.
static struct task *leave_receiver_locked(struct endpoint *endpoint) REQUIRES(endpoint->lock) {
    struct task *woken = endpoint_claim_receiver_locked(endpoint, false);
    atomic_add_u64(&endpoint->receiver->calls_waiting, 0 - endpoint->calls_waiting);
    atomic_raw_store_shared(&endpoint->owner, TASK_NONE);
    endpoint->receiver = 0;
    return woken;
}

// Nobody is queued any more.
static void give_back(struct kernel *kernel, struct hart *hart, uint32_t index) {
    struct endpoint *endpoint = &kernel->endpoints[index];
    struct page_number page = endpoint->send_page;
    endpoint->send_page = PAGE_NUMBER_NONE;
    page_put(kernel, hart, page);
    quota_return(kernel, hart, &endpoint->payer, endpoint_price);
    // The last generation is not lived: old capabilities would be good again after it.
    if (LIKELY(atomic_load_u32(&endpoint->generation) != UINT32_MAX)) {
        pool_put(&kernel->endpoint_pool, &hart->locks, index);
    }
}

enum status endpoint_end(struct kernel *kernel, struct hart *hart, uint32_t index,
                         uint32_t generation) {
    struct endpoint *endpoint = &kernel->endpoints[index];
    lock_acquire(&hart->locks, &endpoint->lock);
    if (atomic_load_u32(&endpoint->generation) != generation) {
        lock_release(&hart->locks, &endpoint->lock);
        return STATUS_PEER_CLOSED;
    }
    atomic_store_u32(&endpoint->generation, generation + 1);
    // The receiver publishes its wait, fences and looks at the generation; here the generation is
    // published before its wait word is read.
    atomic_fence();
    close_sends_locked(kernel, hart, endpoint);
    uint32_t holders[MAX_ASYNC];
    uint32_t holder_count = async_end_locked(hart, endpoint, holders);
    timer_stop(hart, &endpoint->timer);
    struct task *receiver = leave_receiver_locked(endpoint);
    bool done = close_queue_locked(kernel, hart, endpoint);
    lock_release(&hart->locks, &endpoint->lock);
    if (receiver) {
        task_status(receiver, STATUS_PEER_CLOSED);
        wake_push(kernel, hart, receiver);
    }
    cap_release_deferred(kernel, hart);
    async_tell_gone(kernel, hart, holders, holder_count);
    if (LIKELY(done)) {
        give_back(kernel, hart, index);
    } else {
        endpoint->next_closing = hart->endpoint_closing;
        hart->endpoint_closing = index;
    }
    return STATUS_OK;
}

void endpoint_close_later(struct hart *hart) {
    atomic_store_u32(&hart->doorbell, 1);
    hart_ipi_send(hart, UINT64_C(1) << hart->index);
}

void endpoint_close_step(struct kernel *kernel, struct hart *hart) {
    uint32_t index = hart->endpoint_closing;
    struct endpoint *endpoint = &kernel->endpoints[index];
    lock_acquire(&hart->locks, &endpoint->lock);
    bool done = close_queue_locked(kernel, hart, endpoint);
    lock_release(&hart->locks, &endpoint->lock);
    if (done) {
        hart->endpoint_closing = endpoint->next_closing;
        give_back(kernel, hart, index);
    }
    if (hart->endpoint_closing != ENDPOINT_NONE) {
        endpoint_close_later(hart);
    }
}

void home_take(struct kernel *kernel, struct task *task, uint64_t home) {
    uint64_t old = atomic_load_u64(&task->home);
    const struct endpoint *endpoint = &kernel->endpoints[(uint32_t)old];
    bool open = atomic_load_u32(&endpoint->generation) == (uint32_t)(old >> 32);
    if (!open) {  // None, or closed: generations start at 1.
        atomic_store_u64(&task->home, home);
    }
}

// The first open endpoint of which the task holds RECV.
static uint64_t home_find(const struct kernel *kernel, const struct task *task) {
    const uint32_t wanted = cap_head(CAP_ENDPOINT, RIGHT_RECV);
    for (uint32_t slot = CAP_SLOT_NONE + 1; slot < CAP_SLOT_COUNT; slot++) {
        const struct capability *cap = &task->caps[slot];
        if ((cap->head & (wanted | 0xff)) == wanted &&
            atomic_load_u32(&kernel->endpoints[cap->object].generation) == cap->generation) {
            return home_pack(cap->object, cap->generation);
        }
    }
    return 0;
}

void home_leave(struct kernel *kernel, struct task *task, const struct capability *left) {
    if (atomic_load_u64(&task->home) == home_pack(left->object, left->generation)) {
        atomic_store_u64(&task->home, home_find(kernel, task));
    }
}

// What is queued lends its class to the new receiver.
static void give_queue_locked(struct endpoint *endpoint, struct task *to) REQUIRES(endpoint->lock) {
    atomic_add_u64(&endpoint->receiver->calls_waiting, 0 - endpoint->calls_waiting);
    atomic_add_u64(&to->calls_waiting, endpoint->calls_waiting);
    atomic_raw_store_shared(&endpoint->owner, to->index);
    endpoint->receiver = to;
}

enum status endpoint_give(struct kernel *kernel, struct hart *hart, const struct capability *cap,
                          struct task *to) {
    struct endpoint *endpoint = &kernel->endpoints[cap->object];
    lock_acquire(&hart->locks, &endpoint->lock);
    enum status status = STATUS_OK;
    if (atomic_load_u32(&endpoint->generation) != cap->generation) {
        status = STATUS_PEER_CLOSED;
    } else if (async_any_locked(kernel, endpoint)) {
        status = STATUS_BUSY;
    } else {
        give_queue_locked(endpoint, to);
        home_take(kernel, to, home_pack(cap->object, cap->generation));
    }
    lock_release(&hart->locks, &endpoint->lock);
    return status;
}

enum status notify_endpoint(struct kernel *kernel, struct hart *hart, uint64_t home,
                            uint64_t kernel_bits, uint64_t badge_bits) {
    uint32_t generation = (uint32_t)(home >> 32);
    struct endpoint *endpoint = &kernel->endpoints[(uint32_t)home];
    lock_acquire(&hart->locks, &endpoint->lock);
    if (atomic_load_u32(&endpoint->generation) != generation || generation == 0) {
        lock_release(&hart->locks, &endpoint->lock);
        return STATUS_PEER_CLOSED;
    }
    struct task *receiver = notify_locked(endpoint, kernel_bits, badge_bits);
    lock_release(&hart->locks, &endpoint->lock);
    if (receiver) {
        wake_push(kernel, hart, receiver);
    }
    return STATUS_OK;
}

void endpoint_sender_add(struct hart *hart, const struct capability *cap) {
    struct endpoint *endpoint = cap->endpoint;
    lock_acquire(&hart->locks, &endpoint->lock);
    if (atomic_load_u32(&endpoint->generation) == cap->generation) {
        atomic_store_u32(&endpoint->senders, atomic_load_u32(&endpoint->senders) + 1);
    }
    lock_release(&hart->locks, &endpoint->lock);
}

void endpoint_sender_drop(struct kernel *kernel, struct hart *hart, struct endpoint *endpoint,
                          uint32_t generation) {
    struct task *receiver = 0;
    lock_acquire(&hart->locks, &endpoint->lock);
    if (atomic_load_u32(&endpoint->generation) == generation) {
        uint32_t left = atomic_load_u32(&endpoint->senders) - 1;
        KASSERT(left != UINT32_MAX);
        atomic_store_u32(&endpoint->senders, left);
        if (left == 0) {
            receiver = notify_locked(endpoint, NOTIFY_NO_SENDERS, 0);
        }
    }
    lock_release(&hart->locks, &endpoint->lock);
    if (receiver) {
        wake_push(kernel, hart, receiver);
    }
}

// Under the lock: the owner sets it, and a manager on another hart may close the endpoint.
enum status endpoint_timer_set(struct kernel *kernel, struct hart *hart,
                               const struct capability *cap, uint64_t at_ns,
                               uint64_t *expirations) {
    struct endpoint *endpoint = &kernel->endpoints[cap->object];
    lock_acquire(&hart->locks, &endpoint->lock);
    if (atomic_load_u32(&endpoint->generation) != cap->generation) {
        lock_release(&hart->locks, &endpoint->lock);
        return STATUS_PEER_CLOSED;
    }
    *expirations = atomic_load_u64(&endpoint->timer.expirations);
    timer_stop(hart, &endpoint->timer);
    if (at_ns != 0) {
        endpoint->timer.home = home_pack(cap->object, cap->generation);
        endpoint->timer.kernel_bits = NOTIFY_TIMER;
        timer_set(hart, &endpoint->timer, at_ns);
    }
    lock_release(&hart->locks, &endpoint->lock);
    return STATUS_OK;
}
