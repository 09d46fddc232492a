// testing/kernel_selftest/cases_crowd.c: many tasks that wait in one queue all leave it at once:
// each hears of it once, and no kernel entry takes longer for them (//images:entries measures).
#include <string.h>

#include "kernel/abi/stats.h"
#include "services/selftest/peer.h"
#include "services/selftest/probe/protocol.h"
#include "services/selftest/slots.h"
#include "testing/kernel_selftest/cases.h"

enum {
    CROWD = 200,
    AROUND_PAGES = 400,
    BUSY = 17,       // More than an entry sees to.
    BUSY_SHARE = 1,  // Of 1,000: 100 us in each period.
};

#define START_NS (1000 * SELFTEST_MS)  // In which the whole crowd has started and queued.
#define QUIET_NS (2 * SELFTEST_MS)
#define AROUND_NS (SELFTEST_MS / 2)
#define PERIOD_NS (100 * SELFTEST_MS)  // Of CPU budgets; each begins at a multiple of it.

struct crowd {
    struct slot hole;    // Where all call and nobody answers,
    struct slot door;    // what they call it through,
    struct slot report;  // and where each tells how that ended.
    uint32_t tasks_free;
    uint32_t held;  // How many calls a peer holds that receives there.
};

static bool make_endpoint(struct selftest *selftest, struct slot *out) {
    struct slot_result made = sys_endpoint_create(slot_at(SELFTEST_SLOT_FACTORY));
    *out = made.slot;
    return selftest_expect_status(selftest, "endpoint_create", made.status, STATUS_OK);
}

static bool tasks_free(struct selftest *selftest, uint32_t *out) {
    struct stats_result got = sys_kernel_stats(slot_at(SELFTEST_SLOT_STATS), STATS_SYSTEM, 0, 0);
    struct stats_system told;
    memcpy(&told, selftest->runtime->page->stats, sizeof(told));
    *out = told.tasks.free;
    return selftest_expect_status(selftest, "kernel_stats", got.status, STATUS_OK);
}

static bool queued(struct selftest *selftest, uint32_t *out) {
    uint64_t index = 0;
    *out = 0;
    do {
        struct stats_result got =
            sys_kernel_stats(slot_at(SELFTEST_SLOT_STATS), STATS_TASKS, index, 0);
        if (!selftest_expect_status(selftest, "kernel_stats", got.status, STATUS_OK)) {
            return false;
        }
        struct stats_task task;
        for (uint64_t i = 0; i < got.count; i++) {
            memcpy(&task, (const char *)selftest->runtime->page->stats + i * sizeof(task),
                   sizeof(task));
            *out += task.wait == STATS_WAIT_QUEUE;
        }
        index = got.next;
    } while (index != 0);
    return true;
}

// A probe that has no endpoint of its own: it calls the hole.
static bool start_member(struct selftest *selftest, const struct crowd *crowd, uint32_t number,
                         uint64_t deadline_ns) {
    const struct task_limits limits = {.pages = 32, .slots = PROBE_SLOT_FORWARD};
    struct task_result made = sys_task_create_limited(slot_at(SELFTEST_SLOT_FACTORY),
                                                      selftest->probe_program->service_id, limits);
    enum status status = made.status;
    if (status == STATUS_OK) {
        status = sys_task_grant(made.slot, crowd->door, PROBE_SLOT_FORWARD, RIGHT_CALL);
    }
    if (status == STATUS_OK) {
        status = sys_task_grant(made.slot, crowd->report, PROBE_SLOT_REPORT, RIGHT_CALL);
    }
    if (status == STATUS_OK) {
        status = sys_task_load(made.slot, slot_at(SELFTEST_SLOT_IMAGE),
                               selftest->probe_program->offset, selftest->probe_program->bytes)
                     .status;
    }
    if (status == STATUS_OK) {
        status = sys_task_start(made.slot, deadline_ns, number % selftest->image->hart_count);
    }
    return selftest_expect_status(selftest, "a member of the crowd", status, STATUS_OK) &&
           selftest_expect_status(selftest, "cap_close", sys_cap_close(made.slot), STATUS_OK);
}

// Where nobody receives.
static bool dig(struct selftest *selftest, struct crowd *crowd) {
    crowd->held = 0;
    if (!make_endpoint(selftest, &crowd->hole)) {
        return false;
    }
    crowd->door = crowd->hole;
    return true;
}

static bool gather_at(struct selftest *selftest, struct crowd *crowd, uint64_t deadline_ns) {
    if (!make_endpoint(selftest, &crowd->report) || !tasks_free(selftest, &crowd->tasks_free)) {
        return false;
    }
    for (uint32_t i = 0; i < CROWD; i++) {
        if (!start_member(selftest, crowd, i, deadline_ns)) {
            return false;
        }
    }
    uint32_t count = 0;
    uint64_t patience_ns = selftest_patience();
    while (count + crowd->held < CROWD && sys_clock_get() < patience_ns) {
        if (!kernel_selftest_settle(selftest, QUIET_NS) || !queued(selftest, &count)) {
            return false;
        }
    }
    return selftest_expect(selftest, "how many are queued", count + crowd->held, CROWD);
}

static bool gather(struct selftest *selftest, struct crowd *crowd, uint64_t deadline_ns) {
    return dig(selftest, crowd) && gather_at(selftest, crowd, deadline_ns);
}

// Each tells once how its call ended, and is gone afterwards.
static bool disperse(struct selftest *selftest, const struct crowd *crowd, enum status status) {
    for (uint32_t i = 0; i < CROWD; i++) {
        struct recv_result got = sys_ipc_recv(crowd->report, selftest_patience());
        const struct message_area *in = &selftest->runtime->page->request_in;
        uint64_t word = 0;
        memcpy(&word, in->payload, sizeof(word));
        if (!selftest_expect_status(selftest, "a report", got.status, STATUS_OK) ||
            !selftest_expect(selftest, "its kind", got.received, RECEIVED_CALL) ||
            !selftest_expect_status(selftest, "how a call in the queue ended", (enum status)word,
                                    status) ||
            !selftest_expect_status(selftest, "an answer", sys_ipc_reply(got.reply), STATUS_OK)) {
            return false;
        }
    }
    uint32_t left = 0;
    uint64_t patience_ns = selftest_patience();
    while (left != crowd->tasks_free && sys_clock_get() < patience_ns) {
        if (!kernel_selftest_settle(selftest, QUIET_NS) || !tasks_free(selftest, &left)) {
            return false;
        }
    }
    return selftest_expect(selftest, "free tasks afterwards", left, crowd->tasks_free) &&
           selftest_expect_status(selftest, "cap_close", sys_cap_close(crowd->report), STATUS_OK);
}

bool case_crowd_closed(struct selftest *selftest) {
    struct crowd crowd;
    return gather(selftest, &crowd, UINT64_MAX) &&
           selftest_expect_status(selftest, "closing the endpoint of a crowd",
                                  sys_cap_close(crowd.hole), STATUS_OK) &&
           disperse(selftest, &crowd, STATUS_PEER_CLOSED);
}

// Who is to receive there is another task now, and ends.
bool case_crowd_given(struct selftest *selftest) {
    struct crowd crowd;
    struct peer heir;
    return gather(selftest, &crowd, UINT64_MAX) && peer_create(selftest, &heir) &&
           selftest_expect_status(
               selftest, "giving the endpoint of a crowd",
               sys_task_grant(heir.task, crowd.hole, PROBE_SLOT_FORWARD, RIGHT_RECV), STATUS_OK) &&
           peer_end(selftest, &heir) && disperse(selftest, &crowd, STATUS_PEER_CLOSED) &&
           selftest_expect_status(selftest, "cap_close", sys_cap_close(crowd.hole), STATUS_OK);
}

// They call through a family that is revoked: the next receive tells them, and waits itself.
bool case_crowd_revoked(struct selftest *selftest) {
    struct crowd crowd;
    struct slot_result grant = sys_grant_create(slot_at(SELFTEST_SLOT_FACTORY));
    if (!selftest_expect_status(selftest, "grant_create", grant.status, STATUS_OK) ||
        !dig(selftest, &crowd)) {
        return false;
    }
    struct slot_result door = sys_cap_mint_under(crowd.hole, 0, RIGHT_CALL, grant.slot);
    crowd.door = door.slot;
    if (!selftest_expect_status(selftest, "cap_mint", door.status, STATUS_OK) ||
        !gather_at(selftest, &crowd, UINT64_MAX) ||
        !selftest_expect_status(selftest, "grant_revoke", sys_grant_revoke(grant.slot),
                                STATUS_OK)) {
        return false;
    }
    enum status status = sys_ipc_recv(crowd.hole, sys_clock_get() + QUIET_NS).status;
    return selftest_expect_status(selftest, "a receive of what was revoked", status,
                                  STATUS_TIMED_OUT) &&
           disperse(selftest, &crowd, STATUS_REVOKED) &&
           selftest_expect_status(selftest, "cap_close", sys_cap_close(door.slot), STATUS_OK) &&
           selftest_expect_status(selftest, "cap_close", sys_cap_close(grant.slot), STATUS_OK) &&
           selftest_expect_status(selftest, "cap_close", sys_cap_close(crowd.hole), STATUS_OK);
}

// A peer takes as many calls as it can and answers none; then it ends.
bool case_crowd_held(struct selftest *selftest) {
    struct crowd crowd = {.held = REPLY_SLOT_COUNT};
    struct peer holder;
    if (!peer_start(selftest, 0, &holder)) {
        return false;
    }
    crowd.hole = holder.endpoint;
    crowd.door = holder.endpoint;
    if (!gather_at(selftest, &crowd, UINT64_MAX)) {
        return false;
    }
    crowd.tasks_free++;  // The peer is one too.
    return peer_end(selftest, &holder) && disperse(selftest, &crowd, STATUS_PEER_CLOSED);
}

// Makes and gives back memory around that time, so that the ends of many waits come between the
// steps of long calls.
static bool compute_around(struct selftest *selftest, const struct crowd *crowd, uint64_t at_ns) {
    enum status status = sys_ipc_recv(crowd->report, at_ns - AROUND_NS).status;
    bool right = selftest_expect_status(selftest, "a report too soon", status, STATUS_TIMED_OUT);
    while (right && sys_clock_get() < at_ns + AROUND_NS) {
        struct slot_result made = sys_vmo_create(slot_at(SELFTEST_SLOT_FACTORY), AROUND_PAGES);
        right = selftest_expect_status(selftest, "vmo_create", made.status, STATUS_OK) &&
                selftest_expect_status(selftest, "cap_close", sys_cap_close(made.slot), STATUS_OK);
    }
    return right;
}

bool case_crowd_times_out(struct selftest *selftest) {
    struct crowd crowd;
    uint64_t at_ns = sys_clock_get() + START_NS;
    return gather(selftest, &crowd, at_ns) && compute_around(selftest, &crowd, at_ns) &&
           disperse(selftest, &crowd, STATUS_TIMED_OUT) &&
           selftest_expect_status(selftest, "cap_close", sys_cap_close(crowd.hole), STATUS_OK);
}

// They compute for ever and have CPU budgets that are soon spent.
static bool start_busy(struct selftest *selftest, struct peer *busy) {
    bool right = true;
    selftest->peers_shares.cpu = BUSY_SHARE;
    for (uint32_t i = 0; right && i < BUSY; i++) {
        right = peer_start(selftest, i % selftest->image->hart_count, &busy[i]) &&
                peer_ask(selftest, &busy[i], PROBE_SPIN, 0);
    }
    selftest->peers_shares.cpu = 0;
    return right;
}

static bool end_busy(struct selftest *selftest, const struct peer *busy) {
    bool right = true;
    for (uint32_t i = 0; right && i < BUSY; i++) {
        right = peer_end(selftest, &busy[i]);
    }
    return right;
}

// What can be due at once without another hart or a device: a crowd's deadlines at the moment in
// which many get their next CPU budget, between the steps of long calls.
bool case_crowd_due_at_once(struct selftest *selftest) {
    struct crowd crowd;
    struct peer busy[BUSY];
    if (!start_busy(selftest, busy)) {
        return false;
    }
    uint64_t at_ns = (sys_clock_get() + START_NS) / PERIOD_NS * PERIOD_NS;
    return gather(selftest, &crowd, at_ns) && compute_around(selftest, &crowd, at_ns) &&
           disperse(selftest, &crowd, STATUS_TIMED_OUT) && end_busy(selftest, busy) &&
           selftest_expect_status(selftest, "cap_close", sys_cap_close(crowd.hole), STATUS_OK);
}
