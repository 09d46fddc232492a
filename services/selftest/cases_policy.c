// services/selftest/cases_policy.c: policyd and samgrd as who decides: what they count, what a
// policy lacks, and whom and what they refuse.
#include <string.h>

#include "ipc/policy_learned.h"
#include "ipc/wire/echo_wire.h"
#include "ipc/wire/policy_wire.h"
#include "ipc/wire/routing_wire.h"
#include "services/selftest/caller.h"
#include "services/selftest/cases.h"
#include "services/selftest/peer.h"
#include "services/selftest/probe/protocol.h"
#include "services/selftest/raw.h"

enum {
    NO_POLICY = 7,  // The image has two.
    NO_ACTION = 99,
};

static bool ask(struct caller *caller, struct policy_message *message, enum wire_status status) {
    uint8_t op = message->header.op;
    struct ipc_outcome outcome = caller_ask(caller, "policyd", &policy_rows, message);
    return selftest_expect(caller->selftest, "a call to policyd", outcome.error, IPC_OK) &&
           selftest_expect(caller->selftest, policy_rows.ops[op - 1].name, message->header.status,
                           status);
}

static bool ask_stats(struct caller *caller, struct policy_message *stats) {
    *stats = (struct policy_message){.header = {.op = POLICY_OP_STATS}};
    return ask(caller, stats, WIRE_OK);
}

// samgrd is asked whether selftest may do that to a service. *route is the caller's if it may.
static bool resolves(struct caller *caller, const char *name, enum policy_action action,
                     enum resolve_answer wanted, struct slot *route) {
    const struct deadline until = {.ns = selftest_patience()};
    struct resolved got =
        ipc_resolver_ask(&caller->resolver, service_id_named(name), action, until);
    *route = got.slot;
    return selftest_expect(caller->selftest, name, got.answer, wanted);
}

static bool is_refused(struct caller *caller, const char *name, enum policy_action action) {
    struct slot none;
    return resolves(caller, name, action, RESOLVE_REFUSED, &none);
}

static bool closes(const struct selftest *selftest, struct slot slot) {
    return selftest_expect_status(selftest, "closing it", sys_cap_close(slot), STATUS_OK);
}

// One question that is allowed, one that is denied, and a policy that takes something away. Others
// may ask meanwhile.
bool case_policy_stats(struct selftest *selftest) {
    struct caller caller;
    struct policy_message before;
    struct policy_message locked;
    struct policy_message after;
    struct routing_message found_before;
    struct routing_message found_after;
    struct slot echo;
    uint32_t revoked = 0;
    return caller_begin(selftest, &caller) && ask_stats(&caller, &before) &&
           caller_samgrd_stats(&caller, &found_before) &&
           resolves(&caller, "echo", POLICY_CALL, RESOLVE_GIVEN, &echo) && closes(selftest, echo) &&
           is_refused(&caller, "echo", POLICY_NOTIFY) &&
           caller_samgrd_stats(&caller, &found_after) &&
           selftest_expect(selftest, "routes given", found_after.resolved > found_before.resolved,
                           true) &&
           selftest_expect(selftest, "routes refused", found_after.denied > found_before.denied,
                           true) &&
           caller_select_policy(&caller, CALLER_POLICY_LOCKED, &revoked) &&
           ask_stats(&caller, &locked) &&
           caller_select_policy(&caller, CALLER_POLICY_USUAL, &revoked) &&
           ask_stats(&caller, &after) &&
           selftest_expect(selftest, "the policy before", before.policy, CALLER_POLICY_USUAL) &&
           selftest_expect(selftest, "the policy meanwhile", locked.policy, CALLER_POLICY_LOCKED) &&
           selftest_expect(selftest, "the policy after", after.policy, CALLER_POLICY_USUAL) &&
           selftest_expect(selftest, "revocations", locked.revocations, before.revocations + 1) &&
           selftest_expect(selftest, "more allowed", locked.allowed > before.allowed, true) &&
           selftest_expect(selftest, "more denied", locked.denied > before.denied, true) &&
           selftest_expect(selftest, "learning", before.learning, 0) && caller_end(&caller);
}

static bool learn(struct caller *caller, uint8_t on, uint32_t revoked) {
    struct policy_message message = {.header = {.op = POLICY_OP_LEARN}, .learning = on};
    return ask(caller, &message, WIRE_OK) &&
           selftest_expect(caller->selftest, "routes revoked", message.revoked, revoked);
}

// One thing was learned, and who may manage policyd is told which.
static bool has_learned(struct caller *caller) {
    const struct selftest *selftest = caller->selftest;
    struct policy_message message = {.header = {.op = POLICY_OP_LEARNED}};
    struct policy_message stats;
    struct policy_learned row = {0};
    if (!ask(caller, &message, WIRE_OK) ||
        !selftest_expect(selftest, "learned", message.known, 1) ||
        !selftest_expect(selftest, "its bytes", message.learned.count, sizeof(row))) {
        return false;
    }
    memcpy(&row, message.learned.data, sizeof(row));
    return selftest_expect(selftest, "who", row.subject, service_id_named("selftest").value) &&
           selftest_expect(selftest, "what", row.action, POLICY_NOTIFY) &&
           selftest_expect(selftest, "to whom", row.object, service_id_named("echo").value) &&
           selftest_expect(selftest, "how often", row.count, 2) && ask_stats(caller, &stats) &&
           selftest_expect(selftest, "that it learns", stats.learning, 1) &&
           selftest_expect(selftest, "known", stats.known, 1) &&
           selftest_expect(selftest, "that may not be learned", stats.missed, 1);
}

// What no rule says anything about is let through and kept, but not who may manage; and taken back
// in the end.
bool case_policy_learn(struct selftest *selftest) {
    struct caller caller;
    struct slot first;
    struct slot second;
    struct echo_message message = {.header = {.op = ECHO_OP_ECHO}, .value = 5};
    return caller_begin(selftest, &caller) && is_refused(&caller, "echo", POLICY_NOTIFY) &&
           learn(&caller, 1, 0) &&
           resolves(&caller, "echo", POLICY_NOTIFY, RESOLVE_GIVEN, &first) &&
           resolves(&caller, "echo", POLICY_NOTIFY, RESOLVE_GIVEN, &second) &&
           is_refused(&caller, "echo", POLICY_MANAGE) && has_learned(&caller) &&
           learn(&caller, 0, 1) &&
           selftest_expect(selftest, "what is against what was learned",
                           sys_cap_query(first).detail, CAP_QUERY_REVOKED) &&
           closes(selftest, first) && closes(selftest, second) &&
           is_refused(&caller, "echo", POLICY_NOTIFY) &&
           selftest_expect(selftest, "a call that a rule allows",
                           caller_ask(&caller, "echo", &echo_rows, &message).error, IPC_OK) &&
           caller_end(&caller);
}

// A probe has that route to policyd, and asks for it under its own name.
static bool denied_to_probe(struct selftest *selftest, struct slot route,
                            const struct policy_message *message) {
    const struct peer_grant more = {.from = route, .to = PROBE_SLOT_FORWARD, .rights = RIGHT_CALL};
    struct peer peer;
    uint8_t *payload = selftest->runtime->page->call_out.payload;
    const uint64_t type = policy_rows.type;
    if (!peer_start_with(selftest, TASK_HART_ANY, &more, &peer)) {
        return false;
    }
    memcpy(payload, &type, sizeof(type));
    uint32_t bytes = policy_encode(WIRE_REQUEST, message, payload + sizeof(type),
                                   FRAME_PAYLOAD_MAX - sizeof(type));
    struct call_result result = peer_call_bytes(
        selftest, &peer, PROBE_ASK_ON, (uint32_t)sizeof(type) + bytes, selftest_patience());
    return selftest_expect_status(selftest, "a probe", result.status, STATUS_OK) &&
           selftest_expect(selftest, "its call", peer_reply_word(selftest, 0), STATUS_OK) &&
           selftest_expect(selftest, "policyd's answer to it", peer_reply_word(selftest, 1),
                           WIRE_DENIED) &&
           peer_end(selftest, &peer);
}

// A policy that there is not; and who asks is who policyd goes by, not who had the route.
bool case_policy_reject_select(struct selftest *selftest) {
    struct caller caller;
    struct slot route;
    struct policy_message before;
    struct policy_message after;
    struct policy_message absent = {.header = {.op = POLICY_OP_SELECT}, .policy = NO_POLICY};
    const struct policy_message select = {.header = {.op = POLICY_OP_SELECT},
                                          .policy = CALLER_POLICY_LOCKED};
    const struct policy_message learning = {.header = {.op = POLICY_OP_LEARN}, .learning = 1};
    return caller_begin(selftest, &caller) && ask_stats(&caller, &before) &&
           ask(&caller, &absent, WIRE_ABSENT) &&
           resolves(&caller, "policyd", POLICY_CALL, RESOLVE_GIVEN, &route) &&
           denied_to_probe(selftest, route, &select) &&
           denied_to_probe(selftest, route, &learning) && closes(selftest, route) &&
           ask_stats(&caller, &after) &&
           selftest_expect(selftest, "the policy", after.policy, before.policy) &&
           selftest_expect(selftest, "learning", after.learning, 0) &&
           selftest_expect(selftest, "revocations", after.revocations, before.revocations) &&
           caller_end(&caller);
}

// Questions are for samgrd and for execd.
bool case_policy_reject_ask(struct selftest *selftest) {
    const struct policy_message question = {.header = {.op = POLICY_OP_ASK},
                                            .subject = service_id_named("selftest").value,
                                            .object = service_id_named("echo").value,
                                            .action = POLICY_CALL};
    struct policy_message asked = question;
    struct policy_message checked = question;
    struct caller caller;
    checked.header.op = POLICY_OP_CHECK;
    return caller_begin(selftest, &caller) && ask(&caller, &asked, WIRE_DENIED) &&
           ask(&caller, &checked, WIRE_DENIED) && caller_end(&caller);
}

bool case_policy_reject_malformed(struct selftest *selftest) {
    const struct policy_message stats = {.header = {.op = POLICY_OP_STATS}};
    struct policy_message learning = {.header = {.op = POLICY_OP_LEARN}, .learning = 2};
    struct caller caller;
    struct slot route;
    return caller_begin(selftest, &caller) && ask(&caller, &learning, WIRE_MALFORMED) &&
           resolves(&caller, "policyd", POLICY_CALL, RESOLVE_GIVEN, &route) &&
           raw_refuses_malformed(selftest, route, &policy_rows, &stats) &&
           closes(selftest, route) && caller_end(&caller);
}

// Of samgrd: what is no action, and one that takes no route.
bool case_route_reject_action(struct selftest *selftest) {
    struct caller caller;
    struct routing_message none = {.header = {.op = ROUTING_OP_RESOLVE},
                                   .target = service_id_named("echo").value,
                                   .action = NO_ACTION};
    struct routing_message start = none;
    start.action = POLICY_START;
    return caller_begin(selftest, &caller) &&
           raw_answered(selftest, caller.resolver.samgrd, &routing_rows, &none, WIRE_ABSENT) &&
           raw_answered(selftest, caller.resolver.samgrd, &routing_rows, &start, WIRE_ABSENT) &&
           caller_end(&caller);
}

bool case_route_reject_malformed(struct selftest *selftest) {
    const struct routing_message stats = {.header = {.op = ROUTING_OP_STATS}};
    struct caller caller;
    return caller_begin(selftest, &caller) &&
           raw_refuses_malformed(selftest, caller.resolver.samgrd, &routing_rows, &stats) &&
           caller_end(&caller);
}
