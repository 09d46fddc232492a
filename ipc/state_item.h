// ipc/state_item.h: what the protocol "state" carries: bounds of keys, values and transactions, and
// the items of a LIST.
//
// An item is: key_count u8, value_count u16, the key.
// Units:     bytes.
// Ownership: an item read points into the reader's bytes.
// Errors:    state_item_get is false of what is not whole.
#pragma once

#include "ipc/wire/codec.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    STATE_KEY_BYTES_MAX = 48,     // And 1 at least; any bytes.
    STATE_VALUE_BYTES_MAX = 384,  // 0 is a value too.
    STATE_CHANGES_MAX = 8,        // In a transaction.
    STATE_LIST_BYTES_MAX = 448,   // Of the items of a page.
};

struct state_item {
    struct wire_bytes key;
    uint32_t value_count;
};

static inline uint32_t state_item_bytes(const struct state_item *item) {
    return 3 + item->key.count;
}

static inline void state_item_put(struct wire_writer *writer, const struct state_item *item) {
    wire_put_u8(writer, (uint8_t)item->key.count);
    wire_put_u16(writer, (uint16_t)item->value_count);
    for (uint32_t i = 0; i < item->key.count; i++) {
        wire_put_u8(writer, item->key.data[i]);
    }
}

WARN_UNUSED static inline bool state_item_get(struct wire_reader *reader, struct state_item *item) {
    item->key.count = wire_get_u8(reader);
    item->value_count = wire_get_u16(reader);
    item->key.data = reader->next;
    return wire_skip(reader, item->key.count);
}

#ifdef __cplusplus
}
#endif
