// kernel/core/async.c: see async.h.
#include "kernel/core/async.h"

#include "kernel/core/cap_lookup.h"
#include "kernel/core/endpoint_ops.h"
#include "kernel/core/event.h"
#include "kernel/core/page.h"
#include "kernel/core/panic.h"
#include "kernel/core/transfer.h"

BASE_STATIC_ASSERT(MAX_ASYNC *FRAME_PAYLOAD_MAX == PAGE_BYTES, "a page holds the answers");
BASE_STATIC_ASSERT((int)ASYNC_DEFERRED_MAX > (int)SEND_STORAGE_COUNT, "all stored ones may go");

static uint64_t count_of(uint64_t word) {
    return word >> 16;
}

static enum async_state state_of(uint64_t place_word) {
    return (enum async_state)(place_word & 0xff);
}

static uint32_t holder_of(uint64_t place_word) {
    return (uint32_t)(place_word >> 8) & 0xff;
}

static uint64_t place_word(uint64_t count, uint32_t holder, enum async_state state) {
    return (count << 16) | ((uint64_t)holder << 8) | (uint64_t)state;
}

static uint64_t ref_word(uint64_t count, uint32_t place) {
    return (count << 16) | wait_low(WAIT_ASYNC, place);
}

static struct async_place *place_of(const struct async_ref *ref) {
    return &ref->sender->asyncs[wait_object_of(ref->word) % MAX_ASYNC];
}

// Whether the place's request is that one, and has no answer.
static bool is_open(uint64_t place_word, uint64_t word) {
    enum async_state state = state_of(place_word);
    return count_of(place_word) == count_of(word) && (state == ASYNC_STORED || state == ASYNC_HELD);
}

static uint8_t *payload_of(const struct task *sender, uint32_t place) {
    return (uint8_t *)arch_page(sender->async_page) + (uint64_t)place * FRAME_PAYLOAD_MAX;
}

uint64_t async_sequence(const struct async_ref *ref) {
    return ASYNC_SEQUENCE_BIT | (count_of(ref->word) << ASYNC_SEQUENCE_COUNT_SHIFT) |
           wait_object_of(ref->word);
}

// The place that a task takes next, or MAX_ASYNC. Only the task itself takes places.
static uint32_t find_free(const struct task *task) {
    uint32_t place = 0;
    while (place < MAX_ASYNC &&
           state_of(atomic_load_u64(&task->asyncs[place].word)) != ASYNC_FREE) {
        place++;
    }
    return place;
}

static bool take_page(struct kernel *kernel, struct hart *hart, struct task *task) {
    if (task->async_page.value == 0) {
        task->async_page = page_take_paid(kernel, hart, &task->quota);
    }
    return task->async_page.value != 0;
}

enum status async_reserve(struct kernel *kernel, struct hart *hart, struct task *task,
                          uint64_t slot, struct async_ref *out) {
    struct capability *cap = 0;
    enum status status = cap_lookup(task, slot, CAP_ENDPOINT, RIGHT_RECV, &cap);
    if (status != STATUS_OK) {
        return status;
    }
    uint32_t place = find_free(task);
    if (place == MAX_ASYNC) {
        return STATUS_WOULD_BLOCK;
    }
    uint64_t count = task->async_count + 1;
    *out = (struct async_ref){ref_word(count, place), task, cap->endpoint};
    struct endpoint *endpoint = cap->endpoint;
    lock_acquire(&hart->locks, &endpoint->lock);
    bool open = atomic_load_u32(&endpoint->generation) == cap->generation;
    if (open) {
        task->async_count = count;
        atomic_store_u32(&task->asyncs[place].home, cap->object);
        // Release: whoever sees the request sees where its answer goes.
        atomic_store_release_u64(&task->asyncs[place].word, place_word(count, 0, ASYNC_STORED));
    }
    lock_release(&hart->locks, &endpoint->lock);
    if (!open) {
        return STATUS_BAD_CAP;
    }
    if (!take_page(kernel, hart, task)) {
        async_unreserve(hart, out);
        return STATUS_NO_SPACE;
    }
    return STATUS_OK;
}

void async_unreserve(struct hart *hart, const struct async_ref *ref) {
    struct async_place *place = place_of(ref);
    lock_acquire(&hart->locks, &ref->home->lock);
    if (is_open(atomic_load_u64(&place->word), ref->word)) {
        atomic_store_u64(&place->word, 0);
    }
    lock_release(&hart->locks, &ref->home->lock);
}

bool async_stands(const struct async_ref *ref) {
    return is_open(atomic_load_u64(&place_of(ref)->word), ref->word);
}

bool async_hand_over(const struct async_ref *ref, const struct task *receiver) {
    uint64_t count = count_of(ref->word);
    return atomic_claim_u64(&place_of(ref)->word, place_word(count, 0, ASYNC_STORED),
                            place_word(count, receiver->index, ASYNC_HELD));
}

uint64_t async_reply_make(struct task *receiver, const struct async_ref *ref) {
    uint64_t handle = reply_make(receiver, ref->sender, ref->word);
    receiver->replies[handle & REPLY_HANDLE_INDEX_MASK].home = ref->home;
    return handle;
}

static void answers_append_locked(struct endpoint *endpoint, uint32_t place)
    REQUIRES(endpoint->lock) {
    KASSERT(endpoint->answer_count < MAX_ASYNC);
    endpoint->answers = order_put(endpoint->answers, endpoint->answer_count, place);
    endpoint->answer_count++;
    atomic_store_u32(&endpoint->work, atomic_load_u32(&endpoint->work) + WORK_SEND);
}

static void answers_remove_locked(struct endpoint *endpoint, uint32_t position)
    REQUIRES(endpoint->lock) {
    endpoint->answer_count--;
    endpoint->answers = order_remove(endpoint->answers, position);
    atomic_store_u32(&endpoint->work, atomic_load_u32(&endpoint->work) - WORK_SEND);
}

// What the sender is told; with an answer its frame is copied too.
static void give(struct task *sender, const struct async_place *place, uint32_t index) {
    enum async_state state = state_of(atomic_load_u64(&place->word));
    struct async_ref ref = {.word = ref_word(count_of(atomic_load_u64(&place->word)), index),
                            .sender = sender};
    if (state == ASYNC_ANSWERED) {
        struct message_area *to = &sender->page->request_in;
        frame_head_write(to, place->frame, place->service_id, place->instance, 0);
        words_copy(to->payload, payload_of(sender, index), (frame_word_len(place->frame) + 7) / 8);
    }
    enum status status = state == ASYNC_ANSWERED ? STATUS_OK : STATUS_PEER_CLOSED;
    enum delivery delivery = state == ASYNC_UNSEEN ? DELIVERY_NONE : DELIVERY_HANDED_OVER;
    task_results(sender, STATUS_OK, RECEIVED_REPLY, async_sequence(&ref),
                 async_outcome_pack(status, delivery));
}

static COLD void event_given(struct hart *hart, const struct task *sender,
                             const struct async_place *place, uint32_t index) {
    uint64_t word = atomic_load_u64(&place->word);
    bool answered = state_of(word) == ASYNC_ANSWERED;
    const struct async_ref ref = {.word = ref_word(count_of(word), index)};
    event_add_message(hart, &(struct event_message){.kind = EVENT_ANSWERED,
                                                    .task = sender->instance,
                                                    .peer = answered ? place->instance : 0,
                                                    .frame_word = answered ? place->frame : 0,
                                                    .sequence = async_sequence(&ref)});
}

void async_take_locked(struct hart *hart, struct endpoint *endpoint, struct task *receiver) {
    uint32_t index = (uint32_t)order_at(endpoint->answers, 0);
    struct async_place *place = &receiver->asyncs[index];
    give(receiver, place, index);
    if (event_is_on(hart)) {
        event_given(hart, receiver, place, index);
    }
    if (!fault_point_fires(FAULT_POINT_ANSWER_TWICE)) {
        answers_remove_locked(endpoint, 0);
    }
    atomic_store_u64(&place->word, 0);
}

// The request, which stands, is answered or dropped.
static COLD void event_ends(struct hart *hart, const struct async_ref *ref,
                            const struct async_end *end) {
    uint64_t word = atomic_load_u64(&place_of(ref)->word);
    bool held = state_of(word) == ASYNC_HELD;
    uint32_t holder = held ? hart->kernel->tasks[holder_of(word)].instance : 0;
    event_add_message(hart,
                      &(struct event_message){.kind = end->from ? EVENT_ANSWER : EVENT_DROP,
                                              .task = end->from ? end->from->instance : holder,
                                              .peer = ref->sender->instance,
                                              .frame_word = end->frame,
                                              .sequence = async_sequence(ref)});
}

bool async_answer(struct hart *hart, const struct async_ref *ref, const struct async_end *end,
                  struct task **woken) {
    struct endpoint *endpoint = ref->home;
    struct async_place *place = place_of(ref);
    uint32_t index = wait_object_of(ref->word);
    *woken = 0;
    lock_acquire(&hart->locks, &endpoint->lock);
    if (!is_open(atomic_load_u64(&place->word), ref->word)) {
        lock_release(&hart->locks, &endpoint->lock);
        return false;
    }
    if (event_is_on(hart)) {
        event_ends(hart, ref, end);
    }
    if (end->from) {
        place->service_id = end->from->service_id;
        place->instance = end->from->instance;
        place->frame = end->frame;
        payload_copy(payload_of(ref->sender, index), end->from->page->reply_out.payload,
                     frame_word_len(end->frame));
    }
    atomic_store_u64(&place->word, place_word(count_of(ref->word), 0, end->state));
    uint32_t before = atomic_load_u32(&endpoint->work);
    answers_append_locked(endpoint, index);
    atomic_fence();
    // A receiver that is seen waiting while there is something else has not looked yet, and will.
    if ((before & WORK_BUT_CALLS) == 0) {
        *woken = endpoint_claim_receiver_locked(endpoint, false);
    }
    if (*woken) {
        async_take_locked(hart, endpoint, *woken);
    }
    lock_release(&hart->locks, &endpoint->lock);
    return true;
}

void async_drop(struct kernel *kernel, struct hart *hart, const struct async_ref *ref,
                enum async_state state) {
    const struct async_end end = {state, 0, 0};
    struct task *woken = 0;
    if (async_answer(hart, ref, &end, &woken) && woken) {
        wake_push(kernel, hart, woken);
    }
}

static COLD void event_cancelled(struct hart *hart, const struct task *sender,
                                 const struct async_place *place, uint64_t word) {
    const struct async_ref ref = {.word =
                                      ref_word(count_of(word), (uint32_t)(place - sender->asyncs))};
    event_add_message(hart, &(struct event_message){.kind = EVENT_CANCEL,
                                                    .task = sender->instance,
                                                    .sequence = async_sequence(&ref)});
}

// The sender's request in the place is over. Returns the word that it had: a hand-over may come in
// between.
static uint64_t end_place(struct hart *hart, const struct task *sender, struct async_place *place) {
    uint64_t word = atomic_exchange_acquire_u64(&place->word, 0);
    if (event_is_on(hart)) {
        event_cancelled(hart, sender, place, word);
    }
    return word;
}

void async_tell_gone(struct kernel *kernel, struct hart *hart, const uint32_t *holders,
                     uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        notify_task(kernel, hart, atomic_load_u64(&kernel->tasks[holders[i]].home),
                    NOTIFY_REPLY_GONE);
    }
}

// The place where an answer waits, of those at the endpoint.
static void answers_forget_locked(struct endpoint *endpoint, uint32_t place)
    REQUIRES(endpoint->lock) {
    uint32_t position = 0;
    while (position < endpoint->answer_count && order_at(endpoint->answers, position) != place) {
        position++;
    }
    KASSERT(position < endpoint->answer_count);
    answers_remove_locked(endpoint, position);
}

bool async_cancel(struct kernel *kernel, struct hart *hart, struct task *task, uint64_t sequence) {
    uint32_t index = (uint32_t)(sequence & ASYNC_SEQUENCE_PLACE_MASK);
    uint64_t count = (sequence & ~ASYNC_SEQUENCE_BIT) >> ASYNC_SEQUENCE_COUNT_SHIFT;
    struct async_place *place = &task->asyncs[index];
    struct endpoint *endpoint = &kernel->endpoints[atomic_load_u32(&place->home)];
    lock_acquire(&hart->locks, &endpoint->lock);
    uint64_t word = atomic_load_u64(&place->word);
    bool found = state_of(word) != ASYNC_FREE && count_of(word) == count;
    if (found) {
        word = end_place(hart, task, place);
    }
    bool waits = found && state_of(word) > ASYNC_HELD;
    if (waits) {
        answers_forget_locked(endpoint, index);
    }
    lock_release(&hart->locks, &endpoint->lock);
    uint32_t holder = holder_of(word);
    async_tell_gone(kernel, hart, &holder, found && state_of(word) == ASYNC_HELD ? 1 : 0);
    return found;
}

// The word of the receiver's request if its answer comes to the endpoint, or 0. Acquire: pairs with
// the release of async_reserve, so that a request of another endpoint is not taken for this one's.
static uint64_t word_at(const struct kernel *kernel, const struct endpoint *endpoint,
                        const struct async_place *place) {
    uint64_t word = atomic_load_acquire_u64(&place->word);
    bool here = &kernel->endpoints[atomic_load_u32(&place->home)] == endpoint;
    return here && state_of(word) != ASYNC_FREE ? word : 0;
}

bool async_any_locked(const struct kernel *kernel, const struct endpoint *endpoint) {
    uint64_t any = 0;
    for (uint32_t i = 0; i < MAX_ASYNC; i++) {
        any |= word_at(kernel, endpoint, &endpoint->receiver->asyncs[i]);
    }
    return any != 0;
}

uint32_t async_end_locked(struct hart *hart, struct endpoint *endpoint, uint32_t *holders) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < MAX_ASYNC; i++) {
        struct async_place *place = &endpoint->receiver->asyncs[i];
        if (word_at(hart->kernel, endpoint, place) == 0 ||
            fault_point_fires(FAULT_POINT_KEEP_PLACE)) {
            continue;
        }
        uint64_t word = end_place(hart, endpoint->receiver, place);
        if (state_of(word) == ASYNC_HELD) {
            holders[count++] = holder_of(word);
        }
    }
    return count;
}

void async_reclaim(struct kernel *kernel, struct hart *hart, struct task *task) {
    if (task->async_page.value != 0) {
        page_put_paid(kernel, hart, &task->quota, task->async_page);
        task->async_page = PAGE_NUMBER_NONE;
    }
}
