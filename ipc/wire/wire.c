// ipc/wire/wire.c: see wire.h. Bytes are read and written one by one: fields are not aligned.
#include "ipc/wire/wire.h"

struct wire_reader wire_reader_of(const uint8_t *bytes, uint32_t count) {
    struct wire_reader reader = {.next = bytes, .left = count, .failed = false};
    return reader;
}

// Inline and unrolled: with a constant number of bytes no loop is left.
static ALWAYS_INLINE uint64_t get(struct wire_reader *reader, uint32_t bytes) {
    if (reader->failed || reader->left < bytes) {
        reader->failed = true;
        return 0;
    }
    uint64_t value = 0;
    const uint8_t *next = reader->next;
#pragma GCC unroll 8
    for (uint32_t i = 0; i < bytes; i++) {
        value |= (uint64_t)next[i] << (8 * i);
    }
    reader->next += bytes;
    reader->left -= bytes;
    return value;
}

uint8_t wire_get_u8(struct wire_reader *reader) {
    return (uint8_t)get(reader, 1);
}

uint16_t wire_get_u16(struct wire_reader *reader) {
    return (uint16_t)get(reader, 2);
}

uint32_t wire_get_u32(struct wire_reader *reader) {
    return (uint32_t)get(reader, 4);
}

uint64_t wire_get_u64(struct wire_reader *reader) {
    return get(reader, 8);
}

bool wire_skip(struct wire_reader *reader, uint32_t bytes) {
    reader->failed = reader->failed || reader->left < bytes;
    if (!reader->failed) {
        reader->next += bytes;
        reader->left -= bytes;
    }
    return !reader->failed;
}

const uint8_t *wire_get_bytes(struct wire_reader *reader, uint32_t *count) {
    uint32_t wanted = wire_get_u16(reader);
    *count = 0;
    if (reader->failed || reader->left < wanted) {
        reader->failed = true;
        return 0;
    }
    const uint8_t *data = reader->next;
    reader->next += wanted;
    reader->left -= wanted;
    *count = wanted;
    return data;
}

bool wire_reader_done(const struct wire_reader *reader) {
    return !reader->failed && reader->left == 0;
}

struct wire_writer wire_writer_of(uint8_t *bytes, uint32_t capacity) {
    struct wire_writer writer = {.start = bytes, .count = 0, .capacity = capacity, .failed = false};
    return writer;
}

static ALWAYS_INLINE void put(struct wire_writer *writer, uint64_t value, uint32_t bytes) {
    if (writer->failed || writer->capacity - writer->count < bytes) {
        writer->failed = true;
        return;
    }
    uint8_t *next = writer->start + writer->count;
#pragma GCC unroll 8
    for (uint32_t i = 0; i < bytes; i++) {
        next[i] = (uint8_t)(value >> (8 * i));
    }
    writer->count += bytes;
}

void wire_put_u8(struct wire_writer *writer, uint8_t value) {
    put(writer, value, 1);
}

void wire_put_u16(struct wire_writer *writer, uint16_t value) {
    put(writer, value, 2);
}

void wire_put_u32(struct wire_writer *writer, uint32_t value) {
    put(writer, value, 4);
}

void wire_put_u64(struct wire_writer *writer, uint64_t value) {
    put(writer, value, 8);
}

void wire_put_bytes(struct wire_writer *writer, const uint8_t *data, uint32_t count) {
    put(writer, count, 2);
    if (writer->failed || count > UINT16_MAX || writer->capacity - writer->count < count) {
        writer->failed = true;
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        writer->start[writer->count + i] = data[i];
    }
    writer->count += count;
}

uint32_t wire_writer_bytes(const struct wire_writer *writer) {
    return writer->failed ? 0 : writer->count;
}

// Magic, version and op, in one check.
static ALWAYS_INLINE void put_start(struct wire_writer *writer, struct wire_magic magic,
                                    uint8_t op) {
    put(writer,
        (uint64_t)magic.letters[0] | (uint64_t)magic.letters[1] << 8 |
            (uint64_t)WIRE_VERSION << 16 | (uint64_t)op << 24,
        4);
}

void wire_put_request_header(struct wire_writer *writer, struct wire_magic magic,
                             struct wire_request_header header) {
    put_start(writer, magic, header.op);
    put(writer, header.nonce.value, 8);
}

void wire_put_reply_header(struct wire_writer *writer, struct wire_magic magic,
                           struct wire_reply_header header) {
    put_start(writer, magic, header.op | WIRE_REPLY_BIT);
    put(writer, header.status, 1);
    put(writer, header.nonce.value, 8);
}

// Checks magic and version; the op comes back as it is.
static ALWAYS_INLINE bool get_start(struct wire_reader *reader, struct wire_magic magic,
                                    uint8_t *op) {
    uint64_t start = get(reader, 4);
    *op = (uint8_t)(start >> 24);
    return !reader->failed && (start & 0xff) == magic.letters[0] &&
           (start >> 8 & 0xff) == magic.letters[1] && (start >> 16 & 0xff) == WIRE_VERSION;
}

bool wire_get_request_header(struct wire_reader *reader, struct wire_magic magic,
                             struct wire_request_header *out) {
    struct wire_request_header header = {0};
    bool started = get_start(reader, magic, &header.op);
    header.nonce.value = get(reader, 8);
    bool is_reply = (header.op & WIRE_REPLY_BIT) != 0;
    if (!reader->failed) {
        header.op &= (uint8_t)~WIRE_REPLY_BIT;
        *out = header;
    }
    reader->failed = reader->failed || !started || is_reply;
    return !reader->failed;
}

bool wire_get_reply_header(struct wire_reader *reader, struct wire_magic magic,
                           struct wire_reply_header *out) {
    struct wire_reply_header header = {0};
    bool started = get_start(reader, magic, &header.op);
    header.status = (uint8_t)get(reader, 1);
    header.nonce.value = get(reader, 8);
    if (!started || reader->failed || (header.op & WIRE_REPLY_BIT) == 0 ||
        header.status >= WIRE_STATUS_COUNT) {
        reader->failed = true;
        return false;
    }
    header.op &= (uint8_t)~WIRE_REPLY_BIT;
    *out = header;
    return true;
}
