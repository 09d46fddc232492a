// services/logd/order.c: see order.h.
#include "services/logd/order.h"

#include <stdbool.h>
#include <string.h>

#define EACH_BYTE UINT64_C(0x0101010101010101)

BASE_STATIC_ASSERT(LOGD_RECORD_MAX % LOGD_ORDER_PER_WORD == 0, "whole words");
BASE_STATIC_ASSERT(LOGD_RECORD_MAX <= LOGD_PLACE_NONE, "a place is a byte");

void logd_order_init(struct logd_order *order) {
    memset(order, 0, sizeof(*order));
    memset(order->buckets, LOGD_PLACE_NONE, sizeof(order->buckets));
}

// The name of a sender is a hash itself.
static uint32_t bucket_of(uint64_t sender) {
    return (uint32_t)(sender ^ sender >> 32) % LOGD_BUCKET_COUNT;
}

// Where the sender's head is named: in its bucket or in the head before it; LOGD_PLACE_NONE there:
// it has none. At most as many steps as there are heads.
static uint8_t *head_of(struct logd_order *order, uint64_t sender) {
    uint8_t *name = &order->buckets[bucket_of(sender)];
    while (*name != LOGD_PLACE_NONE && order->links[*name].sender != sender) {
        name = &order->links[*name].chain;
    }
    return name;
}

uint32_t logd_order_count_of(const struct logd_order *order, uint64_t sender, uint32_t *oldest) {
    *oldest = order->buckets[bucket_of(sender)];
    while (*oldest != LOGD_PLACE_NONE && order->links[*oldest].sender != sender) {
        *oldest = order->links[*oldest].chain;
    }
    return *oldest != LOGD_PLACE_NONE ? order->links[*oldest].count : 0;
}

// The last of its sender's queue from now on.
static ALWAYS_INLINE void join_queue(struct logd_order *order, uint32_t place, uint64_t sender) {
    uint8_t *name = head_of(order, sender);
    if (*name == LOGD_PLACE_NONE) {
        order->links[place] = (struct logd_link){
            .sender = sender, .last = (uint8_t)place, .count = 1, .chain = LOGD_PLACE_NONE};
        *name = (uint8_t)place;
        return;
    }
    struct logd_link *head = &order->links[*name];
    order->links[place].sender = sender;
    order->links[head->last].next = (uint8_t)place;
    head->last = (uint8_t)place;
    head->count++;
}

// The head of a queue leaves it, or becomes its last.
static ALWAYS_INLINE void leave_queue(struct logd_order *order, uint32_t place, bool comes_again) {
    const struct logd_link head = order->links[place];
    uint8_t *name = head_of(order, head.sender);
    if (head.count == 1) {
        *name = comes_again ? (uint8_t)place : head.chain;
        return;
    }
    struct logd_link *next = &order->links[head.next];
    *name = head.next;
    next->chain = head.chain;
    next->count = (uint8_t)(head.count - !comes_again);
    next->last = comes_again ? (uint8_t)place : head.last;
    order->links[head.last].next = (uint8_t)place;  // Not looked at, if it does not come again.
}

// Its lowest byte that is `place` has its top bit set, and none below it has. 0: there is none.
static uint64_t bytes_that_are(uint64_t word, uint32_t place) {
    uint64_t zero_there = word ^ (place * EACH_BYTE);
    return (zero_there - EACH_BYTE) & ~zero_there & (EACH_BYTE << 7);
}

// Moves what stands behind a gap one nearer. `moved` is the gap's word without it.
static ALWAYS_INLINE void close_gap(uint64_t *word, const uint64_t *last, uint64_t moved) {
    for (; last - word >= 4; word += 4) {
        uint64_t a = word[1];
        uint64_t b = word[2];
        uint64_t c = word[3];
        uint64_t d = word[4];
        word[0] = moved | a << 56;
        word[1] = a >> 8 | b << 56;
        word[2] = b >> 8 | c << 56;
        word[3] = c >> 8 | d << 56;
        moved = d >> 8;
    }
    for (; word != last; word++) {
        *word = moved | word[1] << 56;
        moved = word[1] >> 8;
    }
    *word = moved;
}

// The place leaves the order. It mostly stands first.
static ALWAYS_INLINE void take_out(struct logd_order *order, uint32_t place) {
    uint64_t *word = order->order;
    const uint64_t *last = &order->order[(order->count - 1) / LOGD_ORDER_PER_WORD];
    uint64_t before = 0;  // Of its word, the bytes before it.
    if (logd_order_at(order, 0) != place) {
        uint64_t found = bytes_that_are(*word, place);
        while (found == 0 && word != last) {
            word++;
            found = bytes_that_are(*word, place);
        }
        before = ((found & -found) >> 7) - 1;
    }
    close_gap(word, last, (*word & before) | ((*word >> 8) & ~before));
}

static void put_last(struct logd_order *order, uint32_t place) {
    ((uint8_t *)order->order)[order->count - 1] = (uint8_t)place;
}

uint32_t logd_order_add(struct logd_order *order, uint64_t sender) {
    uint32_t place = order->count++;
    join_queue(order, place, sender);
    put_last(order, place);
    return place;
}

void logd_order_give(struct logd_order *order, uint32_t place, uint64_t sender) {
    take_out(order, place);
    put_last(order, place);
    bool same = order->links[place].sender == sender;
    leave_queue(order, place, same);
    if (!same) {
        join_queue(order, place, sender);
    }
}
