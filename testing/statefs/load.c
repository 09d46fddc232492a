// testing/statefs/load.c: changes one after the other, each with its number, each acknowledged
// before the next: what powercut.cc judges disks by. Change n puts n as "seq" and as one of
// LOAD_KEYS other keys, in one transaction; all but each NARROW-th are large, so that the region
// fills.
#include <string.h>

#include "images/markers.h"
#include "ipc/ask.h"
#include "ipc/ready.h"
#include "ipc/resolver.h"
#include "ipc/state_item.h"
#include "ipc/wire/state_wire.h"
#include "runtime/main.h"

enum {
    SLOT_FACTORY = 4,  // Endpoints.
    LOAD_CHANGES = 440,
    LOAD_KEYS = 6,
    DIGITS = 8,
    NARROW = 8,
};

#define PATIENCE_NS UINT64_C(60000000000)

struct load {
    struct runtime *runtime;
    struct ipc_resolver resolver;
    struct ipc_client ipc;
    uint8_t value[STATE_VALUE_BYTES_MAX];
};

static bool asks(struct load *load, enum state_op op, struct state_message *message) {
    const struct ipc_question question = {.target = service_id_named("statefsd"),
                                          .protocol = &state_rows,
                                          .deadline = {sys_clock_get() + PATIENCE_NS},
                                          .carried = slot_at(CAP_SLOT_NONE)};
    message->header.op = (uint8_t)op;
    return ipc_ask(&load->ipc, &question, message).error == IPC_OK &&
           message->header.status == WIRE_OK;
}

static bool puts(struct load *load, uint64_t transaction, const char *key, uint32_t bytes) {
    struct state_message message = {
        .transaction = transaction,
        .key = {.data = (const uint8_t *)key, .count = (uint32_t)strlen(key)},
        .value = {.data = load->value, .count = bytes}};
    return asks(load, STATE_OP_PUT, &message);
}

// "n=" and DIGITS digits, then nothing or dots.
static void say(struct load *load, uint32_t number) {
    memset(load->value, '.', sizeof(load->value));
    load->value[0] = 'n';
    load->value[1] = '=';
    for (uint32_t i = 0; i < DIGITS; i++) {
        load->value[1 + DIGITS - i] = (uint8_t)('0' + number % 10);
        number /= 10;
    }
}

static bool change(struct load *load, uint32_t number) {
    char key[] = "key0";
    const uint32_t bytes = number % NARROW == 0 ? 2 + DIGITS : STATE_VALUE_BYTES_MAX;
    struct state_message begun = {.transaction = 0};
    struct state_message done;
    key[3] = (char)('0' + number % LOAD_KEYS);
    say(load, number);
    if (!asks(load, STATE_OP_BEGIN, &begun)) {
        return false;
    }
    done = (struct state_message){.transaction = begun.transaction};
    return puts(load, begun.transaction, "seq", bytes) &&
           puts(load, begun.transaction, key, bytes) && asks(load, STATE_OP_COMMIT, &done);
}

int service_main(struct runtime *runtime) {
    struct load load = {.runtime = runtime};
    struct slot_result pause = sys_endpoint_create(slot_at(SLOT_FACTORY));
    ipc_resolver_init(&load.resolver, runtime, SLOT_SAMGRD);
    ipc_client_init(&load.ipc, runtime, ipc_resolver_ask, &load.resolver, pause.slot);
    if (pause.status != STATUS_OK || ipc_ready(runtime) != STATUS_OK) {
        return 1;
    }
    for (uint32_t number = 1; number <= LOAD_CHANGES; number++) {
        if (!change(&load, number)) {
            log_line(runtime, "load: change %u was not acknowledged", number);
            return 1;
        }
    }
    marker_text(runtime, MARKER_LOAD_ACKNOWLEDGED);
    return 0;
}
