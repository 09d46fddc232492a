// testing/bench/replay.c: what statefsd's start costs against the length of its journal, and what
// writing and reading many large values costs. Instructions of all on this hart: client, statefsd,
// virtioblkd, kernel, of a start also init, samgrd and policyd.
//
// The disk has the largest region that there is. Beside the figures it holds two promises: a batch
// costs the same whatever the length of the journal, and a start replays all that was acknowledged.
#include "ipc/state_item.h"
#include "runtime/main.h"
#include "testing/bench/journal.h"
#include "testing/bench/measure.h"

enum {
    // Transactions of eight values of the largest size: batches of 7 sectors, of 15,872.
    FEW = 110,
    MORE = 440,
    WARM = 4,
    ALL_KEYS = 240,
    CHANGES_OF_96_KIB = 32,
    GETS_OF_96_KIB = CHANGES_OF_96_KIB * STATE_CHANGES_MAX,
    GROWTH_PERCENT = 10,  // What a batch may cost more or less in a longer journal.
};

struct replay {
    struct journal journal;
    uint32_t keys;  // That are written in turn,
    uint32_t next;  // and the next one.
    uint8_t key[2];
    uint8_t value[STATE_VALUE_BYTES_MAX];
};

static struct wire_bytes next_key(struct replay *replay) {
    replay->key[0] = 'k';
    replay->key[1] = (uint8_t)replay->next;
    replay->next = (replay->next + 1) % replay->keys;
    return (struct wire_bytes){.data = replay->key, .count = sizeof(replay->key)};
}

static void changes_eight(struct replay *replay) {
    const uint64_t transaction = journal_begin(&replay->journal);
    for (uint32_t i = 0; i < STATE_CHANGES_MAX; i++) {
        struct state_message message = {
            .transaction = transaction,
            .key = next_key(replay),
            .value = {.data = replay->value, .count = sizeof(replay->value)}};
        journal_ask(&replay->journal, STATE_OP_PUT, &message);
    }
    journal_commit(&replay->journal, transaction);
}

static void changes(struct replay *replay, uint32_t transactions) {
    for (uint32_t i = 0; i < transactions; i++) {
        changes_eight(replay);
    }
}

static void gets(struct replay *replay, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        struct state_message message = {.key = next_key(replay)};
        journal_ask(&replay->journal, STATE_OP_GET, &message);
    }
}

static void print(struct replay *replay, const char *name, uint64_t spent) {
    const struct figure figure = {.least = spent, .sum = spent, .first = spent, .rounds = 1};
    print_figure(replay->journal.runtime, name, figure, 0);
}

// statefsd is ended; the next one reads the journal, copies it, and answers. Instructions.
static uint64_t restart(struct replay *replay) {
    const uint64_t begin = counter_instructions();
    journal_restart(&replay->journal);
    gets(replay, 1);
    return counter_instructions() - begin;
}

// With so many batches behind the one into which the start before has copied what there was.
static uint64_t start_with(struct replay *replay, const char *name, uint32_t batches) {
    struct state_message stats = {.transaction = 0};
    replay->next = 0;
    changes(replay, batches);
    const uint64_t spent = restart(replay);
    journal_ask(&replay->journal, STATE_OP_STATS, &stats);
    print(replay, name, spent);
    log_line(replay->journal.runtime, "bench: %s: %u batches replayed, %lu times lost", name,
             stats.replayed, stats.lost);
    replay->journal.failures += stats.replayed != batches + 1 || stats.lost != 0 || stats.end != 0;
    return spent;
}

// A batch costs in a long journal what it costs in a short one.
static void compare(struct replay *replay, uint64_t none, uint64_t few, uint64_t more) {
    const uint64_t first = (few - none) / FEW;
    const uint64_t later = (more - few) / (MORE - FEW);
    log_line(replay->journal.runtime, "bench: a batch costs %lu, in a longer journal %lu", first,
             later);
    replay->journal.failures += none > few || few > more ||
                                later * 100 > first * (100 + GROWTH_PERCENT) ||
                                later * 100 < first * (100 - GROWTH_PERCENT);
}

int service_main(struct runtime *runtime) {
    struct replay replay = {.keys = STATE_CHANGES_MAX};
    if (!journal_open(&replay.journal, runtime)) {
        return 1;
    }
    changes(&replay, WARM);
    uint64_t begin = counter_instructions();
    changes(&replay, CHANGES_OF_96_KIB);
    print(&replay, "state_write_96KiB", counter_instructions() - begin);
    begin = counter_instructions();
    gets(&replay, GETS_OF_96_KIB);
    print(&replay, "state_read_96KiB", counter_instructions() - begin);
    (void)restart(&replay);
    const uint64_t none = start_with(&replay, "replay_0", 0);
    const uint64_t few = start_with(&replay, "replay_110", FEW);
    const uint64_t more = start_with(&replay, "replay_440", MORE);
    compare(&replay, none, few, more);
    replay.keys = ALL_KEYS;
    (void)start_with(&replay, "replay_110_of_240_keys", FEW);
    return journal_end(&replay.journal, ", or a batch costs more in a longer journal");
}
