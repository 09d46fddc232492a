// ipc/log_record.h: a record of the journal, and its form in a page of them.
//
//   sequence u64, at_ns u64, sender u64, kind u8, level u8, scope u16 count and bytes, text the
//   same; the text of a crash is a struct log_crash: subject u64, detail u64, instance u32,
//   start u32, reason u8, pc u64, ra u64
//
// Units:     nanoseconds since boot; bytes.
// Ownership: scope and text of a record that was read point into the page.
// Blocking:  never.
// Errors:    log_record_get is false at the end, and for bytes that are no record.
#pragma once

#include "ipc/wire/codec.h"

#ifdef __cplusplus
extern "C" {
#endif

enum log_kind {
    LOG_KIND_ANY,    // In queries only.
    LOG_KIND_TEXT,   // What a service has to say: any bytes, not all of them fit to be shown.
    LOG_KIND_CRASH,  // A service or a program has ended. Only init and execd write these.
    LOG_KIND_COUNT
};

enum log_level {
    LOG_DEBUG,
    LOG_INFO,
    LOG_WARNING,
    LOG_ERROR,
    LOG_AUDIT,  // Of who may do what.
    LOG_LEVEL_COUNT
};

enum {
    LOG_SCOPE_MAX = 16,
    LOG_TEXT_MAX = 160,
    LOG_RECORD_BYTES_MAX = 3 * 8 + 2 + 2 + LOG_SCOPE_MAX + 2 + LOG_TEXT_MAX,
    LOG_PAGE_BYTES_MAX = 2 * LOG_RECORD_BYTES_MAX,
    LOG_EXPORT_BYTES_MAX = 32768,  // Of the memory that may come with an EXPORT.
    LOG_CRASH_BYTES = 8 + 8 + 4 + 4 + 1 + 8 + 8,
};

struct log_record {
    uint64_t sequence;
    uint64_t at_ns;
    uint64_t sender;  // service_id, from the kernel.
    uint8_t kind;     // enum log_kind
    uint8_t level;    // enum log_level
    struct wire_bytes scope;
    struct wire_bytes text;
};

struct log_crash {
    uint64_t subject;   // service_id of who ended.
    uint64_t detail;    // As enum exit_reason says: an address, the pc, an exit code.
    uint32_t instance;  // Of the task that ended.
    uint32_t start;     // Which start of the service that was, from 1 on; 0 of a program.
    uint8_t reason;     // enum exit_reason
    uint64_t pc;        // Of a fault: where it was, and
    uint64_t ra;        // what the register of return addresses held; else both are 0.
};

// Writes it whole, or nothing. False: it does not fit.
WARN_UNUSED static inline bool log_record_put(struct wire_writer *writer,
                                              const struct log_record *record) {
    uint32_t bytes = LOG_RECORD_BYTES_MAX - LOG_SCOPE_MAX - LOG_TEXT_MAX + record->scope.count +
                     record->text.count;
    if (writer->failed || bytes > writer->capacity - writer->count) {
        return false;
    }
    wire_put_u64(writer, record->sequence);
    wire_put_u64(writer, record->at_ns);
    wire_put_u64(writer, record->sender);
    wire_put_u8(writer, record->kind);
    wire_put_u8(writer, record->level);
    wire_put_bytes(writer, record->scope.data, record->scope.count);
    wire_put_bytes(writer, record->text.data, record->text.count);
    return true;
}

WARN_UNUSED static inline bool log_record_get(struct wire_reader *reader, struct log_record *out) {
    if (reader->left == 0) {
        return false;
    }
    out->sequence = wire_get_u64(reader);
    out->at_ns = wire_get_u64(reader);
    out->sender = wire_get_u64(reader);
    out->kind = wire_get_u8(reader);
    out->level = wire_get_u8(reader);
    out->scope.data = wire_get_bytes(reader, &out->scope.count);
    out->text.data = wire_get_bytes(reader, &out->text.count);
    return !reader->failed;
}

// The text of a crash; `bytes` has LOG_CRASH_BYTES.
static inline void log_crash_put(uint8_t *bytes, const struct log_crash *crash) {
    struct wire_writer writer = wire_writer_of(bytes, LOG_CRASH_BYTES);
    wire_put_u64(&writer, crash->subject);
    wire_put_u64(&writer, crash->detail);
    wire_put_u32(&writer, crash->instance);
    wire_put_u32(&writer, crash->start);
    wire_put_u8(&writer, crash->reason);
    wire_put_u64(&writer, crash->pc);
    wire_put_u64(&writer, crash->ra);
}

// False: the record is no crash.
WARN_UNUSED static inline bool log_crash_get(const struct log_record *record,
                                             struct log_crash *out) {
    if (record->kind != LOG_KIND_CRASH) {
        return false;
    }
    struct wire_reader reader = wire_reader_of(record->text.data, record->text.count);
    out->subject = wire_get_u64(&reader);
    out->detail = wire_get_u64(&reader);
    out->instance = wire_get_u32(&reader);
    out->start = wire_get_u32(&reader);
    out->reason = wire_get_u8(&reader);
    out->pc = wire_get_u64(&reader);
    out->ra = wire_get_u64(&reader);
    return wire_reader_done(&reader);
}

#ifdef __cplusplus
}
#endif
