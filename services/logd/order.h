// services/logd/order.h: which places of the journal are kept, in what order they came, and which
// of them are each sender's. Knows places and senders, not records.
//
// A place is told of in the order of all that are kept, and in a queue of its sender. What goes is
// always the oldest of its sender, so it is the head of such a queue. Heads are found by a hash of
// the sender. The order is one byte a place, eight in a word: who goes is searched and what
// is behind it moved by whole words, 16 of them in all.
// Units:     places, from 0 to LOGD_RECORD_MAX - 1; `at` is where one stands in the order.
// Ownership: the caller owns the struct.
// Blocking:  never. Costs do not grow with the places that are kept, but for those words, and for
//            heads that share one of the buckets.
#pragma once

#include <stdint.h>

#include "base/compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    LOGD_RECORD_MAX = 128,
    LOGD_PLACE_NONE = 255,
    LOGD_BUCKET_COUNT = 32,
    LOGD_ORDER_PER_WORD = 8,
};
BASE_STATIC_ASSERT(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the lowest byte is the first");

// A place in the queue of its sender. Of the head only: `count`, `last` and `chain`.
struct logd_link {
    uint64_t sender;
    uint8_t next;   // Of the same sender; not of its last.
    uint8_t last;   // Of this queue.
    uint8_t count;  // Of places in it.
    uint8_t chain;  // The next head of the bucket, or LOGD_PLACE_NONE.
};

struct logd_order {
    uint32_t count;  // Places 0 to count - 1 are kept.
    uint64_t order[LOGD_RECORD_MAX / LOGD_ORDER_PER_WORD];
    uint8_t buckets[LOGD_BUCKET_COUNT];  // Heads, or LOGD_PLACE_NONE.
    struct logd_link links[LOGD_RECORD_MAX];
};

void logd_order_init(struct logd_order *order);

// The place that stands there; `at` is less than the count.
static inline uint32_t logd_order_at(const struct logd_order *order, uint32_t at) {
    return ((const uint8_t *)order->order)[at];
}

// How many places are the sender's, and the oldest of them; 0: LOGD_PLACE_NONE.
WARN_UNUSED uint32_t logd_order_count_of(const struct logd_order *order, uint64_t sender,
                                         uint32_t *oldest);

// A place that was not kept yet is the sender's, and the last in the order. There is one: count is
// less than LOGD_RECORD_MAX.
WARN_UNUSED uint32_t logd_order_add(struct logd_order *order, uint64_t sender);

// The oldest place of a sender becomes a sender's, the same or another, and the last in the order.
void logd_order_give(struct logd_order *order, uint32_t place, uint64_t sender);

#ifdef __cplusplus
}
#endif
