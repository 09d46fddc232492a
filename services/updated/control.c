// services/updated/control.c: see control.h.
#include "services/updated/control.h"

#include <sodium/crypto_generichash_blake2b.h>
#include <string.h>

#include "ipc/wire/wire.h"

enum {
    TAG_BYTES = 16,
    TAG_AT = DISK_SECTOR_BYTES - TAG_BYTES,
    COPIES = 2,
    FIRST_SEQUENCE = 1,  // Of copy 0 in the first write of all.
};

static const uint8_t magic[8] = {'T', 'B', 'O', 'O', 'T', 'C', 'T', '1'};

// Of lengths that are constant: cannot fail.
static void make_tag(uint8_t *tag, const uint8_t *bytes) {
    if (crypto_generichash_blake2b(tag, TAG_BYTES, bytes, TAG_AT, 0, 0) != 0) {
        memset(tag, 0, TAG_BYTES);
    }
}

void control_put(const struct update_control *value, uint8_t sector[DISK_SECTOR_BYTES]) {
    memset(sector, 0, DISK_SECTOR_BYTES);
    memcpy(sector, magic, sizeof(magic));
    struct wire_writer writer = wire_writer_of(sector + sizeof(magic), TAG_AT - sizeof(magic));
    wire_put_u64(&writer, value->sequence);
    wire_put_u8(&writer, value->current);
    wire_put_u8(&writer, value->trial);
    wire_put_u8(&writer, value->tries);
    for (uint32_t i = 0; i < UPDATE_SLOTS; i++) {
        wire_put_u64(&writer, value->slots[i].version);
        wire_put_u64(&writer, value->slots[i].bytes);
        wire_put_u8(&writer, value->slots[i].state);
    }
    make_tag(sector + TAG_AT, sector);
}

static bool is_sound(const struct update_control *value) {
    bool sound = value->current <= UPDATE_SLOT_NONE && value->trial <= UPDATE_SLOT_NONE &&
                 value->tries <= UPDATE_TRIES_MAX;
    for (uint32_t i = 0; i < UPDATE_SLOTS; i++) {
        sound = sound && value->slots[i].state < UPDATE_SLOT_STATE_COUNT;
    }
    return sound && (value->trial == UPDATE_SLOT_NONE || value->trial != value->current);
}

bool control_get(const uint8_t sector[DISK_SECTOR_BYTES], struct update_control *out) {
    uint8_t tag[TAG_BYTES];
    make_tag(tag, sector);
    if (memcmp(sector, magic, sizeof(magic)) != 0 || memcmp(tag, sector + TAG_AT, TAG_BYTES) != 0) {
        return false;
    }
    struct wire_reader reader = wire_reader_of(sector + sizeof(magic), TAG_AT - sizeof(magic));
    struct update_control value = {.sequence = wire_get_u64(&reader)};
    value.current = wire_get_u8(&reader);
    value.trial = wire_get_u8(&reader);
    value.tries = wire_get_u8(&reader);
    for (uint32_t i = 0; i < UPDATE_SLOTS; i++) {
        value.slots[i].version = wire_get_u64(&reader);
        value.slots[i].bytes = wire_get_u64(&reader);
        value.slots[i].state = wire_get_u8(&reader);
    }
    if (!is_sound(&value)) {
        return false;
    }
    *out = value;
    return true;
}

static enum disk_status put_copy(const struct control *control, uint32_t copy,
                                 const struct update_control *value) {
    uint8_t sector[DISK_SECTOR_BYTES];
    control_put(value, sector);
    return control->disk.write(control->disk.context, (uint64_t)copy * CONTROL_APART, 1, sector);
}

static enum disk_status flush(const struct control *control) {
    enum disk_status status = control->disk.flush(control->disk.context);
    return status == DISK_LOST && control->plant == UPDATE_PLANT_LOSE_LOST ? DISK_OK : status;
}

static enum update_result write_copy(const struct control *control, uint32_t copy,
                                     const struct update_control *value) {
    enum disk_status status = DISK_LOST;
    for (uint32_t i = 0; i < UPDATE_TRIES_OF_A_WRITE && status == DISK_LOST; i++) {
        status = put_copy(control, copy, value);
        if (status == DISK_OK && control->plant != UPDATE_PLANT_BOTH_AT_ONCE) {
            status = flush(control);
        }
    }
    return status == DISK_OK ? UPDATE_OK : UPDATE_DISK_FAILED;
}

enum update_result control_write(struct control *control, const struct update_control *next) {
    struct update_control value = *next;
    value.sequence = control->now.sequence + 1;
    enum update_result result = write_copy(control, control->first, &value);
    if (result == UPDATE_OK && control->plant != UPDATE_PLANT_ONE_COPY) {
        value.sequence++;
        result = write_copy(control, COPIES - 1 - control->first, &value);
        // The later copy is the newest: in memory it is known to be durable, and after another
        // open it is the one to write over first.
    }
    if (result == UPDATE_OK && control->plant == UPDATE_PLANT_BOTH_AT_ONCE) {
        result = flush(control) == DISK_OK ? UPDATE_OK : UPDATE_DISK_FAILED;
    }
    if (result == UPDATE_OK) {
        control->now = value;
    }
    return result;
}

static bool is_zero(const uint8_t *sector) {
    uint8_t all = 0;
    for (uint32_t i = 0; i < DISK_SECTOR_BYTES; i++) {
        all |= sector[i];
    }
    return all == 0;
}

static bool same_but_sequence(struct update_control one, struct update_control other) {
    uint8_t bytes[COPIES][DISK_SECTOR_BYTES];
    one.sequence = 0;
    other.sequence = 0;
    control_put(&one, bytes[0]);
    control_put(&other, bytes[1]);
    return memcmp(bytes[0], bytes[1], DISK_SECTOR_BYTES) == 0;
}

// What somebody before wrote and did not flush is durable, or gone for good.
static enum update_result flush_first(const struct control *control) {
    enum disk_status status = DISK_LOST;
    for (uint32_t i = 0; i < UPDATE_TRIES_OF_A_WRITE && status == DISK_LOST; i++) {
        status = flush(control);
    }
    return status == DISK_OK ? UPDATE_OK : UPDATE_DISK_FAILED;
}

// A copy that is not read is written over; so not after one read that went wrong.
static bool read_copy(const struct control *control, uint32_t copy, uint8_t *sector) {
    const struct disk *disk = &control->disk;
    enum disk_status status = DISK_LOST;
    for (uint32_t i = 0; i < UPDATE_TRIES_OF_A_READ && status != DISK_OK; i++) {
        status = disk->read(disk->context, (uint64_t)copy * CONTROL_APART, 1, sector);
    }
    return status == DISK_OK;
}

// As they were read. What could not be read may have held anything.
struct copies {
    uint8_t sectors[COPIES][DISK_SECTOR_BYTES];
    bool unreadable[COPIES];
};

// The first write of all goes to copy 0, and to the other only when that is durable. While the
// other holds nothing, or is not read beside a copy 0 of that write, nobody was told anything, and
// what is read of copy 0 may be gone after the next power cut: both are written again, in the same
// order.
static bool is_first_write(const struct copies *copies, bool good,
                           const struct update_control *zero) {
    if (good) {
        return zero->sequence == FIRST_SEQUENCE &&
               (copies->unreadable[1] || is_zero(copies->sectors[1]));
    }
    return !copies->unreadable[0] && !copies->unreadable[1] && is_zero(copies->sectors[1]);
}

static enum update_result choose(struct control *control, const struct copies *copies) {
    struct update_control values[COPIES] = {0};
    bool good[COPIES];
    for (uint32_t i = 0; i < COPIES; i++) {
        good[i] = !copies->unreadable[i] && control_get(copies->sectors[i], &values[i]);
    }
    if (is_first_write(copies, good[0], &values[0])) {
        const struct update_control empty = {.current = UPDATE_SLOT_NONE,
                                             .trial = UPDATE_SLOT_NONE};
        return control_write(control, &empty);
    }
    if (!good[0] && !good[1]) {
        return copies->unreadable[0] || copies->unreadable[1] ? UPDATE_DISK_FAILED : UPDATE_DAMAGED;
    }
    const uint32_t newest = good[1] && (!good[0] || values[1].sequence > values[0].sequence);
    control->now = values[newest];
    // If there is but one, it is all there is: the other is written first.
    control->first = good[COPIES - 1 - newest] && control->plant != UPDATE_PLANT_OLDER_FIRST
                         ? newest
                         : COPIES - 1 - newest;
    if (good[0] && good[1] && same_but_sequence(values[0], values[1])) {
        return UPDATE_OK;
    }
    return control->plant == UPDATE_PLANT_ONE_COPY ? UPDATE_OK
                                                   : control_write(control, &control->now);
}

enum update_result control_open(struct control *control, const struct disk *disk,
                                enum update_plant plant) {
    struct copies copies;
    *control = (struct control){.disk = *disk, .plant = plant};
    if (disk->sectors < CONTROL_SECTORS) {
        return UPDATE_DISK_TOO_SMALL;
    }
    if (flush_first(control) != UPDATE_OK) {
        return UPDATE_DISK_FAILED;
    }
    for (uint32_t i = 0; i < COPIES; i++) {
        copies.unreadable[i] = !read_copy(control, i, copies.sectors[i]);
    }
    return choose(control, &copies);
}
