// services/statefsd/format.h: how the journal stands on a disk: superblocks and batches, bytes in,
// checked values out. README.md has a picture.
//
// A batch is what becomes durable at once: 1 to STATE_BATCH_SECTORS_MAX sectors with one tag over
// header and contents. Each of its sectors says in its first bytes what it is, so a client's bytes
// never stand where a header is looked for. The tag is BLAKE2b of everything with the volume's
// number; with a key it is that of ChaCha20-Poly1305 (RFC 8439), and the contents are encrypted.
// No pair of volume and (generation, epoch, number) is used twice, so neither is a nonce.
// Units:     bytes and sectors of DISK_SECTOR_BYTES.
// Ownership: the caller owns all bytes.
// Blocking:  never; a call takes what hashing STATE_BATCH_SECTORS_MAX sectors takes.
// Errors:    enums; outputs are untouched unless it is said otherwise.
#pragma once

#include <stdbool.h>

#include "services/statefsd/disk.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    STATE_VERSION = 1,
    STATE_SUPER_SECTORS = 16,  // Before the regions. Superblocks are apart by what a disk may write
    STATE_SUPER_STRIDE = 8,    // at once.
    STATE_BATCH_SECTORS_MAX = 8,
    STATE_HEADER_BYTES = 40,
    STATE_MARK_BYTES = 8,  // Of a batch's other sectors.
    STATE_TAG_BYTES = 16,
    STATE_KEY_BYTES = 32,
    STATE_PAYLOAD_BYTES_MAX = STATE_BATCH_SECTORS_MAX * (DISK_SECTOR_BYTES - STATE_MARK_BYTES) -
                              (STATE_HEADER_BYTES - STATE_MARK_BYTES),
    STATE_BATCH_BYTES_MAX = STATE_BATCH_SECTORS_MAX * DISK_SECTOR_BYTES,
};

BASE_STATIC_ASSERT((int)STATE_BATCH_SECTORS_MAX <= (int)DISK_TRANSFER_SECTORS_MAX,
                   "a batch is one transfer");

// A key from elsewhere; without one nothing is encrypted.
struct state_key {
    bool present;
    uint8_t bytes[STATE_KEY_BYTES];
};

// What all batches of a disk are tagged with.
struct state_volume {
    uint64_t number;       // Chosen when the disk is formatted.
    struct state_key key;  // The volume's own, made from the given one.
};

struct state_super {
    uint64_t sequence;  // The higher one of two counts.
    uint64_t volume;
    uint32_t epoch;           // Rises before the first batch after each mount.
    uint32_t region;          // 0 or 1: the one in use.
    uint32_t generation;      // Of its batches.
    uint32_t region_epoch;    // In which its first batch was written.
    uint32_t region_sectors;  // Of each.
    uint32_t batches;         // That were durable in the region when this was written.
    bool encrypted;
    uint8_t key_check[STATE_TAG_BYTES];  // Of the right key; 0 without.
};

enum state_super_result {
    SUPER_VALID,
    SUPER_ZERO,  // All zero.
    SUPER_BAD,   // Anything else.
    SUPER_OTHER_VERSION,
};

// Written whole: DISK_SECTOR_BYTES.
void state_super_put(const struct state_super *super, uint8_t *sector);
WARN_UNUSED enum state_super_result state_super_get(const uint8_t *sector, struct state_super *out);

// The volume's own key, and what of it is in the superblock.
void state_volume_make(uint64_t number, const struct state_key *key, struct state_volume *out);
void state_key_check(const struct state_volume *volume, uint8_t *check);

struct state_batch {
    uint32_t generation;
    uint32_t epoch;
    uint32_t number;  // 0, 1, .. in a region.
    uint32_t sectors;
    uint32_t payload_bytes;
};

// Of so many bytes of contents, which are at most STATE_PAYLOAD_BYTES_MAX.
uint32_t state_batch_sectors(uint32_t payload_bytes);

// `sectors` has room for STATE_BATCH_BYTES_MAX. Sets the batch's sectors.
void state_batch_seal(const struct state_volume *volume, struct state_batch *batch,
                      const uint8_t *payload, uint8_t *sectors);

enum state_sector_kind {
    SECTOR_ZERO,
    SECTOR_HEADER,  // Well-formed; its tag has not been looked at.
    SECTOR_MORE,    // Some other sector of a batch.
    SECTOR_OTHER,   // Nothing that the journal writes.
};

WARN_UNUSED enum state_sector_kind state_sector_look(const uint8_t *sector,
                                                     struct state_batch *out);

// Whether it is SECTOR_HEADER, without looking at more of it than that takes.
WARN_UNUSED bool state_sector_is_header(const uint8_t *sector, struct state_batch *out);

// Of a header that was looked at, with all its sectors: false unless the tag and every byte are
// right. `payload` has room for STATE_PAYLOAD_BYTES_MAX, and holds anything then.
WARN_UNUSED bool state_batch_open(const struct state_volume *volume,
                                  const struct state_batch *batch, const uint8_t *sectors,
                                  uint8_t *payload);

#ifdef __cplusplus
}
#endif
