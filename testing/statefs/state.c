// testing/statefs/state.c: a client of statefsd, in two boots on one disk. The first finds nothing
// and climbs the first ladder; the second finds what the first was told is durable, and nothing
// else. Which boot it is, the disk says.
#include "services/selftest/state.h"
#include "images/markers.h"
#include "ipc/ready.h"
#include "ipc/state_item.h"
#include "runtime/main.h"
#include "services/selftest/cases.h"

enum { ROUNDS_MAX = 3000 };  // Of what must end sooner.

// The first boot, besides the cases of selftest.

static bool case_rebound(struct selftest *selftest) {
    return case_state_disk_rebound(selftest) && case_state_rebound(selftest);
}

// Until the other region is the journal, after the first time: that was the service's start.
static bool case_compacted(struct selftest *selftest) {
    uint8_t filler[STATE_VALUE_BYTES_MAX] = {0};
    const struct wire_bytes value = {.data = filler, .count = sizeof(filler)};
    struct state_message message;
    struct state_user user;
    bool good = state_user_begin(selftest, &user) && state_stats(&user, &message) &&
                selftest_expect(selftest, "compactions", message.compactions, 1);
    const uint32_t generation = message.generation;
    for (uint32_t i = 0; i < ROUNDS_MAX && good && message.compactions == 1; i++) {
        filler[0] = (uint8_t)i;
        good = state_begins(&user) && state_puts_bytes(&user, "round 1", value, WIRE_OK) &&
               state_puts_bytes(&user, "round 2", value, WIRE_OK) &&
               state_puts_bytes(&user, "round 3", value, WIRE_OK) &&
               state_puts_bytes(&user, "round 4", value, WIRE_OK) &&
               state_finishes(&user, STATE_OP_COMMIT, WIRE_OK) && state_stats(&user, &message);
    }
    return good && selftest_expect(selftest, "generation", message.generation, generation + 1) &&
           state_deletes(&user, "round 1", WIRE_OK) && state_deletes(&user, "round 2", WIRE_OK) &&
           state_deletes(&user, "round 3", WIRE_OK) && state_deletes(&user, "round 4", WIRE_OK) &&
           state_holds(&user, "slot", "b") && state_user_end(&user);
}

static bool case_acknowledged(struct selftest *selftest) {
    struct state_user user;
    return state_user_begin(selftest, &user) && state_puts(&user, "boot", "1") &&
           state_puts(&user, "last", "word") && state_user_end(&user);
}

// The last thing of all is a change that nobody waits for: init has it made durable.
static bool case_left(struct selftest *selftest) {
    const struct ipc_question question = {.target = service_id_named("statefsd"),
                                          .protocol = &state_rows,
                                          .deadline = {.ns = selftest_patience()},
                                          .carried = slot_at(CAP_SLOT_NONE)};
    struct state_message message = {
        .header = {.op = STATE_OP_PUT}, .key = state_text("left"), .value = state_text("over")};
    struct state_user user;
    return state_user_begin(selftest, &user) &&
           selftest_expect(selftest, "the send",
                           ipc_tell(&user.caller.client, &question, &message).error, IPC_OK);
}

// The second boot.

static bool case_found(struct selftest *selftest) {
    struct state_user user;
    return state_user_begin(selftest, &user) && state_holds(&user, "boot", "1") &&
           state_holds(&user, "last", "word") && state_holds(&user, "name", "tessera") &&
           state_holds(&user, "slot", "b") && state_holds(&user, "floor", "7") &&
           state_holds(&user, "sent", "away") && state_holds(&user, "driver", "ended") &&
           state_holds(&user, "service", "ended") && state_holds(&user, "left", "over") &&
           state_user_end(&user);
}

static bool case_nothing_else(struct selftest *selftest) {
    struct state_message message;
    struct state_user user;
    return state_user_begin(selftest, &user) && state_is_absent(&user, "gone") &&
           state_is_absent(&user, "empty") && state_is_absent(&user, "over") &&
           state_is_absent(&user, "round 1") && state_stats(&user, &message) &&
           selftest_expect(selftest, "entries", message.entries, 9) && state_user_end(&user);
}

static bool case_again(struct selftest *selftest) {
    struct state_user user;
    return state_user_begin(selftest, &user) && state_puts(&user, "boot", "2") &&
           state_holds(&user, "boot", "2") && state_deletes(&user, "last", WIRE_OK) &&
           state_user_end(&user);
}

static const struct rung first[] = {
    {MARKER_STATE_PUT_GET, case_state_put_get, 1},
    {MARKER_STATE_LIST, case_state_list, 1},
    {MARKER_STATE_DELETE, case_state_delete, 1},
    {MARKER_STATE_TRANSACTION, case_state_transaction, 1},
    {MARKER_STATE_REJECT_TRANSACTION, case_state_reject_transaction, 1},
    {MARKER_STATE_REJECT_TOO_LARGE, case_state_reject_too_large, 1},
    {MARKER_STATE_REJECT_QUOTA, case_state_reject_over_quota, 1},
    {MARKER_STATE_SYNC, case_state_sync, 1},
    {MARKER_STATE_REBOUND, case_rebound, 1},
    {MARKER_STATE_COMPACTED, case_compacted, 1},
    {MARKER_STATE_ACKNOWLEDGED, case_acknowledged, 1},
    {MARKER_STATE_LEFT, case_left, 1},
};

static const struct rung second[] = {
    {MARKER_STATE_FOUND, case_found, 1},
    {MARKER_STATE_NOTHING_ELSE, case_nothing_else, 1},
    {MARKER_STATE_AGAIN, case_again, 1},
};

// Which boot it is; 0: that could not be asked.
static uint32_t boot_of(struct selftest *selftest) {
    struct state_message message = {.header = {.op = STATE_OP_GET}, .key = state_text("boot")};
    struct state_user user;
    if (!state_user_begin(selftest, &user) ||
        !selftest_expect(selftest, "the first call",
                         caller_ask(&user.caller, "statefsd", &state_rows, &message).error,
                         IPC_OK) ||
        !state_user_end(&user)) {
        return 0;
    }
    return message.header.status == WIRE_OK ? 2 : 1;
}

int service_main(struct runtime *runtime) {
    static const struct boot_image_header image = {.hart_count = 1};  // Rungs for one hart.
    struct selftest selftest = {.runtime = runtime, .name = "state", .image = &image};
    if (ipc_ready(runtime) != STATUS_OK) {
        return 1;
    }
    const uint32_t boot = boot_of(&selftest);
    if (boot == 0 || !(boot == 1 ? selftest_climb(&selftest, first, ARRAY_LEN(first))
                                 : selftest_climb(&selftest, second, ARRAY_LEN(second)))) {
        return 1;
    }
    marker_text(runtime, MARKER_STATE_END);
    return 0;
}
