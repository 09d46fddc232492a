// ipc/ask.h: one operation of a service, by name: the message is encoded, sent through the kept
// route (client.h), and the answer decoded into the same message. What a service author usually
// wants; ipc_call is for who writes its payload in place.
//
// ipc_tell does the same without an answer. Whether the request may be sent again comes from the
// operation's row, never from the caller.
// Units:     nanoseconds since boot.
// Ownership: the message is the caller's. WIRE_BYTES fields of an answer point into reply_in and
// are
//            valid until the next call. `carried` is gone when ipc_ask returns; `taken` is the
//            caller's.
// Blocking:  as ipc_call, until the deadline at most.
// Errors:    enum ipc_error. IPC_OK: the answer is in the message, its header's status is the
//            service's word. IPC_BAD_REQUEST: the message is none of the protocol's; IPC_TOO_LARGE:
//            it is more than a frame holds; nothing was sent. IPC_UNKNOWN_OUTCOME also when an
//            answer came that is none.
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

// Encodes what is asked for to call_out, with the client's next nonce, and makes a request of it.
// False: the message is none of the protocol's, or too large, and `carried` is closed.
WARN_UNUSED bool ipc_request_put(struct ipc_client *client, const struct ipc_question *question,
                                 void *message, struct ipc_request *request);

// Why there was no request: IPC_BAD_REQUEST or IPC_TOO_LARGE.
WARN_UNUSED enum ipc_error ipc_request_flaw(const struct ipc_question *question,
                                            const void *message);

// `message` is the protocol's struct: its header's op and the request's fields are filled in.
WARN_UNUSED struct ipc_outcome ipc_ask(struct ipc_client *client,
                                       const struct ipc_question *question, void *message);

// The same as one who manages the service (docs/policy.md): the service sees the badge of that.
WARN_UNUSED struct ipc_outcome ipc_manage(struct ipc_client *client,
                                          const struct ipc_question *question, void *message);

// The request as a send that nobody answers: IPC_OK says that it is in the service's queue. It
// takes no capability. Waits for samgrd, never for the service.
WARN_UNUSED struct ipc_outcome ipc_tell(struct ipc_client *client,
                                        const struct ipc_question *question, void *message);

#ifdef __cplusplus
}
#endif
