// services/selftest/cases_route.c: calls by name: a route is kept, found again after its service
// was started anew, and gone with the policy that allowed it.
#include "ipc/asks.h"
#include "ipc/wire/echo_wire.h"
#include "ipc/wire/policy_wire.h"
#include "services/selftest/caller.h"
#include "services/selftest/cases.h"
#include "services/selftest/slots.h"

enum {
    HITS = 8,
    WAIT_MS_MAX = 1000,  // For a refusal to be asked about again.
};

// For how long samgrd says that a refusal stands.
#define REFUSAL_NS (10 * SELFTEST_MS)

static struct ipc_outcome call_echo(struct caller *caller, enum echo_op op,
                                    struct echo_message *message) {
    message->header.op = (uint8_t)op;
    return caller_ask(caller, "echo", &echo_rows, message);
}

static bool came_to(const struct caller *caller, const char *what, struct ipc_outcome outcome,
                    struct ipc_outcome wanted) {
    return selftest_expect(caller->selftest, what, outcome.error, wanted.error) &&
           selftest_expect(caller->selftest, what, outcome.served, wanted.served);
}

// An echo that must come back, served like that.
static bool echoes(struct caller *caller, uint64_t value, enum ipc_served served) {
    struct echo_message message = {.value = value};
    const struct ipc_outcome wanted = {.error = IPC_OK, .served = caller_served(served)};
    return came_to(caller, "an echo", call_echo(caller, ECHO_OP_ECHO, &message), wanted) &&
           selftest_expect(caller->selftest, "the echo's status", message.header.status, WIRE_OK) &&
           selftest_expect(caller->selftest, "the echo", message.value, value);
}

// echo ends, and init starts it again. What became of the request is not known, and it is not one
// that may be sent twice.
static bool end_echo(struct caller *caller) {
    struct echo_message message = {.value = 0};
    struct ipc_outcome outcome = call_echo(caller, ECHO_OP_END, &message);
    return selftest_expect(caller->selftest, "a call that ends its service", outcome.error,
                           IPC_UNKNOWN_OUTCOME);
}

bool case_route_hit(struct selftest *selftest) {
    struct caller caller;
    bool held = caller_begin(selftest, &caller) && echoes(&caller, 1, IPC_MISS);
    for (uint32_t i = 0; i < HITS && held; i++) {
        held = echoes(&caller, i, IPC_HIT);
    }
    return held &&
           selftest_expect(selftest, "questions to samgrd", caller.resolver.asked,
                           IPC_REUSE ? 1 : 1 + HITS) &&
           caller_end(&caller);
}

// Two under way at once, the later one taken first.
static bool ask_both(struct caller *caller, struct ipc_asks *asks, uint64_t value) {
    struct nonce tickets[2];
    for (uint32_t i = 0; i < ARRAY_LEN(tickets); i++) {
        struct echo_message message = {.header = {.op = ECHO_OP_ECHO}, .value = value + i};
        const struct ipc_question question = {.target = service_id_named("echo"),
                                              .protocol = &echo_rows,
                                              .deadline = {.ns = selftest_patience()}};
        struct ipc_outcome sent = ipc_asks_start(asks, &question, &message, &tickets[i]);
        if (!selftest_expect(caller->selftest, "asking echo", sent.error, IPC_OK)) {
            return false;
        }
    }
    for (uint32_t i = ARRAY_LEN(tickets); i-- > 0;) {
        struct echo_message message = {.value = 0};
        enum ipc_error error = ipc_asks_await(
            asks, tickets[i], (struct deadline){.ns = selftest_patience()}, &message);
        if (!selftest_expect(caller->selftest, "the answer of echo", error, IPC_OK) ||
            !selftest_expect(caller->selftest, "the echo", message.value, value + i)) {
            return false;
        }
    }
    return true;
}

bool case_route_async(struct selftest *selftest) {
    struct caller caller;
    struct ipc_asks asks;
    struct slot_result own = sys_endpoint_create(slot_at(SELFTEST_SLOT_FACTORY));
    bool held =
        selftest_expect_status(selftest, "an endpoint for answers", own.status, STATUS_OK) &&
        caller_begin(selftest, &caller);
    if (!held) {
        return false;
    }
    ipc_asks_init(&asks, &caller.client, own.slot);
    for (uint32_t i = 0; i < HITS && held; i++) {
        held = ask_both(&caller, &asks, UINT64_C(2) * i);
    }
    return held &&
           selftest_expect(selftest, "questions to samgrd", caller.resolver.asked,
                           IPC_REUSE ? 1 : 2 * HITS) &&
           selftest_expect(selftest, "answers to nobody",
                           caller.client.stats.strays[ROUTE_STRAY_UNKNOWN] +
                               caller.client.stats.strays[ROUTE_STRAY_STRANGE],
                           0) &&
           selftest_expect_status(selftest, "closing it", sys_cap_close(own.slot), STATUS_OK) &&
           caller_end(&caller);
}

// A name that selftest may not call, and one that does not exist, look the same.
static bool refused(struct caller *caller, const char *name) {
    const struct ipc_request request = {.target = service_id_named(name),
                                        .nonce = ipc_nonce(&caller->client),
                                        .deadline = {.ns = selftest_patience()},
                                        .bytes = WIRE_REQUEST_HEADER_BYTES,
                                        .frame_type = WIRE_PROTOCOL_TIMED};
    struct ipc_outcome outcome = ipc_call(&caller->client, &request);
    return selftest_expect(caller->selftest, name, outcome.error, IPC_DENIED);
}

// The second call is refused without a question. On a machine that is busy with other things the
// refusal may have lapsed between the two.
static bool refused_twice(struct caller *caller, const char *name) {
    uint64_t asked_before = caller->resolver.asked;
    uint64_t refused_at_ns = sys_clock_get();
    bool held = refused(caller, name) && refused(caller, name);
    bool lapsed = sys_clock_get() - refused_at_ns >= REFUSAL_NS;
    uint64_t asked = caller->resolver.asked - asked_before;
    return held && selftest_expect(caller->selftest, "questions about a refusal",
                                   asked == 1 || ((lapsed || !IPC_REUSE) && asked == 2), true);
}

bool case_route_reject_denied(struct selftest *selftest) {
    struct caller caller;
    return caller_begin(selftest, &caller) && refused_twice(&caller, "samgrd") &&
           refused_twice(&caller, "nobody") && caller_end(&caller);
}

bool case_route_rebound(struct selftest *selftest) {
    struct caller caller;
    return caller_begin(selftest, &caller) && echoes(&caller, 1, IPC_MISS) && end_echo(&caller) &&
           echoes(&caller, 2, IPC_REBOUND) && echoes(&caller, 3, IPC_HIT) && caller_end(&caller);
}

// Refused calls until the refusal has lapsed and samgrd is asked again.
static bool allowed_again(struct caller *caller) {
    struct ipc_outcome outcome = {.error = IPC_DENIED};
    for (uint32_t i = 0; i < WAIT_MS_MAX && outcome.error == IPC_DENIED; i++) {
        struct recv_result waited =
            sys_ipc_recv(caller->client.pause, sys_clock_get() + SELFTEST_MS);
        (void)waited.received;  // Nothing arrives there; what matters is that time has passed.
        struct echo_message message = {.value = i};
        outcome = call_echo(caller, ECHO_OP_ECHO, &message);
    }
    return selftest_expect(caller->selftest, "a call that is allowed again", outcome.error, IPC_OK);
}

bool case_route_revoked_then_denied(struct selftest *selftest) {
    struct caller caller;
    uint32_t revoked = 0;
    struct echo_message message = {.value = 3};
    const struct ipc_outcome denied = {.error = IPC_DENIED, .served = caller_served(IPC_REBOUND)};
    return caller_begin(selftest, &caller) && echoes(&caller, 1, IPC_MISS) &&
           echoes(&caller, 2, IPC_HIT) &&
           caller_select_policy(&caller, CALLER_POLICY_LOCKED, &revoked) &&
           selftest_expect(selftest, "grants revoked", revoked, 1) &&
           came_to(&caller, "a call through a revoked route",
                   call_echo(&caller, ECHO_OP_ECHO, &message), denied) &&
           caller_select_policy(&caller, CALLER_POLICY_USUAL, &revoked) &&
           selftest_expect(selftest, "grants revoked then", revoked, 0) && allowed_again(&caller) &&
           echoes(&caller, 4, IPC_HIT) && caller_end(&caller);
}

bool case_route_degraded_then_bound(struct selftest *selftest) {
    struct caller caller;
    bool held = caller_begin(selftest, &caller) && echoes(&caller, 1, IPC_MISS);
    for (uint32_t i = 0; i < ROUTE_LOSSES_MAX && held; i++) {
        held = end_echo(&caller);
    }
    return held && echoes(&caller, 2, IPC_DEGRADED) && echoes(&caller, 3, IPC_HIT) &&
           caller_end(&caller);
}

// Meanwhile nothing is resolved: calls come back rejected, within their budgets.
static bool policyd_restarts(struct caller *caller) {
    struct ipc_outcome outcome = {.error = IPC_REJECTED};
    if (!caller_end_service(caller->selftest, slot_at(SELFTEST_SLOT_OPERATOR), "policyd",
                            WIRE_OK)) {
        return false;
    }
    // On another hart the instance that ends may still answer once.
    for (uint32_t i = 0; i < WAIT_MS_MAX && (outcome.error != IPC_OK || outcome.served == IPC_HIT);
         i++) {
        struct policy_message message = {.header = {.op = POLICY_OP_STATS}};
        struct recv_result waited =
            sys_ipc_recv(caller->client.pause, sys_clock_get() + SELFTEST_MS);
        (void)waited.received;  // Nothing arrives there; what matters is that time has passed.
        outcome = caller_ask(caller, "policyd", &policy_rows, &message);
    }
    return selftest_expect(caller->selftest, "a call of policyd after it has ended", outcome.error,
                           IPC_OK);
}

// What was given before policyd ended is dead once it serves again, and by name all goes on.
static bool routes_are_taken_back(struct caller *caller) {
    uint32_t revoked = 0;
    struct selftest *selftest = caller->selftest;
    const struct deadline until = {.ns = selftest_patience()};
    struct resolved old =
        ipc_resolver_ask(&caller->resolver, service_id_named("echo"), POLICY_CALL, until);
    return selftest_expect(selftest, "another route", old.answer, RESOLVE_GIVEN) &&
           caller_select_policy(caller, CALLER_POLICY_USUAL, &revoked) &&
           selftest_expect(selftest, "routes revoked by the same policy", revoked, 0) &&
           selftest_expect(selftest, "what is against it", sys_cap_query(old.slot).detail, 0) &&
           policyd_restarts(caller) &&
           selftest_expect(selftest, "what is against it after policyd has ended",
                           sys_cap_query(old.slot).detail, CAP_QUERY_REVOKED) &&
           selftest_expect_status(selftest, "closing it", sys_cap_close(old.slot), STATUS_OK) &&
           echoes(caller, 2, IPC_REBOUND);
}

// Ending policyd undoes no decision.
static bool policy_stays(struct caller *caller) {
    uint32_t revoked = 0;
    struct echo_message message = {.value = 3};
    bool held =
        caller_select_policy(caller, CALLER_POLICY_LOCKED, &revoked) && policyd_restarts(caller);
    struct ipc_outcome outcome = call_echo(caller, ECHO_OP_ECHO, &message);
    return held &&
           selftest_expect(caller->selftest, "a call under the policy that was selected",
                           outcome.error, IPC_DENIED) &&
           caller_select_policy(caller, CALLER_POLICY_USUAL, &revoked) && allowed_again(caller) &&
           echoes(caller, 4, IPC_HIT);
}

bool case_route_policyd_restarted(struct selftest *selftest) {
    struct caller caller;
    return caller_begin(selftest, &caller) && echoes(&caller, 1, IPC_MISS) &&
           routes_are_taken_back(&caller) && policy_stays(&caller) && caller_end(&caller);
}
