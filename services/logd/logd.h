// services/logd/logd.h: the journal: a bounded number of records, the oldest makes room, and each
// sender has its rate. Knows no system calls.
// Units:     nanoseconds since boot.
// Ownership: the caller owns the struct; records are copied in.
// Blocking:  never; logd_find looks at each record at most once.
// Errors:    enum wire_status; what is refused is counted and changes nothing else.
#pragma once

#include "ipc/log_record.h"
#include "ipc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    LOGD_RECORD_MAX = 128,  // A power of two.
    LOGD_SENDER_MAX = 16,
    LOGD_BURST = 32,       // Records that a sender may send at once,
    LOGD_PER_SECOND = 64,  // and so many a second.
};

struct logd_kept {
    uint64_t at_ns;
    uint64_t sender;
    uint8_t level;
    uint8_t scope_bytes;
    uint8_t text_bytes;
    uint8_t scope[LOG_SCOPE_MAX];
    uint8_t text[LOG_TEXT_MAX];
};

// A sender's rate. Who has not sent for longest makes room.
struct logd_rate {
    uint64_t sender;  // 0: the place is free.
    uint64_t refilled_ns;
    uint32_t left;
};

struct logd {
    uint64_t next;  // Sequence of the next record; the first is 1.
    uint64_t overwritten;
    uint64_t over_rate;
    uint64_t over_size;
    struct logd_rate rates[LOGD_SENDER_MAX];
    struct logd_kept records[LOGD_RECORD_MAX];  // By sequence, modulo.
};

// What a query wants.
struct logd_wanted {
    uint64_t from;
    uint8_t least_level;
    struct wire_bytes scope;  // Empty: any.
};

void logd_init(struct logd *logd);

// Keeps the record; its sequence is filled in. WIRE_OVERLOAD: over its sender's rate.
// WIRE_TOO_LARGE: scope or text; WIRE_MALFORMED: no such level.
WARN_UNUSED enum wire_status logd_append(struct logd *logd, struct log_record *record);

// The oldest record that is kept.
uint64_t logd_first(const struct logd *logd);

// The first record from `from` on that is wanted. False: there is none. It points into the journal
// until the next logd_append.
WARN_UNUSED bool logd_find(const struct logd *logd, const struct logd_wanted *wanted,
                           struct log_record *out);

#ifdef __cplusplus
}
#endif
