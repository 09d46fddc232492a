// testing/bench/sink.c: takes bulk and looks at the first byte of each range: what a transfer costs
// is the transfer. Without reuse a channel serves one transfer.
#include <string.h>

#include "ipc/bulk_views.h"
#include "ipc/frame.h"
#include "ipc/ready.h"
#include "ipc/reuse.h"
#include "runtime/main.h"
#include "testing/bench/bench.h"

struct sink {
    struct message_page *page;
    struct bulk_views views;
};

static uint64_t take(struct sink *sink, const struct message_area *in) {
    uint32_t number = 0;
    switch ((enum sink_type)in->header.type) {
        case SINK_OPEN:
            return bulk_views_open(&sink->views, in->meta.instance, slot_at(in->meta.slot),
                                   SINK_BYTES_MAX, &number) == BULK_OK
                       ? number
                       : 0;
        case SINK_USE: {
            struct sink_use use;
            memcpy(&use, in->payload, sizeof(use));
            const struct bulk_view *view =
                bulk_views_find(&sink->views, in->meta.instance, use.channel);
            const uint8_t *bytes = view ? bulk_view_at(view, use.range) : 0;
            uint64_t answer = bytes ? 1u + bytes[0] : 0;
            if (!IPC_REUSE) {
                bulk_views_release(&sink->views);
            }
            return answer;
        }
        case SINK_CLOSE:
            bulk_views_release(&sink->views);
            return 1;
    }
    return 0;
}

int service_main(struct runtime *runtime) {
    struct sink sink = {.page = runtime->page};
    bulk_views_init(&sink.views);
    if (ipc_ready(runtime) != STATUS_OK) {
        return 1;
    }
    uint64_t deadline_ns = sys_clock_get() + BENCH_PATIENCE_NS;
    struct slot endpoint = slot_at(SLOT_ENDPOINT);
    struct recv_result received = sys_ipc_recv(endpoint, deadline_ns);
    while (received.status == STATUS_OK) {  // Until the deadline at the latest.
        uint64_t answer = take(&sink, &sink.page->request_in);
        memcpy(sink.page->reply_out.payload, &answer, sizeof(answer));
        frame_finish(&sink.page->reply_out, sink.page->request_in.header.type, sizeof(answer));
        received = sys_ipc_reply_recv(received.reply, endpoint, deadline_ns);
    }
    log_line(runtime, "sink: ends: %s", status_name(received.status));
    return 1;
}
