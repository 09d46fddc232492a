// services/execd/execd.h: what execd knows: the bundles that it may start programs from, which
// programs run, how those ended that nobody has asked for yet, and who waits for which. Knows no
// system calls.
//
// A program is named by the instance that the kernel gave its task, which is used once in a boot.
// Who started it, by service_id, owns it: also after that service was started anew, and it goes on
// when its owner ends. How it ended is kept as long as its place is not needed: of those that ended
// the oldest that somebody was told of makes room first, then the oldest.
// Ownership: the caller owns the struct, the slots in it, the memory of bundles and the kept calls.
// Blocking:  never; each function looks at each place of a table once.
// Errors:    enum wire_status; a full table is WIRE_OVERLOAD, is counted, and changes nothing else.
#pragma once

#include <stdbool.h>

#include "ipc/types.h"
#include "ipc/wire/wire.h"
#include "services/execd/bundle.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    EXECD_RUNNING_MAX = 8,  // Programs at one time,
    EXECD_OWNED_MAX = 4,    // and of one owner.
    EXECD_RECORD_MAX = 16,  // With those that have ended.
    EXECD_WAITER_MAX = 16,
    EXECD_WAITS_MAX = 4,   // Of them, of one client.
    EXECD_BUNDLE_MAX = 3,  // The boot image's, and one each of two clients.
};

enum execd_state {
    EXECD_FREE = 0,
    EXECD_RUNS = 1,
    EXECD_ENDED = 2,
};

// As the kernel told it when the task was dead.
struct execd_ending {
    uint64_t detail;
    uint64_t pc;  // Of a fault: where, and
    uint64_t ra;  // what the return address register held; else both are 0.
    uint8_t reason;
};

struct execd_record {
    enum execd_state state;
    uint32_t instance;
    uint64_t program;  // Its service_id.
    uint64_t owner;    // The service_id of who started it.
    uint64_t order;    // Of those that have ended: rises.
    struct slot task;  // While it runs.
    struct execd_ending ending;
    bool told;  // Of one that has ended: somebody was.
    char name[BUNDLE_NAME_BYTES];
};

struct execd_waiter {
    uint32_t instance;  // 0: the place is free.
    uint64_t client;    // The service_id of who waits.
    struct kept_call call;
};

// Where programs come from.
struct execd_bundle {
    struct bundle_view view;  // Without programs: the place is free.
    uint64_t owner;           // Who loaded it; 0: it is the boot image's.
    struct slot memory;       // A boot image or a sealed VMO that task_load reads,
    uint64_t offset;          // and where in it the bundle begins.
};

struct execd_stats {
    uint64_t started;
    uint64_t ended;
    uint64_t crashed;     // Of those: by a fault.
    uint64_t denied;      // By policy, or because it is somebody else's.
    uint64_t overloaded;  // Refused because something bounded was used up.
    uint64_t forgotten;   // Endings that made room before anybody was told.
    uint64_t loaded;      // Bundles taken,
    uint64_t flawed;      // and refused.
};

struct execd {
    struct execd_stats stats;
    uint64_t order;
    struct execd_bundle bundles[EXECD_BUNDLE_MAX];
    struct execd_record records[EXECD_RECORD_MAX];
    struct execd_waiter waiters[EXECD_WAITER_MAX];
};

void execd_init(struct execd *execd);

// Takes a bundle that bundle_open has passed, in place of the one that the same owner brought
// before. What runs goes on. BUNDLE_FLAW_KNOWN: another has a program of the same name; nothing
// changes. WIRE_OVERLOAD in *status: all places are taken. *replaced: the one before, with a slot
// to close, or without programs.
WARN_UNUSED enum bundle_flaw execd_add_bundle(struct execd *execd,
                                              const struct execd_bundle *bundle,
                                              enum wire_status *status,
                                              struct execd_bundle *replaced);

// The bundle that has that program, and the program; null if none has.
struct execd_bundle *execd_find_program(struct execd *execd, uint64_t program,
                                        const struct bundle_program **out);

// The program at that place of all bundles in order; null behind the last.
const struct bundle_program *execd_program_at(const struct execd *execd, uint32_t index);

// Whether the owner may have one more of that program now: a free record for it, or null, and then
// it is WIRE_OVERLOAD. Nothing is taken until execd_started.
WARN_UNUSED struct execd_record *execd_room(struct execd *execd, uint64_t owner,
                                            const struct bundle_program *program);
void execd_started(struct execd *execd, struct execd_record *record,
                   const struct execd_record *what);

// The record of an instance; null if there is none.
struct execd_record *execd_find(struct execd *execd, uint32_t instance);

// The record at or behind that place; null behind the last.
const struct execd_record *execd_record_from(const struct execd *execd, uint32_t *index);

void execd_ended(struct execd *execd, struct execd_record *record,
                 const struct execd_ending *ending);

// False: no room for one more who waits, or of that client.
WARN_UNUSED bool execd_wait(struct execd *execd, const struct execd_waiter *waiter);

// Takes out one of those who wait for that instance. False: nobody does.
WARN_UNUSED bool execd_take_waiter(struct execd *execd, uint32_t instance, struct kept_call *out);

// One who waited has left.
void execd_left(struct execd *execd, struct reply_handle reply);

uint32_t execd_running_count(const struct execd *execd);

#ifdef __cplusplus
}
#endif
