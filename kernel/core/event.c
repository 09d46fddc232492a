// kernel/core/event.c: see event.h.
#include "kernel/core/event.h"

#include "kernel/abi/message.h"
#include "kernel/core/panic.h"

enum {
    WORDS = sizeof(struct event_words) / sizeof(uint64_t),
    UNCERTAIN = 2,  // Events that the writer may have begun, from the `next` that was seen on.
};
BASE_STATIC_ASSERT(sizeof(struct event_words) == sizeof(struct trace_event), "a place an event");

void event_init(struct kernel *kernel, uint32_t event_pages) {
    KASSERT(event_pages != 0 && (event_pages & (event_pages - 1)) == 0);
    struct page_number first = {pool_reserve(&kernel->page_pool, event_pages * kernel->hart_count)};
    if (first.value == POOL_NONE) {
        kernel_panic("no memory for the events of %u harts: %u pages each", kernel->hart_count,
                     event_pages);
    }
    for (uint32_t page = 0; page < event_pages * kernel->hart_count; page++) {
        arch_page_unpoison((struct page_number){first.value + page});
    }
    for (uint32_t i = 0; i < kernel->hart_count; i++) {
        struct page_number ring = {first.value + i * event_pages};
        kernel->harts[i].events = (struct event_ring){
            .events = (struct event_words *)arch_page(ring),
            .mask = (uint64_t)event_pages * PAGE_BYTES - sizeof(struct event_words),
            .tag = (uint64_t)i << 8,
        };
    }
    kernel->events_first = first;
}

void event_set(struct kernel *kernel, bool on) {
    for (uint32_t i = 0; i < kernel->hart_count; i++) {
        if (on) {
            atomic_or_u32(&kernel->harts[i].slow, SLOW_TRACE);
        } else {
            atomic_and_u32(&kernel->harts[i].slow, ~SLOW_TRACE);
        }
    }
}

void event_print_place(struct kernel *kernel, struct hart *hart) {
    uint64_t bytes = event_room(&hart->events) * sizeof(struct event_words) * kernel->hart_count;
    kernel_print(kernel, hart, "trace: %u harts, %lu bytes at %#lx", kernel->hart_count,
                 (unsigned long)bytes,
                 (unsigned long)((uint64_t)kernel->events_first.value * PAGE_BYTES));
}

static uint32_t instance_of(const struct task *task) {
    return task ? task->instance : 0;
}

void event_add(struct hart *hart, enum event_kind kind, const struct task *task,
               const struct task *peer, uint64_t sequence) {
    bool runs = task && (kind == EVENT_SWITCH || kind == EVENT_START);
    uint64_t type = runs ? atomic_load_u32(&task->qos) : 0;
    event_put(hart, event_head(kind, type, instance_of(task)), instance_of(peer), sequence);
}

void event_add_type(struct hart *hart, enum event_kind kind, const struct task *task, uint64_t type,
                    uint64_t sequence) {
    event_put(hart, event_head(kind, type, instance_of(task)), 0, sequence);
}

void event_add_frame(struct hart *hart, enum event_kind kind, const struct task *task,
                     const struct task *peer, uint64_t frame_word) {
    const struct task *caller = kind == EVENT_REPLY ? peer : task;
    uint64_t sequence = (atomic_load_u64(&caller->wait) >> 16) + (kind != EVENT_REPLY);
    sequence = kind == EVENT_SEND ? 0 : sequence;  // Given at once.
    event_put(hart, event_head(kind, frame_word, task->instance),
              event_middle(instance_of(peer), frame_word), sequence);
}

void event_add_message(struct hart *hart, const struct event_message *message) {
    event_put(hart, event_head(message->kind, message->frame_word, message->task),
              event_middle(message->peer, message->frame_word), message->sequence);
}

void event_lost(struct hart *hart, const struct stored_send *send) {
    event_put(hart, event_head(EVENT_LOSE, 0, stored_instance(send)), 0, stored_number(send));
}

// The first event that may still be read when `next` was seen.
static uint64_t oldest(const struct event_ring *ring, uint64_t next) {
    uint64_t room = event_room(ring);
    return next + UNCERTAIN > room ? next + UNCERTAIN - room : 0;
}

uint32_t event_read(const struct event_ring *ring, uint64_t *from, uint32_t count_max,
                    uint64_t *out) {
    // Acquire: pairs with atomic_store_between_u64: the events below are whole.
    uint64_t next = atomic_load_acquire_u64(&ring->next);
    uint64_t first = oldest(ring, next);
    first = first > *from ? first : *from;
    uint64_t count = next - first < count_max ? next - first : count_max;
    for (uint64_t i = 0; i < count * WORDS; i++) {
        uint64_t place = first * WORDS + i;
        const struct event_words *event = &ring->events[place / WORDS & (event_room(ring) - 1)];
        out[i] = atomic_load_u64(&event->words[place % WORDS]);
    }
    // What was overwritten while it was copied is left out. The fence pairs with the writer's: a
    // `next` seen now is not older than the words seen before.
    atomic_fence();
    uint64_t whole = fault_point_fires(FAULT_POINT_TRUST_EVENTS)
                         ? first
                         : oldest(ring, atomic_load_u64(&ring->next));
    uint64_t torn = whole > first ? whole - first : 0;
    torn = torn < count ? torn : count;
    for (uint64_t i = 0; i < (count - torn) * WORDS; i++) {
        out[i] = out[i + torn * WORDS];
    }
    *from = first + torn;
    return (uint32_t)(count - torn);
}
