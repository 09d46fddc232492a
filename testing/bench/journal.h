// testing/bench/journal.h: what the benchmarks of statefsd do alike: ask it, and have it started
// anew.
// Units:     nanoseconds of the clock.
// Ownership: the program owns the struct.
// Blocking:  each call until it is answered, or BENCH_PATIENCE_NS after the start.
// Errors:    counted in `failures`.
#pragma once

#include "ipc/resolver.h"
#include "ipc/wire/state_wire.h"
#include "runtime/runtime.h"

struct journal {
    struct runtime *runtime;
    struct ipc_resolver resolver;
    struct ipc_client ipc;
    struct deadline deadline;
    uint32_t failures;
};

// Says to init that the program is ready. False: it is not heard.
WARN_UNUSED bool journal_open(struct journal *journal, struct runtime *runtime);

void journal_ask(struct journal *journal, enum state_op op, struct state_message *message);

// A transaction, for changes until the commit.
uint64_t journal_begin(struct journal *journal);
void journal_commit(struct journal *journal, uint64_t transaction);

// Ends statefsd; init starts the next one, which answers what is asked then.
void journal_restart(struct journal *journal);

// Says what failed, or that all is measured. The program's exit status.
WARN_UNUSED int journal_end(const struct journal *journal, const char *also);
