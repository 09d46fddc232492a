// testing/bench/client.c: what calls by name cost: a call and an asynchronous request, as the build
// says through what is kept or with everything made anew (ipc/reuse.h), and a call whose service
// was started anew since the last one.
//
// Beside the figures it holds two promises: a hit costs at most HIT_OVER_RAW_MAX instructions more
// than the bare system call with the same frame, and a lost route is found again in one more
// attempt. What reuse must save is testing/evidence's.
#include "testing/bench/client.h"

#include "ipc/asks.h"
#include "ipc/client.h"
#include "ipc/frame.h"
#include "ipc/ready.h"
#include "ipc/resolver.h"
#include "ipc/reuse.h"
#include "ipc/wire/echo_wire.h"
#include "ipc/wire/init_wire.h"
#include "runtime/main.h"
#include "testing/bench/bench.h"
#include "testing/bench/measure.h"

enum {
    HIT_OVER_RAW_MAX = 80,
    REBIND_ROUNDS = 8,
    ROUTES_KEPT = 2,  // The call's, and that of requests whose answer comes later.
    GROWTH_PERCENT_MAX = 105,
};

// Longer than init takes to start a service again and samgrd to hear of it.
#define RESTART_NS UINT64_C(20000000)

struct client {
    struct runtime *runtime;
    struct ipc_request request;
    struct slot bare;           // The kept route's own capability.
    struct ipc_outcome wanted;  // Of each call.
    uint32_t failures;
    struct slot_result answers;  // Where those to asynchronous requests come.
    struct ipc_resolver resolver;
    struct ipc_client client;
    struct ipc_asks asks;
};

// Writes the next request, as a client does before its call.
static ALWAYS_INLINE void prepare_request(void *of) {
    struct client *client = of;
    struct message_area *out = &client->runtime->page->call_out;
    const struct echo_message message = {
        .header = {.op = ECHO_OP_ECHO, .nonce = ipc_nonce(&client->client)}, .value = 1};
    client->request.nonce = message.header.nonce;
    client->request.bytes = echo_encode(WIRE_REQUEST, &message, out->payload, sizeof(out->payload));
    frame_finish(out, WIRE_PROTOCOL_ECHO, client->request.bytes);
}

static ALWAYS_INLINE void round_nothing(void *of) {
    (void)of;
}

static ALWAYS_INLINE void round_raw(void *of) {
    struct client *client = of;
    struct call_result result = sys_ipc_call(client->bare, client->request.deadline.ns);
    client->failures += result.status != STATUS_OK;
}

static ALWAYS_INLINE void round_call(void *of) {
    struct client *client = of;
    struct ipc_outcome outcome = ipc_call(&client->client, &client->request);
    client->failures +=
        outcome.error != client->wanted.error || outcome.served != client->wanted.served;
}

// Without reuse the endpoint for the answer is made for it.
static void round_ask(void *of) {
    struct client *client = of;
    struct echo_message message = {.header = {.op = ECHO_OP_ECHO}, .value = 1};
    const struct ipc_question question = {.target = client->request.target,
                                          .protocol = &echo_rows,
                                          .deadline = client->request.deadline};
    struct nonce ticket;
    if (!IPC_REUSE) {
        client->answers = sys_endpoint_create(slot_at(SLOT_MEMORY));
        ipc_asks_init(&client->asks, &client->client, client->answers.slot);
    }
    struct ipc_outcome sent = ipc_asks_start(&client->asks, &question, &message, &ticket);
    client->failures += sent.error != IPC_OK || sent.served != client->wanted.served;
    client->failures +=
        ipc_asks_await(&client->asks, ticket, client->request.deadline, &message) != IPC_OK;
    if (!IPC_REUSE) {
        slot_release(client->answers.slot);
    }
}

// The service is ended, and everything waits until it serves again.
static void prepare_rebind(void *of) {
    struct client *client = of;
    struct message_area *out = &client->runtime->page->call_out;
    const struct init_message message = {.header = {.op = INIT_OP_END},
                                         .service = client->request.target.value};
    frame_finish(out, WIRE_TYPE(WIRE_PROTOCOL_INIT, INIT_OP_END, WIRE_VIA_NONE),
                 init_encode(WIRE_REQUEST, &message, out->payload, sizeof(out->payload)));
    struct call_result ended = sys_ipc_call(slot_at(SLOT_OPERATOR), client->request.deadline.ns);
    struct recv_result waited = sys_ipc_recv(slot_at(SLOT_ENDPOINT), sys_clock_get() + RESTART_NS);
    client->failures += ended.status != STATUS_OK || waited.status != STATUS_TIMED_OUT;
    prepare_request(of);
}

static void begin(struct client *client, struct runtime *runtime) {
    client->runtime = runtime;
    ipc_resolver_init(&client->resolver, runtime, SLOT_SAMGRD);
    ipc_client_init(&client->client, runtime, ipc_resolver_ask, &client->resolver,
                    slot_at(SLOT_ENDPOINT));
    client->answers = sys_endpoint_create(slot_at(SLOT_MEMORY));
    client->failures += client->answers.status != STATUS_OK;
    ipc_asks_init(&client->asks, &client->client, client->answers.slot);
    client->request = (struct ipc_request){
        .target = service_id_named("answer"),
        .deadline = {.ns = sys_clock_get() + BENCH_PATIENCE_NS},
        .frame_type = WIRE_TYPE(WIRE_PROTOCOL_ECHO, ECHO_OP_ECHO, WIRE_VIA_HIT),
        .op = wire_op_find(&echo_rows, ECHO_OP_ECHO)};
}

// All other places of the cache have a route of their own, bound: the call's is found among them.
static void fill_cache(struct client *client) {
    struct route_cache *routes = &client->client.routes;
    for (uint64_t i = 1; i <= ROUTE_CAPACITY - ROUTES_KEPT; i++) {
        struct slot to_close = slot_at(CAP_SLOT_NONE);
        struct slot_result own = sys_cap_clone(client->bare, RIGHT_CALL);
        struct route *route =
            route_place(routes, (struct service_id){.value = i}, POLICY_CALL, &to_close);
        bool wanted = route_want(routes, route, sys_clock_get()) == ROUTE_ASK;
        bool free = to_close.value == CAP_SLOT_NONE &&
                    route_resolved(routes, route, own.slot).value == CAP_SLOT_NONE;
        client->failures += own.status != STATUS_OK || !wanted || !free;
    }
}

// A route of the bench's own to measure the bare call through.
static bool resolve_bare(struct client *client) {
    struct resolved found = ipc_resolver_ask(&client->resolver, client->request.target, POLICY_CALL,
                                             client->request.deadline);
    client->bare = found.slot;
    return found.answer == RESOLVE_GIVEN;
}

// Whether the call costs more with all places taken.
static bool grows(struct client *client, struct figure few, uint64_t reading) {
    fill_cache(client);
    struct figure full = measure_prepared(client, prepare_request, round_call);
    print_figure(client->runtime,
                 IPC_REUSE ? "client_call_hit_at_16" : "client_call_uncached_at_16", full, reading);
    return figure_mean(full) * 100 > figure_mean(few) * GROWTH_PERCENT_MAX;
}

static bool run(struct client *client) {
    const enum ipc_served usual = IPC_REUSE ? IPC_HIT : IPC_MISS;
    if (!resolve_bare(client)) {
        return false;
    }
    client->wanted = (struct ipc_outcome){.error = IPC_OK, .served = IPC_MISS};
    prepare_request(client);
    round_call(client);
    round_ask(client);
    client->wanted.served = usual;
    uint64_t reading = measure_prepared(client, prepare_request, round_nothing).least;
    struct figure raw = measure_prepared(client, prepare_request, round_raw);
    struct figure call = measure_prepared(client, prepare_request, round_call);
    struct figure ask = measure(client, round_ask);
    client->wanted.served = IPC_REUSE ? IPC_REBOUND : IPC_MISS;
    uint64_t resent = client->client.stats.resent;
    struct figure rebind = measure_rounds(client, prepare_rebind, round_call, REBIND_ROUNDS);
    resent = client->client.stats.resent - resent;
    print_figure(client->runtime, "client_call_raw", raw, reading);
    print_figure(client->runtime, IPC_REUSE ? "client_call_hit" : "client_call_uncached", call,
                 reading);
    print_figure(client->runtime, IPC_REUSE ? "client_ask_hit" : "client_ask_uncached", ask,
                 reading);
    print_figure(client->runtime, "client_rebind", rebind, reading);
    client->wanted.served = usual;
    if (grows(client, call, reading)) {
        log_line(client->runtime, "bench: a call grows with the routes that are kept");
        return false;
    }
    if (client->failures != 0 || resent != (IPC_REUSE ? REBIND_ROUNDS + 1 : 0)) {
        log_line(client->runtime, "bench: %u calls did not go as they should, %lu were resent",
                 client->failures, resent);
        return false;
    }
    if (IPC_REUSE && figure_mean(call) > figure_mean(raw) + HIT_OVER_RAW_MAX) {
        log_line(client->runtime, "bench: a hit costs more than is promised");
        return false;
    }
    return true;
}

int service_main(struct runtime *runtime) {
    struct client client = {.failures = 0};
    begin(&client, runtime);
    if (ipc_ready(runtime) != STATUS_OK || !run(&client) || !bench_bulk(runtime)) {
        return 1;
    }
    marker_text(runtime, MARKER_BENCH_END);
    return 0;
}
