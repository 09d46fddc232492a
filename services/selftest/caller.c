// services/selftest/caller.c: see caller.h.
#include "services/selftest/caller.h"

#include "ipc/frame.h"
#include "ipc/wire/init_wire.h"
#include "ipc/wire/policy_wire.h"
#include "ipc/wire/server_wire.h"
#include "services/selftest/raw.h"
#include "services/selftest/slots.h"

enum { LOOKS_MAX = 1000 };

bool caller_begin(struct selftest *selftest, struct caller *caller) {
    struct slot_result pause = sys_endpoint_create(slot_at(SELFTEST_SLOT_FACTORY));
    caller->selftest = selftest;
    ipc_resolver_init(&caller->resolver, selftest->runtime, SLOT_SAMGRD);
    if (selftest->samgrd.value != CAP_SLOT_NONE) {
        caller->resolver.samgrd = selftest->samgrd;
    }
    ipc_client_init(&caller->client, selftest->runtime, ipc_resolver_ask, &caller->resolver,
                    pause.slot);
    return selftest_expect_status(selftest, "an endpoint to pause at", pause.status, STATUS_OK);
}

struct ipc_outcome caller_ask_with(struct caller *caller, const char *name,
                                   const struct wire_protocol_rows *protocol, void *message,
                                   struct slot carried) {
    const struct ipc_question question = {.target = service_id_named(name),
                                          .protocol = protocol,
                                          .deadline = {.ns = selftest_patience()},
                                          .carried = carried};
    return ipc_ask(&caller->client, &question, message);
}

struct ipc_outcome caller_ask(struct caller *caller, const char *name,
                              const struct wire_protocol_rows *protocol, void *message) {
    return caller_ask_with(caller, name, protocol, message, slot_at(CAP_SLOT_NONE));
}

bool caller_select_policy(struct caller *caller, uint8_t number, uint32_t *revoked) {
    struct policy_message message = {.header = {.op = POLICY_OP_SELECT}, .policy = number};
    struct ipc_outcome outcome = caller_ask(caller, "policyd", &policy_rows, &message);
    *revoked = message.revoked;
    return selftest_expect(caller->selftest, "selecting a policy", outcome.error, IPC_OK) &&
           selftest_expect(caller->selftest, "its status", message.header.status, WIRE_OK);
}

// A request that every service answers.
static struct ipc_outcome ask_counts(struct caller *caller, const char *name) {
    struct server_message message = {.header = {.op = SERVER_OP_COUNTS}};
    return caller_ask(caller, name, &server_rows, &message);
}

// Asks until the refusal has lapsed and samgrd is asked again.
static bool allowed_again(struct caller *caller, const char *name) {
    struct ipc_outcome outcome = {.error = IPC_DENIED};
    for (uint32_t i = 0; i < LOOKS_MAX && outcome.error == IPC_DENIED; i++) {
        struct recv_result waited =
            sys_ipc_recv(caller->client.pause, sys_clock_get() + SELFTEST_MS);
        (void)waited.received;  // Nothing arrives there; what matters is that time has passed.
        outcome = ask_counts(caller, name);
    }
    return selftest_expect(caller->selftest, "a call that is allowed again", outcome.error, IPC_OK);
}

bool caller_sees_denial(struct caller *caller, const char *name) {
    uint32_t revoked = 0;
    return selftest_expect(caller->selftest, name, ask_counts(caller, name).error, IPC_OK) &&
           caller_select_policy(caller, CALLER_POLICY_LOCKED, &revoked) &&
           selftest_expect(caller->selftest, "a grant was revoked", revoked != 0, true) &&
           selftest_expect(caller->selftest, name, ask_counts(caller, name).error, IPC_DENIED) &&
           caller_select_policy(caller, CALLER_POLICY_USUAL, &revoked) &&
           allowed_again(caller, name);
}

bool caller_samgrd_stats(const struct caller *caller, struct routing_message *stats) {
    const struct selftest *selftest = caller->selftest;
    *stats = (struct routing_message){.header = {.op = ROUTING_OP_STATS}};
    return raw_answered(selftest, caller->resolver.samgrd, &routing_rows, stats, WIRE_OK) &&
           selftest_expect(
               selftest, "what samgrd has done",
               routing_decode_area(WIRE_REPLY, &selftest->runtime->page->reply_in, stats), WIRE_OK);
}

bool caller_end_service(const struct selftest *selftest, struct slot route, const char *name,
                        enum wire_status wanted) {
    struct message_page *page = selftest->runtime->page;
    struct init_message message = {.header = {.op = INIT_OP_END},
                                   .service = service_id_named(name).value};
    frame_finish(&page->call_out, WIRE_TYPE(WIRE_PROTOCOL_INIT, INIT_OP_END, WIRE_VIA_NONE),
                 init_encode(WIRE_REQUEST, &message, page->call_out.payload,
                             sizeof(page->call_out.payload)));
    return selftest_expect_status(selftest, "asking init to end a service",
                                  sys_ipc_call(route, selftest_patience()).status, STATUS_OK) &&
           selftest_expect(
               selftest, "the answer",
               init_decode(WIRE_REPLY, page->reply_in.payload, page->reply_in.header.len, &message),
               WIRE_OK) &&
           selftest_expect(selftest, "its status", message.header.status, wanted);
}

// On another hart the instance that ends may still answer once. A driver waits for its device, and
// where time is counted in instructions it passes at once while everybody waits.
static bool came_back(struct ipc_outcome outcome) {
    return outcome.served != IPC_HIT && outcome.error != IPC_TIMED_OUT;
}

bool caller_sees_restart(struct caller *caller, const char *name) {
    if (!caller_end_service(caller->selftest, slot_at(SELFTEST_SLOT_OPERATOR), name, WIRE_OK)) {
        return false;
    }
    struct ipc_outcome outcome = {.error = IPC_OK, .served = IPC_HIT};
    for (uint32_t i = 0; i < LOOKS_MAX && !came_back(outcome); i++) {
        outcome = ask_counts(caller, name);
    }
    return selftest_expect(caller->selftest, "a call after a restart", outcome.error, IPC_OK) &&
           selftest_expect(caller->selftest, "that its route was found again",
                           !IPC_REUSE || outcome.served == IPC_REBOUND, true);
}

// The way to another samgrd than those that are known was found by this caller.
bool caller_end(struct caller *caller) {
    ipc_client_release(&caller->client);
    if (caller->resolver.samgrd.value != SLOT_SAMGRD &&
        caller->resolver.samgrd.value != caller->selftest->samgrd.value) {
        slot_release(caller->resolver.samgrd);
    }
    return selftest_expect_status(caller->selftest, "closing it",
                                  sys_cap_close(caller->client.pause), STATUS_OK);
}
