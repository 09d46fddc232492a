// testing/bench/resolve.c: what it costs to find a service by name, the question to policyd
// included, when it is the second that init has started and when it is the last of as many as
// init has room for. The image fails when that grows.
#include "ipc/client.h"
#include "ipc/frame.h"
#include "ipc/ready.h"
#include "ipc/resolver.h"
#include "runtime/main.h"
#include "testing/bench/bench.h"
#include "testing/bench/measure.h"

enum { GROWTH_PERCENT_MAX = 105 };

struct bench {
    struct service_id target;
    struct deadline deadline;
    uint32_t failures;
    struct ipc_resolver resolver;
};

static void round_nothing(void *of) {
    (void)of;
}

static void round_resolve(void *of) {
    struct bench *bench = of;
    struct resolved found =
        ipc_resolver_ask(&bench->resolver, bench->target, POLICY_CALL, bench->deadline);
    bench->failures += found.answer != RESOLVE_GIVEN;
    slot_release(found.slot);
}

static bool run(struct bench *bench, const struct runtime *runtime) {
    static const struct {
        const char *service;
        const char *figure;
    } asked[] = {{"s2", "resolve"}, {"s13", "resolve_at_13"}, {"s24", "resolve_at_24"}};
    uint64_t reading = measure(bench, round_nothing).least;
    struct figure few = {.rounds = 0};
    bool good = true;
    for (uint32_t i = 0; i < ARRAY_LEN(asked); i++) {
        bench->target = service_id_named(asked[i].service);
        struct figure now = measure(bench, round_resolve);
        print_figure(runtime, asked[i].figure, now, reading);
        few = i == 0 ? now : few;
        if (now.least * 100 > few.least * GROWTH_PERCENT_MAX ||
            figure_mean(now) * 100 > figure_mean(few) * GROWTH_PERCENT_MAX) {
            log_line(runtime, "bench: %s grows", asked[i].figure);
            good = false;
        }
    }
    if (bench->failures != 0) {
        log_line(runtime, "bench: %u services were not found", bench->failures);
    }
    return good && bench->failures == 0;
}

int service_main(struct runtime *runtime) {
    struct bench bench = {.deadline = {.ns = sys_clock_get() + BENCH_PATIENCE_NS}};
    ipc_resolver_init(&bench.resolver, runtime, SLOT_SAMGRD);
    if (ipc_ready(runtime) != STATUS_OK || !run(&bench, runtime)) {
        return 1;
    }
    marker_text(runtime, MARKER_BENCH_END);
    return 0;
}
