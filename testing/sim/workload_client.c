// testing/sim/workload_client.c: a client that calls, sends, notifies and uses memory, and knows
// what each may answer.
#include "kernel/abi/identity.h"
#include "testing/sim/workload_state.h"

enum {
    NS_SHORT = 30000,
    END_ONE_IN = 200,
};

struct client {
    struct message_page *page;
    uint64_t next_number;
    uint32_t server_count;
    struct memory memory;
    struct asks asks;
    struct slot servers[WORKLOAD_SERVER_COUNT];  // Those that are not known to be closed.
};

// A closed endpoint stays closed: its capability is given up.
static void forget(struct client *client, struct slot server) {
    for (uint32_t i = 0; i < client->server_count; i++) {
        if (client->servers[i].value == server.value) {
            client->servers[i] = client->servers[--client->server_count];
        }
    }
    enum status status = sys_cap_close(server);
    workload_expect(status == STATUS_OK, "a capability cannot be closed", status);
}

// Sometimes nobody is told, so that closed endpoints and revoked families are called too.
static void look_closed(struct client *client, struct slot server, struct call_result got) {
    bool over = got.status == STATUS_PEER_CLOSED || got.status == STATUS_REVOKED;
    if (over && got.delivery == DELIVERY_NONE && sim_user_random(4) != 0) {
        forget(client, server);
    }
}

// What was handed over may have been done; what was not, not.
static void check_call(struct client *client, struct call_result got, uint64_t deadline_ns,
                       uint64_t number) {
    if (got.status == STATUS_OK) {
        workload_expect(got.delivery == DELIVERY_HANDED_OVER,
                        "an answered call was not handed over", got.delivery);
        workload_expect(frame_check(&client->page->reply_in, FRAME_TYPE_REPLY) == number,
                        "the answer to another call", number);
        workload_expect(client->page->reply_in.meta.service_id == service_id_of("server", 6),
                        "an answer from another service", number);
        workload_count(&workload_now->calls_answered);
    } else if (got.status == STATUS_TIMED_OUT) {
        workload_expect(sys_clock_get() >= deadline_ns, "a call timed out before its deadline",
                        deadline_ns);
    } else {
        workload_expect(got.status == STATUS_PEER_CLOSED || got.status == STATUS_REVOKED,
                        "call gave another status", got.status);
        workload_expect(got.status != STATUS_REVOKED || got.delivery == DELIVERY_NONE,
                        "a revoked call was handed over", number);
    }
}

// What came with the answer, if one was asked for.
static uint32_t take_answered(struct client *client, struct call_result got, bool takes) {
    struct slot came = slot_at(got.status == STATUS_OK ? client->page->reply_in.meta.slot : 0);
    workload_expect(came.value == 0 || takes, "an answer carries what was not asked for",
                    came.value);
    return (uint32_t)came.value;
}

static void call(struct client *client, struct slot server) {
    uint64_t number = client->next_number++;
    uint64_t deadline_ns = sim_user_random(3) == 0 ? 1 + workload_soon(NS_SHORT) : UINT64_MAX;
    frame_write(&client->page->call_out, FRAME_TYPE_CALL, number);
    struct slot attached = workload_attach(client->page, server);
    bool takes = sim_user_random(2) == 0;
    client->page->call_out.header.flags |= takes ? FRAME_TAKE_CAP : 0;
    workload_count(&workload_now->calls);
    struct call_result got = sys_ipc_call(server, deadline_ns);
    check_call(client, got, deadline_ns, number);
    struct slot came = slot_at(take_answered(client, got, takes));
    workload_check_attached(client->page, attached, got.delivery == DELIVERY_HANDED_OVER,
                            (uint32_t)came.value);
    workload_close(&came);
    look_closed(client, server, got);
}

static void send(struct client *client, struct slot server) {
    uint64_t deadline_ns = sim_user_random(2) == 0 ? 0 : 1 + workload_soon(NS_SHORT);
    frame_write(&client->page->call_out, deadline_ns == 0 ? FRAME_TYPE_SEND_NOW : FRAME_TYPE_SEND,
                client->next_number++);
    struct slot attached = workload_attach(client->page, server);
    workload_count(&workload_now->sends);
    struct call_result got = sys_ipc_send(server, deadline_ns);
    workload_check_attached(client->page, attached, got.delivery == DELIVERY_HANDED_OVER,
                            CAP_SLOT_NONE);
    bool fits = got.status == STATUS_OK || got.status == STATUS_PEER_CLOSED ||
                got.status == STATUS_REVOKED ||
                got.status == (deadline_ns == 0 ? STATUS_WOULD_BLOCK : STATUS_TIMED_OUT);
    workload_expect(fits, "send gave another status", got.status);
}

static void notify(struct slot server) {
    workload_count(&workload_now->notifies);
    enum status status = sys_ipc_notify(server);
    workload_expect(status == STATUS_OK || status == STATUS_PEER_CLOSED || status == STATUS_REVOKED,
                    "notify gave another status", status);
}

// What comes to the client's own endpoint: answers, nothing else.
static void listen(struct client *client) {
    uint64_t deadline_ns = sim_user_random(2) == 0 ? 0 : 1 + workload_soon(NS_SHORT);
    struct recv_result got = sys_ipc_recv(client->asks.own, deadline_ns);
    if (got.status == STATUS_OK) {
        workload_expect(got.received == RECEIVED_REPLY, "a client heard something else",
                        got.received);
        workload_answered(&client->asks, &client->page->request_in, got);
    } else if (got.status == STATUS_PEER_CLOSED) {
        client->asks.closed = true;
    } else {
        workload_expect(got.status == (deadline_ns == 0 ? STATUS_WOULD_BLOCK : STATUS_TIMED_OUT),
                        "a client's recv gave another status", got.status);
    }
}

// Asks, listens or changes its mind; once the endpoint is closed it only asks in vain.
static void ask_round(struct client *client, struct slot server) {
    uint32_t draw = sim_user_random(8);
    if (client->asks.closed && draw > 0) {
        sys_yield();
    } else if (draw < 3 || client->asks.closed) {
        workload_ask(&client->asks, client->page, server, client->next_number++);
    } else if (draw == 3 && client->asks.count > 0) {
        workload_cancel(&client->asks);
    } else {
        listen(client);
    }
}

void workload_client(struct message_page *page, uint64_t argument, uint32_t instance) {
    struct client client = {.page = page,
                            .next_number = ((uint64_t)instance << 32) | 1,
                            .server_count = (uint32_t)argument,
                            .asks = {.own = slot_at(SERVER_SLOT_ENDPOINT)}};
    for (uint32_t i = 0; i < client.server_count; i++) {
        client.servers[i] = slot_at(CLIENT_SLOT_SERVER + i);
    }
    // Clients of a manager have none.
    client.asks.closed = sys_cap_query(client.asks.own).status != STATUS_OK;
    while (client.server_count > 0 && sim_user_random(END_ONE_IN) != 0) {
        struct slot server = client.servers[sim_user_random(client.server_count)];
        uint32_t draw = sim_user_random(21);
        if (draw < 7) {
            call(&client, server);
        } else if (draw < 9) {
            send(&client, server);
            send(&client, server);
        } else if (draw < 10) {
            notify(server);
        } else if (draw < 11) {
            sys_yield();
        } else if (draw < 13) {
            workload_memory_round(&client.memory);
        } else if (draw < 19) {
            ask_round(&client, server);
        } else if (draw < 20) {
            workload_change_class(slot_at(CAP_SLOT_NONE));
        } else {
            sim_user_work(sim_user_random(NS_SHORT));
        }
    }
    while (client.asks.count > 0 && !client.asks.closed) {  // None is lost.
        workload_cancel(&client.asks);
    }
}
