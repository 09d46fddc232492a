// ipc/asks.h: operations of services, by name, whose answers are taken later: as ipc_ask (ask.h),
// but in two steps, with several under way.
//
// A request goes through the kept route and does not wait; its answer comes to an endpoint of the
// client's own. The client's loop passes on what arrives there (ipc_asks_arrived), in any order,
// and takes the answer of a request when it wants it; or it waits for one (ipc_asks_await). An
// answer belongs to a request by the kernel's sequence and by the nonce, both: what fits no request
// that is under way (unknown, cancelled, timed out, another's nonce) is counted and matched to
// none. Answers that are not taken in time go, the oldest first (inbox.h).
//
// A service that asks others so has `own` at its own endpoint, and its loop (server.h) passes on
// what comes.
// Units:     nanoseconds since boot.
// Ownership: the caller owns the struct; one task uses it. WIRE_BYTES fields of an answer point
//            into the struct and are valid until the next answer is taken.
// Blocking:  ipc_asks_start as ipc_call while it resolves; ipc_asks_await until its deadline; the
//            others never.
// Errors:    enum ipc_error. IPC_REJECTED also: too many are under way, nothing was sent; or what
//            was asked was not done, or may be done again, and the caller may start it again.
//            IPC_BAD_REQUEST also: `own` is no open endpoint to receive at; nothing was sent, and
//            no route is lost by it.
#pragma once

#include "ipc/ask.h"
#include "ipc/inbox.h"

#ifdef __cplusplus
extern "C" {
#endif

struct ipc_pending {
    struct nonce nonce;        // Its ticket; 0: the place is free.
    struct sequence sequence;  // 0: the kernel knows of it no more.
    struct service_id target;
    struct route_epoch epoch;  // Of the route that it went through.
    const struct wire_protocol_rows *protocol;
    const struct wire_op *op;
    bool maybe_done;  // Unless it was answered: a service has seen it.
};

struct ipc_asks {
    struct ipc_client *client;
    struct slot own;  // RECV; nobody needs a way to send there.
    // Notifications that came meanwhile, for the client's loop to look at and clear.
    uint64_t kernel_bits;
    uint64_t badge_bits;
    struct inbox inbox;
    struct ipc_pending pending[INBOX_REQUEST_MAX];
    uint8_t taken[FRAME_PAYLOAD_MAX];
};

void ipc_asks_init(struct ipc_asks *asks, struct ipc_client *client, struct slot own);

// `message` as for ipc_ask; the question takes no capability. IPC_OK: it was sent, and *ticket
// names it. The deadline is for that; the answer may come at any time.
WARN_UNUSED struct ipc_outcome ipc_asks_start(struct ipc_asks *asks,
                                              const struct ipc_question *question, void *message,
                                              struct nonce *ticket);

// Something of kind RECEIVED_REPLY has come to `own`, and is in request_in.
void ipc_asks_arrived(struct ipc_asks *asks, const struct recv_result *event);

// False: not answered yet. Otherwise the request is over: *error, and with IPC_OK the answer is in
// the message.
WARN_UNUSED bool ipc_asks_take(struct ipc_asks *asks, struct nonce ticket, void *message,
                               enum ipc_error *error);

// Waits at `own` for the answer of that request; others that come are kept for theirs. At the
// deadline it is cancelled. Calls and sends that come are closed (ROUTE_STRAY_STRANGE); where they
// may come, the service's loop passes on instead.
WARN_UNUSED enum ipc_error ipc_asks_await(struct ipc_asks *asks, struct nonce ticket,
                                          struct deadline deadline, void *message);

// Nobody wants the answer any more; it is matched to nothing when it comes. What the request asked
// for may have been done.
void ipc_asks_cancel(struct ipc_asks *asks, struct nonce ticket);

#ifdef __cplusplus
}
#endif
