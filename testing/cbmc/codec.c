// testing/cbmc/codec.c: the decoder of every protocol, for a protocol of any fields. Of any bytes,
// in either direction: nothing outside them is read, nothing but the message is written, what is
// refused leaves the fields as they were, and what is accepted is encoded to the same bytes again.
#include "ipc/wire/codec.c"

#include "testing/cbmc/prove.h"

enum {
    PLACE_BYTES = 16,  // Of a field in the message: what the largest needs.
    OPERATION = 5,
};

struct message {
    struct wire_header header;
    uint64_t places[FIELDS][PLACE_BYTES / 8];
};

static uint8_t memory[BYTES];  // The message ends where it ends, so that a byte behind it is
                               // outside.
static uint8_t again[BYTES];
static struct wire_field fields[FIELDS];
static struct wire_op op = {.number = OPERATION};
static const struct wire_protocol_rows rows = {.ops = &op,
                                               .fields = fields,
                                               .op_count = 1,
                                               .field_count = FIELDS,
                                               .message_bytes = sizeof(struct message),
                                               .magic = {{'P', 'R'}}};

static bool carries(enum wire_direction direction, uint32_t field) {
    return (op.fields[direction] >> field & 1) != 0;
}

// What a field that came as bytes names lies in the message that came.
static void check_place(const struct message *message, uint32_t field, const uint8_t *bytes,
                        uint32_t count) {
    if (fields[field].type != WIRE_BYTES) {
        return;
    }
    const struct wire_bytes *got = (const struct wire_bytes *)(const void *)message->places[field];
    uint64_t first = (uint64_t)(got->data - bytes);
    PROVE(first <= count && got->count <= count - first, "bytes of the message that came");
}

static void decode(enum wire_direction direction) {
    uint32_t count = any_below(BYTES + 1);
    const uint8_t *bytes = memory + (BYTES - count);
    struct message message;
    struct message before = message;
    enum wire_status status = wire_decode(&rows, direction, bytes, count, &message);
    PROVE(status == WIRE_OK || status == WIRE_MALFORMED || status == WIRE_UNKNOWN_OP, "its errors");
    bool filled = status == WIRE_OK && message.header.status == WIRE_OK;
    for (uint32_t i = 0; i < FIELDS; i++) {
        if (filled && carries(direction, i)) {
            check_place(&message, i, bytes, count);
        } else {
            PROVE(message.places[i][0] == before.places[i][0] &&
                      message.places[i][1] == before.places[i][1],
                  "a field that did not come is as it was");
        }
    }
    if (status != WIRE_OK) {
        return;
    }
    PROVE(message.header.op == OPERATION || message.header.status != WIRE_OK, "that operation");
    uint32_t written = wire_encode(&rows, direction, &message, again, BYTES);
    PROVE(written == count, "as long as it came");
    for (uint32_t i = 0; i < BYTES; i++) {
        PROVE(i >= count || again[i] == bytes[i], "and the same bytes");
    }
}

// As the rows of a protocol have it.
static uint16_t bytes_of(uint32_t carried) {
    uint16_t sum = 0;
    for (uint32_t i = 0; i < FIELDS; i++) {
        if ((carried >> i & 1) != 0 && fields[i].type == WIRE_BYTES) {
            return 0;
        }
        sum = (uint16_t)(sum + ((carried >> i & 1) != 0 ? widths[fields[i].type] : 0));
    }
    return sum;
}

int main(void) {
    __CPROVER_havoc_object(memory);
    for (uint32_t i = 0; i < FIELDS; i++) {
        fields[i].type = (uint8_t)any_below(WIRE_BYTES + 1);
        fields[i].offset = (uint16_t)(sizeof(struct wire_header) + i * PLACE_BYTES);
    }
    for (uint32_t carried = 0; carried < 1u << FIELDS; carried++) {
        op.fields[DIRECTION] = carried;
        op.bytes[DIRECTION] = bytes_of(carried);
        decode(DIRECTION);
    }
    return 0;
}
