// testing/bench/stored.c: what the usual operations of the services behind devices cost: a value
// from statefsd, a change that it makes durable, a signature and a secret of keystored, bytes of
// rngd, a program that execd could start. Instructions of all on this hart: client, service, what
// that asks itself, kernel.
#include <string.h>

#include "ipc/ask.h"
#include "ipc/ready.h"
#include "ipc/resolver.h"
#include "ipc/wire/entropy_wire.h"
#include "ipc/wire/exec_wire.h"
#include "ipc/wire/keys_wire.h"
#include "ipc/wire/state_wire.h"
#include "runtime/main.h"
#include "testing/bench/bench.h"
#include "testing/bench/measure.h"

enum { STORED_ROUNDS = 32, VALUE_BYTES = 64, RANDOM_BYTES = 32 };

struct stored {
    struct runtime *runtime;
    struct ipc_resolver resolver;
    struct ipc_client ipc;
    struct deadline deadline;
    uint32_t failures;
    uint8_t value[VALUE_BYTES];
};

static const uint8_t name[] = {'b', 'e', 'n', 'c', 'h'};
static const struct wire_bytes named = {.data = name, .count = sizeof(name)};
static const uint8_t other[] = {'o', 't', 'h', 'e', 'r'};
static const struct wire_bytes secret_named = {.data = other, .count = sizeof(other)};

static ALWAYS_INLINE void round_nothing(void *of) {
    (void)of;
}

// Every message begins with the header.
static void asks(struct stored *stored, const char *service,
                 const struct wire_protocol_rows *protocol, struct wire_header *message) {
    const struct ipc_question question = {.target = service_id_named(service),
                                          .protocol = protocol,
                                          .deadline = stored->deadline,
                                          .carried = slot_at(CAP_SLOT_NONE)};
    stored->failures +=
        ipc_ask(&stored->ipc, &question, message).error != IPC_OK || message->status != WIRE_OK;
}

static struct wire_bytes value_of(const struct stored *stored) {
    return (struct wire_bytes){.data = stored->value, .count = sizeof(stored->value)};
}

static void round_put(void *of) {
    struct stored *stored = of;
    struct state_message message = {
        .header = {.op = STATE_OP_PUT}, .key = named, .value = value_of(stored)};
    asks(stored, "statefsd", &state_rows, &message.header);
}

static void round_get(void *of) {
    struct state_message message = {.header = {.op = STATE_OP_GET}, .key = named};
    asks(of, "statefsd", &state_rows, &message.header);
}

static void make_key(struct stored *stored) {
    struct keys_message message = {.header = {.op = KEYS_OP_MAKE}, .name = named};
    asks(stored, "keystored", &keys_rows, &message.header);
    struct keys_message secret = {
        .header = {.op = KEYS_OP_KEEP}, .name = secret_named, .secret = value_of(stored)};
    asks(stored, "keystored", &keys_rows, &secret.header);
}

static void round_sign(void *of) {
    struct stored *stored = of;
    struct keys_message message = {
        .header = {.op = KEYS_OP_SIGN}, .name = named, .message = value_of(stored)};
    asks(stored, "keystored", &keys_rows, &message.header);
}

static void round_give(void *of) {
    struct keys_message message = {.header = {.op = KEYS_OP_GIVE}, .name = secret_named};
    asks(of, "keystored", &keys_rows, &message.header);
}

static void round_random(void *of) {
    struct entropy_message message = {.header = {.op = ENTROPY_OP_BYTES}, .count = RANDOM_BYTES};
    asks(of, "rngd", &entropy_rows, &message.header);
}

static void round_program(void *of) {
    struct exec_message message = {.header = {.op = EXEC_OP_PROGRAM}};
    asks(of, "execd", &exec_rows, &message.header);
}

static void figure(struct stored *stored, const char *what, bench_round *round) {
    uint64_t reading = measure(stored, round_nothing).least;
    print_figure(stored->runtime, what,
                 measure_rounds(stored, prepare_nothing, round, STORED_ROUNDS), reading);
}

int service_main(struct runtime *runtime) {
    struct stored stored = {.runtime = runtime,
                            .deadline = {.ns = sys_clock_get() + BENCH_PATIENCE_NS}};
    ipc_resolver_init(&stored.resolver, runtime, SLOT_SAMGRD);
    ipc_client_init(&stored.ipc, runtime, ipc_resolver_ask, &stored.resolver,
                    slot_at(CAP_SLOT_NONE));
    if (ipc_ready(runtime) != STATUS_OK) {
        return 1;
    }
    make_key(&stored);
    figure(&stored, "state_put", round_put);
    figure(&stored, "state_get", round_get);
    figure(&stored, "keys_sign", round_sign);
    figure(&stored, "keys_give", round_give);
    figure(&stored, "entropy_bytes", round_random);
    figure(&stored, "exec_program", round_program);
    if (stored.failures != 0) {
        log_line(runtime, "bench: %u failed", stored.failures);
        return 1;
    }
    marker_text(runtime, MARKER_BENCH_END);
    return 0;
}
