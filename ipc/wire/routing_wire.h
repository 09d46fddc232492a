// ipc/wire/routing_wire.h: the protocol of samgrd. The rows are in routing_fields.def and
// routing_ops.def; docs/wire.md shows them. Errors:    codec.h's.
#pragma once

#include "ipc/wire/codec.h"

#ifdef __cplusplus
extern "C" {
#endif

enum routing_op {
#define WIRE_OP(NAME, number, repeatable, request, reply, meaning) ROUTING_OP_##NAME = number,
#include "ipc/wire/routing_ops.def"
#undef WIRE_OP
};

struct routing_message {
    struct wire_header header;
#define WIRE_FIELD(type, name, meaning) WIRE_C_##type name;
#include "ipc/wire/routing_fields.def"
#undef WIRE_FIELD
};

extern const struct wire_protocol_rows routing_rows;

WARN_UNUSED static inline uint32_t routing_encode(enum wire_direction direction,
                                                  const struct routing_message *message,
                                                  uint8_t *bytes, uint32_t capacity) {
    return wire_encode(&routing_rows, direction, message, bytes, capacity);
}

WARN_UNUSED static inline enum wire_status routing_decode(enum wire_direction direction,
                                                          const uint8_t *bytes, uint32_t count,
                                                          struct routing_message *message) {
    return wire_decode(&routing_rows, direction, bytes, count, message);
}

#ifdef __cplusplus
}
#endif
