// services/policyd/policyd.c: see policyd.h.
#include "services/policyd/policyd.h"

#include "kernel/abi/cap.h"

void policyd_init(struct policyd *policyd) {
    *policyd = (struct policyd){.policy_count = 0};
}

bool policyd_add_policy(struct policyd *policyd, const void *bytes, uint64_t count) {
    if (policyd->policy_count == POLICY_COUNT_MAX ||
        !policy_open(bytes, count, &policyd->policies[policyd->policy_count])) {
        return false;
    }
    policyd->policy_count++;
    return true;
}

static struct policy_decision decide(const struct policyd *policyd, uint64_t subject,
                                     uint32_t action, uint64_t object) {
    if (policyd->selected >= policyd->policy_count || action >= POLICY_ACTION_COUNT) {
        return (struct policy_decision){.allowed = false, .line = 0};
    }
    return policy_decide(&policyd->policies[policyd->selected], subject, (enum policy_action)action,
                         object);
}

// The pair's place, or one for it that is free or whose family was revoked, or null. A grant that
// was revoked goes on with a new family: nothing of the pair before stands under it.
static struct policyd_grant *place(struct policyd *policyd, uint64_t subject, uint64_t object) {
    struct policyd_grant *free = 0;
    for (uint32_t i = 0; i < POLICYD_GRANT_MAX; i++) {
        struct policyd_grant *grant = &policyd->grants[i];
        if (grant->subject == subject && grant->object == object) {
            return grant;
        }
        if (grant->given == 0 && (!free || (grant->subject == 0 && free->subject != 0))) {
            free = grant;
        }
    }
    if (free) {
        const struct slot kept = free->subject != 0 ? free->slot : slot_at(CAP_SLOT_NONE);
        *free = (struct policyd_grant){.subject = subject, .object = object, .slot = kept};
    }
    return free;
}

struct policyd_verdict policyd_ask(struct policyd *policyd,
                                   const struct policyd_question *question) {
    struct policy_decision decision =
        decide(policyd, question->subject, question->action, question->object);
    struct policyd_verdict verdict = {.status = WIRE_DENIED, .line = decision.line};
    if (!decision.allowed) {
        policyd->stats.denied++;
        return verdict;
    }
    verdict.grant = place(policyd, question->subject, question->object);
    verdict.status = verdict.grant ? WIRE_OK : WIRE_OVERLOAD;
    if (!verdict.grant) {
        policyd->stats.overloaded++;
        return verdict;
    }
    verdict.grant->given |= 1u << question->action;
    policyd->stats.allowed++;
    return verdict;
}

struct policyd_verdict policyd_check(struct policyd *policyd,
                                     const struct policyd_question *question) {
    struct policy_decision decision =
        decide(policyd, question->subject, question->action, question->object);
    policyd->stats.allowed += decision.allowed;
    policyd->stats.denied += !decision.allowed;
    return (struct policyd_verdict){.status = decision.allowed ? WIRE_OK : WIRE_DENIED,
                                    .line = decision.line};
}

bool policyd_may_manage(const struct policyd *policyd, uint64_t subject) {
    return decide(policyd, subject, POLICY_MANAGE, service_id_named("policyd").value).allowed;
}

bool policyd_select(struct policyd *policyd, uint32_t number) {
    if (number >= policyd->policy_count) {
        return false;
    }
    policyd->selected = number;
    return true;
}

static bool all_allowed(const struct policyd *policyd, const struct policyd_grant *grant) {
    for (uint32_t action = 0; action < POLICY_ACTION_COUNT; action++) {
        bool given = (grant->given >> action & 1) != 0;
        if (given && !decide(policyd, grant->subject, action, grant->object).allowed) {
            return false;
        }
    }
    return true;
}

struct policyd_grant *policyd_next_stale(struct policyd *policyd) {
    for (uint32_t i = 0; i < POLICYD_GRANT_MAX; i++) {
        if (!all_allowed(policyd, &policyd->grants[i])) {
            return &policyd->grants[i];
        }
    }
    return 0;
}

void policyd_revoked(struct policyd *policyd, struct policyd_grant *grant) {
    grant->given = 0;
    policyd->stats.revoked++;
}

uint32_t policyd_grant_count(const struct policyd *policyd) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < POLICYD_GRANT_MAX; i++) {
        count += policyd->grants[i].subject != 0;
    }
    return count;
}
