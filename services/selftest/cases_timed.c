// services/selftest/cases_timed.c: timed as its clients see it.
#include <string.h>

#include "ipc/frame.h"
#include "ipc/timed_client.h"
#include "ipc/wire/server_wire.h"
#include "services/selftest/cases.h"
#include "services/selftest/peer.h"
#include "services/selftest/probe/protocol.h"
#include "services/selftest/slots.h"

enum {
    SLEEPER_COUNT = 4,
    ATTEMPT_MAX = 4,
    LOOK_MAX = 10000,
};

static struct timed_message new_request(struct selftest *selftest, uint8_t op,
                                        uint64_t deadline_ns) {
    struct timed_message request = {.header = {.op = op, .nonce = {.value = selftest->next_nonce}},
                                    .deadline_ns = deadline_ns};
    selftest->next_nonce++;
    return request;
}

static bool ask_timed(struct selftest *selftest, uint8_t op, uint64_t deadline_ns,
                      struct timed_message *out) {
    struct timed_message request = new_request(selftest, op, deadline_ns);
    enum status status = timed_call(selftest->runtime, slot_at(SELFTEST_SLOT_TIMED), &request,
                                    selftest_patience(), out);
    return selftest_expect_status(selftest, "a call to timed", status, STATUS_OK) &&
           selftest_expect(selftest, "timed's status", out->header.status, WIRE_OK) &&
           selftest_expect(selftest, "timed's op", out->header.op, op);
}

bool case_timed_clock(struct selftest *selftest) {
    struct timed_message reply = {0};
    uint64_t last_ns = sys_clock_get();
    for (uint32_t i = 0; i < 5; i++) {
        if (!ask_timed(selftest, TIMED_OP_CLOCK, 0, &reply)) {
            return false;
        }
        uint64_t now_ns = sys_clock_get();
        if (!selftest_expect(selftest, "the clock went back", reply.now_ns < last_ns, false) ||
            !selftest_expect(selftest, "the clock is ahead", reply.now_ns > now_ns, false)) {
            return false;
        }
        last_ns = now_ns;
    }
    // A sleep ends at its deadline or later, never before.
    uint64_t deadline_ns = sys_clock_get() + 2 * SELFTEST_MS;
    return ask_timed(selftest, TIMED_OP_SLEEP, deadline_ns, &reply) &&
           selftest_expect(selftest, "woken early",
                           reply.now_ns < deadline_ns || sys_clock_get() < deadline_ns, false);
}

// Waits until timed has that many sleepers.
static bool await_sleepers(struct selftest *selftest, uint32_t count) {
    struct timed_message reply = {0};
    for (uint32_t i = 0; i < LOOK_MAX; i++) {
        if (!ask_timed(selftest, TIMED_OP_STATS, 0, &reply)) {
            return false;
        }
        if (reply.sleepers == count) {
            return true;
        }
        sys_yield();
    }
    return selftest_expect(selftest, "timed's sleepers", reply.sleepers, count);
}

struct sleepers {
    struct peer peers[SLEEPER_COUNT];
    uint64_t deadlines_ns[SLEEPER_COUNT];
    uint64_t wake_orders[SLEEPER_COUNT];
};

static bool start_sleepers(struct selftest *selftest, struct sleepers *sleepers) {
    for (uint32_t i = 0; i < SLEEPER_COUNT; i++) {
        if (!peer_start(selftest, TASK_HART_ANY, &sleepers->peers[i])) {
            return false;
        }
    }
    return true;
}

// One after the other, each asleep before the next begins. With a deadline that has passed
// meanwhile timed never holds `i + 1` sleepers; *in_time says so.
static bool lay_down(struct selftest *selftest, struct sleepers *sleepers, uint64_t base_ns,
                     bool *in_time) {
    // Out of order, and two at the same time: those wake in the order they came.
    static const uint64_t offsets_ns[SLEEPER_COUNT] = {3 * SELFTEST_MS, SELFTEST_MS,
                                                       2 * SELFTEST_MS, SELFTEST_MS};
    *in_time = true;
    for (uint32_t i = 0; i < SLEEPER_COUNT; i++) {
        sleepers->deadlines_ns[i] = base_ns + offsets_ns[i];
        if (!peer_ask(selftest, &sleepers->peers[i], PROBE_SLEEP, sleepers->deadlines_ns[i])) {
            return false;
        }
        struct timed_message reply = {0};
        bool asleep = false;
        for (uint32_t look = 0; look < LOOK_MAX && *in_time && !asleep; look++) {
            if (!ask_timed(selftest, TIMED_OP_STATS, 0, &reply)) {
                return false;
            }
            asleep = reply.sleepers == i + 1;
            *in_time = sys_clock_get() < base_ns;
        }
    }
    return true;
}

static bool take_report(struct selftest *selftest, struct sleepers *sleepers) {
    struct recv_result event = sys_ipc_recv(slot_at(SLOT_ENDPOINT), selftest_patience());
    if (!selftest_expect_status(selftest, "a sleeper's report", event.status, STATUS_OK)) {
        return false;
    }
    if (event.received != RECEIVED_SEND) {
        return true;  // An exit notice of an earlier case.
    }
    uint64_t words[PROBE_REPORT_WORDS];
    memcpy(words, selftest->runtime->page->request_in.payload, sizeof(words));
    for (uint32_t i = 0; i < SLEEPER_COUNT; i++) {
        if (sleepers->peers[i].argument == words[PROBE_REPORT_ARGUMENT]) {
            sleepers->wake_orders[i] = words[PROBE_REPORT_WAKE_ORDER] + 1;
            return selftest_expect(selftest, "a sleeper's status", words[PROBE_REPORT_STATUS],
                                   WIRE_OK) &&
                   selftest_expect(selftest, "woken early",
                                   words[PROBE_REPORT_NOW_NS] < sleepers->deadlines_ns[i], false);
        }
    }
    return selftest_expect(selftest, "whose report", words[PROBE_REPORT_ARGUMENT],
                           sleepers->peers[0].argument);
}

static bool take_reports(struct selftest *selftest, struct sleepers *sleepers) {
    uint64_t deadline_ns = selftest_patience();
    uint32_t missing = SLEEPER_COUNT;
    while (missing != 0) {  // Ends with the last report, or with the deadline.
        if (!take_report(selftest, sleepers) ||
            !selftest_expect(selftest, "reports are late", sys_clock_get() > deadline_ns, false)) {
            return false;
        }
        missing = 0;
        for (uint32_t i = 0; i < SLEEPER_COUNT; i++) {
            missing += sleepers->wake_orders[i] == 0;
        }
    }
    return true;
}

static bool wake_order_is(struct selftest *selftest, const struct sleepers *sleepers) {
    static const uint32_t wanted[SLEEPER_COUNT] = {1, 3, 2, 0};
    uint64_t first = sleepers->wake_orders[wanted[0]];
    for (uint32_t i = 0; i < SLEEPER_COUNT; i++) {
        if (!selftest_expect(selftest, "the order of waking", sleepers->wake_orders[wanted[i]],
                             first + i)) {
            return false;
        }
    }
    return true;
}

// False: something failed. *in_time: all lay down before the first deadline, and the order was
//        checked.
static bool sleep_once(struct selftest *selftest, uint64_t lead_ns, bool *in_time) {
    struct sleepers sleepers = {.wake_orders = {0}};
    if (!start_sleepers(selftest, &sleepers) ||
        !lay_down(selftest, &sleepers, sys_clock_get() + lead_ns, in_time) ||
        !take_reports(selftest, &sleepers)) {
        return false;
    }
    if (*in_time && !wake_order_is(selftest, &sleepers)) {
        return false;
    }
    for (uint32_t i = 0; i < SLEEPER_COUNT; i++) {
        if (!peer_end(selftest, &sleepers.peers[i])) {
            return false;
        }
    }
    return true;
}

bool case_timed_sleep_order(struct selftest *selftest) {
    // A machine that is busy with other things gets more time to lay all of them down.
    uint64_t lead_ns = 20 * SELFTEST_MS;
    bool in_time = false;
    for (uint32_t attempt = 0; attempt < ATTEMPT_MAX && !in_time; attempt++) {
        if (!sleep_once(selftest, lead_ns, &in_time)) {
            return false;
        }
        lead_ns *= 4;
    }
    return selftest_expect(selftest, "sleepers laid down in time", in_time, true);
}

// The caller's deadline passes, after `lead_ns`, long before the sleeper's.
static bool give_up_sleep(struct selftest *selftest, uint64_t lead_ns) {
    struct timed_message request = new_request(selftest, TIMED_OP_SLEEP, selftest_patience() * 2);
    struct timed_message reply = {0};
    enum status status = timed_call(selftest->runtime, slot_at(SELFTEST_SLOT_TIMED), &request,
                                    sys_clock_get() + lead_ns, &reply);
    return selftest_expect_status(selftest, "a sleep longer than its call", status,
                                  STATUS_TIMED_OUT);
}

static bool cancelled_by_deadline(struct selftest *selftest, uint64_t cancelled_before) {
    // On a machine that is busy with other things timed may not get to see so short a call.
    struct timed_message stats = {0};
    uint64_t lead_ns = 2 * SELFTEST_MS;
    for (uint32_t attempt = 0; attempt < ATTEMPT_MAX; attempt++) {
        if (!give_up_sleep(selftest, lead_ns) || !await_sleepers(selftest, 0) ||
            !ask_timed(selftest, TIMED_OP_STATS, 0, &stats)) {
            return false;
        }
        if (stats.cancelled != cancelled_before) {
            break;
        }
        lead_ns *= 4;
    }
    return selftest_expect(selftest, "sleeps cancelled by a deadline", stats.cancelled,
                           cancelled_before + 1);
}

static bool cancelled_by_death(struct selftest *selftest) {
    struct peer peer;
    return peer_start(selftest, TASK_HART_ANY, &peer) &&
           peer_ask(selftest, &peer, PROBE_SLEEP, selftest_patience() * 2) &&
           await_sleepers(selftest, 1) && peer_end(selftest, &peer);
}

bool case_timed_sleep_cancelled(struct selftest *selftest) {
    struct timed_message before = {0};
    struct timed_message after = {0};
    return ask_timed(selftest, TIMED_OP_STATS, 0, &before) &&
           selftest_expect(selftest, "sleepers of earlier cases", before.sleepers, 0) &&
           cancelled_by_deadline(selftest, before.cancelled) && cancelled_by_death(selftest) &&
           await_sleepers(selftest, 0) && ask_timed(selftest, TIMED_OP_STATS, 0, &after) &&
           selftest_expect(selftest, "sleeps cancelled", after.cancelled, before.cancelled + 2) &&
           selftest_expect(selftest, "sleeps woken", after.woken, before.woken);
}

// Sends the first `bytes` bytes of a request for the clock, with its byte `index` changed. Byte 3
// of the answer is its op, byte 4 the status.
static bool refused(struct selftest *selftest, uint32_t bytes, uint32_t index, uint8_t value,
                    enum wire_status wanted) {
    struct message_page *page = selftest->runtime->page;
    struct timed_message request = new_request(selftest, TIMED_OP_CLOCK, 0);
    uint32_t encoded = timed_encode(WIRE_REQUEST, &request, page->call_out.payload,
                                    sizeof(page->call_out.payload));
    page->call_out.payload[index] = value;
    frame_finish(&page->call_out, WIRE_PROTOCOL_TIMED, bytes);
    struct call_result result = sys_ipc_call(slot_at(SELFTEST_SLOT_TIMED), selftest_patience());
    return selftest_expect(selftest, "a request's bytes", encoded, WIRE_REQUEST_HEADER_BYTES) &&
           selftest_expect_status(selftest, "a wrong request", result.status, STATUS_OK) &&
           selftest_expect(selftest, "the answer's bytes", page->reply_in.header.len,
                           WIRE_REPLY_HEADER_BYTES) &&
           selftest_expect(selftest, "the answer's status", page->reply_in.payload[4], wanted);
}

// What timed says of itself, by the protocol that every service speaks.
static bool ask_server(struct selftest *selftest, uint8_t op, uint8_t operation,
                       struct server_message *out) {
    struct message_page *page = selftest->runtime->page;
    const struct server_message request = {
        .header = {.op = op, .nonce = {.value = selftest->next_nonce}}, .operation = operation};
    selftest->next_nonce++;
    frame_finish(&page->call_out, WIRE_PROTOCOL_SERVER,
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

// Sleeping takes as long as it was asked for, and is in a bucket like everything else.
bool case_timed_latency(struct selftest *selftest) {
    struct server_message before = {0};
    struct server_message after = {0};
    struct timed_message reply = {0};
    if (!ask_server(selftest, SERVER_OP_OPERATION, TIMED_OP_SLEEP, &before)) {
        return false;
    }
    uint64_t began_ns = sys_clock_get();
    if (!ask_timed(selftest, TIMED_OP_SLEEP, began_ns + 2 * SELFTEST_MS, &reply)) {
        return false;
    }
    uint64_t took_ns = sys_clock_get() - began_ns;
    if (!ask_server(selftest, SERVER_OP_OPERATION, TIMED_OP_SLEEP, &after)) {
        return false;
    }
    // What was asked before and after it is not far from a sleep of two milliseconds.
    uint64_t counted_ns = (after.ticks - before.ticks) * after.tick_ns;
    return selftest_expect(selftest, "sleeps counted", after.answered, before.answered + 1) &&
           selftest_expect(selftest, "sleeps in buckets", sum_of(&after.latency), after.answered) &&
           selftest_expect(selftest, "counted less than slept", counted_ns < SELFTEST_MS, false) &&
           selftest_expect(selftest, "counted more than waited", counted_ns > took_ns, false) &&
           ask_server(selftest, SERVER_OP_CLIENT, 0, &after) &&
           selftest_expect(selftest, "a client of timed's", after.header.status, WIRE_ABSENT);
}

bool case_timed_reject_malformed(struct selftest *selftest) {
    struct server_message before = {0};
    struct server_message after = {0};
    return ask_counts(selftest, &before) && refused(selftest, 0, 0, 'T', WIRE_MALFORMED) &&
           refused(selftest, WIRE_REQUEST_HEADER_BYTES - 1, 0, 'T', WIRE_MALFORMED) &&
           refused(selftest, WIRE_REQUEST_HEADER_BYTES + 1, 0, 'T', WIRE_MALFORMED) &&
           refused(selftest, WIRE_REQUEST_HEADER_BYTES, 0, 'X', WIRE_MALFORMED) &&
           refused(selftest, WIRE_REQUEST_HEADER_BYTES, 3, 99, WIRE_UNKNOWN_OP) &&
           ask_counts(selftest, &after) &&
           selftest_expect(selftest, "requests counted as malformed", after.malformed,
                           before.malformed + 5) &&
           selftest_expect(selftest, "calls counted", after.calls, before.calls + 6);
}
