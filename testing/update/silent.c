// testing/update/silent.c: a system of one program that runs, and never says that it is well.
#include "runtime/main.h"

#define PATIENCE_NS UINT64_C(60000000000)

int service_main(struct runtime *runtime) {
    const struct slot endpoint = sys_endpoint_create(slot_at(SLOT_FIRST_OWN)).slot;
    log_line(runtime, "app: says nothing");
    struct recv_result event = sys_ipc_recv(endpoint, sys_clock_get() + PATIENCE_NS);
    return (int)event.status;
}
