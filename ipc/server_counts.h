// ipc/server_counts.h: what a service has been asked and what came of it: in all, by operation with
// how long each took, and by its own client's outcomes. Every service answers for it in the
// protocol "server" (docs/wire.md), without a line of its own.
//
// An operation's time runs from when its request was taken to when its answer was ready, also of a
// call that was kept. It counts in a row of buckets: bucket i has those of 2^i to 2^(i+1)-1 ticks,
// the first also those of none, the last also those of more.
// Units:     ticks of runtime/ticks.h.
// Ownership: the server owns the counts (server.h).
// Blocking:  never, but for one clock_get when they begin.
#pragma once

#include "ipc/client.h"
#include "ipc/wire/server_wire.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    IPC_OPERATION_MAX = 16,  // Rows of a service: operations have smaller numbers.
    IPC_LATENCY_BUCKETS = 24,
};

struct ipc_operation_counts {
    uint64_t answered;
    uint64_t refused;  // Of those: with another status than WIRE_OK.
    uint64_t ticks;    // Of all those together.
    uint32_t latency[IPC_LATENCY_BUCKETS];
};

struct ipc_counts {
    uint64_t calls;
    uint64_t sends;
    uint64_t malformed;  // Requests that were none, unknown operations too.
    uint64_t refused;    // Requests answered with another status than WIRE_OK, kept ones and those
                         // of the protocol "server" too, malformed ones aside; and answers whose
                         // caller takes no capability.
    uint64_t dropped;    // Sends and answers that no handler takes.
    uint64_t left;       // Callers seen not to wait for their answer: one that was kept, or sent by
                         // itself. What leaves with the next receive nobody tells the service.
    uint32_t kept;       // Calls that are answered later.
    uint32_t tick_ns;    // How long a tick is; 0: it could not be told.
    struct ipc_operation_counts operations[IPC_OPERATION_MAX];
};

void server_counts_init(struct ipc_counts *counts);

// An operation was answered, or a send was served, that was taken `ticks` ago.
void server_counts_answered(struct ipc_counts *counts, uint8_t op, enum wire_status status,
                            uint64_t ticks);

// The answer to a request of the protocol "server", encoded to `out`; its bytes. `protocol` and
// `client` are the service's own; the client may be null. A request that is none is answered and
// counted.
WARN_UNUSED uint32_t server_counts_answer(struct ipc_counts *counts,
                                          const struct wire_protocol_rows *protocol,
                                          const struct ipc_client *client,
                                          const struct message_area *request,
                                          struct message_area *out);

#ifdef __cplusplus
}
#endif
