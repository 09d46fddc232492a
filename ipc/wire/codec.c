// ipc/wire/codec.c: see codec.h.
#include "ipc/wire/codec.h"

#include "base/bits.h"
#include "ipc/wire/words.h"

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

static const uint8_t widths[] = {
    [WIRE_U8] = 1, [WIRE_U16] = 2, [WIRE_U32] = 4, [WIRE_U64] = 8, [WIRE_BYTES] = 2};

// Magic and version, as they stand in the first word.
static uint64_t start_of(const struct wire_protocol_rows *rows) {
    return (uint64_t)rows->magic.letters[0] | (uint64_t)rows->magic.letters[1] << 8 |
           (uint64_t)WIRE_VERSION << 16;
}

static void put_header(struct word_sink *sink, const struct wire_protocol_rows *rows,
                       enum wire_direction direction, const struct wire_header *header) {
    uint64_t start = start_of(rows) | (uint64_t)header->op << 24;
    if (direction == WIRE_REPLY) {
        words_add(sink, start | (uint64_t)WIRE_REPLY_BIT << 24, 4);
        words_add(sink, header->status, 1);
    } else {
        words_add(sink, start, 4);
    }
    words_add(sink, header->nonce.value, 8);
}

// False: there is no room.
static bool put_field(struct word_sink *sink, enum wire_type type, const void *place) {
    if (sink->at + widths[type] > FRAME_PAYLOAD_MAX) {
        return false;
    }
    const struct wire_bytes *bytes = place;
    switch (type) {
        case WIRE_U8:
            words_add(sink, *(const uint8_t *)place, 1);
            return true;
        case WIRE_U16:
            words_add(sink, *(const uint16_t *)place, 2);
            return true;
        case WIRE_U32:
            words_add(sink, *(const uint32_t *)place, 4);
            return true;
        case WIRE_U64:
            words_add(sink, *(const uint64_t *)place, 8);
            return true;
        case WIRE_BYTES:
            words_add(sink, bytes->count & UINT16_MAX, 2);
            if (bytes->count > FRAME_PAYLOAD_MAX - sink->at) {
                return false;
            }
            words_add_bytes(sink, bytes->data, bytes->count);
            return true;
    }
    return false;
}

uint32_t wire_encode_op(const struct wire_protocol_rows *rows, const struct wire_op *op,
                        enum wire_direction direction, const void *message,
                        struct message_area *out) {
    const struct wire_header *header = message;
    bool refuses = direction == WIRE_REPLY && header->status != WIRE_OK;
    if (!op && !refuses) {
        return 0;
    }
    struct word_sink sink = {.bytes = out->payload};
    put_header(&sink, rows, direction, header);
    uint64_t fields = refuses ? 0 : op->fields[direction];
    while (fields != 0) {  // Once a field.
        const struct wire_field *field = &rows->fields[take_field(&fields)];
        if (!put_field(&sink, (enum wire_type)field->type,
                       (const uint8_t *)message + field->offset)) {
            return 0;
        }
    }
    words_flush(&sink);
    return sink.at;
}

uint32_t wire_encode_area(const struct wire_protocol_rows *rows, enum wire_direction direction,
                          const void *message, struct message_area *out) {
    const struct wire_header *header = message;
    return wire_encode_op(rows, wire_op_find(rows, header->op), direction, message, out);
}

uint32_t wire_encode(const struct wire_protocol_rows *rows, enum wire_direction direction,
                     const void *message, uint8_t *bytes, uint32_t capacity) {
    struct message_area area;
    uint32_t count = wire_encode_area(rows, direction, message, &area);
    if (count > capacity) {
        return 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        bytes[i] = area.payload[i];
    }
    return count;
}

// A message that came.
struct source {
    const uint8_t *bytes;  // As words (words.h).
    uint32_t count;
    const uint8_t *origin;  // Where its bytes stand for who reads the message.
};

// Of a request only, if it is as long as a header: operation and nonce, whatever else is wrong.
static bool get_request_header(const struct wire_protocol_rows *rows, const struct source *source,
                               struct wire_header *out) {
    *out = (struct wire_header){0};
    if (source->count < WIRE_REQUEST_HEADER_BYTES) {
        return false;
    }
    uint64_t first = word_get(source->bytes, 0);
    uint8_t op = (uint8_t)(first >> 24);
    out->op = op & (uint8_t)~WIRE_REPLY_BIT;
    out->nonce.value = words_take(source->bytes, 4, 8);
    return (first & 0xffffff) == start_of(rows) && (op & WIRE_REPLY_BIT) == 0;
}

static bool get_reply_header(const struct wire_protocol_rows *rows, const struct source *source,
                             struct wire_header *out) {
    if (source->count < WIRE_REPLY_HEADER_BYTES) {
        return false;
    }
    uint64_t first = word_get(source->bytes, 0);
    uint8_t op = (uint8_t)(first >> 24);
    out->op = op & (uint8_t)~WIRE_REPLY_BIT;
    out->status = (uint8_t)(first >> 32);
    out->nonce.value = words_take(source->bytes, 5, 8);
    return (first & 0xffffff) == start_of(rows) && (op & WIRE_REPLY_BIT) != 0 &&
           out->status < WIRE_STATUS_COUNT;
}

// Whether the fields are all there, and nothing behind them: looked at one by one.
static bool fits(const struct wire_protocol_rows *rows, uint64_t fields,
                 const struct source *source, uint32_t at) {
    while (fields != 0) {  // Once a field.
        enum wire_type type = (enum wire_type)rows->fields[take_field(&fields)].type;
        at += widths[type];
        if (at > source->count) {
            return false;
        }
        if (type == WIRE_BYTES) {  // Two bytes say how many follow.
            at += (uint16_t)words_take(source->bytes, at - 2, 2);
        }
    }
    return at == source->count;
}

// Reads a field to its place; where the next one stands.
static uint32_t get_field(const struct source *source, enum wire_type type, uint32_t at,
                          void *place) {
    const uint8_t *bytes = source->bytes;
    switch (type) {
        case WIRE_U8:
            *(uint8_t *)place = (uint8_t)words_take(bytes, at, 1);
            return at + 1;
        case WIRE_U16:
            *(uint16_t *)place = (uint16_t)words_take(bytes, at, 2);
            return at + 2;
        case WIRE_U32:
            *(uint32_t *)place = (uint32_t)words_take(bytes, at, 4);
            return at + 4;
        case WIRE_U64:
            *(uint64_t *)place = words_take(bytes, at, 8);
            return at + 8;
        case WIRE_BYTES: {
            uint16_t count = (uint16_t)words_take(bytes, at, 2);
            *(struct wire_bytes *)place = (struct wire_bytes){source->origin + at + 2, count};
            return at + 2 + count;
        }
    }
    return at;
}

static ALWAYS_INLINE enum wire_status decode_source(const struct wire_protocol_rows *rows,
                                                    enum wire_direction direction,
                                                    const struct source *source, void *message) {
    struct wire_header header = {0};
    bool headed = false;
    uint32_t at = WIRE_REPLY_HEADER_BYTES;
    struct wire_header *kept = message;  // Each message begins with one.
    if (direction == WIRE_REQUEST) {
        headed = get_request_header(rows, source, &header);
        *kept = header;  // For an answer, whatever the rest is.
        at = WIRE_REQUEST_HEADER_BYTES;
    } else {
        headed = get_reply_header(rows, source, &header);
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
    const uint32_t known = refuses ? 0 : op->bytes[direction];
    if (known != 0 ? source->count != at + known : !fits(rows, fields, source, at)) {
        return WIRE_MALFORMED;
    }
    *kept = header;
    while (fields != 0) {  // Once a field.
        const struct wire_field *field = &rows->fields[take_field(&fields)];
        at = get_field(source, (enum wire_type)field->type, at, (uint8_t *)message + field->offset);
    }
    return WIRE_OK;
}

enum wire_status wire_decode_area(const struct wire_protocol_rows *rows,
                                  enum wire_direction direction, const struct message_area *in,
                                  void *message) {
    const struct source source = {
        .bytes = in->payload,
        .count = in->header.len <= FRAME_PAYLOAD_MAX ? in->header.len : 0,  // So the kernel says.
        .origin = in->payload};
    return decode_source(rows, direction, &source, message);
}

enum wire_status wire_decode(const struct wire_protocol_rows *rows, enum wire_direction direction,
                             const uint8_t *bytes, uint32_t count, void *message) {
    uint64_t words[FRAME_PAYLOAD_MAX / WORD_BYTES];
    uint8_t *copy = (uint8_t *)words;
    // No message is longer: as if nothing had come.
    const struct source source = {
        .bytes = copy, .count = count <= sizeof(words) ? count : 0, .origin = bytes};
    for (uint32_t i = 0; i < source.count; i++) {
        copy[i] = bytes[i];
    }
    return decode_source(rows, direction, &source, message);
}
