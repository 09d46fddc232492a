// ipc/wire/policy_action.h: what a policy allows or denies, as it travels to policyd
// (policy_action.def).
#pragma once

enum policy_action {
#define POLICY_ACTION(NAME, word, right, meaning) POLICY_##NAME,
#include "ipc/wire/policy_action.def"
#undef POLICY_ACTION
    POLICY_ACTION_COUNT
};
