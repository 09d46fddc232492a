// services/policyd/policyd.h: what policyd knows: the policies of its image, which of them decides,
// and a grant for each pair of subject and object that was ever allowed something. Knows no system
// calls.
//
// What is minted for a pair is of its grant's family; when another policy no longer allows all that
// the pair was given, its grant is revoked, and with it everything minted under it.
// Ownership: the caller owns the struct and the grants' slots; the policies outlive it.
// Blocking:  never; each function looks at every grant at most once.
// Errors:    a full table is WIRE_OVERLOAD, and counted.
#pragma once

#include "ipc/wire/wire.h"
#include "services/policyd/policy.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    POLICYD_GRANT_MAX = 48,  // Each is a slot of policyd's.
};

struct policyd_grant {
    uint64_t subject;  // 0: the place is free.
    uint64_t object;
    uint32_t given;    // Actions it was given for and that still stand: a bit each.
    struct slot slot;  // CAP_SLOT_NONE until it is made.
};

struct policyd_stats {
    uint64_t allowed;
    uint64_t denied;
    uint64_t overloaded;
    uint64_t revoked;
};

struct policyd {
    struct policy_view policies[POLICY_COUNT_MAX];
    uint32_t policy_count;
    uint32_t selected;
    struct policyd_stats stats;
    struct policyd_grant grants[POLICYD_GRANT_MAX];
};

struct policyd_question {
    uint64_t subject;
    uint64_t object;
    uint32_t action;  // As it came: anything.
};

struct policyd_verdict {
    enum wire_status status;      // WIRE_OK, WIRE_DENIED or WIRE_OVERLOAD.
    uint32_t line;                // Of the rule.
    struct policyd_grant *grant;  // WIRE_OK of policyd_ask; else null.
};

// Without a policy everything is denied.
void policyd_init(struct policyd *policyd);

// False: no room, or the bytes are no policy. The first one decides.
WARN_UNUSED bool policyd_add_policy(struct policyd *policyd, const void *bytes, uint64_t count);

WARN_UNUSED struct policyd_verdict policyd_ask(struct policyd *policyd,
                                               const struct policyd_question *question);

// Whether the policy of now allows that, for what takes no route and so no grant; counted.
WARN_UNUSED struct policyd_verdict policyd_check(struct policyd *policyd,
                                                 const struct policyd_question *question);

// Whether the policy of now lets the subject manage policyd itself.
WARN_UNUSED bool policyd_may_manage(const struct policyd *policyd, uint64_t subject);

// From now on that policy decides. False: there is none of that number.
WARN_UNUSED bool policyd_select(struct policyd *policyd, uint32_t number);

// The next grant that stands for something the policy of now does not allow; null when there is
// none. The caller revokes it and says policyd_revoked.
WARN_UNUSED struct policyd_grant *policyd_next_stale(struct policyd *policyd);
void policyd_revoked(struct policyd *policyd, struct policyd_grant *grant);

uint32_t policyd_grant_count(const struct policyd *policyd);

#ifdef __cplusplus
}
#endif
