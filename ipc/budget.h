// ipc/budget.h: the only retry helpers: an operation ends by its deadline, after so many attempts,
// and after so many answers that were not its own. The pause between attempts doubles, so that the
// same events give the same times.
// Units:     nanoseconds since boot.
// Ownership: the caller owns the budget; one serves one operation.
// Blocking:  never: budget_pause_until says until when to wait, and the caller does it.
// Errors:    enum budget_verdict. A verdict but BUDGET_GO is final: nothing more is taken.
#pragma once

#include "ipc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum budget_verdict {
    BUDGET_GO = 0,
    BUDGET_LATE = 1,   // The deadline has passed.
    BUDGET_SPENT = 2,  // Attempts or mismatches have run out before it.
};

struct budget {
    struct deadline deadline;
    struct attempt_budget attempts;
    struct mismatch_budget mismatches;
    uint64_t pause_ns;      // Before the next attempt but the first.
    uint64_t pause_ns_max;  // It doubles up to this.
};

enum {
    BUDGET_ATTEMPTS = 4,
    BUDGET_MISMATCHES = 2,  // Fewer than attempts, for each follows one.
};
BASE_STATIC_ASSERT(BUDGET_MISMATCHES + 1 < BUDGET_ATTEMPTS, "mismatches can decide");
#define BUDGET_PAUSE_NS UINT64_C(1000000)
#define BUDGET_PAUSE_NS_MAX UINT64_C(16000000)

// The usual one: BUDGET_ATTEMPTS, BUDGET_MISMATCHES and pauses from 1 to 16 ms.
struct budget budget_until(struct deadline deadline);

// Takes one attempt.
WARN_UNUSED enum budget_verdict budget_attempt(struct budget *budget, uint64_t now_ns);

// Takes one answer that belongs to another request.
WARN_UNUSED enum budget_verdict budget_mismatch(struct budget *budget, uint64_t now_ns);

// Until when to wait before the next attempt, never beyond the deadline; the next pause is longer.
uint64_t budget_pause_until(struct budget *budget, uint64_t now_ns);

#ifdef __cplusplus
}
#endif
