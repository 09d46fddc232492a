// services/policyd/audit_book.h: which denials the journal is told of. Each subject has a budget of
// its own, so that one that is denied much does not push out what the journal has of others: some
// at once, and one more from time to time; the rest is counted. Equal denials in a row are told
// once in AUDIT_REFILL_NS. Knows no system calls.
// Units:     nanoseconds since boot.
// Ownership: the caller owns the struct.
// Blocking:  never; each function looks at each place once.
// Errors:    none: of too many subjects the one denied longest ago makes room, which is counted.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    AUDIT_SUBJECT_MAX = 32,
    AUDIT_BURST = 8,  // Records of one subject at once.
};

#define AUDIT_REFILL_NS UINT64_C(10000000000)  // One more of them after so long.

struct audit_denial {
    uint64_t subject;
    uint64_t object;
    uint32_t action;  // As it came: anything.
};

struct audit_subject {
    struct audit_denial last;  // Its subject 0: the place is free.
    uint64_t denied_ns;
    uint64_t said_ns;
    uint64_t refilled_ns;
    uint32_t left;
    uint64_t denied;
    uint64_t unsaid;  // In all;
    uint64_t since;   // and since the last record.
};

struct audit_book {
    uint64_t forgotten;  // Subjects that made room.
    struct audit_subject subjects[AUDIT_SUBJECT_MAX];
};

void audit_book_init(struct audit_book *book);

// Counts a denial. True: the journal is to be told, and *before is how many of that subject it was
// not told of since the last one.
WARN_UNUSED bool audit_book_denied(struct audit_book *book, const struct audit_denial *denial,
                                   uint64_t now_ns, uint64_t *before);

// Null: it was not denied anything, or not for long.
WARN_UNUSED const struct audit_subject *audit_book_find(const struct audit_book *book,
                                                        uint64_t subject);

#ifdef __cplusplus
}
#endif
