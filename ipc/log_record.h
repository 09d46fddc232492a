// ipc/log_record.h: a record of the journal, and its form in a page of them.
//
//   sequence u64, at_ns u64, sender u64, level u8, scope u16 count and bytes, text the same
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

enum log_level {
    LOG_DEBUG,
    LOG_INFO,
    LOG_WARNING,
    LOG_ERROR,
    LOG_AUDIT,  // Of who may do what: always kept before the others are asked for.
    LOG_LEVEL_COUNT
};

enum {
    LOG_SCOPE_MAX = 16,
    LOG_TEXT_MAX = 160,
    LOG_RECORD_BYTES_MAX = 3 * 8 + 1 + 2 + LOG_SCOPE_MAX + 2 + LOG_TEXT_MAX,
    LOG_PAGE_BYTES_MAX = 2 * LOG_RECORD_BYTES_MAX,
};

struct log_record {
    uint64_t sequence;
    uint64_t at_ns;
    uint64_t sender;  // service_id, from the kernel.
    uint8_t level;    // enum log_level
    struct wire_bytes scope;
    struct wire_bytes text;
};

// Writes it whole, or nothing. False: it does not fit.
static inline bool log_record_put(struct wire_writer *writer, const struct log_record *record) {
    uint32_t bytes = LOG_RECORD_BYTES_MAX - LOG_SCOPE_MAX - LOG_TEXT_MAX + record->scope.count +
                     record->text.count;
    if (writer->failed || bytes > writer->capacity - writer->count) {
        return false;
    }
    wire_put_u64(writer, record->sequence);
    wire_put_u64(writer, record->at_ns);
    wire_put_u64(writer, record->sender);
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
    out->level = wire_get_u8(reader);
    out->scope.data = wire_get_bytes(reader, &out->scope.count);
    out->text.data = wire_get_bytes(reader, &out->text.count);
    return !reader->failed;
}

#ifdef __cplusplus
}
#endif
