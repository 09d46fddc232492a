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
// On several harts the others are anywhere in the kernel when one leaves, and nothing adds up: a
// reference is counted and not yet in a table, a page is taken and not yet in a space. But each
// kernel entry for itself leaves everything as balanced as it found it. So when the scheduler takes
// the turn from a hart, what it touched is counted, and by how much each gap between what the
// kernel counts and what there is has changed in its turn is the hart's own, in flight (`flight`).
// A hart that leaves the kernel must have nothing in flight, wherever the others are: everything is
// looked at after every kernel entry.
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
    uint32_t async_pages;
    uint32_t program_vmo;
    uint32_t quota[QUOTA_KIND_COUNT];
    uint32_t instance;                 // Whose life `given` is of.
    uint32_t given[QUOTA_KIND_COUNT];  // What it began with.
    bool parked;
    uint64_t wait_word;
    uint64_t caps_used;  // Bit i: slot i is not empty.
    struct capability caps[CAP_SLOT_COUNT];
    struct reply_entry replies[REPLY_SLOT_COUNT];
    uint32_t answers[REPLY_SLOT_COUNT];  // Whose wait each can end, plus 1; 0: nobody's.
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
    uint64_t waiting[SUMS_TASK_WORDS];  // Tasks whose wait word says that they are queued here.
    struct stored_send sends[SEND_STORAGE_COUNT];
};

struct sums_vmo {
    uint32_t pages;
    struct quota_amounts paid;
};

// Sets of objects.
struct sums_touched {
    uint64_t tasks[SUMS_TASK_WORDS];
    uint64_t spaces[SUMS_TASK_WORDS];   // Tasks whose quota of pages was touched, and
    uint64_t answers[SUMS_TASK_WORDS];  // those whom others ask, or have asked.
    uint64_t endpoints[SUMS_ENDPOINT_WORDS];
    uint64_t vmos[SUMS_VMO_WORDS];
    uint64_t grants[SUMS_GRANT_WORDS];
};

enum sums_total {
    SUMS_PAGES_OUT,
    SUMS_POOL_PAGES,
    SUMS_POOL_TASKS,
    SUMS_POOL_ENDPOINTS,
    SUMS_POOL_VMOS,
    SUMS_POOL_GRANTS,
    SUMS_RUNS,
    SUMS_QUEUED,
    SUMS_QUOTA,  // And the other kinds.
    SUMS_TOTAL_COUNT = SUMS_QUOTA + QUOTA_KIND_COUNT,
};

// What the kernel counts, less what there is; modulo 2^64.
struct sums_gaps {
    uint64_t references[MAX_TASKS];
    uint64_t calls_waiting[MAX_TASKS];
    uint64_t answers[MAX_TASKS];  // Replies that can end its wait, less 1 if it waits for one.
    uint64_t receivers[MAX_ENDPOINTS];
    uint64_t senders[MAX_ENDPOINTS];
    uint64_t vmo_references[MAX_VMOS];
    uint64_t vmo_writers[MAX_VMOS];
    uint64_t grants[MAX_GRANTS + 1];
    uint64_t totals[SUMS_TOTAL_COUNT];
};

struct sums {
    struct sums_touched entry[MAX_HARTS];     // By each hart since it entered the kernel.
    struct sums_touched affected[MAX_HARTS];  // The same, and what was counted because of that.
    struct sums_touched touched;              // What is being counted.
    struct sums_gaps gaps;
    struct sums_gaps flight[MAX_HARTS];
    uint32_t turn;          // The hart whose turn it was, while that is counted.
    bool paged[MAX_HARTS];  // In its kernel entry pages came from the pool or went back.
    bool leaving;           // The turn ends with the kernel entry.

    // Totals.
    uint32_t tasks;  // Task objects in use, and so on.
    uint32_t endpoints;
    uint32_t vmos;
    uint32_t grants;
    uint32_t waits[SUMS_WAITS];  // Tasks by what they wait for; [WAIT_NONE]: for nothing.
    uint32_t parked;
    uint32_t queued;  // In queues of endpoints.
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

// Nothing was counted yet; since the last time only so many tasks, the first ones, were counted.
// sums_start: hart 0 has booted the machine, and has touched everything.
void sums_begin(uint32_t tasks);
void sums_start(void);

// sums_touch.c: the word at the address is about to be looked at or changed: of whatever object it
// is. sums_touch_page: a page comes from the pool, or goes back. sums_touch_hands: what the hart
// whose turn it was may change without having touched it. True.
void sums_touch(const void *at);
void sums_touch_task(uint32_t index);
void sums_touch_page(void);
WARN_UNUSED bool sums_touch_hands(void);

// The hart's turn is over: counts what it has touched. False: `sim.sums.tally` says what cannot be
// so.
WARN_UNUSED bool sums_turn(uint32_t hart);

// The hart has left the kernel, so it has nothing in flight. Its turn is over too. False: as above.
WARN_UNUSED bool sums_check(uint32_t hart);

// The audit has just counted everything. Both say the same.
WARN_UNUSED bool sums_agree(const struct audit_tally *all);

// The same tally: what each task was given of every kind is where it says (audit_balance). False:
// the tally says what cannot be so.
WARN_UNUSED bool sums_balance(struct audit_tally *all);

// Parts. sums_task.c: a touched task, and one capability more or one less. sums_count.c: all that
// was touched; what stands at an endpoint whose lock nobody holds. False: it cannot be so.
WARN_UNUSED bool sums_cap_comes(const struct capability *cap);
void sums_cap_goes(const struct capability *cap);
WARN_UNUSED bool sums_count_wait(uint32_t index);
WARN_UNUSED bool sums_count_task(uint32_t index);
WARN_UNUSED bool sums_count_answers(uint32_t index);
WARN_UNUSED bool sums_look_at_task(uint32_t index);
WARN_UNUSED bool sums_count_touched(void);
WARN_UNUSED bool sums_look_at_endpoint(uint32_t index);

// sums_gap.c: the gaps of what was touched and of the totals are taken anew; the difference is in
// flight on the hart whose turn it was. True. The endpoint has ended: nothing of it is counted any
// more.
WARN_UNUSED bool sums_take_gaps(void);
void sums_forget_endpoint(uint32_t index);

static inline void sums_set(uint64_t *words, uint32_t index) {
    words[index / 64] |= UINT64_C(1) << (index % 64);
}

static inline bool sums_has(const uint64_t *words, uint32_t index) {
    return ((words[index / 64] >> (index % 64)) & 1) != 0;
}

// Visits each index below `end` in the set, also one that the visit of a lower one adds. False if a
// visit was.
WARN_UNUSED static inline bool sums_each(const uint64_t *words, uint32_t end,
                                         bool (*visit)(uint32_t index)) {
    for (uint32_t base = 0; base < end; base += 64) {
        uint64_t passed = 0;
        for (uint64_t left; (left = words[base / 64] & ~passed) != 0;) {
            uint32_t bit = (uint32_t)__builtin_ctzll(left);
            passed = (UINT64_C(2) << bit) - 1;
            if (base + bit < end && !visit(base + bit)) {
                return false;
            }
        }
    }
    return true;
}
