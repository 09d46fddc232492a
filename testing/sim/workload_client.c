// testing/sim/workload_client.c: a client that calls, sends and notifies, and knows what each may
// answer.
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

// Sometimes nobody is told, so that closed endpoints are called too.
static void look_closed(struct client *client, struct slot server, struct call_result got) {
    if (got.status == STATUS_PEER_CLOSED && got.delivery == DELIVERY_NONE &&
        sim_user_random(4) != 0) {
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
        workload_expect(got.status == STATUS_PEER_CLOSED, "call gave another status", got.status);
    }
}

static void call(struct client *client, struct slot server) {
    uint64_t number = client->next_number++;
    uint64_t deadline_ns =
        sim_user_random(3) == 0 ? sys_clock_get() + 1 + sim_user_random(NS_SHORT) : UINT64_MAX;
    frame_write(&client->page->call_out, FRAME_TYPE_CALL, number);
    workload_count(&workload_now->calls);
    struct call_result got = sys_ipc_call(server, deadline_ns);
    check_call(client, got, deadline_ns, number);
    look_closed(client, server, got);
}

static void send(struct client *client, struct slot server) {
    uint64_t deadline_ns =
        sim_user_random(2) == 0 ? 0 : sys_clock_get() + 1 + sim_user_random(NS_SHORT);
    frame_write(&client->page->call_out, FRAME_TYPE_SEND, client->next_number++);
    workload_count(&workload_now->sends);
    struct call_result got = sys_ipc_send(server, deadline_ns);
    bool fits = got.status == STATUS_OK || got.status == STATUS_PEER_CLOSED ||
                got.status == (deadline_ns == 0 ? STATUS_WOULD_BLOCK : STATUS_TIMED_OUT);
    workload_expect(fits, "send gave another status", got.status);
}

static void notify(struct slot server) {
    workload_count(&workload_now->notifies);
    enum status status = sys_ipc_notify(server);
    workload_expect(status == STATUS_OK || status == STATUS_PEER_CLOSED,
                    "notify gave another status", status);
}

void workload_client(struct message_page *page, uint64_t argument, uint32_t instance) {
    struct client client = {.page = page,
                            .next_number = ((uint64_t)instance << 32) | 1,
                            .server_count = (uint32_t)argument};
    for (uint32_t i = 0; i < client.server_count; i++) {
        client.servers[i] = slot_at(CLIENT_SLOT_SERVER + i);
    }
    while (client.server_count > 0 && sim_user_random(END_ONE_IN) != 0) {
        struct slot server = client.servers[sim_user_random(client.server_count)];
        uint32_t draw = sim_user_random(12);
        if (draw < 7) {
            call(&client, server);
        } else if (draw < 9) {
            send(&client, server);
        } else if (draw < 10) {
            notify(server);
        } else if (draw < 11) {
            sys_yield();
        } else {
            sim_user_work(sim_user_random(NS_SHORT));
        }
    }
}
