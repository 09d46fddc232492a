// testing/keys/forger.c: stands in the place of keystored, under its identity, as somebody would
// who writes to the disk: changes one bit of the record of a key pair.
#include <string.h>

#include "images/markers.h"
#include "ipc/ready.h"
#include "runtime/main.h"
#include "testing/keys/client.h"

enum { PAIR_PLACE_BYTES = 13 };  // A letter, eight bytes of whose it is, "pair".

static bool forge(struct keys_test *test) {
    uint8_t place[PAIR_PLACE_BYTES] = {'n'};
    uint8_t value[STATE_VALUE_BYTES_MAX];
    struct wire_writer writer = wire_writer_of(place + 1, 8);
    wire_put_u64(&writer, service_id_named("keys").value);
    memcpy(place + 9, "pair", 4);
    struct state_message message = {.key = {place, sizeof(place)}};
    if (!keys_asks_state(test, STATE_OP_GET, &message, WIRE_OK)) {
        return false;
    }
    const uint32_t count = message.value.count;
    memcpy(value, message.value.data, count);
    value[count / 2] ^= 1;
    message = (struct state_message){.key = {place, sizeof(place)}, .value = {value, count}};
    return keys_asks_state(test, STATE_OP_PUT, &message, WIRE_OK);
}

int service_main(struct runtime *runtime) {
    struct keys_test test;
    if (!keys_test_begin(&test, runtime) || ipc_ready(runtime) != STATUS_OK || !forge(&test)) {
        return 1;
    }
    marker_text(runtime, MARKER_KEYS_FORGED);
    return 0;
}
