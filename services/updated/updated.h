// services/updated/updated.h: two slots for the system's programs, what runs from which, and how
// one takes the other's place. Knows no system calls.
//
// A boot: updated_boot. A try is counted, durably, before what is tried is looked at; what is read
// from the slot is checked in memory that nobody can change, and that memory is what runs. A slot
// that fails the check, or whose tries are used up, is FAILED, and the confirmed one runs. One that
// cannot be read, or that another key signed, is passed over for this boot.
// An update: stage (written, flushed, then named), switch (read again and checked, then to be
// tried), a boot, confirm. Only a confirmation makes a slot the current one, and only after that is
// durable the floor rises to its version: below it nothing is staged, switched to or started. If
// the power goes between the two, the next boot raises the floor; so does whatever else would
// change something before that. So there is at any time a slot that starts, once one was confirmed:
// staging never touches the running slot, nor the current one.
//
// Units:     bytes; sectors of the disk; slots are 0 and 1, or UPDATE_SLOT_NONE.
// Ownership: the caller owns the struct, and what is behind disk, memory and floor.
// Blocking:  as long as disk and floor take. Bounded: a slot's bytes once or twice, a few
//            changes of the boot control.
// Errors:    enum update_result. A refusal changes nothing. After DISK_FAILED what is in memory may
//            be older than the disk: everything is DISK_FAILED until updated_open.
#pragma once

#include "services/updated/control.h"
#include "services/updated/system.h"

#ifdef __cplusplus
extern "C" {
#endif

// Memory that a slot is read into. `open` gives a window of so many bytes, or null, in place of the
// one before; `seal` gives the same bytes where nobody can change them, or null.
struct update_memory {
    void *context;
    uint8_t *(*open)(void *context, uint64_t bytes);
    const uint8_t *(*seal)(void *context);
};

// The least version that may run: rises, durably, and survives power loss. 0 at first.
struct update_floor {
    void *context;
    bool (*get)(void *context, uint64_t *version);
    bool (*raise)(void *context, uint64_t version);
};

struct updated_config {
    struct disk disk;
    struct update_memory memory;
    struct update_floor floor;
    struct system_key key;  // The one that is trusted.
    enum update_plant plant;
};

struct update_running {
    uint8_t slot;  // Or UPDATE_SLOT_NONE.
    bool trial;    // It has to be confirmed.
    uint64_t version;
    uint64_t health;       // The program that confirms it; 0: none may.
    const uint8_t *bytes;  // The bundle, sealed; until the memory is opened again.
    uint64_t payload_bytes;
    uint64_t failed_version;         // This boot gave up on it; 0: on nothing.
    enum update_result passed_over;  // Why this boot, and it alone, left a slot out; OK: none.
};

struct updated {
    struct updated_config config;
    struct control control;
    struct update_running running;
    uint64_t floor;
    bool broken;
    uint8_t page[SYSTEM_PAGE_BYTES];
};

// Reads the boot control. OK, DISK_FAILED, DISK_TOO_SMALL, DAMAGED.
WARN_UNUSED enum update_result updated_open(struct updated *updated,
                                            const struct updated_config *config);

// Once a boot, first: chooses what runs: `running` is filled in. NOTHING_RUNS: there is none, which
// is no error of a new disk. NO_FLOOR and NO_MEMORY: nothing was decided; try again, though of a
// trial a try may be gone. DISK_FAILED.
WARN_UNUSED enum update_result updated_boot(struct updated *updated);

// In its place for an instance that finds that this boot has chosen already: the same slot, and no
// try is taken. `word` is what updated_word gave then. NO_FLOOR: it cannot be raised.
WARN_UNUSED enum update_result updated_resume(struct updated *updated, uint64_t word);
uint64_t updated_word(const struct updated *updated);

// Writes a bundle to a slot. `bytes` cannot change meanwhile. A switch to that slot is taken back.
// NO_SUCH_SLOT, NO_FLOOR, SLOT_RUNS, SLOT_IS_FALLBACK, BAD_RANGE (less than it says, or more),
// TOO_LARGE, BELOW_FLOOR, TOO_MANY_PROGRAMS, and those of system.h.
WARN_UNUSED enum update_result updated_stage(struct updated *updated, uint32_t slot,
                                             const uint8_t *bytes, uint64_t count);

// The next boots try that slot, `tries` times at most. NOT_STAGED, ON_TRIAL, SLOT_RUNS, BAD_TRIES,
// BELOW_FLOOR, NO_FLOOR; BAD_CONTENTS and its like: it is not what was staged; SLOT_UNREADABLE.
WARN_UNUSED enum update_result updated_switch(struct updated *updated, uint32_t slot,
                                              uint32_t tries);

// What runs is well, says the program of that id. Repeatable. NOT_THE_HEALTH_PROGRAM: it is
// another, or nothing runs. NO_FLOOR: confirmed, and the floor has not risen yet: ask again.
WARN_UNUSED enum update_result updated_confirm(struct updated *updated, uint64_t program);

// Gives up what is on trial, or is to be tried. True in *reboot: it runs. NO_TRIAL.
WARN_UNUSED enum update_result updated_roll_back(struct updated *updated, bool *reboot);

// Of each slot.
uint64_t updated_slot_bytes(const struct updated *updated);

#ifdef __cplusplus
}
#endif
