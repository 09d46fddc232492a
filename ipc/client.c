// ipc/client.c: see client.h, which has the call on a bound route; everything else is in
// call_slowly.
#include "ipc/client.h"

#include <string.h>

#include "ipc/plant.h"
#include "ipc/reuse.h"

// How a request goes to its service.
enum way {
    WAY_CALL,
    WAY_MANAGE,   // A call as who manages the service.
    WAY_REQUEST,  // A send whose answer comes later.
    WAY_TELL,     // A send without one.
    WAY_NOTIFY,
    WAY_GRANT,  // Nothing is sent: a task gets the route.
};

// A call that is not over: what is left of its budget, and what it has cost so far.
struct call {
    struct ipc_client *client;
    const struct ipc_request *request;
    struct budget budget;
    enum way way;
    enum ipc_served served;
    uint32_t attempts;
    uint32_t losses;                    // Of the route, in this call.
    struct ipc_sent *sent;              // WAY_REQUEST
    const struct ipc_grantee *grantee;  // WAY_GRANT
    bool kept;                          // The request is in client->kept.
    bool carried_gone;                  // What the request carried has left its slot.
};

// What one attempt came to.
struct verdict {
    bool over;
    enum ipc_error error;
};

static const struct verdict try_again = {.over = false};

static struct verdict over(enum ipc_error error) {
    struct verdict verdict = {.over = true, .error = error};
    return verdict;
}

void ipc_client_init(struct ipc_client *client, struct runtime *runtime, ipc_resolve *resolve,
                     void *context, struct slot pause) {
    *client = (struct ipc_client){.runtime = runtime,
                                  .resolve = resolve,
                                  .context = context,
                                  .pause = pause,
                                  .reuse = IPC_REUSE != 0};
    route_cache_init(&client->routes);
}

void ipc_client_release(struct ipc_client *client) {
    for (uint32_t i = 0; i < ROUTE_CAPACITY; i++) {
        if (client->routes.routes[i].target.value != 0) {
            slot_release(route_evict(&client->routes, &client->routes.routes[i]));
        }
    }
}

static bool waits(enum way way) {
    return way == WAY_CALL || way == WAY_MANAGE;
}

static enum policy_action action_of(enum way way) {
    static const uint8_t actions[] = {
        [WAY_CALL] = POLICY_CALL, [WAY_MANAGE] = POLICY_MANAGE, [WAY_REQUEST] = POLICY_SEND,
        [WAY_TELL] = POLICY_SEND, [WAY_NOTIFY] = POLICY_NOTIFY, [WAY_GRANT] = POLICY_CALL};
    return (enum policy_action)actions[way];
}

struct ipc_outcome ipc_client_outcome(struct ipc_client *client, struct service_id target,
                                      enum policy_action action, struct ipc_outcome outcome) {
    client->stats.outcomes[outcome.error][outcome.served]++;
    if (outcome.error != IPC_OK || outcome.served != IPC_HIT || client->routes.trace_hits) {
        route_trace_put(
            &client->routes.trace,
            (struct route_trace_record){.target = target.value,
                                        .kind = ROUTE_TRACE_OUTCOME,
                                        .action = (uint8_t)action,
                                        .what = {(uint8_t)outcome.error, (uint8_t)outcome.served}});
    }
    return outcome;
}

void ipc_client_stray(struct ipc_client *client, struct service_id target,
                      enum policy_action action, enum route_stray stray) {
    client->stats.strays[stray]++;
    client->routes.trace.now_ns = sys_clock_get();
    route_trace_put(&client->routes.trace, (struct route_trace_record){.target = target.value,
                                                                       .kind = ROUTE_TRACE_STRAY,
                                                                       .action = (uint8_t)action,
                                                                       .what = {(uint8_t)stray}});
}

static struct ipc_outcome finish(const struct call *call, enum ipc_error error) {
    const struct ipc_outcome outcome = {.error = error, .served = call->served};
    return ipc_client_outcome(call->client, call->request->target, action_of(call->way), outcome);
}

static bool may_be_done(const struct ipc_request *request, enum delivery delivery) {
    bool repeatable = request->op && request->op->repeatable;
    if (plant_fires(PLANT_SEND_TWICE)) {
        return false;
    }
    return delivery == DELIVERY_HANDED_OVER && !repeatable;
}

static enum ipc_error unanswered(const struct ipc_request *request, enum delivery delivery,
                                 enum ipc_error otherwise) {
    return may_be_done(request, delivery) ? IPC_UNKNOWN_OUTCOME : otherwise;
}

static enum ipc_error spent(enum budget_verdict verdict) {
    return verdict == BUDGET_LATE ? IPC_TIMED_OUT : IPC_REJECTED;
}

static struct verdict mismatched(struct call *call) {
    ipc_client_stray(call->client, call->request->target, action_of(call->way),
                     ROUTE_STRAY_MISMATCHED);
    if ((call->request->flags & FRAME_TAKE_CAP) != 0) {  // What a wrong answer brings is not kept.
        slot_release(slot_at(call->client->runtime->page->reply_in.meta.slot));
    }
    if (may_be_done(call->request, DELIVERY_HANDED_OVER) || call->carried_gone) {
        return over(IPC_UNKNOWN_OUTCOME);
    }
    enum budget_verdict verdict = budget_mismatch(&call->budget, sys_clock_get());
    return verdict == BUDGET_GO ? try_again : over(spent(verdict));
}

static struct verdict lost(struct call *call, struct route *route, enum delivery delivery) {
    struct slot slot = route_lost(&call->client->routes, route, route->epoch);
    if (!plant_fires(PLANT_LEAK_ROUTE)) {
        slot_release(slot);
    }
    call->losses++;
    bool unknown = may_be_done(call->request, delivery) || call->carried_gone;
    return unknown ? over(IPC_UNKNOWN_OUTCOME) : try_again;
}

// Of an asynchronous request the kernel's word may be about the endpoint for the answer instead, of
// a grant about the task, and of a frame that carries a capability about that, or about an endpoint
// that takes none: the caller's mistake. So it is, if nothing stands against the route.
static bool blames_caller(const struct call *call, const struct route *route) {
    bool carries = (call->request->flags & FRAME_CAP_MOVE) != 0;
    if (call->way != WAY_REQUEST && call->way != WAY_GRANT && !carries) {
        return false;
    }
    uint64_t right = policy_action_right(action_of(call->way));
    struct query_result found = sys_cap_query(route->slot);
    return found.status == STATUS_OK && cap_query_kind(found.kind_rights) == CAP_ENDPOINT &&
           (cap_query_rights(found.kind_rights) & right) != 0 &&
           (found.detail & (CAP_QUERY_CLOSED | CAP_QUERY_REVOKED)) == 0;
}

static struct verdict done(struct call *call, struct route *route) {
    switch (call->way) {
        case WAY_CALL:
        case WAY_MANAGE:
            if (!ipc_answers(&call->client->runtime->page->reply_in, call->request->nonce)) {
                return mismatched(call);
            }
            break;
        case WAY_REQUEST:  // Served once the answer comes.
            call->sent->epoch = route->epoch;
            return over(IPC_OK);
        case WAY_TELL:
        case WAY_NOTIFY:
        case WAY_GRANT:
            break;
    }
    route_served(&call->client->routes, route, route->epoch);
    return over(IPC_OK);
}

// The kernel takes the slot's number out of the frame when the capability leaves the slot.
static bool has_left(const struct call *call) {
    return (call->request->flags & FRAME_CAP_MOVE) != 0 &&
           call->client->runtime->page->call_out.meta.slot == CAP_SLOT_NONE;
}

// What the kernel's answer to a call through `route` means.
static struct verdict judge(struct call *call, struct route *route, struct call_result result) {
    call->carried_gone = has_left(call);
    switch (result.status) {
        case STATUS_OK:
            return done(call, route);
        case STATUS_TIMED_OUT:
            return over(unanswered(call->request, result.delivery, IPC_TIMED_OUT));
        case STATUS_PEER_CLOSED:
            return lost(call, route, result.delivery);
        case STATUS_REVOKED:
        case STATUS_DENIED:   // What samgrd gave lacks the right,
        case STATUS_BAD_CAP:  // or is no capability to an endpoint.
            return blames_caller(call, route) ? over(IPC_BAD_REQUEST)
                                              : lost(call, route, result.delivery);
        case STATUS_TOO_LARGE:
            return over(IPC_TOO_LARGE);
        case STATUS_WOULD_BLOCK:
            return over(waits(call->way) ? IPC_BAD_REQUEST : IPC_REJECTED);
        case STATUS_NO_SPACE:  // For the capability or the answer that is to come.
            return over(unanswered(call->request, result.delivery, IPC_REJECTED));
        case STATUS_BAD_ARG:
        case STATUS_BUSY:
        case STATUS_BAD_SYSCALL:
        case STATUS_BAD_IMAGE:
        case STATUS_BAD_IDENTITY:
        case STATUS_COUNT:
            break;
    }
    return over(unanswered(call->request, result.delivery, IPC_BAD_REQUEST));
}

static void pause_between(struct call *call) {
    if (call->client->pause.value == CAP_SLOT_NONE || call->budget.attempts.left == 0) {
        return;
    }
    uint64_t until_ns = budget_pause_until(&call->budget, sys_clock_get());
    struct recv_result waited = sys_ipc_recv(call->client->pause, until_ns);
    (void)waited.received;  // Nothing arrives there; what matters is that time has passed.
}

// The request goes aside while call_out is used to resolve, and comes back.
static void keep_request(struct call *call) {
    struct message_area *out = &call->client->runtime->page->call_out;
    uint32_t bytes = call->request->bytes;
    if (!call->kept && bytes <= FRAME_PAYLOAD_MAX) {
        memcpy(call->client->kept.payload, out->payload, bytes);
        call->kept = true;
    }
}

BASE_STATIC_ASSERT(WIRE_VIA_HIT == IPC_HIT + 1 && WIRE_VIA_MISS == IPC_MISS + 1 &&
                       WIRE_VIA_REBOUND == IPC_REBOUND + 1 && WIRE_VIA_DEGRADED == IPC_DEGRADED + 1,
                   "a frame's type says how its request was served");

// A row's type says that a bound route serves it.
static uint16_t type_served(uint16_t type, enum ipc_served served) {
    uint32_t rest = type & ((1u << WIRE_TYPE_VIA_SHIFT) - 1);
    return (uint16_t)(rest | ((uint32_t)served + WIRE_VIA_HIT) << WIRE_TYPE_VIA_SHIFT);
}

static void restore_request(struct call *call) {
    struct message_area *out = &call->client->runtime->page->call_out;
    if (call->kept) {
        memcpy(out->payload, call->client->kept.payload, call->request->bytes);
    }
    ipc_put_frame(out, call->request);
    out->header.type = type_served(call->request->frame_type, call->served);
}

static enum ipc_served served_by(const struct call *call, const struct route *route) {
    if (route->state == ROUTE_DEGRADED) {
        return IPC_DEGRADED;
    }
    bool again = call->losses != 0 || route->state == ROUTE_STALE;
    return again ? IPC_REBOUND : IPC_MISS;
}

// Gets the route a capability. Over only if policy says no.
static struct verdict ask(struct call *call, struct route *route, bool *given) {
    struct ipc_client *client = call->client;
    keep_request(call);
    struct resolved resolved = client->resolve(client->context, call->request->target,
                                               action_of(call->way), call->budget.deadline);
    *given = resolved.answer == RESOLVE_GIVEN;
    switch (resolved.answer) {
        case RESOLVE_GIVEN:
            slot_release(route_resolved(&client->routes, route, resolved.slot));
            return try_again;
        case RESOLVE_REFUSED:
            if (plant_fires(PLANT_DENY_FOR_EVER)) {
                resolved.deny_for_ns = UINT64_MAX / 2;
            }
            slot_release(
                route_refused(&client->routes, route, sys_clock_get() + resolved.deny_for_ns));
            return over(IPC_DENIED);
        case RESOLVE_FAILED:
            route_failed(&client->routes, route);
            pause_between(call);
            return try_again;
    }
    return try_again;
}

// The kernel grants also what leads nowhere any more, so that is looked at first.
static enum status grant_through(const struct call *call, const struct route *route) {
    const struct query_result found = sys_cap_query(route->slot);
    if (found.status == STATUS_OK && (found.detail & CAP_QUERY_CLOSED) != 0) {
        return STATUS_PEER_CLOSED;
    }
    return sys_task_grant(call->grantee->task, route->slot, call->grantee->slot, RIGHT_CALL);
}

static struct call_result send_through(const struct call *call, const struct route *route) {
    struct request_result got;
    switch (call->way) {
        case WAY_CALL:
        case WAY_MANAGE:
            return sys_ipc_call(route->slot, call->request->deadline.ns);
        case WAY_TELL:
            return sys_ipc_send(route->slot, 0);
        case WAY_NOTIFY:
            return (struct call_result){.status = sys_ipc_notify(route->slot)};
        case WAY_GRANT:
            return (struct call_result){.status = grant_through(call, route)};
        case WAY_REQUEST:
            break;
    }
    call->client->runtime->page->call_out.header.flags |= FRAME_WANT_REPLY;
    got = sys_ipc_request(route->slot, call->sent->own);
    call->sent->sequence = got.sequence;
    return (struct call_result){.status = got.status, .delivery = got.delivery};
}

// Another attempt begins.
static void resend(const struct call *call) {
    struct ipc_client *client = call->client;
    client->stats.resent++;
    route_trace_put(&client->routes.trace,
                    (struct route_trace_record){.target = call->request->target.value,
                                                .kind = ROUTE_TRACE_RESENT,
                                                .action = (uint8_t)action_of(call->way),
                                                .what = {(uint8_t)(call->attempts + 1)}});
}

// One attempt through the target's route, whatever its state.
static struct verdict attempt(struct call *call) {
    struct ipc_client *client = call->client;
    uint64_t now_ns = sys_clock_get();
    client->routes.trace.now_ns = now_ns;
    enum budget_verdict verdict = budget_attempt(&call->budget, now_ns);
    if (verdict != BUDGET_GO) {
        return over(spent(verdict));
    }
    if (call->attempts != 0) {
        resend(call);
    }
    call->attempts++;
    struct slot to_close = slot_at(CAP_SLOT_NONE);
    struct route *route =
        route_place(&client->routes, call->request->target, action_of(call->way), &to_close);
    slot_release(to_close);
    enum ipc_served served = served_by(call, route);
    enum route_need need = route_want(&client->routes, route, now_ns);
    if (need != ROUTE_USE) {
        call->served = served > call->served ? served : call->served;
    } else if (call->attempts == 1) {
        call->served = IPC_HIT;
    }
    if (need == ROUTE_REFUSE) {
        return over(IPC_DENIED);
    }
    if (need == ROUTE_ASK) {
        bool given = false;
        struct verdict asked = ask(call, route, &given);
        if (!given) {
            return asked;
        }
    }
    restore_request(call);
    struct call_result result = send_through(call, route);
    struct verdict judged = judge(call, route, result);
    if (!judged.over && call->losses > 1) {
        pause_between(call);  // One loss is a restart; two are a service in trouble.
    }
    return judged;
}

// A capability that was not sent is not left to a caller who cannot know that.
static void close_carried(const struct call *call) {
    if ((call->request->flags & FRAME_CAP_MOVE) != 0 && !call->carried_gone) {
        slot_release(call->request->carried);
    }
}

// The rest of a call: a bounded number of attempts. `first` is what has been made of it already.
static struct ipc_outcome call_slowly(struct call *call, struct verdict first) {
    struct ipc_client *client = call->client;
    struct verdict verdict = first;
    while (!verdict.over) {  // Ends: each attempt takes from the budget.
        verdict = attempt(call);
    }
    if (!client->reuse) {
        struct route *route =
            route_find(&client->routes, call->request->target, action_of(call->way));
        slot_release(route ? route_evict(&client->routes, route) : slot_at(CAP_SLOT_NONE));
    }
    if (verdict.error != IPC_OK) {
        close_carried(call);
    }
    return finish(call, verdict.error);
}

// A request that nothing has been made of yet.
static struct ipc_outcome begin(struct call *call) {
    const struct ipc_request *request = call->request;
    call->served = IPC_MISS;
    call->budget = budget_until(request->deadline);
    if (request->bytes > FRAME_PAYLOAD_MAX || request->target.value == 0) {
        bool large = request->bytes > FRAME_PAYLOAD_MAX;
        close_carried(call);
        return finish(call, large ? IPC_TOO_LARGE : IPC_BAD_REQUEST);
    }
    return call_slowly(call, try_again);
}

struct ipc_outcome ipc_call_unbound(struct ipc_client *client, const struct ipc_request *request) {
    struct call call = {.client = client, .request = request, .way = WAY_CALL};
    return begin(&call);
}

struct ipc_outcome ipc_client_manage(struct ipc_client *client, const struct ipc_request *request) {
    struct call call = {.client = client, .request = request, .way = WAY_MANAGE};
    return begin(&call);
}

struct ipc_outcome ipc_client_send(struct ipc_client *client, const struct ipc_request *request,
                                   struct ipc_sent *sent) {
    struct call call = {.client = client, .request = request, .way = WAY_REQUEST, .sent = sent};
    return begin(&call);
}

struct ipc_outcome ipc_client_tell(struct ipc_client *client, const struct ipc_request *request) {
    struct call call = {.client = client, .request = request, .way = WAY_TELL};
    return begin(&call);
}

struct ipc_outcome ipc_client_notify(struct ipc_client *client, struct service_id target,
                                     struct deadline deadline) {
    const struct ipc_request request = {
        .target = target, .deadline = deadline, .carried = slot_at(CAP_SLOT_NONE)};
    struct call call = {.client = client, .request = &request, .way = WAY_NOTIFY};
    return begin(&call);
}

struct ipc_outcome ipc_client_grant(struct ipc_client *client, struct service_id target,
                                    const struct ipc_grantee *grantee, struct deadline deadline) {
    const struct ipc_request request = {
        .target = target, .deadline = deadline, .carried = slot_at(CAP_SLOT_NONE)};
    struct call call = {
        .client = client, .request = &request, .way = WAY_GRANT, .grantee = grantee};
    return begin(&call);
}

struct ipc_outcome ipc_call_again(struct ipc_client *client, const struct ipc_request *request,
                                  struct route *route, struct call_result result) {
    struct call call = {.client = client,
                        .request = request,
                        .budget = budget_until(request->deadline),
                        .way = WAY_CALL,
                        .attempts = 1};
    call.budget.attempts.left--;
    client->routes.trace.now_ns = sys_clock_get();
    return call_slowly(&call, judge(&call, route, result));
}
