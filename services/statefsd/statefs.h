// services/statefsd/statefs.h: a key-value journal on a disk that may lose power at any moment.
//
// Changes are staged (statefs_stage), then committed together (statefs_commit): when that says
// STATE_OK they are durable, all of them; if the power goes before, all or none are there. What is
// staged is seen by who reads here; commit before you tell somebody else.
//
// The journal is a region of batches (format.h) and all of its entries in memory (table.h). When
// the region runs full, a step with each commit copies entries to the other region; then a
// superblock names that one. statefs_maintain does a due step ahead of time. README.md has the
// whole of it.
//
// Units:     sectors of DISK_SECTOR_BYTES; bytes.
// Ownership: the caller owns the struct and what is behind the disk; nothing is allocated.
// Blocking:  as long as the disk takes: of a stage or a maintain, at most STATE_PAUSE_SECTORS
//            written and 3 flushes; of the first after a mount, which copies everything,
//            STATE_START_SECTORS and STATE_START_FLUSHES, and once more if the disk lost the copy;
//            of a commit as a stage and once more STATE_PAUSE_SECTORS and 3 flushes, times
//            STATE_TRIES where the disk loses what was written.
// Errors:    enum state_status, enum state_mount. STATE_FAILED is for good: mount again.
#pragma once

#include "services/statefsd/format.h"
#include "services/statefsd/table.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    STATE_TRIES = 3,             // Of a write with its flush, if the disk says that it lost it.
    STATE_REGION_RESERVES = 64,  // A region has at most so many, of STATE_ENTRIES_MAX.
    STATE_PAUSE_SECTORS = STATE_BATCH_SECTORS_MAX + 2,
    // A step of a compaction copies at least so many entries, so all are copied in so many steps.
    STATE_STEP_ENTRIES = (int)STATE_PAYLOAD_BYTES_MAX / (int)STATE_RECORD_BYTES_MAX,
    STATE_STEPS_MAX = ((int)STATE_ENTRIES_MAX + STATE_STEP_ENTRIES - 1) / STATE_STEP_ENTRIES,
    // Those, and the superblocks before and behind them.
    STATE_START_SECTORS = STATE_STEPS_MAX * (int)STATE_BATCH_SECTORS_MAX + 4,
    STATE_START_FLUSHES = 5,
};

enum state_plant {
    STATE_PLANT_NONE,
#define STATE_PLANT(NAME, what) STATE_PLANT_##NAME,
#include "services/statefsd/plant.def"
#undef STATE_PLANT
    STATE_PLANT_COUNT
};

enum state_mount {
    MOUNT_OK,
    MOUNT_BLANK,          // Nothing is where superblocks are, or a format that was interrupted.
    MOUNT_NO_SUPERBLOCK,  // Both are damaged, or this is something else.
    MOUNT_OTHER_VERSION,
    MOUNT_TOO_SMALL,  // The disk, for what its superblock says or for the entries asked for.
    MOUNT_WRONG_KEY,  // Another, none where one is needed, or one where none is.
    MOUNT_DAMAGED,  // A batch that was acknowledged is not there: a later one is, or the superblock
                    // counts it.
    MOUNT_CONTENTS,  // A right tag over what no journal writes, or more than the pools
                     // hold.
    MOUNT_FAILED,    // The disk failed.
};

enum state_end {
    END_CLEAN,  // Behind the last batch nothing was begun; or of one that was, its first sector is
                // not there.
    END_TORN,   // One was begun and never acknowledged.
    END_DAMAGED,  // See MOUNT_DAMAGED.
};

// What a mount found.
struct state_report {
    struct state_super super;
    bool super_good[2];
    enum state_end end;
    uint64_t end_sector;    // Of the disk: where the first batch would stand that is not there.
    uint64_t later_sector;  // END_DAMAGED: where one stands that was written after it, or 0.
    uint32_t batches;
    uint32_t records;
};

struct statefs_config {
    struct disk disk;
    struct state_key key;
    uint32_t entries;                  // Of the pool, at most STATE_ENTRIES_MAX.
    const struct state_quota *quotas;  // The first row that fits counts. None: there are no bounds
    uint32_t quota_count;              // but the pools'.
    bool accept_damage;                // Mount what is before the damage.
    enum state_plant plant;
};

struct state_counts {
    uint64_t commits;
    uint64_t changes;
    uint64_t compactions;
    uint64_t lost;  // Times that the disk lost what was written.
};

struct state_compaction {
    bool active;
    bool due;         // A step, before more is staged.
    uint32_t cursor;  // Entries before it are in the new region.
    uint32_t head;    // Sectors used there.
    uint32_t number;
    uint32_t generation;
};

struct statefs {
    struct statefs_config config;
    struct state_volume volume;
    struct state_super super;
    uint32_t slot;        // Of the superblock in use.
    uint32_t first_slot;  // Where the next one is written first.
    uint32_t head;        // Sectors used in the region.
    uint32_t number;
    uint32_t generation_max;  // Used so far.
    bool began;               // A batch may be written: the epoch is this mount's.
    bool unsure;              // Whether the last batch that the mount read is durable.
    bool broken;
    uint32_t staged_changes;
    uint32_t staged_bytes;
    struct state_compaction compaction;
    struct state_counts counts;
    uint8_t staged[STATE_PAYLOAD_BYTES_MAX];
    uint8_t copied[STATE_PAYLOAD_BYTES_MAX];
    uint8_t sectors[STATE_BATCH_BYTES_MAX];
    struct state_table table;
};

// The sectors of a region that a compaction may need, and the least that a disk has for so many
// entries.
uint32_t statefs_reserve(uint32_t entries);
uint64_t statefs_disk_sectors_min(uint32_t entries);

// Writes an empty journal over whatever the disk holds. `volume` is a number that no other journal
// has: random, or of a clock. Of a large disk it uses the first sectors, for two regions of
// STATE_REGION_RESERVES. Sectors that an earlier journal left are not its, but are not wiped.
WARN_UNUSED enum state_mount statefs_format(const struct statefs_config *config, uint64_t volume);

// Flushes, at most STATE_TRIES times, and writes nothing. What was read is surely durable after the
// next statefs_commit that says OK, with something staged or not. `report` is filled in as far as
// the mount came; with another result than MOUNT_OK `fs` must not be used.
WARN_UNUSED enum state_mount statefs_mount(struct statefs *fs, const struct statefs_config *config,
                                           struct state_report *report);

// All of the changes or none, for the space of that service.
WARN_UNUSED enum state_status statefs_stage(struct statefs *fs, uint64_t space,
                                            const struct state_change *changes, uint32_t count);
WARN_UNUSED enum state_status statefs_commit(struct statefs *fs);

static inline bool statefs_has_staged(const struct statefs *fs) {
    return fs->staged_changes > 0;
}

// Does the step that is due, if nothing is staged.
void statefs_maintain(struct statefs *fs);

// All steps now, whether due or not. Nothing may be staged.
WARN_UNUSED enum state_status statefs_compact(struct statefs *fs);

// The row that counts for a space, or null.
const struct state_quota *statefs_quota(const struct statefs *fs, uint64_t space);

// The first sector of a region.
static inline uint64_t statefs_region_start(const struct state_super *super, uint32_t region) {
    return STATE_SUPER_SECTORS + (uint64_t)region * super->region_sectors;
}

#ifdef __cplusplus
}
#endif
