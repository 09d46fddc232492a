// services/console/figures_ipc.c: see figures.h: counts of services, capabilities and routes.
#include "ipc/server_counts.h"
#include "services/console/figures.h"

#define NS_PER_US UINT64_C(1000)

enum {
    OPERATION_ANSWERED = 26,
    OPERATION_REFUSED = 36,
    OPERATION_MEAN = 48,
    OPERATION_BARS = 51,
};

static const char *const served_names[IPC_SERVED_COUNT] = {
    [IPC_HIT] = "hit", [IPC_MISS] = "miss", [IPC_REBOUND] = "rebound", [IPC_DEGRADED] = "degraded"};
static const char *const error_names[IPC_ERROR_COUNT] = {
    [IPC_OK] = "ok",
    [IPC_TIMED_OUT] = "timed out",
    [IPC_REJECTED] = "rejected",
    [IPC_DENIED] = "denied",
    [IPC_UNKNOWN_OUTCOME] = "unknown outcome",
    [IPC_TOO_LARGE] = "too large",
    [IPC_BAD_REQUEST] = "bad request",
};

const char *figures_error_name(uint32_t error) {
    return error < IPC_ERROR_COUNT ? error_names[error] : "?";
}

const char *figures_served_name(uint32_t served) {
    return served < IPC_SERVED_COUNT ? served_names[served] : "?";
}

void figures_counts(struct print *print, const struct server_message *counts) {
    print_line(print,
               "calls %lu, sends %lu, malformed %lu, refused %lu, dropped %lu, left %lu, kept %u",
               (unsigned long)counts->calls, (unsigned long)counts->sends,
               (unsigned long)counts->malformed, (unsigned long)counts->refused,
               (unsigned long)counts->dropped, (unsigned long)counts->left, counts->kept);
}

void figures_stack(struct print *print, const struct server_message *counts) {
    if (counts->stack_bytes != 0) {
        print_line(print, "stack: at least %u of %u bytes", counts->stack_used,
                   counts->stack_bytes);
    }
}

void figures_operation_head(struct print *print) {
    print_add(print, "OPERATION");
    print_column(print, OPERATION_ANSWERED - 8);
    print_add(print, "ANSWERED   REFUSED     MEAN US   LATENCY, each column twice the one before");
    print_end(print);
}

// One letter a bucket: the fuller, the darker.
static void bars(struct print *print, const uint32_t *buckets) {
    static const char shades[] = " .:-=+*#%@";
    uint32_t most = 1;
    for (uint32_t i = 0; i < IPC_LATENCY_BUCKETS; i++) {
        most = buckets[i] > most ? buckets[i] : most;
    }
    print_column(print, OPERATION_BARS);
    print_add(print, "|");
    for (uint32_t i = 0; i < IPC_LATENCY_BUCKETS; i++) {
        // What is there at all is seen.
        uint64_t shade = ((uint64_t)buckets[i] * (sizeof(shades) - 2) + most - 1) / most;
        print_add(print, "%c", shades[shade]);
    }
    print_add(print, "|");
}

void figures_operation(struct print *print, const char *name,
                       const struct server_message *operation) {
    uint32_t buckets[IPC_LATENCY_BUCKETS] = {0};
    struct wire_reader reader = wire_reader_of(operation->latency.data, operation->latency.count);
    for (uint32_t i = 0; i < IPC_LATENCY_BUCKETS; i++) {
        buckets[i] = wire_get_u32(&reader);
    }
    uint64_t answered = operation->answered;
    uint64_t ticks = answered == 0 ? 0 : operation->ticks * 10 / answered;
    print_add(print, "%s", name);
    print_number(print, OPERATION_ANSWERED, answered);
    print_number(print, OPERATION_REFUSED, operation->refused);
    print_share(print, OPERATION_MEAN, ticks * operation->tick_ns / NS_PER_US);
    bars(print, buckets);
    print_add(print, " from %u ns", operation->tick_ns);
    print_end(print);
}

static void outcome_row(struct print *print, uint32_t error, const uint64_t *by_served) {
    uint64_t all = 0;
    for (uint32_t i = 0; i < IPC_SERVED_COUNT; i++) {
        all += by_served[i];
    }
    if (all == 0) {
        return;
    }
    print_add(print, "%s:", error_names[error]);
    for (uint32_t i = 0; i < IPC_SERVED_COUNT; i++) {
        if (by_served[i] != 0) {
            print_add(print, " %s %lu", served_names[i], (unsigned long)by_served[i]);
        }
    }
    print_end(print);
}

void figures_client(struct print *print, const struct server_message *client) {
    struct wire_reader reader = wire_reader_of(client->outcomes.data, client->outcomes.count);
    print_line(print, "routes %u, evicted %lu, resent %lu", client->routes,
               (unsigned long)client->evicted, (unsigned long)client->resent);
    print_line(print,
               "answers mismatched %lu, unknown %lu, overrun %lu, cancelled %lu; strange %lu",
               (unsigned long)client->mismatched, (unsigned long)client->unknown,
               (unsigned long)client->overrun, (unsigned long)client->cancelled,
               (unsigned long)client->strange);
    for (uint32_t error = 0; error < IPC_ERROR_COUNT; error++) {
        uint64_t by_served[IPC_SERVED_COUNT];
        for (uint32_t i = 0; i < IPC_SERVED_COUNT; i++) {
            by_served[i] = wire_get_u64(&reader);
        }
        outcome_row(print, error, by_served);
    }
}

void figures_outcomes(struct print *print, const struct ipc_stats *stats) {
    for (uint32_t error = 0; error < IPC_ERROR_COUNT; error++) {
        outcome_row(print, error, stats->outcomes[error]);
    }
}

struct right_name {
    uint32_t right;
    const char *name;
};

enum { RIGHT_NAMES_MAX = 6 };

struct kind_names {
    const char *name;
    struct right_name rights[RIGHT_NAMES_MAX];
};

static const struct kind_names kinds[CAP_KIND_COUNT] = {
    [CAP_NONE] = {"none", {{0}}},
    [CAP_ENDPOINT] = {"endpoint",
                      {{RIGHT_SEND, "send"},
                       {RIGHT_CALL, "call"},
                       {RIGHT_NOTIFY, "notify"},
                       {RIGHT_RECV, "recv"},
                       {RIGHT_MINT, "mint"},
                       {RIGHT_MANAGE, "manage"}}},
    [CAP_TASK] = {"task",
                  {{RIGHT_TASK_CONTROL, "control"},
                   {RIGHT_TASK_QUERY, "query"},
                   {RIGHT_TASK_QOS, "qos"}}},
    [CAP_FACTORY] = {"factory",
                     {{RIGHT_MAKE_ENDPOINT, "endpoint"},
                      {RIGHT_MAKE_TASK, "task"},
                      {RIGHT_MAKE_GRANT, "grant"},
                      {RIGHT_MAKE_VMO, "vmo"}}},
    [CAP_CONSOLE] = {"console",
                     {{RIGHT_WRITE, "write"},
                      {RIGHT_MARKER, "marker"},
                      {RIGHT_READ_INPUT, "input"}}},
    [CAP_IMAGE] = {"image", {{RIGHT_READ, "read"}, {RIGHT_SECRET, "secret"}}},
    [CAP_REPLY] = {"reply", {{0}}},
    [CAP_GRANT] = {"grant", {{RIGHT_MINT_UNDER, "mint"}, {RIGHT_REVOKE, "revoke"}}},
    [CAP_DEVICE] = {"device",
                    {{RIGHT_DEVICE_MAP, "map"},
                     {RIGHT_DEVICE_IRQ, "irq"},
                     {RIGHT_DEVICE_DMA, "dma"}}},
    [CAP_VMO] = {"vmo",
                 {{RIGHT_VMO_READ, "read"},
                  {RIGHT_VMO_WRITE, "write"},
                  {RIGHT_VMO_EXECUTE, "execute"}}},
    [CAP_STATS] = {"stats",
                   {{RIGHT_STATS_READ, "read"},
                    {RIGHT_STATS_TRACE, "trace"},
                    {RIGHT_STATS_AUDIT, "audit"}}},
};

void figures_cap_head(struct print *print) {
    print_line(print, "SLOT KIND      RIGHTS");
}

void figures_cap(struct print *print, uint32_t slot, const struct query_result *found) {
    uint32_t kind = (uint32_t)cap_query_kind(found->kind_rights);
    uint32_t rights = cap_query_rights(found->kind_rights);
    bool sends = kind == CAP_ENDPOINT && (rights & RIGHT_RECV) == 0;
    print_number(print, 6, slot);
    print_column(print, 7);
    print_add(print, "%s", kind < CAP_KIND_COUNT ? kinds[kind].name : "?");
    print_column(print, 17);
    for (uint32_t i = 0; kind < CAP_KIND_COUNT && i < RIGHT_NAMES_MAX; i++) {
        const struct right_name *one = &kinds[kind].rights[i];
        print_add(print, "%s%s", (rights & one->right) != 0 ? one->name : "",
                  (rights & one->right) != 0 ? " " : "");
    }
    if (sends && found->detail != 0) {
        print_add(print, "(%s)", (found->detail & CAP_QUERY_REVOKED) != 0 ? "revoked" : "closed");
    }
    print_end(print);
}

void figures_route_head(struct print *print) {
    print_line(print, "TO              STATE      SLOT BINDINGS LOSSES");
}

void figures_route(struct print *print, const struct names *names, const struct route *route) {
    const char *name = names_of(names, route->target.value);
    print_add(print, "%s", name ? name : "?");
    print_column(print, 18);
    print_add(print, "%s", route_state_name((enum route_state)route->state));
    print_number(print, 33, route->slot.value);
    print_number(print, 42, route->epoch.value);
    print_number(print, 49, route->losses);
    print_end(print);
}
