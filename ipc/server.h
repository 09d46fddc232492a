// ipc/server.h: a service: one wait at its endpoint, each request decoded and given to the handler
// of its operation, each answer encoded and sent.
//
// A service is a constant struct ipc_service, its own state, and handlers. ipc_serve does the rest:
// it says `NAME: ready`, tells init, and loops. A call's answer leaves together with the next
// receive (ipc_reply_recv), so a request costs one system call. Bytes that are no request are
// answered, counted, and never reach a handler.
//
// A handler reads the request's fields in its message and puts the reply's there. What it returns
// is the answer's status. A handler that cannot answer yet keeps the call (ipc_keep) and ipc_answer
// answers it later; when its caller leaves before, the service is told once.
//
// Every service also speaks the protocol "server": what it was asked, what came of it and how long
// it took (server_counts.h).
// Units:     nanoseconds since boot; IPC_NEVER means no deadline of the service's own.
// Ownership: the caller owns server, service and state. The exchange and its message are the
//            server's, valid during the handler. A kept call belongs to the service until
//            ipc_answer, or until `left` returns.
// Blocking:  ipc_serve waits at the endpoint, never longer than IPC_HEARTBEAT_NS at a time: a
//            service has no infinite deadline. Handlers run one at a time; the loop is blocked
//            meanwhile.
// Errors:    ipc_serve returns only when the service cannot start or receiving is impossible, and
//            says why in a line.
#pragma once

#include "ipc/server_counts.h"
#include "ipc/types.h"
#include "ipc/wire/codec.h"
#include "runtime/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

#define IPC_NEVER UINT64_MAX
#define IPC_HEARTBEAT_NS UINT64_C(60000000000)

enum {
    // One reply stays free, so that refusals are answered however many calls are kept.
    IPC_KEPT_MAX = REPLY_SLOT_COUNT - 1,
};

struct ipc_server;

// One request being served.
struct ipc_exchange {
    const struct message_area *request;  // Its meta says who asks: the kernel's words.
    void *message;                       // The protocol's struct.
    struct ipc_server *server;
    struct slot came;       // A capability that came with the request, or CAP_SLOT_NONE. Who takes
                            // it puts CAP_SLOT_NONE there; else it is closed.
    struct slot lend;       // A capability that moves with an answer of WIRE_OK, or CAP_SLOT_NONE;
                            // with another status it is closed.
    struct kept_call call;  // What ipc_keep hands out.
    bool kept;
};

typedef enum wire_status ipc_handler(void *state, struct ipc_exchange *exchange);

// What serves an operation: as a call, as a send, or both. Null: refused, or dropped and counted.
struct ipc_row {
    ipc_handler *call;
    ipc_handler *send;
};

struct ipc_service {
    const char *name;   // In lines for people.
    const char *ready;  // The marker of the first start; the n-th adds ` #n`.
    const struct wire_protocol_rows *protocol;
    const struct ipc_row *rows;  // By operation; those of the protocol are all there.
    uint32_t row_count;          // At most IPC_OPERATION_MAX.
    // The rest may be null. With a clock both functions are there.
    void (*notified)(void *state, uint64_t kernel_bits, uint64_t badge_bits);
    // The caller of a kept call has left; the call is closed after this.
    void (*left)(void *state, struct reply_handle reply);
    // The earliest time at which `wake` wants to run.
    uint64_t (*next_deadline)(const void *state);
    void (*wake)(void *state, uint64_t now_ns);
    // The answer to an asynchronous request of the service's own is in request_in: for
    // ipc_asks_arrived (asks.h). It may answer kept calls. Null: such answers are counted as
    // dropped.
    void (*answered)(void *state, const struct recv_result *event);
    // What the service calls others with, whose outcomes it is asked for.
    const struct ipc_client *(*client)(const void *state);
    // Whether each hit of those calls is traced (route_cache_trace_hits), for who manages the
    // service.
    void (*trace_hits)(void *state, bool on);
    // Who may ask the protocol "server". Null: whoever may call, for policy has said so.
    bool (*may_look)(const struct message_area *request);
};

struct ipc_server {
    struct runtime *runtime;
    const struct ipc_service *service;
    void *state;
    struct ipc_counts counts;
    struct reply_handle kept[REPLY_SLOT_COUNT];    // By the handle's index,
    uint64_t kept_since[REPLY_SLOT_COUNT];         // and when it was taken, in ticks.
    uint64_t taken;                                // When the request being served was, in ticks.
    uint64_t message[WIRE_MESSAGE_BYTES_MAX / 8];  // Of the request being served.
    struct reply_handle next_reply;                // Of ipc_answer_next: whose answer waits in
    bool next_held;                                // reply_out, while one does.
};

// Runs the service at SLOT_ENDPOINT, with SLOT_INIT as its way to init. Returns the exit code of a
// service that cannot go on.
WARN_UNUSED int ipc_serve(struct ipc_server *server, struct runtime *runtime,
                          const struct ipc_service *service, void *state);

// The parts of ipc_serve, for who has a loop of its own. False: an operation of the protocol has no
// handler, or there are more than are counted; it has said so in a line.
WARN_UNUSED bool ipc_server_init(struct ipc_server *server, struct runtime *runtime,
                                 const struct ipc_service *service, void *state);
// Serves the call in request_in. True: reply_out holds the answer, to be sent to `reply`.
WARN_UNUSED bool ipc_server_call(struct ipc_server *server, struct reply_handle reply);
// Serves the send in request_in; what no handler takes is counted and closed.
void ipc_server_send(struct ipc_server *server);

// The call, to be answered later if the handler returns WIRE_OK; with any other status it is
// answered now. Null: too many are kept, or it is a send, which nobody waits for.
WARN_UNUSED const struct kept_call *ipc_keep(struct ipc_exchange *exchange);

// Answers a kept call with a message of the service's protocol, whose header is filled in here, and
// with a capability unless `lend` is CAP_SLOT_NONE; if the caller has left, or the status is
// another than WIRE_OK, that is closed. Not inside the call's own handler. True: the answer was
// handed over.
bool ipc_answer(struct ipc_server *server, const struct kept_call *call, enum wire_status status,
                void *message, struct slot lend);

// The same with WIRE_OK and without a capability, and the answer leaves with ipc_serve's next
// receive, or before the next answer to a kept call: a system call less. In `notified` only: a
// call's own answer would take its place.
void ipc_answer_next(struct ipc_server *server, const struct kept_call *call, void *message);

#ifdef __cplusplus
}
#endif
