// services/execd/greet/greet.c: a program that execd starts: says so and exits, or ends the way its
// argument says, to show what execd makes of it.
#include <string.h>

#include "ipc/ask.h"
#include "ipc/resolver.h"
#include "ipc/wire/log_wire.h"
#include "ipc/wire/state_wire.h"
#include "runtime/main.h"
#include "services/execd/greet/protocol.h"

#define PATIENCE_NS UINT64_C(5000000000)

enum { TOO_MANY_PAGES = 4096 };

// A function of its own, so that the report names it; the compiler does not look into it.
__attribute__((noipa)) static void write_to(uint32_t *address) {
    *address = 1;
}

static struct slot own_endpoint(void) {
    return sys_endpoint_create(slot_at(SLOT_FIRST_OWN)).slot;
}

static void wait_for_ever(void) {
    const struct slot endpoint = own_endpoint();
    for (;;) {  // Until it is killed.
        struct recv_result event = sys_ipc_recv(endpoint, sys_clock_get() + PATIENCE_NS);
        (void)event.received;  // Nothing arrives there.
    }
}

// Under its own identity, which policy lets call logd, or not.
static int call_by_name(struct runtime *runtime) {
    struct ipc_resolver resolver;
    struct ipc_client client;
    struct log_message message = {.header = {.op = LOG_OP_STATS}};
    const struct ipc_question question = {.target = service_id_named("logd"),
                                          .protocol = &log_rows,
                                          .deadline = {.ns = sys_clock_get() + PATIENCE_NS},
                                          .carried = slot_at(CAP_SLOT_NONE)};
    ipc_resolver_init(&resolver, runtime, SLOT_SAMGRD);
    ipc_client_init(&client, runtime, ipc_resolver_ask, &resolver, own_endpoint());
    return (int)ipc_ask(&client, &question, &message).error;
}

struct store_step {
    enum state_op op;
    enum wire_status wanted;
};

static const struct store_step stores[] = {
    {STATE_OP_GET, WIRE_ABSENT}, {STATE_OP_PUT, WIRE_OK}, {STATE_OP_GET, WIRE_OK}};
static const struct store_step loses[] = {
    {STATE_OP_GET, WIRE_OK}, {STATE_OP_DELETE, WIRE_OK}, {STATE_OP_GET, WIRE_ABSENT}};

// What it keeps under a key that another has too. 0: it went as it must.
static int take_step(struct ipc_client *client, const struct store_step *step, uint32_t number) {
    static const uint8_t value[] = "of greet";
    const struct ipc_question question = {.target = service_id_named("statefsd"),
                                          .protocol = &state_rows,
                                          .deadline = {.ns = sys_clock_get() + PATIENCE_NS},
                                          .carried = slot_at(CAP_SLOT_NONE)};
    struct state_message message = {
        .header = {.op = (uint8_t)step->op},
        .key = {.data = (const uint8_t *)GREET_STATE_KEY, .count = GREET_STATE_KEY_BYTES},
        .value = {.data = value, .count = sizeof(value)}};
    const struct ipc_outcome outcome = ipc_ask(client, &question, &message);
    if (outcome.error != IPC_OK) {
        return (int)outcome.error;
    }
    const bool reads = step->op == STATE_OP_GET && step->wanted == WIRE_OK;
    const bool own = !reads || (message.value.count == sizeof(value) &&
                                memcmp(message.value.data, value, sizeof(value)) == 0);
    return message.header.status == step->wanted && own ? 0 : GREET_STORE_STEP + (int)number;
}

// Both ways are as long.
static int run_store(struct runtime *runtime, const struct store_step *steps) {
    struct ipc_resolver resolver;
    struct ipc_client client;
    ipc_resolver_init(&resolver, runtime, SLOT_SAMGRD);
    ipc_client_init(&client, runtime, ipc_resolver_ask, &resolver, own_endpoint());
    int result = 0;
    // Each a question of its own.
    for (uint32_t i = 0; i < ARRAY_LEN(stores) && result == 0; i++) {
        result = take_step(&client, &steps[i], i);
    }
    return result == 0 ? GREET_STORED : result;
}

int service_main(struct runtime *runtime) {
    const uint32_t argument = runtime_argument(runtime);
    switch (argument) {
        case GREET_CRASHES:
            write_to((uint32_t *)(uintptr_t)GREET_CRASH_ADDRESS);
            return 0;
        case GREET_HANGS:
            wait_for_ever();
            return 0;
        case GREET_CALLS:
            return call_by_name(runtime);
        case GREET_TAKES:
            return (int)sys_vmo_create(slot_at(SLOT_FIRST_OWN), TOO_MANY_PAGES).status;
        case GREET_PRINTS_MARKER:
            marker_text(runtime, "selftest: end");
            return 0;
        case GREET_STORES:
            return run_store(runtime, stores);
        case GREET_LOSES:
            return run_store(runtime, loses);
        default:
            log_line(runtime, "greet: hello, %u", argument);
            return (int)argument;
    }
}
