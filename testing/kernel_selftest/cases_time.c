// testing/kernel_selftest/cases_time.c: timers: deadlines, time slices, and registers that outlive
// interrupts.
#include "services/selftest/peer.h"
#include "services/selftest/probe/protocol.h"
#include "services/selftest/slots.h"
#include "testing/kernel_selftest/cases.h"

// Several time slices.
#define COMPUTE_NS (40 * SELFTEST_MS)

bool kernel_selftest_settle(struct selftest *selftest, uint64_t quiet_ns) {
    uint64_t deadline_ns = selftest_patience();
    enum status status = STATUS_OK;
    while (status == STATUS_OK) {  // Ends when nothing comes, or with the deadline.
        status = sys_ipc_recv(slot_at(SLOT_ENDPOINT), sys_clock_get() + quiet_ns).status;
        if (sys_clock_get() > deadline_ns) {
            break;
        }
    }
    return selftest_expect_status(selftest, "nothing more to receive", status, STATUS_TIMED_OUT);
}

// A wait that nothing ends but its deadline.
static bool waits_until(struct selftest *selftest, uint64_t lead_ns, uint64_t late_max_ns) {
    uint64_t deadline_ns = sys_clock_get() + lead_ns;
    struct recv_result event = sys_ipc_recv(slot_at(SLOT_ENDPOINT), deadline_ns);
    uint64_t now_ns = sys_clock_get();
    uint64_t late_ns = now_ns - deadline_ns;
    return selftest_expect_status(selftest, "a wait", event.status, STATUS_TIMED_OUT) &&
           selftest_expect(selftest, "it ended early", now_ns < deadline_ns, false) &&
           selftest_expect(selftest, "it ended late, ns", late_ns > late_max_ns ? late_ns : 0, 0);
}

bool case_time_deadline(struct selftest *selftest) {
    // Shorter and longer than a time slice, in no order. Late by what a few system calls take.
    static const uint64_t leads_us[] = {50, 12000, 1, 500, 9999, 10000, 10001, 25000, 200, 3};
    bool held = kernel_selftest_settle(selftest, SELFTEST_MS);
    for (uint32_t i = 0; i < ARRAY_LEN(leads_us) && held; i++) {
        held = waits_until(selftest, leads_us[i] * 1000, SELFTEST_MS / 10);
    }
    return held;
}

// Looks again and again whether its timer has told it, so that the hart never idles, which would
// arm it anyway.
static bool timer_comes(struct selftest *selftest, uint64_t lead_ns, uint64_t late_max_ns) {
    struct slot endpoint = slot_at(SLOT_ENDPOINT);
    uint64_t at_ns = sys_clock_get() + lead_ns;
    enum status set = sys_timer_set(endpoint, at_ns).status;
    struct recv_result event;
    uint64_t now_ns;
    do {  // Ends with the time that it may be late.
        event = sys_ipc_recv(endpoint, 0);
        now_ns = sys_clock_get();
    } while (event.status == STATUS_WOULD_BLOCK && now_ns < at_ns + late_max_ns);
    return selftest_expect_status(selftest, "setting a timer", set, STATUS_OK) &&
           selftest_expect_status(selftest, "a timer", event.status, STATUS_OK) &&
           selftest_expect(selftest, "what came", event.kernel_bits, NOTIFY_TIMER) &&
           selftest_expect(selftest, "it came early", now_ns < at_ns, false);
}

bool case_time_deadline_busy(struct selftest *selftest) {
    // This task computes, then another does on the same hart, without end.
    struct peer busy;
    return kernel_selftest_settle(selftest, SELFTEST_MS) &&
           timer_comes(selftest, SELFTEST_MS / 20, SELFTEST_MS / 10) &&
           timer_comes(selftest, 3 * SELFTEST_MS, SELFTEST_MS / 10) &&
           peer_start(selftest, 0, &busy) && peer_ask(selftest, &busy, PROBE_SPIN, 0) &&
           waits_until(selftest, SELFTEST_MS / 20, SLICES_NS) &&
           waits_until(selftest, 12 * SELFTEST_MS, SLICES_NS) && peer_end(selftest, &busy);
}

// What a task that shared its hart saw.
static bool had_its_share(struct selftest *selftest, const uint64_t *words) {
    uint64_t took_ns = words[PROBE_COMPUTE_END_NS] - words[PROBE_COMPUTE_BEGIN_NS];
    return selftest_expect(selftest, "it computed too short", took_ns < COMPUTE_NS, false) &&
           selftest_expect(selftest, "it never gave way", words[PROBE_COMPUTE_GAPS] == 0, false) &&
           selftest_expect(
               selftest, "it waited for its turn, ns",
               words[PROBE_COMPUTE_GAP_NS] > SLICES_NS ? words[PROBE_COMPUTE_GAP_NS] : 0, 0);
}

// Two tasks that compute without a system call that waits: both make progress at the same time.
static bool two_share(struct selftest *selftest, uint64_t hart) {
    struct peer peers[2];
    uint64_t words[2][PROBE_COMPUTE_WORDS];
    return peer_start(selftest, hart, &peers[0]) && peer_start(selftest, hart, &peers[1]) &&
           peer_ask(selftest, &peers[0], PROBE_COMPUTE, COMPUTE_NS) &&
           peer_ask(selftest, &peers[1], PROBE_COMPUTE, COMPUTE_NS) &&
           peer_result(selftest, &peers[0], words[0], PROBE_COMPUTE_WORDS) &&
           peer_result(selftest, &peers[1], words[1], PROBE_COMPUTE_WORDS) &&
           selftest_expect(selftest, "the second began after the first had ended",
                           words[1][PROBE_COMPUTE_BEGIN_NS] > words[0][PROBE_COMPUTE_END_NS],
                           false) &&
           had_its_share(selftest, words[0]) && had_its_share(selftest, words[1]) &&
           peer_end(selftest, &peers[0]) && peer_end(selftest, &peers[1]);
}

bool case_time_shared_hart(struct selftest *selftest) {
    return two_share(selftest, selftest->image->hart_count - 1);
}

bool case_trap_registers(struct selftest *selftest) {
    // The second takes the hart away from the first again and again.
    struct peer peers[2];
    uint64_t words[PROBE_REGISTERS_WORDS];
    uint64_t others[PROBE_COMPUTE_WORDS];
    return peer_start(selftest, 0, &peers[0]) && peer_start(selftest, 0, &peers[1]) &&
           peer_ask(selftest, &peers[0], PROBE_REGISTERS, 2 * COMPUTE_NS) &&
           peer_ask(selftest, &peers[1], PROBE_COMPUTE, COMPUTE_NS) &&
           peer_result(selftest, &peers[0], words, PROBE_REGISTERS_WORDS) &&
           selftest_expect(selftest, "registers that changed", words[PROBE_REGISTERS_WRONG], 0) &&
           selftest_expect(selftest, "it did not run", words[PROBE_REGISTERS_ROUNDS] == 0, false) &&
           peer_result(selftest, &peers[1], others, PROBE_COMPUTE_WORDS) &&
           selftest_expect(selftest, "nothing took the hart away", others[PROBE_COMPUTE_GAPS] < 2,
                           false) &&
           peer_end(selftest, &peers[0]) && peer_end(selftest, &peers[1]);
}
