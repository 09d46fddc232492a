// ipc/wire/timed_wire.h: the protocol of timed, the clock service. The rows are in timed_fields.def
// and timed_ops.def; docs/wire.md shows them. Errors:    codec.h's.
#pragma once

#include "ipc/wire/codec.h"

#ifdef __cplusplus
extern "C" {
#endif

enum timed_op {
#define WIRE_OP(NAME, number, repeatable, request, reply, meaning) TIMED_OP_##NAME = number,
#include "ipc/wire/timed_ops.def"
#undef WIRE_OP
};

enum {
    TIMED_REPLY_BYTES_MAX = WIRE_REPLY_HEADER_BYTES + 4 + 4 * 8,
};

struct timed_message {
    struct wire_header header;
#define WIRE_FIELD(type, name, meaning) WIRE_C_##type name;
#include "ipc/wire/timed_fields.def"
#undef WIRE_FIELD
};

extern const struct wire_protocol_rows timed_rows;

WARN_UNUSED static inline uint32_t timed_encode(enum wire_direction direction,
                                                const struct timed_message *message, uint8_t *bytes,
                                                uint32_t capacity) {
    return wire_encode(&timed_rows, direction, message, bytes, capacity);
}

WARN_UNUSED static inline enum wire_status timed_decode(enum wire_direction direction,
                                                        const uint8_t *bytes, uint32_t count,
                                                        struct timed_message *message) {
    return wire_decode(&timed_rows, direction, bytes, count, message);
}

#ifdef __cplusplus
}
#endif
