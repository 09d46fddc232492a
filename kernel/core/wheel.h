// kernel/core/wheel.h: a hierarchical timing wheel: points in time, the earliest found first.
//
// The wheel has come to `time`. An entry stands on the level of the highest of its sixteen 4-bit
// digits that differs from `time`, in the slot of that digit; so all entries of a level are earlier
// than those of the levels above it. When time reaches a slot its entries are moved down, each at
// most once a level, or are due. Each slot knows its earliest time (or an earlier one, when that
// entry has been removed), so that the next time to look is exact and no tick serves the wheel
// alone.
// Units:      nanoseconds since boot.
// Blocking:   never; insert, remove and next look at no other entry.
// Locking:    none inside: the caller guards wheel and entries.
#pragma once

#include <stdint.h>

#include "kernel/core/list.h"

enum {
    WHEEL_LEVELS = 16,
    WHEEL_SLOTS = 16,
    WHEEL_DIGIT_BITS = 4,
};

enum wheel_kind {
    WHEEL_TASK,   // The entry is a task's: its wait ends.
    WHEEL_TIMER,  // It is a struct timer's.
};

enum wheel_place {
    WHEEL_NOWHERE = 0,  // What a cleared entry says.
    WHEEL_NOTED = 1,    // In the hart's list of what blocked since the last tick, in no wheel.
    WHEEL_INSIDE = 2,   // In a slot, or pending.
};

struct wheel_entry {
    struct list node;
    uint64_t ns;
    uint8_t place;  // enum wheel_place
    uint8_t level;
    uint8_t slot;
    uint8_t kind;  // enum wheel_kind
};

struct wheel {
    uint64_t time;
    uint32_t count;                // Entries in slots and pending.
    uint32_t levels;               // Bit i: level i is not empty.
    uint16_t slots[WHEEL_LEVELS];  // Bit i: slot i of the level is not empty.
    struct list pending;           // Due, or to be moved down.
    // Of an empty slot both are undefined, so that making a wheel costs little.
    struct list heads[WHEEL_LEVELS][WHEEL_SLOTS];
    uint64_t earliest[WHEEL_LEVELS][WHEEL_SLOTS];
};

void wheel_init(struct wheel *wheel);

// An entry that is nowhere; one whose time has passed is due at once. Equal times leave in the
// order they came.
void wheel_insert(struct wheel *wheel, struct wheel_entry *entry);

// An entry that is inside.
void wheel_remove(struct wheel *wheel, struct wheel_entry *entry);

// When wheel_take has something to do, 0 for at once, UINT64_MAX for never: not later than the
// earliest entry, and earlier only after a removal.
uint64_t wheel_next(const struct wheel *wheel);

// Takes out an entry with ns <= now. Each entry looked at costs one of *steps; null with *steps 0:
// there may be more.
struct wheel_entry *wheel_take(struct wheel *wheel, uint64_t now, uint32_t *steps);
