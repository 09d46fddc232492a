// services/timed/timed.h: the logic of timed: the clock, and sleepers in a bounded heap, earliest
// deadline first. Knows no system calls.
//
// A sleeper is a held call. Its reply handle comes in with the request and goes out when its
// deadline has passed, or when its caller has left.
// Units:     nanoseconds since boot.
// Ownership: the caller owns struct timed; a handle given to timed_serve and kept is timed's until
//            timed_wake or timed_cancel gives it back.
// Blocking:  never. Costs: O(log sleepers) a sleep or wake; timed_cancel looks at all of them.
// Errors:    in the protocol's status (ipc/wire/timed_wire.h); a refused request changes only the
//            counts.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ipc/wire/timed_wire.h"
#include "runtime/types.h"

#ifdef __cplusplus
extern "C" {
#endif

// One reply stays free, so that CLOCK and STATS and refusals are answered however many sleep.
enum { TIMED_SLEEPER_MAX = REPLY_SLOT_COUNT - 1 };

// The longest answer, that to STATS.
enum { TIMED_REPLY_BYTES_MAX = WIRE_REPLY_HEADER_BYTES + 4 + 4 * 8 };

#define TIMED_NO_DEADLINE UINT64_MAX

struct timed_sleeper {
    uint64_t deadline_ns;
    uint64_t arrival;  // Equal deadlines wake in the order they came.
    struct reply_handle reply;
    struct nonce nonce;
};

struct timed {
    uint32_t sleeper_count;
    struct timed_sleeper heap[TIMED_SLEEPER_MAX];  // Min-heap by (deadline_ns, arrival).
    uint64_t next_arrival;
    uint64_t woken;
    uint64_t cancelled;
    uint64_t overloaded;
    uint64_t malformed;
};

// A call that has arrived. `count` is that of the frame.
struct timed_arrival {
    uint64_t now_ns;
    const uint8_t *request;
    uint32_t count;
    struct reply_handle reply;
};

// An answer to send. The caller provides TIMED_REPLY_BYTES_MAX bytes; the rest is filled in.
struct timed_answer {
    uint8_t *bytes;
    uint32_t count;
    struct reply_handle reply;
};

void timed_init(struct timed *timed);

// Serves one call. True: `answer` is to be sent now. False: the caller sleeps and its reply is
// kept.
WARN_UNUSED bool timed_serve(struct timed *timed, const struct timed_arrival *arrival,
                             struct timed_answer *answer);

// The earliest sleeper's deadline, or TIMED_NO_DEADLINE.
uint64_t timed_next_deadline(const struct timed *timed);

// Takes the earliest sleeper if its deadline has passed: `answer` is to be sent. False: nobody is
// due.
WARN_UNUSED bool timed_wake(struct timed *timed, uint64_t now_ns, struct timed_answer *answer);

// Takes one sleeper whose caller has left, as `gone` says. False: none.
WARN_UNUSED bool timed_cancel(struct timed *timed,
                              bool (*gone)(void *context, struct reply_handle reply), void *context,
                              struct reply_handle *reply);

#ifdef __cplusplus
}
#endif
