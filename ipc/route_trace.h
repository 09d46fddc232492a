// ipc/route_trace.h: the last things that a client's routes and calls went through, in a ring in
// its own memory: each step of a route, each attempt after the first, each outcome of a call, each
// answer that came later. A hit is only counted, unless route_cache_trace_hits says otherwise; so
// the ring costs a hit nothing.
// Units:     nanoseconds since boot: when the attempt began that the record is of; of an
//            asynchronous answer or loss, when it was taken.
// Ownership: the route cache owns the ring; records are copied out.
// Blocking:  never.
// Errors:    none: a full ring loses its oldest record, and the numbers say so.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ROUTE_TRACE_MAX = 32,   // Records that are kept.
    ROUTE_TRACE_PAGE = 16,  // That one message carries.
};

enum route_trace_kind {
    ROUTE_TRACE_STEP,     // A route: enum route_state, enum route_event, enum route_state.
    ROUTE_TRACE_OUTCOME,  // A call or send: enum ipc_error, enum ipc_served, 0.
    ROUTE_TRACE_ANSWER,   // An answer that was taken later: enum ipc_error, 0, 0.
    ROUTE_TRACE_STRAY,    // What came and became no outcome: enum route_stray, 0, 0.
    ROUTE_TRACE_RESENT,   // An attempt after a call's first one begins: its number, 0, 0.
};

enum route_stray {
    ROUTE_STRAY_MISMATCHED,  // It did not carry its request's nonce, or came from somebody else.
    ROUTE_STRAY_UNKNOWN,     // It belongs to no request that is under way; its target is 0.
    ROUTE_STRAY_DROPPED,     // It made room for a later one before it was taken.
    ROUTE_STRAY_CANCELLED,   // Nobody wants it any more, whether it comes or not.
    ROUTE_STRAY_STRANGE,     // No answer: a call or send where one was awaited; its target is who
                             // sent it.
    ROUTE_STRAY_COUNT
};

// As it travels: little-endian, no padding.
struct route_trace_record {
    uint64_t at_ns;
    uint64_t target;  // service_id
    uint8_t kind;     // enum route_trace_kind
    uint8_t action;   // enum policy_action
    uint8_t what[3];  // By kind.
    uint8_t zero[3];
};
BASE_STATIC_ASSERT(sizeof(struct route_trace_record) == 24, "as it travels");

struct route_trace {
    uint64_t now_ns;  // Of the records that come.
    uint64_t count;   // Records so far; number i is at place i modulo ROUTE_TRACE_MAX.
    struct route_trace_record records[ROUTE_TRACE_MAX];
};

static inline void route_trace_put(struct route_trace *trace, struct route_trace_record record) {
    record.at_ns = trace->now_ns;
    trace->records[trace->count % ROUTE_TRACE_MAX] = record;
    trace->count++;
}

// Copies records from number *first on, at most ROUTE_TRACE_PAGE; how many. *first becomes the
// number of the first one, which is later if those asked for are gone.
static inline uint32_t route_trace_page(const struct route_trace *trace, uint64_t *first,
                                        struct route_trace_record *out) {
    const uint64_t room = ROUTE_TRACE_MAX;
    const uint64_t kept = trace->count < room ? trace->count : room;
    uint64_t from = *first > trace->count ? trace->count : *first;
    from = from < trace->count - kept ? trace->count - kept : from;
    uint32_t count = 0;
    for (uint64_t i = from; i < trace->count && count < ROUTE_TRACE_PAGE; i++) {
        out[count] = trace->records[i % ROUTE_TRACE_MAX];
        count++;
    }
    *first = from;
    return count;
}

#ifdef __cplusplus
}
#endif
