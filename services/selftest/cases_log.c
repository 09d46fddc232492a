// services/selftest/cases_log.c: the journal as its senders and readers see it.
#include <string.h>

#include "ipc/log_record.h"
#include "ipc/wire/log_wire.h"
#include "services/selftest/caller.h"
#include "services/selftest/cases.h"

enum {
    APPENDED = 3,
    BURST_MAX = 1000,  // More than logd lets anybody send at once.
    LOOKS_MAX = 200,
};

static struct wire_bytes bytes_of(const char *text) {
    return (struct wire_bytes){.data = (const uint8_t *)text, .count = (uint32_t)strlen(text)};
}

static bool same(struct wire_bytes bytes, const char *text) {
    return bytes.count == strlen(text) && memcmp(bytes.data, text, bytes.count) == 0;
}

// Asks logd; the answer is in *message. False: no answer.
static bool ask(struct caller *caller, struct log_message *message) {
    return selftest_expect(caller->selftest, "a call to logd",
                           caller_ask(caller, "logd", &log_rows, message).error, IPC_OK);
}

static bool append(struct caller *caller, const char *text, enum wire_status wanted,
                   uint64_t *sequence) {
    struct log_message message = {.header = {.op = LOG_OP_APPEND},
                                  .level = LOG_INFO,
                                  .scope = bytes_of("selftest"),
                                  .text = bytes_of(text)};
    bool good = ask(caller, &message) && selftest_expect(caller->selftest, "appending a record",
                                                         message.header.status, wanted);
    *sequence = message.sequence;
    return good;
}

static bool query(struct caller *caller, uint64_t from, const char *scope,
                  struct log_message *answer) {
    *answer = (struct log_message){
        .header = {.op = LOG_OP_QUERY}, .sequence = from, .scope = bytes_of(scope)};
    return ask(caller, answer) &&
           selftest_expect(caller->selftest, "a query", answer->header.status, WIRE_OK);
}

// Reads pages until there are no more, and looks for the texts in order, from this sender.
static bool finds(struct caller *caller, uint64_t from, const char *const *texts) {
    uint64_t next = from;
    uint32_t found = 0;
    for (uint32_t page = 0; page < APPENDED + 1; page++) {
        struct log_message answer;
        if (!query(caller, next, "selftest", &answer)) {
            return false;
        }
        struct wire_reader reader = wire_reader_of(answer.records.data, answer.records.count);
        struct log_record record;
        while (log_record_get(&reader, &record)) {  // Ends with the page.
            found += found < APPENDED && same(record.text, texts[found]) &&
                     record.sender == service_id_named("selftest").value;
        }
        next = answer.next;
    }
    return selftest_expect(caller->selftest, "records found", found, APPENDED);
}

bool case_log_append_query(struct selftest *selftest) {
    static const char *const texts[APPENDED] = {
        "one", "two, which is long enough that a page holds no more than a few such records", "3"};
    struct caller caller;
    uint64_t first = 0;
    bool good = caller_begin(selftest, &caller) && append(&caller, texts[0], WIRE_OK, &first);
    for (uint32_t i = 1; i < APPENDED && good; i++) {
        uint64_t sequence = 0;
        good = append(&caller, texts[i], WIRE_OK, &sequence) &&
               selftest_expect(selftest, "the sequence", sequence, first + i);
    }
    return good && finds(&caller, first, texts) && caller_end(&caller);
}

bool case_log_reject_too_large(struct selftest *selftest) {
    char text[LOG_TEXT_MAX + 2];
    memset(text, 'x', sizeof(text));
    text[LOG_TEXT_MAX + 1] = 0;
    struct caller caller;
    uint64_t sequence = 0;
    bool good = caller_begin(selftest, &caller) && append(&caller, text, WIRE_TOO_LARGE, &sequence);
    text[LOG_TEXT_MAX] = 0;
    return good && append(&caller, text, WIRE_OK, &sequence) && caller_end(&caller);
}

bool case_log_reject_over_rate(struct selftest *selftest) {
    struct caller caller;
    struct log_message message = {.header = {.op = LOG_OP_APPEND}};
    bool good = caller_begin(selftest, &caller);
    for (uint32_t i = 0; i < BURST_MAX && good && message.header.status != WIRE_OVERLOAD; i++) {
        message = (struct log_message){.header = {.op = LOG_OP_APPEND}, .scope = bytes_of("flood")};
        good = ask(&caller, &message);
    }
    return good &&
           selftest_expect(selftest, "the end of a flood", message.header.status, WIRE_OVERLOAD) &&
           caller_end(&caller);
}

// Whether the journal holds a denial of what selftest wanted of samgrd.
static bool holds_denial(const struct log_message *page) {
    struct wire_reader reader = wire_reader_of(page->records.data, page->records.count);
    struct log_record record;
    bool holds = false;
    while (log_record_get(&reader, &record)) {  // Ends with the page.
        holds = holds ||
                (record.level == LOG_AUDIT && record.sender == service_id_named("policyd").value &&
                 record.text.count > 6 && memcmp(record.text.data, "denied", 6) == 0);
    }
    return holds;
}

// The cases before were refused routes by policy: policyd has sent that to logd.
bool case_log_denial_audited(struct selftest *selftest) {
    struct caller caller;
    bool good = caller_begin(selftest, &caller);
    bool found = false;
    uint64_t from = 0;
    for (uint32_t i = 0; i < LOOKS_MAX && good && !found; i++) {
        struct log_message page;
        good = query(&caller, from, "policy", &page);
        found = good && holds_denial(&page);
        from = page.records.count != 0 ? page.next : 0;
    }
    return good && selftest_expect(selftest, "an audited denial", found, true) &&
           caller_end(&caller);
}
