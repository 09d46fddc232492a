// services/policyd/policy.h: a compiled policy: who may do what to whom. tools/policyc writes it
// from text (docs/policy.md), policyd reads it. Little-endian.
// Ownership: a view points into the caller's bytes.
// Blocking:  never; policy_decide makes at most 11 comparisons.
// Errors:    policy_open refuses bytes that are not exactly a policy; what has no row is denied.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "ipc/wire/policy_action.h"

#ifdef __cplusplus
extern "C" {
#endif

#define POLICY_MAGIC UINT64_C(0x3159434c4f504954)  // "TIPOLCY1"

enum {
    POLICY_ROW_MAX = 1024,
    POLICY_COUNT_MAX = 2,  // In an image.
};

// A file of the boot image whose name begins so is a policy.
#define POLICY_NAME_START "policy"

struct policy_header {
    uint64_t magic;
    uint32_t row_count;
    uint32_t reserved;  // 0
};
BASE_STATIC_ASSERT(sizeof(struct policy_header) == 16, "frozen");

// Rising by subject, object, action; no two for the same three.
struct policy_row {
    uint64_t subject;  // service_id
    uint64_t object;   // service_id
    uint32_t action;   // enum policy_action
    uint32_t rule;     // The rule's line in the text times 2, plus 1 if it allows.
};
BASE_STATIC_ASSERT(sizeof(struct policy_row) == 24, "frozen");

struct policy_view {
    const struct policy_row *rows;
    uint32_t row_count;
};

struct policy_decision {
    bool allowed;
    uint32_t line;  // Of the rule; 0: no rule says anything, so it is denied.
};

// The bytes lie at a multiple of 8.
WARN_UNUSED bool policy_open(const void *bytes, uint64_t count, struct policy_view *out);

WARN_UNUSED struct policy_decision policy_decide(const struct policy_view *policy, uint64_t subject,
                                                 enum policy_action action, uint64_t object);

#ifdef __cplusplus
}
#endif
