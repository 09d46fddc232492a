// ipc/wire/init_wire.h: what a service says to init. The rows are in init_fields.def and
// init_ops.def; docs/wire.md shows them. Errors:    codec.h's.
#pragma once

#include "ipc/wire/codec.h"

#ifdef __cplusplus
extern "C" {
#endif

enum init_op {
#define WIRE_OP(NAME, number, repeatable, request, reply, meaning) INIT_OP_##NAME = number,
#include "ipc/wire/init_ops.def"
#undef WIRE_OP
};

struct init_message {
    struct wire_header header;
#define WIRE_FIELD(type, name, meaning) WIRE_C_##type name;
#include "ipc/wire/init_fields.def"
#undef WIRE_FIELD
};

extern const struct wire_protocol_rows init_rows;

WARN_UNUSED static inline uint32_t init_encode(enum wire_direction direction,
                                               const struct init_message *message, uint8_t *bytes,
                                               uint32_t capacity) {
    return wire_encode(&init_rows, direction, message, bytes, capacity);
}

WARN_UNUSED static inline enum wire_status init_decode(enum wire_direction direction,
                                                       const uint8_t *bytes, uint32_t count,
                                                       struct init_message *message) {
    return wire_decode(&init_rows, direction, bytes, count, message);
}

#ifdef __cplusplus
}
#endif
