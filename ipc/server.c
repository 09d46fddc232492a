// ipc/server.c: see server.h.
#include "ipc/server.h"

#include "ipc/frame.h"
#include "ipc/plant.h"
#include "ipc/ready.h"
#include "ipc/wire/policy_action.h"
#include "runtime/ticks.h"

// The answer that waits for the next receive; none while `held` is false.
struct waiting_answer {
    struct reply_handle reply;
    bool held;
};

static const struct ipc_row *row_of(const struct ipc_service *service, uint8_t op) {
    return op < service->row_count ? &service->rows[op] : 0;
}

// Every operation of the protocol has its row.
static bool is_whole(const struct runtime *runtime, const struct ipc_service *service) {
    const struct wire_protocol_rows *protocol = service->protocol;
    if (service->row_count > IPC_OPERATION_MAX) {
        log_line(runtime, "%s: %u rows of operations, at most %u are counted", service->name,
                 service->row_count, (uint32_t)IPC_OPERATION_MAX);
        return false;
    }
    for (uint32_t i = 0; i < protocol->op_count; i++) {
        const struct ipc_row *row = row_of(service, protocol->ops[i].number);
        if (!row || (!row->call && !row->send)) {
            log_line(runtime, "%s: no handler for %s", service->name, protocol->ops[i].name);
            return false;
        }
    }
    return true;
}

bool ipc_server_init(struct ipc_server *server, struct runtime *runtime,
                     const struct ipc_service *service, void *state) {
    if (!is_whole(runtime, service)) {
        return false;
    }
    *server = (struct ipc_server){.runtime = runtime, .service = service, .state = state};
    server_counts_init(&server->counts);
    return true;
}

static uint32_t kept_place(struct reply_handle reply) {
    return (uint32_t)(reply.value & REPLY_HANDLE_INDEX_MASK);
}

const struct kept_call *ipc_keep(struct ipc_exchange *exchange) {
    if (exchange->server->counts.kept >= IPC_KEPT_MAX ||
        exchange->call.reply.value == REPLY_HANDLE_NONE.value) {
        return 0;
    }
    exchange->kept = true;
    return &exchange->call;
}

static void keep(struct ipc_server *server, struct reply_handle reply) {
    server->kept[kept_place(reply)] = reply;
    server->kept_since[kept_place(reply)] = server->taken;
    server->counts.kept++;
}

static void forget(struct ipc_server *server, struct reply_handle reply) {
    struct reply_handle *place = &server->kept[kept_place(reply)];
    if (place->value == reply.value && reply.value != REPLY_HANDLE_NONE.value) {
        *place = REPLY_HANDLE_NONE;
        server->counts.kept--;
    }
}

// Encodes an answer to reply_out.
static void put_answer(const struct ipc_server *server, void *message) {
    const struct wire_protocol_rows *protocol = server->service->protocol;
    struct message_area *out = &server->runtime->page->reply_out;
    frame_finish(out, protocol->type, wire_encode_area(protocol, WIRE_REPLY, message, out));
}

// Sends what reply_out holds, and with it a capability.
static bool send_answer(struct ipc_server *server, struct reply_handle reply, struct slot lend) {
    enum status status = frame_answer(&server->runtime->page->reply_out, reply, lend);
    server->counts.refused += status == STATUS_DENIED;  // It takes no capability.
    server->counts.left += status != STATUS_OK && status != STATUS_DENIED;
    return status == STATUS_OK;
}

// What ipc_answer_next has left in reply_out, which is needed now.
static void send_next(struct ipc_server *server) {
    if (server->next_held) {
        server->next_held = false;
        server->counts.left += sys_ipc_reply(server->next_reply) != STATUS_OK;
    }
}

void ipc_answer_next(struct ipc_server *server, const struct kept_call *call, void *message) {
    struct wire_header *header = message;
    *header = (struct wire_header){.op = call->op, .status = WIRE_OK, .nonce = call->nonce};
    uint64_t since = server->kept_since[kept_place(call->reply)];
    server_counts_answered(&server->counts, call->op, WIRE_OK, runtime_ticks() - since);
    forget(server, call->reply);
    send_next(server);
    put_answer(server, message);
    server->next_reply = call->reply;
    server->next_held = true;
}

bool ipc_answer(struct ipc_server *server, const struct kept_call *call, enum wire_status status,
                void *message, struct slot lend) {
    send_next(server);
    struct wire_header *header = message;  // Each message begins with one.
    *header = (struct wire_header){.op = call->op, .status = (uint8_t)status, .nonce = call->nonce};
    uint64_t since = server->kept_since[kept_place(call->reply)];
    server_counts_answered(&server->counts, call->op, status, runtime_ticks() - since);
    forget(server, call->reply);
    put_answer(server, message);
    if (plant_fires(PLANT_LOSE_ANSWER)) {
        slot_release(lend);
        return true;
    }
    if (UNLIKELY(status != WIRE_OK)) {
        server->counts.refused++;
        slot_release(lend);
        return send_answer(server, call->reply, slot_at(CAP_SLOT_NONE));
    }
    return send_answer(server, call->reply, lend);
}

static enum wire_status switch_hits(struct ipc_server *server, uint8_t hits) {
    if (server->runtime->page->request_in.meta.badge != POLICY_BADGE_MANAGER) {
        return WIRE_DENIED;
    }
    if (!server->service->trace_hits) {
        return WIRE_ABSENT;
    }
    if (hits > 1) {
        return WIRE_MALFORMED;
    }
    server->service->trace_hits(server->state, hits != 0);
    return WIRE_OK;
}

// The one request of the protocol "server" that changes something, and each one by who may not ask.
// False: it is another.
static bool answer_switch(struct ipc_server *server) {
    const struct message_area *in = &server->runtime->page->request_in;
    struct message_area *out = &server->runtime->page->reply_out;
    const bool denied = server->service->may_look && !server->service->may_look(in);
    struct server_message message = {0};
    if (server_decode(WIRE_REQUEST, in->payload, in->header.len, &message) != WIRE_OK ||
        (message.header.op != SERVER_OP_HITS && !denied)) {
        return false;
    }
    message.header.status = (uint8_t)(denied ? WIRE_DENIED : switch_hits(server, message.hits));
    server->counts.refused += message.header.status != WIRE_OK;
    frame_finish(out, WIRE_PROTOCOL_SERVER,
                 server_encode(WIRE_REPLY, &message, out->payload, sizeof(out->payload)));
    return true;
}

static bool answer_counts(struct ipc_server *server) {
    struct message_page *page = server->runtime->page;
    const struct ipc_service *service = server->service;
    const struct ipc_client *client = service->client ? service->client(server->state) : 0;
    frame_finish(&page->reply_out, WIRE_PROTOCOL_SERVER,
                 server_counts_answer(&server->counts, service->protocol, client, &page->request_in,
                                      &page->reply_out));
    return true;
}

BASE_STATIC_ASSERT(ARRAY_LEN(((struct ipc_server *)0)->message) % 2 == 0, "cleared by two words");

// The request in request_in, decoded into the server's message.
static enum wire_status decode(struct ipc_server *server, struct ipc_exchange *exchange) {
    const struct wire_protocol_rows *protocol = server->service->protocol;
    const struct message_area *in = &server->runtime->page->request_in;
    for (uint32_t i = 0; i < protocol->message_bytes / sizeof(server->message[0]); i += 2) {
        server->message[i] = 0;
        server->message[i + 1] = 0;
    }
    *exchange = (struct ipc_exchange){.request = in,
                                      .message = server->message,
                                      .server = server,
                                      .came = slot_at(in->meta.slot),
                                      .lend = slot_at(CAP_SLOT_NONE)};
    enum wire_status status = wire_decode_area(protocol, WIRE_REQUEST, in, server->message);
    return wire_type_protocol(in->header.type) == protocol->type ? status : WIRE_MALFORMED;
}

static enum wire_status run(struct ipc_server *server, struct ipc_exchange *exchange) {
    const struct wire_header *header = exchange->message;
    const struct ipc_row *row = row_of(server->service, header->op);
    enum wire_status status =
        row && row->call ? row->call(server->state, exchange) : WIRE_UNKNOWN_OP;
    server->counts.refused += status != WIRE_OK;
    return status;
}

bool ipc_server_call(struct ipc_server *server, struct reply_handle reply) {
    const struct message_area *in = &server->runtime->page->request_in;
    server->counts.calls++;
    server->taken = runtime_ticks();
    if (wire_type_protocol(in->header.type) == WIRE_PROTOCOL_SERVER) {
        slot_release(slot_at(in->meta.slot));
        return answer_switch(server) || answer_counts(server);
    }
    struct ipc_exchange exchange;
    enum wire_status status = decode(server, &exchange);
    struct wire_header *header = exchange.message;
    exchange.call = (struct kept_call){.reply = reply, .nonce = header->nonce, .op = header->op};
    bool good = status == WIRE_OK;
    if (good) {
        status = run(server, &exchange);
    } else {
        server->counts.malformed++;
    }
    // What nobody took must not fill the service's slots.
    slot_release(exchange.came);
    if (exchange.kept && status == WIRE_OK) {
        keep(server, reply);
        return false;
    }
    header->status = (uint8_t)status;
    if (good) {
        server_counts_answered(&server->counts, header->op, status,
                               runtime_ticks() - server->taken);
    }
    put_answer(server, exchange.message);
    if (exchange.lend.value == CAP_SLOT_NONE || status != WIRE_OK) {
        slot_release(exchange.lend);
        return true;
    }
    (void)send_answer(server, reply, exchange.lend);
    return false;
}

void ipc_server_send(struct ipc_server *server) {
    struct ipc_exchange exchange;
    server->counts.sends++;
    server->taken = runtime_ticks();
    bool good = decode(server, &exchange) == WIRE_OK;
    uint8_t op = ((const struct wire_header *)exchange.message)->op;
    const struct ipc_row *row = row_of(server->service, op);
    if (!good) {
        server->counts.malformed++;
    } else if (!row || !row->send) {
        server->counts.dropped++;
    } else {
        enum wire_status status = row->send(server->state, &exchange);
        server->counts.refused += status != WIRE_OK;
        server_counts_answered(&server->counts, op, status, runtime_ticks() - server->taken);
    }
    slot_release(exchange.came);
}

// The notification says that a caller has left, not which: every kept call is looked at.
static void look_at_kept(struct ipc_server *server) {
    for (uint32_t i = 0; i < REPLY_SLOT_COUNT; i++) {
        struct reply_handle reply = server->kept[i];
        if (reply.value == REPLY_HANDLE_NONE.value) {
            continue;
        }
        struct query_result found = sys_reply_query(reply);
        if (found.status == STATUS_OK && found.value != 0) {
            continue;
        }
        if (plant_fires(PLANT_LEAK_KEPT)) {
            continue;
        }
        if (server->service->left) {
            server->service->left(server->state, reply);
        }
        forget(server, reply);
        status_ignore(sys_reply_close(reply), "there is nobody behind it any more");
        server->counts.left++;
    }
}

static void serve_notification(struct ipc_server *server, const struct recv_result *event) {
    if ((event->kernel_bits & NOTIFY_REPLY_GONE) != 0) {
        look_at_kept(server);
    }
    if (server->service->notified) {
        server->service->notified(server->state, event->kernel_bits, event->badge_bits);
    }
}

static void serve_answer(struct ipc_server *server, const struct recv_result *event) {
    if (server->service->answered) {
        server->service->answered(server->state, event);
    } else {
        server->counts.dropped++;
    }
}

// Runs what is due and says until when to wait.
static uint64_t clock_step(struct ipc_server *server, struct waiting_answer *answer) {
    const struct ipc_service *service = server->service;
    uint64_t now_ns = sys_clock_get();
    if (!service->wake) {
        return now_ns + IPC_HEARTBEAT_NS;
    }
    if (service->next_deadline(server->state) <= now_ns) {
        if (answer->held) {  // `wake` may answer others, and there is one reply_out.
            server->counts.left += sys_ipc_reply(answer->reply) != STATUS_OK;
            answer->held = false;
        }
        service->wake(server->state, now_ns);
    }
    uint64_t next_ns = service->next_deadline(server->state);
    return next_ns < now_ns + IPC_HEARTBEAT_NS ? next_ns : now_ns + IPC_HEARTBEAT_NS;
}

static void dispatch(struct ipc_server *server, const struct recv_result *event,
                     struct waiting_answer *answer) {
    switch (event->received) {
        case RECEIVED_CALL:
            answer->reply = event->reply;
            answer->held = ipc_server_call(server, event->reply);
            return;
        case RECEIVED_SEND:
            ipc_server_send(server);
            return;
        case RECEIVED_NOTIFICATION:
            serve_notification(server, event);
            *answer =
                (struct waiting_answer){.reply = server->next_reply, .held = server->next_held};
            server->next_held = false;
            return;
        case RECEIVED_REPLY:
            serve_answer(server, event);
            return;
        case RECEIVED_NOTHING:
            return;
    }
}

static enum status loop(struct ipc_server *server) {
    const struct slot endpoint = slot_at(SLOT_ENDPOINT);
    struct waiting_answer answer = {.held = false};
    // Without a clock of its own the service does not ask for the time at each request.
    uint64_t deadline_ns = clock_step(server, &answer);
    for (;;) {  // For the life of the service.
        struct recv_result event = answer.held
                                       ? sys_ipc_reply_recv(answer.reply, endpoint, deadline_ns)
                                       : sys_ipc_recv(endpoint, deadline_ns);
        answer.held = false;
        if (event.status == STATUS_NO_SPACE) {  // A capability came and there is no slot for it.
            event = sys_ipc_recv_drop_cap(endpoint, deadline_ns);
        }
        if (event.status == STATUS_NO_SPACE) {  // That one left, and another came meanwhile.
            continue;
        }
        if (event.status != STATUS_OK && event.status != STATUS_TIMED_OUT) {
            return event.status;
        }
        if (event.status == STATUS_OK) {
            dispatch(server, &event, &answer);
        }
        if (server->service->wake || event.status == STATUS_TIMED_OUT) {
            deadline_ns = clock_step(server, &answer);
        }
    }
}

int ipc_serve(struct ipc_server *server, struct runtime *runtime, const struct ipc_service *service,
              void *state) {
    if (!ipc_server_init(server, runtime, service, state) ||
        !runtime_expect(runtime, slot_at(SLOT_ENDPOINT), CAP_ENDPOINT, RIGHT_RECV,
                        "the service's endpoint") ||
        !runtime_expect(runtime, slot_at(SLOT_INIT), CAP_ENDPOINT, RIGHT_CALL,
                        "the route to init")) {
        return 1;
    }
    if (runtime_start_number(runtime) > 1) {
        marker(runtime, "%s #%u", service->ready, runtime_start_number(runtime));
    } else {
        marker_text(runtime, service->ready);
    }
    enum status status = ipc_ready(runtime);
    if (status == STATUS_OK) {
        status = loop(server);
    }
    log_line(runtime, "%s: ends: %s", service->name, status_name(status));
    return 1;
}
