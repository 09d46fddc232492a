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
