// services/statefsd/format.c: see format.h.
#include "services/statefsd/format.h"

#include <sodium/crypto_aead_chacha20poly1305.h>
#include <sodium/crypto_generichash_blake2b.h>
#include <sodium/utils.h>
#include <string.h>

#include "ipc/wire/wire.h"

enum {
    HEADER_MAGIC = 0x48425453,  // "STBH"
    MORE_MAGIC = 0x4d425453,    // "STBM"
    TAG_AT = STATE_HEADER_BYTES - STATE_TAG_BYTES,
    SUPER_TAG_AT = DISK_SECTOR_BYTES - STATE_TAG_BYTES,
    SUPER_USED = 72,
    SUPER_ENCRYPTED = 1,  // Of the flags.
    BOUND_BYTES = 8 + TAG_AT,
};

static const uint8_t super_magic[8] = {'T', 'S', 'R', 'S', 'T', 'A', 'T', 'E'};

BASE_STATIC_ASSERT(STATE_KEY_BYTES == crypto_aead_chacha20poly1305_ietf_KEYBYTES, "the key");
BASE_STATIC_ASSERT(STATE_TAG_BYTES == crypto_aead_chacha20poly1305_ietf_ABYTES, "the tag");
BASE_STATIC_ASSERT(crypto_aead_chacha20poly1305_ietf_NPUBBYTES == 12, "three words of 32 bits");

static void put_u32(uint8_t *at, uint32_t value) {
    struct wire_writer writer = wire_writer_of(at, 4);
    wire_put_u32(&writer, value);
}

static bool is_zero(const uint8_t *bytes, uint32_t count) {
    uint64_t all = 0;
    uint32_t i = 0;
    for (; i + sizeof(uint64_t) <= count; i += sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, bytes + i, sizeof(word));
        all |= word;
    }
    for (; i < count; i++) {
        all |= bytes[i];
    }
    return all == 0;
}

// Of lengths that are constant or bounded: cannot fail.
static void make_tag(uint8_t *tag, const uint8_t *bytes, uint32_t count) {
    if (crypto_generichash_blake2b(tag, STATE_TAG_BYTES, bytes, count, 0, 0) != 0) {
        memset(tag, 0, STATE_TAG_BYTES);
    }
}

static void derive(uint8_t *out, uint32_t out_bytes, const uint8_t *text, uint32_t count,
                   const uint8_t *key) {
    if (crypto_generichash_blake2b(out, out_bytes, text, count, key, STATE_KEY_BYTES) != 0) {
        memset(out, 0, out_bytes);
    }
}

void state_volume_make(uint64_t number, const struct state_key *key, struct state_volume *out) {
    *out = (struct state_volume){.number = number, .key = {.present = key->present}};
    if (key->present) {
        uint8_t text[16] = {'s', 't', 'a', 't', 'e', 'f', 's', ' '};
        struct wire_writer writer = wire_writer_of(text + 8, 8);
        wire_put_u64(&writer, number);
        derive(out->key.bytes, STATE_KEY_BYTES, text, sizeof(text), key->bytes);
    }
}

void state_key_check(const struct state_volume *volume, uint8_t *check) {
    static const uint8_t text[] = {'k', 'e', 'y', ' ', 'c', 'h', 'e', 'c', 'k'};
    memset(check, 0, STATE_TAG_BYTES);
    if (volume->key.present) {
        derive(check, STATE_TAG_BYTES, text, sizeof(text), volume->key.bytes);
    }
}

void state_super_put(const struct state_super *super, uint8_t *sector) {
    memset(sector, 0, DISK_SECTOR_BYTES);
    memcpy(sector, super_magic, sizeof(super_magic));
    struct wire_writer writer = wire_writer_of(sector + 8, SUPER_USED - 8);
    wire_put_u32(&writer, STATE_VERSION);
    wire_put_u32(&writer, super->encrypted ? SUPER_ENCRYPTED : 0);
    wire_put_u64(&writer, super->sequence);
    wire_put_u64(&writer, super->volume);
    wire_put_u32(&writer, super->epoch);
    wire_put_u32(&writer, super->region);
    wire_put_u32(&writer, super->generation);
    wire_put_u32(&writer, super->region_epoch);
    wire_put_u32(&writer, super->region_sectors);
    wire_put_u32(&writer, super->batches);
    memcpy(sector + SUPER_USED - STATE_TAG_BYTES, super->key_check, STATE_TAG_BYTES);
    make_tag(sector + SUPER_TAG_AT, sector, SUPER_TAG_AT);
}

enum state_super_result state_super_get(const uint8_t *sector, struct state_super *out) {
    if (is_zero(sector, DISK_SECTOR_BYTES)) {
        return SUPER_ZERO;
    }
    uint8_t tag[STATE_TAG_BYTES];
    make_tag(tag, sector, SUPER_TAG_AT);
    if (memcmp(sector, super_magic, sizeof(super_magic)) != 0 ||
        memcmp(tag, sector + SUPER_TAG_AT, sizeof(tag)) != 0) {
        return SUPER_BAD;
    }
    struct wire_reader reader = wire_reader_of(sector + 8, SUPER_USED - 8);
    if (wire_get_u32(&reader) != STATE_VERSION) {
        return SUPER_OTHER_VERSION;
    }
    uint32_t flags = wire_get_u32(&reader);
    struct state_super super = {.encrypted = flags == SUPER_ENCRYPTED};
    super.sequence = wire_get_u64(&reader);
    super.volume = wire_get_u64(&reader);
    super.epoch = wire_get_u32(&reader);
    super.region = wire_get_u32(&reader);
    super.generation = wire_get_u32(&reader);
    super.region_epoch = wire_get_u32(&reader);
    super.region_sectors = wire_get_u32(&reader);
    super.batches = wire_get_u32(&reader);
    memcpy(super.key_check, sector + SUPER_USED - STATE_TAG_BYTES, STATE_TAG_BYTES);
    if (flags > SUPER_ENCRYPTED || super.region > 1 ||
        !is_zero(sector + SUPER_USED, SUPER_TAG_AT - SUPER_USED)) {
        return SUPER_BAD;
    }
    *out = super;
    return SUPER_VALID;
}

uint32_t state_batch_sectors(uint32_t payload_bytes) {
    const uint32_t room = DISK_SECTOR_BYTES - STATE_MARK_BYTES;
    return (payload_bytes + STATE_HEADER_BYTES - STATE_MARK_BYTES + room - 1) / room;
}

// What of each sector holds contents.
static uint32_t payload_at(uint32_t sector) {
    return sector == 0 ? STATE_HEADER_BYTES : STATE_MARK_BYTES;
}

// The volume's number and the header without its tag: what the tag covers beside the contents.
static void bound_bytes(const struct state_volume *volume, const uint8_t *header, uint8_t *out) {
    struct wire_writer writer = wire_writer_of(out, 8);
    wire_put_u64(&writer, volume->number);
    memcpy(out + 8, header, TAG_AT);
}

static void plain_tag(const uint8_t *bound, const uint8_t *payload, uint32_t count, uint8_t *tag) {
    crypto_generichash_blake2b_state state;
    int failed = crypto_generichash_blake2b_init(&state, 0, 0, STATE_TAG_BYTES);
    failed |= crypto_generichash_blake2b_update(&state, bound, BOUND_BYTES);
    failed |= crypto_generichash_blake2b_update(&state, payload, count);
    failed |= crypto_generichash_blake2b_final(&state, tag, STATE_TAG_BYTES);
    if (failed != 0) {  // Of lengths that are constant: cannot be.
        memset(tag, 0, STATE_TAG_BYTES);
    }
}

static void make_nonce(const struct state_batch *batch, uint8_t *nonce) {
    put_u32(nonce, batch->generation);
    put_u32(nonce + 4, batch->epoch);
    put_u32(nonce + 8, batch->number);
}

static void put_header(const struct state_batch *batch, uint8_t *sector) {
    struct wire_writer writer = wire_writer_of(sector, TAG_AT);
    wire_put_u32(&writer, HEADER_MAGIC);
    wire_put_u16(&writer, (uint16_t)batch->sectors);
    wire_put_u16(&writer, (uint16_t)batch->payload_bytes);
    wire_put_u32(&writer, batch->generation);
    wire_put_u32(&writer, batch->epoch);
    wire_put_u32(&writer, batch->number);
    wire_put_u32(&writer, 0);
}

void state_batch_seal(const struct state_volume *volume, struct state_batch *batch,
                      const uint8_t *payload, uint8_t *sectors) {
    batch->sectors = state_batch_sectors(batch->payload_bytes);
    memset(sectors, 0, (uint64_t)batch->sectors * DISK_SECTOR_BYTES);
    put_header(batch, sectors);
    uint8_t bound[BOUND_BYTES];
    bound_bytes(volume, sectors, bound);
    uint8_t sealed[STATE_PAYLOAD_BYTES_MAX];
    if (volume->key.present) {
        uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
        make_nonce(batch, nonce);
        (void)crypto_aead_chacha20poly1305_ietf_encrypt_detached(
            sealed, sectors + TAG_AT, 0, payload, batch->payload_bytes, bound, sizeof(bound), 0,
            nonce, volume->key.bytes);
    } else {
        memcpy(sealed, payload, batch->payload_bytes);
        plain_tag(bound, payload, batch->payload_bytes, sectors + TAG_AT);
    }
    uint32_t done = 0;
    for (uint32_t i = 0; i < batch->sectors; i++) {
        uint8_t *sector = sectors + (uint64_t)i * DISK_SECTOR_BYTES;
        if (i > 0) {
            put_u32(sector, MORE_MAGIC);
            put_u32(sector + 4, i);
        }
        uint32_t room = DISK_SECTOR_BYTES - payload_at(i);
        uint32_t left = batch->payload_bytes - done;
        uint32_t count = left < room ? left : room;
        memcpy(sector + payload_at(i), sealed + done, count);
        done += count;
    }
}

bool state_sector_is_header(const uint8_t *sector, struct state_batch *out) {
    struct wire_reader reader = wire_reader_of(sector, STATE_HEADER_BYTES);
    if (wire_get_u32(&reader) != HEADER_MAGIC) {
        return false;
    }
    struct state_batch batch = {.sectors = wire_get_u16(&reader)};
    batch.payload_bytes = wire_get_u16(&reader);
    batch.generation = wire_get_u32(&reader);
    batch.epoch = wire_get_u32(&reader);
    batch.number = wire_get_u32(&reader);
    if (wire_get_u32(&reader) != 0 || batch.payload_bytes > STATE_PAYLOAD_BYTES_MAX ||
        batch.sectors != state_batch_sectors(batch.payload_bytes)) {
        return false;
    }
    *out = batch;
    return true;
}

enum state_sector_kind state_sector_look(const uint8_t *sector, struct state_batch *out) {
    struct wire_reader reader = wire_reader_of(sector, STATE_HEADER_BYTES);
    if (wire_get_u32(&reader) == MORE_MAGIC) {
        return SECTOR_MORE;
    }
    if (state_sector_is_header(sector, out)) {
        return SECTOR_HEADER;
    }
    return is_zero(sector, DISK_SECTOR_BYTES) ? SECTOR_ZERO : SECTOR_OTHER;
}

// The contents out of their sectors. False: a mark is wrong, or what follows them is not zero.
static bool gather(const struct state_batch *batch, const uint8_t *sectors, uint8_t *payload) {
    uint32_t done = 0;
    for (uint32_t i = 0; i < batch->sectors; i++) {
        const uint8_t *sector = sectors + (uint64_t)i * DISK_SECTOR_BYTES;
        uint8_t mark[STATE_MARK_BYTES];
        put_u32(mark, MORE_MAGIC);
        put_u32(mark + 4, i);
        if (i > 0 && memcmp(sector, mark, sizeof(mark)) != 0) {
            return false;
        }
        uint32_t room = DISK_SECTOR_BYTES - payload_at(i);
        uint32_t left = batch->payload_bytes - done;
        uint32_t count = left < room ? left : room;
        memcpy(payload + done, sector + payload_at(i), count);
        done += count;
        if (!is_zero(sector + payload_at(i) + count, room - count)) {
            return false;
        }
    }
    return true;
}

bool state_batch_open(const struct state_volume *volume, const struct state_batch *batch,
                      const uint8_t *sectors, uint8_t *payload) {
    if (!gather(batch, sectors, payload)) {
        return false;
    }
    uint8_t bound[BOUND_BYTES];
    bound_bytes(volume, sectors, bound);
    if (volume->key.present) {
        uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
        make_nonce(batch, nonce);
        return crypto_aead_chacha20poly1305_ietf_decrypt_detached(
                   payload, 0, payload, batch->payload_bytes, sectors + TAG_AT, bound,
                   sizeof(bound), nonce, volume->key.bytes) == 0;
    }
    uint8_t tag[STATE_TAG_BYTES];
    plain_tag(bound, payload, batch->payload_bytes, tag);
    return memcmp(tag, sectors + TAG_AT, sizeof(tag)) == 0;
}
