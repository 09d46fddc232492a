// services/statefsd/table.h: what the journal says, in memory: entries, whose they are, and how
// much each may have.
//
// A space is what belongs to one service. It exists while it has entries; who has none takes no
// place. Pools are fixed: quotas that together are no more than the pool keep one service from
// shutting out another.
// Units:     bytes of a key and its value; entries.
// Ownership: the caller owns the struct; views of values are valid until the next change.
// Blocking:  never. A call looks at most at every entry once.
// Errors:    enum state_status; a refused change changes nothing.
#pragma once

#include "ipc/state_item.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    STATE_ENTRIES_MAX = 256,
    STATE_SPACES_MAX = 16,
    STATE_RECORD_HEAD_BYTES = 12,
    STATE_RECORD_BYTES_MAX = STATE_RECORD_HEAD_BYTES + STATE_KEY_BYTES_MAX + STATE_VALUE_BYTES_MAX,
};

enum state_status {
    STATE_OK,
    STATE_ABSENT,      // There is no such key.
    STATE_BAD_KEY,     // Empty, or twice in one transaction.
    STATE_TOO_LARGE,   // A key, a value, or the number of changes.
    STATE_OVER_QUOTA,  // Of this space.
    STATE_NO_ROOM,     // In the pools of all.
    STATE_BATCH_FULL,  // Commit first.
    STATE_FAILED,      // The disk failed: nothing more is written until the next mount.
};

struct state_quota {
    uint64_t space;  // 0: of all that have no row of their own.
    uint32_t entries;
    uint32_t bytes;
};

struct state_entry {
    uint64_t space;  // service_id; 0: free.
    uint8_t key_count;
    uint16_t value_count;
    uint8_t key[STATE_KEY_BYTES_MAX];
    uint8_t value[STATE_VALUE_BYTES_MAX];
};

struct state_space {
    uint64_t id;
    uint32_t entries;  // 0: free.
    uint32_t bytes;
};

struct state_change {
    bool erase;
    struct wire_bytes key;
    struct wire_bytes value;
};

struct state_table {
    uint32_t entries_max;  // In use of the pool.
    uint32_t count;
    struct state_space spaces[STATE_SPACES_MAX];
    struct state_entry entries[STATE_ENTRIES_MAX];
};

void state_table_init(struct state_table *table, uint32_t entries_max);

// Null: there is none.
const struct state_entry *state_table_find(const struct state_table *table, uint64_t space,
                                           struct wire_bytes key);
const struct state_space *state_table_space(const struct state_table *table, uint64_t space);

// The entry of that space with the least key greater than `after`, which may be empty.
const struct state_entry *state_table_next(const struct state_table *table, uint64_t space,
                                           struct wire_bytes after);

// Whether all changes could be made together, with that quota (null: any). A key stands in one.
WARN_UNUSED enum state_status state_table_check(const struct state_table *table, uint64_t space,
                                                const struct state_change *changes, uint32_t count,
                                                const struct state_quota *quota);

// False: there is no room. To erase what is not there does nothing. With `leak` what is erased is
// not given back: a planted mistake.
WARN_UNUSED bool state_table_apply(struct state_table *table, uint64_t space,
                                   const struct state_change *change, bool leak);

// A change as it stands in a batch: space u64, erase u8, key_count u8, value_count u16, key, value.
uint32_t state_record_bytes(const struct state_change *change);
void state_record_put(struct wire_writer *writer, uint64_t space,
                      const struct state_change *change);
// False: not whole, or not a record.
WARN_UNUSED bool state_record_get(struct wire_reader *reader, uint64_t *space,
                                  struct state_change *change);

#ifdef __cplusplus
}
#endif
