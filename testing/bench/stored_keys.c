// testing/bench/stored_keys.c: what keystored's operations cost: a signature of a key pair and of
// the device, one that is looked at, a secret, bytes sealed and opened, names told.
#include <string.h>

#include "ipc/wire/keys_wire.h"
#include "testing/bench/stored.h"

static const uint8_t pair[] = {'b', 'e', 'n', 'c', 'h'};
static const struct wire_bytes pair_name = {.data = pair, .count = sizeof(pair)};
static const uint8_t secret[] = {'o', 't', 'h', 'e', 'r'};
static const struct wire_bytes secret_name = {.data = secret, .count = sizeof(secret)};

static void asks(struct stored *stored, struct keys_message *message) {
    stored_asks(stored, "keystored", &keys_rows, &message->header);
}

// Copies what an answer holds to `out`, of that many bytes at most. Returns how many there are.
static uint32_t take(struct stored *stored, uint8_t *out, uint32_t out_bytes,
                     struct wire_bytes bytes) {
    const bool fits = bytes.count <= out_bytes;
    stored->failures += !fits;
    if (fits) {
        memcpy(out, bytes.data, bytes.count);
    }
    return fits ? bytes.count : 0;
}

static void round_sign(void *of) {
    struct stored *stored = of;
    struct keys_message message = {
        .header = {.op = KEYS_OP_SIGN}, .name = pair_name, .message = stored_value(stored)};
    asks(stored, &message);
}

static void round_give(void *of) {
    struct keys_message message = {.header = {.op = KEYS_OP_GIVE}, .name = secret_name};
    asks(of, &message);
}

static void round_identity(void *of) {
    struct keys_message message = {.header = {.op = KEYS_OP_IDENTITY}};
    asks(of, &message);
}

static void round_attest(void *of) {
    struct stored *stored = of;
    struct keys_message message = {.header = {.op = KEYS_OP_ATTEST},
                                   .message = stored_value(stored)};
    asks(stored, &message);
}

static void round_verify(void *of) {
    struct stored *stored = of;
    struct keys_message message = {
        .header = {.op = KEYS_OP_VERIFY},
        .public_key = {.data = stored->public_key, .count = sizeof(stored->public_key)},
        .message = stored_value(stored),
        .signature = {.data = stored->signature, .count = sizeof(stored->signature)}};
    asks(stored, &message);
}

static void round_seal(void *of) {
    struct stored *stored = of;
    struct keys_message message = {
        .header = {.op = KEYS_OP_SEAL}, .context = pair_name, .plain = stored_value(stored)};
    asks(stored, &message);
}

static void round_open(void *of) {
    struct stored *stored = of;
    struct keys_message message = {
        .header = {.op = KEYS_OP_OPEN},
        .context = pair_name,
        .sealed = {.data = stored->sealed, .count = stored->sealed_bytes}};
    asks(stored, &message);
}

static void round_next(void *of) {
    struct keys_message message = {.header = {.op = KEYS_OP_NEXT}};
    asks(of, &message);
}

// A key pair, a secret, and what VERIFY and OPEN are asked about.
static void make(struct stored *stored) {
    struct keys_message made = {.header = {.op = KEYS_OP_MAKE}, .name = pair_name};
    asks(stored, &made);
    stored->failures += take(stored, stored->public_key, sizeof(stored->public_key),
                             made.public_key) != sizeof(stored->public_key);
    struct keys_message given = {
        .header = {.op = KEYS_OP_KEEP}, .name = secret_name, .secret = stored_value(stored)};
    asks(stored, &given);
    struct keys_message sign = {
        .header = {.op = KEYS_OP_SIGN}, .name = pair_name, .message = stored_value(stored)};
    asks(stored, &sign);
    stored->failures += take(stored, stored->signature, sizeof(stored->signature),
                             sign.signature) != sizeof(stored->signature);
    struct keys_message seal = {
        .header = {.op = KEYS_OP_SEAL}, .context = pair_name, .plain = stored_value(stored)};
    asks(stored, &seal);
    stored->sealed_bytes = take(stored, stored->sealed, sizeof(stored->sealed), seal.sealed);
}

void stored_keys(struct stored *stored) {
    make(stored);
    stored_figure(stored, "keys_sign", prepare_nothing, round_sign);
    stored_figure(stored, "keys_give", prepare_nothing, round_give);
    stored_figure(stored, "keys_identity", prepare_nothing, round_identity);
    stored_figure(stored, "keys_attest", prepare_nothing, round_attest);
    stored_figure(stored, "keys_verify", prepare_nothing, round_verify);
    stored_figure(stored, "keys_seal", prepare_nothing, round_seal);
    stored_figure(stored, "keys_open", prepare_nothing, round_open);
    stored_figure(stored, "keys_next", prepare_nothing, round_next);
}
