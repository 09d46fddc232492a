// services/selftest/cases_event.c: what arrives at an endpoint besides calls: its timer, the news
// that nobody can send to it any more, and capabilities.
#include "ipc/frame.h"
#include "services/selftest/cases.h"
#include "services/selftest/slots.h"

static bool make_endpoint(struct selftest *selftest, struct slot_result made, struct slot *out) {
    *out = made.slot;
    return selftest_expect_status(selftest, "an endpoint", made.status, STATUS_OK);
}

static bool closes(struct selftest *selftest, struct slot slot) {
    return selftest_expect_status(selftest, "closing it", sys_cap_close(slot), STATUS_OK);
}

// Exactly these kernel bits arrive, before the deadline.
static bool notified(struct selftest *selftest, struct slot endpoint, uint64_t bits) {
    struct recv_result event = sys_ipc_recv(endpoint, selftest_patience());
    return selftest_expect_status(selftest, "a notification", event.status, STATUS_OK) &&
           selftest_expect(selftest, "its kind", event.received, RECEIVED_NOTIFICATION) &&
           selftest_expect(selftest, "its bits", event.kernel_bits, bits);
}

static bool nothing_arrives(struct selftest *selftest, struct slot endpoint) {
    struct recv_result event = sys_ipc_recv(endpoint, sys_clock_get() + 2 * SELFTEST_MS);
    return selftest_expect_status(selftest, "nothing to receive", event.status, STATUS_TIMED_OUT);
}

bool case_ipc_timer(struct selftest *selftest) {
    struct slot endpoint;
    if (!make_endpoint(selftest, sys_endpoint_create(slot_at(SELFTEST_SLOT_FACTORY)), &endpoint)) {
        return false;
    }
    uint64_t at_ns = sys_clock_get() + SELFTEST_MS;
    struct timer_result set = sys_timer_set(endpoint, at_ns);
    bool came = selftest_expect_status(selftest, "setting a timer", set.status, STATUS_OK) &&
                notified(selftest, endpoint, NOTIFY_TIMER) &&
                selftest_expect(selftest, "early", sys_clock_get() < at_ns, false);
    set = sys_timer_set(endpoint, sys_clock_get() + SELFTEST_MS);
    struct timer_result stopped = sys_timer_set(endpoint, 0);
    // On a machine that is busy with other things it may have expired before it was stopped.
    bool expired = stopped.count != set.count;
    return came && selftest_expect(selftest, "expired so far", set.count, 1) &&
           selftest_expect_status(selftest, "stopping it", stopped.status, STATUS_OK) &&
           (expired || nothing_arrives(selftest, endpoint)) && closes(selftest, endpoint);
}

bool case_ipc_no_senders(struct selftest *selftest) {
    struct slot endpoint;
    if (!make_endpoint(selftest, sys_endpoint_create(slot_at(SELFTEST_SLOT_FACTORY)), &endpoint)) {
        return false;
    }
    struct slot_result first = sys_cap_mint(endpoint, 1, RIGHT_SEND);
    struct slot_result second = sys_cap_mint(endpoint, 2, RIGHT_CALL);
    return selftest_expect_status(selftest, "minting", first.status, STATUS_OK) &&
           selftest_expect_status(selftest, "minting", second.status, STATUS_OK) &&
           closes(selftest, first.slot) && nothing_arrives(selftest, endpoint) &&
           closes(selftest, second.slot) && notified(selftest, endpoint, NOTIFY_NO_SENDERS) &&
           closes(selftest, endpoint);
}

// Sends a capability to an endpoint of this task.
static enum status send_carrying(struct selftest *selftest, struct slot endpoint,
                                 struct slot carried) {
    struct message_area *out = &selftest->runtime->page->call_out;
    frame_finish(out, 0, 0);
    frame_carry(out, carried);
    return sys_ipc_send(endpoint, 0).status;
}

static bool arrives(struct selftest *selftest, struct slot endpoint, uint32_t rights) {
    struct recv_result event = sys_ipc_recv(endpoint, selftest_patience());
    struct slot moved = slot_at(selftest->runtime->page->request_in.meta.slot);
    struct query_result found = sys_cap_query(moved);
    return selftest_expect_status(selftest, "what was sent", event.status, STATUS_OK) &&
           selftest_expect(selftest, "its kind", event.received, RECEIVED_SEND) &&
           selftest_expect_status(selftest, "what moved", found.status, STATUS_OK) &&
           selftest_expect(selftest, "its rights", cap_query_rights(found.kind_rights), rights) &&
           closes(selftest, moved);
}

bool case_cap_move(struct selftest *selftest) {
    struct slot accepts;
    struct slot refuses;
    struct slot factory = slot_at(SELFTEST_SLOT_FACTORY);
    if (!make_endpoint(selftest, sys_endpoint_create_accepting(factory), &accepts) ||
        !make_endpoint(selftest, sys_endpoint_create(factory), &refuses)) {
        return false;
    }
    struct slot_result spare = sys_cap_clone(slot_at(SELFTEST_SLOT_TIMED), RIGHT_CALL);
    return selftest_expect_status(selftest, "a clone", spare.status, STATUS_OK) &&
           selftest_expect_status(selftest, "to an endpoint that takes none",
                                  send_carrying(selftest, refuses, spare.slot), STATUS_DENIED) &&
           selftest_expect_status(selftest, "it stays", sys_cap_query(spare.slot).status,
                                  STATUS_OK) &&
           selftest_expect_status(selftest, "to one that takes them",
                                  send_carrying(selftest, accepts, spare.slot), STATUS_OK) &&
           selftest_expect_status(selftest, "it left", sys_cap_query(spare.slot).status,
                                  STATUS_BAD_CAP) &&
           arrives(selftest, accepts, RIGHT_CALL) && closes(selftest, accepts) &&
           closes(selftest, refuses);
}
