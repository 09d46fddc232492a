// services/policyd/learn.h: what was let through while policyd learned: things that no rule says
// anything about. A bounded table; what has no place in it is not let through.
//
// What a `deny` rule says is never learned, nor `manage`, nor what takes no route, nor anything
// done to policyd or samgrd: learning changes nothing about who decides. A learned
// `call` is in no graph of waiting calls that was checked when the image was built: two services
// that learn to call each other wait until their deadlines (docs/decisions/0025).
// Ownership: the caller owns the struct.
// Blocking:  never; each function looks at each row once.
// Errors:    none; what is not learned is counted.
#pragma once

#include <stdbool.h>

#include "ipc/policy_learned.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { LEARN_MAX = 32 };

struct learn {
    bool on;
    uint32_t count;
    uint64_t missed;
    struct policy_learned rows[LEARN_MAX];
};

// Learning begins, with an empty table.
void learn_begin(struct learn *learn);

// It ends; what was learned can still be read. True: something was let through.
WARN_UNUSED bool learn_end(struct learn *learn);

enum learn_verdict {
    LEARN_NOT,    // Denied.
    LEARN_NEW,    // Let through, for the first time.
    LEARN_KNOWN,  // Let through again.
};

// A question that no rule says anything about.
WARN_UNUSED enum learn_verdict learn_ask(struct learn *learn, uint64_t subject, uint32_t action,
                                         uint64_t object);

// Copies rows from number `first` on, at most POLICY_LEARNED_PAGE; how many.
uint32_t learn_page(const struct learn *learn, uint32_t first, struct policy_learned *out);

#ifdef __cplusplus
}
#endif
