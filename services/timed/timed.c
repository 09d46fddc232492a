// services/timed/timed.c: see timed.h.
#include "services/timed/timed.h"

#include <assert.h>

#include "base/checked.h"
#include "ipc/plant.h"

void timed_init(struct timed *timed) {
    *timed = (struct timed){.next_ns = TIMED_NO_DEADLINE};
    for (uint8_t i = 0; i < TIMED_SLEEPER_MAX; i++) {
        timed->free[i] = i;
    }
}

bool timed_wish_is_good(const struct timed_wish *wish) {
    uint64_t unused = 0;
    return wish->laxity < TIMED_CLASS_COUNT &&
           checked_add_u64(wish->deadline_ns, wish->period_ns, &unused);
}

uint64_t timed_wish_deadline(const struct timed_wish *wish) {
    return wish->deadline_ns + wish->period_ns;
}

struct timed_tick timed_tick_at(const struct timed_wish *wish, uint64_t now_ns) {
    struct timed_tick tick = {.due_ns = wish->deadline_ns, .missed = 0};
    assert(timed_wish_deadline(wish) <= now_ns);
    if (wish->period_ns != 0) {
        uint64_t periods = (now_ns - wish->deadline_ns) / wish->period_ns;
        tick.due_ns += periods * wish->period_ns;
        tick.missed = periods - 1;
    }
    return tick;
}

static uint64_t window_end(uint64_t deadline_ns, uint32_t laxity) {
    uint64_t latest_ns = 0;
    return checked_add_u64(deadline_ns, timed_window_ns(laxity), &latest_ns) ? latest_ns
                                                                             : TIMED_NO_DEADLINE;
}

static bool earlier(const struct timed_sleeper *a, const struct timed_sleeper *b) {
    return a->deadline_ns != b->deadline_ns ? a->deadline_ns < b->deadline_ns
                                            : a->arrival < b->arrival;
}

// Whether the sleeper at one place of a heap goes before that at another; if so they change places.
static bool put_first(struct timed *timed, struct timed_heap *heap, uint32_t one, uint32_t other) {
    const uint8_t index = heap->places[one];
    if (!earlier(&timed->sleepers[index], &timed->sleepers[heap->places[other]])) {
        return false;
    }
    heap->places[one] = heap->places[other];
    heap->places[other] = index;
    return true;
}

static void rise(struct timed *timed, struct timed_heap *heap, uint32_t place) {
    while (place > 0 && put_first(timed, heap, place, (place - 1) / 2)) {
        place = (place - 1) / 2;
    }
}

static void sink(struct timed *timed, struct timed_heap *heap, uint32_t place) {
    for (uint32_t below = 2 * place + 1; below < heap->count; below = 2 * place + 1) {
        const bool has_two = below + 1 < heap->count;
        below += has_two && earlier(&timed->sleepers[heap->places[below + 1]],
                                    &timed->sleepers[heap->places[below]]);
        if (!put_first(timed, heap, below, place)) {
            return;
        }
        place = below;
    }
}

static void note_next(struct timed *timed) {
    uint64_t next_ns = TIMED_NO_DEADLINE;
    for (uint32_t i = 0; i < TIMED_CLASS_COUNT; i++) {
        const struct timed_heap *heap = &timed->heaps[i];
        if (heap->count != 0 && timed->sleepers[heap->places[0]].latest_ns < next_ns) {
            next_ns = timed->sleepers[heap->places[0]].latest_ns;
        }
    }
    timed->next_ns = next_ns;
}

// Takes the sleeper at that place of its heap out.
static void take(struct timed *timed, struct timed_heap *heap, uint32_t place) {
    timed->sleeper_count--;
    timed->free[timed->sleeper_count] = heap->places[place];
    heap->count--;
    heap->places[place] = heap->places[heap->count];
    if (place < heap->count) {
        rise(timed, heap, place);
        sink(timed, heap, place);
    }
    note_next(timed);
}

bool timed_sleep(struct timed *timed, const struct timed_wish *wish, const struct kept_call *call) {
    if (timed->sleeper_count == TIMED_SLEEPER_MAX) {
        timed->overloaded++;
        return false;
    }
    const uint64_t deadline_ns = timed_wish_deadline(wish);
    const uint8_t index = timed->free[timed->sleeper_count];
    struct timed_heap *heap = &timed->heaps[wish->laxity];
    timed->sleepers[index] =
        (struct timed_sleeper){.deadline_ns = deadline_ns,
                               .latest_ns = window_end(deadline_ns, wish->laxity),
                               .arrival = timed->next_arrival,
                               .wish = *wish,
                               .call = *call};
    timed->next_arrival++;
    timed->sleeper_count++;
    heap->places[heap->count] = index;
    heap->count++;
    rise(timed, heap, heap->count - 1);
    note_next(timed);
    return true;
}

uint64_t timed_next_deadline(const struct timed *timed) {
    if (timed->sleeper_count != 0 && plant_fires(PLANT_LATE_WAKE)) {
        return timed->next_ns + UINT64_C(50000000);
    }
    return timed->next_ns;
}

void timed_begin_wakeup(struct timed *timed) {
    timed->wakeups++;
}

bool timed_wake(struct timed *timed, uint64_t now_ns, struct timed_sleeper *out) {
    struct timed_heap *from = 0;
    for (uint32_t i = 0; i < TIMED_CLASS_COUNT; i++) {
        struct timed_heap *heap = &timed->heaps[i];
        const struct timed_sleeper *first = &timed->sleepers[heap->places[0]];
        const bool is_due = heap->count != 0 && first->deadline_ns <= now_ns;
        if (is_due && (!from || earlier(first, &timed->sleepers[from->places[0]]))) {
            from = heap;
        }
    }
    if (!from) {
        return false;
    }
    *out = timed->sleepers[from->places[0]];
    take(timed, from, 0);
    uint64_t late_ns = now_ns > out->latest_ns ? now_ns - out->latest_ns : 0;
    timed->late_max_ns = late_ns > timed->late_max_ns ? late_ns : timed->late_max_ns;
    return true;
}

uint64_t timed_count_answer(struct timed *timed, const struct timed_tick *tick) {
    timed->missed += tick->missed;
    return timed->woken++;
}

// False: the reply is of none of that class.
static bool cancel(struct timed *timed, struct timed_heap *heap, struct reply_handle reply) {
    for (uint32_t place = 0; place < heap->count; place++) {
        if (timed->sleepers[heap->places[place]].call.reply.value == reply.value) {
            take(timed, heap, place);
            timed->cancelled++;
            return true;
        }
    }
    return false;
}

void timed_cancel(struct timed *timed, struct reply_handle reply) {
    for (uint32_t i = 0; i < TIMED_CLASS_COUNT; i++) {
        if (cancel(timed, &timed->heaps[i], reply)) {
            return;
        }
    }
}
