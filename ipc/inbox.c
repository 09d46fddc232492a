// ipc/inbox.c: see inbox.h.
#include "ipc/inbox.h"

#include <string.h>

void inbox_init(struct inbox *inbox) {
    *inbox = (struct inbox){.arrivals = 0};
}

static struct inbox_request *find(struct inbox *inbox, struct nonce nonce) {
    for (uint32_t i = 0; i < INBOX_REQUEST_MAX; i++) {
        if (nonce.value != 0 && inbox->requests[i].nonce.value == nonce.value) {
            return &inbox->requests[i];
        }
    }
    return 0;
}

// The request is over: its place is free, and that of its answer.
static void forget(struct inbox *inbox, struct inbox_request *request) {
    if (request->state == INBOX_READY) {
        inbox->answers[request->answer].arrival = 0;
    }
    *request = (struct inbox_request){.nonce = {.value = 0}};
}

bool inbox_expect(struct inbox *inbox, struct nonce nonce, struct service_id target) {
    if (nonce.value == 0 || find(inbox, nonce)) {
        return false;
    }
    for (uint32_t i = 0; i < INBOX_REQUEST_MAX; i++) {
        if (inbox->requests[i].nonce.value == 0) {
            inbox->requests[i] =
                (struct inbox_request){.nonce = nonce, .target = target, .state = INBOX_WAITING};
            return true;
        }
    }
    return false;
}

void inbox_cancel(struct inbox *inbox, struct nonce nonce) {
    struct inbox_request *request = find(inbox, nonce);
    if (request) {
        forget(inbox, request);
    }
}

// A free place for an answer, or that of the oldest, whose request is told.
static struct inbox_answer *make_room(struct inbox *inbox) {
    struct inbox_answer *oldest = &inbox->answers[0];
    for (uint32_t i = 0; i < INBOX_ANSWER_MAX; i++) {
        struct inbox_answer *answer = &inbox->answers[i];
        oldest = answer->arrival < oldest->arrival ? answer : oldest;
    }
    if (oldest->arrival != 0) {
        inbox->dropped++;
        inbox->requests[oldest->request].state = INBOX_DROPPED;
    }
    return oldest;
}

enum inbox_verdict inbox_deliver(struct inbox *inbox, struct service_id from, struct nonce nonce,
                                 const uint8_t *payload, uint32_t bytes) {
    struct inbox_request *request = find(inbox, nonce);
    if (!request) {
        inbox->unknown++;
        return INBOX_UNKNOWN;
    }
    if (request->target.value != from.value) {
        inbox->foreign++;
        return INBOX_FOREIGN;
    }
    if (request->state != INBOX_WAITING) {
        inbox->duplicate++;
        return INBOX_DUPLICATE;
    }
    if (bytes > FRAME_PAYLOAD_MAX) {
        inbox->too_long++;
        return INBOX_TOO_LONG;
    }
    struct inbox_answer *answer = make_room(inbox);
    inbox->arrivals++;
    answer->arrival = inbox->arrivals;
    answer->request = (uint32_t)(request - inbox->requests);
    answer->bytes = bytes;
    memcpy(answer->payload, payload, bytes);
    request->state = INBOX_READY;
    request->answer = (uint8_t)(answer - inbox->answers);
    return INBOX_KEPT;
}

enum inbox_verdict inbox_close(struct inbox *inbox, struct nonce nonce) {
    struct inbox_request *request = find(inbox, nonce);
    if (!request) {
        inbox->unknown++;
        return INBOX_UNKNOWN;
    }
    if (request->state != INBOX_WAITING) {
        inbox->duplicate++;
        return INBOX_DUPLICATE;
    }
    request->state = INBOX_CLOSED;
    return INBOX_KEPT;
}

enum inbox_state inbox_take(struct inbox *inbox, struct nonce nonce, uint8_t *payload,
                            uint32_t *bytes) {
    struct inbox_request *request = find(inbox, nonce);
    if (!request) {
        return INBOX_NONE;
    }
    enum inbox_state state = (enum inbox_state)request->state;
    if (state == INBOX_WAITING) {
        return state;
    }
    if (state == INBOX_READY) {
        const struct inbox_answer *answer = &inbox->answers[request->answer];
        memcpy(payload, answer->payload, answer->bytes);
        *bytes = answer->bytes;
    }
    forget(inbox, request);
    return state;
}
