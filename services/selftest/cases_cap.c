// services/selftest/cases_cap.c: capabilities: families and their end.
#include "ipc/frame.h"
#include "services/selftest/cases.h"
#include "services/selftest/peer.h"
#include "services/selftest/probe/protocol.h"
#include "services/selftest/slots.h"

static enum status call_through(struct selftest *selftest, struct slot route) {
    frame_finish(&selftest->runtime->page->call_out, PROBE_ECHO, 0);
    return sys_ipc_call(route, selftest_patience()).status;
}

static bool served_until_revoked(struct selftest *selftest, struct slot route, struct slot grant) {
    return selftest_expect_status(selftest, "a call of the family", call_through(selftest, route),
                                  STATUS_OK) &&
           selftest_expect_status(selftest, "grant_revoke", sys_grant_revoke(grant), STATUS_OK) &&
           selftest_expect_status(selftest, "a call of the family after that",
                                  call_through(selftest, route), STATUS_REVOKED) &&
           selftest_expect_status(selftest, "a notification after that", sys_ipc_notify(route),
                                  STATUS_REVOKED);
}

bool case_cap_reject_revoked(struct selftest *selftest) {
    struct peer peer;
    struct slot_result grant = sys_grant_create(slot_at(SELFTEST_SLOT_FACTORY));
    if (!selftest_expect_status(selftest, "grant_create", grant.status, STATUS_OK) ||
        !peer_start(selftest, TASK_HART_ANY, &peer)) {
        return false;
    }
    struct slot_result route = sys_cap_mint_under(peer.endpoint, 1, RIGHTS_SENDER, grant.slot);
    struct slot_result other = sys_cap_mint(peer.endpoint, 2, RIGHT_CALL);
    return selftest_expect_status(selftest, "cap_mint under a grant", route.status, STATUS_OK) &&
           selftest_expect_status(selftest, "cap_mint", other.status, STATUS_OK) &&
           served_until_revoked(selftest, route.slot, grant.slot) &&
           selftest_expect_status(selftest, "a call of no family",
                                  call_through(selftest, other.slot), STATUS_OK) &&
           selftest_expect_status(selftest, "cap_close", sys_cap_close(route.slot), STATUS_OK) &&
           selftest_expect_status(selftest, "cap_close", sys_cap_close(other.slot), STATUS_OK) &&
           selftest_expect_status(selftest, "cap_close", sys_cap_close(grant.slot), STATUS_OK) &&
           peer_end(selftest, &peer);
}
