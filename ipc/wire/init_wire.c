// ipc/wire/init_wire.c: see init_wire.h.
#include "ipc/wire/init_wire.h"

static const struct wire_magic magic = {.letters = {'I', 'N'}};

uint32_t init_wire_encode_request(struct wire_request_header request, uint8_t *bytes,
                                  uint32_t capacity) {
    struct wire_writer writer = wire_writer_of(bytes, capacity);
    wire_put_request_header(&writer, magic, request);
    return wire_writer_bytes(&writer);
}

bool init_wire_decode_request(const uint8_t *bytes, uint32_t count,
                              struct wire_request_header *out) {
    struct wire_reader reader = wire_reader_of(bytes, count);
    struct wire_request_header header = {0};
    if (!wire_get_request_header(&reader, magic, &header) || !wire_reader_done(&reader)) {
        return false;
    }
    *out = header;
    return true;
}

uint32_t init_wire_encode_reply(struct wire_reply_header reply, uint8_t *bytes, uint32_t capacity) {
    struct wire_writer writer = wire_writer_of(bytes, capacity);
    wire_put_reply_header(&writer, magic, reply);
    return wire_writer_bytes(&writer);
}

bool init_wire_decode_reply(const uint8_t *bytes, uint32_t count, struct wire_reply_header *out) {
    struct wire_reader reader = wire_reader_of(bytes, count);
    struct wire_reply_header header = {0};
    if (!wire_get_reply_header(&reader, magic, &header) || !wire_reader_done(&reader)) {
        return false;
    }
    *out = header;
    return true;
}
