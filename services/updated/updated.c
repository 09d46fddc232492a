// services/updated/updated.c: see updated.h.
#include "services/updated/updated.h"

#include <string.h>

enum {
    BLOCK_BYTES = DISK_TRANSFER_SECTORS_MAX * DISK_SECTOR_BYTES,
    WORD_TRIAL = 4,
    READS_MAX = 2,  // Of a block that is not read.
};

BASE_STATIC_ASSERT(BLOCK_BYTES == (int)SYSTEM_PAGE_BYTES, "a bundle is whole transfers");

static bool planted(const struct updated *updated, enum update_plant plant) {
    return updated->config.plant == plant;
}

static uint64_t slot_sectors(const struct updated *updated) {
    const uint64_t sectors = (updated->config.disk.sectors - CONTROL_SECTORS) / UPDATE_SLOTS;
    return sectors - sectors % DISK_TRANSFER_SECTORS_MAX;
}

static uint64_t slot_start(const struct updated *updated, uint32_t slot) {
    return CONTROL_SECTORS + slot * slot_sectors(updated);
}

uint64_t updated_slot_bytes(const struct updated *updated) {
    return slot_sectors(updated) * DISK_SECTOR_BYTES;
}

enum update_result updated_open(struct updated *updated, const struct updated_config *config) {
    memset(updated, 0, sizeof(*updated));
    updated->config = *config;
    updated->running.slot = UPDATE_SLOT_NONE;
    enum update_result result = control_open(&updated->control, &config->disk, config->plant);
    updated->broken = result != UPDATE_OK;
    if (result == UPDATE_OK && updated_slot_bytes(updated) <= SYSTEM_PAGE_BYTES) {
        return UPDATE_DISK_TOO_SMALL;
    }
    return result;
}

static enum update_result change(struct updated *updated, const struct update_control *next) {
    enum update_result result = control_write(&updated->control, next);
    updated->broken = result != UPDATE_OK;
    return result;
}

static enum update_result begin(struct updated *updated) {
    if (updated->broken) {
        return UPDATE_DISK_FAILED;
    }
    const struct update_floor *floor = &updated->config.floor;
    return floor->get(floor->context, &updated->floor) ? UPDATE_OK : UPDATE_NO_FLOOR;
}

static bool raise(struct updated *updated, uint64_t version) {
    const struct update_floor *floor = &updated->config.floor;
    if (version > updated->floor) {
        if (!floor->raise(floor->context, version)) {
            return false;
        }
        updated->floor = version;
    }
    return true;
}

// Before anything changes: what runs confirmed has the floor of its version. It may lag if the
// floor was not to be had when it was confirmed, or this is another instance.
static enum update_result begin_change(struct updated *updated) {
    const struct update_running *running = &updated->running;
    enum update_result result = begin(updated);
    if (result == UPDATE_OK && running->slot != UPDATE_SLOT_NONE && !running->trial &&
        !raise(updated, running->version)) {
        result = UPDATE_NO_FLOOR;
    }
    return result;
}

// Of a slot. It is the slot that fails, not the disk, if the boot control is read meanwhile.
static enum update_result read_block(struct updated *updated, uint64_t sector, uint8_t *bytes) {
    const struct disk *disk = &updated->config.disk;
    for (uint32_t i = 0; i < READS_MAX; i++) {
        if (disk->read(disk->context, sector, DISK_TRANSFER_SECTORS_MAX, bytes) == DISK_OK) {
            return UPDATE_OK;
        }
    }
    return disk->read(disk->context, 0, 1, bytes) == DISK_OK ||
                   disk->read(disk->context, CONTROL_APART, 1, bytes) == DISK_OK
               ? UPDATE_SLOT_UNREADABLE
               : UPDATE_DISK_FAILED;
}

static enum update_result read_header(struct updated *updated, uint32_t slot,
                                      struct system_header *header) {
    enum update_result result = read_block(updated, slot_start(updated, slot), updated->page);
    if (result == UPDATE_OK) {
        result = system_open(updated->page, &updated->config.key, header);
    }
    if (result == UPDATE_OK && system_bytes(header) > updated_slot_bytes(updated)) {
        result = UPDATE_TOO_LARGE;
    }
    if (result == UPDATE_OK && header->version < updated->floor) {
        result = UPDATE_BELOW_FLOOR;
    }
    return result;
}

// Reads what the slot holds into memory, makes that unchangeable, then checks it.
static enum update_result load(struct updated *updated, uint32_t slot,
                               struct update_running *running) {
    struct system_header header;
    const struct update_memory *memory = &updated->config.memory;
    enum update_result result = read_header(updated, slot, &header);
    if (result != UPDATE_OK) {
        return result;
    }
    uint8_t *window = memory->open(memory->context, header.payload_bytes);
    uint64_t sector = slot_start(updated, slot);
    for (uint64_t at = 0; at < header.payload_bytes && window && result == UPDATE_OK;
         at += BLOCK_BYTES) {
        sector += DISK_TRANSFER_SECTORS_MAX;
        result = read_block(updated, sector, window + at);
    }
    if (window && result == UPDATE_OK && planted(updated, UPDATE_PLANT_CHECK_WINDOW)) {
        result = system_check_payload(&header, window);
    }
    if (result != UPDATE_OK) {
        return result;
    }
    const uint8_t *sealed = window ? memory->seal(memory->context) : 0;
    if (!sealed) {
        return UPDATE_NO_MEMORY;
    }
    if (!planted(updated, UPDATE_PLANT_CHECK_WINDOW) &&
        !planted(updated, UPDATE_PLANT_NO_RECHECK)) {
        result = system_check_payload(&header, sealed);
    }
    *running = (struct update_running){.slot = (uint8_t)slot,
                                       .version = header.version,
                                       .health = header.health,
                                       .bytes = sealed,
                                       .payload_bytes = header.payload_bytes};
    return result;
}

// What says nothing of the slot.
static bool is_passing(enum update_result result) {
    return result == UPDATE_DISK_FAILED || result == UPDATE_NO_MEMORY || result == UPDATE_NO_FLOOR;
}

// What says nothing of the slot beyond this boot: a read that may succeed again, another boot image
// that trusts another key.
static bool is_for_now(enum update_result result) {
    return result == UPDATE_SLOT_UNREADABLE || result == UPDATE_WRONG_KEY;
}

// The slot will not be tried again.
static enum update_result give_up(struct updated *updated, uint32_t slot) {
    struct update_control next = updated->control.now;
    updated->running.failed_version = next.slots[slot].version;
    next.slots[slot].state = UPDATE_SLOT_FAILED;
    if (next.trial == slot) {
        next.trial = UPDATE_SLOT_NONE;
        next.tries = 0;
    }
    if (next.current == slot) {
        const uint8_t other = (uint8_t)(1 - slot);
        next.current =
            next.slots[other].state == UPDATE_SLOT_GOOD ? other : (uint8_t)UPDATE_SLOT_NONE;
    }
    return change(updated, &next);
}

// The try is durable before anything of the slot is looked at.
static enum update_result count_try(struct updated *updated) {
    struct update_control next = updated->control.now;
    next.tries--;
    if (planted(updated, UPDATE_PLANT_TRY_IN_MEMORY)) {
        updated->control.now = next;
        return UPDATE_OK;
    }
    if (planted(updated, UPDATE_PLANT_TRY_NOT_FLUSHED)) {
        uint8_t sector[DISK_SECTOR_BYTES];
        const struct disk *disk = &updated->config.disk;
        next.sequence++;
        updated->control.now = next;
        control_put(&next, sector);
        return disk->write(disk->context, updated->control.first * CONTROL_APART, 1, sector) ==
                       DISK_OK
                   ? UPDATE_OK
                   : UPDATE_DISK_FAILED;
    }
    return change(updated, &next);
}

static enum update_result leave_out(struct updated *updated, uint32_t slot,
                                    enum update_result why) {
    if (is_for_now(why)) {
        updated->running.passed_over = why;
        return UPDATE_OK;
    }
    return give_up(updated, slot);
}

static void keep_failed(struct updated *updated, struct update_running *running) {
    running->failed_version = updated->running.failed_version;
    running->passed_over = updated->running.passed_over;
    updated->running = *running;
}

static enum update_result boot_trial(struct updated *updated) {
    struct update_running running;
    const uint32_t slot = updated->control.now.trial;
    if (updated->control.now.tries == 0) {
        enum update_result given_up = give_up(updated, slot);
        return given_up == UPDATE_OK ? UPDATE_NOTHING_RUNS : given_up;
    }
    enum update_result result = count_try(updated);
    if (result == UPDATE_OK) {
        result = load(updated, slot, &running);
    }
    if (result == UPDATE_OK) {
        running.trial = true;
        keep_failed(updated, &running);
        return UPDATE_OK;
    }
    if (is_passing(result)) {
        return result;
    }
    result = leave_out(updated, slot, result);
    return result == UPDATE_OK ? UPDATE_NOTHING_RUNS : result;
}

// The current one, then what was confirmed before it.
static enum update_result boot_current(struct updated *updated) {
    struct update_running running;
    enum update_result result = UPDATE_NOTHING_RUNS;
    uint32_t slot = updated->control.now.current;
    for (uint32_t i = 0; i < UPDATE_SLOTS && slot != UPDATE_SLOT_NONE; i++) {
        result = load(updated, slot, &running);
        if (result == UPDATE_OK) {
            keep_failed(updated, &running);
            // It was confirmed, and the power may have gone before the floor rose.
            return raise(updated, running.version) ? UPDATE_OK : UPDATE_NO_FLOOR;
        }
        if (is_passing(result)) {
            return result;
        }
        result = leave_out(updated, slot, result);
        if (result != UPDATE_OK) {
            return result;
        }
        const uint32_t other = 1 - slot;
        const bool good = updated->control.now.slots[other].state == UPDATE_SLOT_GOOD;
        slot = good ? other : (uint32_t)UPDATE_SLOT_NONE;
    }
    return UPDATE_NOTHING_RUNS;
}

enum update_result updated_boot(struct updated *updated) {
    enum update_result result = begin(updated);
    if (result != UPDATE_OK) {
        return result;
    }
    if (updated->control.now.trial != UPDATE_SLOT_NONE) {
        result = boot_trial(updated);
        if (result != UPDATE_NOTHING_RUNS) {
            return result;
        }
    }
    return boot_current(updated);
}

uint64_t updated_word(const struct updated *updated) {
    return UINT64_C(1) + updated->running.slot +
           (updated->running.trial ? (uint64_t)WORD_TRIAL : UINT64_C(0));
}

enum update_result updated_resume(struct updated *updated, uint64_t word) {
    struct update_running running;
    const uint32_t slot = (uint32_t)((word - 1) % WORD_TRIAL);
    enum update_result result = begin(updated);
    if (result == UPDATE_OK && slot >= UPDATE_SLOTS) {
        result = UPDATE_NOTHING_RUNS;
    }
    if (result == UPDATE_OK) {
        result = load(updated, slot, &running);
    }
    if (result == UPDATE_OK) {
        // It may have been confirmed since, or given up.
        running.trial = (word - 1) / WORD_TRIAL != 0 && updated->control.now.current != slot;
        if (updated->control.now.slots[slot].state == UPDATE_SLOT_FAILED) {
            running.health = 0;
        }
        updated->running = running;
        result = begin_change(updated);
    }
    return result;
}

// A current slot that was passed over, while another confirmed system runs, is no fallback: that
// one is.
static bool is_passed_over(const struct updated *updated, uint32_t slot) {
    const struct update_running *running = &updated->running;
    return slot == updated->control.now.current && running->slot != UPDATE_SLOT_NONE &&
           running->slot != slot && !running->trial;
}

static enum update_result may_stage(const struct updated *updated, uint32_t slot) {
    if (slot >= UPDATE_SLOTS) {
        return UPDATE_NO_SUCH_SLOT;
    }
    if (planted(updated, UPDATE_PLANT_ANY_SLOT)) {
        return UPDATE_OK;
    }
    if (slot == updated->running.slot) {
        return UPDATE_SLOT_RUNS;
    }
    return slot == updated->control.now.current && !is_passed_over(updated, slot)
               ? UPDATE_SLOT_IS_FALLBACK
               : UPDATE_OK;
}

static enum update_result check_brought(struct updated *updated, const uint8_t *bytes,
                                        uint64_t count, struct system_header *header) {
    if (count < SYSTEM_PAGE_BYTES || count % SYSTEM_PAGE_BYTES != 0) {
        return UPDATE_BAD_RANGE;
    }
    enum update_result result = system_open(bytes, &updated->config.key, header);
    if (result != UPDATE_OK) {
        return result;
    }
    if (system_bytes(header) != count) {
        return UPDATE_BAD_RANGE;
    }
    if (count > updated_slot_bytes(updated)) {
        return UPDATE_TOO_LARGE;
    }
    if (header->version < updated->floor) {
        return UPDATE_BELOW_FLOOR;
    }
    result = system_check_payload(header, bytes + SYSTEM_PAGE_BYTES);
    return result == UPDATE_OK ? system_check_count(bytes + SYSTEM_PAGE_BYTES) : result;
}

static enum disk_status write_once(const struct updated *updated, uint64_t sector,
                                   const uint8_t *bytes, uint64_t count) {
    const struct disk *disk = &updated->config.disk;
    enum disk_status status = DISK_OK;
    for (uint64_t at = 0; at < count && status == DISK_OK; at += BLOCK_BYTES) {
        status = disk->write(disk->context, sector, DISK_TRANSFER_SECTORS_MAX, bytes + at);
        sector += DISK_TRANSFER_SECTORS_MAX;
    }
    if (status == DISK_OK && !planted(updated, UPDATE_PLANT_NO_DATA_FLUSH)) {
        status = disk->flush(disk->context);
    }
    return status == DISK_LOST && planted(updated, UPDATE_PLANT_LOSE_LOST) ? DISK_OK : status;
}

static enum update_result write_slot(struct updated *updated, uint32_t slot, const uint8_t *bytes,
                                     uint64_t count) {
    enum disk_status status = DISK_LOST;
    for (uint32_t i = 0; i < UPDATE_TRIES_OF_A_WRITE && status == DISK_LOST; i++) {
        status = write_once(updated, slot_start(updated, slot), bytes, count);
    }
    updated->broken = status != DISK_OK;
    return status == DISK_OK ? UPDATE_OK : UPDATE_DISK_FAILED;
}

enum update_result updated_stage(struct updated *updated, uint32_t slot, const uint8_t *bytes,
                                 uint64_t count) {
    struct system_header header;
    enum update_result result = begin_change(updated);
    if (result == UPDATE_OK) {
        result = may_stage(updated, slot);
    }
    if (result == UPDATE_OK) {
        result = check_brought(updated, bytes, count, &header);
    }
    if (result != UPDATE_OK) {
        return result;
    }
    struct update_control next = updated->control.now;
    if (is_passed_over(updated, slot)) {
        next.current = updated->running.slot;
    }
    next.slots[slot] = (struct update_slot){.state = UPDATE_SLOT_EMPTY};
    if (next.trial == slot) {
        next.trial = UPDATE_SLOT_NONE;
        next.tries = 0;
    }
    result = change(updated, &next);
    if (result == UPDATE_OK) {
        result = write_slot(updated, slot, bytes, count);
    }
    if (result == UPDATE_OK) {
        next.slots[slot] = (struct update_slot){
            .version = header.version, .bytes = count, .state = UPDATE_SLOT_STAGED};
        result = change(updated, &next);
    }
    return result;
}

static enum update_result may_switch(const struct updated *updated, uint32_t slot, uint32_t tries) {
    if (slot >= UPDATE_SLOTS) {
        return UPDATE_NO_SUCH_SLOT;
    }
    if (tries == 0 || tries > UPDATE_TRIES_MAX) {
        return UPDATE_BAD_TRIES;
    }
    if (updated->running.trial) {
        return UPDATE_ON_TRIAL;
    }
    if (slot == updated->running.slot) {
        return UPDATE_SLOT_RUNS;
    }
    const uint8_t state = updated->control.now.slots[slot].state;
    return state == UPDATE_SLOT_STAGED || state == UPDATE_SLOT_GOOD ? UPDATE_OK : UPDATE_NOT_STAGED;
}

// What is looked at is not what runs: that stays where it is.
static enum update_result check_slot(struct updated *updated, uint32_t slot) {
    struct update_running running;
    return planted(updated, UPDATE_PLANT_NO_RECHECK) ? UPDATE_OK : load(updated, slot, &running);
}

enum update_result updated_switch(struct updated *updated, uint32_t slot, uint32_t tries) {
    enum update_result result = begin_change(updated);
    if (result == UPDATE_OK) {
        result = may_switch(updated, slot, tries);
    }
    if (result == UPDATE_OK) {
        result = check_slot(updated, slot);
    }
    if (result != UPDATE_OK) {
        return result;
    }
    struct update_control next = updated->control.now;
    if (planted(updated, UPDATE_PLANT_FLOOR_AT_SWITCH) &&
        !raise(updated, next.slots[slot].version)) {
        return UPDATE_NO_FLOOR;
    }
    if (slot == next.current) {
        next.current = updated->running.slot;  // It was passed over.
    }
    next.slots[slot].state = UPDATE_SLOT_STAGED;
    next.trial = (uint8_t)slot;
    next.tries = (uint8_t)tries;
    if (planted(updated, UPDATE_PLANT_SWITCH_FIRST)) {
        next.slots[slot].state = UPDATE_SLOT_GOOD;
        next.current = (uint8_t)slot;
        next.trial = UPDATE_SLOT_NONE;
    }
    return change(updated, &next);
}

enum update_result updated_confirm(struct updated *updated, uint64_t program) {
    const struct update_running *running = &updated->running;
    if (running->slot == UPDATE_SLOT_NONE) {
        return UPDATE_NOT_THE_HEALTH_PROGRAM;
    }
    if ((program == 0 || program != running->health) &&
        !planted(updated, UPDATE_PLANT_ANY_CONFIRMS)) {
        return UPDATE_NOT_THE_HEALTH_PROGRAM;
    }
    if (updated->broken) {
        return UPDATE_DISK_FAILED;
    }
    if (planted(updated, UPDATE_PLANT_FLOOR_FIRST) && !raise(updated, running->version)) {
        return UPDATE_NO_FLOOR;
    }
    if (running->trial) {
        struct update_control next = updated->control.now;
        next.current = running->slot;
        next.trial = UPDATE_SLOT_NONE;
        next.tries = 0;
        next.slots[running->slot].state = UPDATE_SLOT_GOOD;
        enum update_result result = change(updated, &next);
        if (result != UPDATE_OK) {
            return result;
        }
    }
    updated->running.trial = false;
    return planted(updated, UPDATE_PLANT_FLOOR_LATER) ? UPDATE_OK : begin_change(updated);
}

enum update_result updated_roll_back(struct updated *updated, bool *reboot) {
    struct update_control next = updated->control.now;
    *reboot = updated->running.trial;
    if (updated->broken) {
        return UPDATE_DISK_FAILED;
    }
    const uint32_t slot = *reboot ? updated->running.slot : next.trial;
    if (slot >= UPDATE_SLOTS) {
        return UPDATE_NO_TRIAL;
    }
    if (*reboot) {
        next.slots[slot].state = UPDATE_SLOT_FAILED;
    }
    next.trial = UPDATE_SLOT_NONE;
    next.tries = 0;
    if (*reboot) {
        updated->running.health = 0;  // Nobody confirms it any more.
    }
    return change(updated, &next);
}
