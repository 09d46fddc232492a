// ipc/wire/policy_action.h: what a policy allows or denies, as it travels to samgrd and policyd
// (policy_action.def), and the right of an endpoint capability that it stands for.
#pragma once

#include <stdint.h>

#include "kernel/abi/cap.h"

#ifdef __cplusplus
extern "C" {
#endif

enum policy_action {
#define POLICY_ACTION(NAME, word, right, meaning) POLICY_##NAME,
#include "ipc/wire/policy_action.def"
#undef POLICY_ACTION
    POLICY_ACTION_COUNT
};

// The word for an action in a policy's text.
static inline const char *policy_action_word(enum policy_action action) {
    static const char *const words[] = {
#define POLICY_ACTION(NAME, word, right, meaning) word,
#include "ipc/wire/policy_action.def"
#undef POLICY_ACTION
    };
    return (unsigned)action < POLICY_ACTION_COUNT ? words[(unsigned)action] : "?";
}

// The badge of a route for `manage`; that of every other route is 0.
#define POLICY_BADGE_MANAGER UINT64_C(1)

static inline uint64_t policy_action_badge(enum policy_action action) {
    return action == POLICY_MANAGE ? POLICY_BADGE_MANAGER : 0;
}

// The one right that a route for the action has; 0: it is no action.
static inline uint32_t policy_action_right(enum policy_action action) {
    static const uint32_t rights[] = {
#define POLICY_ACTION(NAME, word, right, meaning) right,
#include "ipc/wire/policy_action.def"
#undef POLICY_ACTION
    };
    return (unsigned)action < POLICY_ACTION_COUNT ? rights[(unsigned)action] : 0;
}

#ifdef __cplusplus
}
#endif
