// testing/bench/state.c: what statefsd costs: a value read, a change made durable, eight in one
// transaction, and its start with a journal of few batches, of some and of many. Instructions of
// all on this hart: client, statefsd, virtioblkd, kernel, of a start also init, samgrd and policyd.
#include <string.h>

#include "ipc/ask.h"
#include "ipc/frame.h"
#include "ipc/ready.h"
#include "ipc/resolver.h"
#include "ipc/state_item.h"
#include "ipc/wire/init_wire.h"
#include "ipc/wire/state_wire.h"
#include "runtime/main.h"
#include "testing/bench/bench.h"
#include "testing/bench/measure.h"

enum {
    STATE_ROUNDS = 32,
    START_ROUNDS = 2,
    VALUE_BYTES = 64,
    FEW = 2,     // Transactions of the largest size: batches of 7 sectors, with 8 records each.
    SOME = 40,
    MANY = 110,  // A region of this disk has 1,016 sectors, and copies when a reserve is reached.
};

struct state {
    struct runtime *runtime;
    struct ipc_resolver resolver;
    struct ipc_client ipc;
    struct deadline deadline;
    uint32_t batches;  // Before a start.
    uint32_t failures;
    uint8_t value[STATE_VALUE_BYTES_MAX];
};

static ALWAYS_INLINE void round_nothing(void *of) {
    (void)of;
}

static void asks(struct state *state, enum state_op op, struct state_message *message) {
    const struct ipc_question question = {.target = service_id_named("statefsd"),
                                          .protocol = &state_rows,
                                          .deadline = state->deadline,
                                          .carried = slot_at(CAP_SLOT_NONE)};
    message->header.op = (uint8_t)op;
    state->failures += ipc_ask(&state->ipc, &question, message).error != IPC_OK ||
                       message->header.status != WIRE_OK;
}

static void puts_to(struct state *state, uint64_t transaction, char letter, uint32_t bytes) {
    const uint8_t key[] = {'k', 'e', 'y', (uint8_t)letter};
    struct state_message message = {.transaction = transaction,
                                    .key = {.data = key, .count = sizeof(key)},
                                    .value = {.data = state->value, .count = bytes}};
    asks(state, STATE_OP_PUT, &message);
}

static void round_put(void *of) {
    puts_to(of, 0, '0', VALUE_BYTES);
}

static void round_get(void *of) {
    static const uint8_t key[] = {'k', 'e', 'y', '0'};
    struct state_message message = {.key = {.data = key, .count = sizeof(key)}};
    asks(of, STATE_OP_GET, &message);
}

static void changes_eight(struct state *state, uint32_t bytes) {
    struct state_message begun = {.transaction = 0};
    asks(state, STATE_OP_BEGIN, &begun);
    for (uint32_t i = 0; i < STATE_CHANGES_MAX; i++) {
        puts_to(state, begun.transaction, (char)('0' + i), bytes);
    }
    struct state_message done = {.transaction = begun.transaction};
    asks(state, STATE_OP_COMMIT, &done);
}

static void round_eight(void *of) {
    changes_eight(of, VALUE_BYTES);
}

static void prepare_start(void *of) {
    struct state *state = of;
    for (uint32_t i = 0; i < state->batches; i++) {
        changes_eight(state, STATE_VALUE_BYTES_MAX);
    }
}

// statefsd is ended; the next one reads the journal, copies it, and answers.
static void round_start(void *of) {
    struct state *state = of;
    struct message_page *page = state->runtime->page;
    struct init_message message = {.header = {.op = INIT_OP_END},
                                   .service = service_id_named("statefsd").value};
    frame_finish(&page->call_out, WIRE_PROTOCOL_INIT,
                 init_encode(WIRE_REQUEST, &message, page->call_out.payload,
                             sizeof(page->call_out.payload)));
    state->failures += sys_ipc_call(slot_at(SLOT_OPERATOR), state->deadline.ns).status != STATUS_OK;
    round_get(state);
}

static void figure(struct state *state, const char *name, bench_round *round) {
    uint64_t reading = measure(state, round_nothing).least;
    print_figure(state->runtime, name, measure_rounds(state, prepare_nothing, round, STATE_ROUNDS),
                 reading);
}

// Says how many batches the last of the starts replayed.
static void figure_of_start(struct state *state, const char *name, uint32_t batches) {
    struct state_message stats = {.transaction = 0};
    state->batches = batches;
    print_figure(state->runtime, name,
                 measure_rounds(state, prepare_start, round_start, START_ROUNDS), 0);
    asks(state, STATE_OP_STATS, &stats);
    log_line(state->runtime, "bench: %s: %u batches replayed", name, stats.replayed);
    state->failures += stats.replayed < batches || stats.lost != 0;
}

int service_main(struct runtime *runtime) {
    struct state state = {.runtime = runtime,
                          .deadline = {.ns = sys_clock_get() + BENCH_PATIENCE_NS}};
    ipc_resolver_init(&state.resolver, runtime, SLOT_SAMGRD);
    ipc_client_init(&state.ipc, runtime, ipc_resolver_ask, &state.resolver, slot_at(CAP_SLOT_NONE));
    if (ipc_ready(runtime) != STATUS_OK) {
        return 1;
    }
    figure(&state, "state_put_64B", round_put);
    figure(&state, "state_get_64B", round_get);
    figure(&state, "state_transaction_of_8", round_eight);
    figure_of_start(&state, "state_start", FEW);
    figure_of_start(&state, "state_start_at_40", SOME);
    figure_of_start(&state, "state_start_at_110", MANY);
    if (state.failures != 0) {
        log_line(runtime, "bench: %u failed", state.failures);
        return 1;
    }
    marker_text(runtime, MARKER_BENCH_END);
    return 0;
}
