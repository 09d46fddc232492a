// services/selftest/cases_entropy.c: random bytes from rngd: that they come, that they differ, that
// the generator takes new seeds while it is used, what it refuses, and its own end.
#include <string.h>

#include "ipc/wire/entropy_wire.h"
#include "services/selftest/caller.h"
#include "services/selftest/cases.h"

enum {
    MOST = 256,  // ipc/wire/entropy_fields.def
    // More than one seed serves for (services/rngd/rngd.h: 16 KiB).
    ROUNDS_OF_A_SEED = 65,
    WAITS_MAX = 6000,
    NS_A_WAIT = 1000000,
};

static bool ask(struct caller *caller, struct entropy_message *message, enum wire_status status) {
    struct ipc_outcome outcome = caller_ask(caller, "rngd", &entropy_rows, message);
    return selftest_expect(caller->selftest, "asking rngd", outcome.error, IPC_OK) &&
           selftest_expect(caller->selftest, "rngd's status", message->header.status, status);
}

static bool get(struct caller *caller, uint32_t count, uint8_t *out) {
    struct entropy_message message = {.header = {.op = ENTROPY_OP_BYTES}, .count = count};
    if (!ask(caller, &message, WIRE_OK) ||
        !selftest_expect(caller->selftest, "bytes", message.bytes.count, count)) {
        return false;
    }
    memcpy(out, message.bytes.data, count);
    return true;
}

static bool refused(struct caller *caller, uint32_t count, enum wire_status status) {
    struct entropy_message message = {.header = {.op = ENTROPY_OP_BYTES}, .count = count};
    return ask(caller, &message, status);
}

bool case_entropy_bytes(struct selftest *selftest) {
    const uint8_t zeros[MOST] = {0};
    uint8_t first[MOST];
    uint8_t second[MOST];
    struct caller caller;
    return caller_begin(selftest, &caller) && get(&caller, MOST, first) &&
           get(&caller, MOST, second) && get(&caller, 1, second) &&
           selftest_expect(selftest, "zeros for chance", memcmp(first, zeros, MOST) == 0, false) &&
           selftest_expect(selftest, "the same twice", memcmp(first, second, MOST) == 0, false) &&
           caller_end(&caller);
}

// Until there is another seed than before; the device may take its time.
static bool sees_seed(struct caller *caller, const struct entropy_message *before,
                      struct entropy_message *after) {
    bool good = ask(caller, after, WIRE_OK);
    for (uint32_t i = 0; i < WAITS_MAX && good && after->seeds == before->seeds; i++) {
        struct recv_result waited = sys_ipc_recv(caller->client.pause, sys_clock_get() + NS_A_WAIT);
        after->header.op = ENTROPY_OP_STATE;
        good =
            selftest_expect_status(caller->selftest, "waiting", waited.status, STATUS_TIMED_OUT) &&
            ask(caller, after, WIRE_OK);
    }
    return good && selftest_expect(caller->selftest, "without a new seed",
                                   after->seeds == before->seeds, false);
}

// The device's interrupt comes while rngd answers.
bool case_entropy_reseeded(struct selftest *selftest) {
    struct entropy_message before = {.header = {.op = ENTROPY_OP_STATE}};
    struct entropy_message after = {.header = {.op = ENTROPY_OP_STATE}};
    uint8_t bytes[MOST];
    struct caller caller;
    bool good = caller_begin(selftest, &caller) && ask(&caller, &before, WIRE_OK);
    for (uint32_t i = 0; i < ROUNDS_OF_A_SEED && good; i++) {
        good = get(&caller, MOST, bytes);
    }
    return good && sees_seed(&caller, &before, &after) &&
           selftest_expect(selftest, "bytes given", after.given - before.given,
                           (uint64_t)ROUNDS_OF_A_SEED * MOST) &&
           get(&caller, MOST, bytes) && caller_end(&caller);
}

bool case_entropy_reject_count(struct selftest *selftest) {
    struct caller caller;
    return caller_begin(selftest, &caller) && refused(&caller, MOST + 1, WIRE_TOO_LARGE) &&
           refused(&caller, UINT32_MAX, WIRE_TOO_LARGE) && refused(&caller, 0, WIRE_MALFORMED) &&
           caller_end(&caller);
}

bool case_entropy_reject_denied(struct selftest *selftest) {
    struct caller caller;
    return caller_begin(selftest, &caller) && caller_sees_denial(&caller, "rngd") &&
           caller_end(&caller);
}

// The next instance resets the device, tests it again, and has another seed.
bool case_entropy_rebound(struct selftest *selftest) {
    struct entropy_message state = {.header = {.op = ENTROPY_OP_STATE}};
    uint8_t byte;
    struct caller caller;
    return caller_begin(selftest, &caller) && get(&caller, 1, &byte) &&
           caller_sees_restart(&caller, "rngd") && ask(&caller, &state, WIRE_OK) &&
           selftest_expect(selftest, "seeds", state.seeds, 1) && get(&caller, 1, &byte) &&
           caller_end(&caller);
}
