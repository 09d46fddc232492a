// services/selftest/journal.c: see journal.h.
#include "services/selftest/journal.h"

#include <string.h>

enum {
    PAGES_MAX = 100,  // Of a journal.
    PASSES_MAX = 1000,
};

#define PASS_NS (10 * SELFTEST_MS)

struct wire_bytes journal_bytes(const char *text) {
    return (struct wire_bytes){.data = (const uint8_t *)text, .count = (uint32_t)strlen(text)};
}

bool journal_same(struct wire_bytes bytes, const char *text) {
    return bytes.count == strlen(text) && memcmp(bytes.data, text, bytes.count) == 0;
}

bool journal_ask(struct caller *caller, struct log_message *message, enum wire_status wanted) {
    uint8_t op = message->header.op;
    return selftest_expect(caller->selftest, "a call to logd",
                           caller_ask(caller, "logd", &log_rows, message).error, IPC_OK) &&
           selftest_expect(caller->selftest, log_rows.ops[op - 1].name, message->header.status,
                           wanted);
}

bool journal_append(struct caller *caller, const char *scope, const char *text,
                    enum wire_status wanted, uint64_t *sequence) {
    struct log_message message = {.header = {.op = LOG_OP_APPEND},
                                  .level = LOG_INFO,
                                  .scope = journal_bytes(scope),
                                  .text = journal_bytes(text)};
    bool good = journal_ask(caller, &message, wanted);
    *sequence = message.sequence;
    return good;
}

bool journal_page(struct caller *caller, struct log_message *wanted, struct log_message *page) {
    *page = *wanted;
    page->header = (struct wire_header){.op = LOG_OP_QUERY};
    bool good = journal_ask(caller, page, WIRE_OK);
    wanted->sequence = page->next;
    return good;
}

// One way through the journal. False: something failed. *found: a record matched.
static bool look(struct caller *caller, struct log_message wanted,
                 bool (*matches)(const struct log_record *record, const void *context),
                 const void *context, bool *found) {
    struct log_message page = {.more = 1};
    *found = false;
    for (uint32_t i = 0; i < PAGES_MAX && page.more != 0 && !*found; i++) {
        struct log_record record;
        if (!journal_page(caller, &wanted, &page)) {
            return false;
        }
        struct wire_reader reader = wire_reader_of(page.records.data, page.records.count);
        while (log_record_get(&reader, &record)) {  // Ends with the page.
            *found = *found || matches(&record, context);
        }
    }
    return true;
}

bool journal_holds(struct caller *caller, const struct log_message *wanted,
                   bool (*matches)(const struct log_record *record, const void *context),
                   const void *context) {
    for (uint32_t i = 0; i < PASSES_MAX; i++) {
        bool found = false;
        if (!look(caller, *wanted, matches, context, &found)) {
            return false;
        }
        if (found) {
            return true;
        }
        struct recv_result waited = sys_ipc_recv(caller->client.pause, sys_clock_get() + PASS_NS);
        (void)waited.received;  // Nothing arrives there; what matters is that time has passed.
    }
    return selftest_expect(caller->selftest, "what the journal holds", false, true);
}
