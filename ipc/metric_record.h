// ipc/metric_record.h: a series of metricsd, and its form in a page of them.
//
//   owner u64, kind u8, name u16 count and bytes, count u64, sum u64, least u64, most u64, last
//   u64, buckets u16 count and bytes: u32 each, those behind the last that is not 0 left out
//
// Units:     nanoseconds for spans; what their owner counts for others.
// Ownership: name and buckets of a series that was read point into the page.
// Blocking:  never.
// Errors:    metric_record_get is false at the end, and for bytes that are no series.
#pragma once

#include "base/bits.h"
#include "ipc/wire/codec.h"

#ifdef __cplusplus
extern "C" {
#endif

enum metric_kind {
    METRIC_COUNTER,    // The sum of what was added.
    METRIC_GAUGE,      // What was set last, and the least and most ever.
    METRIC_HISTOGRAM,  // Values by size: bucket i has those of 2^i to 2^(i+1)-1, the first also 0,
                       // the last also those of more.
    METRIC_SPAN,       // The same of how long something took.
    METRIC_KIND_COUNT
};

enum {
    METRIC_NAME_MAX = 24,
    METRIC_BUCKETS = 40,  // Up to 2^40: 18 minutes in nanoseconds.
    METRIC_RECORD_BYTES_MAX =
        8 + 1 + 2 + METRIC_NAME_MAX + 5 * 8 + 2 + METRIC_BUCKETS * (int)sizeof(uint32_t),
    METRIC_PAGE_BYTES_MAX = 480,            // Two of the largest.
    METRIC_SNAPSHOT_BYTES_MAX = 32 * 4096,  // Of the memory that may come with a SNAPSHOT.
};

struct metric_record {
    uint64_t owner;  // service_id, from the kernel.
    uint8_t kind;    // enum metric_kind
    struct wire_bytes name;
    uint64_t count;  // Of updates. All numbers stay at their largest value rather than begin anew.
    uint64_t sum;    // Of a gauge: what was set last.
    uint64_t least;
    uint64_t most;
    uint64_t last;
    struct wire_bytes buckets;
};

// The bucket of a value.
static inline uint32_t metric_bucket_of(uint64_t value) {
    uint32_t bucket = value == 0 ? 0 : bits_highest_u64(value);
    return bucket < METRIC_BUCKETS ? bucket : METRIC_BUCKETS - 1;
}

// How many of a series that was read fell into a bucket.
static inline uint32_t metric_bucket(const struct metric_record *record, uint32_t bucket) {
    uint32_t value = 0;
    for (uint32_t i = 0; i < 4 && bucket * 4 + i < record->buckets.count; i++) {
        value |= (uint32_t)record->buckets.data[bucket * 4 + i] << (8 * i);
    }
    return value;
}

// Writes it whole, or nothing. False: it does not fit.
WARN_UNUSED static inline bool metric_record_put(struct wire_writer *writer,
                                                 const struct metric_record *record) {
    uint32_t bytes = 8 + 1 + 2 + record->name.count + 5 * 8 + 2 + record->buckets.count;
    if (writer->failed || bytes > writer->capacity - writer->count) {
        return false;
    }
    wire_put_u64(writer, record->owner);
    wire_put_u8(writer, record->kind);
    wire_put_bytes(writer, record->name.data, record->name.count);
    wire_put_u64(writer, record->count);
    wire_put_u64(writer, record->sum);
    wire_put_u64(writer, record->least);
    wire_put_u64(writer, record->most);
    wire_put_u64(writer, record->last);
    wire_put_bytes(writer, record->buckets.data, record->buckets.count);
    return true;
}

WARN_UNUSED static inline bool metric_record_get(struct wire_reader *reader,
                                                 struct metric_record *out) {
    if (reader->left == 0) {
        return false;
    }
    out->owner = wire_get_u64(reader);
    out->kind = wire_get_u8(reader);
    out->name.data = wire_get_bytes(reader, &out->name.count);
    out->count = wire_get_u64(reader);
    out->sum = wire_get_u64(reader);
    out->least = wire_get_u64(reader);
    out->most = wire_get_u64(reader);
    out->last = wire_get_u64(reader);
    out->buckets.data = wire_get_bytes(reader, &out->buckets.count);
    return !reader->failed;
}

#ifdef __cplusplus
}
#endif
