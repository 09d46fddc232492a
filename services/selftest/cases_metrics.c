// services/selftest/cases_metrics.c: metricsd as those who count and those who read see it.
#include <string.h>

#include "ipc/bulk_fill.h"
#include "ipc/bulk_sealed.h"
#include "ipc/metric_record.h"
#include "ipc/wire/metrics_wire.h"
#include "runtime/format.h"
#include "services/selftest/cases.h"
#include "services/selftest/journal.h"
#include "services/selftest/slots.h"

enum {
    PAGES_MAX = 100,
    SERIES_MAX = 100,  // More than metricsd lets anybody have.
    SPANS_MAX = 100,
    SNAPSHOT_BYTES = 8192,
    LOOKS_MAX = 1000,
};

// Asks metricsd; the answer is in *message, and must have that status.
static bool ask(struct caller *caller, struct metrics_message *message, enum wire_status wanted) {
    uint8_t op = message->header.op;
    return selftest_expect(caller->selftest, "a call to metricsd",
                           caller_ask(caller, "metricsd", &metrics_rows, message).error, IPC_OK) &&
           selftest_expect(caller->selftest, metrics_rows.ops[op - 1].name, message->header.status,
                           wanted);
}

static struct metrics_message request_of(enum metrics_op op, const char *name, uint64_t value) {
    return (struct metrics_message){
        .header = {.op = (uint8_t)op}, .name = journal_bytes(name), .value = value};
}

// An update whose answer must be that sum.
static bool update(struct caller *caller, enum metrics_op op, const char *name, uint64_t value,
                   uint64_t sum) {
    struct metrics_message message = request_of(op, name, value);
    return ask(caller, &message, WIRE_OK) &&
           selftest_expect(caller->selftest, name, message.value, sum);
}

// The caller's own series. It points into the answer, and is good until the next call.
static bool read_series(struct caller *caller, enum metric_kind kind, const char *name,
                        struct metric_record *out) {
    struct metrics_message message = request_of(METRICS_OP_READ, name, 0);
    message.kind = (uint8_t)kind;
    bool good = ask(caller, &message, WIRE_OK);
    struct wire_reader reader = wire_reader_of(message.series.data, message.series.count);
    return good &&
           selftest_expect(caller->selftest, "a series", metric_record_get(&reader, out), true) &&
           selftest_expect(caller->selftest, "whose it is", out->owner,
                           service_id_named("selftest").value);
}

bool case_metrics_counter(struct selftest *selftest) {
    struct caller caller;
    struct metric_record read = {.count = 0};
    return caller_begin(selftest, &caller) && update(&caller, METRICS_OP_ADD, "calls", 3, 3) &&
           update(&caller, METRICS_OP_ADD, "calls", 4, 7) &&
           read_series(&caller, METRIC_COUNTER, "calls", &read) &&
           selftest_expect(selftest, "its updates", read.count, 2) &&
           selftest_expect(selftest, "its sum", read.sum, 7) && caller_end(&caller);
}

bool case_metrics_gauge(struct selftest *selftest) {
    struct caller caller;
    struct metric_record read = {.count = 0};
    return caller_begin(selftest, &caller) && update(&caller, METRICS_OP_SET, "level", 9, 9) &&
           update(&caller, METRICS_OP_SET, "level", 2, 2) &&
           update(&caller, METRICS_OP_SET, "level", 5, 5) &&
           read_series(&caller, METRIC_GAUGE, "level", &read) &&
           selftest_expect(selftest, "what was set last", read.sum, 5) &&
           selftest_expect(selftest, "the least", read.least, 2) &&
           selftest_expect(selftest, "the most", read.most, 9) && caller_end(&caller);
}

bool case_metrics_histogram(struct selftest *selftest) {
    struct caller caller;
    struct metric_record read = {.count = 0};
    return caller_begin(selftest, &caller) && update(&caller, METRICS_OP_OBSERVE, "size", 0, 0) &&
           update(&caller, METRICS_OP_OBSERVE, "size", 5, 5) &&
           update(&caller, METRICS_OP_OBSERVE, "size", 7, 12) &&
           update(&caller, METRICS_OP_OBSERVE, "size", 1024, 1036) &&
           read_series(&caller, METRIC_HISTOGRAM, "size", &read) &&
           selftest_expect(selftest, "values of 0 and 1", metric_bucket(&read, 0), 1) &&
           selftest_expect(selftest, "values of 4 to 7", metric_bucket(&read, 2), 2) &&
           selftest_expect(selftest, "values of 8 to 15", metric_bucket(&read, 3), 0) &&
           selftest_expect(selftest, "values of 1024 to 2047", metric_bucket(&read, 10), 1) &&
           caller_end(&caller);
}

// It lasts at least as long as was waited in it, and no longer than it took to ask for both ends.
bool case_metrics_span(struct selftest *selftest) {
    struct caller caller;
    struct metric_record read = {.count = 0};
    struct metrics_message start = request_of(METRICS_OP_START, "wait", 0);
    bool good = caller_begin(selftest, &caller);
    uint64_t before_ns = sys_clock_get();
    good = good && ask(&caller, &start, WIRE_OK);
    uint64_t began_ns = sys_clock_get();
    struct recv_result waited = sys_ipc_recv(caller.client.pause, began_ns + 2 * SELFTEST_MS);
    uint64_t ended_ns = sys_clock_get();
    struct metrics_message stop = {.header = {.op = METRICS_OP_STOP}, .span = start.span};
    good = good && selftest_expect_status(selftest, "a wait", waited.status, STATUS_TIMED_OUT) &&
           ask(&caller, &stop, WIRE_OK);
    uint64_t after_ns = sys_clock_get();
    return good &&
           selftest_expect(selftest, "a span shorter than the wait",
                           stop.value < ended_ns - began_ns, false) &&
           selftest_expect(selftest, "a span longer than all of it",
                           stop.value > after_ns - before_ns, false) &&
           read_series(&caller, METRIC_SPAN, "wait", &read) &&
           selftest_expect(selftest, "its sum", read.sum, stop.value) &&
           ask(&caller, &stop, WIRE_ABSENT) && caller_end(&caller);
}

// All pages, one behind the other.
static bool read_pages(struct caller *caller, struct wire_writer *out, uint32_t *series) {
    struct metrics_message page = {.more = 1};
    *series = 0;
    for (uint32_t i = 0; i < PAGES_MAX && page.more != 0; i++) {
        page = (struct metrics_message){.header = {.op = METRICS_OP_PAGE}, .from = page.next};
        if (!ask(caller, &page, WIRE_OK) ||
            !selftest_expect(caller->selftest, "room for a page",
                             page.series.count <= out->capacity - out->count, true)) {
            return false;
        }
        memcpy(out->start + out->count, page.series.data, page.series.count);
        struct wire_reader reader = wire_reader_of(out->start + out->count, page.series.count);
        struct metric_record record;
        while (metric_record_get(&reader, &record)) {  // Ends with the page.
            ++*series;
        }
        out->count += page.series.count;
    }
    return selftest_expect(caller->selftest, "more pages than series", page.more, 0);
}

// What comes in one piece, sealed, is what comes in pages: nobody else counts in this image.
bool case_metrics_snapshot(struct selftest *selftest) {
    uint8_t bytes[SNAPSHOT_BYTES / 2];
    struct wire_writer out = wire_writer_of(bytes, sizeof(bytes));
    struct metrics_message message = {.header = {.op = METRICS_OP_SNAPSHOT}};
    struct bulk_blank blank;
    struct bulk_sealed bulk;
    struct caller caller;
    uint32_t series = 0;
    if (!selftest_expect(
            selftest, "memory for a snapshot",
            (uint64_t)bulk_blank_create(&blank, slot_at(SELFTEST_SLOT_FACTORY), SNAPSHOT_BYTES),
            BULK_OK) ||
        !caller_begin(selftest, &caller) || !read_pages(&caller, &out, &series) ||
        !selftest_expect(selftest, "series of four cases", series, 4) ||
        !selftest_expect(
            selftest, "a snapshot",
            caller_ask_with(&caller, "metricsd", &metrics_rows, &message, blank.sent).error,
            IPC_OK) ||
        !selftest_expect(selftest, "its status", message.header.status, WIRE_OK) ||
        !selftest_expect(selftest, "its series", message.count, series) ||
        !selftest_expect(selftest, "its bytes", message.bytes, out.count) ||
        !selftest_expect(selftest, "its seal",
                         (uint64_t)bulk_sealed_open(&bulk, blank.own, SNAPSHOT_BYTES), BULK_OK)) {
        return false;
    }
    bool same = memcmp(bulk.bytes, bytes, out.count) == 0;
    bulk_sealed_close(&bulk);
    return selftest_expect(selftest, "what it holds", same, true) && caller_end(&caller);
}

static bool is_sum(const struct log_record *record, const void *context) {
    const struct format_buffer *said = context;
    return record->sender == service_id_named("metricsd").value &&
           record->text.count > said->count &&
           memcmp(record->text.data, said->text, said->count) == 0;
}

// The sums are in the journal after a period.
static bool sum_is_kept(struct caller *caller, const char *series) {
    char text[LOG_TEXT_MAX];
    struct format_buffer said = {.text = text, .capacity = sizeof(text)};
    const struct log_message wanted = {.scope = journal_bytes("metrics")};
    format_append(&said, "%lx %s ", service_id_named("selftest").value, series);
    return journal_holds(caller, &wanted, is_sum, &said);
}

// logd has acknowledged a record. On a machine that is busy with other things that may be one of a
// later period.
static bool acknowledged(struct caller *caller) {
    struct metrics_message stats = {.retained = 0};
    for (uint32_t i = 0; i < LOOKS_MAX && stats.retained == 0; i++) {
        struct recv_result waited =
            sys_ipc_recv(caller->client.pause, sys_clock_get() + 10 * SELFTEST_MS);
        (void)waited.received;  // Nothing arrives there; what matters is that time has passed.
        stats = (struct metrics_message){.header = {.op = METRICS_OP_STATS}};
        if (!ask(caller, &stats, WIRE_OK)) {
            return false;
        }
    }
    return selftest_expect(caller->selftest, "nothing was acknowledged", stats.retained == 0,
                           false);
}

bool case_metrics_retained(struct selftest *selftest) {
    struct caller caller;
    return caller_begin(selftest, &caller) && sum_is_kept(&caller, "counter calls count 2 sum 7") &&
           acknowledged(&caller) && caller_end(&caller);
}

bool case_metrics_reject_name(struct selftest *selftest) {
    struct caller caller;
    struct metrics_message none = request_of(METRICS_OP_ADD, "", 1);
    struct metrics_message wrong = request_of(METRICS_OP_SET, "No Name", 1);
    struct metrics_message large =
        request_of(METRICS_OP_OBSERVE, "a.name.longer.than.twenty.four", 1);
    struct metrics_message owner = {.header = {.op = METRICS_OP_OWNER}};
    return caller_begin(selftest, &caller) && ask(&caller, &none, WIRE_MALFORMED) &&
           ask(&caller, &wrong, WIRE_MALFORMED) && ask(&caller, &large, WIRE_TOO_LARGE) &&
           ask(&caller, &owner, WIRE_OK) &&
           selftest_expect(selftest, "names refused", owner.bad_names, 3) && caller_end(&caller);
}

bool case_metrics_reject_snapshot(struct selftest *selftest) {
    const struct slot factory = slot_at(SELFTEST_SLOT_FACTORY);
    struct metrics_message nowhere = {.header = {.op = METRICS_OP_SNAPSHOT}};
    struct metrics_message large = {.header = {.op = METRICS_OP_SNAPSHOT}};
    struct bulk_blank blank;
    struct caller caller;
    if (!selftest_expect(
            selftest, "making memory",
            (uint64_t)bulk_blank_create(&blank, factory, METRIC_SNAPSHOT_BYTES_MAX + 1), BULK_OK)) {
        return false;
    }
    bool good = caller_begin(selftest, &caller) && ask(&caller, &nowhere, WIRE_MALFORMED) &&
                selftest_expect(
                    selftest, "a snapshot into too much",
                    caller_ask_with(&caller, "metricsd", &metrics_rows, &large, blank.sent).error,
                    IPC_OK) &&
                selftest_expect(selftest, "its status", large.header.status, WIRE_MALFORMED);
    slot_release(blank.own);
    return good && caller_end(&caller);
}

// Spans are refused before series are: their series is there already.
bool case_metrics_reject_over_spans(struct selftest *selftest) {
    struct caller caller;
    struct metrics_message owner = {.header = {.op = METRICS_OP_OWNER}};
    struct metrics_message message = {.header = {.status = WIRE_OK}};
    bool good = caller_begin(selftest, &caller);
    for (uint32_t i = 0; i < SPANS_MAX && good && message.header.status == WIRE_OK; i++) {
        message = request_of(METRICS_OP_START, "wait", 0);
        good =
            selftest_expect(selftest, "one more span",
                            caller_ask(&caller, "metricsd", &metrics_rows, &message).error, IPC_OK);
    }
    return good && selftest_expect(selftest, "too many", message.header.status, WIRE_OVERLOAD) &&
           ask(&caller, &owner, WIRE_OK) &&
           selftest_expect(selftest, "spans refused", owner.over_spans, 1) && caller_end(&caller);
}

bool case_metrics_reject_over_series(struct selftest *selftest) {
    struct caller caller;
    struct metrics_message owner = {.header = {.op = METRICS_OP_OWNER}};
    struct metrics_message message = {.header = {.status = WIRE_OK}};
    bool good = caller_begin(selftest, &caller);
    for (uint32_t i = 0; i < SERIES_MAX && good && message.header.status == WIRE_OK; i++) {
        char name[METRIC_NAME_MAX + 1] = {0};
        struct format_buffer buffer = {.text = name, .capacity = METRIC_NAME_MAX};
        format_append(&buffer, "more-%u", i);
        message = request_of(METRICS_OP_ADD, name, 1);
        good =
            selftest_expect(selftest, "one more series",
                            caller_ask(&caller, "metricsd", &metrics_rows, &message).error, IPC_OK);
    }
    return good && selftest_expect(selftest, "too many", message.header.status, WIRE_OVERLOAD) &&
           ask(&caller, &owner, WIRE_OK) &&
           selftest_expect(selftest, "series refused", owner.over_series, 1) &&
           update(&caller, METRICS_OP_ADD, "calls", 1, 8) && caller_end(&caller);
}

bool case_metrics_reject_denied(struct selftest *selftest) {
    struct caller caller;
    return caller_begin(selftest, &caller) && caller_sees_denial(&caller, "metricsd") &&
           caller_end(&caller);
}

// Its next instance begins anew; what was retained is in the journal still.
bool case_metrics_rebound(struct selftest *selftest) {
    struct caller caller;
    return caller_begin(selftest, &caller) && update(&caller, METRICS_OP_ADD, "calls", 1, 9) &&
           caller_sees_restart(&caller, "metricsd") &&
           update(&caller, METRICS_OP_ADD, "calls", 2, 2) &&
           sum_is_kept(&caller, "counter calls count 1 sum 2") &&
           sum_is_kept(&caller, "counter calls count 2 sum 7") && caller_end(&caller);
}

// logd is ended: metricsd finds its next instance, and what changes then is retained there.
bool case_metrics_logd_rebound(struct selftest *selftest) {
    struct caller caller;
    struct log_message look = {.header = {.op = LOG_OP_STATS}};
    return caller_begin(selftest, &caller) && journal_ask(&caller, &look, WIRE_OK) &&
           caller_sees_restart(&caller, "logd") && update(&caller, METRICS_OP_ADD, "calls", 5, 7) &&
           sum_is_kept(&caller, "counter calls count 2 sum 7") && caller_end(&caller);
}
