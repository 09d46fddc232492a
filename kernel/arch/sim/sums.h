// kernel/arch/sim/sums.h: running sums: what the full audit (kernel/core/audit.h) counts from
// nothing, kept up step by step, so that a mistake shows at the step that makes it.
//
// Every atomic access says where it is (base/host/atomic_point.h), and so which object it touches:
// whoever changes an object of the kernel takes its lock, or claims or looks at one of its words,
// in the same kernel entry. What a touched object holds is compared with what was counted of it,
// and only the difference is added; then it is looked at by itself, and the totals must agree. The
// cost is that of the objects that were touched, however many there are. The full audit compares
// all its counts with these (sums_agree), so an object that changes untouched is found out too.
//
// For moments at which no hart is in the kernel. On one hart that is after every kernel entry; on
// several, after every one that leaves none inside, and what was touched until then is kept.
#pragma once

#include "kernel/core/audit.h"

enum {
    SUMS_TASK_WORDS = MAX_TASKS / 64,
    SUMS_ENDPOINT_WORDS = MAX_ENDPOINTS / 64,
    SUMS_VMO_WORDS = MAX_VMOS / 64,
    SUMS_GRANT_WORDS = MAX_GRANTS / 64 + 1,
    SUMS_WAITS = WAIT_ASYNC,  // Kinds of waits that a wait word can say.
};

// What was counted of an object.
struct sums_task {
    uint32_t state;
    uint32_t wait;  // enum wait_state plus 1, of one that is live or dying; 0: none.
    uint32_t answers;
    uint32_t async_pages;
    uint32_t program_vmo;
    uint32_t quota[QUOTA_KIND_COUNT];
    bool parked;
    uint64_t wait_word;
    struct capability caps[CAP_SLOT_COUNT];
    struct reply_entry replies[REPLY_SLOT_COUNT];
    struct mapping_table mappings;
};

struct sums_endpoint {
    uint32_t generation;
    uint32_t owner;  // TASK_NONE: not open.
    uint32_t queued;
    uint32_t send_count;
    uint64_t lent;
    bool taken;
    bool used_up;
    struct stored_send sends[SEND_STORAGE_COUNT];
};

struct sums_vmo {
    uint32_t pages;
    struct quota_amounts paid;
};

struct sums {
    uint64_t touched_tasks[SUMS_TASK_WORDS];
    uint64_t touched_spaces[SUMS_TASK_WORDS];   // Tasks whose quota of pages was, and
    uint64_t touched_replies[SUMS_TASK_WORDS];  // those whom others ask, or have asked.
    uint64_t touched_endpoints[SUMS_ENDPOINT_WORDS];
    uint64_t touched_vmos[SUMS_VMO_WORDS];
    uint64_t touched_grants[SUMS_GRANT_WORDS];
    uint64_t restless_vmos[SUMS_VMO_WORDS];  // Their pages come or go without a touch.

    // Totals.
    uint32_t tasks;  // Task objects in use, and so on.
    uint32_t endpoints;
    uint32_t vmos;
    uint32_t grants;
    uint32_t waits[SUMS_WAITS];  // Tasks by what they wait for; [WAIT_NONE]: for nothing.
    uint32_t parked;
    uint32_t queued;   // In queues of endpoints.
    uint32_t answers;  // Reply entries that can end a wait.
    uint32_t space_pages;
    uint32_t async_pages;
    uint64_t quota[QUOTA_KIND_COUNT];  // What tasks have left, and what objects cost.

    struct audit_tally tally;  // The audit's own counts, kept up.

    struct sums_task of_task[MAX_TASKS];
    struct sums_endpoint of_endpoint[MAX_ENDPOINTS];
    struct sums_vmo of_vmo[MAX_VMOS];
    bool grant_used[MAX_GRANTS + 1];
    bool grant_paid[MAX_GRANTS + 1];
};

// Nothing was counted yet, and everything is touched. Since the last time only so many tasks, the
// first ones, were counted.
void sums_begin(uint32_t tasks);

// The word at the address is about to be looked at or changed: of whatever object it is.
void sums_touch(const void *at);
void sums_touch_task(uint32_t index);

// Counts what was touched, and looks whether all adds up. False: `sim.sums.tally` says what does
// not.
WARN_UNUSED bool sums_check(void);

// The audit has just counted everything. Both say the same.
WARN_UNUSED bool sums_agree(const struct audit_tally *all);

// Parts. sums_task.c: a touched task, and one capability more or one less. sums_count.c: all that
// was touched. False: it cannot be so.
WARN_UNUSED bool sums_cap_comes(const struct capability *cap);
void sums_cap_goes(const struct capability *cap);
WARN_UNUSED bool sums_count_wait(uint32_t index);
WARN_UNUSED bool sums_count_task(uint32_t index);
WARN_UNUSED bool sums_count_touched(void);

// Visits each index below `end` in the set, also one that the visit of a lower one adds. False if a
// visit was.
WARN_UNUSED bool sums_each(const uint64_t *words, uint32_t end, bool (*visit)(uint32_t index));

static inline void sums_set(uint64_t *words, uint32_t index) {
    words[index / 64] |= UINT64_C(1) << (index % 64);
}

static inline bool sums_has(const uint64_t *words, uint32_t index) {
    return ((words[index / 64] >> (index % 64)) & 1) != 0;
}
