// ipc/wire/routing_wire.c: the rows of routing_fields.def and routing_ops.def as tables.
#include "ipc/wire/routing_wire.h"

#include <stddef.h>

enum {
#define WIRE_FIELD(type, name, meaning) FIELD_##name,
#include "ipc/wire/routing_fields.def"
#undef WIRE_FIELD
    FIELD_COUNT
};
BASE_STATIC_ASSERT((uint32_t)FIELD_COUNT <= (uint32_t)WIRE_FIELD_MAX, "one bit a field");

static const struct wire_field fields[FIELD_COUNT + 1] = {
#define WIRE_FIELD(type, name, meaning) \
    {#name, meaning, offsetof(struct routing_message, name), WIRE_##type},
#include "ipc/wire/routing_fields.def"
#undef WIRE_FIELD
};

#define F(name) (UINT64_C(1) << FIELD_##name)
static const struct wire_op ops[] = {
#define WIRE_OP(NAME, number, repeatable, request, reply, meaning) \
    {#NAME, meaning, {request, reply}, number, repeatable},
#include "ipc/wire/routing_ops.def"
#undef WIRE_OP
};

const struct wire_protocol_rows routing_rows = {.name = "routing",
                                                .ops = ops,
                                                .fields = fields,
                                                .op_count = ARRAY_LEN(ops),
                                                .field_count = FIELD_COUNT,
                                                .type = WIRE_PROTOCOL_ROUTING,
                                                .magic = {{'R', 'T'}}};
