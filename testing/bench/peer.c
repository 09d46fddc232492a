// testing/bench/peer.c: the address space that does what echo does not: it takes capabilities,
// drops replies, and is woken by notifications.
#include "ipc/frame.h"
#include "ipc/ready.h"
#include "runtime/main.h"
#include "testing/bench/bench.h"

// Answers the first call with a capability to an endpoint made here.
static enum status give_door(struct runtime *runtime, uint64_t deadline_ns, struct slot *door) {
    struct slot_result made = sys_endpoint_create_accepting(slot_at(SLOT_MAKER));
    struct recv_result received = sys_ipc_recv(slot_at(SLOT_ENDPOINT), deadline_ns);
    if (made.status != STATUS_OK || received.status != STATUS_OK) {
        return made.status != STATUS_OK ? made.status : received.status;
    }
    struct slot_result minted = sys_cap_mint(made.slot, 0, RIGHT_CALL | RIGHT_NOTIFY);
    struct message_area *out = &runtime->page->reply_out;
    frame_finish(out, PEER_DOOR, 0);
    out->header.flags = FRAME_CAP_MOVE;
    out->meta.slot = (uint32_t)minted.slot.value;
    *door = made.slot;
    return sys_ipc_reply(received.reply);
}

struct peer {
    struct message_page *page;
    struct slot door;
    struct slot kept;  // What the last PEER_KEEP brought.
    uint64_t deadline_ns;
};

static struct recv_result serve(struct peer *peer, struct recv_result received) {
    struct message_page *page = peer->page;
    if (received.received != RECEIVED_CALL) {
        return sys_ipc_recv(peer->door, peer->deadline_ns);
    }
    switch ((enum peer_type)page->request_in.header.type) {
        case PEER_KEEP:
            peer->kept = slot_at(page->request_in.meta.slot);
            break;
        case PEER_FREE:
            slot_release(peer->kept);
            peer->kept = slot_at(CAP_SLOT_NONE);
            break;
        case PEER_TAKE:
            slot_release(slot_at(page->request_in.meta.slot));
            break;
        case PEER_DROP:
            status_ignore(sys_reply_close(received.reply), "the figure would tell");
            return sys_ipc_recv(peer->door, peer->deadline_ns);
        case PEER_DOOR:
            break;
    }
    frame_finish(&page->reply_out, PEER_TAKE, 0);
    return sys_ipc_reply_recv(received.reply, peer->door, peer->deadline_ns);
}

int service_main(struct runtime *runtime) {
    struct peer peer = {.page = runtime->page,
                        .door = slot_at(CAP_SLOT_NONE),
                        .kept = slot_at(CAP_SLOT_NONE),
                        .deadline_ns = sys_clock_get() + BENCH_PATIENCE_NS};
    enum status status = ipc_ready(runtime);
    if (status == STATUS_OK) {
        status = give_door(runtime, peer.deadline_ns, &peer.door);
    }
    struct recv_result received = {.status = status};
    while (received.status == STATUS_OK) {  // Until the deadline at the latest.
        received = serve(&peer, received);
    }
    log_line(runtime, "peer: ends: %s", status_name(received.status));
    return 1;
}
