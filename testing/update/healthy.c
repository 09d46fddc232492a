// testing/update/healthy.c: a system of one program that says that it is well.
#include "ipc/ask.h"
#include "ipc/resolver.h"
#include "ipc/wire/update_wire.h"
#include "runtime/main.h"

#define PATIENCE_NS UINT64_C(60000000000)

int service_main(struct runtime *runtime) {
    struct ipc_resolver resolver;
    struct ipc_client client;
    struct update_message message = {.header = {.op = UPDATE_OP_CONFIRM}};
    const struct ipc_question question = {.target = service_id_named("updated"),
                                          .protocol = &update_rows,
                                          .deadline = {.ns = sys_clock_get() + PATIENCE_NS},
                                          .carried = slot_at(CAP_SLOT_NONE)};
    ipc_resolver_init(&resolver, runtime, SLOT_SAMGRD);
    ipc_client_init(&client, runtime, ipc_resolver_ask, &resolver,
                    sys_endpoint_create(slot_at(SLOT_FIRST_OWN)).slot);
    struct ipc_outcome outcome = ipc_ask(&client, &question, &message);
    log_line(runtime, "app: well: %u, status %u, result %u", (uint32_t)outcome.error,
             message.header.status, message.result);
    return outcome.error == IPC_OK && message.header.status == WIRE_OK && message.result == 0 ? 0
                                                                                              : 1;
}
