// ipc/ask.h: one operation of a service, by name: the message is encoded, sent through the kept
// route (client.h), and the answer decoded into the same message. What a service author usually
// wants; ipc_call is for who writes its payload in place.
//
// Whether the request may be sent again comes from the operation's row, never from the caller.
// Units:     nanoseconds since boot.
// Ownership: the message is the caller's. WIRE_BYTES fields of an answer point into reply_in and
// are
//            valid until the next call. `carried` is gone when ipc_ask returns; `taken` is the
//            caller's.
// Blocking:  as ipc_call, until the deadline at most.
// Errors:    enum ipc_error. IPC_OK: the answer is in the message, its header's status is the
//            service's word. IPC_BAD_REQUEST: the message is none of the protocol's; nothing was
//            sent. IPC_UNKNOWN_OUTCOME also when an answer came that is none.
#pragma once

#include "ipc/client.h"
#include "ipc/wire/codec.h"

#ifdef __cplusplus
extern "C" {
#endif

struct ipc_question {
    struct service_id target;
    const struct wire_protocol_rows *protocol;
    struct deadline deadline;
    struct slot carried;  // A capability that goes with it, or CAP_SLOT_NONE.
    struct slot *taken;   // Where one that comes with the answer is put; null: none is taken.
};

// What is asked for, encoded in call_out, as a request.
struct ipc_request ipc_request_of(const struct ipc_question *question, const struct wire_op *op,
                                  struct nonce nonce, uint32_t bytes);

// `message` is the protocol's struct: its header's op and the request's fields are filled in.
WARN_UNUSED struct ipc_outcome ipc_ask(struct ipc_client *client,
                                       const struct ipc_question *question, void *message);

#ifdef __cplusplus
}
#endif
