// testing/sim/workload_server.c: a server that answers at once, later, in another order, or never;
// ends itself now and then.
#include "kernel/abi/identity.h"
#include "testing/sim/workload_state.h"

enum {
    HELD_MAX = 4,
    END_ONE_IN = 400,
    NS_SHORT = 20000,
};

struct held_call {
    struct reply_handle reply;
    uint64_t number;
};

struct server {
    uint32_t other_count;  // Servers that it may call: each has a higher number, so that calls form
                           // no circle.
    uint64_t next_number;
    struct message_page *page;
    struct slot endpoint;
    uint32_t held_count;
    struct held_call held[HELD_MAX];
};

static struct held_call take_held(struct server *server) {
    uint32_t index = sim_user_random(server->held_count);
    struct held_call call = server->held[index];
    server->held[index] = server->held[--server->held_count];
    return call;
}

static void check_request(struct server *server, struct recv_result got) {
    const struct message_area *area = &server->page->request_in;
    uint64_t number =
        frame_check(area, got.received == RECEIVED_CALL ? FRAME_TYPE_CALL : FRAME_TYPE_SEND);
    bool known = area->meta.service_id == service_id_of("client", 6) ||
                 area->meta.service_id == service_id_of("server", 6);
    workload_expect(known, "a request comes from another service", area->meta.service_id);
    workload_expect(area->meta.badge != 0, "a request has no badge", area->meta.badge);
    if (got.received == RECEIVED_CALL) {
        server->held[server->held_count++] = (struct held_call){got.reply, number};
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
    check_request(server, got);
}

static uint64_t some_deadline(void) {
    uint32_t draw = sim_user_random(8);
    if (draw == 0) {
        return 0;
    }
    return draw < 3 ? sys_clock_get() + sim_user_random(NS_SHORT) : UINT64_MAX;
}

// A reply that is not to be given: closed, or asked about.
static void neglect(struct server *server) {
    struct held_call call = take_held(server);
    struct query_result state = sys_reply_query(call.reply);
    workload_expect(state.status == STATUS_OK && cap_query_kind(state.kind_rights) == CAP_REPLY,
                    "a held reply is not known", state.status);
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
    struct call_result got = sys_ipc_call(other, sys_clock_get() + 1 + sim_user_random(NS_SHORT));
    bool fits = got.status == STATUS_OK || got.status == STATUS_TIMED_OUT ||
                got.status == STATUS_PEER_CLOSED;
    workload_expect(fits, "a server's call gave another status", got.status);
    if (got.status == STATUS_OK) {
        workload_expect(frame_check(&server->page->reply_in, FRAME_TYPE_REPLY) == number,
                        "the answer to another server's call", number);
    }
}

static void server_round(struct server *server) {
    uint32_t draw = sim_user_random(16);
    if (sim_user_random(END_ONE_IN) == 0) {
        end_somehow();
    }
    if (server->other_count > 0 && sim_user_random(10) == 0) {
        call_other(server);
    }
    if (server->held_count == HELD_MAX || (server->held_count > 0 && draw < 12)) {
        if (draw == 0) {
            neglect(server);
            return;
        }
        struct held_call call = take_held(server);
        frame_write(&server->page->reply_out, FRAME_TYPE_REPLY, call.number);
        if (draw < 4) {
            enum status status = sys_ipc_reply(call.reply);
            workload_expect(status == STATUS_OK || status == STATUS_PEER_CLOSED,
                            "reply gave another status", status);
            return;
        }
        look_at(server, sys_ipc_reply_recv(call.reply, server->endpoint, some_deadline()));
        return;
    }
    look_at(server, sys_ipc_recv(server->endpoint, some_deadline()));
}

void workload_server(struct message_page *page, uint64_t argument, uint32_t instance) {
    struct server server = {.other_count = (uint32_t)argument,
                            .next_number = ((uint64_t)instance << 32) | 1,
                            .page = page,
                            .endpoint = slot_at(SERVER_SLOT_ENDPOINT)};
    for (;;) {  // Until it is killed, its endpoint closes, or it ends itself.
        server_round(&server);
    }
}
