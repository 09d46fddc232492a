// testing/bench/services.c: what the usual operations of the services cost a client that calls them
// by name: messages encoded and decoded, routes kept or resolved for each (ipc/reuse.h).
//
// Some are measured again beside more of what the service keeps: a figure `NAME_at_N`. The image
// fails when one of these grows by over GROWTH_PERCENT_MAX.
#include "ipc/ask.h"
#include "ipc/frame.h"
#include "ipc/log_record.h"
#include "ipc/metric_record.h"
#include "ipc/ready.h"
#include "ipc/resolver.h"
#include "ipc/timed_class.h"
#include "ipc/wire/echo_wire.h"
#include "ipc/wire/log_wire.h"
#include "ipc/wire/metrics_wire.h"
#include "ipc/wire/server_wire.h"
#include "ipc/wire/timed_wire.h"
#include "runtime/main.h"
#include "testing/bench/bench.h"
#include "testing/bench/measure.h"

enum {
    SERVICE_ROUNDS = 32,
    GROWTH_PERCENT_MAX = 105,  // Of a figure beside more, to the one beside few.
    FEW = 2,
    SLEEPS_EACH = 8,    // What a guest keeps of them: as many requests as may be under way,
    RECORDS_EACH = 28,  // and fewer records than a sender may have at once.
    RECORDS_OWN = 48,   // The share of this sender: each more pushes out its oldest.
    RECORDS_ALL = 128,  // The journal is full.
    SERIES_OTHER = 3,   // A gauge, a histogram and spans, beside counters.
    SERIES_ALL = 15,
};

// Longer than everything until a sleeper sleeps.
#define SLEEP_NS UINT64_C(100000)

// After it logd takes a record of this sender again, whatever was sent before,
#define RECORD_NS UINT64_C(20000000)
// and metricsd has nothing to write into the journal for some time.
#define QUIET_NS UINT64_C(300000000)

union message {
    struct wire_header header;
    struct echo_message echo;
    struct log_message log;
    struct metrics_message metrics;
    struct server_message server;
    struct timed_message timed;
};

struct services {
    struct runtime *runtime;
    struct deadline deadline;
    const struct operation *now;
    struct service_id target;  // Of that operation.
    uint32_t kept;             // Records or series of this client so far.
    uint64_t sequence;         // Of its newest record.
    uint32_t failures;
    union message message;
    struct ipc_resolver resolver;
    struct ipc_client client;
};

struct operation {
    const char *figure;
    const char *service;
    const struct wire_protocol_rows *protocol;
    void (*fill)(struct services *services);  // Writes the request.
    void (*grow)(struct services *services);  // Has the service keep one thing more, or null.
    uint32_t beside;                          // So many are kept.
    bool paced;  // Each round has logd keep a record, and waits until it takes one.
};

static void pause(struct services *services, uint64_t ns) {
    struct recv_result waited = sys_ipc_recv(slot_at(SLOT_ENDPOINT), sys_clock_get() + ns);
    services->failures += waited.status != STATUS_TIMED_OUT;
}

static void fill_echo(struct services *services) {
    services->message.echo = (struct echo_message){.header = {.op = ECHO_OP_ECHO}, .value = 1};
}

static void fill_clock(struct services *services) {
    services->message.timed = (struct timed_message){.header = {.op = TIMED_OP_CLOCK}};
}

static void fill_counts(struct services *services) {
    services->message.server = (struct server_message){.header = {.op = SERVER_OP_COUNTS}};
}

static void fill_append(struct services *services) {
    services->message.log = (struct log_message){.header = {.op = LOG_OP_APPEND},
                                                 .level = LOG_INFO,
                                                 .scope = {(const uint8_t *)"bench", 5},
                                                 .text = {(const uint8_t *)"a line of text", 14}};
}

// One record, in the middle of all.
static void fill_query(struct services *services) {
    services->message.log = (struct log_message){.header = {.op = LOG_OP_QUERY},
                                                 .sequence = services->sequence,
                                                 .until = services->sequence + 1};
}

static void fill_sleep(struct services *services) {
    services->message.timed = (struct timed_message){.header = {.op = TIMED_OP_SLEEP},
                                                     .deadline_ns = sys_clock_get() + SLEEP_NS,
                                                     .laxity = TIMED_BURST};
}

// From now on; answered at the first.
static void fill_tick(struct services *services) {
    services->message.timed = (struct timed_message){.header = {.op = TIMED_OP_TICK},
                                                     .deadline_ns = sys_clock_get(),
                                                     .period_ns = SLEEP_NS,
                                                     .laxity = TIMED_BURST};
}

// One letter a series.
static void fill_series(struct services *services, uint8_t op, uint32_t number) {
    static const uint8_t letters[] = "abcdefghijklmnop";
    services->message.metrics = (struct metrics_message){
        .header = {.op = op}, .name = {&letters[number % (sizeof(letters) - 1)], 1}, .value = 1};
}

static void fill_add(struct services *services) {
    fill_series(services, METRICS_OP_ADD, 0);
}

static void fill_read(struct services *services) {
    fill_series(services, METRICS_OP_READ, 0);
    services->message.metrics.kind = METRIC_COUNTER;
}

static void fill_set(struct services *services) {
    fill_series(services, METRICS_OP_SET, 0);
}

static void fill_observe(struct services *services) {
    fill_series(services, METRICS_OP_OBSERVE, 0);
}

static bool ask(struct services *services, struct service_id target,
                const struct wire_protocol_rows *protocol) {
    const struct ipc_question question = {
        .target = target, .protocol = protocol, .deadline = services->deadline};
    struct ipc_outcome outcome = ipc_ask(&services->client, &question, &services->message);
    return outcome.error == IPC_OK && services->message.header.status == WIRE_OK;
}

// The message names the span that the answer before it named.
static void turn_to_stop(struct services *services) {
    const uint64_t span = services->message.metrics.span;
    fill_series(services, METRICS_OP_STOP, 0);
    services->message.metrics.span = span;
}

// The span of the round before, if there was one, is ended first: few may be under way.
static void fill_start(struct services *services) {
    if (services->message.metrics.span != 0) {
        turn_to_stop(services);
        services->failures += !ask(services, services->target, &metrics_rows);
    }
    fill_series(services, METRICS_OP_START, 0);
}

static void fill_stop(struct services *services) {
    fill_series(services, METRICS_OP_START, 0);
    services->failures += !ask(services, services->target, &metrics_rows);
    turn_to_stop(services);
}

static void ask_guest(struct services *services, uint32_t guest, enum guest_type what) {
    frame_finish(&services->runtime->page->call_out, (uint16_t)what, 0);
    struct call_result result = sys_ipc_call(slot_at(SLOT_GUESTS + guest), services->deadline.ns);
    services->failures += guest >= GUEST_COUNT || result.status != STATUS_OK ||
                          services->runtime->page->reply_in.payload[0] != 1;
}

static void grow_sleepers(struct services *services) {
    ask_guest(services, services->kept / SLEEPS_EACH, GUEST_SLEEPS);
}

static void grow_journal(struct services *services) {
    pause(services, RECORD_NS);
    if (services->kept >= RECORDS_OWN) {
        ask_guest(services, (services->kept - RECORDS_OWN) / RECORDS_EACH, GUEST_LOGS);
        return;
    }
    fill_append(services);
    services->failures += !ask(services, service_id_named("logd"), &log_rows);
    services->sequence = services->message.log.sequence;
}

static void grow_series(struct services *services) {
    fill_series(services, METRICS_OP_ADD, services->kept);
    services->failures += !ask(services, service_id_named("metricsd"), &metrics_rows);
}

static const struct operation operations[] = {
    {"echo", "echo", &echo_rows, fill_echo, 0, 0, false},
    {"server_counts", "echo", &server_rows, fill_counts, 0, 0, false},
    {"timed_clock", "timed", &timed_rows, fill_clock, 0, 0, false},
    {"metrics_add", "metricsd", &metrics_rows, fill_add, grow_series, FEW, false},
    {"metrics_read", "metricsd", &metrics_rows, fill_read, grow_series, FEW, false},
    {"metrics_set", "metricsd", &metrics_rows, fill_set, grow_series, FEW, false},
    {"metrics_observe", "metricsd", &metrics_rows, fill_observe, grow_series, FEW, false},
    {"metrics_start", "metricsd", &metrics_rows, fill_start, grow_series, FEW, false},
    {"metrics_stop", "metricsd", &metrics_rows, fill_stop, grow_series, FEW, false},
    {"metrics_add_at_15", "metricsd", &metrics_rows, fill_add, grow_series,
     SERIES_ALL - SERIES_OTHER, false},
    {"metrics_read_at_15", "metricsd", &metrics_rows, fill_read, grow_series,
     SERIES_ALL - SERIES_OTHER, false},
    {"log_query", "logd", &log_rows, fill_query, grow_journal, FEW, false},
    {"log_append", "logd", &log_rows, fill_append, grow_journal, FEW, true},
    {"log_query_at_40", "logd", &log_rows, fill_query, grow_journal, 40, false},
    {"log_append_at_48", "logd", &log_rows, fill_append, grow_journal, RECORDS_OWN, true},
    {"log_query_at_120", "logd", &log_rows, fill_query, grow_journal, 120, false},
    {"log_append_at_128", "logd", &log_rows, fill_append, grow_journal, RECORDS_ALL, true},
    {"timed_sleep", "timed", &timed_rows, fill_sleep, grow_sleepers, FEW, false},
    {"timed_tick", "timed", &timed_rows, fill_tick, grow_sleepers, FEW, false},
    {"timed_sleep_at_30", "timed", &timed_rows, fill_sleep, grow_sleepers, 30, false},
};

enum { OPERATION_COUNT = sizeof(operations) / sizeof(operations[0]) };

static void prepare(void *of) {
    struct services *services = of;
    if (services->now->paced) {
        pause(services, RECORD_NS);
        services->kept += services->kept < RECORDS_OWN;
    }
    services->now->fill(services);
}

static ALWAYS_INLINE void round_nothing(void *of) {
    (void)of;
}

static void round_ask(void *of) {
    struct services *services = of;
    services->failures += !ask(services, services->target, services->now->protocol);
}

// What a figure beside more is compared with: the one of the same request before it.
static const struct operation *few_of(const struct operation *operation) {
    for (uint32_t i = 0; i < OPERATION_COUNT; i++) {
        if (operations[i].fill == operation->fill) {
            return &operations[i];
        }
    }
    return operation;
}

static bool grew(const struct services *services, const struct figure *figures,
                 const struct operation *operation) {
    const struct operation *few = few_of(operation);
    struct figure now = figures[operation - operations];
    struct figure before = figures[few - operations];
    bool over = now.least * 100 > before.least * GROWTH_PERCENT_MAX ||
                figure_mean(now) * 100 > figure_mean(before) * GROWTH_PERCENT_MAX;
    if (over) {
        log_line(services->runtime, "bench: %s grows", operation->figure);
    }
    return over;
}

// The next of another service begins to count what is kept anew.
static void grow_to(struct services *services, const struct operation *operation) {
    if (operation == operations || operation->grow != operation[-1].grow) {
        services->kept = 0;
    }
    for (; services->kept < operation->beside; services->kept++) {
        operation->grow(services);
    }
}

static bool run(struct services *services) {
    struct figure figures[OPERATION_COUNT];
    uint64_t reading = measure(services, round_nothing).least;
    bool good = true;
    for (uint32_t i = 0; i < OPERATION_COUNT; i++) {
        services->now = &operations[i];
        services->target = service_id_named(services->now->service);
        grow_to(services, services->now);
        pause(services, QUIET_NS);
        figures[i] = measure_rounds(services, prepare, round_ask, SERVICE_ROUNDS);
        print_figure(services->runtime, services->now->figure, figures[i], reading);
        good = !grew(services, figures, services->now) && good;
    }
    if (services->failures != 0) {
        log_line(services->runtime, "bench: %u calls did not go as they should",
                 services->failures);
    }
    return good && services->failures == 0;
}

int service_main(struct runtime *runtime) {
    struct services services = {.runtime = runtime};
    services.deadline.ns = sys_clock_get() + BENCH_PATIENCE_NS;
    ipc_resolver_init(&services.resolver, runtime, SLOT_SAMGRD);
    ipc_client_init(&services.client, runtime, ipc_resolver_ask, &services.resolver,
                    slot_at(SLOT_ENDPOINT));
    if (ipc_ready(runtime) != STATUS_OK || !run(&services)) {
        return 1;
    }
    marker_text(runtime, MARKER_BENCH_END);
    return 0;
}
