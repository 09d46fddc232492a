// services/updated/outside.h: what updated asks of others: init's watch and word, the floor in
// statefsd, programs of execd; and memory that a slot is read into.
// Units:     nanoseconds, bytes.
// Ownership: the caller owns the struct. The memory is one at a time.
// Blocking:  each question at most OUTSIDE_DEADLINE_NS; all of them until outside_is_up, together,
//            OUTSIDE_START_NS, which is less than init waits.
// Errors:    false: no answer, or a refusal; a line says which where nobody else would.
#pragma once

#include "ipc/ask.h"
#include "ipc/boot_resolver.h"
#include "ipc/bulk_sealed.h"
#include "ipc/resolver.h"
#include "ipc/wire/init_wire.h"
#include "services/updated/updated.h"

#ifdef __cplusplus
extern "C" {
#endif

#define OUTSIDE_DEADLINE_NS UINT64_C(5000000000)
#define OUTSIDE_START_NS UINT64_C(8000000000)

struct outside {
    struct runtime *runtime;
    uint64_t start_deadline_ns;  // 0: it is up.
    struct ipc_resolver resolver;
    struct ipc_boot_resolver boot;
    struct ipc_client client;
    struct bulk_window window;  // Until it is sealed; then only its capability is left,
    struct bulk_sealed sealed;  // and this is what is read.
};

bool outside_open(struct outside *outside, struct runtime *runtime);
void outside_is_up(struct outside *outside);

// For struct updated_config.
struct update_memory outside_memory(struct outside *outside);
struct update_floor outside_floor(struct outside *outside);
void outside_drop_memory(struct outside *outside);

// The system is started anew in so long, unless this is asked again; 0: not any more.
WARN_UNUSED bool outside_watch(struct outside *outside, uint64_t within_ns);

// KEEP or KEPT.
WARN_UNUSED bool outside_word(struct outside *outside, enum init_op op, uint64_t *word);

enum outside_started {
    OUTSIDE_STARTED,    // All of it.
    OUTSIDE_PARTLY,     // Not each program: a line says which not.
    OUTSIDE_REFUSED,    // execd does not take the bundle: nothing of it.
    OUTSIDE_NO_ANSWER,  // It is not known whether it did.
};

// Gives execd the sealed memory, and has it start each program of it. Of an instance that resumes,
// those that run already go on.
WARN_UNUSED enum outside_started outside_start(struct outside *outside,
                                               const struct update_running *running, bool resumes);

#ifdef __cplusplus
}
#endif
