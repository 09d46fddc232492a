// testing/statefs/faults.c: a client of statefsd on a disk that has errors
// (images/state_faults.conf and its like): what fails is told, nothing is acknowledged that is not
// there, and what was acknowledged stays. The manifest's argument says whether statefsd can go on
// with that disk.
#include "images/markers.h"
#include "ipc/ready.h"
#include "runtime/main.h"
#include "services/selftest/cases.h"
#include "services/selftest/state.h"

enum {
    GOES_ON = 1,

    BAD_CHANGE = 3,  // Its flush fails once (images/state.bzl).
    AFTER_FLUSH = 5,
    LOST = 2,          // By that flush; and the driver says so of the next one.
    CHANGES_MAX = 20,  // By then a batch has come to the sector that cannot be written.
};

#define SHORT_PATIENCE_NS UINT64_C(1000000000)

struct faults {
    struct selftest selftest;  // The first: cases are given this one.
    uint32_t acknowledged;     // The last change that was.
};

static uint32_t *acknowledged_of(struct selftest *selftest) {
    return &((struct faults *)(void *)selftest)->acknowledged;
}

struct number {
    char text[3];
};

static struct number number_of(uint32_t value) {
    return (struct number){{(char)('0' + value / 10), (char)('0' + value % 10), 0}};
}

// Change n puts n under two keys, in one transaction. How its COMMIT ended is in *error.
static bool changes(struct state_user *user, uint32_t number, enum ipc_error *error) {
    const struct number text = number_of(number);
    struct state_message message = {.header = {.op = STATE_OP_COMMIT}};
    if (!state_begins(user) || !state_puts(user, "left", text.text) ||
        !state_puts(user, "right", text.text)) {
        return false;
    }
    message.transaction = user->transaction;
    user->transaction = 0;
    *error = caller_ask(&user->caller, "statefsd", &state_rows, &message).error;
    return *error != IPC_OK ||
           selftest_expect(user->caller.selftest, "COMMIT", message.header.status, WIRE_OK);
}

static bool holds(struct state_user *user, uint32_t number) {
    const struct number text = number_of(number);
    return state_holds(user, "left", text.text) && state_holds(user, "right", text.text);
}

// Changes up to number `last`, and how often something was lost by then.
static bool changes_until(struct state_user *user, uint32_t last, uint64_t lost) {
    struct selftest *selftest = user->caller.selftest;
    uint32_t *acknowledged = acknowledged_of(selftest);
    struct state_message stats;
    enum ipc_error error = IPC_OK;
    bool good = true;
    while (good && *acknowledged < last) {
        good = changes(user, *acknowledged + 1, &error) &&
               selftest_expect(selftest, "how it ended", error, IPC_OK);
        (*acknowledged)++;
    }
    return good && state_stats(user, &stats) &&
           selftest_expect(selftest, "how often something was lost", stats.lost, lost);
}

// A flush fails under a change: it is acknowledged after it was written again.
static bool case_flush_failed(struct selftest *selftest) {
    struct state_user user;
    return state_user_begin(selftest, &user) && changes_until(&user, BAD_CHANGE - 1, 0) &&
           changes_until(&user, BAD_CHANGE, LOST) && changes_until(&user, AFTER_FLUSH, LOST) &&
           holds(&user, AFTER_FLUSH) && state_user_end(&user);
}

// A sector cannot be written: who waits learns that it is not known what became of the change, and
// it is there whole or not at all. The next instance goes on in its other region.
static bool case_write_failed(struct selftest *selftest) {
    struct state_message stats;
    struct state_user user;
    uint32_t *acknowledged = acknowledged_of(selftest);
    bool good = state_user_begin(selftest, &user);
    enum ipc_error error = IPC_OK;
    while (good && error == IPC_OK && *acknowledged < CHANGES_MAX) {
        good = changes(&user, *acknowledged + 1, &error);
        *acknowledged += error == IPC_OK ? 1 : 0;
    }
    return good && selftest_expect(selftest, "how it ended", error, IPC_UNKNOWN_OUTCOME) &&
           holds(&user, *acknowledged) && state_stats(&user, &stats) &&
           selftest_expect(selftest, "batches replayed", stats.replayed, *acknowledged) &&
           changes(&user, ++*acknowledged, &error) &&
           selftest_expect(selftest, "how the next one ended", error, IPC_OK) &&
           state_stats(&user, &stats) &&
           selftest_expect(selftest, "that it went on elsewhere", stats.compactions, 1) &&
           state_user_end(&user);
}

// All of that is on the disk.
static bool case_kept(struct selftest *selftest) {
    const uint32_t *acknowledged = acknowledged_of(selftest);
    struct state_user user;
    return state_user_begin(selftest, &user) && holds(&user, *acknowledged) &&
           caller_sees_restart(&user.caller, "statefsd") && holds(&user, *acknowledged) &&
           state_user_end(&user);
}

// statefsd does not come: who asks is told, in time.
static bool case_unavailable(struct selftest *selftest) {
    struct state_message message = {
        .header = {.op = STATE_OP_PUT}, .key = state_text("key"), .value = state_text("value")};
    const struct ipc_question question = {.target = service_id_named("statefsd"),
                                          .protocol = &state_rows,
                                          .deadline = {.ns = sys_clock_get() + SHORT_PATIENCE_NS},
                                          .carried = slot_at(CAP_SLOT_NONE)};
    struct state_user user;
    return state_user_begin(selftest, &user) &&
           selftest_expect(selftest, "how it ended",
                           ipc_ask(&user.caller.client, &question, &message).error,
                           IPC_TIMED_OUT) &&
           state_user_end(&user);
}

static const struct rung goes_on[] = {
    {MARKER_STATE_FLUSH_FAILED, case_flush_failed, 1},
    {MARKER_STATE_WRITE_FAILED, case_write_failed, 1},
    {MARKER_STATE_KEPT, case_kept, 1},
};

static const struct rung never_comes[] = {
    {MARKER_STATE_UNAVAILABLE, case_unavailable, 1},
};

int service_main(struct runtime *runtime) {
    static const struct boot_image_header image = {.hart_count = 1};  // Rungs for one hart.
    struct faults faults = {.selftest = {.runtime = runtime, .name = "state", .image = &image}};
    if (ipc_ready(runtime) != STATUS_OK ||
        !(runtime_argument(runtime) == GOES_ON
              ? selftest_climb(&faults.selftest, goes_on, ARRAY_LEN(goes_on))
              : selftest_climb(&faults.selftest, never_comes, ARRAY_LEN(never_comes)))) {
        return 1;
    }
    marker_text(runtime, MARKER_STATE_END);
    return 0;
}
