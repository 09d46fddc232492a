// services/policyd/learn.c: see learn.h.
#include "services/policyd/learn.h"

#include "ipc/types.h"
#include "ipc/wire/policy_action.h"

void learn_begin(struct learn *learn) {
    *learn = (struct learn){.on = true};
}

bool learn_end(struct learn *learn) {
    bool open = learn->on && learn->count != 0;
    learn->on = false;
    return open;
}

static bool may_be_learned(uint32_t action, uint64_t object) {
    return policy_action_right((enum policy_action)action) != 0 && action != POLICY_MANAGE &&
           object != service_id_named("policyd").value &&
           object != service_id_named("samgrd").value;
}

enum learn_verdict learn_ask(struct learn *learn, uint64_t subject, uint32_t action,
                             uint64_t object) {
    if (!learn->on) {
        return LEARN_NOT;
    }
    for (uint32_t i = 0; i < learn->count; i++) {
        struct policy_learned *row = &learn->rows[i];
        if (row->subject == subject && row->object == object && row->action == action) {
            row->count += row->count != UINT32_MAX;
            return LEARN_KNOWN;
        }
    }
    if (learn->count == LEARN_MAX || !may_be_learned(action, object)) {
        learn->missed++;
        return LEARN_NOT;
    }
    learn->rows[learn->count++] =
        (struct policy_learned){.subject = subject, .object = object, .action = action, .count = 1};
    return LEARN_NEW;
}

uint32_t learn_page(const struct learn *learn, uint32_t first, struct policy_learned *out) {
    uint32_t count = 0;
    for (uint32_t i = first; i < learn->count && count < POLICY_LEARNED_PAGE; i++) {
        out[count++] = learn->rows[i];
    }
    return count;
}
