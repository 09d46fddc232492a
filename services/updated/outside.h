// services/updated/outside.h: what updated asks of others: init's watch and word, the floor in
// statefsd, programs of execd; and memory that a slot is read into.
// Units:     nanoseconds, bytes.
// Ownership: the caller owns the struct. The memory is one at a time.
// Blocking:  each question at most OUTSIDE_DEADLINE_NS.
// Errors:    false: no answer, or a refusal; a line says which where nobody else would.
#pragma once

#include "ipc/ask.h"
#include "ipc/bulk_sealed.h"
#include "ipc/resolver.h"
#include "ipc/wire/init_wire.h"
#include "services/updated/updated.h"

#ifdef __cplusplus
extern "C" {
#endif

#define OUTSIDE_DEADLINE_NS UINT64_C(5000000000)

struct outside {
    struct runtime *runtime;
    struct ipc_resolver resolver;
    struct ipc_client client;
    struct bulk_window window;  // Until it is sealed; then only its capability is left,
    struct bulk_sealed sealed;  // and this is what is read.
};

bool outside_open(struct outside *outside, struct runtime *runtime);

// For struct updated_config.
struct update_memory outside_memory(struct outside *outside);
struct update_floor outside_floor(struct outside *outside);
void outside_drop_memory(struct outside *outside);

// The system is started anew in so long, unless this is asked again; 0: not any more.
WARN_UNUSED bool outside_watch(struct outside *outside, uint64_t within_ns);

// KEEP or KEPT.
WARN_UNUSED bool outside_word(struct outside *outside, enum init_op op, uint64_t *word);

// Gives execd the sealed memory, and has it start each program of it; those that run already go on.
WARN_UNUSED bool outside_start(struct outside *outside, const struct update_running *running);

#ifdef __cplusplus
}
#endif
