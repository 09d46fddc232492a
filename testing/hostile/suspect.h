// testing/hostile/suspect.h: a task that the keeper starts, watches and takes back.
// Ownership: a started task holds slots of the keeper's table until suspect_close.
// Blocking:  never, but for task_load, which takes long.
// Errors:    functions that return bool have printed what went wrong.
#pragma once

#include "kernel/abi/boot_image.h"
#include "runtime/runtime.h"
#include "testing/hostile/hostile.h"

enum keeper_slot {
    KEEPER_SLOT_FACTORY = SLOT_FIRST_OWN,  // Of all kinds; tasks of the attacker's service_id.
    KEEPER_SLOT_FACTORY_NEIGHBOUR,
    KEEPER_SLOT_IMAGE,
    KEEPER_SLOT_STATS,  // RIGHT_STATS_READ, RIGHT_STATS_TRACE
    KEEPER_SLOT_DEVICE,
};

struct suspect_plan {
    struct slot factory;
    const struct boot_image_entry *program;
    struct slot capability;  // What it gets, or CAP_SLOT_NONE,
    uint32_t to;             // where,
    uint32_t rights;         // and with which rights.
    uint64_t argument;
    uint64_t hart;
};

struct suspect {
    struct slot task;
    uint32_t instance;
};

struct suspect_end {
    enum exit_reason reason;
    uint64_t detail;
};

WARN_UNUSED bool suspect_start(const struct runtime *runtime, const struct suspect_plan *plan,
                               struct suspect *out);

// Whether it has ended; `*end` says how.
WARN_UNUSED bool suspect_ended(const struct runtime *runtime, const struct suspect *suspect,
                               struct suspect_end *end);

// Prints what was expected if `status` is not OK.
WARN_UNUSED bool suspect_ok(const struct runtime *runtime, const char *what, enum status status);
