// ipc/client.h: a call to a service by its name, through a route that is kept. A call on a bound
// route makes one system call, as a raw ipc_call does; everything rare is bounded by a budget.
//
// The request's payload is written to call_out in place (wire/codec.h), then ipc_call sends it. On
// IPC_OK the answer is in reply_in and carries the request's nonce; its status is the protocol's.
// A request that the kernel says was handed over is sent again only if its operation's row says
// that doing it twice does no harm. Calls, sends, notifications and managing go through routes of
// their own, each with the one right that policy allowed.
// Units:     nanoseconds since boot; bytes.
// Ownership: the caller owns the client; one task uses it. It owns the capabilities of its routes.
//            A capability that a request carries is gone when ipc_call returns: with the request,
//            or closed. One that an answer brings (FRAME_TAKE_CAP) is in reply_in's meta.slot and
//            the caller's.
// Blocking:  ipc_call waits until the answer, at most until the request's deadline, pauses between
//            attempts included.
// Errors:    enum ipc_error; the outcome also says how the route served the call.
#pragma once

#include "ipc/budget.h"
#include "ipc/frame.h"
#include "ipc/route_cache.h"
#include "ipc/wire/codec.h"
#include "ipc/wire/wire.h"
#include "runtime/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

// How a call was served, in rising order of cost.
enum ipc_served {
    IPC_HIT,       // The route was bound.
    IPC_MISS,      // It was resolved for the first time.
    IPC_REBOUND,   // It was lost, and resolved again.
    IPC_DEGRADED,  // It is worn out: resolved for this call alone.
    IPC_SERVED_COUNT
};

enum ipc_error {
    IPC_OK,
    IPC_TIMED_OUT,        // The deadline passed; the request was not done, or is repeatable.
    IPC_REJECTED,         // Attempts, mismatches or places for answers ran out; the same.
    IPC_DENIED,           // Policy says no; nothing was sent.
    IPC_UNKNOWN_OUTCOME,  // It was handed over and not answered: done, or not. Not repeatable.
    IPC_TOO_LARGE,        // More than a frame holds: bulk goes by VMO. Nothing was sent.
    IPC_BAD_REQUEST,      // The kernel refused the frame, the deadline, or the endpoint for the
                          // answer. Nothing was sent.
    IPC_ERROR_COUNT
};

struct ipc_outcome {
    enum ipc_error error;
    enum ipc_served served;
};

struct ipc_request {
    struct service_id target;
    struct nonce nonce;  // Of ipc_nonce, and in the payload.
    struct deadline deadline;
    const struct wire_op *op;  // Its row says whether it may be sent again; null: never. What
                               // carried a capability is never sent twice.
    uint32_t bytes;            // Of the payload in call_out.
    uint16_t frame_type;       // Of the operation's row: as if a bound route serves it.
    uint16_t flags;            // enum frame_flag
    struct slot carried;       // With FRAME_CAP_MOVE.
};

enum resolve_answer {
    RESOLVE_GIVEN,
    RESOLVE_REFUSED,  // By policy.
    RESOLVE_FAILED,   // No answer, or nobody of that name now.
};

struct resolved {
    enum resolve_answer answer;
    struct slot slot;      // RESOLVE_GIVEN: the client's from now on.
    uint64_t deny_for_ns;  // RESOLVE_REFUSED: for how long not to ask again.
};

// Asks for a route, until the deadline at most. It may use call_out and reply_in.
typedef struct resolved ipc_resolve(void *context, struct service_id target,
                                    enum policy_action action, struct deadline deadline);

struct ipc_stats {
    uint64_t outcomes[IPC_ERROR_COUNT][IPC_SERVED_COUNT];
    uint64_t answers[IPC_ERROR_COUNT];   // Of what asks_take gave (asks.h).
    uint64_t strays[ROUTE_STRAY_COUNT];  // What came and became no outcome.
    uint64_t resent;                     // Attempts after the first.
};

struct ipc_client {
    struct runtime *runtime;
    ipc_resolve *resolve;
    void *context;
    struct slot pause;  // RECV of an endpoint that nobody sends to, to wait at; or none: no pauses.
    bool reuse;         // False: every route is let go after its call. Set while no route is kept.
    struct nonce last;
    struct route_cache routes;
    struct ipc_stats stats;
    struct message_area kept;  // The request, while call_out serves to resolve.
};

// Reuse is on, unless the build says otherwise (reuse.h).
void ipc_client_init(struct ipc_client *client, struct runtime *runtime, ipc_resolve *resolve,
                     void *context, struct slot pause);

// The next request's nonce: rises by one and is never 0.
static inline struct nonce ipc_nonce(struct ipc_client *client) {
    client->last.value += client->last.value == UINT64_MAX ? 2 : 1;
    return client->last;
}

// The parts of ipc_call that are not straight on: there is no bound route, or the call through one
// did not bring the answer.
WARN_UNUSED struct ipc_outcome ipc_call_unbound(struct ipc_client *client,
                                                const struct ipc_request *request);
WARN_UNUSED struct ipc_outcome ipc_call_again(struct ipc_client *client,
                                              const struct ipc_request *request,
                                              struct route *route, struct call_result result);

// Whether the answer is the request's. A kernel reply is one-shot, so a wrong one is the service's
// fault.
WARN_UNUSED static inline bool ipc_answers(const struct message_area *reply, struct nonce nonce) {
    return reply->header.len >= WIRE_REPLY_HEADER_BYTES &&
           wire_reply_nonce(reply->payload).value == nonce.value;
}

static inline void ipc_put_frame(struct message_area *out, const struct ipc_request *request) {
    frame_finish(out, request->frame_type, request->bytes);
    out->header.flags = request->flags;
    out->meta.slot = (uint32_t)request->carried.value;
}

// Inline, for the kernel keeps no register across a call: a function would save and restore them
// all.
WARN_UNUSED static ALWAYS_INLINE struct ipc_outcome ipc_call(struct ipc_client *client,
                                                             const struct ipc_request *request) {
    struct message_page *page = client->runtime->page;
    struct route *route = route_find(&client->routes, request->target, POLICY_CALL);
    if (UNLIKELY(!route || !route->ready)) {
        return ipc_call_unbound(client, request);
    }
    route_hit(&client->routes, route);
    ipc_put_frame(&page->call_out, request);
    struct call_result result = sys_ipc_call(route->slot, request->deadline.ns);
    if (UNLIKELY(result.status != STATUS_OK || !ipc_answers(&page->reply_in, request->nonce))) {
        return ipc_call_again(client, request, route, result);
    }
    route_hit_served(&client->routes, route);
    client->stats.outcomes[IPC_OK][IPC_HIT]++;
    struct ipc_outcome outcome = {IPC_OK, IPC_HIT};
    return outcome;
}

// As ipc_call, through the kept route for `manage`: the service sees the badge
// POLICY_BADGE_MANAGER.
WARN_UNUSED struct ipc_outcome ipc_client_manage(struct ipc_client *client,
                                                 const struct ipc_request *request);

// What came of sending a request whose answer comes later.
struct ipc_sent {
    struct slot own;           // In: where the answer goes; RECV of it.
    struct sequence sequence;  // Out, with IPC_OK: what it comes with,
    struct route_epoch epoch;  // and of the route that the request went through.
};

// Sends an asynchronous request through the kept route for sends, which is resolved as for a call.
// IPC_OK: it was sent. IPC_REJECTED also: too many are under way. Never waits for the service
// itself.
WARN_UNUSED struct ipc_outcome ipc_client_send(struct ipc_client *client,
                                               const struct ipc_request *request,
                                               struct ipc_sent *sent);

// The same without an answer. IPC_OK: it is in the service's queue; what becomes of it there nobody
// says.
WARN_UNUSED struct ipc_outcome ipc_client_tell(struct ipc_client *client,
                                               const struct ipc_request *request);

// Sets bit 0 of what a service is notified of, through the kept route for notifications.
WARN_UNUSED struct ipc_outcome ipc_client_notify(struct ipc_client *client,
                                                 struct service_id target,
                                                 struct deadline deadline);

// Who gets a route: a task that has not started, made by the client's.
struct ipc_grantee {
    struct slot task;
    uint32_t slot;  // In the task; empty.
};

// Gives the task the kept route for calls, with RIGHT_CALL alone: one that leads to the target's
// instance of now, for a route that was lost is resolved again first. IPC_BAD_REQUEST: the kernel
// refuses the task or its slot; the route stays.
WARN_UNUSED struct ipc_outcome ipc_client_grant(struct ipc_client *client, struct service_id target,
                                                const struct ipc_grantee *grantee,
                                                struct deadline deadline);

// Counts and traces an outcome that was decided outside of these functions, and returns it: a
// request that is none, an answer that is none.
WARN_UNUSED struct ipc_outcome ipc_client_outcome(struct ipc_client *client,
                                                  struct service_id target,
                                                  enum policy_action action,
                                                  struct ipc_outcome outcome);

// Counts and traces what came and becomes no outcome.
void ipc_client_stray(struct ipc_client *client, struct service_id target,
                      enum policy_action action, enum route_stray stray);

// Closes every route.
void ipc_client_release(struct ipc_client *client);

#ifdef __cplusplus
}
#endif
