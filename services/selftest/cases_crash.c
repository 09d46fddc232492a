// services/selftest/cases_crash.c: what the system writes to the journal, denials and ends of
// services, and the journal through its own end.
#include <string.h>

#include "kernel/abi/layout.h"
#include "runtime/format.h"
#include "services/selftest/cases.h"
#include "services/selftest/journal.h"
#include "services/selftest/slots.h"

static bool is_denial(const struct log_record *record, const void *context) {
    const struct format_buffer *said = context;
    return record->level == LOG_AUDIT && record->sender == service_id_named("policyd").value &&
           record->text.count > said->count &&
           memcmp(record->text.data, said->text, said->count) == 0;
}

// Asks for a service that policy does not let selftest call; policyd sends that to logd: who wanted
// what of whom, and by which line it was denied.
static bool denial_is_kept(struct caller *caller, const char *name) {
    char text[LOG_TEXT_MAX];
    struct format_buffer said = {.text = text, .capacity = sizeof(text)};
    struct log_message asked = {.header = {.op = LOG_OP_STATS}};
    const struct log_message wanted = {.scope = journal_bytes("policy"), .level = LOG_AUDIT};
    format_append(&said, "denied %lx call %lx, line ", service_id_named("selftest").value,
                  service_id_named(name).value);
    return selftest_expect(caller->selftest, name,
                           caller_ask(caller, name, &log_rows, &asked).error, IPC_DENIED) &&
           journal_holds(caller, &wanted, is_denial, &said);
}

bool case_log_denial_audited(struct selftest *selftest) {
    struct caller caller;
    return caller_begin(selftest, &caller) && denial_is_kept(&caller, "probe") &&
           caller_end(&caller);
}

static bool is_crash(const struct log_record *record, const void *context) {
    const struct log_crash *wanted = context;
    struct log_crash crash;
    return log_crash_get(record, &crash) && record->sender == service_id_named("init").value &&
           crash.subject == wanted->subject && crash.start == wanted->start &&
           crash.reason == wanted->reason && crash.instance != 0 &&
           (crash.reason < EXIT_FAULT_READ ||
            (crash.detail >= USER_IMAGE_MIN && crash.detail < USER_IMAGE_MAX));
}

static bool crash_is_kept(struct caller *caller, const char *name, enum exit_reason reason) {
    const struct log_crash wanted = {
        .subject = service_id_named(name).value, .start = 1, .reason = (uint8_t)reason};
    const struct log_message crashes = {.kind = LOG_KIND_CRASH, .scope = journal_bytes("crash")};
    return journal_holds(caller, &crashes, is_crash, &wanted);
}

// A failed assertion while the system came up, with its pc; echo ended by itself.
bool case_log_crash_report(struct selftest *selftest) {
    struct caller caller;
    return caller_begin(selftest, &caller) && crash_is_kept(&caller, "flaky", EXIT_FAULT_BREAK) &&
           crash_is_kept(&caller, "echo", EXIT_CODE) && caller_end(&caller);
}

bool case_log_reject_crash_report(struct selftest *selftest) {
    struct log_message message = {.header = {.op = LOG_OP_CRASH},
                                  .reason = EXIT_KILLED,
                                  .subject = service_id_named("timed").value,
                                  .start = 1};
    struct caller caller;
    return caller_begin(selftest, &caller) && journal_ask(&caller, &message, WIRE_DENIED) &&
           caller_end(&caller);
}

bool case_log_reject_denied(struct selftest *selftest) {
    struct caller caller;
    return caller_begin(selftest, &caller) && caller_sees_denial(&caller, "logd") &&
           caller_end(&caller);
}

// A route to init does not do: its badge does.
bool case_init_reject_end(struct selftest *selftest) {
    return caller_end_service(selftest, slot_at(SLOT_INIT), "logd", WIRE_DENIED) &&
           caller_end_service(selftest, slot_at(SELFTEST_SLOT_OPERATOR), "nobody", WIRE_ABSENT);
}

// Its next instance has an empty journal, in which its own end stands.
bool case_log_rebound(struct selftest *selftest) {
    struct log_message before = {.header = {.op = LOG_OP_STATS}};
    struct caller caller;
    uint64_t sequence = 0;
    return caller_begin(selftest, &caller) && journal_ask(&caller, &before, WIRE_OK) &&
           caller_sees_restart(&caller, "logd") && crash_is_kept(&caller, "logd", EXIT_KILLED) &&
           journal_append(&caller, "selftest", "kept", WIRE_OK, &sequence) &&
           selftest_expect(selftest, "the old journal", sequence >= before.next, false) &&
           caller_end(&caller);
}

// policyd finds the next instance too.
bool case_log_audit_rebound(struct selftest *selftest) {
    struct caller caller;
    return caller_begin(selftest, &caller) && denial_is_kept(&caller, "init") &&
           caller_end(&caller);
}
