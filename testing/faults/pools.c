// testing/faults/pools.c: see pools.h.
#include "testing/faults/pools.h"

#include <string.h>

#include "ipc/wire/init_wire.h"
#include "services/selftest/raw.h"
#include "services/selftest/slots.h"

enum { LOOKS_MAX = 3000, SAME_LOOKS = 20 };
enum { GIVEN_UP = 4 };  // A state of init_fields.def.

#define NS_A_LOOK UINT64_C(1000000)

static struct stats_result ask(enum stats_what what) {
    return sys_kernel_stats(slot_at(SELFTEST_SLOT_STATS), what, 0, 0);
}

static bool read_pools(struct selftest *selftest, struct stats_system *out) {
    struct stats_result got = ask(STATS_SYSTEM);
    memcpy(out, selftest->runtime->page->stats, sizeof(*out));
    return selftest_expect_status(selftest, "kernel_stats of the system", got.status, STATUS_OK);
}

static bool same(const struct stats_system *a, const struct stats_system *b) {
    return a->tasks.free == b->tasks.free && a->endpoints.free == b->endpoints.free &&
           a->pages.free == b->pages.free && a->vmos.free == b->vmos.free &&
           a->grants.free == b->grants.free;
}

static void pause_a_moment(void) {
    struct recv_result waited = sys_ipc_recv(slot_at(SLOT_ENDPOINT), sys_clock_get() + NS_A_LOOK);
    (void)waited.status;  // A notice of what has ended may come first; the looks are many.
}

bool pools_without(struct selftest *selftest, const char *name) {
    struct init_message state = {.state = 0};
    bool good = true;
    for (uint32_t i = 0; i < LOOKS_MAX && good && state.state != GIVEN_UP; i++) {
        pause_a_moment();
        state = (struct init_message){.header = {.op = INIT_OP_STATE},
                                      .service = service_id_named(name).value};
        good =
            raw_answered(selftest, slot_at(SELFTEST_SLOT_OPERATOR), &init_rows, &state, WIRE_OK) &&
            selftest_expect(
                selftest, name,
                init_decode_area(WIRE_REPLY, &selftest->runtime->page->reply_in, &state), WIRE_OK);
    }
    return good && selftest_expect(selftest, "its state", state.state, GIVEN_UP);
}

bool pools_at_rest(struct selftest *selftest, struct stats_system *out) {
    struct stats_system before;
    uint32_t unchanged = 0;
    bool good = read_pools(selftest, out);
    for (uint32_t i = 0; i < LOOKS_MAX && good && unchanged < SAME_LOOKS; i++) {
        before = *out;
        pause_a_moment();
        good = read_pools(selftest, out);
        unchanged = same(&before, out) ? unchanged + 1 : 0;
    }
    return good && selftest_expect(selftest, "looks without a change", unchanged, SAME_LOOKS);
}

// policyd makes grants when they are first wanted, and its next instance has none yet.
static bool nothing_missing(const struct stats_system *before, const struct stats_system *after) {
    return after->grants.free >= before->grants.free && after->tasks.free == before->tasks.free &&
           after->endpoints.free == before->endpoints.free &&
           after->pages.free == before->pages.free && after->vmos.free == before->vmos.free;
}

// The last of a task goes back after its end is told, so what is there is looked at for a while.
bool pools_as_before(struct selftest *selftest, const char *what,
                     const struct stats_system *before) {
    struct stats_system after;
    bool good = read_pools(selftest, &after);
    for (uint32_t i = 0; i < LOOKS_MAX && good && !nothing_missing(before, &after); i++) {
        pause_a_moment();
        good = read_pools(selftest, &after);
    }
    if (!good || !selftest_expect(selftest, "free pages", after.pages.free, before->pages.free) ||
        !selftest_expect(selftest, "free tasks", after.tasks.free, before->tasks.free) ||
        !selftest_expect(selftest, "free endpoints", after.endpoints.free,
                         before->endpoints.free) ||
        !selftest_expect(selftest, "free VMOs", after.vmos.free, before->vmos.free) ||
        !selftest_expect(selftest, "missing grants", after.grants.free < before->grants.free,
                         false)) {
        log_line(selftest->runtime, "%s: that was after %s", selftest->name, what);
        return false;
    }
    struct stats_result audit = ask(STATS_AUDIT);
    return selftest_expect_status(selftest, "an audit", audit.status, STATUS_OK) &&
           selftest_expect(selftest, what, audit.count, 0);
}
