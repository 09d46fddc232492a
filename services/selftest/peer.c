// services/selftest/peer.c: see peer.h.
#include "services/selftest/peer.h"

#include <string.h>

#include "ipc/frame.h"
#include "services/selftest/probe/protocol.h"
#include "services/selftest/slots.h"

// Everything each probe gets.
static enum status grant_all(const struct selftest *selftest, const struct peer *peer) {
    const struct peer_grant grants[] = {
        {slot_at(SLOT_CONSOLE), SLOT_CONSOLE, RIGHT_WRITE},
        {peer->endpoint, SLOT_ENDPOINT, RIGHT_RECV},
        {slot_at(SLOT_ENDPOINT), PROBE_SLOT_REPORT, RIGHT_SEND},
        {selftest->timed, PROBE_SLOT_TIMED, RIGHT_CALL},
    };
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < ARRAY_LEN(grants) && status == STATUS_OK; i++) {
        if (grants[i].from.value != CAP_SLOT_NONE) {
            status = sys_task_grant(peer->task, grants[i].from, grants[i].to, grants[i].rights);
        }
    }
    if (status == STATUS_OK && selftest->lent_vmo.value != CAP_SLOT_NONE) {
        status = sys_task_grant(peer->task, selftest->lent_vmo, PROBE_SLOT_VMO, RIGHTS_VMO);
    }
    if (status == STATUS_OK && selftest->lends_device) {
        status = sys_task_grant(peer->task, slot_at(SELFTEST_SLOT_RNG), PROBE_SLOT_DEVICE,
                                RIGHTS_DEVICE);
    }
    return status;
}

bool peer_create(struct selftest *selftest, struct peer *out) {
    struct peer peer = {.argument = selftest->next_argument};
    selftest->next_argument++;
    const struct slot factory = slot_at(SELFTEST_SLOT_FACTORY);
    struct slot_result endpoint = selftest->peers_accept ? sys_endpoint_create_accepting(factory)
                                                         : sys_endpoint_create(factory);
    const struct task_plan plan = {.limits = {.pages = 32, .slots = CAP_SLOT_COUNT - 1},
                                   .ceiling = selftest->peers_ceiling,
                                   .shares = selftest->peers_shares};
    struct task_result task =
        sys_task_create_as(factory, selftest->probe_program->service_id, plan);
    peer.endpoint = endpoint.slot;
    peer.task = task.slot;
    peer.instance = task.instance;
    *out = peer;
    return selftest_expect_status(selftest, "peer: endpoint_create", endpoint.status, STATUS_OK) &&
           selftest_expect_status(selftest, "peer: task_create", task.status, STATUS_OK) &&
           selftest_expect_status(selftest, "peer: task_grant", grant_all(selftest, &peer),
                                  STATUS_OK);
}

bool peer_load(struct selftest *selftest, const struct peer *peer) {
    bool from_boot_image = selftest->program_vmo.value == CAP_SLOT_NONE;
    struct load_result load =
        from_boot_image
            ? sys_task_load(peer->task, slot_at(SELFTEST_SLOT_IMAGE),
                            selftest->probe_program->offset, selftest->probe_program->bytes)
            : sys_task_load(peer->task, selftest->program_vmo, 0, selftest->probe_program->bytes);
    return selftest_expect_status(selftest, "peer: task_load", load.status, STATUS_OK);
}

bool peer_start_with(struct selftest *selftest, uint64_t hart, const struct peer_grant *more,
                     struct peer *out) {
    if (!peer_create(selftest, out)) {
        return false;
    }
    if (more && !selftest_expect_status(
                    selftest, "peer: one more task_grant",
                    sys_task_grant(out->task, more->from, more->to, more->rights), STATUS_OK)) {
        return false;
    }
    return peer_load(selftest, out) &&
           selftest_expect_status(selftest, "peer: task_start",
                                  sys_task_start(out->task, out->argument, hart), STATUS_OK);
}

bool peer_start(struct selftest *selftest, uint64_t hart, struct peer *out) {
    return peer_start_with(selftest, hart, 0, out);
}

bool peer_start_as(struct selftest *selftest, uint64_t hart, enum qos qos, struct peer *out) {
    return peer_create(selftest, out) && peer_load(selftest, out) &&
           selftest_expect_status(selftest, "peer: set_qos", sys_set_qos(out->task, qos),
                                  STATUS_OK) &&
           selftest_expect_status(selftest, "peer: task_start",
                                  sys_task_start(out->task, out->argument, hart), STATUS_OK);
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

bool peer_result(struct selftest *selftest, const struct peer *peer, uint64_t *words,
                 uint32_t count) {
    if (!peer_ask(selftest, peer, PROBE_RESULT, 0)) {
        return false;
    }
    const struct message_area *in = &selftest->runtime->page->reply_in;
    memcpy(words, in->payload, count * sizeof(*words));
    return selftest_expect(selftest, "a result's length", in->header.len, count * sizeof(*words));
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

bool peer_faults_with(struct selftest *selftest, const struct peer_grant *more, uint16_t op,
                      uint64_t address, struct peer_exit end) {
    struct peer peer;
    struct peer_exit found = {.reason = EXIT_NONE};
    if (!peer_start_with(selftest, TASK_HART_ANY, more, &peer)) {
        return false;
    }
    struct call_result result = peer_call(selftest, &peer, op, address);
    return selftest_expect_status(selftest, "a call whose receiver faults", result.status,
                                  STATUS_PEER_CLOSED) &&
           selftest_expect(selftest, "its delivery", result.delivery, DELIVERY_HANDED_OVER) &&
           peer_await_exit(selftest, &peer, &found) &&
           selftest_expect(selftest, "the exit reason", found.reason, end.reason) &&
           selftest_expect(selftest, "the fault's address", found.detail, end.detail) &&
           peer_close(selftest, &peer);
}

bool peer_faults(struct selftest *selftest, uint16_t op, uint64_t address, enum exit_reason reason,
                 uint64_t detail) {
    const struct peer_exit end = {.reason = reason, .detail = detail};
    return peer_faults_with(selftest, 0, op, address, end);
}
