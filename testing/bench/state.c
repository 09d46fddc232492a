// testing/bench/state.c: what statefsd costs: a value read, a change made durable, eight in one
// transaction, and its start with a journal of few batches, of some and of many. Instructions of
// all on this hart: client, statefsd, virtioblkd, kernel, of a start also init, samgrd and policyd.
#include "ipc/state_item.h"
#include "runtime/main.h"
#include "testing/bench/journal.h"
#include "testing/bench/measure.h"

enum {
    STATE_ROUNDS = 32,
    START_ROUNDS = 2,
    VALUE_BYTES = 64,
    FEW = 2,  // Transactions of the largest size: batches of 7 sectors, with 8 records each.
    SOME = 40,
    MANY = 110,  // A region of this disk has 1,016 sectors, and copies when a reserve is reached.
};

struct state {
    struct journal journal;
    uint8_t value[STATE_VALUE_BYTES_MAX];  // On a word: what is not costs 430 more to copy.
    uint32_t batches;                      // Before a start.
};

static ALWAYS_INLINE void round_nothing(void *of) {
    (void)of;
}

static void puts_to(struct state *state, uint64_t transaction, char letter, uint32_t bytes) {
    const uint8_t key[] = {'k', 'e', 'y', (uint8_t)letter};
    struct state_message message = {.transaction = transaction,
                                    .key = {.data = key, .count = sizeof(key)},
                                    .value = {.data = state->value, .count = bytes}};
    journal_ask(&state->journal, STATE_OP_PUT, &message);
}

static void round_put(void *of) {
    puts_to(of, 0, '0', VALUE_BYTES);
}

static void round_get(void *of) {
    struct state *state = of;
    static const uint8_t key[] = {'k', 'e', 'y', '0'};
    struct state_message message = {.key = {.data = key, .count = sizeof(key)}};
    journal_ask(&state->journal, STATE_OP_GET, &message);
}

static void changes_eight(struct state *state, uint32_t bytes) {
    const uint64_t transaction = journal_begin(&state->journal);
    for (uint32_t i = 0; i < STATE_CHANGES_MAX; i++) {
        puts_to(state, transaction, (char)('0' + i), bytes);
    }
    journal_commit(&state->journal, transaction);
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
    journal_restart(&state->journal);
    round_get(state);
}

static void figure(struct state *state, const char *name, bench_round *round) {
    uint64_t reading = measure(state, round_nothing).least;
    print_figure(state->journal.runtime, name,
                 measure_rounds(state, prepare_nothing, round, STATE_ROUNDS), reading);
}

// Says how many batches the last of the starts replayed.
static void figure_of_start(struct state *state, const char *name, uint32_t batches) {
    struct state_message stats = {.transaction = 0};
    state->batches = batches;
    print_figure(state->journal.runtime, name,
                 measure_rounds(state, prepare_start, round_start, START_ROUNDS), 0);
    journal_ask(&state->journal, STATE_OP_STATS, &stats);
    log_line(state->journal.runtime, "bench: %s: %u batches replayed", name, stats.replayed);
    state->journal.failures += stats.replayed < batches || stats.lost != 0;
}

int service_main(struct runtime *runtime) {
    struct state state = {.batches = 0};
    if (!journal_open(&state.journal, runtime)) {
        return 1;
    }
    figure(&state, "state_put_64B", round_put);
    figure(&state, "state_get_64B", round_get);
    figure(&state, "state_transaction_of_8", round_eight);
    figure_of_start(&state, "state_start", FEW);
    figure_of_start(&state, "state_start_at_40", SOME);
    figure_of_start(&state, "state_start_at_110", MANY);
    return journal_end(&state.journal, "");
}
