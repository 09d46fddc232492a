// services/echo/service.c: the smallest service: a handler for each operation.
#include "services/echo/service.h"

#include "images/markers.h"
#include "ipc/server.h"
#include "ipc/wire/echo_wire.h"

static enum wire_status on_echo(void *state, struct ipc_exchange *exchange) {
    (void)state;
    (void)exchange;  // The value stands where the answer takes it from.
    return WIRE_OK;
}

static enum wire_status on_end(void *state, struct ipc_exchange *exchange) {
    (void)state;
    (void)exchange;
    sys_task_exit(0);
    return WIRE_OK;  // Not reached.
}

int echo_main(struct runtime *runtime) {
    static const struct ipc_row rows[] = {
        [ECHO_OP_ECHO] = {.call = on_echo},
        [ECHO_OP_END] = {.call = on_end},
    };
    const struct ipc_service service = {.name = "echo",
                                        .ready = MARKER_ECHO_READY,
                                        .protocol = &echo_rows,
                                        .rows = rows,
                                        .row_count = ARRAY_LEN(rows)};
    struct ipc_server server;
    return ipc_serve(&server, runtime, &service, 0);
}
