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

static void add(struct timed *timed, uint64_t deadline_ns, struct reply_handle reply,
                struct nonce nonce) {
    assert(timed->sleeper_count < TIMED_SLEEPER_MAX);
    struct timed_sleeper sleeper = {
        .deadline_ns = deadline_ns, .arrival = timed->next_arrival, .reply = reply, .nonce = nonce};
    timed->next_arrival++;
    timed->heap[timed->sleeper_count] = sleeper;
    timed->sleeper_count++;
    sift_up(timed, timed->sleeper_count - 1);
}

static void encode(const struct timed_message *reply, struct reply_handle to,
                   struct timed_answer *answer) {
    answer->reply = to;
    answer->count = timed_encode(WIRE_REPLY, reply, answer->bytes, TIMED_REPLY_BYTES_MAX);
    assert(answer->count != 0);
}

static void woken_answer(struct timed *timed, uint64_t now_ns, struct nonce nonce,
                         struct timed_message *out) {
    out->header.op = TIMED_OP_SLEEP;
    out->header.status = WIRE_OK;
    out->header.nonce = nonce;
    out->now_ns = now_ns;
    out->wake_order = timed->woken;
    timed->woken++;
}

static void stats_answer(const struct timed *timed, struct timed_message *out) {
    out->sleepers = timed->sleeper_count;
    out->woken = timed->woken;
    out->cancelled = timed->cancelled;
    out->overloaded = timed->overloaded;
    out->malformed = timed->malformed;
}

// A sleep that is not over yet. True if it was refused, which `out` says.
static bool sleep_refused(struct timed *timed, const struct timed_message *request,
                          struct reply_handle reply, struct timed_message *out) {
    if (timed->sleeper_count == TIMED_SLEEPER_MAX) {
        timed->overloaded++;
        out->header.status = WIRE_OVERLOAD;
        return true;
    }
    add(timed, request->deadline_ns, reply, request->header.nonce);
    return false;
}

bool timed_serve(struct timed *timed, const struct timed_arrival *arrival,
                 struct timed_answer *answer) {
    struct timed_message decoded = {0};
    struct timed_message out = {0};
    enum wire_status status =
        timed_decode(WIRE_REQUEST, arrival->request, arrival->count, &decoded);
    out.header.op = decoded.header.op;
    out.header.status = (uint8_t)status;
    out.header.nonce = decoded.header.nonce;
    if (status != WIRE_OK) {
        timed->malformed++;
    } else if (decoded.header.op == TIMED_OP_CLOCK) {
        out.now_ns = arrival->now_ns;
    } else if (decoded.header.op == TIMED_OP_STATS) {
        stats_answer(timed, &out);
    } else if (decoded.deadline_ns <= arrival->now_ns) {
        woken_answer(timed, arrival->now_ns, decoded.header.nonce, &out);
    } else if (!sleep_refused(timed, &decoded, arrival->reply, &out)) {
        return false;
    }
    encode(&out, arrival->reply, answer);
    return true;
}

uint64_t timed_next_deadline(const struct timed *timed) {
    return timed->sleeper_count == 0 ? TIMED_NO_DEADLINE : timed->heap[0].deadline_ns;
}

bool timed_wake(struct timed *timed, uint64_t now_ns, struct timed_answer *answer) {
    if (timed->sleeper_count == 0 || timed->heap[0].deadline_ns > now_ns) {
        return false;
    }
    struct timed_sleeper sleeper = take(timed, 0);
    struct timed_message out = {0};
    woken_answer(timed, now_ns, sleeper.nonce, &out);
    encode(&out, sleeper.reply, answer);
    return true;
}

bool timed_cancel(struct timed *timed, bool (*gone)(void *context, struct reply_handle reply),
                  void *context, struct reply_handle *reply) {
    for (uint32_t i = 0; i < timed->sleeper_count; i++) {
        if (gone(context, timed->heap[i].reply)) {
            *reply = take(timed, i).reply;
            timed->cancelled++;
            return true;
        }
    }
    return false;
}
