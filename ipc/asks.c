// ipc/asks.c: see asks.h.
#include "ipc/asks.h"

#include "ipc/plant.h"
#include "ipc/wire/policy_action.h"

void ipc_asks_init(struct ipc_asks *asks, struct ipc_client *client, struct slot own) {
    *asks = (struct ipc_asks){.client = client, .own = own};
    inbox_init(&asks->inbox);
}

// The place of a ticket, or with 0 a free one; or null.
static struct ipc_pending *find(struct ipc_asks *asks, struct nonce ticket) {
    for (uint32_t i = 0; i < INBOX_REQUEST_MAX; i++) {
        if (asks->pending[i].nonce.value == ticket.value) {
            return &asks->pending[i];
        }
    }
    return 0;
}

static struct ipc_pending *find_sequence(struct ipc_asks *asks, struct sequence sequence) {
    for (uint32_t i = 0; i < INBOX_REQUEST_MAX; i++) {
        if (sequence.value != 0 && asks->pending[i].sequence.value == sequence.value) {
            return &asks->pending[i];
        }
    }
    return 0;
}

static void forget(struct ipc_pending *pending) {
    *pending = (struct ipc_pending){.nonce = {.value = 0}};
}

// Counts and traces what a caller is told of a request that was sent to `target`.
static enum ipc_error told(struct ipc_asks *asks, struct service_id target, enum ipc_error error) {
    struct ipc_client *client = asks->client;
    client->stats.answers[error]++;
    if (error != IPC_OK || client->routes.trace_hits) {
        client->routes.trace.now_ns = sys_clock_get();
        route_trace_put(&client->routes.trace,
                        (struct route_trace_record){.target = target.value,
                                                    .kind = ROUTE_TRACE_ANSWER,
                                                    .action = POLICY_SEND,
                                                    .what = {(uint8_t)error}});
    }
    return error;
}

// The request is over.
static enum ipc_error finish(struct ipc_asks *asks, struct ipc_pending *pending,
                             enum ipc_error error) {
    const struct service_id target = pending->target;
    forget(pending);
    return told(asks, target, error);
}

static struct ipc_outcome refused(struct ipc_asks *asks, const struct ipc_question *question,
                                  enum ipc_error error) {
    const struct ipc_outcome outcome = {.error = error, .served = IPC_MISS};
    return ipc_client_outcome(asks->client, question->target, POLICY_SEND, outcome);
}

struct ipc_outcome ipc_asks_start(struct ipc_asks *asks, const struct ipc_question *question,
                                  void *message, struct nonce *ticket) {
    struct ipc_pending *pending = find(asks, (struct nonce){.value = 0});
    if (!pending || question->taken) {
        slot_release(question->carried);
        return refused(asks, question, pending ? IPC_BAD_REQUEST : IPC_REJECTED);
    }
    struct ipc_request request;
    if (!ipc_request_put(asks->client, question, message, &request)) {
        return refused(asks, question, ipc_request_flaw(question, message));
    }
    struct ipc_sent sent = {.own = asks->own};
    struct ipc_outcome outcome = ipc_client_send(asks->client, &request, &sent);
    if (outcome.error == IPC_OK) {
        bool expected = inbox_expect(&asks->inbox, request.nonce, request.target);
        (void)expected;  // A free place here is one there.
        *pending = (struct ipc_pending){.nonce = request.nonce,
                                        .sequence = sent.sequence,
                                        .target = request.target,
                                        .epoch = sent.epoch,
                                        .protocol = question->protocol,
                                        .op = request.op,
                                        .maybe_done = true};
        *ticket = request.nonce;
    }
    return outcome;
}

// The route did not bring an answer: as after a call.
static void lose_route(struct ipc_asks *asks, const struct ipc_pending *pending) {
    struct route *route = route_find(&asks->client->routes, pending->target, POLICY_SEND);
    if (route) {
        asks->client->routes.trace.now_ns = sys_clock_get();
        bool late = plant_fires(PLANT_KEEP_EPOCH);
        struct route_epoch epoch = late ? route->epoch : pending->epoch;
        slot_release(route_lost(&asks->client->routes, route, epoch));
    }
}

// For a planted bug: a request that is not this one, if there is one.
static struct nonce another(struct ipc_asks *asks, const struct ipc_pending *pending) {
    struct nonce nonce = pending->nonce;
    for (uint32_t i = 0; i < INBOX_REQUEST_MAX; i++) {
        nonce = asks->pending[i].sequence.value != 0 ? asks->pending[i].nonce : nonce;
    }
    return nonce;
}

static void stray(struct ipc_asks *asks, const struct ipc_pending *pending, enum route_stray what) {
    ipc_client_stray(asks->client, pending->target, POLICY_SEND, what);
}

static enum inbox_verdict keep_answer(struct ipc_asks *asks, const struct ipc_pending *pending) {
    const struct message_area *in = &asks->client->runtime->page->request_in;
    if (!ipc_answers(in, pending->nonce)) {
        stray(asks, pending, ROUTE_STRAY_MISMATCHED);
        return INBOX_UNKNOWN;
    }
    struct route *route = route_find(&asks->client->routes, pending->target, POLICY_SEND);
    if (route) {
        route_served(&asks->client->routes, route, pending->epoch);
    }
    struct nonce nonce = plant_fires(PLANT_WRONG_WAITER) ? another(asks, pending) : pending->nonce;
    const uint64_t dropped = asks->inbox.dropped;
    enum inbox_verdict verdict = inbox_deliver(
        &asks->inbox, (struct service_id){in->meta.service_id}, nonce, in->payload, in->header.len);
    if (verdict != INBOX_KEPT) {
        stray(asks, pending, ROUTE_STRAY_MISMATCHED);
    }
    if (asks->inbox.dropped != dropped) {  // The oldest of all, whosever it was.
        stray(asks, pending, ROUTE_STRAY_DROPPED);
    }
    return verdict;
}

void ipc_asks_arrived(struct ipc_asks *asks, const struct recv_result *event) {
    struct ipc_pending *pending = find_sequence(asks, event->sequence);
    if (!pending) {
        ipc_client_stray(asks->client, (struct service_id){.value = 0}, POLICY_SEND,
                         ROUTE_STRAY_UNKNOWN);
        return;
    }
    pending->sequence.value = 0;
    enum inbox_verdict verdict = INBOX_UNKNOWN;
    if (async_outcome_status(event->outcome) == STATUS_OK) {
        verdict = keep_answer(asks, pending);
    } else {
        pending->maybe_done = async_outcome_delivery(event->outcome) != DELIVERY_NONE;
        lose_route(asks, pending);
    }
    if (verdict != INBOX_KEPT) {  // Nothing more will come for it.
        enum inbox_verdict closed = inbox_close(&asks->inbox, pending->nonce);
        (void)closed;  // It was open, or has been dropped already.
    }
}

// Without an answer that is one.
static enum ipc_error unanswered(const struct ipc_pending *pending, enum ipc_error otherwise) {
    return pending->maybe_done && !pending->op->repeatable ? IPC_UNKNOWN_OUTCOME : otherwise;
}

static enum ipc_error decode(struct ipc_asks *asks, const struct ipc_pending *pending,
                             uint32_t bytes, void *message) {
    const struct wire_header *header = message;
    bool fits = wire_decode(pending->protocol, WIRE_REPLY, asks->taken, bytes, message) == WIRE_OK;
    return fits && header->op == pending->op->number ? IPC_OK : IPC_UNKNOWN_OUTCOME;
}

bool ipc_asks_take(struct ipc_asks *asks, struct nonce ticket, void *message,
                   enum ipc_error *error) {
    struct ipc_pending *pending = ticket.value != 0 ? find(asks, ticket) : 0;
    uint32_t bytes = 0;
    if (!pending) {  // Of nobody: such a request is not under way.
        *error = told(asks, (struct service_id){.value = 0}, IPC_BAD_REQUEST);
        return true;
    }
    enum inbox_state state = inbox_take(&asks->inbox, ticket, asks->taken, &bytes);
    switch (state) {
        case INBOX_WAITING:
            return false;
        case INBOX_READY:
            *error = decode(asks, pending, bytes, message);
            break;
        case INBOX_DROPPED:
        case INBOX_CLOSED:
        case INBOX_NONE:
            *error = unanswered(pending, IPC_REJECTED);
            break;
    }
    *error = finish(asks, pending, *error);
    return true;
}

// The kernel and the inbox forget it.
static void withdraw(struct ipc_asks *asks, const struct ipc_pending *pending) {
    if (pending->sequence.value != 0) {
        status_ignore(sys_request_cancel(pending->sequence), "the endpoint may be closed");
    }
    inbox_cancel(&asks->inbox, pending->nonce);
}

void ipc_asks_cancel(struct ipc_asks *asks, struct nonce ticket) {
    struct ipc_pending *pending = ticket.value != 0 ? find(asks, ticket) : 0;
    if (!pending) {
        return;
    }
    withdraw(asks, pending);
    stray(asks, pending, ROUTE_STRAY_CANCELLED);
    forget(pending);
}

// One thing that has come to `own` while an answer is awaited.
static void arrived(struct ipc_asks *asks, const struct recv_result *event) {
    if (event->received == RECEIVED_REPLY) {
        ipc_asks_arrived(asks, event);
        return;
    }
    if (event->received == RECEIVED_NOTIFICATION) {
        asks->kernel_bits |= event->kernel_bits;
        asks->badge_bits |= event->badge_bits;
        return;
    }
    const struct message_area *in = &asks->client->runtime->page->request_in;
    const bool called = event->received == RECEIVED_CALL;
    ipc_client_stray(asks->client, (struct service_id){.value = in->meta.service_id},
                     called ? POLICY_CALL : POLICY_SEND, ROUTE_STRAY_STRANGE);
    slot_release(slot_at(in->meta.slot));
    if (called) {
        status_ignore(sys_reply_close(event->reply), "a caller that left has closed it");
    }
}

enum ipc_error ipc_asks_await(struct ipc_asks *asks, struct nonce ticket, struct deadline deadline,
                              void *message) {
    enum ipc_error error = IPC_OK;
    while (!ipc_asks_take(asks, ticket, message, &error)) {  // Ends with the deadline.
        struct recv_result event = sys_ipc_recv(asks->own, deadline.ns);
        if (event.status == STATUS_OK) {
            arrived(asks, &event);
            continue;
        }
        struct ipc_pending *pending = find(asks, ticket);
        withdraw(asks, pending);
        error = event.status == STATUS_TIMED_OUT ? IPC_TIMED_OUT : IPC_REJECTED;
        return finish(asks, pending, unanswered(pending, error));
    }
    return error;
}
