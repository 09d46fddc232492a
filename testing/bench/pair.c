// testing/bench/pair.c: one of the callers that work at the same time. It waits for the word of
// pairs in a call, makes as many calls to the echo on its own hart as that says, and waits again.
#include <string.h>

#include "ipc/frame.h"
#include "ipc/ready.h"
#include "runtime/main.h"
#include "testing/bench/bench.h"

enum { PAYLOAD_BYTES = 64 };

static enum status work(struct message_page *page, uint32_t rounds, uint64_t deadline_ns) {
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < rounds && status == STATUS_OK; i++) {
        frame_finish(&page->call_out, 0, PAYLOAD_BYTES);
        status = sys_ipc_call(slot_at(SLOT_ECHO), deadline_ns).status;
    }
    return status;
}

int service_main(struct runtime *runtime) {
    struct message_page *page = runtime->page;
    enum status status = ipc_ready(runtime);
    uint64_t deadline_ns = sys_clock_get() + BENCH_PATIENCE_NS;
    while (status == STATUS_OK) {  // Until pairs ends, or the deadline.
        frame_finish(&page->call_out, 0, 0);
        status = sys_ipc_call(slot_at(SLOT_PAIRS), deadline_ns).status;
        uint32_t rounds = 0;
        memcpy(&rounds, page->reply_in.payload, sizeof(rounds));
        status = status == STATUS_OK ? work(page, rounds, deadline_ns) : status;
    }
    if (status == STATUS_PEER_CLOSED) {  // pairs has ended, and the system is about to.
        status = sys_ipc_recv(slot_at(SLOT_ENDPOINT), deadline_ns).status;
    }
    log_line(runtime, "pair: ends: %s", status_name(status));
    return 1;
}
