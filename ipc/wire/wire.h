// ipc/wire/wire.h: the shape that all protocols share, and readers and writers that cannot leave
// their bytes.
//
//   request: magic[2] version op, nonce u64, fields
//   reply:   magic[2] version op|0x80, status u8, nonce u64, fields
//
// Little-endian, no padding. The nonce is the client's: a reply carries that of its request. A
// frame's type says its protocol (enum wire_protocol), and of a request what is asked.
// Units:     bytes.
// Ownership: readers and writers point into the caller's bytes; nothing is kept.
// Errors:    a reader or writer that once ran over its end stays failed, reads zeros and writes
//            nothing more: check `failed` once, at the end.
#pragma once

#include <stdbool.h>

#include "ipc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    WIRE_VERSION = 1,
    WIRE_REPLY_BIT = 0x80,  // In `op` of replies.
    WIRE_REQUEST_HEADER_BYTES = 12,
    WIRE_REPLY_HEADER_BYTES = 13,
};

// The lowest byte of frame_header.type, and the magic of the payload.
enum wire_protocol {
    WIRE_PROTOCOL_INIT = 1,
    WIRE_PROTOCOL_TIMED = 2,
    WIRE_PROTOCOL_ROUTING = 3,
    WIRE_PROTOCOL_POLICY = 4,
    WIRE_PROTOCOL_ECHO = 5,
    WIRE_PROTOCOL_SERVER = 6,  // Beside every service's own.
    WIRE_PROTOCOL_LOG = 7,
    WIRE_PROTOCOL_METRICS = 8,
    WIRE_PROTOCOL_ENTROPY = 9,
    WIRE_PROTOCOL_BLOCK = 10,
    WIRE_PROTOCOL_STATE = 11,
    WIRE_PROTOCOL_EXEC = 12,
    WIRE_PROTOCOL_EXAMPLE = 13,
    WIRE_PROTOCOL_KEYS = 14,
    WIRE_PROTOCOL_UPDATE = 15,
    WIRE_PROTOCOL_END
};

// The rest of a request's type, above its protocol: the operation, and how the client's route
// served it. That is the sender's word, for who watches the kernel's events (tools/trace); services
// go by the protocol and the payload alone. An answer has its protocol only.
enum {
    WIRE_TYPE_OP_SHIFT = 8,
    WIRE_TYPE_OP_MAX = 31,  // 0: it is not said.
    WIRE_TYPE_VIA_SHIFT = 13,
};

// As enum ipc_served of ipc/client.h, behind none.
enum wire_via {
    WIRE_VIA_NONE,  // Not through a kept route.
    WIRE_VIA_HIT,
    WIRE_VIA_MISS,
    WIRE_VIA_REBOUND,
    WIRE_VIA_DEGRADED,
    WIRE_VIA_COUNT
};

#define WIRE_TYPE(protocol, op, via) \
    ((uint16_t)((protocol) | (op) << WIRE_TYPE_OP_SHIFT | (via) << WIRE_TYPE_VIA_SHIFT))

static inline uint8_t wire_type_protocol(uint16_t type) {
    return (uint8_t)type;
}

static inline uint8_t wire_type_op(uint16_t type) {
    return (type >> WIRE_TYPE_OP_SHIFT) & WIRE_TYPE_OP_MAX;
}

static inline uint8_t wire_type_via(uint16_t type) {
    return (uint8_t)(type >> WIRE_TYPE_VIA_SHIFT);
}

// What a service answers about the request itself (wire_status.def).
enum wire_status {
#define WIRE_STATUS(NAME, meaning) WIRE_##NAME,
#include "ipc/wire/wire_status.def"
#undef WIRE_STATUS
    WIRE_STATUS_COUNT
};

struct wire_reader {
    const uint8_t *next;
    uint32_t left;
    bool failed;
};

struct wire_writer {
    uint8_t *start;
    uint32_t count;
    uint32_t capacity;
    bool failed;
};

struct wire_reader wire_reader_of(const uint8_t *bytes, uint32_t count);
uint8_t wire_get_u8(struct wire_reader *reader);
uint16_t wire_get_u16(struct wire_reader *reader);
uint32_t wire_get_u32(struct wire_reader *reader);
uint64_t wire_get_u64(struct wire_reader *reader);

// Passes over so many bytes. False: they are not all there.
bool wire_skip(struct wire_reader *reader, uint32_t bytes);

// u16 count, then the bytes: where they begin, which is in the reader's own; null when they are not
// all there.
const uint8_t *wire_get_bytes(struct wire_reader *reader, uint32_t *count);

// True if all bytes were read, and no more than all.
WARN_UNUSED bool wire_reader_done(const struct wire_reader *reader);

struct wire_writer wire_writer_of(uint8_t *bytes, uint32_t capacity);
void wire_put_u8(struct wire_writer *writer, uint8_t value);
void wire_put_u16(struct wire_writer *writer, uint16_t value);
void wire_put_u32(struct wire_writer *writer, uint32_t value);
void wire_put_u64(struct wire_writer *writer, uint64_t value);
void wire_put_bytes(struct wire_writer *writer, const uint8_t *data, uint32_t count);

// The bytes written, or 0 if they did not all fit.
WARN_UNUSED uint32_t wire_writer_bytes(const struct wire_writer *writer);

// Two letters; the first goes first.
struct wire_magic {
    uint8_t letters[2];
};

// The C types of fields (codec.h).
#define WIRE_C_U8 uint8_t
#define WIRE_C_U16 uint16_t
#define WIRE_C_U32 uint32_t
#define WIRE_C_U64 uint64_t
#define WIRE_C_BYTES struct wire_bytes

// The nonce of a reply whose payload is a message area's: aligned, and with at least 16 bytes of
// space. Two loads instead of eight.
static inline struct nonce wire_reply_nonce(const uint8_t *payload) {
    uint64_t words[2];
    __builtin_memcpy(words, __builtin_assume_aligned(payload, 8), sizeof(words));
    // It begins in byte 5.
    struct nonce nonce = {words[0] >> 40 | words[1] << 24};
    return nonce;
}

#ifdef __cplusplus
}
#endif
