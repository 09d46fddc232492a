// services/statefsd/compact.c: copies what is in memory to the other region, a step at a time.
#include <string.h>

#include "services/statefsd/internal.h"

// Batches that hold so many entries, whatever their size.
static uint32_t steps_of(uint32_t entries) {
    return (entries + STATE_STEP_ENTRIES - 1) / STATE_STEP_ENTRIES;
}

// As many commits as steps, and one more, each of the greatest size.
uint32_t statefs_reserve(uint32_t entries) {
    return (steps_of(entries) + 2) * STATE_BATCH_SECTORS_MAX;
}

// A new region holds the entries and what was committed meanwhile, and then has a reserve.
uint64_t statefs_disk_sectors_min(uint32_t entries) {
    return STATE_SUPER_SECTORS + UINT64_C(2) * 3 * statefs_reserve(entries);
}

static void begin(struct statefs *fs) {
    if (fs->generation_max == UINT32_MAX) {
        fs->broken = true;
        return;
    }
    fs->generation_max++;
    fs->compaction = (struct state_compaction){.active = true, .generation = fs->generation_max};
}

// Not flushed. What the disk loses is known by the flush before the new region is used.
static void append(struct statefs *fs, const uint8_t *payload, uint32_t payload_bytes) {
    struct state_compaction *to = &fs->compaction;
    struct state_batch batch = {.generation = to->generation,
                                .epoch = fs->super.epoch,
                                .number = to->number,
                                .payload_bytes = payload_bytes};
    state_batch_seal(&fs->volume, &batch, payload, fs->sectors);
    if (batch.sectors > fs->super.region_sectors - to->head) {
        to->active = false;  // Too much was committed meanwhile: start over.
        return;
    }
    const uint64_t sector = statefs_region_start(&fs->super, 1 - fs->super.region) + to->head;
    const struct disk *disk = &fs->config.disk;
    if (disk->write(disk->context, sector, batch.sectors, fs->sectors) != DISK_OK) {
        to->active = false;
        fs->broken = true;
        return;
    }
    to->head += batch.sectors;
    to->number++;
}

void state_mirror(struct statefs *fs, const uint8_t *payload, uint32_t payload_bytes) {
    if (fs->compaction.active && !planted(fs, STATE_PLANT_NO_MIRROR)) {
        append(fs, payload, payload_bytes);
    }
}

static void copy_some(struct statefs *fs) {
    struct state_compaction *to = &fs->compaction;
    struct wire_writer writer = wire_writer_of(fs->copied, sizeof(fs->copied));
    while (to->cursor < fs->table.entries_max) {
        const struct state_entry *entry = &fs->table.entries[to->cursor];
        const struct state_change change = {
            .key = {.data = entry->key, .count = entry->key_count},
            .value = {.data = entry->value, .count = entry->value_count}};
        if (entry->space != 0) {
            if (state_record_bytes(&change) > sizeof(fs->copied) - writer.count) {
                break;
            }
            state_record_put(&writer, entry->space, &change);
        }
        to->cursor++;
    }
    if (writer.count > 0) {
        append(fs, fs->copied, writer.count);
    }
}

// All is in the new region: from now on it is the journal.
static void finish(struct statefs *fs) {
    const struct disk *disk = &fs->config.disk;
    if (!planted(fs, STATE_PLANT_SUPER_FIRST)) {
        enum disk_status status = disk->flush(disk->context);
        if (status == DISK_LOST && !planted(fs, STATE_PLANT_LOSE_LOST)) {
            state_note_lost(fs);
            return;
        }
        if (status == DISK_FAILED) {
            fs->broken = true;
            return;
        }
    }
    const struct state_compaction done = fs->compaction;
    struct state_super next = fs->super;
    next.region = 1 - fs->super.region;
    next.generation = done.generation;
    next.region_epoch = fs->super.epoch;
    next.batches = done.number;
    if (state_write_super(fs, &next) != STATE_OK) {
        return;
    }
    fs->head = done.head;
    fs->number = done.number;
    fs->unsure = false;
    fs->compaction = (struct state_compaction){.active = false};
    fs->counts.compactions++;
}

static void step(struct statefs *fs) {
    if (state_begin_epoch(fs) != STATE_OK) {
        return;
    }
    if (!fs->compaction.active) {
        begin(fs);
    }
    if (fs->broken) {
        return;
    }
    if (fs->compaction.cursor < fs->table.entries_max) {
        copy_some(fs);
    } else {
        finish(fs);
    }
}

static uint32_t room(const struct statefs *fs) {
    return fs->super.region_sectors - fs->head;
}

void state_plan_compaction(struct statefs *fs) {
    fs->compaction.due =
        fs->compaction.active || fs->unsure || room(fs) < statefs_reserve(fs->table.entries_max);
}

// One step; more only if the disk lost so much that what is left of the region is not enough for
// commits with a step each, or the first time after a mount: to write the last batch again where it
// stands would put at risk what was acknowledged.
void statefs_maintain(struct statefs *fs) {
    const uint32_t steps_max = 2 * (steps_of(fs->table.entries_max) + 1);
    const bool free = !statefs_has_staged(fs) || planted(fs, STATE_PLANT_STEP_STAGED);
    for (uint32_t i = 0; i < steps_max && free && fs->compaction.due && !fs->broken; i++) {
        step(fs);
        state_plan_compaction(fs);
        const uint32_t left = fs->table.entries_max - fs->compaction.cursor;
        if (!fs->unsure && room(fs) >= (steps_of(left) + 2) * STATE_BATCH_SECTORS_MAX &&
            !planted(fs, STATE_PLANT_STEP_STAGED)) {
            break;
        }
    }
    fs->compaction.due = false;
    fs->broken = fs->broken || (free && fs->unsure);
}

enum state_status statefs_compact(struct statefs *fs) {
    if (statefs_has_staged(fs)) {
        return STATE_FAILED;
    }
    const uint64_t before = fs->counts.compactions;
    const uint32_t steps_max = STATE_TRIES * (steps_of(fs->table.entries_max) + 1);
    for (uint32_t i = 0; i < steps_max && !fs->broken && fs->counts.compactions == before; i++) {
        step(fs);
    }
    return fs->counts.compactions > before ? STATE_OK : STATE_FAILED;
}
