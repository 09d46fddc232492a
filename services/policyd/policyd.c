// services/policyd/policyd.c: see policyd.h.
#include "services/policyd/policyd.h"

#include "kernel/abi/identity.h"

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
    if (!policyd_has_policy(policyd, policyd->selected) || action >= POLICY_ACTION_COUNT) {
        return (struct policy_decision){.allowed = false, .line = 0};
    }
    return policy_decide(&policyd->policies[policyd->selected], subject, (enum policy_action)action,
                         object);
}

struct policyd_verdict policyd_ask(struct policyd *policyd,
                                   const struct policyd_question *question) {
    struct policy_decision decision =
        decide(policyd, question->subject, question->action, question->object);
    struct policyd_verdict verdict = {.allowed = decision.allowed, .line = decision.line};
    if (!decision.allowed && decision.line == 0) {
        enum learn_verdict learned =
            learn_ask(&policyd->learn, question->subject, question->action, question->object);
        verdict.allowed = learned != LEARN_NOT;
        verdict.learned = learned == LEARN_NEW;
    }
    policyd->stats.allowed += verdict.allowed;
    policyd->stats.denied += !verdict.allowed;
    policyd->given = policyd->given || verdict.allowed;
    return verdict;
}

struct policyd_verdict policyd_check(struct policyd *policyd,
                                     const struct policyd_question *question) {
    struct policy_decision decision =
        decide(policyd, question->subject, question->action, question->object);
    policyd->stats.allowed += decision.allowed;
    policyd->stats.denied += !decision.allowed;
    return (struct policyd_verdict){.allowed = decision.allowed, .line = decision.line};
}

bool policyd_may_manage(const struct policyd *policyd, uint64_t subject) {
    static const char name[] = "policyd";
    uint64_t self = service_id_of(name, sizeof(name) - 1);
    return decide(policyd, subject, POLICY_MANAGE, self).allowed;
}

bool policyd_has_policy(const struct policyd *policyd, uint32_t number) {
    return number < policyd->policy_count;
}

// Whether the policy of now allows all that another one does.
static bool allows_all_of(const struct policyd *policyd, const struct policy_view *other) {
    for (uint32_t i = 0; i < other->row_count; i++) {
        const struct policy_row *row = &other->rows[i];
        bool allowed = (row->rule & 1) != 0;
        if (allowed && !decide(policyd, row->subject, row->action, row->object).allowed) {
            return false;
        }
    }
    return true;
}

bool policyd_select(struct policyd *policyd, uint32_t number) {
    const struct policy_view *before = &policyd->policies[policyd->selected];
    bool learned = learn_end(&policyd->learn);
    policyd->selected = number;
    return policyd->given && (learned || !allows_all_of(policyd, before));
}

bool policyd_learn(struct policyd *policyd, bool on) {
    bool learned = learn_end(&policyd->learn);
    if (on) {
        learn_begin(&policyd->learn);
    }
    return learned;
}

void policyd_revoked(struct policyd *policyd) {
    policyd->given = false;
    policyd->stats.revocations++;
}
