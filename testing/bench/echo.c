// testing/bench/echo.c: the other address space: answers each call with a frame of the same length
// and reads no payload.
#include "ipc/frame.h"
#include "ipc/ready.h"
#include "runtime/main.h"
#include "testing/bench/bench.h"

int service_main(struct runtime *runtime) {
    struct message_page *page = runtime->page;
    struct slot endpoint = slot_at(SLOT_ENDPOINT);
    if (ipc_ready(runtime) != STATUS_OK) {
        return 1;
    }
    uint64_t deadline_ns = sys_clock_get() + BENCH_PATIENCE_NS;
    struct recv_result received = sys_ipc_recv(endpoint, deadline_ns);
    while (received.status == STATUS_OK && received.received == RECEIVED_CALL) {  // Until the
                                                                                  // deadline at the
                                                                                  // latest.
        frame_finish(&page->reply_out, 0, page->request_in.header.len);
        received = sys_ipc_reply_recv(received.reply, endpoint, deadline_ns);
    }
    log_line(runtime, "echo: ends: %s", status_name(received.status));
    return 1;
}
