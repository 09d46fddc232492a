// services/statefsd/mount.c: from a disk to what it says.
#include <string.h>

#include "services/statefsd/internal.h"

enum {
    LOOK_SECTORS = STATE_PAYLOAD_BYTES_MAX / DISK_SECTOR_BYTES,  // Of what nothing is staged in
                                                                 // yet.
};

static enum disk_status read_sectors(const struct statefs *fs, uint64_t sector, uint32_t count,
                                     uint8_t *bytes) {
    const struct disk *disk = &fs->config.disk;
    return disk->read(disk->context, sector, count, bytes);
}

// A mount reads a whole region: that does not grow with the disk.
static uint32_t region_sectors_of(uint64_t disk_sectors) {
    const uint32_t most = STATE_REGION_RESERVES * statefs_reserve(STATE_ENTRIES_MAX);
    const uint64_t each =
        disk_sectors < STATE_SUPER_SECTORS ? 0 : (disk_sectors - STATE_SUPER_SECTORS) / 2;
    return each < most ? (uint32_t)each : most;
}

// Two marks say that a format was begun and may be done again, whatever a power cut makes of the
// superblocks. The newer one may not be durable, the other is, so the newer one, or one that is
// none, is written first. Whenever something may stand where superblocks are, a mark is durable.
struct marks {
    uint32_t first;
    uint64_t sequence;  // Of the newer one; 0: there is none.
};

static bool find_marks(const struct disk *disk, struct marks *out) {
    uint64_t sequences[2];
    for (uint32_t i = 0; i < 2; i++) {
        uint8_t sector[DISK_SECTOR_BYTES];
        struct state_super mark;
        if (disk->read(disk->context, STATE_SUPER_SECTORS + i, 1, sector) != DISK_OK) {
            return false;
        }
        sequences[i] = state_super_get(sector, &mark) == SUPER_VALID ? mark.sequence : 0;
    }
    const uint32_t newer = sequences[1] > sequences[0] ? 1 : 0;
    out->first = sequences[1 - newer] == 0 ? 1 - newer : newer;
    out->sequence = sequences[newer];
    return true;
}

enum state_mount statefs_format(const struct statefs_config *config, uint64_t volume) {
    const struct disk *disk = &config->disk;
    if (disk->sectors < statefs_disk_sectors_min(config->entries)) {
        return MOUNT_TOO_SMALL;
    }
    struct state_volume made;
    state_volume_make(volume, &config->key, &made);
    struct state_super super = {.sequence = 1,
                                .volume = volume,
                                .generation = 1,
                                .region_sectors = region_sectors_of(disk->sectors),
                                .encrypted = config->key.present};
    state_key_check(&made, super.key_check);
    struct marks marks;
    if (!find_marks(disk, &marks)) {
        return MOUNT_FAILED;
    }
    super.sequence = marks.sequence;
    const struct {
        uint64_t sector;
        bool super;
    } steps[] = {{STATE_SUPER_SECTORS + marks.first, true},
                 {STATE_SUPER_SECTORS + 1 - marks.first, true},
                 {0, false},
                 {STATE_SUPER_STRIDE, false},
                 {0, true},
                 {STATE_SUPER_STRIDE, true},
                 {STATE_SUPER_SECTORS + 1, false},
                 {STATE_SUPER_SECTORS, false}};
    for (uint32_t i = 0; i < ARRAY_LEN(steps); i++) {
        uint8_t sector[DISK_SECTOR_BYTES] = {0};
        if (steps[i].super) {
            super.sequence++;
            state_super_put(&super, sector);
        }
        if (disk->write(disk->context, steps[i].sector, 1, sector) != DISK_OK ||
            disk->flush(disk->context) != DISK_OK) {
            return MOUNT_FAILED;
        }
    }
    return MOUNT_OK;
}

// Without a good superblock: whether a format may write over this. It may if nothing is where
// superblocks are, nor between them, or if one was begun here.
static enum state_mount look_for_others(struct statefs *fs) {
    bool zero = true;
    for (uint32_t at = 0; at < STATE_SUPER_SECTORS; at++) {
        struct state_batch batch;
        if (read_sectors(fs, at, 1, fs->sectors) != DISK_OK) {
            return MOUNT_FAILED;
        }
        zero = zero && state_sector_look(fs->sectors, &batch) == SECTOR_ZERO;
    }
    if (zero) {
        return MOUNT_BLANK;
    }
    for (uint32_t mark = 0; mark < 2; mark++) {
        struct state_super begun;
        if (read_sectors(fs, STATE_SUPER_SECTORS + mark, 1, fs->sectors) != DISK_OK) {
            return MOUNT_FAILED;
        }
        if (state_super_get(fs->sectors, &begun) == SUPER_VALID) {
            return MOUNT_BLANK;
        }
    }
    return MOUNT_NO_SUPERBLOCK;
}

// The superblock that counts. One that cannot be read is no better than a damaged one: nothing
// depends on a superblock that the other does not say too.
static enum state_mount find_super(struct statefs *fs, struct state_report *report) {
    struct state_super found[2];
    enum state_super_result results[2];
    for (uint32_t slot = 0; slot < 2; slot++) {
        const uint64_t sector = (uint64_t)slot * STATE_SUPER_STRIDE;
        results[slot] = read_sectors(fs, sector, 1, fs->sectors) == DISK_OK
                            ? state_super_get(fs->sectors, &found[slot])
                            : SUPER_BAD;
        report->super_good[slot] = results[slot] == SUPER_VALID;
    }
    const bool good[2] = {results[0] == SUPER_VALID, results[1] == SUPER_VALID};
    if (!good[0] && !good[1]) {
        if (results[0] == SUPER_OTHER_VERSION || results[1] == SUPER_OTHER_VERSION) {
            return MOUNT_OTHER_VERSION;
        }
        return look_for_others(fs);
    }
    fs->slot = good[1] && (!good[0] || found[1].sequence > found[0].sequence) ? 1 : 0;
    fs->super = found[fs->slot];
    // The newest may not be durable yet, and the other one is: only that is enough.
    fs->first_slot =
        good[1 - fs->slot] && !planted(fs, STATE_PLANT_SUPER_OLD_FIRST) ? fs->slot : 1 - fs->slot;
    report->super = fs->super;
    return MOUNT_OK;
}

static enum state_mount check_super(struct statefs *fs) {
    const struct state_super *super = &fs->super;
    if (super->region_sectors < 3 * statefs_reserve(fs->table.entries_max) ||
        statefs_region_start(super, 2) > fs->config.disk.sectors) {
        return MOUNT_TOO_SMALL;
    }
    uint8_t check[STATE_TAG_BYTES];
    state_volume_make(super->volume, &fs->config.key, &fs->volume);
    state_key_check(&fs->volume, check);
    if (super->encrypted != fs->config.key.present ||
        memcmp(check, super->key_check, sizeof(check)) != 0) {
        return MOUNT_WRONG_KEY;
    }
    // Its numbers only rise; at their ends nothing can be written any more.
    return super->region_epoch <= super->epoch ? MOUNT_OK : MOUNT_CONTENTS;
}

// Where replay stands.
struct replay {
    uint64_t start;   // Of the region, on the disk.
    uint32_t epoch;   // Of the last batch.
    uint32_t window;  // Sectors in fs->sectors, of those at fs->head.
};

static bool belongs(const struct statefs *fs, const struct replay *replay,
                    const struct state_batch *batch) {
    if (batch->generation != fs->super.generation && !planted(fs, STATE_PLANT_ANY_GENERATION)) {
        return false;
    }
    return (batch->epoch >= replay->epoch && batch->epoch <= fs->super.epoch) ||
           planted(fs, STATE_PLANT_ANY_EPOCH);
}

// The next batch stands at the beginning of fs->sectors. Its contents go to fs->copied.
static bool next_is_good(struct statefs *fs, const struct replay *replay,
                         const struct state_batch *batch) {
    if (!belongs(fs, replay, batch) || batch->number != fs->number ||
        batch->sectors > replay->window) {
        return false;
    }
    return state_batch_open(&fs->volume, batch, fs->sectors, fs->copied) ||
           planted(fs, STATE_PLANT_TRUST_TAG);
}

static bool apply(struct statefs *fs, const struct state_batch *batch,
                  struct state_report *report) {
    struct wire_reader reader = wire_reader_of(fs->copied, batch->payload_bytes);
    bool good = batch->payload_bytes > 0;
    while (good && reader.left > 0) {
        uint64_t space = 0;
        struct state_change change;
        good = state_record_get(&reader, &space, &change) &&
               state_table_apply(&fs->table, space, &change, planted(fs, STATE_PLANT_QUOTA_LEAK));
        report->records++;
    }
    return good || planted(fs, STATE_PLANT_TRUST_TAG);
}

static bool fill_window(struct statefs *fs, struct replay *replay) {
    const uint32_t left = fs->super.region_sectors - fs->head;
    replay->window = left < STATE_BATCH_SECTORS_MAX ? left : STATE_BATCH_SECTORS_MAX;
    return replay->window == 0 ||
           read_sectors(fs, replay->start + fs->head, replay->window, fs->sectors) == DISK_OK;
}

// What the sector looks like at which no good batch begins.
static enum state_end look_at_end(const struct statefs *fs, const struct replay *replay) {
    struct state_batch batch;
    if (replay->window == 0) {
        return END_CLEAN;
    }
    switch (state_sector_look(fs->sectors, &batch)) {
        case SECTOR_HEADER:
            return belongs(fs, replay, &batch) && batch.number == fs->number ? END_TORN : END_CLEAN;
        case SECTOR_ZERO:
        case SECTOR_MORE:
            return END_CLEAN;
        case SECTOR_OTHER:
            return END_TORN;
    }
    return END_TORN;
}

// Whether a batch of this journal begins at that sector, which is in `sector` too.
static enum state_mount look_for_later(struct statefs *fs, const struct replay *replay, uint32_t at,
                                       const uint8_t *sector, bool *found) {
    struct state_batch batch;
    if (!state_sector_is_header(sector, &batch) || !belongs(fs, replay, &batch) ||
        batch.number < fs->number || batch.sectors > fs->super.region_sectors - at) {
        return MOUNT_OK;
    }
    if (read_sectors(fs, replay->start + at, batch.sectors, fs->sectors) != DISK_OK) {
        return MOUNT_FAILED;
    }
    *found = state_batch_open(&fs->volume, &batch, fs->sectors, fs->copied);
    return MOUNT_OK;
}

// A batch is written only after the one before it is durable: if one stands behind the end, what is
// missing was acknowledged.
static enum state_mount look_behind_end(struct statefs *fs, const struct replay *replay,
                                        struct state_report *report) {
    const uint32_t end = fs->super.region_sectors;
    uint32_t count = 0;
    for (uint32_t at = fs->head + 1; at < end; at += count) {
        count = end - at < LOOK_SECTORS ? end - at : LOOK_SECTORS;
        if (read_sectors(fs, replay->start + at, count, fs->staged) != DISK_OK) {
            return MOUNT_FAILED;
        }
        for (uint32_t i = 0; i < count; i++) {
            bool found = false;
            enum state_mount result = look_for_later(
                fs, replay, at + i, fs->staged + (uint64_t)i * DISK_SECTOR_BYTES, &found);
            if (result != MOUNT_OK) {
                return result;
            }
            if (found) {
                report->end = END_DAMAGED;
                report->later_sector = replay->start + at + i;
                return fs->config.accept_damage ? MOUNT_OK : MOUNT_DAMAGED;
            }
        }
    }
    return MOUNT_OK;
}

static enum state_mount replay_region(struct statefs *fs, struct state_report *report) {
    struct replay replay = {.start = statefs_region_start(&fs->super, fs->super.region),
                            .epoch = fs->super.region_epoch};
    for (uint32_t i = 0; i <= fs->super.region_sectors; i++) {
        struct state_batch batch = {.sectors = 0};
        if (!fill_window(fs, &replay)) {
            return MOUNT_FAILED;
        }
        if (replay.window == 0 || state_sector_look(fs->sectors, &batch) != SECTOR_HEADER) {
            break;
        }
        if (!next_is_good(fs, &replay, &batch)) {
            if (!planted(fs, STATE_PLANT_PAST_TORN) || batch.sectors >= replay.window) {
                break;
            }
            fs->head += batch.sectors;
            continue;
        }
        if (!apply(fs, &batch, report)) {
            return MOUNT_CONTENTS;
        }
        report->batches++;
        fs->head += batch.sectors;
        fs->number++;
        replay.epoch = batch.epoch;
    }
    report->end = look_at_end(fs, &replay);
    report->end_sector = replay.start + fs->head;
    if (fs->number < fs->super.batches && !planted(fs, STATE_PLANT_PAST_TORN)) {
        report->end = END_DAMAGED;
        return fs->config.accept_damage ? MOUNT_OK : MOUNT_DAMAGED;
    }
    return look_behind_end(fs, &replay, report);
}

// What is read may be in the disk's cache: whoever wrote it may have ended before a flush.
static enum state_mount flush_first(const struct statefs *fs) {
    const struct disk *disk = &fs->config.disk;
    enum disk_status status = DISK_LOST;
    for (uint32_t i = 0; i < STATE_TRIES && status == DISK_LOST; i++) {
        status = disk->flush(disk->context);
    }
    return status == DISK_OK ? MOUNT_OK : MOUNT_FAILED;
}

enum state_mount statefs_mount(struct statefs *fs, const struct statefs_config *config,
                               struct state_report *report) {
    memset(fs, 0, sizeof(*fs));
    memset(report, 0, sizeof(*report));
    fs->config = *config;
    state_table_init(&fs->table, config->entries);
    enum state_mount result = flush_first(fs);
    if (result == MOUNT_OK) {
        result = find_super(fs, report);
    }
    if (result == MOUNT_OK) {
        result = check_super(fs);
    }
    if (result == MOUNT_OK) {
        fs->generation_max = fs->super.generation;
        result = replay_region(fs, report);
    }
    if (result == MOUNT_OK) {
        fs->unsure = fs->number > 0 && !planted(fs, STATE_PLANT_BELIEVE_LAST);
        state_plan_compaction(fs);
    }
    return result;
}
