// services/timed/timed.h: the logic of timed: who sleeps until when, and whom one wake-up serves.
// Knows no system calls.
//
// A sleeper wants to be woken at its deadline or later, within a window that its class allows.
// timed wakes when the first window ends, and then everybody whose deadline has passed: no other
// plan makes fewer wake-ups. Nobody is woken before its deadline, or because of others later than
// its window allows.
// A sleeper with a period asks for its next tick: a whole number of periods after the last one that
// it has seen. Ticks that passed unseen are counted, and however late one comes, the next is
// counted from when it was due: nothing drifts.
// A sleeper is a kept call: it comes in with timed_sleep and goes out when it is woken, or when its
// caller has left.
// Units:     nanoseconds since boot.
// Ownership: the caller owns struct timed, which holds copies of the kept calls.
// Blocking:  never. Costs: sleeping and waking grow with the logarithm of the sleepers;
//            timed_cancel looks at each.
// Errors:    a full table refuses, and counts that.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ipc/timed_class.h"
#include "ipc/types.h"
#include "kernel/abi/cap.h"

#ifdef __cplusplus
extern "C" {
#endif

// As many as a service can keep: one reply stays free for everything else.
enum { TIMED_SLEEPER_MAX = REPLY_SLOT_COUNT - 1 };

#define TIMED_NO_DEADLINE UINT64_MAX

struct timed_wish {
    uint64_t deadline_ns;  // Of a tick: when the last one was.
    uint64_t period_ns;    // 0: no tick, sleep until the deadline.
    uint8_t laxity;        // enum timed_class
};

struct timed_sleeper {
    uint64_t deadline_ns;
    uint64_t latest_ns;  // The end of its window.
    uint64_t arrival;    // Equal deadlines wake in the order they came.
    struct timed_wish wish;
    struct kept_call call;
};

// The sleepers of a class, as a heap: each before the two at twice its place. In a class the first
// deadline is also that of the first window to end.
struct timed_heap {
    uint32_t count;
    uint8_t places[TIMED_SLEEPER_MAX];  // Indices of sleepers.
};

struct timed {
    uint32_t sleeper_count;
    uint8_t free[TIMED_SLEEPER_MAX];  // Indices of the other places, behind sleeper_count.
    struct timed_sleeper sleepers[TIMED_SLEEPER_MAX];
    struct timed_heap heaps[TIMED_CLASS_COUNT];
    uint64_t next_ns;  // The first end of a window, or TIMED_NO_DEADLINE.
    uint64_t next_arrival;
    uint64_t wakeups;  // Times at which somebody was woken; `woken` counts the sleepers.
    uint64_t woken;
    uint64_t cancelled;
    uint64_t overloaded;
    uint64_t missed;       // Ticks that passed unseen.
    uint64_t late_max_ns;  // The most that anybody was woken after its window.
};

// A tick: when it was due, and how many before it were not seen.
struct timed_tick {
    uint64_t due_ns;
    uint64_t missed;
};

void timed_init(struct timed *timed);

// Whether a wish is one: its class exists, and its next tick is a time.
WARN_UNUSED bool timed_wish_is_good(const struct timed_wish *wish);

// Until when such a sleeper sleeps at least; the wish is good.
uint64_t timed_wish_deadline(const struct timed_wish *wish);

// The last tick that is due now; its deadline has passed. Of a sleep: the deadline.
struct timed_tick timed_tick_at(const struct timed_wish *wish, uint64_t now_ns);

// The call is answered in the window that begins with its deadline. False: too many sleep.
WARN_UNUSED bool timed_sleep(struct timed *timed, const struct timed_wish *wish,
                             const struct kept_call *call);

// When timed has to wake: the first end of a window, or TIMED_NO_DEADLINE.
uint64_t timed_next_deadline(const struct timed *timed);

// It wakes.
void timed_begin_wakeup(struct timed *timed);

// Takes the sleeper whose deadline passed first. False: nobody is due.
WARN_UNUSED bool timed_wake(struct timed *timed, uint64_t now_ns, struct timed_sleeper *out);

// Counts one that is answered, woken or not: how many were before it.
WARN_UNUSED uint64_t timed_count_answer(struct timed *timed, const struct timed_tick *tick);

// Its caller has left.
void timed_cancel(struct timed *timed, struct reply_handle reply);

#ifdef __cplusplus
}
#endif
