// services/statefsd/commit.c: from changes to a durable batch.
#include <string.h>

#include "services/statefsd/internal.h"

const struct state_quota *statefs_quota(const struct statefs *fs, uint64_t space) {
    for (uint32_t i = 0; i < fs->config.quota_count; i++) {
        const struct state_quota *row = &fs->config.quotas[i];
        if (row->space == space || row->space == 0) {
            return row;
        }
    }
    return 0;
}

// Whether a space is left for it. Who has a row has one in any case; the others share what the rows
// leave, so that all that they may have together is no more than that.
static bool has_space(const struct statefs *fs, uint64_t space) {
    const struct state_quota *own = statefs_quota(fs, space);
    if (!own || own->space != 0 || state_table_space(&fs->table, space)) {
        return true;
    }
    uint32_t free = 0;
    uint32_t promised = 0;
    for (uint32_t i = 0; i < STATE_SPACES_MAX; i++) {
        free += fs->table.spaces[i].entries == 0;
    }
    for (uint32_t i = 0; i < fs->config.quota_count; i++) {
        const uint64_t row = fs->config.quotas[i].space;
        promised += row != 0 && !state_table_space(&fs->table, row);
    }
    return free > promised;
}

void state_note_lost(struct statefs *fs) {
    fs->counts.lost++;
    fs->compaction.active = false;
}

static enum disk_status flush(struct statefs *fs) {
    const struct disk *disk = &fs->config.disk;
    enum disk_status status = disk->flush(disk->context);
    return status == DISK_LOST && planted(fs, STATE_PLANT_LOSE_LOST) ? DISK_OK : status;
}

static enum disk_status write_and_flush(struct statefs *fs, uint64_t sector, uint32_t count) {
    const struct disk *disk = &fs->config.disk;
    if (planted(fs, STATE_PLANT_FLUSH_FIRST)) {
        (void)disk->flush(disk->context);
        return disk->write(disk->context, sector, count, fs->sectors);
    }
    enum disk_status status = disk->write(disk->context, sector, count, fs->sectors);
    if (status != DISK_OK || planted(fs, STATE_PLANT_NO_FLUSH)) {
        return status;
    }
    return flush(fs);
}

// The same bytes to the same sectors: doing it again does no harm.
static enum state_status write_durably(struct statefs *fs, uint64_t sector, uint32_t count) {
    for (uint32_t i = 0; i < STATE_TRIES; i++) {
        enum disk_status status = write_and_flush(fs, sector, count);
        if (status == DISK_OK) {
            return STATE_OK;
        }
        state_note_lost(fs);
        if (status == DISK_FAILED) {
            break;
        }
    }
    fs->broken = true;
    return STATE_FAILED;
}

enum state_status state_write_super(struct statefs *fs, const struct state_super *next) {
    struct state_super super = *next;
    if (fs->super.sequence >= UINT64_MAX - 1) {
        fs->broken = true;
        return STATE_FAILED;
    }
    const bool in_place = planted(fs, STATE_PLANT_SUPER_IN_PLACE);
    const uint32_t first = in_place ? fs->slot : fs->first_slot;
    const uint32_t slots[2] = {first, 1 - first};
    for (uint32_t i = 0; i < (in_place ? 1 : 2); i++) {
        super.sequence++;
        state_super_put(&super, fs->sectors);
        if (write_durably(fs, (uint64_t)slots[i] * STATE_SUPER_STRIDE, 1) != STATE_OK) {
            return STATE_FAILED;
        }
        fs->super = super;
        fs->slot = slots[i];
    }
    return STATE_OK;
}

enum state_status state_begin_epoch(struct statefs *fs) {
    if (fs->began) {
        return STATE_OK;
    }
    struct state_super next = fs->super;
    if (fs->broken || next.epoch == UINT32_MAX) {
        return STATE_FAILED;
    }
    next.batches = fs->number - (fs->unsure ? 1 : 0);
    next.epoch += planted(fs, STATE_PLANT_SAME_EPOCH) ? 0 : 1;
    enum state_status status = state_write_super(fs, &next);
    fs->began = status == STATE_OK;
    return status;
}

enum state_status statefs_stage(struct statefs *fs, uint64_t space,
                                const struct state_change *changes, uint32_t count) {
    if (fs->broken) {
        return STATE_FAILED;
    }
    enum state_status status =
        state_table_check(&fs->table, space, changes, count, statefs_quota(fs, space));
    if (status == STATE_OK && !has_space(fs, space)) {
        status = STATE_NO_ROOM;
    }
    if (status != STATE_OK) {
        return status;
    }
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        bytes += state_record_bytes(&changes[i]);
    }
    if (bytes > STATE_PAYLOAD_BYTES_MAX - fs->staged_bytes) {
        return STATE_BATCH_FULL;
    }
    if (!planted(fs, STATE_PLANT_STEP_STAGED)) {
        statefs_maintain(fs);
    }
    if (fs->broken) {
        return STATE_FAILED;
    }
    struct wire_writer writer = wire_writer_of(fs->staged + fs->staged_bytes, bytes);
    for (uint32_t i = 0; i < count; i++) {
        state_record_put(&writer, space, &changes[i]);
        // Room was checked.
        if (!state_table_apply(&fs->table, space, &changes[i],
                               planted(fs, STATE_PLANT_QUOTA_LEAK))) {
            fs->broken = true;
            return STATE_FAILED;
        }
        if (planted(fs, STATE_PLANT_STEP_STAGED)) {
            state_plan_compaction(fs);
            statefs_maintain(fs);
        }
    }
    fs->staged_bytes += bytes;
    fs->staged_changes += count;
    return STATE_OK;
}

enum state_status statefs_commit(struct statefs *fs) {
    if (fs->broken) {
        return STATE_FAILED;
    }
    if (!statefs_has_staged(fs)) {
        if (fs->unsure) {
            statefs_maintain(fs);
        }
        return fs->broken ? STATE_FAILED : STATE_OK;
    }
    if (planted(fs, STATE_PLANT_ANSWER_FIRST) && fs->counts.lost++ % 2 == 0) {
        return STATE_OK;
    }
    if (state_begin_epoch(fs) != STATE_OK) {
        return STATE_FAILED;
    }
    struct state_batch batch = {.generation = fs->super.generation,
                                .epoch = fs->super.epoch,
                                .number = fs->number,
                                .payload_bytes = fs->staged_bytes};
    state_batch_seal(&fs->volume, &batch, fs->staged, fs->sectors);
    // A compaction keeps room: there is some unless the counts are wrong.
    if (batch.sectors > fs->super.region_sectors - fs->head) {
        fs->broken = true;
        return STATE_FAILED;
    }
    const uint64_t sector = statefs_region_start(&fs->super, fs->super.region) + fs->head;
    if (write_durably(fs, sector, batch.sectors) != STATE_OK) {
        return STATE_FAILED;
    }
    fs->head += batch.sectors;
    fs->number++;
    fs->counts.commits++;
    fs->counts.changes += fs->staged_changes;
    // What comes now cannot undo it: the answer is STATE_OK.
    state_mirror(fs, fs->staged, fs->staged_bytes);
    fs->staged_changes = 0;
    fs->staged_bytes = 0;
    state_plan_compaction(fs);
    return STATE_OK;
}
