// kernel/core/donation.h: a task that serves a call, or for whom calls are queued, runs in the
// highest class of those who wait for it.
//
// Nothing is done when a call is handed over: the class is computed where a task enters a run
// queue, by looking from the task to the caller that it serves, to that one's caller, and so on;
// and where a call has to queue, its class goes from the endpoint's owner along what that one waits
// for. Both ways end after DONATION_DEPTH tasks that are blocked in calls.
// Locking:    donation_class takes none, and may see a chain that is just changing: then the class
//             is one of a moment before or after. donation_raise takes one lock at a time; the
//             caller holds none.
#pragma once

#include "kernel/core/kernel.h"

enum { DONATION_DEPTH = 8 };

// The task's effective class: enum qos.
WARN_UNUSED uint32_t donation_class(const struct kernel *kernel, const struct task *task);

// A call of that class waits in the queue of an endpoint that the task `owner` (an index) owns.
void donation_raise(struct kernel *kernel, struct hart *hart, uint32_t owner, uint32_t qos);

// The queue of calls, by class: a count of 16 bits a class.
static inline uint64_t donation_unit(uint32_t qos) {
    return UINT64_C(1) << (16 * (qos - 1));
}
