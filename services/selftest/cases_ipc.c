// services/selftest/cases_ipc.c: calls, replies, their ends, and what the kernel refuses.
#include <string.h>

#include "images/markers.h"
#include "ipc/frame.h"
#include "kernel/abi/identity.h"
#include "services/selftest/cases.h"
#include "services/selftest/peer.h"
#include "services/selftest/probe/protocol.h"
#include "services/selftest/slots.h"

enum { ATTEMPT_MAX = 5 };

// Sends `bytes` bytes of a pattern and checks the peer's work on each of them.
static bool echo(struct selftest *selftest, const struct peer *peer, uint32_t bytes, uint8_t seed) {
    struct message_page *page = selftest->runtime->page;
    for (uint32_t i = 0; i < bytes; i++) {
        page->call_out.payload[i] = (uint8_t)(seed + 7 * i);
    }
    struct call_result result =
        peer_call_bytes(selftest, peer, PROBE_ECHO, bytes, selftest_patience());
    if (!selftest_expect_status(selftest, "echo", result.status, STATUS_OK) ||
        !selftest_expect(selftest, "echo: delivery", result.delivery, DELIVERY_HANDED_OVER) ||
        !selftest_expect(selftest, "echo: length", page->reply_in.header.len, bytes)) {
        return false;
    }
    for (uint32_t i = 0; i < bytes; i++) {
        uint8_t wanted = (uint8_t)(seed + 7 * i) ^ PROBE_ECHO_KEY;
        if (!selftest_expect(selftest, "echo: a byte", page->reply_in.payload[i], wanted)) {
            return false;
        }
    }
    for (uint32_t i = bytes; i % 8 != 0; i++) {
        if (!selftest_expect(selftest, "echo: beyond its length", page->reply_in.payload[i], 0)) {
            return false;
        }
    }
    const struct message_meta *meta = &page->reply_in.meta;
    return selftest_expect(selftest, "echo: who answered", meta->instance, peer->instance) &&
           selftest_expect(selftest, "echo: as what", meta->service_id,
                           selftest->probe_program->service_id);
}

bool case_ipc_call_reply(struct selftest *selftest) {
    struct peer peer;
    if (!peer_start(selftest, TASK_HART_ANY, &peer)) {
        return false;
    }
    for (uint8_t round = 0; round < 10; round++) {
        if (!echo(selftest, &peer, 64, round)) {
            return false;
        }
    }
    return echo(selftest, &peer, 0, 0) && peer_end(selftest, &peer);
}

bool case_ipc_frame_512(struct selftest *selftest) {
    struct peer peer;
    if (!peer_start(selftest, TASK_HART_ANY, &peer)) {
        return false;
    }
    for (uint32_t bytes = FRAME_PAYLOAD_MAX; bytes > 0; bytes--) {  // And each shorter one.
        if (!echo(selftest, &peer, bytes, (uint8_t)bytes)) {
            return false;
        }
    }
    return peer_end(selftest, &peer);
}

bool case_ipc_reject_frame_513(struct selftest *selftest) {
    struct peer peer;
    if (!peer_start(selftest, TASK_HART_ANY, &peer)) {
        return false;
    }
    struct call_result longer =
        peer_call_bytes(selftest, &peer, PROBE_ECHO, FRAME_PAYLOAD_MAX + 1, selftest_patience());
    frame_finish(&selftest->runtime->page->call_out, PROBE_ECHO, 8);
    selftest->runtime->page->call_out.header.flags = UINT16_C(1) << 15;
    struct call_result flagged = sys_ipc_call(peer.endpoint, selftest_patience());
    return selftest_expect_status(selftest, "a frame of 513 bytes", longer.status,
                                  STATUS_TOO_LARGE) &&
           selftest_expect(selftest, "its delivery", longer.delivery, DELIVERY_NONE) &&
           selftest_expect_status(selftest, "a frame with a flag", flagged.status,
                                  STATUS_BAD_ARG) &&
           echo(selftest, &peer, 64, 1) && peer_end(selftest, &peer);
}

// Calls the peer, which does not answer, with a deadline after `lead_ns`. *taken: it had the
// request.
static bool deadline_passes_once(struct selftest *selftest, const struct peer *peer,
                                 uint64_t lead_ns, bool *taken) {
    uint64_t deadline_ns = sys_clock_get() + lead_ns;
    struct call_result late = peer_call_bytes(selftest, peer, PROBE_HOLD, 0, deadline_ns);
    *taken = late.delivery == DELIVERY_HANDED_OVER;
    return selftest_expect_status(selftest, "a call that is not answered", late.status,
                                  STATUS_TIMED_OUT) &&
           selftest_expect(selftest, "it came back early", sys_clock_get() < deadline_ns, false);
}

// The peer has the request and does not answer.
static bool deadline_passes_held(struct selftest *selftest, const struct peer *peer) {
    // On a machine that is busy with other things the peer may not get to run so soon.
    bool taken = false;
    uint64_t lead_ns = 2 * SELFTEST_MS;
    for (uint32_t attempt = 0; attempt < ATTEMPT_MAX && !taken; attempt++) {
        if (!deadline_passes_once(selftest, peer, lead_ns, &taken)) {
            return false;
        }
        lead_ns *= 4;
    }
    // The late answer reaches nobody.
    return selftest_expect(selftest, "the request was handed over", taken, true) &&
           peer_ask(selftest, peer, PROBE_ANSWER_HELD, 0) &&
           selftest_expect_status(selftest, "the late answer",
                                  (enum status)peer_reply_word(selftest, 0), STATUS_PEER_CLOSED);
}

// The peer computes: the request stays in the queue until its deadline.
static bool deadline_passes_queued(struct selftest *selftest, const struct peer *peer) {
    if (!peer_ask(selftest, peer, PROBE_SPIN, 0)) {
        return false;
    }
    struct call_result queued =
        peer_call_bytes(selftest, peer, PROBE_ECHO, 0, sys_clock_get() + 2 * SELFTEST_MS);
    return selftest_expect_status(selftest, "a call that is not received", queued.status,
                                  STATUS_TIMED_OUT) &&
           selftest_expect(selftest, "its delivery", queued.delivery, DELIVERY_NONE);
}

bool case_ipc_reject_deadline_passed(struct selftest *selftest) {
    struct peer peer;
    // Of a lower class: when it computes, this task need not wait for the end of its quantum.
    if (!peer_start_as(selftest, TASK_HART_ANY, QOS_IDLE, &peer) ||
        !deadline_passes_held(selftest, &peer)) {
        return false;
    }
    struct call_result zero = peer_call_bytes(selftest, &peer, PROBE_ECHO, 0, 0);
    return selftest_expect_status(selftest, "a call with deadline 0", zero.status,
                                  STATUS_BAD_ARG) &&
           deadline_passes_queued(selftest, &peer) && peer_end(selftest, &peer);
}

bool case_ipc_reply_dropped(struct selftest *selftest) {
    struct peer peer;
    if (!peer_start(selftest, TASK_HART_ANY, &peer)) {
        return false;
    }
    struct call_result dropped = peer_call(selftest, &peer, PROBE_DROP, 0);
    return selftest_expect_status(selftest, "a call whose reply is dropped", dropped.status,
                                  STATUS_PEER_CLOSED) &&
           selftest_expect(selftest, "its delivery", dropped.delivery, DELIVERY_HANDED_OVER) &&
           echo(selftest, &peer, 64, 2) && peer_end(selftest, &peer);
}

bool case_ipc_peer_dead(struct selftest *selftest) {
    struct peer peer;
    if (!peer_start(selftest, TASK_HART_ANY, &peer)) {
        return false;
    }
    struct call_result killed = peer_call(selftest, &peer, PROBE_EXIT, 7);
    struct peer_exit end = {.reason = EXIT_NONE};
    if (!selftest_expect_status(selftest, "a call whose receiver ends", killed.status,
                                STATUS_PEER_CLOSED) ||
        !selftest_expect(selftest, "its delivery", killed.delivery, DELIVERY_HANDED_OVER) ||
        !peer_await_exit(selftest, &peer, &end)) {
        return false;
    }
    struct call_result after = peer_call(selftest, &peer, PROBE_ECHO, 0);
    return selftest_expect(selftest, "the exit reason", end.reason, EXIT_CODE) &&
           selftest_expect(selftest, "the exit code", end.detail, 7) &&
           selftest_expect_status(selftest, "a call to a dead peer", after.status,
                                  STATUS_PEER_CLOSED) &&
           selftest_expect(selftest, "its delivery", after.delivery, DELIVERY_NONE) &&
           peer_close(selftest, &peer);
}

// What the peer hears from the kernel, whatever stands in the frame and in the payload.
static bool identity_is_the_kernels(struct selftest *selftest, const struct peer *peer,
                                    uint64_t badge, struct slot route) {
    struct message_page *page = selftest->runtime->page;
    memset(page->call_out.payload, 0xee, 64);
    frame_finish(&page->call_out, PROBE_WHO, 64);
    page->call_out.header.src = peer->instance;
    page->call_out.header.dst = 99;
    page->call_out.meta.service_id = peer->instance;
    page->call_out.meta.instance = peer->instance;
    page->call_out.meta.badge = ~badge;
    struct call_result result = sys_ipc_call(route, selftest_patience());
    return selftest_expect_status(selftest, "who", result.status, STATUS_OK) &&
           selftest_expect(selftest, "who: service_id",
                           peer_reply_word(selftest, PROBE_WHO_SERVICE_ID),
                           service_id_of(selftest->name, strlen(selftest->name))) &&
           selftest_expect(selftest, "who: badge", peer_reply_word(selftest, PROBE_WHO_BADGE),
                           badge) &&
           selftest_expect(selftest, "who: instance", peer_reply_word(selftest, PROBE_WHO_INSTANCE),
                           selftest->runtime->instance) &&
           selftest_expect(selftest, "who: src", peer_reply_word(selftest, PROBE_WHO_SRC),
                           selftest->runtime->instance) &&
           selftest_expect(selftest, "who: dst", peer_reply_word(selftest, PROBE_WHO_DST), 0) &&
           selftest_expect(selftest, "who: len", peer_reply_word(selftest, PROBE_WHO_LEN), 64);
}

// The factory makes probes and nothing else.
static bool identity_is_the_factorys(struct selftest *selftest) {
    static const char other_name[] = "init";
    uint64_t other = service_id_of(other_name, sizeof(other_name) - 1);
    struct slot factory = slot_at(SELFTEST_SLOT_FACTORY);
    return selftest_expect_status(selftest, "task_create as init",
                                  sys_task_create(factory, other).status, STATUS_BAD_IDENTITY) &&
           selftest_expect_status(selftest, "cap_mint of a factory for init",
                                  sys_cap_mint(factory, other, RIGHT_MAKE_TASK).status,
                                  STATUS_BAD_IDENTITY);
}

bool case_ipc_reject_forged_identity(struct selftest *selftest) {
    struct peer peer;
    if (!peer_start(selftest, TASK_HART_ANY, &peer)) {
        return false;
    }
    const uint64_t badge = UINT64_C(0xba49e);
    struct slot_result minted = sys_cap_mint(peer.endpoint, badge, RIGHT_CALL);
    return selftest_expect_status(selftest, "cap_mint", minted.status, STATUS_OK) &&
           identity_is_the_kernels(selftest, &peer, badge, minted.slot) &&
           identity_is_the_kernels(selftest, &peer, 0, peer.endpoint) &&
           selftest_expect_status(selftest, "cap_close", sys_cap_close(minted.slot), STATUS_OK) &&
           identity_is_the_factorys(selftest) && peer_end(selftest, &peer);
}

// A capability that may only send, and what it may not do.
static bool send_only(struct selftest *selftest, struct slot slot) {
    frame_finish(&selftest->runtime->page->call_out, PROBE_ECHO, 0);
    uint64_t soon_ns = sys_clock_get() + SELFTEST_MS;
    return selftest_expect_status(selftest, "call without CALL", sys_ipc_call(slot, soon_ns).status,
                                  STATUS_DENIED) &&
           selftest_expect_status(selftest, "a waiting send without CALL",
                                  sys_ipc_send(slot, soon_ns).status, STATUS_DENIED) &&
           selftest_expect_status(selftest, "notify without NOTIFY", sys_ipc_notify(slot),
                                  STATUS_DENIED) &&
           selftest_expect_status(selftest, "receive without RECV",
                                  sys_ipc_recv(slot, soon_ns).status, STATUS_DENIED) &&
           selftest_expect_status(selftest, "close without MANAGE", sys_endpoint_close(slot),
                                  STATUS_DENIED) &&
           selftest_expect_status(selftest, "clone with more rights",
                                  sys_cap_clone(slot, RIGHT_CALL).status, STATUS_DENIED) &&
           selftest_expect_status(selftest, "mint without MINT",
                                  sys_cap_mint(slot, 1, RIGHT_SEND).status, STATUS_DENIED) &&
           selftest_expect_status(selftest, "send with SEND", sys_ipc_send(slot, 0).status,
                                  STATUS_OK);
}

bool case_ipc_reject_missing_right(struct selftest *selftest) {
    struct peer peer;
    if (!peer_start(selftest, TASK_HART_ANY, &peer)) {
        return false;
    }
    struct slot_result minted = sys_cap_mint(peer.endpoint, 1, RIGHT_SEND);
    bool held =
        selftest_expect_status(selftest, "cap_mint", minted.status, STATUS_OK) &&
        send_only(selftest, minted.slot) &&
        selftest_expect_status(selftest, "mint of RECV",
                               sys_cap_mint(peer.endpoint, 1, RIGHT_RECV).status, STATUS_DENIED) &&
        selftest_expect_status(
            selftest, "clone of a factory",
            sys_cap_clone(slot_at(SELFTEST_SLOT_FACTORY), RIGHT_MAKE_ENDPOINT).status,
            STATUS_DENIED) &&
        selftest_expect_status(selftest, "cap_close", sys_cap_close(minted.slot), STATUS_OK) &&
        selftest_expect_status(selftest, "a closed slot", sys_ipc_send(minted.slot, 0).status,
                               STATUS_BAD_CAP) &&
        selftest_expect_status(selftest, "a slot behind the table",
                               sys_cap_close(slot_at(CAP_SLOT_COUNT)), STATUS_BAD_CAP);
    return held && peer_end(selftest, &peer);
}

bool case_console_reject_marker(struct selftest *selftest) {
    struct peer peer;
    if (!peer_start(selftest, TASK_HART_ANY, &peer)) {
        return false;
    }
    // It is printed behind "| "; as a marker it would stand twice in the log, which the golden file
    // refuses.
    struct message_page *page = selftest->runtime->page;
    memcpy(page->call_out.payload, MARKER_SELFTEST_END, sizeof(MARKER_SELFTEST_END) - 1);
    struct call_result said = peer_call_bytes(selftest, &peer, PROBE_SAY,
                                              sizeof(MARKER_SELFTEST_END) - 1, selftest_patience());
    if (!selftest_expect_status(selftest, "say", said.status, STATUS_OK) ||
        !selftest_expect_status(selftest, "console_write without MARKER",
                                (enum status)peer_reply_word(selftest, 0), STATUS_OK)) {
        return false;
    }
    page->call_out.payload[3] = '\n';
    said = peer_call_bytes(selftest, &peer, PROBE_SAY, 16, selftest_patience());
    return selftest_expect_status(selftest, "say", said.status, STATUS_OK) &&
           selftest_expect_status(selftest, "console_write of a line feed",
                                  (enum status)peer_reply_word(selftest, 0), STATUS_BAD_ARG) &&
           peer_end(selftest, &peer);
}
