// services/selftest/cases_async.c: asynchronous requests: their answers, their ends, and how many.
#include <string.h>

#include "ipc/frame.h"
#include "services/selftest/cases.h"
#include "services/selftest/peer.h"
#include "services/selftest/probe/protocol.h"
#include "services/selftest/slots.h"

enum {
    ROUNDS = 20,
    AT_ONCE = 2,  // What an endpoint stores of one sender.
};

static struct request_result request(struct selftest *selftest, struct slot to, struct slot own,
                                     uint16_t op, uint64_t word) {
    struct message_area *out = &selftest->runtime->page->call_out;
    memcpy(out->payload, &word, sizeof(word));
    frame_finish(out, op, sizeof(word));
    out->header.flags = FRAME_WANT_REPLY;
    return sys_ipc_request(to, own);
}

static bool make_endpoint(struct selftest *selftest, struct slot *out) {
    struct slot_result made = sys_endpoint_create(slot_at(SELFTEST_SLOT_FACTORY));
    *out = made.slot;
    return selftest_expect_status(selftest, "an endpoint", made.status, STATUS_OK);
}

static bool closes(struct selftest *selftest, struct slot slot) {
    return selftest_expect_status(selftest, "closing it", sys_cap_close(slot), STATUS_OK);
}

// The next that comes to `own` is the end of a request with that status; which one, and the first
// word of its answer.
static bool request_ends(struct selftest *selftest, struct slot own, enum status status,
                         struct sequence *which, uint64_t *word) {
    struct recv_result event = sys_ipc_recv(own, selftest_patience());
    *which = event.sequence;
    memcpy(word, selftest->runtime->page->request_in.payload, sizeof(*word));
    return selftest_expect_status(selftest, "the end of a request", event.status, STATUS_OK) &&
           selftest_expect(selftest, "its kind", event.received, RECEIVED_REPLY) &&
           selftest_expect_status(selftest, "how it ended", async_outcome_status(event.outcome),
                                  status);
}

// As many as are stored, then the answers of both, each to its request.
static bool ask_and_take(struct selftest *selftest, const struct peer *peer, struct slot own,
                         uint64_t first) {
    const uint64_t key = UINT64_C(0x0101010101010101) * PROBE_ECHO_KEY;
    struct request_result made[AT_ONCE];
    for (uint32_t i = 0; i < AT_ONCE; i++) {
        made[i] = request(selftest, peer->endpoint, own, PROBE_ECHO, first + i);
        if (!selftest_expect_status(selftest, "a request", made[i].status, STATUS_OK)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < AT_ONCE; i++) {
        struct sequence which;
        uint64_t word = 0;
        if (!request_ends(selftest, own, STATUS_OK, &which, &word) ||
            !selftest_expect(selftest, "which request", which.value, made[i].sequence.value) ||
            !selftest_expect(selftest, "its answer", word, (first + i) ^ key) ||
            !selftest_expect(selftest, "who answered",
                             selftest->runtime->page->request_in.meta.instance, peer->instance)) {
            return false;
        }
    }
    return true;
}

bool case_ipc_async_reply(struct selftest *selftest) {
    for (uint32_t hart = 0; hart < selftest->image->hart_count; hart++) {
        struct peer peer;
        struct slot own;
        bool held = make_endpoint(selftest, &own) && peer_start(selftest, hart, &peer);
        for (uint32_t i = 0; i < ROUNDS && held; i++) {
            held = ask_and_take(selftest, &peer, own, (uint64_t)i * AT_ONCE);
        }
        if (!held || !peer_end(selftest, &peer) || !closes(selftest, own)) {
            return false;
        }
    }
    return true;
}

// One that closes the reply, and one that dies with it.
bool case_ipc_async_dropped(struct selftest *selftest) {
    struct peer peer;
    struct slot own;
    struct sequence which;
    uint64_t word = 0;
    if (!make_endpoint(selftest, &own) || !peer_start(selftest, TASK_HART_ANY, &peer)) {
        return false;
    }
    struct request_result dropped = request(selftest, peer.endpoint, own, PROBE_DROP, 0);
    bool ended = selftest_expect_status(selftest, "a request", dropped.status, STATUS_OK) &&
                 request_ends(selftest, own, STATUS_PEER_CLOSED, &which, &word) &&
                 selftest_expect(selftest, "the dropped one", which.value, dropped.sequence.value);
    struct request_result held = request(selftest, peer.endpoint, own, PROBE_HOLD, 0);
    return ended && selftest_expect_status(selftest, "a request", held.status, STATUS_OK) &&
           peer_ask(selftest, &peer, PROBE_ECHO, 0) &&  // So it holds the reply.
           peer_end(selftest, &peer) &&
           request_ends(selftest, own, STATUS_PEER_CLOSED, &which, &word) &&
           selftest_expect(selftest, "the held one", which.value, held.sequence.value) &&
           closes(selftest, own);
}

// The quota is spent by requests that nobody receives; a request that is cancelled gives one back.
static bool spend_quota(struct selftest *selftest, const struct slot *servers, struct slot own) {
    struct request_result made = {.status = STATUS_OK};
    for (uint32_t i = 0; i < MAX_ASYNC; i++) {
        made = request(selftest, servers[i / AT_ONCE], own, PROBE_ECHO, i);
        if (!selftest_expect_status(selftest, "a request", made.status, STATUS_OK)) {
            return false;
        }
    }
    struct slot other = servers[MAX_ASYNC / AT_ONCE];
    return selftest_expect_status(selftest, "one more than the quota",
                                  request(selftest, other, own, PROBE_ECHO, 0).status,
                                  STATUS_WOULD_BLOCK) &&
           selftest_expect_status(selftest, "nothing of it came", sys_ipc_recv(other, 0).status,
                                  STATUS_WOULD_BLOCK) &&
           selftest_expect_status(selftest, "cancelling", sys_request_cancel(made.sequence),
                                  STATUS_OK) &&
           selftest_expect_status(selftest, "in its place",
                                  request(selftest, other, own, PROBE_ECHO, 0).status, STATUS_OK);
}

bool case_ipc_reject_async_quota(struct selftest *selftest) {
    enum { SERVER_COUNT = MAX_ASYNC / AT_ONCE + 1 };
    struct slot servers[SERVER_COUNT];
    struct slot own;
    bool held = make_endpoint(selftest, &own);
    for (uint32_t i = 0; i < SERVER_COUNT && held; i++) {
        held = make_endpoint(selftest, &servers[i]);
    }
    held = held && spend_quota(selftest, servers, own);
    for (uint32_t i = 0; i < SERVER_COUNT && held; i++) {
        held = closes(selftest, servers[i]);
    }
    return held && closes(selftest, own);
}
