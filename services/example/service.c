// services/example/service.c: connects the logic (example.h) with its clients.
#include "services/example/service.h"

#include "images/markers.h"
#include "ipc/server.h"
#include "ipc/wire/example_wire.h"
#include "services/example/example.h"

struct example_service {
    struct ipc_server server;
    struct example example;
};

static void fill_answer(const struct example *example, struct example_message *message) {
    message->total = example->total;
    message->count = example->count;
}

static enum wire_status on_add(void *state, struct ipc_exchange *exchange) {
    struct example_service *service = state;
    struct example_message *message = exchange->message;
    enum wire_status status = example_add(&service->example, message->value);
    fill_answer(&service->example, message);
    return status;
}

static enum wire_status on_read(void *state, struct ipc_exchange *exchange) {
    const struct example_service *service = state;
    fill_answer(&service->example, exchange->message);
    return WIRE_OK;
}

int example_main(struct runtime *runtime) {
    static const struct ipc_row rows[] = {
        [EXAMPLE_OP_ADD] = {.call = on_add},
        [EXAMPLE_OP_READ] = {.call = on_read},
    };
    const struct ipc_service service = {.name = "example",
                                        .ready = MARKER_EXAMPLE_READY,
                                        .protocol = &example_rows,
                                        .rows = rows,
                                        .row_count = ARRAY_LEN(rows)};
    struct example_service state;
    example_init(&state.example);
    return ipc_serve(&state.server, runtime, &service, &state);
}
