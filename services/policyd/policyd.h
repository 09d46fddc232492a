// services/policyd/policyd.h: what policyd knows: the policies of its image, which of them decides,
// and what it has let through while it learned. Knows no system calls.
//
// Everything that it allows is minted in one family, which init keeps over policyd's end. What
// takes a permission away says that the family has to be revoked; then whoever is still allowed
// asks again.
// Ownership: the caller owns the struct; the policies outlive it.
// Blocking:  never; choosing a policy looks at each row of the one before.
// Errors:    none but the verdict.
#pragma once

#include "ipc/wire/wire.h"
#include "services/policyd/learn.h"
#include "services/policyd/policy.h"

#ifdef __cplusplus
extern "C" {
#endif

struct policyd_stats {
    uint64_t allowed;
    uint64_t denied;
    uint64_t revocations;
};

struct policyd {
    struct policy_view policies[POLICY_COUNT_MAX];
    uint32_t policy_count;
    uint32_t selected;
    bool given;  // Something was allowed since the family was revoked.
    struct policyd_stats stats;
    struct learn learn;
};

struct policyd_question {
    uint64_t subject;
    uint64_t object;
    uint32_t action;  // As it came: anything.
};

struct policyd_verdict {
    bool allowed;
    bool learned;   // Allowed for the first time, and only because policyd learns.
    uint32_t line;  // Of the rule.
};

// Without a policy everything is denied. It does not learn.
void policyd_init(struct policyd *policyd);

// False: no room, or the bytes are no policy. The first one decides.
WARN_UNUSED bool policyd_add_policy(struct policyd *policyd, const void *bytes, uint64_t count);

WARN_UNUSED struct policyd_verdict policyd_ask(struct policyd *policyd,
                                               const struct policyd_question *question);

// Whether the policy of now allows that, for what takes no route; counted, and never learned.
WARN_UNUSED struct policyd_verdict policyd_check(struct policyd *policyd,
                                                 const struct policyd_question *question);

// Whether the policy of now lets the subject manage policyd itself.
WARN_UNUSED bool policyd_may_manage(const struct policyd *policyd, uint64_t subject);

WARN_UNUSED bool policyd_has_policy(const struct policyd *policyd, uint32_t number);

// From now on that policy decides, which there is, and learning ends. True: it does not allow all
// that the one before did or that was learned, and something was given: the caller revokes the
// family before it answers anything else, and says policyd_revoked.
WARN_UNUSED bool policyd_select(struct policyd *policyd, uint32_t number);

// Learning begins anew, or ends. True as above.
WARN_UNUSED bool policyd_learn(struct policyd *policyd, bool on);

void policyd_revoked(struct policyd *policyd);

#ifdef __cplusplus
}
#endif
