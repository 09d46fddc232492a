// testing/sim/workload_server.c: a server that answers at once, later, in another order, or never;
// ends itself now and then.
#include "kernel/abi/identity.h"
#include "testing/sim/workload_state.h"

enum {
    HELD_MAX = 4,
    SEEN_MAX = 16,
    END_ONE_IN = 400,
    REVOKE_ONE_IN = 30,
    NS_SHORT = 20000,
};

struct held_call {
    struct reply_handle reply;
    uint64_t number;
    struct slot cap;  // Came with the request and goes back with the answer. 0: none.
};

// The last number that a sender sent without waiting.
struct seen {
    uint32_t instance;
    uint64_t number;
};

struct server {
    uint32_t other_count;  // Servers that it may call: each has a higher number, so that calls form
                           // no circle.
    uint32_t own_family;   // Which it may revoke; 0: none.
    uint64_t next_number;
    struct message_page *page;
    struct slot endpoint;
    uint32_t held_count;
    struct held_call held[HELD_MAX];
    uint64_t revokes_before;  // Revocations that were over when it began to receive.
    uint32_t seen_next;       // Where a new sender goes.
    struct seen seen[SEEN_MAX];
    struct asks asks;  // Of other servers.
};

static struct held_call take_held(struct server *server) {
    uint32_t index = sim_user_random(server->held_count);
    struct held_call call = server->held[index];
    server->held[index] = server->held[--server->held_count];
    return call;
}

// What one sender sent without waiting was stored, or handed over at once when nothing was: it
// comes in the order in which it was sent.
static void check_order(struct server *server, uint32_t instance, uint64_t number) {
    struct seen *seen = 0;
    for (uint32_t i = 0; i < SEEN_MAX; i++) {
        seen = server->seen[i].instance == instance ? &server->seen[i] : seen;
    }
    if (!seen) {
        seen = &server->seen[server->seen_next++ % SEEN_MAX];
        *seen = (struct seen){.instance = instance};
    }
    workload_expect(number > seen->number, "a send overtook an earlier one", number);
    seen->number = number;
}

static uint16_t type_of(const struct message_area *area, uint64_t received) {
    if (received == RECEIVED_CALL) {
        return FRAME_TYPE_CALL;
    }
    return area->header.type == FRAME_TYPE_SEND_NOW ? FRAME_TYPE_SEND_NOW : FRAME_TYPE_SEND;
}

static void check_request(struct server *server, struct recv_result got) {
    const struct message_area *area = &server->page->request_in;
    uint16_t type = type_of(area, got.received);
    uint64_t number = frame_check(area, type);
    if (type == FRAME_TYPE_SEND_NOW) {
        check_order(server, area->meta.instance, number);
    }
    bool known = area->meta.service_id == service_id_of("client", 6) ||
                 area->meta.service_id == service_id_of("server", 6);
    workload_expect(known, "a request comes from another service", area->meta.service_id);
    workload_expect(area->meta.badge != 0, "a request has no badge", area->meta.badge);
    uint64_t revoked_at =
        atomic_load_u64(&workload_now->revoked_at[workload_family(area->meta.badge)]);
    workload_expect(revoked_at == 0 || revoked_at > server->revokes_before,
                    "served through a family after it was revoked", revoked_at);
    struct slot cap = slot_at(area->meta.slot);
    workload_expect(cap.value == 0 || sys_cap_query(cap).status == STATUS_OK,
                    "a capability that came is not there", cap.value);
    if ((area->header.flags & FRAME_TAKE_CAP) == 0) {
        workload_close(&cap);
    }
    if (got.received == RECEIVED_CALL) {
        server->held[server->held_count++] = (struct held_call){got.reply, number, cap};
    }
}

static void look_at(struct server *server, struct recv_result got) {
    if (got.status != STATUS_OK) {
        workload_expect(got.status == STATUS_TIMED_OUT || got.status == STATUS_WOULD_BLOCK ||
                            got.status == STATUS_PEER_CLOSED,
                        "recv gave another status", got.status);
        if (got.status == STATUS_PEER_CLOSED) {
            sys_task_exit(1);
        }
        return;
    }
    if (got.received == RECEIVED_NOTIFICATION) {
        workload_expect((got.kernel_bits | got.badge_bits) != 0, "a notification without a bit", 0);
        return;
    }
    if (got.received == RECEIVED_REPLY) {
        workload_answered(&server->asks, &server->page->request_in, got);
        return;
    }
    check_request(server, got);
}

static uint64_t some_deadline(void) {
    uint32_t draw = sim_user_random(8);
    if (draw == 0) {
        return 0;
    }
    return draw < 3 ? workload_soon(NS_SHORT) : UINT64_MAX;
}

// A reply that is not to be given: closed, or asked about.
static void neglect(struct server *server) {
    struct held_call call = take_held(server);
    struct query_result state = sys_reply_query(call.reply);
    workload_expect(state.status == STATUS_OK && cap_query_kind(state.kind_rights) == CAP_REPLY,
                    "a held reply is not known", state.status);
    workload_close(&call.cap);
    workload_expect(sys_reply_close(call.reply) == STATUS_OK, "a held reply cannot be closed", 0);
    workload_expect(sys_ipc_reply(call.reply) == STATUS_BAD_CAP, "a closed reply can be given", 0);
}

static void end_somehow(void) {
    uint32_t draw = sim_user_random(3);
    if (draw == 0) {
        sim_user_store(USER_MAX, 0);
    } else if (draw == 1) {
        sim_user_illegal_instruction();
    }
    sys_task_exit(2);
}

// A call while requests are held: they must be as they were afterwards.
static void call_other(struct server *server) {
    uint64_t number = server->next_number++;
    frame_write(&server->page->call_out, FRAME_TYPE_CALL, number);
    workload_count(&workload_now->nested_calls);
    struct slot other = slot_at(CLIENT_SLOT_SERVER + sim_user_random(server->other_count));
    struct call_result got = sys_ipc_call(other, 1 + workload_soon(NS_SHORT));
    bool fits = got.status == STATUS_OK || got.status == STATUS_TIMED_OUT ||
                got.status == STATUS_PEER_CLOSED || got.status == STATUS_REVOKED;
    workload_expect(fits, "a server's call gave another status", got.status);
    if (got.status == STATUS_OK) {
        workload_expect(frame_check(&server->page->reply_in, FRAME_TYPE_REPLY) == number,
                        "the answer to another server's call", number);
    }
}

static void ask_other(struct server *server) {
    struct slot other = slot_at(CLIENT_SLOT_SERVER + sim_user_random(server->other_count));
    workload_ask(&server->asks, server->page, other, server->next_number++);
    if (server->asks.closed) {
        sys_task_exit(1);
    }
    if (server->asks.count > 0 && sim_user_random(8) == 0) {
        workload_cancel(&server->asks);
    }
}

// What was to go with the answer is gone exactly if that was handed over.
static void check_answered(struct server *server, bool handed_over) {
    struct slot left = slot_at(server->page->reply_out.meta.slot);
    workload_expect(!handed_over || left.value == 0, "an answer left its capability behind",
                    left.value);
    workload_close(&left);
}

// What was to go with the answer was revoked meanwhile: the reply is still held.
static void detach(struct server *server) {
    struct slot stale = slot_at(server->page->reply_out.meta.slot);
    workload_expect(stale.value != 0, "an answer without a capability was revoked", 0);
    workload_close(&stale);
    server->page->reply_out.header.flags = 0;
    server->page->reply_out.meta.slot = CAP_SLOT_NONE;
}

static void server_round(struct server *server) {
    uint32_t draw = sim_user_random(16);
    if (sim_user_random(END_ONE_IN) == 0) {
        end_somehow();
    }
    if (sim_user_random(20) == 0) {
        uint64_t at_ns = sim_user_random(4) == 0 ? 0 : workload_soon(NS_SHORT);
        enum status status = sys_timer_set(server->endpoint, at_ns).status;
        workload_expect(status == STATUS_OK || status == STATUS_PEER_CLOSED,
                        "timer_set gave another status", status);
    }
    if (server->own_family != 0 && sim_user_random(REVOKE_ONE_IN) == 0) {
        workload_revoke(slot_at(SERVER_SLOT_GRANT), server->own_family);
        if (server->held_count < HELD_MAX) {  // At once: what is served now must not be of it.
            server->revokes_before = atomic_load_u32(&workload_now->revokes);
            look_at(server, sys_ipc_recv(server->endpoint, some_deadline()));
            return;
        }
    }
    if (sim_user_random(20) == 0) {
        workload_change_class(slot_at(CAP_SLOT_NONE));
    }
    if (server->other_count > 0 && sim_user_random(10) == 0) {
        call_other(server);
    }
    if (server->other_count > 0 && sim_user_random(10) == 0) {
        ask_other(server);
    }
    if (server->held_count == HELD_MAX || (server->held_count > 0 && draw < 12)) {
        if (draw == 0) {
            neglect(server);
            return;
        }
        struct held_call call = take_held(server);
        struct message_area *out = &server->page->reply_out;
        frame_write(out, FRAME_TYPE_REPLY, call.number);
        out->header.flags = call.cap.value != 0 ? FRAME_CAP_MOVE : 0;
        out->meta.slot = (uint32_t)call.cap.value;
        if (draw < 4) {
            enum status status = sys_ipc_reply(call.reply);
            if (status == STATUS_REVOKED) {
                detach(server);
                status = sys_ipc_reply(call.reply);
            }
            workload_expect(status == STATUS_OK || status == STATUS_PEER_CLOSED,
                            "reply gave another status", status);
            check_answered(server, status == STATUS_OK);
            return;
        }
        uint64_t deadline_ns = some_deadline();
        server->revokes_before = atomic_load_u32(&workload_now->revokes);
        struct recv_result got = sys_ipc_reply_recv(call.reply, server->endpoint, deadline_ns);
        if (got.status == STATUS_REVOKED) {
            detach(server);
            got = sys_ipc_reply_recv(call.reply, server->endpoint, deadline_ns);
        }
        check_answered(server, out->meta.slot == CAP_SLOT_NONE);
        look_at(server, got);
        return;
    }
    uint64_t deadline_ns = some_deadline();
    server->revokes_before = atomic_load_u32(&workload_now->revokes);
    bool drops = sim_user_random(8) == 0;
    look_at(server, drops ? sys_ipc_recv_drop_cap(server->endpoint, deadline_ns)
                          : sys_ipc_recv(server->endpoint, deadline_ns));
}

void workload_server(struct message_page *page, uint64_t argument, uint32_t instance) {
    struct server server = {.other_count = (uint32_t)argument,
                            .own_family = (uint32_t)(argument >> 32),
                            .next_number = ((uint64_t)instance << 32) | 1,
                            .page = page,
                            .endpoint = slot_at(SERVER_SLOT_ENDPOINT),
                            .asks = {.own = slot_at(SERVER_SLOT_ENDPOINT)}};
    for (;;) {  // Until it is killed, its endpoint closes, or it ends itself.
        server_round(&server);
    }
}
