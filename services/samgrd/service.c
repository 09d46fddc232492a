// services/samgrd/service.c: connects the logic (samgrd.h) with the kernel's calls, with policyd,
// and with init.
#include "services/samgrd/service.h"

#include "images/markers.h"
#include "ipc/boot_route.h"
#include "ipc/frame.h"
#include "ipc/ready.h"
#include "ipc/wire/init_wire.h"
#include "ipc/wire/policy_action.h"
#include "ipc/wire/policy_wire.h"
#include "ipc/wire/routing_wire.h"
#include "runtime/service.h"
#include "services/samgrd/samgrd.h"

// How long policyd and init may take to answer.
#define ANSWER_DEADLINE_NS UINT64_C(1000000000)

enum {
    RESOLVE_ATTEMPTS = 2,  // The policy may change between its answer and the minting.
};

struct samgrd_service_state {
    struct runtime *runtime;
    struct slot policyd;
    struct nonce last;
    bool offers_due;  // init may have services that are not known here.
    struct samgrd samgrd;
};

// What a request comes to.
struct resolution {
    enum wire_status status;  // WIRE_ABSENT: allowed, but there is no instance now.
    struct slot minted;       // WIRE_OK: or CAP_SLOT_NONE, if policy says no.
};

static void close_slot(struct slot slot) {
    if (slot.value != CAP_SLOT_NONE) {
        status_ignore(sys_cap_close(slot), "a slot that is free already is as good");
    }
}

static enum wire_status policyd_lost(struct samgrd_service_state *state, enum status status) {
    if (status == STATUS_PEER_CLOSED || status == STATUS_BAD_CAP) {
        const struct deadline deadline = {.ns = sys_clock_get() + ANSWER_DEADLINE_NS};
        struct slot_result again = ipc_boot_route(state->runtime, SAMGRD_SLOT_POLICYD, deadline);
        if (again.status == STATUS_OK) {
            close_slot(state->policyd);
            state->policyd = again.slot;
        }
    }
    return WIRE_UNAVAILABLE;
}

// WIRE_OK: *grant is what to mint under. WIRE_DENIED: policy says no. Everything else is no answer.
static enum wire_status ask_policyd(struct samgrd_service_state *state, uint64_t subject,
                                    struct service_id target, struct slot *grant) {
    struct message_area *out = &state->runtime->page->call_out;
    const struct message_area *in = &state->runtime->page->reply_in;
    state->last.value++;
    const struct policy_message request = {.header = {.op = POLICY_OP_ASK, .nonce = state->last},
                                           .subject = subject,
                                           .object = target.value,
                                           .action = POLICY_CALL};
    frame_finish(out, WIRE_PROTOCOL_POLICY,
                 policy_encode(WIRE_REQUEST, &request, out->payload, sizeof(out->payload)));
    out->header.flags = FRAME_TAKE_CAP;
    struct call_result result = sys_ipc_call(state->policyd, sys_clock_get() + ANSWER_DEADLINE_NS);
    if (result.status != STATUS_OK) {
        return policyd_lost(state, result.status);
    }
    *grant = slot_at(in->meta.slot);
    struct policy_message reply = {0};
    enum wire_status decoded = policy_decode(WIRE_REPLY, in->payload, in->header.len, &reply);
    bool given = grant->value != CAP_SLOT_NONE;
    if (decoded != WIRE_OK || reply.header.nonce.value != state->last.value ||
        given != (reply.header.status == WIRE_OK)) {
        close_slot(*grant);
        return WIRE_UNAVAILABLE;
    }
    return (enum wire_status)reply.header.status;
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
    close_slot(samgrd_forget(samgrd, target));
    return slot_at(CAP_SLOT_NONE);
}

static struct resolution resolved(enum wire_status status) {
    return (struct resolution){.status = status, .minted = slot_at(CAP_SLOT_NONE)};
}

static struct resolution resolve(struct samgrd_service_state *state, uint64_t subject,
                                 struct service_id target) {
    for (uint32_t attempt = 0; attempt < RESOLVE_ATTEMPTS; attempt++) {
        struct slot grant = slot_at(CAP_SLOT_NONE);
        enum wire_status says = ask_policyd(state, subject, target, &grant);
        if (says != WIRE_OK) {
            return resolved(says == WIRE_DENIED ? WIRE_OK : WIRE_UNAVAILABLE);
        }
        struct slot from = live_instance(&state->samgrd, target);
        if (from.value == CAP_SLOT_NONE) {
            close_slot(grant);
            return resolved(WIRE_ABSENT);
        }
        struct slot_result minted = sys_cap_mint_under(from, 0, RIGHT_CALL, grant);
        close_slot(grant);
        if (minted.status == STATUS_OK) {
            return (struct resolution){.status = WIRE_OK, .minted = minted.slot};
        }
        if (minted.status != STATUS_REVOKED) {
            return resolved(WIRE_OVERLOAD);
        }
    }
    return resolved(WIRE_UNAVAILABLE);
}

static void encode_answer(struct message_area *out, const struct routing_message *message) {
    frame_finish(out, WIRE_PROTOCOL_ROUTING,
                 routing_encode(WIRE_REPLY, message, out->payload, sizeof(out->payload)));
}

// Answers a request to resolve. A caller that did not say that it takes a capability gets none.
static void answer(struct samgrd_service_state *state, const struct samgrd_waiting *request,
                   struct resolution came) {
    struct message_area *out = &state->runtime->page->reply_out;
    bool refused = came.status == WIRE_OK && came.minted.value == CAP_SLOT_NONE;
    struct routing_message message = {.header = {.op = ROUTING_OP_RESOLVE,
                                                 .status = (uint8_t)came.status,
                                                 .nonce = request->nonce},
                                      .deny_for_ms = refused ? SAMGRD_DENY_FOR_MS : 0};
    encode_answer(out, &message);
    frame_carry(out, came.minted);
    if (sys_ipc_reply(request->reply) != STATUS_OK) {
        frame_keep(request->reply, came.minted);
        return;
    }
    state->samgrd.stats.denied += refused;
    state->samgrd.stats.resolved += came.status == WIRE_OK && !refused;
}

// Answers now, or keeps the reply until the target has an instance.
static void serve_resolve(struct samgrd_service_state *state,
                          const struct samgrd_waiting *request) {
    struct resolution came = resolve(state, request->subject, request->target);
    if (came.status == WIRE_ABSENT && samgrd_wait(&state->samgrd, request)) {
        return;
    }
    came.status = came.status == WIRE_ABSENT ? WIRE_OVERLOAD : came.status;
    answer(state, request, came);
}

static bool wants_service(const struct samgrd_waiting *waiting, const void *context) {
    return waiting->target.value == ((const struct service_id *)context)->value;
}

// One service that init has up and that is not known here. False: there is none, or init did not
// answer, and then offers_due stands.
static bool take_offer(struct samgrd_service_state *state, struct service_id *id) {
    struct message_area *out = &state->runtime->page->call_out;
    const struct message_area *in = &state->runtime->page->reply_in;
    state->last.value++;
    const struct init_message request = {.header = {.op = INIT_OP_OFFER, .nonce = state->last}};
    frame_finish(out, WIRE_PROTOCOL_INIT,
                 init_encode(WIRE_REQUEST, &request, out->payload, sizeof(out->payload)));
    out->header.flags = FRAME_TAKE_CAP;
    struct call_result result =
        sys_ipc_call(slot_at(SLOT_INIT), sys_clock_get() + ANSWER_DEADLINE_NS);
    struct init_message reply = {0};
    if (result.status != STATUS_OK ||
        init_decode(WIRE_REPLY, in->payload, in->header.len, &reply) != WIRE_OK) {
        return false;
    }
    state->offers_due = reply.header.status != WIRE_ABSENT;
    if (in->meta.slot == CAP_SLOT_NONE) {
        return false;
    }
    id->value = reply.service;
    close_slot(samgrd_offered(&state->samgrd, *id, slot_at(in->meta.slot)));
    return true;
}

// Asks init for what is new, and answers those who waited for it.
static void take_offers(struct samgrd_service_state *state) {
    struct service_id id = {.value = 0};
    state->offers_due = true;
    for (uint32_t i = 0; i < SAMGRD_SERVICE_MAX && take_offer(state, &id); i++) {
        struct samgrd_waiting waiting;
        for (uint32_t k = 0; k < SAMGRD_WAITING_MAX; k++) {
            if (!samgrd_take(&state->samgrd, wants_service, &id, &waiting)) {
                break;
            }
            serve_resolve(state, &waiting);
        }
    }
}

static void fill_stats(const struct samgrd *samgrd, struct routing_message *message) {
    message->services = samgrd_service_count(samgrd);
    message->resolved = samgrd->stats.resolved;
    message->denied = samgrd->stats.denied;
    message->deferred = samgrd->stats.deferred;
}

static enum service_outcome on_call(void *of, const struct message_area *request,
                                    struct reply_handle reply, struct message_area *out) {
    struct samgrd_service_state *state = of;
    struct routing_message message = {0};
    enum wire_status status =
        routing_decode(WIRE_REQUEST, request->payload, request->header.len, &message);
    if (status == WIRE_OK && message.header.op == ROUTING_OP_RESOLVE) {
        const struct samgrd_waiting asked = {.subject = request->meta.service_id,
                                             .target = {.value = message.target},
                                             .nonce = message.header.nonce,
                                             .reply = reply};
        if (state->offers_due) {  // init did not answer when it was asked last.
            take_offers(state);
        }
        serve_resolve(state, &asked);
        return SERVICE_KEEP;
    }
    state->samgrd.stats.malformed += status != WIRE_OK;
    fill_stats(&state->samgrd, &message);
    message.header.status = (uint8_t)status;
    encode_answer(out, &message);
    return SERVICE_ANSWER;
}

static bool caller_left(const struct samgrd_waiting *waiting, const void *context) {
    (void)context;
    struct query_result found = sys_reply_query(waiting->reply);
    return found.status != STATUS_OK || found.value == 0;
}

static void on_notified(void *of, uint64_t kernel_bits, uint64_t badge_bits) {
    struct samgrd_service_state *state = of;
    struct samgrd_waiting left;
    bool look = (kernel_bits & NOTIFY_REPLY_GONE) != 0;
    while (look && samgrd_take(&state->samgrd, caller_left, 0, &left)) {  // Once for each at most.
        status_ignore(sys_reply_close(left.reply), "there is nobody behind it any more");
    }
    if (badge_bits != 0) {
        take_offers(state);
    }
}

int samgrd_main(struct runtime *runtime) {
    struct samgrd_service_state state = {.runtime = runtime,
                                         .policyd = slot_at(SAMGRD_SLOT_POLICYD)};
    samgrd_init(&state.samgrd);
    const struct service_handlers handlers = {.call = on_call, .notified = on_notified};
    if (!runtime_expect(runtime, slot_at(SLOT_ENDPOINT), CAP_ENDPOINT, RIGHT_RECV,
                        "samgrd's endpoint") ||
        !runtime_expect(runtime, slot_at(SAMGRD_SLOT_POLICYD), CAP_ENDPOINT, RIGHT_CALL,
                        "the route to policyd")) {
        return 1;
    }
    if (runtime_start_number(runtime) > 1) {
        marker(runtime, MARKER_SAMGRD_READY_AGAIN, runtime_start_number(runtime));
    } else {
        marker_text(runtime, MARKER_SAMGRD_READY);
    }
    enum status status = ipc_ready(runtime);
    if (status == STATUS_OK) {
        status = service_run(runtime, slot_at(SLOT_ENDPOINT), &handlers, &state);
    }
    log_line(runtime, "samgrd: ends: %s", status_name(status));
    return 1;
}
