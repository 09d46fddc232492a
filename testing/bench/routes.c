// testing/bench/routes.c: what a call by name costs: through a kept route, and when the route is
// resolved for each call, by samgrd under policyd's grant, and let go after it.
//
// Beside the figures it holds two promises: a hit costs at most HIT_OVER_RAW_MAX instructions more
// than the bare system call with the same frame, and an uncached call at least UNCACHED_OVER_HIT
// times a hit.
#include "ipc/client.h"
#include "ipc/frame.h"
#include "ipc/ready.h"
#include "ipc/resolver.h"
#include "ipc/wire/echo_wire.h"
#include "runtime/main.h"
#include "testing/bench/bench.h"
#include "testing/bench/measure.h"

enum {
    HIT_OVER_RAW_MAX = 80,
    UNCACHED_OVER_HIT = 10,
};

struct routes {
    struct runtime *runtime;
    struct ipc_request request;
    struct slot bare;           // The kept route's own capability.
    struct ipc_outcome wanted;  // Of each call.
    uint32_t failures;
    struct ipc_resolver resolver;
    struct ipc_client client;
};

// Writes the next request, as a client does before its call.
static ALWAYS_INLINE void prepare_request(void *of) {
    struct routes *routes = of;
    struct message_area *out = &routes->runtime->page->call_out;
    const struct echo_message message = {
        .header = {.op = ECHO_OP_ECHO, .nonce = ipc_nonce(&routes->client)}, .value = 1};
    routes->request.nonce = message.header.nonce;
    routes->request.bytes = echo_encode(WIRE_REQUEST, &message, out->payload, sizeof(out->payload));
    frame_finish(out, WIRE_PROTOCOL_ECHO, routes->request.bytes);
}

static ALWAYS_INLINE void round_nothing(void *of) {
    (void)of;
}

static ALWAYS_INLINE void round_raw(void *of) {
    struct routes *routes = of;
    struct call_result result = sys_ipc_call(routes->bare, routes->request.deadline.ns);
    routes->failures += result.status != STATUS_OK;
}

static ALWAYS_INLINE void round_call(void *of) {
    struct routes *routes = of;
    struct ipc_outcome outcome = ipc_call(&routes->client, &routes->request);
    routes->failures +=
        outcome.error != routes->wanted.error || outcome.served != routes->wanted.served;
}

static void begin(struct routes *routes, struct runtime *runtime) {
    routes->runtime = runtime;
    ipc_resolver_init(&routes->resolver, runtime, SLOT_SAMGRD);
    ipc_client_init(&routes->client, runtime, ipc_resolver_ask, &routes->resolver,
                    slot_at(SLOT_ENDPOINT));
    routes->request = (struct ipc_request){.target = service_id_named("answer"),
                                           .deadline = {.ns = sys_clock_get() + BENCH_PATIENCE_NS},
                                           .protocol = WIRE_PROTOCOL_ECHO,
                                           .op = wire_op_find(&echo_rows, ECHO_OP_ECHO)};
}

static bool run(struct routes *routes) {
    routes->wanted = (struct ipc_outcome){.error = IPC_OK, .served = IPC_MISS};
    prepare_request(routes);
    round_call(routes);
    routes->bare = route_find(&routes->client.routes, routes->request.target, POLICY_CALL)->slot;
    routes->wanted.served = IPC_HIT;
    uint64_t reading = measure_prepared(routes, prepare_request, round_nothing).least;
    struct figure raw = measure_prepared(routes, prepare_request, round_raw);
    struct figure hit = measure_prepared(routes, prepare_request, round_call);
    ipc_client_release(&routes->client);
    routes->client.reuse = false;
    routes->wanted.served = IPC_MISS;
    struct figure uncached = measure_prepared(routes, prepare_request, round_call);
    print_figure(routes->runtime, "route_raw", raw, reading);
    print_figure(routes->runtime, "route_hit", hit, reading);
    print_figure(routes->runtime, "route_uncached", uncached, reading);
    if (routes->failures != 0) {
        log_line(routes->runtime, "bench: %u calls did not go as they should", routes->failures);
        return false;
    }
    uint64_t hit_mean = figure_mean(hit) - reading;
    if (hit_mean > figure_mean(raw) - reading + HIT_OVER_RAW_MAX ||
        figure_mean(uncached) - reading < hit_mean * UNCACHED_OVER_HIT) {
        log_line(routes->runtime, "bench: a kept route does not save what is promised");
        return false;
    }
    return true;
}

int service_main(struct runtime *runtime) {
    struct routes routes = {.failures = 0};
    begin(&routes, runtime);
    if (ipc_ready(runtime) != STATUS_OK || !run(&routes)) {
        return 1;
    }
    marker_text(runtime, MARKER_BENCH_END);
    return 0;
}
