// testing/faults/main.c: ends every service, first while nothing happens, then while clients have
// requests under way; and climbs the rungs of the ladder that need those services.
#include "runtime/main.h"

#include <string.h>

#include "images/markers.h"
#include "ipc/boot_route.h"
#include "ipc/wire/server_wire.h"
#include "kernel/abi/layout.h"
#include "services/selftest/caller.h"
#include "services/selftest/cases.h"
#include "services/selftest/state.h"
#include "testing/faults/clients.h"
#include "testing/faults/pools.h"
#include "testing/faults/slots.h"
#include "testing/faults/systems.h"

enum {
    SERVED = 20,  // Requests of each client, before a service ends and again after that.
    LOOKS_MAX = 1000,
};

struct faults {
    struct selftest selftest;
    struct clients clients;
    uint64_t broken;
};

// What is used through whom. Nobody calls samgrd and policyd by name under load: a route that is
// resolved for each request does. `behind`: the one that is asked stays, and asks the victim.
struct victim {
    const char *name;
    const char *asked;
    enum faults_mode mode;
    bool behind;
};

static const struct victim victims[] = {
    {"policyd", "echo", FAULTS_UNCACHED, false},    {"samgrd", "echo", FAULTS_UNCACHED, false},
    {"logd", "logd", FAULTS_KEPT, false},           {"metricsd", "metricsd", FAULTS_KEPT, false},
    {"timed", "timed", FAULTS_KEPT, false},         {"echo", "echo", FAULTS_KEPT, false},
    {"rngd", "rngd", FAULTS_KEPT, false},           {"execd", "execd", FAULTS_KEPT, false},
    {"virtioblkd", "statefsd", FAULTS_KEPT, true},  {"statefsd", "statefsd", FAULTS_KEPT, false},
    {"keystored", "keystored", FAULTS_KEPT, false}, {"updated", "updated", FAULTS_KEPT, false},
    {"console", "console", FAULTS_KEPT, false},
};

static struct ipc_outcome ask_counts(struct caller *caller, const char *name) {
    struct server_message message = {.header = {.op = SERVER_OP_COUNTS}};
    return caller_ask(caller, name, &server_rows, &message);
}

static bool asks_once(struct selftest *selftest, const char *name) {
    struct caller caller;
    return caller_begin(selftest, &caller) &&
           selftest_expect(selftest, name, ask_counts(&caller, name).error, IPC_OK) &&
           caller_end(&caller);
}

// Who found a service anew when it was wanted holds what it held before: statefsd and updated their
// windows.
static bool uses_the_disk(struct selftest *selftest) {
    struct state_user user;
    return state_user_begin(selftest, &user) && state_puts(&user, "used", "so") &&
           state_holds(&user, "used", "so") && state_user_end(&user) && systems_bring(selftest);
}

// After an end: what updated acknowledged before is there.
static bool uses_the_disk_again(struct selftest *selftest) {
    return systems_is_there(selftest) && uses_the_disk(selftest);
}

static bool end_it(struct selftest *selftest, const char *name) {
    return caller_end_service(selftest, slot_at(SELFTEST_SLOT_OPERATOR), name, WIRE_OK);
}

// Until a call is served by other than the route that there was; never denied meanwhile.
static bool is_found_again(struct caller *caller, const char *asked) {
    struct ipc_outcome outcome = {.error = IPC_OK, .served = IPC_HIT};
    for (uint32_t i = 0; i < LOOKS_MAX && (outcome.error != IPC_OK || outcome.served == IPC_HIT) &&
                         outcome.error != IPC_DENIED;
         i++) {
        outcome = ask_counts(caller, asked);
    }
    return selftest_expect(caller->selftest, asked, outcome.error, IPC_OK) &&
           selftest_expect(caller->selftest, "a call through what was lost",
                           outcome.served == IPC_HIT, false);
}

// A kept route goes on while samgrd or policyd is not there. What they gave is good without them.
static bool route_holds(struct caller *caller, const struct victim *victim) {
    struct ipc_outcome outcome = ask_counts(caller, victim->asked);
    return selftest_expect(caller->selftest, "a kept route", outcome.error, IPC_OK) &&
           selftest_expect(caller->selftest, "how it serves", outcome.served, IPC_HIT);
}

// Its client writes to the disk, and notices nothing.
static bool ends_behind(struct selftest *selftest, const struct victim *victim) {
    struct state_user user;
    return state_user_begin(selftest, &user) && state_puts(&user, "behind", "before") &&
           end_it(selftest, victim->name) && state_holds(&user, "behind", "before") &&
           state_puts(&user, "behind", "after") && state_holds(&user, "behind", "after") &&
           state_user_end(&user);
}

static bool ends_at_rest(struct selftest *selftest, const struct victim *victim) {
    struct caller caller;
    bool resolves = victim->mode == FAULTS_UNCACHED;
    if (victim->behind) {
        return ends_behind(selftest, victim);
    }
    if (!caller_begin(selftest, &caller) ||
        !selftest_expect(selftest, victim->asked, ask_counts(&caller, victim->asked).error,
                         IPC_OK) ||
        !end_it(selftest, victim->name)) {
        return false;
    }
    if (resolves && !route_holds(&caller, victim)) {
        return false;
    }
    if (resolves) {
        ipc_client_release(&caller.client);
    }
    return is_found_again(&caller, victim->asked) && caller_end(&caller);
}

static bool idle(struct faults *faults, const struct victim *victim) {
    struct selftest *selftest = &faults->selftest;
    struct stats_system before;
    if (!asks_once(selftest, victim->asked) || !uses_the_disk(selftest) ||
        !pools_at_rest(selftest, &before) || !ends_at_rest(selftest, victim) ||
        !uses_the_disk_again(selftest) || !pools_as_before(selftest, victim->name, &before)) {
        log_line(selftest->runtime, "faults: no '%s' at rest", victim->name);
        return false;
    }
    marker(selftest->runtime, MARKER_FAULTS_IDLE, victim->name);
    return true;
}

static void tell(const struct faults *faults, const char *name) {
    const struct faults_report *sum = &faults->clients.sum;
    log_line(faults->selftest.runtime,
             "faults: %s: %lu calls, %lu requests, %lu and %lu served, %lu unknown, %lu again, "
             "%lu broken, slowest %lu us",
             name, sum->calls, sum->asks, sum->call_ends[IPC_OK], sum->ask_ends[IPC_OK],
             sum->call_ends[IPC_UNKNOWN_OUTCOME] + sum->ask_ends[IPC_UNKNOWN_OUTCOME], sum->again,
             sum->broken, sum->slowest / 1000);
}

// A sleep and a change on the disk are under way for a while: some must have been when it ended. Of
// the others the clients must have had to try again, or to find the route again; clients of one who
// asks the victim notice nothing.
static bool was_busy(const struct faults *faults, const struct victim *victim) {
    const struct faults_report *sum = &faults->clients.sum;
    const bool takes_long =
        strcmp(victim->name, "timed") == 0 || strcmp(victim->name, "statefsd") == 0;
    const uint64_t met = takes_long ? sum->broken : sum->again;
    return victim->behind ||
           selftest_expect(&faults->selftest, "that its clients noticed", met != 0, true);
}

// The clients work and rest once before what is free is looked at: what they make once is there.
static bool ends_under_load(struct faults *faults, const struct victim *victim) {
    struct clients *clients = &faults->clients;
    struct stats_system before;
    clients->sum = (struct faults_report){.calls = 0};
    return clients_work(clients, victim->mode, victim->asked) &&
           clients_are_served(clients, victim->mode, victim->asked, SERVED) &&
           clients_rest(clients) && uses_the_disk(&faults->selftest) &&
           pools_at_rest(&faults->selftest, &before) &&
           clients_work(clients, victim->mode, victim->asked) &&
           clients_are_served(clients, victim->mode, victim->asked, SERVED) &&
           end_it(&faults->selftest, victim->name) &&
           clients_are_served(clients, victim->mode, victim->asked, SERVED) &&
           clients_rest(clients) && uses_the_disk_again(&faults->selftest) &&
           pools_as_before(&faults->selftest, victim->name, &before);
}

static bool load(struct faults *faults, const struct victim *victim) {
    bool good = ends_under_load(faults, victim);
    tell(faults, victim->name);
    faults->broken += faults->clients.sum.broken;
    if (!good || !was_busy(faults, victim)) {
        log_line(faults->selftest.runtime, "faults: no '%s' under load", victim->name);
        return false;
    }
    marker(faults->selftest.runtime, MARKER_FAULTS_LOAD, victim->name);
    return true;
}

// A client ends while it has requests under way; its next instance and the other one are served.
static bool client_ends(struct faults *faults) {
    struct selftest *selftest = &faults->selftest;
    struct clients *clients = &faults->clients;
    struct stats_system before;
    clients->sum = (struct faults_report){.calls = 0};
    if (!pools_at_rest(selftest, &before) || !clients_work(clients, FAULTS_KEPT, "echo") ||
        !clients_are_served(clients, FAULTS_KEPT, "echo", SERVED) || !end_it(selftest, "load_b") ||
        !clients_reroute(clients, 1) || !clients_work(clients, FAULTS_KEPT, "echo") ||
        !clients_are_served(clients, FAULTS_KEPT, "echo", SERVED) || !clients_rest(clients) ||
        !pools_as_before(selftest, "load_b", &before)) {
        return false;
    }
    tell(faults, "load_b");
    marker(selftest->runtime, MARKER_FAULTS_LOAD, "load_b");
    return true;
}

static bool end_all(struct faults *faults) {
    for (uint32_t i = 0; i < ARRAY_LEN(victims); i++) {
        if (!idle(faults, &victims[i])) {
            return false;
        }
    }
    for (uint32_t i = 0; i < ARRAY_LEN(victims); i++) {
        if (!load(faults, &victims[i])) {
            return false;
        }
    }
    // Wherever the clients stood then: as many in all as there are services, and most had five.
    return selftest_expect(&faults->selftest, "requests that were under way",
                           faults->broken >= ARRAY_LEN(victims), true) &&
           client_ends(faults);
}

static const struct rung ladder[] = {
    {MARKER_SELFTEST_TIMED_CLOCK, case_timed_clock, 1},
    {MARKER_SELFTEST_TIMED_SLEEP_ORDER, case_timed_sleep_order, 1},
    {MARKER_SELFTEST_TIMED_TICK, case_timed_tick, 1},
    {MARKER_SELFTEST_ROUTE_REBOUND, case_route_rebound, 1},
    {MARKER_SELFTEST_LOG_REJECT_DENIED, case_log_reject_denied, 1},
    {MARKER_SELFTEST_ENTROPY_REJECT_DENIED, case_entropy_reject_denied, 1},
    {MARKER_SELFTEST_LOG_APPEND_QUERY, case_log_append_query, 1},
    {MARKER_SELFTEST_LOG_EXPORT, case_log_export, 1},
    {MARKER_SELFTEST_LOG_DENIAL_AUDITED, case_log_denial_audited, 1},
    {MARKER_SELFTEST_METRICS_COUNTER, case_metrics_counter, 1},
    {MARKER_SELFTEST_METRICS_GAUGE, case_metrics_gauge, 1},
    {MARKER_SELFTEST_METRICS_HISTOGRAM, case_metrics_histogram, 1},
    {MARKER_SELFTEST_METRICS_SPAN, case_metrics_span, 1},
    {MARKER_SELFTEST_METRICS_SNAPSHOT, case_metrics_snapshot, 1},
    {MARKER_SELFTEST_METRICS_RETAINED, case_metrics_retained, 1},
    {MARKER_SELFTEST_ENTROPY_BYTES, case_entropy_bytes, 1},
    {MARKER_SELFTEST_ENTROPY_RESEEDED, case_entropy_reseeded, 1},
    {MARKER_SELFTEST_EXEC_START, case_exec_start, 1},
    {MARKER_SELFTEST_STATE_PUT_GET, case_state_put_get, 1},
    {MARKER_SELFTEST_KEYS_IDENTITY, case_keys_identity, 1},
    {MARKER_SELFTEST_KEYS_SIGN, case_keys_sign, 1},
    {MARKER_SELFTEST_POLICY_STATS, case_policy_stats, 1},
    {MARKER_SELFTEST_INIT_REJECT_STATE, case_init_reject_state, 1},
    {MARKER_SELFTEST_INIT_REJECT_FOREIGN, case_init_reject_foreign, 1},
    {MARKER_SELFTEST_EXEC_EXIT_STATUS, case_exec_exit_status, 1},
    {MARKER_SELFTEST_EXEC_CRASH_REPORTED, case_exec_crash_reported, 1},
    {MARKER_SELFTEST_STATE_DELETE, case_state_delete, 1},
    {MARKER_SELFTEST_STATE_TRANSACTION, case_state_transaction, 1},
    {MARKER_SELFTEST_KEYS_SECRET, case_keys_secret, 1},
    {MARKER_SELFTEST_KEYS_SEAL, case_keys_seal, 1},
    {MARKER_SELFTEST_KERNEL_STATS, case_kernel_stats, 1},
    {MARKER_SELFTEST_KERNEL_AUDIT, case_kernel_audit, 1},
};

int service_main(struct runtime *runtime) {
    struct faults faults = {.selftest = {.runtime = runtime,
                                         .name = "faults",
                                         .timed = slot_at(SELFTEST_SLOT_TIMED),
                                         .image = (const void *)USER_BOOT_IMAGE}};
    faults.clients = clients_of(&faults.selftest);
    if (!runtime_expect(runtime, slot_at(SELFTEST_SLOT_OPERATOR), CAP_ENDPOINT, RIGHT_CALL,
                        "the route to init that may end services") ||
        !runtime_expect(runtime, slot_at(SELFTEST_SLOT_STATS), CAP_STATS, RIGHTS_STATS,
                        "the statistics") ||
        !selftest_begin(&faults.selftest, MARKER_FAULTS_READY) ||
        !pools_without(&faults.selftest, "fleeting") || !end_all(&faults)) {
        return 1;
    }
    // The way to timed that the manifest gave went with its first instance.
    struct slot_result timed =
        ipc_boot_route(runtime, SELFTEST_SLOT_TIMED, (struct deadline){.ns = selftest_patience()});
    faults.selftest.timed = timed.slot;
    if (!selftest_expect_status(&faults.selftest, "a new way to timed", timed.status, STATUS_OK) ||
        !selftest_climb(&faults.selftest, ladder, ARRAY_LEN(ladder))) {
        return 1;
    }
    marker_text(runtime, MARKER_FAULTS_END);
    return 0;
}
