// services/selftest/cases_server.c: what every service does for its clients, seen at timed:
// refusing what is no request, and saying of itself what it was asked and how long it took.
#include <string.h>

#include "ipc/frame.h"
#include "ipc/timed_class.h"
#include "ipc/timed_client.h"
#include "ipc/wire/server_wire.h"
#include "services/selftest/cases.h"
#include "services/selftest/raw.h"
#include "services/selftest/slots.h"

enum { ATTEMPT_MAX = 6 };

// What timed says of itself, by the protocol that every service speaks.
static bool ask_server(struct selftest *selftest, uint8_t op, uint8_t operation,
                       struct server_message *out) {
    struct message_page *page = selftest->runtime->page;
    const struct server_message request = {
        .header = {.op = op, .nonce = {.value = selftest->next_nonce}}, .operation = operation};
    selftest->next_nonce++;
    frame_finish(&page->call_out, WIRE_TYPE(WIRE_PROTOCOL_SERVER, op, WIRE_VIA_NONE),
                 server_encode(WIRE_REQUEST, &request, page->call_out.payload,
                               sizeof(page->call_out.payload)));
    struct call_result result = sys_ipc_call(slot_at(SELFTEST_SLOT_TIMED), selftest_patience());
    return selftest_expect_status(selftest, "a call for counts", result.status, STATUS_OK) &&
           selftest_expect(
               selftest, "the counts",
               server_decode(WIRE_REPLY, page->reply_in.payload, page->reply_in.header.len, out),
               WIRE_OK) &&
           selftest_expect(selftest, "the nonce of the counts", out->header.nonce.value,
                           request.header.nonce.value);
}

static bool ask_counts(struct selftest *selftest, struct server_message *out) {
    return ask_server(selftest, SERVER_OP_COUNTS, 0, out);
}

static uint64_t sum_of(const struct wire_bytes *numbers) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i + sizeof(uint32_t) <= numbers->count; i += sizeof(uint32_t)) {
        uint32_t number = 0;
        memcpy(&number, numbers->data + i, sizeof(number));
        sum += number;
    }
    return sum;
}

// One sleep, counted by itself. *half: at least half of it was seen as such.
static bool sleep_counted(struct selftest *selftest, uint64_t sleep_ns, bool *half) {
    struct server_message before = {0};
    struct server_message after = {0};
    struct timed_message reply = {0};
    if (!ask_server(selftest, SERVER_OP_OPERATION, TIMED_OP_SLEEP, &before)) {
        return false;
    }
    uint64_t began_ns = sys_clock_get();
    const struct timed_message request = {
        .header = {.op = TIMED_OP_SLEEP, .nonce = {.value = selftest->next_nonce}},
        .deadline_ns = began_ns + sleep_ns,
        .laxity = TIMED_BURST};
    selftest->next_nonce++;
    enum status status = timed_call(selftest->runtime, slot_at(SELFTEST_SLOT_TIMED), &request,
                                    selftest_patience(), &reply);
    uint64_t took_ns = sys_clock_get() - began_ns;
    if (!selftest_expect_status(selftest, "a sleep", status, STATUS_OK) ||
        !ask_server(selftest, SERVER_OP_OPERATION, TIMED_OP_SLEEP, &after)) {
        return false;
    }
    uint64_t counted_ns = (after.ticks - before.ticks) * after.tick_ns;
    *half = counted_ns >= sleep_ns / 2;
    return selftest_expect(selftest, "sleeps counted", after.answered, before.answered + 1) &&
           selftest_expect(selftest, "sleeps in buckets", sum_of(&after.latency), after.answered) &&
           selftest_expect(selftest, "counted more than waited", counted_ns > took_ns, false);
}

// Sleeping takes as long as it was asked for, and is in a bucket like everything else. On a machine
// that is busy with other things timed may take a request only when most of the sleep has passed.
bool case_timed_latency(struct selftest *selftest) {
    bool half = false;
    uint64_t sleep_ns = 2 * SELFTEST_MS;
    for (uint32_t attempt = 0; attempt < ATTEMPT_MAX && !half; attempt++) {
        if (!sleep_counted(selftest, sleep_ns, &half)) {
            return false;
        }
        sleep_ns *= 4;
    }
    struct server_message client = {0};
    return selftest_expect(selftest, "half of a sleep was counted", half, true) &&
           ask_server(selftest, SERVER_OP_CLIENT, 0, &client) &&
           selftest_expect(selftest, "a client of timed's", client.header.status, WIRE_ABSENT);
}

bool case_timed_reject_malformed(struct selftest *selftest) {
    struct server_message before = {0};
    struct server_message after = {0};
    const struct timed_message clock = {.header = {.op = TIMED_OP_CLOCK}};
    return ask_counts(selftest, &before) &&
           raw_refuses_malformed(selftest, slot_at(SELFTEST_SLOT_TIMED), &timed_rows, &clock) &&
           ask_counts(selftest, &after) &&
           selftest_expect(selftest, "requests counted as malformed", after.malformed,
                           before.malformed + RAW_MALFORMED + 1) &&
           selftest_expect(selftest, "calls counted", after.calls,
                           before.calls + RAW_MALFORMED + 2);
}
