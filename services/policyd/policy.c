// services/policyd/policy.c: see policy.h.
#include "services/policyd/policy.h"

// Negative, 0 or positive, as the first comes before, at or after the second.
static int order(const struct policy_row *row, const struct policy_row *other) {
    if (row->subject != other->subject) {
        return row->subject < other->subject ? -1 : 1;
    }
    if (row->object != other->object) {
        return row->object < other->object ? -1 : 1;
    }
    return (row->action > other->action) - (row->action < other->action);
}

static bool row_is_sound(const struct policy_row *row) {
    return row->subject != 0 && row->object != 0 && row->action < POLICY_ACTION_COUNT &&
           row->rule > 1;
}

bool policy_open(const void *bytes, uint64_t count, struct policy_view *out) {
    const struct policy_header *header = bytes;
    if ((uintptr_t)bytes % _Alignof(struct policy_row) != 0 || count < sizeof(*header) ||
        header->magic != POLICY_MAGIC || header->reserved != 0 ||
        header->row_count > POLICY_ROW_MAX ||
        count != sizeof(*header) + header->row_count * sizeof(struct policy_row)) {
        return false;
    }
    const struct policy_row *rows = (const struct policy_row *)(const void *)(header + 1);
    for (uint32_t i = 0; i < header->row_count; i++) {
        if (!row_is_sound(&rows[i]) || (i != 0 && order(&rows[i - 1], &rows[i]) >= 0)) {
            return false;
        }
    }
    *out = (struct policy_view){.rows = rows, .row_count = header->row_count};
    return true;
}

struct policy_decision policy_decide(const struct policy_view *policy, uint64_t subject,
                                     enum policy_action action, uint64_t object) {
    const struct policy_row wanted = {
        .subject = subject, .object = object, .action = (uint32_t)action};
    uint32_t first = 0;
    uint32_t end = policy->row_count;
    while (first < end) {  // Halves what is left each time.
        uint32_t middle = first + (end - first) / 2;
        int found = order(&policy->rows[middle], &wanted);
        if (found == 0) {
            uint32_t rule = policy->rows[middle].rule;
            return (struct policy_decision){.allowed = (rule & 1) != 0, .line = rule / 2};
        }
        first = found < 0 ? middle + 1 : first;
        end = found < 0 ? end : middle;
    }
    return (struct policy_decision){.allowed = false, .line = 0};
}
