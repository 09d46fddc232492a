// testing/sim/workload_async.c: what rides on a client's frames, and asynchronous requests of a
// client or server: each has exactly one outcome, or is cancelled, or ends with the endpoint that
// its answer would come to.
#include "kernel/abi/identity.h"
#include "testing/sim/workload_state.h"

// Sometimes a capability is to ride on the frame in call_out: a copy of the one it is sent through.
// Its slot, or 0.
struct slot workload_attach(struct message_page *page, struct slot server) {
    struct slot_result copy = {.status = STATUS_NO_SPACE};
    if (sim_user_random(4) == 0) {
        copy = sys_cap_clone(server, RIGHT_SEND);
    }
    if (copy.status != STATUS_OK) {
        return slot_at(CAP_SLOT_NONE);
    }
    page->call_out.header.flags |= FRAME_CAP_MOVE;
    page->call_out.meta.slot = (uint32_t)copy.slot.value;
    return copy.slot;
}

// It has moved exactly if the frame was handed over. `came` is where one came in the answer.
void workload_check_attached(struct message_page *page, struct slot slot, bool handed_over,
                             uint32_t came) {
    if (slot.value == CAP_SLOT_NONE) {
        return;
    }
    bool gone = page->call_out.meta.slot == CAP_SLOT_NONE;
    workload_expect(gone == handed_over, "a capability moved otherwise than its frame", gone);
    workload_add(&workload_now->moves, gone);
    bool held = sys_cap_query(slot).status == STATUS_OK;
    workload_expect(held == (!gone || came == slot.value), "a capability was lost or stayed", held);
    if (held && came != slot.value) {
        workload_close(&slot);
    }
}

void workload_ask(struct asks *asks, struct message_page *page, struct slot server,
                  uint64_t number) {
    frame_write(&page->call_out, FRAME_TYPE_CALL, number);
    page->call_out.header.flags = FRAME_WANT_REPLY;
    struct slot attached = workload_attach(page, server);
    workload_count(&workload_now->asks);
    struct request_result got = sys_ipc_request(server, asks->own);
    workload_check_attached(page, attached, got.delivery == DELIVERY_HANDED_OVER, CAP_SLOT_NONE);
    if (got.status == STATUS_OK) {
        workload_expect(asks->count < MAX_ASYNC && !asks->closed,
                        "a request was taken that has no place", asks->count);
        asks->of[asks->count++ % MAX_ASYNC] = (struct ask){got.sequence, number};
        return;
    }
    bool fits = got.status == STATUS_WOULD_BLOCK || got.status == STATUS_PEER_CLOSED ||
                got.status == STATUS_REVOKED || got.status == STATUS_NO_SPACE ||
                got.status == STATUS_BAD_CAP;
    workload_expect(fits && got.delivery == DELIVERY_NONE && got.sequence.value == 0,
                    "request gave another status", got.status);
    asks->closed = asks->closed || got.status == STATUS_BAD_CAP;
}

static struct ask take(struct asks *asks, uint32_t index) {
    struct ask ask = asks->of[index];
    asks->of[index] = asks->of[--asks->count];
    return ask;
}

void workload_answered(struct asks *asks, const struct message_area *answer,
                       struct recv_result got) {
    uint32_t index = 0;
    while (index < asks->count && asks->of[index].sequence.value != got.sequence.value) {
        index++;
    }
    workload_expect(index < asks->count, "an answer to no request of this task, or a second one",
                    got.sequence.value);
    if (index == asks->count) {
        return;
    }
    uint64_t number = take(asks, index).number;
    enum status status = async_outcome_status(got.outcome);
    if (status == STATUS_OK) {
        workload_expect(frame_check(answer, FRAME_TYPE_REPLY) == number,
                        "the answer to another request", number);
        workload_expect(answer->meta.service_id == service_id_of("server", 6),
                        "an answer from another service", number);
        workload_count(&workload_now->asks_answered);
    } else {
        workload_expect(status == STATUS_PEER_CLOSED, "a request ended with another status",
                        status);
    }
}

// One that is cancelled was under way, unless its endpoint is closed.
void workload_cancel(struct asks *asks) {
    enum status status = sys_request_cancel(take(asks, sim_user_random(asks->count)).sequence);
    if (status == STATUS_BAD_CAP) {
        struct recv_result got = sys_ipc_recv(asks->own, 0);
        workload_expect(got.status == STATUS_PEER_CLOSED, "a request was lost", got.status);
        asks->closed = true;
        return;
    }
    workload_expect(status == STATUS_OK, "cancelling gave another status", status);
    workload_count(&workload_now->cancels);
}
