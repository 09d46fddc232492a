// ipc/wire/timed_wire.c: see timed_wire.h.
#include "ipc/wire/timed_wire.h"

static const struct wire_magic magic = {.letters = {'T', 'M'}};

uint32_t timed_wire_encode_request(const struct timed_request *request, uint8_t *bytes,
                                   uint32_t capacity) {
    struct wire_writer writer = wire_writer_of(bytes, capacity);
    wire_put_request_header(&writer, magic, request->header);
    if (request->header.op == TIMED_OP_SLEEP) {
        wire_put_u64(&writer, request->deadline_ns);
    }
    return wire_writer_bytes(&writer);
}

enum wire_status timed_wire_decode_request(const uint8_t *bytes, uint32_t count,
                                           struct timed_request *out) {
    struct wire_reader reader = wire_reader_of(bytes, count);
    struct timed_request request = {0};
    if (!wire_get_request_header(&reader, magic, &request.header)) {
        return WIRE_MALFORMED;
    }
    switch (request.header.op) {
        case TIMED_OP_CLOCK:
        case TIMED_OP_STATS:
            break;
        case TIMED_OP_SLEEP:
            request.deadline_ns = wire_get_u64(&reader);
            break;
        default:
            out->header = request.header;
            return WIRE_UNKNOWN_OP;
    }
    if (!wire_reader_done(&reader)) {
        return WIRE_MALFORMED;
    }
    *out = request;
    return WIRE_OK;
}

static void put_stats(struct wire_writer *writer, const struct timed_stats *stats) {
    wire_put_u32(writer, stats->sleepers);
    wire_put_u64(writer, stats->woken);
    wire_put_u64(writer, stats->cancelled);
    wire_put_u64(writer, stats->overloaded);
    wire_put_u64(writer, stats->malformed);
}

static void get_stats(struct wire_reader *reader, struct timed_stats *out) {
    out->sleepers = wire_get_u32(reader);
    out->woken = wire_get_u64(reader);
    out->cancelled = wire_get_u64(reader);
    out->overloaded = wire_get_u64(reader);
    out->malformed = wire_get_u64(reader);
}

uint32_t timed_wire_encode_reply(const struct timed_reply *reply, uint8_t *bytes,
                                 uint32_t capacity) {
    struct wire_writer writer = wire_writer_of(bytes, capacity);
    wire_put_reply_header(&writer, magic, reply->header);
    if (reply->header.status != WIRE_OK) {
        return wire_writer_bytes(&writer);
    }
    switch (reply->header.op) {
        case TIMED_OP_CLOCK:
            wire_put_u64(&writer, reply->now_ns);
            break;
        case TIMED_OP_SLEEP:
            wire_put_u64(&writer, reply->now_ns);
            wire_put_u64(&writer, reply->wake_order);
            break;
        case TIMED_OP_STATS:
            put_stats(&writer, &reply->stats);
            break;
        default:
            return 0;
    }
    return wire_writer_bytes(&writer);
}

bool timed_wire_decode_reply(const uint8_t *bytes, uint32_t count, struct timed_reply *out) {
    struct wire_reader reader = wire_reader_of(bytes, count);
    struct timed_reply reply = {0};
    if (!wire_get_reply_header(&reader, magic, &reply.header)) {
        return false;
    }
    if (reply.header.status == WIRE_OK) {
        switch (reply.header.op) {
            case TIMED_OP_CLOCK:
                reply.now_ns = wire_get_u64(&reader);
                break;
            case TIMED_OP_SLEEP:
                reply.now_ns = wire_get_u64(&reader);
                reply.wake_order = wire_get_u64(&reader);
                break;
            case TIMED_OP_STATS:
                get_stats(&reader, &reply.stats);
                break;
            default:
                return false;
        }
    }
    if (!wire_reader_done(&reader)) {
        return false;
    }
    *out = reply;
    return true;
}
