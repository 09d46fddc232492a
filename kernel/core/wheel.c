// kernel/core/wheel.c: see wheel.h.
#include "kernel/core/wheel.h"

#include "base/bits.h"
#include "kernel/core/panic.h"

void wheel_init(struct wheel *wheel) {
    wheel->time = 0;
    wheel->count = 0;
    wheel->levels = 0;
    for (uint32_t i = 0; i < WHEEL_LEVELS; i++) {
        wheel->slots[i] = 0;
    }
    list_init(&wheel->pending);
}

void wheel_insert(struct wheel *wheel, struct wheel_entry *entry) {
    KASSERT(entry->place == WHEEL_NOWHERE);
    entry->place = WHEEL_INSIDE;
    entry->level = 0;
    entry->slot = 0;
    wheel->count++;
    if (entry->ns <= wheel->time) {
        list_append(&wheel->pending, &entry->node);
        return;
    }
    uint32_t level = bits_highest_u64(entry->ns ^ wheel->time) / WHEEL_DIGIT_BITS;
    uint32_t slot = (uint32_t)(entry->ns >> (level * WHEEL_DIGIT_BITS)) % WHEEL_SLOTS;
    struct list *head = &wheel->heads[level][slot];
    uint64_t *earliest = &wheel->earliest[level][slot];
    if (((wheel->slots[level] >> slot) & 1) == 0) {
        list_init(head);
        *earliest = entry->ns;
        wheel->slots[level] = (uint16_t)(wheel->slots[level] | 1u << slot);
        wheel->levels |= 1u << level;
    } else if (entry->ns < *earliest) {
        *earliest = entry->ns;
    }
    entry->level = (uint8_t)level;
    entry->slot = (uint8_t)slot;
    list_append(head, &entry->node);
}

static void slot_emptied(struct wheel *wheel, uint32_t level, uint32_t slot) {
    wheel->slots[level] = (uint16_t)(wheel->slots[level] & ~(1u << slot));
    if (wheel->slots[level] == 0) {
        wheel->levels &= ~(1u << level);
    }
}

// A slot that is marked is not empty, but for the moment after its last entry has left it.
void wheel_remove(struct wheel *wheel, struct wheel_entry *entry) {
    KASSERT(entry->place == WHEEL_INSIDE);
    list_remove(&entry->node);
    bool marked = ((wheel->slots[entry->level] >> entry->slot) & 1) != 0;
    if (marked && list_is_empty(&wheel->heads[entry->level][entry->slot])) {
        slot_emptied(wheel, entry->level, entry->slot);
    }
    entry->place = WHEEL_NOWHERE;
    wheel->count--;
}

uint64_t wheel_next(const struct wheel *wheel) {
    if (!list_is_empty(&wheel->pending)) {
        return 0;
    }
    if (wheel->levels == 0) {
        return UINT64_MAX;
    }
    uint32_t level = bits_lowest_u64(wheel->levels);
    return wheel->earliest[level][bits_lowest_u64(wheel->slots[level])];
}

// The first time of a slot: the digits above are those of `time`, the ones below are 0.
static uint64_t slot_begin(const struct wheel *wheel, uint32_t level, uint32_t slot) {
    uint32_t shift = level * WHEEL_DIGIT_BITS;
    uint64_t above = (wheel->time >> shift) & ~(uint64_t)(WHEEL_SLOTS - 1);
    return (above | slot) << shift;
}

// The first slot's entries become pending if its time has come. The levels below are empty, so time
// may go on to the slot's beginning, or to now when that is before it.
static bool reach_slot(struct wheel *wheel, uint64_t now) {
    if (wheel->levels != 0) {
        uint32_t level = bits_lowest_u64(wheel->levels);
        uint32_t slot = bits_lowest_u64(wheel->slots[level]);
        uint64_t begin = slot_begin(wheel, level, slot);
        if (begin <= now) {
            list_splice(&wheel->pending, &wheel->heads[level][slot]);
            slot_emptied(wheel, level, slot);
            wheel->time = begin;
            return true;
        }
    }
    wheel->time = now > wheel->time ? now : wheel->time;
    return false;
}

struct wheel_entry *wheel_take(struct wheel *wheel, uint64_t now, uint32_t *steps) {
    while (*steps > 0) {
        if (list_is_empty(&wheel->pending)) {
            if (!reach_slot(wheel, now)) {
                return 0;
            }
        }
        (*steps)--;
        struct wheel_entry *entry = LIST_OBJECT(wheel->pending.next, struct wheel_entry, node);
        wheel_remove(wheel, entry);
        if (entry->ns <= now) {
            return entry;
        }
        wheel_insert(wheel, entry);
    }
    return 0;
}
