// services/updated/control.h: the boot control: which slot the system runs from, which one is to be
// tried and how often, and what the slots hold. Two copies, each in 4 KiB of its own; the newer
// good one counts.
//
// A change is durable in one copy before the other is touched, and the later copy has the higher
// sequence: whenever the power goes, one of them is whole, and is the state before or after.
// What control_open read may not be durable if whoever wrote it ended before a flush; so the first
// write after it goes over the newest copy, never over the only one that surely is. If the copies
// differ it writes both before it returns: nobody acts on what the next power cut could take back.
// If one of them is not whole, or is not read, that one is written first: the other is all there
// is. What was acknowledged stands in both.
//
// Units:     sectors of the disk.
// Ownership: the caller owns the struct and what is behind the disk.
// Blocking:  as long as the disk takes; a change is two writes and two flushes, at most
//            UPDATE_TRIES_OF_A_WRITE times each; an open is that, a flush and two reads, at most
//            UPDATE_TRIES_OF_A_READ times each.
// Errors:    DISK_FAILED, DISK_TOO_SMALL, DAMAGED. After an error of control_write the copy in
//            memory is as before, and the disk has that or the new one: open again.
#pragma once

#include <stdbool.h>

#include "services/statefsd/disk.h"
#include "services/updated/result.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    CONTROL_SECTORS = 16,  // Of the disk's beginning.
    CONTROL_APART = 8,     // The copies' distance.
    UPDATE_SLOTS = 2,
    UPDATE_SLOT_NONE = 2,
    UPDATE_TRIES_MAX = 3,         // Of a trial.
    UPDATE_TRIES_OF_A_WRITE = 3,  // With its flush, if the disk says that it lost it.
    UPDATE_TRIES_OF_A_READ = 3,
};

enum update_slot_state {
    UPDATE_SLOT_EMPTY,   // Or being written.
    UPDATE_SLOT_STAGED,  // Whole, durable, and was signed when it was brought.
    UPDATE_SLOT_GOOD,    // It ran and was confirmed.
    UPDATE_SLOT_FAILED,  // It was tried and not confirmed, or is not what it was.
    UPDATE_SLOT_STATE_COUNT
};

struct update_slot {
    uint64_t version;
    uint64_t bytes;
    uint8_t state;  // enum update_slot_state
};

struct update_control {
    uint64_t sequence;
    uint8_t current;  // The slot that was confirmed last, or UPDATE_SLOT_NONE.
    uint8_t trial;    // The one to be tried, or UPDATE_SLOT_NONE;
    uint8_t tries;    // boots that it still has.
    struct update_slot slots[UPDATE_SLOTS];
};

enum update_plant {
    UPDATE_PLANT_NONE,
#define UPDATE_PLANT(NAME, what) UPDATE_PLANT_##NAME,
#include "services/updated/plant.def"
#undef UPDATE_PLANT
    UPDATE_PLANT_COUNT
};

struct control {
    struct disk disk;
    enum update_plant plant;
    uint32_t first;  // The copy that the next change goes to first.
    struct update_control now;
};

// Flushes, reads, and makes both copies the same. A disk whose copies hold nothing, or the rest of
// a first write that was interrupted, however often, gets a control of two empty slots.
WARN_UNUSED enum update_result control_open(struct control *control, const struct disk *disk,
                                            enum update_plant plant);

// Makes it durable, whatever its `sequence`.
WARN_UNUSED enum update_result control_write(struct control *control,
                                             const struct update_control *next);

// As bytes. False: no such sector.
void control_put(const struct update_control *value, uint8_t sector[DISK_SECTOR_BYTES]);
WARN_UNUSED bool control_get(const uint8_t sector[DISK_SECTOR_BYTES], struct update_control *out);

#ifdef __cplusplus
}
#endif
