// testing/bench/guest.c: one of those whom services keep things for while others are measured: at
// each call it sleeps in timed once more, or has logd keep one more record.
#include "ipc/asks.h"
#include "ipc/frame.h"
#include "ipc/log_record.h"
#include "ipc/ready.h"
#include "ipc/resolver.h"
#include "ipc/wire/log_wire.h"
#include "ipc/wire/timed_wire.h"
#include "runtime/main.h"
#include "testing/bench/bench.h"

struct guest {
    uint64_t deadline_ns;
    struct ipc_resolver resolver;
    struct ipc_client client;
    struct ipc_asks asks;
};

static bool sleep_once_more(struct guest *guest) {
    struct timed_message message = {.header = {.op = TIMED_OP_SLEEP},
                                    .deadline_ns = guest->deadline_ns};
    const struct ipc_question question = {.target = service_id_named("timed"),
                                          .protocol = &timed_rows,
                                          .deadline = {.ns = guest->deadline_ns}};
    struct nonce ticket;
    return ipc_asks_start(&guest->asks, &question, &message, &ticket).error == IPC_OK;
}

static bool log_once_more(struct guest *guest) {
    struct log_message message = {.header = {.op = LOG_OP_APPEND},
                                  .level = LOG_INFO,
                                  .scope = {(const uint8_t *)"guest", 5},
                                  .text = {(const uint8_t *)"a line of text", 14}};
    const struct ipc_question question = {.target = service_id_named("logd"),
                                          .protocol = &log_rows,
                                          .deadline = {.ns = guest->deadline_ns}};
    return ipc_ask(&guest->client, &question, &message).error == IPC_OK &&
           message.header.status == WIRE_OK;
}

// What comes besides calls are answers to sleepers whose time is over.
static void serve(struct guest *guest, const struct runtime *runtime,
                  const struct recv_result *event) {
    if (event->received != RECEIVED_CALL) {
        return;
    }
    bool sleeps = runtime->page->request_in.header.type == GUEST_SLEEPS;
    bool done = sleeps ? sleep_once_more(guest) : log_once_more(guest);
    runtime->page->reply_out.payload[0] = done;
    frame_finish(&runtime->page->reply_out, 0, 1);
    status_ignore(sys_ipc_reply(event->reply), "a caller that left needs no answer");
}

int service_main(struct runtime *runtime) {
    const struct slot endpoint = slot_at(SLOT_ENDPOINT);
    struct guest guest = {.deadline_ns = sys_clock_get() + BENCH_PATIENCE_NS};
    ipc_resolver_init(&guest.resolver, runtime, SLOT_SAMGRD);
    ipc_client_init(&guest.client, runtime, ipc_resolver_ask, &guest.resolver,
                    slot_at(CAP_SLOT_NONE));
    ipc_asks_init(&guest.asks, &guest.client, endpoint);
    if (ipc_ready(runtime) != STATUS_OK) {
        return 1;
    }
    struct recv_result event = sys_ipc_recv(endpoint, guest.deadline_ns);
    while (event.status == STATUS_OK) {  // Until the deadline at the latest.
        serve(&guest, runtime, &event);
        event = sys_ipc_recv(endpoint, guest.deadline_ns);
    }
    return 1;
}
