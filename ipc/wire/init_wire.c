// ipc/wire/init_wire.c: the rows of init_fields.def and init_ops.def as tables.
#include "ipc/wire/init_wire.h"

#include <stddef.h>

enum {
#define WIRE_FIELD(type, name, meaning) FIELD_##name,
#include "ipc/wire/init_fields.def"
#undef WIRE_FIELD
    FIELD_COUNT
};
BASE_STATIC_ASSERT((uint32_t)FIELD_COUNT <= (uint32_t)WIRE_FIELD_MAX, "one bit a field");

static const struct wire_field fields[FIELD_COUNT + 1] = {
#define WIRE_FIELD(type, name, meaning) \
    {#name, meaning, offsetof(struct init_message, name), WIRE_##type},
#include "ipc/wire/init_fields.def"
#undef WIRE_FIELD
};

#define F(name) (UINT64_C(1) << FIELD_##name)
static const struct wire_op ops[] = {
#define WIRE_OP(NAME, number, repeatable, request, reply, meaning) \
    {#NAME, meaning, {request, reply}, number, repeatable},
#include "ipc/wire/init_ops.def"
#undef WIRE_OP
};

const struct wire_protocol_rows init_rows = {.name = "init",
                                             .ops = ops,
                                             .fields = fields,
                                             .op_count = ARRAY_LEN(ops),
                                             .field_count = FIELD_COUNT,
                                             .type = WIRE_PROTOCOL_INIT,
                                             .magic = {{'I', 'N'}}};
