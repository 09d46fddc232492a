// services/samgrd/service.c: connects the logic (samgrd.h) with the kernel's calls, with policyd,
// and with init.
#include "services/samgrd/service.h"

#include "images/markers.h"
#include "ipc/ask.h"
#include "ipc/boot_resolver.h"
#include "ipc/plant.h"
#include "ipc/server.h"
#include "ipc/wire/init_wire.h"
#include "ipc/wire/policy_action.h"
#include "ipc/wire/policy_wire.h"
#include "ipc/wire/routing_wire.h"
#include "services/samgrd/samgrd.h"

// How long policyd and init may take to answer.
#define ANSWER_DEADLINE_NS UINT64_C(1000000000)

enum {
    RESOLVE_ATTEMPTS = 2,  // The policy may change between its answer and the minting.
};

struct samgrd_service_state {
    struct ipc_server server;
    struct ipc_boot_resolver resolver;
    struct ipc_client client;
    struct service_id policyd;
    struct service_id init;
    bool offers_due;  // init may have services that are not known here.
    struct samgrd samgrd;
};

// Who wants to do what to whom.
struct wanted {
    uint64_t subject;
    struct service_id target;
    enum policy_action action;
};

// What a request comes to.
struct resolution {
    enum wire_status status;  // WIRE_ABSENT: allowed, but there is no instance now.
    struct slot minted;       // WIRE_OK: or CAP_SLOT_NONE, if policy says no.
};

// What is asked of policyd or init; a capability that comes with the answer is put to *taken.
static struct ipc_question question_to(struct service_id target,
                                       const struct wire_protocol_rows *protocol,
                                       struct slot *taken) {
    return (struct ipc_question){.target = target,
                                 .protocol = protocol,
                                 .deadline = {.ns = sys_clock_get() + ANSWER_DEADLINE_NS},
                                 .carried = slot_at(CAP_SLOT_NONE),
                                 .taken = taken};
}

// WIRE_OK: *grant is what to mint under. WIRE_DENIED: policy says no. Everything else is no answer.
static enum wire_status ask_policyd(struct samgrd_service_state *state, const struct wanted *wanted,
                                    struct slot *grant) {
    struct policy_message message = {.header = {.op = POLICY_OP_ASK},
                                     .subject = wanted->subject,
                                     .object = wanted->target.value,
                                     .action = (uint8_t)wanted->action};
    const struct ipc_question question = question_to(state->policyd, &policy_rows, grant);
    if (ipc_ask(&state->client, &question, &message).error != IPC_OK) {
        return WIRE_UNAVAILABLE;
    }
    bool given = grant->value != CAP_SLOT_NONE;
    if (given != (message.header.status == WIRE_OK)) {
        slot_release(*grant);
        return WIRE_UNAVAILABLE;
    }
    return (enum wire_status)message.header.status;
}

// The slot to mint from, if the instance is still there.
static struct slot live_instance(struct samgrd *samgrd, struct service_id target) {
    struct slot slot = samgrd_find(samgrd, target);
    if (slot.value == CAP_SLOT_NONE) {
        return slot;
    }
    struct query_result found = sys_cap_query(slot);
    if (found.status == STATUS_OK && (found.detail & CAP_QUERY_CLOSED) == 0) {
        return slot;
    }
    slot_release(samgrd_forget(samgrd, target));
    return slot_at(CAP_SLOT_NONE);
}

static struct resolution resolved(enum wire_status status) {
    return (struct resolution){.status = status, .minted = slot_at(CAP_SLOT_NONE)};
}

static struct resolution resolve(struct samgrd_service_state *state, const struct wanted *wanted) {
    // The second is a question of its own: the policy has changed since the first was answered.
    for (uint32_t attempt = 0; attempt < RESOLVE_ATTEMPTS; attempt++) {
        struct slot grant = slot_at(CAP_SLOT_NONE);
        enum wire_status says = ask_policyd(state, wanted, &grant);
        if (says != WIRE_OK) {
            return resolved(says == WIRE_DENIED ? WIRE_OK : WIRE_UNAVAILABLE);
        }
        struct slot from = live_instance(&state->samgrd, wanted->target);
        if (from.value == CAP_SLOT_NONE) {
            slot_release(grant);
            return resolved(WIRE_ABSENT);
        }
        struct slot_result minted = sys_cap_mint_under(from, policy_action_badge(wanted->action),
                                                       policy_action_right(wanted->action), grant);
        slot_release(grant);
        if (minted.status == STATUS_OK) {
            return (struct resolution){.status = WIRE_OK, .minted = minted.slot};
        }
        if (minted.status != STATUS_REVOKED) {
            return resolved(WIRE_OVERLOAD);
        }
    }
    return resolved(WIRE_UNAVAILABLE);
}

// Puts what a request came to into its answer, and counts it.
static enum wire_status put_resolution(struct samgrd *samgrd, struct resolution came,
                                       struct routing_message *message) {
    bool refused = came.status == WIRE_OK && came.minted.value == CAP_SLOT_NONE;
    message->deny_for_ms = refused ? SAMGRD_DENY_FOR_MS : 0;
    samgrd->stats.denied += refused;
    samgrd->stats.resolved += came.status == WIRE_OK && !refused;
    return came.status;
}

// Answers one who waited. False: it waits on.
static bool serve_waiting(struct samgrd_service_state *state,
                          const struct samgrd_waiting *waiting) {
    const struct wanted wanted = {
        .subject = waiting->subject, .target = waiting->target, .action = waiting->action};
    struct resolution came = resolve(state, &wanted);
    if (came.status == WIRE_ABSENT && samgrd_wait(&state->samgrd, waiting)) {
        return false;
    }
    struct routing_message message = {0};
    enum wire_status status = put_resolution(&state->samgrd, came, &message);
    (void)ipc_answer(&state->server, &waiting->call, status, &message, came.minted);
    return true;
}

// One service that init has up and that is not known here. False: there is none, or init did not
// answer, and then offers_due stands.
static bool take_offer(struct samgrd_service_state *state, struct service_id *id) {
    struct init_message message = {.header = {.op = INIT_OP_OFFER}};
    struct slot offered = slot_at(CAP_SLOT_NONE);
    const struct ipc_question question = question_to(state->init, &init_rows, &offered);
    if (ipc_ask(&state->client, &question, &message).error != IPC_OK) {
        return false;
    }
    state->offers_due = message.header.status != WIRE_ABSENT;
    if (offered.value == CAP_SLOT_NONE) {
        return false;
    }
    id->value = message.service;
    slot_release(samgrd_offered(&state->samgrd, *id, offered));
    return true;
}

// Asks init for what is new, and answers those who waited for it.
static void take_offers(struct samgrd_service_state *state) {
    struct service_id id = {.value = 0};
    state->offers_due = true;
    // Who waited, of each a question of its own.
    for (uint32_t i = 0; i < SAMGRD_SERVICE_MAX && take_offer(state, &id); i++) {
        struct samgrd_waiting waiting;
        for (uint32_t k = 0; k < SAMGRD_WAITING_MAX; k++) {  // Each a question of its own.
            bool waits = samgrd_take(&state->samgrd, id, &waiting);
            if (waits && plant_fires(PLANT_LOSE_WAITING)) {
                continue;
            }
            if (!waits || !serve_waiting(state, &waiting)) {
                break;
            }
        }
    }
}

// Answers now, or keeps the call until the target has an instance.
static enum wire_status on_resolve(void *of, struct ipc_exchange *exchange) {
    struct samgrd_service_state *state = of;
    struct routing_message *message = exchange->message;
    if (state->offers_due) {  // init did not answer when it was asked last.
        take_offers(state);
    }
    const struct wanted wanted = {.subject = exchange->request->meta.service_id,
                                  .target = {.value = message->target},
                                  .action = (enum policy_action)message->action};
    if (policy_action_right(wanted.action) == 0) {
        return WIRE_ABSENT;
    }
    struct resolution came = resolve(state, &wanted);
    if (came.status != WIRE_ABSENT) {
        exchange->lend = came.minted;
        return put_resolution(&state->samgrd, came, message);
    }
    const struct kept_call *call = ipc_keep(exchange);
    const struct samgrd_waiting waiting = {.subject = wanted.subject,
                                           .target = wanted.target,
                                           .action = wanted.action,
                                           .call = call ? *call : (struct kept_call){.op = 0}};
    if (!call || !samgrd_wait(&state->samgrd, &waiting)) {
        return WIRE_OVERLOAD;
    }
    state->samgrd.stats.deferred++;
    return WIRE_OK;
}

static enum wire_status on_stats(void *of, struct ipc_exchange *exchange) {
    const struct samgrd_service_state *state = of;
    const struct samgrd *samgrd = &state->samgrd;
    struct routing_message *message = exchange->message;
    message->services = samgrd_service_count(samgrd);
    message->resolved = samgrd->stats.resolved;
    message->denied = samgrd->stats.denied;
    message->deferred = samgrd->stats.deferred;
    return WIRE_OK;
}

static void on_left(void *of, struct reply_handle reply) {
    struct samgrd_service_state *state = of;
    samgrd_left(&state->samgrd, reply);
}

static void on_notified(void *of, uint64_t kernel_bits, uint64_t badge_bits) {
    (void)kernel_bits;
    if (badge_bits != 0) {  // init has something new.
        take_offers(of);
    }
}

static const struct ipc_client *client_of(const void *of) {
    return &((const struct samgrd_service_state *)of)->client;
}

int samgrd_main(struct runtime *runtime) {
    static const struct ipc_row rows[] = {
        [ROUTING_OP_RESOLVE] = {.call = on_resolve},
        [ROUTING_OP_STATS] = {.call = on_stats},
    };
    const struct ipc_service service = {.name = "samgrd",
                                        .ready = MARKER_SAMGRD_READY,
                                        .protocol = &routing_rows,
                                        .rows = rows,
                                        .row_count = ARRAY_LEN(rows),
                                        .notified = on_notified,
                                        .left = on_left,
                                        .client = client_of};
    static const struct ipc_boot_route_row routes[] = {
        {"policyd", POLICY_CALL, SAMGRD_SLOT_POLICYD},
        {"init", POLICY_CALL, SLOT_INIT},
    };
    struct samgrd_service_state state = {.resolver = {.runtime = runtime, IPC_BOOT_ROWS(routes)},
                                         .policyd = service_id_named("policyd"),
                                         .init = service_id_named("init")};
    samgrd_init(&state.samgrd);
    ipc_boot_client_init(&state.client, &state.resolver);
    if (!runtime_expect(runtime, slot_at(SAMGRD_SLOT_POLICYD), CAP_ENDPOINT, RIGHT_CALL,
                        "the route to policyd")) {
        return 1;
    }
    return ipc_serve(&state.server, runtime, &service, &state);
}
