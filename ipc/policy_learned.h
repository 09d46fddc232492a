// ipc/policy_learned.h: what policyd has let through while it learned, as its protocol carries it:
// little-endian, no padding.
#pragma once

#include <stdint.h>

#include "base/compiler.h"

enum { POLICY_LEARNED_PAGE = 16 };  // In one answer.

struct policy_learned {
    uint64_t subject;  // service_id
    uint64_t object;   // service_id
    uint32_t action;   // enum policy_action
    uint32_t count;    // How often it was asked for; stays at its highest value.
};
BASE_STATIC_ASSERT(sizeof(struct policy_learned) == 24, "as it travels");
