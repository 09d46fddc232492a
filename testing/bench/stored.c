// testing/bench/stored.c: what the operations of the services behind devices cost those who ask
// them often: values of statefsd, kept for good, bytes of rngd, here; keys of keystored and
// programs of execd beside it. Instructions of all on this hart: client, service, what that asks
// itself, kernel.
#include "testing/bench/stored.h"

#include "ipc/ready.h"
#include "ipc/wire/entropy_wire.h"
#include "ipc/wire/state_wire.h"
#include "runtime/main.h"
#include "testing/bench/bench.h"

enum { STORED_ROUNDS = 32, RANDOM_BYTES = 32 };

static const uint8_t kept[] = {'b', 'e', 'n', 'c', 'h'};
static const struct wire_bytes kept_key = {.data = kept, .count = sizeof(kept)};
static const uint8_t gone[] = {'g', 'o', 'n', 'e'};
static const struct wire_bytes gone_key = {.data = gone, .count = sizeof(gone)};

static struct ipc_question question_to(const struct stored *stored, const char *service,
                                       const struct wire_protocol_rows *protocol) {
    return (struct ipc_question){.target = service_id_named(service),
                                 .protocol = protocol,
                                 .deadline = stored->deadline,
                                 .carried = slot_at(CAP_SLOT_NONE)};
}

void stored_asks(struct stored *stored, const char *service,
                 const struct wire_protocol_rows *protocol, struct wire_header *message) {
    const struct ipc_question question = question_to(stored, service, protocol);
    stored->failures +=
        ipc_ask(&stored->ipc, &question, message).error != IPC_OK || message->status != WIRE_OK;
}

static ALWAYS_INLINE void round_nothing(void *of) {
    (void)of;
}

void stored_figure(struct stored *stored, const char *what, bench_round *prepare,
                   bench_round *round) {
    uint64_t reading = measure(stored, round_nothing).least;
    print_figure(stored->runtime, what, measure_rounds(stored, prepare, round, STORED_ROUNDS),
                 reading);
}

static void asks_state(struct stored *stored, struct state_message message) {
    stored_asks(stored, "statefsd", &state_rows, &message.header);
}

static void round_put(void *of) {
    asks_state(of, (struct state_message){
                       .header = {.op = STATE_OP_PUT}, .key = kept_key, .value = stored_value(of)});
}

static void round_get(void *of) {
    asks_state(of, (struct state_message){.header = {.op = STATE_OP_GET}, .key = kept_key});
}

static void prepare_delete(void *of) {
    asks_state(of, (struct state_message){
                       .header = {.op = STATE_OP_PUT}, .key = gone_key, .value = stored_value(of)});
}

static void round_delete(void *of) {
    asks_state(of, (struct state_message){.header = {.op = STATE_OP_DELETE}, .key = gone_key});
}

static void round_list(void *of) {
    asks_state(of, (struct state_message){.header = {.op = STATE_OP_LIST}});
}

// A change that nobody answers, and the question whether it is durable.
static void round_sync(void *of) {
    struct stored *stored = of;
    const struct ipc_question question = question_to(stored, "statefsd", &state_rows);
    struct state_message message = {
        .header = {.op = STATE_OP_PUT}, .key = kept_key, .value = stored_value(stored)};
    stored->failures += ipc_tell(&stored->ipc, &question, &message).error != IPC_OK;
    asks_state(stored, (struct state_message){.header = {.op = STATE_OP_SYNC}});
}

// One change, begun and done.
static void round_transaction(void *of) {
    struct stored *stored = of;
    struct state_message begun = {.header = {.op = STATE_OP_BEGIN}};
    stored_asks(stored, "statefsd", &state_rows, &begun.header);
    asks_state(stored, (struct state_message){.header = {.op = STATE_OP_PUT},
                                              .transaction = begun.transaction,
                                              .key = kept_key,
                                              .value = stored_value(stored)});
    asks_state(stored, (struct state_message){.header = {.op = STATE_OP_COMMIT},
                                              .transaction = begun.transaction});
}

static void round_random(void *of) {
    struct entropy_message message = {.header = {.op = ENTROPY_OP_BYTES}, .count = RANDOM_BYTES};
    stored_asks(of, "rngd", &entropy_rows, &message.header);
}

static void run(struct stored *stored) {
    stored_figure(stored, "state_put", prepare_nothing, round_put);
    stored_figure(stored, "state_get", prepare_nothing, round_get);
    stored_figure(stored, "state_delete", prepare_delete, round_delete);
    stored_figure(stored, "state_list", prepare_nothing, round_list);
    stored_figure(stored, "state_sync", prepare_nothing, round_sync);
    stored_figure(stored, "state_transaction", prepare_nothing, round_transaction);
    stored_keys(stored);
    stored_figure(stored, "entropy_bytes", prepare_nothing, round_random);
    stored_exec(stored);
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
    run(&stored);
    if (stored.failures != 0) {
        log_line(runtime, "bench: %u failed", stored.failures);
        return 1;
    }
    marker_text(runtime, MARKER_BENCH_END);
    return 0;
}
