// kernel/core/event.h: the trace: what happened on a hart, the last of it, while SLOW_TRACE is set.
//
// Each hart writes into a ring of its own and overwrites the oldest. A reader on another hart takes
// no lock: it copies, then looks again how far the writer has come, and leaves out what may have
// been overwritten meanwhile. Between two events the writer orders its stores once
// (atomic_store_between_u64 of `next`), so who sees a word of event n has seen a `next` of at least
// n - 1: with one `next` seen after copying, the events below next + 1 may have begun to be
// written, and no other.
// Units:      events, numbered from 0 on each hart.
// Ownership:  the pages of the rings are taken at boot, for good.
// Blocking:   never.
#pragma once

#include "kernel/abi/stats.h"
#include "kernel/core/kernel.h"

// Boot hart, once: the rings, that of one hart behind that of the other.
void event_init(struct kernel *kernel, uint32_t event_pages);

// Whether events are recorded, on every hart.
void event_set(struct kernel *kernel, bool on);

// A line for whoever reads the machine's memory from outside, after its end: physical address and
// bytes of all rings (tools/trace).
void event_print_place(struct kernel *kernel, struct hart *hart);

// Events that a ring has room for.
static inline uint64_t event_room(const struct event_ring *ring) {
    return ring->mask / sizeof(struct event_words) + 1;
}

// Copies up to `count_max` events from number *from on to `out`; *from becomes the number of the
// first, which is later if that was overwritten. Returns how many. *from is not beyond `next`.
WARN_UNUSED uint32_t event_read(const struct event_ring *ring, uint64_t *from, uint32_t count_max,
                                uint64_t *out);

static ALWAYS_INLINE bool event_is_on(const struct hart *hart) {
    return UNLIKELY(atomic_load_u32(&hart->slow) != 0) &&
           (atomic_load_u32(&hart->slow) & SLOW_TRACE) != 0;
}

// The second and third word of an event, but for the hart.
static ALWAYS_INLINE uint64_t event_head(enum event_kind kind, uint64_t type, uint32_t task) {
    return (uint64_t)kind | ((type & 0xffff) << 16) | ((uint64_t)task << 32);
}

static ALWAYS_INLINE uint64_t event_middle(uint32_t peer, uint64_t frame_word) {
    return peer | (frame_word >> 32 << 32);
}

static ALWAYS_INLINE void event_put(struct hart *hart, uint64_t head, uint64_t middle,
                                    uint64_t sequence) {
    struct event_ring *ring = &hart->events;
    uint64_t number = atomic_load_u64(&ring->next);
    uint64_t offset = (number * sizeof(struct event_words)) & ring->mask;
    struct event_words *event = (struct event_words *)(void *)((char *)ring->events + offset);
    atomic_store_u64(&event->words[0], arch_time_ns());
    atomic_store_u64(&event->words[1], head | ring->tag);
    atomic_store_u64(&event->words[2], middle);
    atomic_store_u64(&event->words[3], sequence);
    atomic_store_between_u64(&ring->next, number + 1);
}

// Recorded on the complete paths, where what is rare may cost a call. Time and hart are filled in,
// and the class of a task that runs or is started; `task` and `peer` may be null.
COLD void event_add(struct hart *hart, enum event_kind kind, const struct task *task,
                    const struct task *peer, uint64_t sequence);
COLD void event_add_type(struct hart *hart, enum event_kind kind, const struct task *task,
                         uint64_t type, uint64_t sequence);

// What happened to a message that nobody waits on: by instances, for one of them may have ended.
struct event_message {
    enum event_kind kind;
    uint32_t task;
    uint32_t peer;
    uint64_t frame_word;
    uint64_t sequence;
};

COLD void event_add_message(struct hart *hart, const struct event_message *message);

// A stored frame goes to nobody.
COLD void event_lost(struct hart *hart, const struct stored_send *send);

// What the next event of this hart is told from others by: the sequence of a stored frame.
static inline uint32_t event_number(const struct hart *hart) {
    return (uint32_t)atomic_load_u64(&hart->events.next) * MAX_HARTS + hart->index + 1;
}

// EVENT_CALL and EVENT_QUEUE before the wait of `task` is published, EVENT_REPLY while `peer` is
// claimed, EVENT_SEND. `peer` may be null.
COLD void event_add_frame(struct hart *hart, enum event_kind kind, const struct task *task,
                          const struct task *peer, uint64_t frame_word);

static ALWAYS_INLINE void event_note(struct hart *hart, enum event_kind kind,
                                     const struct task *task, const struct task *peer,
                                     uint64_t sequence) {
    if (event_is_on(hart)) {
        event_add(hart, kind, task, peer, sequence);
    }
}

static ALWAYS_INLINE void event_note_type(struct hart *hart, enum event_kind kind,
                                          const struct task *task, uint64_t type,
                                          uint64_t sequence) {
    if (event_is_on(hart)) {
        event_add_type(hart, kind, task, type, sequence);
    }
}

static ALWAYS_INLINE void event_note_frame(struct hart *hart, enum event_kind kind,
                                           const struct task *task, const struct task *peer,
                                           uint64_t frame_word) {
    if (event_is_on(hart)) {
        event_add_frame(hart, kind, task, peer, frame_word);
    }
}
