// services/timed/timed.c: see timed.h.
#include "services/timed/timed.h"

#include <assert.h>

void timed_init(struct timed *timed) {
    struct timed empty = {0};
    *timed = empty;
}

static bool earlier(const struct timed_sleeper *a, const struct timed_sleeper *b) {
    return a->deadline_ns != b->deadline_ns ? a->deadline_ns < b->deadline_ns
                                            : a->arrival < b->arrival;
}

static void swap(struct timed *timed, uint32_t a, uint32_t b) {
    struct timed_sleeper kept = timed->heap[a];
    timed->heap[a] = timed->heap[b];
    timed->heap[b] = kept;
}

static void sift_up(struct timed *timed, uint32_t place) {
    while (place > 0) {
        uint32_t parent = (place - 1) / 2;
        if (!earlier(&timed->heap[place], &timed->heap[parent])) {
            return;
        }
        swap(timed, place, parent);
        place = parent;
    }
}

static void sift_down(struct timed *timed, uint32_t place) {
    for (;;) {  // Ends at a leaf.
        uint32_t first = place;
        for (uint32_t child = 2 * place + 1; child <= 2 * place + 2 && child < timed->sleeper_count;
             child++) {
            first = earlier(&timed->heap[child], &timed->heap[first]) ? child : first;
        }
        if (first == place) {
            return;
        }
        swap(timed, place, first);
        place = first;
    }
}

static struct timed_sleeper take(struct timed *timed, uint32_t place) {
    assert(place < timed->sleeper_count);
    struct timed_sleeper taken = timed->heap[place];
    timed->sleeper_count--;
    if (place < timed->sleeper_count) {
        timed->heap[place] = timed->heap[timed->sleeper_count];
        sift_up(timed, place);
        sift_down(timed, place);
    }
    return taken;
}

bool timed_sleep(struct timed *timed, uint64_t deadline_ns, const struct kept_call *call) {
    if (timed->sleeper_count == TIMED_SLEEPER_MAX) {
        timed->overloaded++;
        return false;
    }
    timed->heap[timed->sleeper_count] = (struct timed_sleeper){
        .deadline_ns = deadline_ns, .arrival = timed->next_arrival, .call = *call};
    timed->next_arrival++;
    timed->sleeper_count++;
    sift_up(timed, timed->sleeper_count - 1);
    return true;
}

uint64_t timed_count_woken(struct timed *timed) {
    return timed->woken++;
}

uint64_t timed_next_deadline(const struct timed *timed) {
    return timed->sleeper_count == 0 ? TIMED_NO_DEADLINE : timed->heap[0].deadline_ns;
}

bool timed_wake(struct timed *timed, uint64_t now_ns, struct kept_call *call) {
    if (timed_next_deadline(timed) > now_ns || timed->sleeper_count == 0) {
        return false;
    }
    *call = take(timed, 0).call;
    return true;
}

void timed_cancel(struct timed *timed, struct reply_handle reply) {
    for (uint32_t i = 0; i < timed->sleeper_count; i++) {
        if (timed->heap[i].call.reply.value == reply.value) {
            (void)take(timed, i);
            timed->cancelled++;
            return;
        }
    }
}
