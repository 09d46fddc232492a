// testing/hostile_services/frames.c: see frames.h.
#include "testing/hostile_services/frames.h"

#include <string.h>

#include "kernel/abi/identity.h"

enum {
    OP_AT = 3,  // ipc/wire/wire.h: magic[2] version op.
    VERSION_AT = 2,
    BYTES_MOST = 200,
    NOISE_MOST = 64,
    CUT_STEPS = 96,  // No request's fixed part is longer.
};

// xorshift64*: the same everywhere.
uint64_t frames_random(struct frames *frames) {
    uint64_t x = frames->random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    frames->random = x;
    return x * UINT64_C(0x2545f4914f6cdd1d);
}

static uint32_t below(struct frames *frames, uint32_t bound) {
    return (uint32_t)((frames_random(frames) >> 32) % bound);
}

// Services are named by hashes, which chance would not find.
static uint64_t some_id(struct frames *frames) {
    static const char *const names[] = {"policyd", "samgrd", "logd",      "timed",
                                        "echo",    "rngd",   "metricsd",  "bystander",
                                        "execd",   "@greet", "keystored", "statefsd"};
    const char *name = names[below(frames, (uint32_t)(sizeof(names) / sizeof(names[0])))];
    return service_id_of(name, strlen(name));
}

static uint64_t value(struct frames *frames) {
    if (below(frames, 4) == 0) {
        return some_id(frames);
    }
    static const uint64_t edges[] = {0,   1,   2,          7,          63,        64,
                                     255, 256, UINT16_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX};
    uint32_t which = below(frames, 2 * (uint32_t)(sizeof(edges) / sizeof(edges[0])));
    return which < sizeof(edges) / sizeof(edges[0]) ? edges[which] : frames_random(frames);
}

// Texts that services know and texts that they do not.
static struct wire_bytes some_bytes(struct frames *frames, uint8_t *noise) {
    uint32_t count = below(frames, 4) == 0 ? below(frames, BYTES_MOST) : below(frames, 12);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t letter = (uint8_t)('a' + below(frames, 26));
        noise[i] = below(frames, 8) == 0 ? (uint8_t)frames_random(frames) : letter;
    }
    return (struct wire_bytes){.data = noise, .count = count};
}

static void fill_field(struct frames *frames, const struct wire_field *field, uint8_t *message,
                       uint8_t *noise) {
    uint64_t number = value(frames);
    const uint8_t byte = (uint8_t)number;
    const uint16_t half = (uint16_t)number;
    const uint32_t word = (uint32_t)number;
    const struct wire_bytes bytes = some_bytes(frames, noise);
    switch ((enum wire_type)field->type) {
        case WIRE_U8:
            memcpy(message + field->offset, &byte, sizeof(byte));
            return;
        case WIRE_U16:
            memcpy(message + field->offset, &half, sizeof(half));
            return;
        case WIRE_U32:
            memcpy(message + field->offset, &word, sizeof(word));
            return;
        case WIRE_U64:
            memcpy(message + field->offset, &number, sizeof(number));
            return;
        case WIRE_BYTES:
            memcpy(message + field->offset, &bytes, sizeof(bytes));
            return;
    }
}

// A message of the operation; 0 bytes if its random fields do not fit.
static uint32_t encode(struct frames *frames, const struct wire_protocol_rows *rows, uint32_t op,
                       enum wire_direction direction, uint8_t *payload) {
    uint64_t words[WIRE_MESSAGE_BYTES_MAX / sizeof(uint64_t)] = {0};
    uint8_t noise[BYTES_MOST];
    const struct wire_op *row = &rows->ops[op % rows->op_count];
    const struct wire_header header = {.op = row->number,
                                       .nonce = {.value = frames_random(frames)}};
    for (uint32_t i = 0; i < rows->field_count; i++) {
        if (((row->fields[direction] >> i) & 1) != 0) {
            fill_field(frames, &rows->fields[i], (uint8_t *)words, noise);
        }
    }
    memcpy(words, &header, sizeof(header));
    return wire_encode(rows, direction, words, payload, FRAME_PAYLOAD_MAX);
}

static void finish(struct message_area *out, uint16_t type, uint32_t count) {
    out->header = (struct frame_header){.type = type, .len = count};
    out->meta.slot = 0;
}

static void flip(struct frames *frames, uint8_t *byte) {
    *byte ^= (uint8_t)(1u << below(frames, 8));
}

// What `kind` does to a right request of `count` bytes; returns how many it has then.
static uint32_t spoil(struct frames *frames, enum frame_kind kind, uint8_t *payload,
                      uint32_t count) {
    switch (kind) {
        case FRAME_SHORT:
            return below(frames, count);
        case FRAME_LONG:
            return count + 1 + below(frames, FRAME_PAYLOAD_MAX - count);
        case FRAME_LETTERS:
            flip(frames, &payload[below(frames, 2)]);
            return count;
        case FRAME_VERSION:
            flip(frames, &payload[VERSION_AT]);
            return count;
        case FRAME_OPERATION:
            payload[OP_AT] = (uint8_t)(64 + below(frames, 64));
            return count;
        case FRAME_NOISE:
            flip(frames, &payload[below(frames, count)]);
            return count;
        case FRAME_RIGHT:
        case FRAME_REPLY:
        case FRAME_TYPE:
        case FRAME_KIND_COUNT:
            return count;
    }
    return count;
}

static uint32_t noise(struct frames *frames, uint8_t *payload) {
    uint32_t count = below(frames, NOISE_MOST);
    for (uint32_t i = 0; i < count; i++) {
        payload[i] = (uint8_t)frames_random(frames);
    }
    return count;
}

void frames_put(struct frames *frames, const struct wire_protocol_rows *rows, uint32_t op,
                enum frame_kind kind, struct message_area *out) {
    enum wire_direction direction = kind == FRAME_REPLY ? WIRE_REPLY : WIRE_REQUEST;
    memset(out->payload, 0, sizeof(out->payload));
    uint32_t count = encode(frames, rows, op, direction, out->payload);
    if (count == 0 || count == FRAME_PAYLOAD_MAX ||
        (kind == FRAME_NOISE && below(frames, 2) == 0)) {
        count = noise(frames, out->payload);
    } else {
        count = spoil(frames, kind, out->payload, count);
    }
    bool other = kind == FRAME_TYPE;
    uint16_t type = other ? (uint16_t)(rows->type + 1 + below(frames, 64)) : rows->type;
    finish(out, type, count);
}

bool frames_cut(struct frames *frames, const struct wire_protocol_rows *rows, uint32_t index,
                struct message_area *out) {
    uint32_t op = index / CUT_STEPS;
    if (op >= rows->op_count) {
        return false;
    }
    memset(out->payload, 0, sizeof(out->payload));
    uint32_t count = encode(frames, rows, op, WIRE_REQUEST, out->payload);
    uint32_t cut = index % CUT_STEPS;
    finish(out, rows->type, cut < count ? cut : count);
    return true;
}

bool frames_is_request(const struct wire_protocol_rows *rows, const struct message_area *area) {
    uint64_t words[WIRE_MESSAGE_BYTES_MAX / sizeof(uint64_t)] = {0};
    return area->header.type == rows->type &&
           wire_decode(rows, WIRE_REQUEST, area->payload, area->header.len, words) == WIRE_OK;
}
