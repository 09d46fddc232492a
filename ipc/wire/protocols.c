// ipc/wire/protocols.c: in the order of enum wire_protocol.
#include "ipc/wire/protocols.h"

#include "ipc/wire/block_wire.h"
#include "ipc/wire/echo_wire.h"
#include "ipc/wire/entropy_wire.h"
#include "ipc/wire/example_wire.h"
#include "ipc/wire/exec_wire.h"
#include "ipc/wire/init_wire.h"
#include "ipc/wire/keys_wire.h"
#include "ipc/wire/log_wire.h"
#include "ipc/wire/metrics_wire.h"
#include "ipc/wire/policy_wire.h"
#include "ipc/wire/routing_wire.h"
#include "ipc/wire/server_wire.h"
#include "ipc/wire/state_wire.h"
#include "ipc/wire/timed_wire.h"
#include "ipc/wire/update_wire.h"

const struct wire_protocol_rows *const wire_protocols[WIRE_PROTOCOL_COUNT] = {
    [WIRE_PROTOCOL_INIT - WIRE_PROTOCOL_INIT] = &init_rows,
    [WIRE_PROTOCOL_TIMED - WIRE_PROTOCOL_INIT] = &timed_rows,
    [WIRE_PROTOCOL_ROUTING - WIRE_PROTOCOL_INIT] = &routing_rows,
    [WIRE_PROTOCOL_POLICY - WIRE_PROTOCOL_INIT] = &policy_rows,
    [WIRE_PROTOCOL_ECHO - WIRE_PROTOCOL_INIT] = &echo_rows,
    [WIRE_PROTOCOL_SERVER - WIRE_PROTOCOL_INIT] = &server_rows,
    [WIRE_PROTOCOL_LOG - WIRE_PROTOCOL_INIT] = &log_rows,
    [WIRE_PROTOCOL_METRICS - WIRE_PROTOCOL_INIT] = &metrics_rows,
    [WIRE_PROTOCOL_ENTROPY - WIRE_PROTOCOL_INIT] = &entropy_rows,
    [WIRE_PROTOCOL_BLOCK - WIRE_PROTOCOL_INIT] = &block_rows,
    [WIRE_PROTOCOL_STATE - WIRE_PROTOCOL_INIT] = &state_rows,
    [WIRE_PROTOCOL_EXEC - WIRE_PROTOCOL_INIT] = &exec_rows,
    [WIRE_PROTOCOL_EXAMPLE - WIRE_PROTOCOL_INIT] = &example_rows,
    [WIRE_PROTOCOL_KEYS - WIRE_PROTOCOL_INIT] = &keys_rows,
    [WIRE_PROTOCOL_UPDATE - WIRE_PROTOCOL_INIT] = &update_rows,
};
