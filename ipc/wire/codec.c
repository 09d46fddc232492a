// ipc/wire/codec.c: see codec.h.
#include "ipc/wire/codec.h"

#include "base/bits.h"

const struct wire_op *wire_op_find(const struct wire_protocol_rows *rows, uint8_t number) {
    for (uint32_t i = 0; i < rows->op_count; i++) {
        if (rows->ops[i].number == number) {
            return &rows->ops[i];
        }
    }
    return 0;
}

// Takes the lowest field out of a set that is not empty; its index.
static uint32_t take_field(uint64_t *fields) {
    uint32_t index = bits_lowest_u64(*fields);
    *fields &= *fields - 1;
    return index;
}

static void put_field(struct wire_writer *writer, enum wire_type type, const void *place) {
    switch (type) {
        case WIRE_U8:
            wire_put_u8(writer, *(const uint8_t *)place);
            return;
        case WIRE_U16:
            wire_put_u16(writer, *(const uint16_t *)place);
            return;
        case WIRE_U32:
            wire_put_u32(writer, *(const uint32_t *)place);
            return;
        case WIRE_U64:
            wire_put_u64(writer, *(const uint64_t *)place);
            return;
        case WIRE_BYTES:
            wire_put_bytes(writer, ((const struct wire_bytes *)place)->data,
                           ((const struct wire_bytes *)place)->count);
            return;
    }
}

// Reads a field to its place.
static void get_field(struct wire_reader *reader, enum wire_type type, void *place) {
    switch (type) {
        case WIRE_U8:
            *(uint8_t *)place = wire_get_u8(reader);
            return;
        case WIRE_U16:
            *(uint16_t *)place = wire_get_u16(reader);
            return;
        case WIRE_U32:
            *(uint32_t *)place = wire_get_u32(reader);
            return;
        case WIRE_U64:
            *(uint64_t *)place = wire_get_u64(reader);
            return;
        case WIRE_BYTES:
            ((struct wire_bytes *)place)->data =
                wire_get_bytes(reader, &((struct wire_bytes *)place)->count);
            return;
    }
}

static void skip_field(struct wire_reader *reader, enum wire_type type) {
    static const uint8_t widths[] = {
        [WIRE_U8] = 1, [WIRE_U16] = 2, [WIRE_U32] = 4, [WIRE_U64] = 8, [WIRE_BYTES] = 0};
    (void)wire_skip(reader, type == WIRE_BYTES ? wire_get_u16(reader) : widths[type]);
}

uint32_t wire_encode(const struct wire_protocol_rows *rows, enum wire_direction direction,
                     const void *message, uint8_t *bytes, uint32_t capacity) {
    const struct wire_header *header = message;
    const struct wire_op *op = wire_op_find(rows, header->op);
    bool refuses = direction == WIRE_REPLY && header->status != WIRE_OK;
    if (!op && !refuses) {
        return 0;
    }
    struct wire_writer writer = wire_writer_of(bytes, capacity);
    if (direction == WIRE_REPLY) {
        wire_put_reply_header(
            &writer, rows->magic,
            (struct wire_reply_header){header->op, header->status, header->nonce});
    } else {
        wire_put_request_header(&writer, rows->magic,
                                (struct wire_request_header){header->op, header->nonce});
    }
    uint64_t fields = refuses ? 0 : op->fields[direction];
    while (fields != 0) {  // Once a field.
        const struct wire_field *field = &rows->fields[take_field(&fields)];
        put_field(&writer, (enum wire_type)field->type, (const uint8_t *)message + field->offset);
    }
    return wire_writer_bytes(&writer);
}

static bool get_header(const struct wire_protocol_rows *rows, enum wire_direction direction,
                       struct wire_reader *reader, struct wire_header *out) {
    if (direction == WIRE_REPLY) {
        struct wire_reply_header reply = {0};
        bool good = wire_get_reply_header(reader, rows->magic, &reply);
        *out = (struct wire_header){reply.op, reply.status, reply.nonce};
        return good;
    }
    struct wire_request_header request = {0};
    bool good = wire_get_request_header(reader, rows->magic, &request);
    *out = (struct wire_header){request.op, WIRE_OK, request.nonce};
    return good;
}

// Whether the fields are all there, and nothing behind them.
static bool fits(const struct wire_protocol_rows *rows, uint64_t fields,
                 struct wire_reader reader) {
    while (fields != 0) {  // Once a field.
        skip_field(&reader, (enum wire_type)rows->fields[take_field(&fields)].type);
    }
    return wire_reader_done(&reader);
}

enum wire_status wire_decode(const struct wire_protocol_rows *rows, enum wire_direction direction,
                             const uint8_t *bytes, uint32_t count, void *message) {
    struct wire_reader reader = wire_reader_of(bytes, count);
    struct wire_header header = {0};
    bool headed = get_header(rows, direction, &reader, &header);
    struct wire_header *kept = message;  // Each message begins with one.
    if (direction == WIRE_REQUEST) {
        *kept = header;  // For an answer, whatever the rest is.
    }
    if (!headed) {
        return WIRE_MALFORMED;
    }
    const struct wire_op *op = wire_op_find(rows, header.op);
    bool refuses = direction == WIRE_REPLY && header.status != WIRE_OK;
    if (!op && !refuses) {
        return WIRE_UNKNOWN_OP;
    }
    uint64_t fields = refuses ? 0 : op->fields[direction];
    if (!fits(rows, fields, reader)) {
        return WIRE_MALFORMED;
    }
    *kept = header;
    while (fields != 0) {  // Once a field.
        const struct wire_field *field = &rows->fields[take_field(&fields)];
        get_field(&reader, (enum wire_type)field->type, (uint8_t *)message + field->offset);
    }
    return WIRE_OK;
}
