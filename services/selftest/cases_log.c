// services/selftest/cases_log.c: the journal as its senders and readers see it: records, pages,
// exports, and what it refuses.
#include <string.h>

#include "ipc/bulk_fill.h"
#include "ipc/bulk_sealed.h"
#include "services/selftest/cases.h"
#include "services/selftest/journal.h"
#include "services/selftest/slots.h"

enum {
    APPENDED = 3,
    PAGED = 6,
    BURST_MAX = 1000,  // More than logd lets anybody send at once.
    PAGES_MAX = 100,
    EXPORT_BYTES = 8192,
};

static const struct log_message everything = {.header = {.op = LOG_OP_QUERY}};

// Reads pages until there are no more, and looks for the texts in order, from this sender.
static bool finds(struct caller *caller, uint64_t from, const char *const *texts) {
    struct log_message wanted = everything;
    struct log_message page = {.more = 1};
    uint32_t found = 0;
    wanted.sequence = from;
    wanted.scope = journal_bytes("selftest");
    for (uint32_t i = 0; i < PAGES_MAX && page.more != 0; i++) {
        if (!journal_page(caller, &wanted, &page)) {
            return false;
        }
        struct wire_reader reader = wire_reader_of(page.records.data, page.records.count);
        struct log_record record;
        while (log_record_get(&reader, &record)) {  // Ends with the page.
            found += found < APPENDED && journal_same(record.text, texts[found]) &&
                     record.sender == service_id_named("selftest").value;
        }
    }
    return selftest_expect(caller->selftest, "records found", found, APPENDED);
}

bool case_log_append_query(struct selftest *selftest) {
    static const char *const texts[APPENDED] = {"one", "two", "3"};
    struct caller caller;
    uint64_t first = 0;
    bool good = caller_begin(selftest, &caller) &&
                journal_append(&caller, "selftest", texts[0], WIRE_OK, &first);
    for (uint32_t i = 1; i < APPENDED && good; i++) {
        uint64_t sequence = 0;
        good = journal_append(&caller, "selftest", texts[i], WIRE_OK, &sequence) &&
               selftest_expect(selftest, "the sequence", sequence, first + i);
    }
    return good && finds(&caller, first, texts) && caller_end(&caller);
}

// The scope of the records that are read in pages and in one piece.
static bool append_paged(struct caller *caller) {
    char text[LOG_TEXT_MAX + 1];
    memset(text, 'p', LOG_TEXT_MAX);
    text[LOG_TEXT_MAX] = 0;
    for (uint32_t i = 0; i < PAGED; i++) {
        struct log_message message = {.header = {.op = LOG_OP_APPEND},
                                      .level = i % 2 == 0 ? LOG_DEBUG : LOG_ERROR,
                                      .scope = journal_bytes("paged"),
                                      .text = journal_bytes(text)};
        if (!journal_ask(caller, &message, WIRE_OK)) {
            return false;
        }
    }
    return true;
}

// Copies all pages of what is wanted, one behind the other. *records: how many; their bytes.
static bool read_pages(struct caller *caller, struct log_message wanted, struct wire_writer *out,
                       uint32_t *records, uint32_t *pages) {
    struct log_message page = {.more = 1};
    *records = 0;
    *pages = 0;
    for (uint32_t i = 0; i < PAGES_MAX && page.more != 0; i++) {
        if (!journal_page(caller, &wanted, &page) ||
            !selftest_expect(caller->selftest, "room for a page",
                             page.records.count <= out->capacity - out->count, true)) {
            return false;
        }
        memcpy(out->start + out->count, page.records.data, page.records.count);
        struct wire_reader reader = wire_reader_of(out->start + out->count, page.records.count);
        struct log_record record;
        while (log_record_get(&reader, &record)) {  // Ends with the page.
            ++*records;
        }
        *pages += page.records.count != 0;
        out->count += page.records.count;
    }
    return selftest_expect(caller->selftest, "more pages than records", page.more, 0);
}

static struct log_message wanted_paged(enum log_level level) {
    struct log_message wanted = everything;
    wanted.scope = journal_bytes("paged");
    wanted.level = (uint8_t)level;
    return wanted;
}

// By scope, by level and by range; a page holds two of these records.
bool case_log_pages(struct selftest *selftest) {
    uint8_t bytes[PAGED * LOG_RECORD_BYTES_MAX];
    struct wire_writer out = wire_writer_of(bytes, sizeof(bytes));
    struct log_record first = {0};
    struct caller caller;
    uint32_t records = 0;
    uint32_t pages = 0;
    bool good = caller_begin(selftest, &caller) && append_paged(&caller) &&
                read_pages(&caller, wanted_paged(LOG_DEBUG), &out, &records, &pages) &&
                selftest_expect(selftest, "records of a scope", records, PAGED) &&
                selftest_expect(selftest, "more than one page", pages > 1, true);
    struct wire_reader reader = wire_reader_of(bytes, out.count);
    good = good && selftest_expect(selftest, "the first", log_record_get(&reader, &first), true);
    struct log_message range = wanted_paged(LOG_ERROR);
    out.count = 0;
    good = good && read_pages(&caller, range, &out, &records, &pages) &&
           selftest_expect(selftest, "records of a level", records, PAGED / 2);
    range.sequence = first.sequence + 1;
    range.until = first.sequence + 3;
    out.count = 0;
    return good && read_pages(&caller, range, &out, &records, &pages) &&
           selftest_expect(selftest, "records of a range", records, 1) && caller_end(&caller);
}

// What comes in one piece is what comes in pages, and nobody can change it any more.
bool case_log_export(struct selftest *selftest) {
    uint8_t bytes[PAGED * LOG_RECORD_BYTES_MAX];
    struct wire_writer out = wire_writer_of(bytes, sizeof(bytes));
    struct log_message message = wanted_paged(LOG_DEBUG);
    struct bulk_blank blank;
    struct bulk_sealed bulk;
    struct caller caller;
    uint32_t records = 0;
    uint32_t pages = 0;
    message.header.op = LOG_OP_EXPORT;
    if (!selftest_expect(
            selftest, "memory for an export",
            (uint64_t)bulk_blank_create(&blank, slot_at(SELFTEST_SLOT_FACTORY), EXPORT_BYTES),
            BULK_OK) ||
        !caller_begin(selftest, &caller) ||
        !read_pages(&caller, wanted_paged(LOG_DEBUG), &out, &records, &pages) ||
        !selftest_expect(selftest, "an export",
                         caller_ask_with(&caller, "logd", &log_rows, &message, blank.sent).error,
                         IPC_OK) ||
        !selftest_expect(selftest, "its status", message.header.status, WIRE_OK) ||
        !selftest_expect(selftest, "its records", message.count, records) ||
        !selftest_expect(selftest, "its bytes", message.bytes, out.count) ||
        !selftest_expect_status(
            selftest, "writing to it",
            sys_vmo_map(blank.own, 0, EXPORT_BYTES / PAGE_BYTES, RIGHT_VMO_READ | RIGHT_VMO_WRITE)
                .status,
            STATUS_DENIED) ||
        !selftest_expect(selftest, "its seal",
                         (uint64_t)bulk_sealed_open(&bulk, blank.own, EXPORT_BYTES), BULK_OK)) {
        return false;
    }
    bool same = memcmp(bulk.bytes, bytes, out.count) == 0;
    bulk_sealed_close(&bulk);
    return selftest_expect(selftest, "what was exported", same, true) && caller_end(&caller);
}

static bool export_refused(struct caller *caller, struct slot carried) {
    struct log_message message = {.header = {.op = LOG_OP_EXPORT}};
    return selftest_expect(caller->selftest, "an export to the wrong place",
                           caller_ask_with(caller, "logd", &log_rows, &message, carried).error,
                           IPC_OK) &&
           selftest_expect(caller->selftest, "its status", message.header.status, WIRE_MALFORMED);
}

// No memory; memory that may only be read; that its reader can write; that is larger than logd
// maps.
bool case_log_reject_export(struct selftest *selftest) {
    const struct slot factory = slot_at(SELFTEST_SLOT_FACTORY);
    struct bulk_window window;
    struct bulk_blank large;
    struct slot shared = slot_at(CAP_SLOT_NONE);
    struct caller caller;
    bool good =
        selftest_expect(selftest, "making a window",
                        (uint64_t)bulk_window_create(&window, factory, EXPORT_BYTES), BULK_OK) &&
        selftest_expect(selftest, "sharing a window", (uint64_t)bulk_window_share(&window, &shared),
                        BULK_OK) &&
        selftest_expect(selftest, "making memory",
                        (uint64_t)bulk_blank_create(&large, factory, LOG_EXPORT_BYTES_MAX + 1),
                        BULK_OK) &&
        caller_begin(selftest, &caller) && export_refused(&caller, slot_at(CAP_SLOT_NONE)) &&
        export_refused(&caller, shared) && export_refused(&caller, large.sent);
    if (!good) {
        return false;
    }
    struct slot_result written = sys_cap_clone(window.vmo, RIGHT_VMO_READ | RIGHT_VMO_WRITE);
    good = selftest_expect_status(selftest, "a capability to write", written.status, STATUS_OK) &&
           export_refused(&caller, written.slot);
    bulk_window_close(&window);
    slot_release(large.own);
    return good && caller_end(&caller);
}

bool case_log_reject_too_large(struct selftest *selftest) {
    char text[LOG_TEXT_MAX + 2];
    memset(text, 'x', sizeof(text));
    text[LOG_TEXT_MAX + 1] = 0;
    struct caller caller;
    uint64_t sequence = 0;
    bool good = caller_begin(selftest, &caller) &&
                journal_append(&caller, "selftest", text, WIRE_TOO_LARGE, &sequence);
    text[LOG_TEXT_MAX] = 0;
    return good && journal_append(&caller, "selftest", text, WIRE_OK, &sequence) &&
           caller_end(&caller);
}

bool case_log_reject_malformed(struct selftest *selftest) {
    struct log_message level = {.header = {.op = LOG_OP_APPEND}, .level = LOG_LEVEL_COUNT};
    struct log_message least = {.header = {.op = LOG_OP_QUERY}, .level = LOG_LEVEL_COUNT};
    struct log_message kind = {.header = {.op = LOG_OP_QUERY}, .kind = LOG_KIND_COUNT};
    struct log_message range = {.header = {.op = LOG_OP_QUERY}, .sequence = 3, .until = 2};
    struct caller caller;
    return caller_begin(selftest, &caller) && journal_ask(&caller, &level, WIRE_MALFORMED) &&
           journal_ask(&caller, &least, WIRE_MALFORMED) &&
           journal_ask(&caller, &kind, WIRE_MALFORMED) &&
           journal_ask(&caller, &range, WIRE_MALFORMED) && caller_end(&caller);
}

bool case_log_reject_over_rate(struct selftest *selftest) {
    struct caller caller;
    struct log_message message = {.header = {.op = LOG_OP_APPEND}};
    bool good = caller_begin(selftest, &caller);
    for (uint32_t i = 0; i < BURST_MAX && good && message.header.status != WIRE_OVERLOAD; i++) {
        message =
            (struct log_message){.header = {.op = LOG_OP_APPEND}, .scope = journal_bytes("flood")};
        good = selftest_expect(selftest, "a flood",
                               caller_ask(&caller, "logd", &log_rows, &message).error, IPC_OK);
    }
    return good &&
           selftest_expect(selftest, "the end of a flood", message.header.status, WIRE_OVERLOAD) &&
           caller_end(&caller);
}

// The cases before were refused one record for its rate and one for its size.
bool case_log_sender_counts(struct selftest *selftest) {
    struct log_message own = {.header = {.op = LOG_OP_SENDER},
                              .subject = service_id_named("selftest").value};
    struct log_message nobody = {.header = {.op = LOG_OP_SENDER},
                                 .subject = service_id_named("nobody").value};
    struct log_message all = {.header = {.op = LOG_OP_STATS}};
    struct caller caller;
    return caller_begin(selftest, &caller) && journal_ask(&caller, &own, WIRE_OK) &&
           journal_ask(&caller, &nobody, WIRE_ABSENT) && journal_ask(&caller, &all, WIRE_OK) &&
           selftest_expect(selftest, "records over its rate", own.over_rate, 1) &&
           selftest_expect(selftest, "records over the size", own.over_size, 1) &&
           selftest_expect(selftest, "fewer in all than of one",
                           all.appended < own.appended || all.over_rate < own.over_rate ||
                               all.over_size < own.over_size,
                           false) &&
           caller_end(&caller);
}
