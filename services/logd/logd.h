// services/logd/logd.h: the journal: a bounded number of records, a share of them for each sender,
// and each sender's rate. Knows no system calls.
//
// When the journal is full the oldest record makes room. A sender that has its share of it makes
// room of its own: who says much cannot push out what others have said. Who a sender is, the kernel
// says; nothing is believed of what a record says itself.
// Units:     nanoseconds since boot; bytes.
// Ownership: the caller owns the struct; records are copied in.
// Blocking:  never; appending looks at each sender once, and costs the same however many records
//            are kept (order.h); reading looks at no more records than it is told.
// Errors:    enum wire_status; what is refused is counted and changes nothing else.
#pragma once

#include "ipc/log_record.h"
#include "ipc/types.h"
#include "services/logd/order.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    LOGD_SHARE_MAX = 48,  // Records of one sender, of LOGD_RECORD_MAX.
    LOGD_SENDER_MAX = 32,
    LOGD_BURST = 32,       // Records that a sender may send at once,
    LOGD_PER_SECOND = 64,  // and so many a second.
    LOGD_LOOKS_MAX = 64,   // Records that one query looks at.
};

struct logd_kept {
    uint64_t sequence;
    uint64_t at_ns;
    uint64_t sender;
    uint8_t kind;
    uint8_t level;
    uint8_t scope_bytes;
    uint8_t text_bytes;
    uint8_t scope[LOG_SCOPE_MAX];
    uint8_t text[LOG_TEXT_MAX];
};

struct logd_counts {
    uint64_t appended;
    uint64_t over_rate;
    uint64_t over_size;
};

// A sender's rate and counts. Who has not sent for longest makes room.
struct logd_sender {
    uint64_t id;  // service_id; 0: the place is free.
    uint64_t sent_ns;
    uint64_t refilled_ns;
    uint32_t left;
    struct logd_counts counts;
};

struct logd {
    uint64_t next;              // Sequence of the next record; the first is 1.
    struct logd_counts counts;  // Of all senders.
    uint64_t overwritten;
    uint64_t forgotten;  // Senders that made room.
    struct logd_sender senders[LOGD_SENDER_MAX];
    struct logd_order order;  // Of the records that are kept: by sequence, and of each sender.
    struct logd_kept records[LOGD_RECORD_MAX];
};

// What a reader wants.
struct logd_wanted {
    uint64_t from;
    uint64_t until;  // Before this one; 0: all.
    uint8_t kind;    // enum log_kind
    uint8_t least_level;
    struct wire_bytes scope;  // Empty: any.
};

struct logd_page {
    uint64_t next;  // Where the next one begins.
    uint32_t count;
    bool more;  // Not all records have been looked at.
};

void logd_init(struct logd *logd);

// Keeps the record; its sequence is filled in. WIRE_OVERLOAD: over its sender's rate.
// WIRE_TOO_LARGE: scope or text; WIRE_MALFORMED: no such level or kind.
WARN_UNUSED enum wire_status logd_append(struct logd *logd, struct log_record *record);

// Keeps that a service or a program has ended. `record` has time and sender; its sequence is filled
// in. As logd_append; WIRE_DENIED: the sender is neither init nor execd. WIRE_MALFORMED: it is no
// reason.
WARN_UNUSED enum wire_status logd_append_crash(struct logd *logd, struct log_record *record,
                                               const struct log_crash *crash);

// The oldest record that is kept.
uint64_t logd_first(const struct logd *logd);

// Null: it has not sent anything, or not for long.
WARN_UNUSED const struct logd_sender *logd_sender_find(const struct logd *logd, uint64_t id);

// WIRE_OK, or WIRE_MALFORMED: no such level or kind, or a range or scope that cannot be.
WARN_UNUSED enum wire_status logd_wanted_check(const struct logd_wanted *wanted);

// Writes the records that are wanted to `out`, each whole: until it is full, or all are there, or
// `looks` were looked at. With none written and more to come: `looks` ran out, or `out` has no
// room for a single one.
WARN_UNUSED struct logd_page logd_read(const struct logd *logd, const struct logd_wanted *wanted,
                                       uint32_t looks, struct wire_writer *out);

#ifdef __cplusplus
}
#endif
