// services/selftest/cases_return.c: timed and samgrd end and come back: who waited is told once,
// and their clients find the next instance.
#include <string.h>

#include "ipc/boot_route.h"
#include "ipc/timed_class.h"
#include "ipc/wire/echo_wire.h"
#include "ipc/wire/server_wire.h"
#include "ipc/wire/timed_wire.h"
#include "services/selftest/caller.h"
#include "services/selftest/cases.h"
#include "services/selftest/peer.h"
#include "services/selftest/probe/protocol.h"
#include "services/selftest/raw.h"
#include "services/selftest/slots.h"

enum {
    LOOKS_MAX = 10000,
    WAIT_MS_MAX = 1000,
};

static bool ask_timed(struct caller *caller, struct timed_message *message) {
    return selftest_expect(caller->selftest, "a call to timed",
                           caller_ask(caller, "timed", &timed_rows, message).error, IPC_OK) &&
           selftest_expect(caller->selftest, "timed's status", message->header.status, WIRE_OK);
}

static bool ask_stats(struct caller *caller, struct timed_message *stats) {
    *stats = (struct timed_message){.header = {.op = TIMED_OP_STATS}};
    return ask_timed(caller, stats);
}

// A peer sleeps longer than anything here takes; timed has it once that is said.
static bool lay_down(struct caller *caller, const struct peer *peer) {
    struct selftest *selftest = caller->selftest;
    const uint64_t words[] = {selftest_patience() * 2, TIMED_BURST};
    struct timed_message stats = {.sleepers = 0};
    memcpy(selftest->runtime->page->call_out.payload, words, sizeof(words));
    struct call_result result =
        peer_call_bytes(selftest, peer, PROBE_SLEEP, sizeof(words), selftest_patience());
    bool good =
        selftest_expect_status(selftest, "a peer that shall sleep", result.status, STATUS_OK);
    for (uint32_t i = 0; i < LOOKS_MAX && good && stats.sleepers == 0; i++) {
        sys_yield();
        good = ask_stats(caller, &stats);
    }
    return good && selftest_expect(selftest, "timed's sleepers", stats.sleepers, 1);
}

// What comes next from the peer; exit notices of earlier ones are none of it. STATUS_TIMED_OUT:
// nothing did.
static enum status next_report(struct selftest *selftest, uint64_t deadline_ns, uint64_t *words) {
    struct recv_result event = {.status = STATUS_OK, .received = RECEIVED_NOTIFICATION};
    while (event.status == STATUS_OK && event.received != RECEIVED_SEND) {  // Until the deadline.
        event = sys_ipc_recv(slot_at(SLOT_ENDPOINT), deadline_ns);
    }
    memcpy(words, selftest->runtime->page->request_in.payload, PROBE_REPORT_WORDS * sizeof(*words));
    return event.status;
}

// The sleeper is told that timed has gone, once: it answers again, and has said no more.
static bool told_once(struct selftest *selftest, const struct peer *peer) {
    uint64_t words[PROBE_REPORT_WORDS];
    return selftest_expect_status(selftest, "the sleeper's report",
                                  next_report(selftest, selftest_patience(), words), STATUS_OK) &&
           selftest_expect(selftest, "whose it is", words[PROBE_REPORT_ARGUMENT], peer->argument) &&
           selftest_expect(selftest, "what became of its call", words[PROBE_REPORT_STATUS],
                           0x100u + (uint64_t)STATUS_PEER_CLOSED) &&
           peer_ask(selftest, peer, PROBE_ECHO, 0) &&
           selftest_expect_status(selftest, "another report",
                                  next_report(selftest, sys_clock_get(), words), STATUS_TIMED_OUT);
}

// By name, and through the manifest's route, which init gives again.
static bool sleeps_again(struct caller *caller) {
    struct selftest *selftest = caller->selftest;
    const struct deadline until = {.ns = selftest_patience()};
    struct timed_message stats;
    struct timed_message sleep = {.header = {.op = TIMED_OP_SLEEP},
                                  .deadline_ns = sys_clock_get() + SELFTEST_MS,
                                  .laxity = TIMED_BURST};
    const uint64_t due_ns = sleep.deadline_ns;
    if (!ask_stats(caller, &stats) ||
        !selftest_expect(selftest, "sleepers of the one before", stats.sleepers, 0) ||
        !ask_timed(caller, &sleep) ||
        !selftest_expect(selftest, "woken early", sleep.now_ns < due_ns || sys_clock_get() < due_ns,
                         false) ||
        !ask_stats(caller, &stats) || !selftest_expect(selftest, "sleeps", stats.woken, 1)) {
        return false;
    }
    struct slot_result route = ipc_boot_route(selftest->runtime, SELFTEST_SLOT_TIMED, until);
    selftest->timed = route.slot;
    const struct timed_message clock = {.header = {.op = TIMED_OP_CLOCK}};
    return selftest_expect_status(selftest, "the manifest's route again", route.status,
                                  STATUS_OK) &&
           raw_answered(selftest, route.slot, &timed_rows, &clock, WIRE_OK);
}

bool case_timed_rebound(struct selftest *selftest) {
    struct caller caller;
    struct peer peer;
    return caller_begin(selftest, &caller) && peer_start(selftest, TASK_HART_ANY, &peer) &&
           lay_down(&caller, &peer) && caller_sees_restart(&caller, "timed") &&
           told_once(selftest, &peer) && sleeps_again(&caller) && peer_end(selftest, &peer) &&
           caller_end(&caller);
}

static bool echoes(struct caller *caller, uint64_t value, enum ipc_served served) {
    struct echo_message message = {.header = {.op = ECHO_OP_ECHO}, .value = value};
    struct ipc_outcome outcome = caller_ask(caller, "echo", &echo_rows, &message);
    return selftest_expect(caller->selftest, "an echo", outcome.error, IPC_OK) &&
           selftest_expect(caller->selftest, "how it was served", outcome.served,
                           caller_served(served)) &&
           selftest_expect(caller->selftest, "the echo", message.value, value);
}

static void wait_a_moment(const struct caller *caller) {
    struct recv_result waited = sys_ipc_recv(caller->client.pause, sys_clock_get() + SELFTEST_MS);
    (void)waited.received;  // Nothing arrives there; what matters is that time has passed.
}

// It ends, and the way to it that the manifest gave is dead. What is kept does not need it.
static bool samgrd_ends(struct caller *caller) {
    const struct selftest *selftest = caller->selftest;
    bool good = caller_end_service(selftest, slot_at(SELFTEST_SLOT_OPERATOR), "samgrd", WIRE_OK);
    uint64_t against = 0;
    for (uint32_t i = 0; i < WAIT_MS_MAX && good && (against & CAP_QUERY_CLOSED) == 0; i++) {
        against = sys_cap_query(caller->resolver.samgrd).detail;
        if ((against & CAP_QUERY_CLOSED) == 0) {
            wait_a_moment(caller);
        }
    }
    good = good && selftest_expect(selftest, "the way to samgrd", against, CAP_QUERY_CLOSED);
    const uint64_t asked = caller->resolver.asked;
    for (uint32_t i = 0; i < 4 && good && IPC_REUSE; i++) {
        good = echoes(caller, i, IPC_HIT);
    }
    return good && selftest_expect(selftest, "questions to samgrd meanwhile",
                                   caller->resolver.asked, asked);
}

// A route that nobody kept. While there is no samgrd such a call is rejected within its budget.
static bool found_anew(struct caller *caller) {
    struct ipc_outcome outcome = {.error = IPC_REJECTED};
    for (uint32_t i = 0; i < WAIT_MS_MAX && outcome.error == IPC_REJECTED; i++) {
        struct server_message message = {.header = {.op = SERVER_OP_COUNTS}};
        outcome = caller_ask(caller, "logd", &server_rows, &message);
    }
    return selftest_expect(caller->selftest, "a call over a new route", outcome.error, IPC_OK) &&
           selftest_expect(caller->selftest, "ways to samgrd found again",
                           caller->resolver.rerouted, 1);
}

bool case_route_samgrd_restarted(struct selftest *selftest) {
    struct caller caller;
    struct routing_message before;
    struct routing_message after;
    if (!caller_begin(selftest, &caller) || !echoes(&caller, 1, IPC_MISS) ||
        !caller_samgrd_stats(&caller, &before) || !samgrd_ends(&caller) || !found_anew(&caller) ||
        !echoes(&caller, 2, IPC_HIT) || !caller_samgrd_stats(&caller, &after)) {
        return false;
    }
    // Later cases go on from here.
    selftest->samgrd = caller.resolver.samgrd;
    return selftest_expect(selftest, "who has an instance", after.services, before.services) &&
           selftest_expect(selftest, "counts of the one before", after.resolved >= before.resolved,
                           false) &&
           caller_end(&caller);
}
