// services/timed/timed.h: the logic of timed: sleepers in a bounded heap, earliest deadline first.
// Knows no system calls.
//
// A sleeper is a kept call: it comes in with timed_sleep and goes out when its deadline has passed,
// or when its caller has left.
// Units:     nanoseconds since boot.
// Ownership: the caller owns struct timed, which holds copies of the kept calls.
// Blocking:  never. Costs: O(log sleepers) a sleep or wake; timed_cancel looks at all of them.
// Errors:    a full heap refuses, and counts that.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ipc/types.h"
#include "kernel/abi/cap.h"

#ifdef __cplusplus
extern "C" {
#endif

// As many as a service can keep: one reply stays free for everything else.
enum { TIMED_SLEEPER_MAX = REPLY_SLOT_COUNT - 1 };

#define TIMED_NO_DEADLINE UINT64_MAX

struct timed_sleeper {
    uint64_t deadline_ns;
    uint64_t arrival;  // Equal deadlines wake in the order they came.
    struct kept_call call;
};

struct timed {
    uint32_t sleeper_count;
    struct timed_sleeper heap[TIMED_SLEEPER_MAX];  // Min-heap by (deadline_ns, arrival).
    uint64_t next_arrival;
    uint64_t woken;
    uint64_t cancelled;
    uint64_t overloaded;
};

void timed_init(struct timed *timed);

// The call is answered once the deadline has passed. False: too many sleep.
WARN_UNUSED bool timed_sleep(struct timed *timed, uint64_t deadline_ns,
                             const struct kept_call *call);

// One more is woken: how many were before it.
WARN_UNUSED uint64_t timed_count_woken(struct timed *timed);

// The earliest sleeper's deadline, or TIMED_NO_DEADLINE.
uint64_t timed_next_deadline(const struct timed *timed);

// Takes the earliest sleeper if its deadline has passed. False: nobody is due.
WARN_UNUSED bool timed_wake(struct timed *timed, uint64_t now_ns, struct kept_call *call);

// Its caller has left.
void timed_cancel(struct timed *timed, struct reply_handle reply);

#ifdef __cplusplus
}
#endif
