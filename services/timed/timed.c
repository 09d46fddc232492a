// services/timed/timed.c: see timed.h.
#include "services/timed/timed.h"

#include <assert.h>

#include "base/checked.h"

void timed_init(struct timed *timed) {
    *timed = (struct timed){.next_ns = TIMED_NO_DEADLINE};
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

static void note_next(struct timed *timed) {
    timed->next_ns = TIMED_NO_DEADLINE;
    for (uint32_t i = 0; i < timed->sleeper_count; i++) {
        uint64_t latest_ns = timed->sleepers[i].latest_ns;
        timed->next_ns = latest_ns < timed->next_ns ? latest_ns : timed->next_ns;
    }
}

static void take(struct timed *timed, uint32_t place) {
    timed->sleeper_count--;
    timed->sleepers[place] = timed->sleepers[timed->sleeper_count];
    note_next(timed);
}

bool timed_sleep(struct timed *timed, const struct timed_wish *wish, const struct kept_call *call) {
    if (timed->sleeper_count == TIMED_SLEEPER_MAX) {
        timed->overloaded++;
        return false;
    }
    uint64_t deadline_ns = timed_wish_deadline(wish);
    timed->sleepers[timed->sleeper_count] =
        (struct timed_sleeper){.deadline_ns = deadline_ns,
                               .latest_ns = window_end(deadline_ns, wish->laxity),
                               .arrival = timed->next_arrival,
                               .wish = *wish,
                               .call = *call};
    timed->next_arrival++;
    timed->sleeper_count++;
    note_next(timed);
    return true;
}

uint64_t timed_next_deadline(const struct timed *timed) {
    return timed->next_ns;
}

void timed_begin_wakeup(struct timed *timed) {
    timed->wakeups++;
}

static bool earlier(const struct timed_sleeper *a, const struct timed_sleeper *b) {
    return a->deadline_ns != b->deadline_ns ? a->deadline_ns < b->deadline_ns
                                            : a->arrival < b->arrival;
}

bool timed_wake(struct timed *timed, uint64_t now_ns, struct timed_sleeper *out) {
    uint32_t first = timed->sleeper_count;
    for (uint32_t i = 0; i < timed->sleeper_count; i++) {
        const struct timed_sleeper *sleeper = &timed->sleepers[i];
        bool due = sleeper->deadline_ns <= now_ns;
        if (due && (first == timed->sleeper_count || earlier(sleeper, &timed->sleepers[first]))) {
            first = i;
        }
    }
    if (first == timed->sleeper_count) {
        return false;
    }
    *out = timed->sleepers[first];
    take(timed, first);
    uint64_t late_ns = now_ns > out->latest_ns ? now_ns - out->latest_ns : 0;
    timed->late_max_ns = late_ns > timed->late_max_ns ? late_ns : timed->late_max_ns;
    return true;
}

uint64_t timed_count_answer(struct timed *timed, const struct timed_tick *tick) {
    timed->missed += tick->missed;
    return timed->woken++;
}

void timed_cancel(struct timed *timed, struct reply_handle reply) {
    for (uint32_t i = 0; i < timed->sleeper_count; i++) {
        if (timed->sleepers[i].call.reply.value == reply.value) {
            take(timed, i);
            timed->cancelled++;
            return;
        }
    }
}
