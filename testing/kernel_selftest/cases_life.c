// testing/kernel_selftest/cases_life.c: tasks come and go without a trace, full tables and harts
// that are not there, and many calls between harts.
#include "services/selftest/peer.h"
#include "services/selftest/probe/protocol.h"
#include "services/selftest/slots.h"
#include "testing/kernel_selftest/cases.h"

enum {
    LIFE_COUNT = 150,  // More than the kernel has tasks or endpoints.
    CALL_COUNT = 1000,
};

// Everything it held is there for the next one, and its instance is not used again.
bool case_task_lifecycles(struct selftest *selftest) {
    uint32_t last_instance = 0;
    for (uint32_t i = 0; i < LIFE_COUNT; i++) {
        struct peer peer;
        if (!peer_start(selftest, i % selftest->image->hart_count, &peer) ||
            !selftest_expect(selftest, "an instance is used again", peer.instance <= last_instance,
                             false) ||
            (i % 2 == 0 && !peer_ask(selftest, &peer, PROBE_ECHO, i)) ||
            !peer_end(selftest, &peer)) {
            return false;
        }
        last_instance = peer.instance;
    }
    return true;
}

bool case_task_reject_hart(struct selftest *selftest) {
    const uint64_t harts[] = {selftest->image->hart_count, 63, 64, UINT64_C(1) << 32,
                              TASK_HART_ANY - 1};
    struct peer peer;
    if (!peer_create(selftest, &peer) ||
        !selftest_expect_status(selftest, "task_start before task_load",
                                sys_task_start(peer.task, peer.argument, 0), STATUS_BUSY) ||
        !peer_load(selftest, &peer)) {
        return false;
    }
    for (uint32_t i = 0; i < ARRAY_LEN(harts); i++) {
        if (!selftest_expect_status(selftest, "task_start on a hart that is not there",
                                    sys_task_start(peer.task, peer.argument, harts[i]),
                                    STATUS_BAD_ARG)) {
            return false;
        }
    }
    return selftest_expect_status(selftest, "task_start",
                                  sys_task_start(peer.task, peer.argument, 0), STATUS_OK) &&
           peer_ask(selftest, &peer, PROBE_ECHO, 0) && peer_end(selftest, &peer);
}

bool case_caps_reject_full_table(struct selftest *selftest) {
    struct slot clones[CAP_SLOT_COUNT];
    uint32_t count = 0;
    enum status status = STATUS_OK;
    while (count < CAP_SLOT_COUNT && status == STATUS_OK) {
        struct slot_result clone = sys_cap_clone(slot_at(SLOT_CONSOLE), RIGHT_WRITE);
        status = clone.status;
        clones[count] = clone.slot;
        count += status == STATUS_OK;
    }
    struct slot factory = slot_at(SELFTEST_SLOT_FACTORY);
    uint64_t id = selftest->probe_program->service_id;
    bool refused =
        selftest_expect_status(selftest, "cap_clone into a full table", status, STATUS_NO_SPACE) &&
        selftest_expect_status(selftest, "endpoint_create into a full table",
                               sys_endpoint_create(factory).status, STATUS_NO_SPACE) &&
        selftest_expect_status(selftest, "task_create into a full table",
                               sys_task_create(factory, id).status, STATUS_NO_SPACE) &&
        selftest_expect_status(selftest, "cap_mint into a full table",
                               sys_cap_mint(factory, id, RIGHT_MAKE_TASK).status, STATUS_NO_SPACE);
    for (uint32_t i = 0; i < count; i++) {
        refused =
            selftest_expect_status(selftest, "cap_close", sys_cap_close(clones[i]), STATUS_OK) &&
            refused;
    }
    struct peer peer;
    return refused && peer_start(selftest, 0, &peer) && peer_end(selftest, &peer);
}

static bool calls_between(struct selftest *selftest, uint32_t from, uint32_t to) {
    struct peer server;
    struct peer client;
    uint64_t words[PROBE_FORWARD_WORDS];
    if (!peer_start(selftest, to, &server)) {
        return false;
    }
    const struct peer_grant route = {server.endpoint, PROBE_SLOT_FORWARD, RIGHT_CALL};
    return peer_start_with(selftest, from, &route, &client) &&
           peer_ask(selftest, &client, PROBE_FORWARD, CALL_COUNT) &&
           peer_result(selftest, &client, words, PROBE_FORWARD_WORDS) &&
           selftest_expect_status(selftest, "the last call",
                                  (enum status)words[PROBE_FORWARD_STATUS], STATUS_OK) &&
           selftest_expect(selftest, "right answers", words[PROBE_FORWARD_RIGHT], CALL_COUNT) &&
           peer_end(selftest, &client) && peer_end(selftest, &server);
}

bool case_smp_calls(struct selftest *selftest) {
    uint32_t count = selftest->image->hart_count;
    for (uint32_t from = 0; from < count; from++) {
        for (uint32_t to = 0; to < count; to++) {
            if (!calls_between(selftest, from, to)) {
                return false;
            }
        }
    }
    return true;
}
