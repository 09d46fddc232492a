// ipc/budget.c: see budget.h.
#include "ipc/budget.h"

#include "ipc/plant.h"

struct budget budget_until(struct deadline deadline) {
    struct budget budget = {.deadline = deadline,
                            .attempts = {.left = BUDGET_ATTEMPTS},
                            .mismatches = {.left = BUDGET_MISMATCHES},
                            .pause_ns = BUDGET_PAUSE_NS,
                            .pause_ns_max = BUDGET_PAUSE_NS_MAX};
    return budget;
}

static enum budget_verdict take(const struct budget *budget, uint32_t *left, uint64_t now_ns) {
    if (now_ns >= budget->deadline.ns) {
        return BUDGET_LATE;
    }
    if (*left == 0) {
        return BUDGET_SPENT;
    }
    *left -= 1;
    return BUDGET_GO;
}

enum budget_verdict budget_attempt(struct budget *budget, uint64_t now_ns) {
    return take(budget, &budget->attempts.left, now_ns);
}

enum budget_verdict budget_mismatch(struct budget *budget, uint64_t now_ns) {
    return take(budget, &budget->mismatches.left, now_ns);
}

uint64_t budget_pause_until(struct budget *budget, uint64_t now_ns) {
    uint64_t pause_ns = budget->pause_ns;
    bool doubles = pause_ns <= budget->pause_ns_max / 2;
    budget->pause_ns = doubles ? pause_ns * 2 : budget->pause_ns_max;
    if (plant_fires(PLANT_ENDLESS_PAUSE)) {
        return budget->deadline.ns + pause_ns;
    }
    if (now_ns >= budget->deadline.ns) {
        return budget->deadline.ns;
    }
    return pause_ns < budget->deadline.ns - now_ns ? now_ns + pause_ns : budget->deadline.ns;
}
