// ipc/server_counts.c: see server_counts.h.
#include "ipc/server_counts.h"

#include "runtime/stack.h"
#include "runtime/ticks.h"

// A reading of the clock between two of the ticks: only one whole number of nanoseconds a tick fits
// all three, unless very few ticks have passed since power-on.
static uint32_t tick_ns(void) {
    uint64_t before = runtime_ticks();
    uint64_t now_ns = sys_clock_get();
    uint64_t after = runtime_ticks();
    if (before == 0 || after == 0) {
        return 0;
    }
    uint64_t most = now_ns / before;
    uint64_t least = (now_ns + after - 1) / after;
    return most == least ? (uint32_t)most : 0;
}

void server_counts_init(struct ipc_counts *counts) {
    *counts = (struct ipc_counts){.tick_ns = tick_ns()};
}

static uint32_t bucket_of(uint64_t ticks) {
    uint32_t bucket = 0;
    for (uint64_t rest = ticks >> 1; rest != 0 && bucket < IPC_LATENCY_BUCKETS - 1; rest >>= 1) {
        bucket++;
    }
    return bucket;
}

void server_counts_answered(struct ipc_counts *counts, uint8_t op, enum wire_status status,
                            uint64_t ticks) {
    if (op >= IPC_OPERATION_MAX) {
        return;
    }
    struct ipc_operation_counts *operation = &counts->operations[op];
    operation->answered++;
    operation->refused += status != WIRE_OK;
    operation->ticks += ticks;
    operation->latency[bucket_of(ticks)]++;
}

static void fill_counts(const struct ipc_counts *counts, struct server_message *message) {
    message->calls = counts->calls;
    message->sends = counts->sends;
    message->malformed = counts->malformed;
    message->refused = counts->refused;
    message->dropped = counts->dropped;
    message->left = counts->left;
    message->kept = counts->kept;
    message->stack_bytes = runtime_stack_size();
    message->stack_used = runtime_stack_used();
}

// Little-endian, as all of a message.
static struct wire_bytes bytes_of(const void *numbers, uint32_t bytes) {
    return (struct wire_bytes){.data = numbers, .count = bytes};
}

static enum wire_status absent(struct ipc_counts *counts) {
    counts->refused++;
    return WIRE_ABSENT;
}

static enum wire_status fill_operation(struct ipc_counts *counts,
                                       const struct wire_protocol_rows *protocol,
                                       struct server_message *message) {
    if (message->operation >= IPC_OPERATION_MAX || !wire_op_find(protocol, message->operation)) {
        return absent(counts);
    }
    const struct ipc_operation_counts *operation = &counts->operations[message->operation];
    message->answered = operation->answered;
    message->refused = operation->refused;
    message->tick_ns = counts->tick_ns;
    message->ticks = operation->ticks;
    message->latency = bytes_of(operation->latency, sizeof(operation->latency));
    return WIRE_OK;
}

static enum wire_status fill_client(struct ipc_counts *counts, const struct ipc_client *client,
                                    struct server_message *message) {
    if (!client) {
        return absent(counts);
    }
    message->outcomes = bytes_of(client->stats.outcomes, sizeof(client->stats.outcomes));
    message->answers = bytes_of(client->stats.answers, sizeof(client->stats.answers));
    message->mismatched = client->stats.strays[ROUTE_STRAY_MISMATCHED];
    message->unknown = client->stats.strays[ROUTE_STRAY_UNKNOWN];
    message->overrun = client->stats.strays[ROUTE_STRAY_DROPPED];
    message->cancelled = client->stats.strays[ROUTE_STRAY_CANCELLED];
    message->strange = (uint32_t)client->stats.strays[ROUTE_STRAY_STRANGE];
    message->resent = client->stats.resent;
    message->evicted = client->routes.evicted;
    message->routes = 0;
    for (uint32_t i = 0; i < ROUTE_CAPACITY; i++) {
        message->routes += client->routes.routes[i].slot.value != CAP_SLOT_NONE;
    }
    return WIRE_OK;
}

static enum wire_status fill_steps(struct ipc_counts *counts, const struct ipc_client *client,
                                   struct server_message *message) {
    if (!client || message->state >= ROUTE_STATE_COUNT) {
        return absent(counts);
    }
    const uint64_t(*row)[ROUTE_EVENT_COUNT] = &client->routes.events[message->state];
    message->steps = bytes_of(row, sizeof(*row));
    return WIRE_OK;
}

static enum wire_status fill_trace(struct ipc_counts *counts, const struct ipc_client *client,
                                   struct route_trace_record *page,
                                   struct server_message *message) {
    if (!client) {
        return absent(counts);
    }
    uint32_t count = route_trace_page(&client->routes.trace, &message->first, page);
    message->trace = bytes_of(page, count * (uint32_t)sizeof(*page));
    return WIRE_OK;
}

uint32_t server_counts_answer(struct ipc_counts *counts, const struct wire_protocol_rows *protocol,
                              const struct ipc_client *client, const struct message_area *request,
                              struct message_area *out) {
    struct server_message message = {0};
    struct route_trace_record page[ROUTE_TRACE_PAGE];
    enum wire_status status = server_decode_area(WIRE_REQUEST, request, &message);
    if (status != WIRE_OK) {
        counts->malformed++;
        message.header.status = (uint8_t)status;
        return server_encode_area(WIRE_REPLY, &message, out);
    }
    switch ((enum server_op)message.header.op) {
        case SERVER_OP_COUNTS:
            fill_counts(counts, &message);
            break;
        case SERVER_OP_OPERATION:
            status = fill_operation(counts, protocol, &message);
            break;
        case SERVER_OP_CLIENT:
            status = fill_client(counts, client, &message);
            break;
        case SERVER_OP_STEPS:
            status = fill_steps(counts, client, &message);
            break;
        case SERVER_OP_TRACE:
            status = fill_trace(counts, client, page, &message);
            break;
        case SERVER_OP_HITS:  // Changes the service: server.c.
            status = absent(counts);
            break;
    }
    message.header.status = (uint8_t)status;
    return server_encode_area(WIRE_REPLY, &message, out);
}
