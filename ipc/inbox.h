// ipc/inbox.h: answers to asynchronous requests, which arrive at the client's own endpoint in any
// order: each is kept for the request that it belongs to, and for no other.
//
// A request is announced before it is sent. Answers that nobody waits for (unknown, answered,
// cancelled, from another service than was asked) are counted and dropped. There is room for fewer
// answers than requests: when it is full the oldest answer goes, its request is told so, and the
// client takes what it wants in time.
// Units:     bytes of payload.
// Ownership: the caller owns the inbox; answers are copied in and out.
// Blocking:  never; at most INBOX_REQUEST_MAX steps a call.
// Errors:    each function's enum; a refusal changes only a counter.
#pragma once

#include <stdbool.h>

#include "ipc/types.h"
#include "kernel/abi/message.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    INBOX_REQUEST_MAX = 8,  // The kernel's bound of asynchronous requests a task.
    INBOX_ANSWER_MAX = 4,   // Answers kept.
};

enum inbox_verdict {
    INBOX_KEPT,
    INBOX_UNKNOWN,    // No such request: never made, answered and taken, or cancelled.
    INBOX_DUPLICATE,  // Its request has an answer already.
    INBOX_FOREIGN,    // From another service than the one that was asked.
    INBOX_TOO_LONG,
};

enum inbox_state {
    INBOX_READY,    // The answer has been copied out; the request is over.
    INBOX_WAITING,  // Not answered yet.
    INBOX_DROPPED,  // It was answered, and the answer had to go; the request is over.
    INBOX_CLOSED,   // The service dropped the request; it is over.
    INBOX_NONE,     // No such request.
};

struct inbox_request {
    struct nonce nonce;  // 0: the place is free.
    struct service_id target;
    uint8_t state;   // enum inbox_state, of a place that is taken.
    uint8_t answer;  // INBOX_READY: its place in answers.
};

struct inbox_answer {
    uint64_t arrival;  // 0: the place is free.
    uint32_t request;
    uint32_t bytes;
    uint8_t payload[FRAME_PAYLOAD_MAX];
};

struct inbox {
    uint64_t arrivals;
    uint64_t unknown;
    uint64_t duplicate;
    uint64_t foreign;
    uint64_t too_long;
    uint64_t dropped;
    struct inbox_request requests[INBOX_REQUEST_MAX];
    struct inbox_answer answers[INBOX_ANSWER_MAX];
};

void inbox_init(struct inbox *inbox);

// Announces a request. False: too many are under way, or the nonce is 0 or in use.
WARN_UNUSED bool inbox_expect(struct inbox *inbox, struct nonce nonce, struct service_id target);

// Nobody waits for it any more: an answer that has come goes, one that comes is unknown.
void inbox_cancel(struct inbox *inbox, struct nonce nonce);

// An answer has arrived. `from` is the kernel's word for the sender.
WARN_UNUSED enum inbox_verdict inbox_deliver(struct inbox *inbox, struct service_id from,
                                             struct nonce nonce, const uint8_t *payload,
                                             uint32_t bytes);

// The kernel says that the service dropped the request.
WARN_UNUSED enum inbox_verdict inbox_close(struct inbox *inbox, struct nonce nonce);

// Takes the answer: up to FRAME_PAYLOAD_MAX bytes to `payload`, their number to *bytes.
WARN_UNUSED enum inbox_state inbox_take(struct inbox *inbox, struct nonce nonce, uint8_t *payload,
                                        uint32_t *bytes);

#ifdef __cplusplus
}
#endif
