// ipc/crash.h: how a task ended, for who supervises it: init of services, execd of programs. What
// the kernel tells of it, a line for people, and the record for the journal.
// Ownership: nothing is kept.
// Blocking:  never; crash_place_of asks the kernel for each dozen of tasks once.
// Errors:    what cannot be told is 0: an ending is reported all the same.
#pragma once

#include "ipc/log_record.h"
#include "ipc/wire/log_wire.h"
#include "runtime/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

struct crash_place {
    uint64_t pc;
    uint64_t ra;
};

// Where a fault ended that task, which its supervisor still holds. `stats` has RIGHT_STATS_READ;
// with CAP_SLOT_NONE, and of another end than by a fault, both are 0. Writes the message page's
// `stats`.
struct crash_place crash_place_of(const struct runtime *runtime, struct slot stats,
                                  uint32_t instance);

// `WHO: NAME ended: REASON DETAIL`, and of a fault `WHO: backtrace NAME 0x.. 0x..`, which
// tools/symbolize turns into functions and lines.
void crash_say(const struct runtime *runtime, const char *who, const char *name,
               const struct log_crash *crash);

// What logd is told.
struct log_message crash_message(const struct log_crash *crash);

#ifdef __cplusplus
}
#endif
