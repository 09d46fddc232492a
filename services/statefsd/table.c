// services/statefsd/table.c: see table.h.
#include "services/statefsd/table.h"

#include <string.h>

void state_table_init(struct state_table *table, uint32_t entries_max) {
    memset(table, 0, sizeof(*table));
    table->entries_max = entries_max < STATE_ENTRIES_MAX ? entries_max : STATE_ENTRIES_MAX;
}

static struct wire_bytes key_of(const struct state_entry *entry) {
    return (struct wire_bytes){.data = entry->key, .count = entry->key_count};
}

static bool same(struct wire_bytes a, struct wire_bytes b) {
    return a.count == b.count && (a.count == 0 || memcmp(a.data, b.data, a.count) == 0);
}

static bool less(struct wire_bytes a, struct wire_bytes b) {
    uint32_t count = a.count < b.count ? a.count : b.count;
    int order = count > 0 ? memcmp(a.data, b.data, count) : 0;
    return order < 0 || (order == 0 && a.count < b.count);
}

const struct state_entry *state_table_find(const struct state_table *table, uint64_t space,
                                           struct wire_bytes key) {
    for (uint32_t i = 0; i < table->entries_max; i++) {
        const struct state_entry *entry = &table->entries[i];
        if (entry->space == space && space != 0 && same(key_of(entry), key)) {
            return entry;
        }
    }
    return 0;
}

const struct state_space *state_table_space(const struct state_table *table, uint64_t space) {
    for (uint32_t i = 0; i < STATE_SPACES_MAX; i++) {
        if (table->spaces[i].entries > 0 && table->spaces[i].id == space) {
            return &table->spaces[i];
        }
    }
    return 0;
}

const struct state_entry *state_table_next(const struct state_table *table, uint64_t space,
                                           struct wire_bytes after) {
    const struct state_entry *best = 0;
    for (uint32_t i = 0; i < table->entries_max; i++) {
        const struct state_entry *entry = &table->entries[i];
        if (entry->space == space && space != 0 && less(after, key_of(entry)) &&
            (!best || less(key_of(entry), key_of(best)))) {
            best = entry;
        }
    }
    return best;
}

static enum state_status check_form(const struct state_change *changes, uint32_t count) {
    if (count == 0 || count > STATE_CHANGES_MAX) {
        return STATE_TOO_LARGE;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (changes[i].key.count > STATE_KEY_BYTES_MAX ||
            changes[i].value.count > STATE_VALUE_BYTES_MAX) {
            return STATE_TOO_LARGE;
        }
        if (changes[i].key.count == 0) {
            return STATE_BAD_KEY;
        }
        for (uint32_t k = 0; k < i; k++) {
            if (same(changes[i].key, changes[k].key)) {
                return STATE_BAD_KEY;
            }
        }
    }
    return STATE_OK;
}

enum state_status state_table_check(const struct state_table *table, uint64_t space,
                                    const struct state_change *changes, uint32_t count,
                                    const struct state_quota *quota) {
    enum state_status status = check_form(changes, count);
    uint32_t more_entries = 0;
    uint32_t more_bytes = 0;
    uint32_t less_entries = 0;
    uint32_t less_bytes = 0;
    uint32_t fresh = 0;
    for (uint32_t i = 0; i < count && status == STATE_OK; i++) {
        const struct state_entry *entry = state_table_find(table, space, changes[i].key);
        if (entry) {
            less_entries++;
            less_bytes += (uint32_t)entry->key_count + entry->value_count;
        } else if (changes[i].erase) {
            status = STATE_ABSENT;
        }
        if (!changes[i].erase) {
            more_entries++;
            more_bytes += changes[i].key.count + changes[i].value.count;
            fresh += entry ? 0 : 1;
        }
    }
    if (status != STATE_OK) {
        return status;
    }
    const struct state_space *has = state_table_space(table, space);
    uint32_t entries = (has ? has->entries : 0) + more_entries - less_entries;
    uint32_t bytes = (has ? has->bytes : 0) + more_bytes - less_bytes;
    // Who has more than its quota since it was lowered may still make it less.
    if (quota && ((entries > quota->entries && more_entries > less_entries) ||
                  (bytes > quota->bytes && more_bytes > less_bytes))) {
        return STATE_OVER_QUOTA;
    }
    bool space_is_free = has != 0;
    for (uint32_t i = 0; i < STATE_SPACES_MAX; i++) {
        space_is_free = space_is_free || table->spaces[i].entries == 0;
    }
    // What the same changes erase is not counted: it may come later among them.
    return table->count + fresh <= table->entries_max && space_is_free ? STATE_OK : STATE_NO_ROOM;
}

static struct state_space *space_at(struct state_table *table, uint64_t id) {
    struct state_space *free = 0;
    for (uint32_t i = 0; i < STATE_SPACES_MAX; i++) {
        struct state_space *space = &table->spaces[i];
        if (space->entries > 0 && space->id == id) {
            return space;
        }
        if (space->entries == 0) {
            free = space;
        }
    }
    return free;
}

static struct state_entry *entry_at(struct state_table *table, uint64_t space,
                                    struct wire_bytes key) {
    struct state_entry *free = 0;
    for (uint32_t i = 0; i < table->entries_max; i++) {
        struct state_entry *entry = &table->entries[i];
        if (entry->space == space && same(key_of(entry), key)) {
            return entry;
        }
        if (entry->space == 0 && !free) {
            free = entry;
        }
    }
    return free;
}

static void erase(struct state_table *table, struct state_space *space, struct state_entry *entry,
                  bool leak) {
    uint32_t bytes = (uint32_t)entry->key_count + entry->value_count;
    if (!leak) {
        space->entries--;
        space->bytes -= bytes;
    }
    table->count--;
    memset(entry, 0, sizeof(*entry));
}

bool state_table_apply(struct state_table *table, uint64_t space, const struct state_change *change,
                       bool leak) {
    struct state_space *owner = space_at(table, space);
    struct state_entry *entry = entry_at(table, space, change->key);
    bool there = entry && entry->space != 0;
    if (change->erase) {
        if (there && owner) {
            erase(table, owner, entry, leak);
        }
        return true;
    }
    if (!owner || !entry || space == 0) {
        return false;
    }
    if (there) {
        owner->bytes -= entry->value_count;
    } else {
        *owner = (struct state_space){
            .id = space, .entries = owner->entries + 1, .bytes = owner->bytes + change->key.count};
        table->count++;
        entry->space = space;
        entry->key_count = (uint8_t)change->key.count;
        memcpy(entry->key, change->key.data, change->key.count);
    }
    owner->bytes += change->value.count;
    entry->value_count = (uint16_t)change->value.count;
    if (change->value.count > 0) {
        memcpy(entry->value, change->value.data, change->value.count);
    }
    return true;
}

uint32_t state_record_bytes(const struct state_change *change) {
    return STATE_RECORD_HEAD_BYTES + change->key.count + (change->erase ? 0 : change->value.count);
}

static void put_bytes(struct wire_writer *writer, struct wire_bytes bytes) {
    for (uint32_t i = 0; i < bytes.count; i++) {
        wire_put_u8(writer, bytes.data[i]);
    }
}

void state_record_put(struct wire_writer *writer, uint64_t space,
                      const struct state_change *change) {
    wire_put_u64(writer, space);
    wire_put_u8(writer, change->erase ? 1 : 0);
    wire_put_u8(writer, (uint8_t)change->key.count);
    wire_put_u16(writer, change->erase ? 0 : (uint16_t)change->value.count);
    put_bytes(writer, change->key);
    if (!change->erase) {
        put_bytes(writer, change->value);
    }
}

bool state_record_get(struct wire_reader *reader, uint64_t *space, struct state_change *change) {
    *space = wire_get_u64(reader);
    uint8_t erase = wire_get_u8(reader);
    change->erase = erase == 1;
    change->key.count = wire_get_u8(reader);
    change->value.count = wire_get_u16(reader);
    change->key.data = reader->next;
    bool whole = wire_skip(reader, change->key.count);
    change->value.data = reader->next;
    whole = wire_skip(reader, change->value.count) && whole;
    return whole && *space != 0 && erase <= 1 && change->key.count > 0 &&
           change->key.count <= STATE_KEY_BYTES_MAX &&
           change->value.count <= STATE_VALUE_BYTES_MAX &&
           (!change->erase || change->value.count == 0);
}
