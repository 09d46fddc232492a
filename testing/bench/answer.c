// testing/bench/answer.c: a service that does nothing but answer: each request's nonce comes back,
// so that what a call costs is the call.
#include <string.h>

#include "ipc/frame.h"
#include "ipc/ready.h"
#include "ipc/wire/echo_wire.h"
#include "runtime/main.h"
#include "testing/bench/bench.h"

enum {
    NONCE_OF_REQUEST = WIRE_REQUEST_HEADER_BYTES - sizeof(uint64_t),
    NONCE_OF_REPLY = WIRE_REPLY_HEADER_BYTES - sizeof(uint64_t),
};

int service_main(struct runtime *runtime) {
    struct message_page *page = runtime->page;
    struct slot endpoint = slot_at(SLOT_ENDPOINT);
    const struct echo_message message = {.header = {.op = ECHO_OP_ECHO}};
    uint32_t bytes = echo_encode(WIRE_REPLY, &message, page->reply_out.payload, FRAME_PAYLOAD_MAX);
    if (ipc_ready(runtime) != STATUS_OK) {
        return 1;
    }
    uint64_t deadline_ns = sys_clock_get() + BENCH_PATIENCE_NS;
    struct recv_result received = sys_ipc_recv(endpoint, deadline_ns);
    while (received.status == STATUS_OK) {  // Until the deadline at the latest.
        memcpy(page->reply_out.payload + NONCE_OF_REPLY,
               page->request_in.payload + NONCE_OF_REQUEST, sizeof(uint64_t));
        frame_finish(&page->reply_out, WIRE_PROTOCOL_ECHO, bytes);
        received = sys_ipc_reply_recv(received.reply, endpoint, deadline_ns);
    }
    log_line(runtime, "answer: ends: %s", status_name(received.status));
    return 1;
}
