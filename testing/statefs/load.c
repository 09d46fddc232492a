// testing/statefs/load.c: changes one after the other, each with its number, each acknowledged
// before the next: what powercut.cc judges disks by. Change n puts n as "seq" and as one of
// LOAD_KEYS other keys, in one transaction; all but each NARROW-th are large, so that the region
// fills. Each that was acknowledged is printed.
//
// Where it finds changes, on a disk that lost its power, it looks whether all of them are right,
// and makes one more.
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

// What `say` wrote; 0 of what it did not.
static uint32_t number_in(struct wire_bytes value) {
    uint32_t number = 0;
    if (value.count < 2 + DIGITS || value.data[0] != 'n' || value.data[1] != '=') {
        return 0;
    }
    for (uint32_t i = 2; i < 2 + DIGITS; i++) {
        number = number * 10 + (uint32_t)(value.data[i] - '0');
    }
    return number;
}

// False: statefsd did not answer. 0: the key is not there.
static bool reads(struct load *load, const char *key, uint32_t *number) {
    struct state_message message = {
        .key = {.data = (const uint8_t *)key, .count = (uint32_t)strlen(key)}};
    const bool there = asks(load, STATE_OP_GET, &message);
    *number = there ? number_in(message.value) : 0;
    return there || message.header.status == WIRE_ABSENT;
}

// Whether each key is of the last change that it was in.
static bool is_whole(struct load *load, uint32_t found) {
    char key[] = "key0";
    for (uint32_t i = 0; i < LOAD_KEYS; i++) {
        const uint32_t back = (found + LOAD_KEYS - i) % LOAD_KEYS;
        const uint32_t right = found > back ? found - back : 0;
        uint32_t number = 0;
        key[3] = (char)('0' + i);
        if (!reads(load, key, &number) || number != right) {
            log_line(load->runtime, "load: %s is of change %u, not %u", key, number, right);
            return false;
        }
    }
    return true;
}

static bool changes(struct load *load, uint32_t first, uint32_t last) {
    for (uint32_t number = first; number <= last; number++) {
        if (!change(load, number)) {
            log_line(load->runtime, "load: change %u was not acknowledged", number);
            return false;
        }
        log_line(load->runtime, "load: change %u", number);
    }
    return true;
}

int service_main(struct runtime *runtime) {
    struct load load = {.runtime = runtime};
    struct slot_result pause = sys_endpoint_create(slot_at(SLOT_FACTORY));
    uint32_t found = 0;
    ipc_resolver_init(&load.resolver, runtime, SLOT_SAMGRD);
    ipc_client_init(&load.ipc, runtime, ipc_resolver_ask, &load.resolver, pause.slot);
    if (pause.status != STATUS_OK || ipc_ready(runtime) != STATUS_OK ||
        !reads(&load, "seq", &found)) {
        return 1;
    }
    if (found == 0) {
        if (!changes(&load, 1, LOAD_CHANGES)) {
            return 1;
        }
        marker_text(runtime, MARKER_LOAD_ACKNOWLEDGED);
        return 0;
    }
    log_line(runtime, "load: found change %u", found);
    if (!is_whole(&load, found)) {
        return 1;
    }
    marker_text(runtime, MARKER_LOAD_FOUND);
    if (!changes(&load, found + 1, found + 1)) {
        return 1;
    }
    marker_text(runtime, MARKER_LOAD_WENT_ON);
    return 0;
}
