// services/selftest/peer.c: see peer.h.
#include "services/selftest/peer.h"

#include <string.h>

#include "ipc/frame.h"
#include "services/selftest/probe/protocol.h"
#include "services/selftest/slots.h"

// Everything the probe gets.
static enum status grant_all(const struct selftest *selftest, const struct peer *peer) {
    const struct {
        struct slot from;
        uint32_t to;
        uint32_t rights;
    } grants[] = {
        {slot_at(SLOT_CONSOLE), SLOT_CONSOLE, RIGHT_WRITE},
        {peer->endpoint, SLOT_ENDPOINT, RIGHT_RECV},
        {slot_at(SLOT_ENDPOINT), PROBE_SLOT_REPORT, RIGHT_SEND},
        {slot_at(SELFTEST_SLOT_TIMED), PROBE_SLOT_TIMED, RIGHT_CALL},
    };
    for (uint32_t i = 0; i < ARRAY_LEN(grants); i++) {
        enum status status =
            sys_task_grant(peer->task, grants[i].from, grants[i].to, grants[i].rights);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (selftest->lent_vmo.value != CAP_SLOT_NONE) {
        enum status status =
            sys_task_grant(peer->task, selftest->lent_vmo, PROBE_SLOT_VMO, RIGHTS_VMO);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return selftest->lends_device ? sys_task_grant(peer->task, slot_at(SELFTEST_SLOT_RNG),
                                                   PROBE_SLOT_DEVICE, RIGHTS_DEVICE)
                                  : STATUS_OK;
}

bool peer_start(struct selftest *selftest, uint64_t hart, struct peer *out) {
    struct peer peer = {.argument = selftest->next_argument};
    selftest->next_argument++;
    struct slot_result endpoint = sys_endpoint_create(slot_at(SELFTEST_SLOT_FACTORY));
    struct task_result task =
        sys_task_create(slot_at(SELFTEST_SLOT_FACTORY), selftest->probe_program->service_id);
    peer.endpoint = endpoint.slot;
    peer.task = task.slot;
    peer.instance = task.instance;
    if (!selftest_expect_status(selftest, "peer: endpoint_create", endpoint.status, STATUS_OK) ||
        !selftest_expect_status(selftest, "peer: task_create", task.status, STATUS_OK) ||
        !selftest_expect_status(selftest, "peer: task_grant", grant_all(selftest, &peer),
                                STATUS_OK)) {
        return false;
    }
    bool from_boot_image = selftest->program_vmo.value == CAP_SLOT_NONE;
    struct load_result load =
        from_boot_image
            ? sys_task_load(peer.task, slot_at(SELFTEST_SLOT_IMAGE),
                            selftest->probe_program->offset, selftest->probe_program->bytes)
            : sys_task_load(peer.task, selftest->program_vmo, 0, selftest->probe_program->bytes);
    if (!selftest_expect_status(selftest, "peer: task_load", load.status, STATUS_OK) ||
        !selftest_expect_status(selftest, "peer: task_start",
                                sys_task_start(peer.task, peer.argument, hart), STATUS_OK)) {
        return false;
    }
    *out = peer;
    return true;
}

struct call_result peer_call_bytes(struct selftest *selftest, const struct peer *peer, uint16_t op,
                                   uint32_t bytes, uint64_t deadline_ns) {
    frame_finish(&selftest->runtime->page->call_out, op, bytes);
    return sys_ipc_call(peer->endpoint, deadline_ns);
}

struct call_result peer_call(struct selftest *selftest, const struct peer *peer, uint16_t op,
                             uint64_t word) {
    memcpy(selftest->runtime->page->call_out.payload, &word, sizeof(word));
    return peer_call_bytes(selftest, peer, op, sizeof(word), selftest_patience());
}

bool peer_ask(struct selftest *selftest, const struct peer *peer, uint16_t op, uint64_t word) {
    struct call_result result = peer_call(selftest, peer, op, word);
    return selftest_expect_status(selftest, "the peer's answer", result.status, STATUS_OK) &&
           selftest_expect(selftest, "the answer's type",
                           selftest->runtime->page->reply_in.header.type, op);
}

uint64_t peer_reply_word(const struct selftest *selftest, uint32_t index) {
    uint64_t word = 0;
    memcpy(&word, selftest->runtime->page->reply_in.payload + index * sizeof(word), sizeof(word));
    return word;
}

bool peer_await_exit(struct selftest *selftest, const struct peer *peer, struct peer_exit *out) {
    uint64_t deadline_ns = selftest_patience();
    for (;;) {  // Ends with the peer, or with the deadline.
        struct query_result found = sys_cap_query(peer->task);
        if (!selftest_expect_status(selftest, "cap_query of a peer", found.status, STATUS_OK)) {
            return false;
        }
        if (task_query_state(found.value) == TASK_DEAD) {
            out->reason = task_query_reason(found.value);
            out->detail = found.detail;
            return selftest_expect(selftest, "the instance of a dead peer",
                                   task_query_instance(found.value), peer->instance);
        }
        struct recv_result event = sys_ipc_recv(slot_at(SLOT_ENDPOINT), deadline_ns);
        if (!selftest_expect_status(selftest, "the exit notice of a peer", event.status,
                                    STATUS_OK)) {
            return false;
        }
    }
}

bool peer_close(struct selftest *selftest, const struct peer *peer) {
    return selftest_expect_status(selftest, "close a peer's task", sys_cap_close(peer->task),
                                  STATUS_OK) &&
           selftest_expect_status(selftest, "close a peer's endpoint",
                                  sys_cap_close(peer->endpoint), STATUS_OK);
}

bool peer_end(struct selftest *selftest, const struct peer *peer) {
    struct peer_exit end = {.reason = EXIT_NONE};
    return selftest_expect_status(selftest, "task_kill", sys_task_kill(peer->task), STATUS_OK) &&
           peer_await_exit(selftest, peer, &end) &&
           selftest_expect(selftest, "a killed peer's exit reason", end.reason, EXIT_KILLED) &&
           peer_close(selftest, peer);
}
