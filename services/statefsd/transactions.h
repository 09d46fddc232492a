// services/statefsd/transactions.h: transactions that are under way: changes that are kept until
// their COMMIT. No system calls: time comes in.
//
// A sender has one at most; a bounded number of senders have one. Who began one and did not commit
// it within STATE_TRANSACTION_NS loses its place to who wants it.
// Units:     nanoseconds since boot.
// Ownership: the caller owns the struct. Views handed out are valid until the next call.
// Blocking:  never.
// Errors:    enum state_status: STATE_ABSENT of a number that is none of this sender's.
#pragma once

#include "services/statefsd/table.h"

#ifdef __cplusplus
extern "C" {
#endif

#define STATE_TRANSACTION_NS UINT64_C(10000000000)

enum {
    STATE_TRANSACTIONS_MAX = 4,
};

// The kernel's words.
struct state_caller {
    uint64_t id;
    uint32_t instance;
};

struct state_kept {
    bool erase;
    uint8_t key_count;
    uint16_t value_count;
    uint8_t key[STATE_KEY_BYTES_MAX];
    uint8_t value[STATE_VALUE_BYTES_MAX];
};

struct state_transaction {
    uint64_t number;  // 0: free.
    struct state_caller from;
    uint64_t since_ns;
    uint32_t count;
    struct state_kept changes[STATE_CHANGES_MAX];
};

struct state_transactions {
    uint64_t last;  // Numbers are never used twice.
    struct state_transaction places[STATE_TRANSACTIONS_MAX];
};

// `start` is the number of the service's start: numbers of one before are none of this one's.
void state_transactions_init(struct state_transactions *all, uint32_t start);

// STATE_NO_ROOM: all places are in use.
WARN_UNUSED enum state_status state_transaction_begin(struct state_transactions *all,
                                                      struct state_caller from, uint64_t now_ns,
                                                      uint64_t *number);

// A change of a key that has one already takes its place. STATE_NO_ROOM: it is full.
WARN_UNUSED enum state_status state_transaction_add(struct state_transactions *all,
                                                    struct state_caller from, uint64_t number,
                                                    const struct state_change *change);

// Its changes, and it is over. `changes` has room for STATE_CHANGES_MAX.
WARN_UNUSED enum state_status state_transaction_end(struct state_transactions *all,
                                                    struct state_caller from, uint64_t number,
                                                    struct state_change *changes, uint32_t *count);

#ifdef __cplusplus
}
#endif
