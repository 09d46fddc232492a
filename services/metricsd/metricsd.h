// services/metricsd/metricsd.h: counters, gauges, histograms and spans of others, and which of them
// go to the journal next. Knows no system calls.
//
// Each owner has places of its own for series and spans: nobody can use up another's. Who an owner
// is, the kernel says. A series is named by its kind and name; it begins with its first update and
// stays. What has changed since it last went to the journal is due; a period takes so many series,
// in their order, and goes on with the next ones where the last one stopped.
// Units:     nanoseconds since boot.
// Ownership: the caller owns the struct; names are copied in.
// Blocking:  never; an update looks at each owner and at each of its series once, a page at no more
//            series than it is told.
// Errors:    enum wire_status; what is refused is counted and changes nothing else.
#pragma once

#include "ipc/metric_record.h"
#include "ipc/types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    METRICSD_OWNER_MAX = 32,
    METRICSD_SERIES_EACH = 16,  // Of an owner.
    METRICSD_SPANS_EACH = 4,    // Of an owner, under way.
    METRICSD_PLACE_MAX = METRICSD_OWNER_MAX * METRICSD_SERIES_EACH,
    METRICSD_LOOKS_MAX = 128,  // Places that one page looks at.
    METRICSD_RETAIN_MAX = 8,   // Series that go to the journal in a period.
};

#define METRICSD_PERIOD_NS UINT64_C(200000000)
#define METRICSD_SPAN_NS_MAX UINT64_C(60000000000)  // An older one may make room.

struct metricsd_series {
    uint8_t kind;
    uint8_t name_bytes;  // 0: the place is free.
    bool due;            // Changed since it went to the journal.
    uint8_t name[METRIC_NAME_MAX];
    uint64_t count;
    uint64_t sum;
    uint64_t least;
    uint64_t most;
    uint64_t last;
    uint32_t buckets[METRIC_BUCKETS];
};

struct metricsd_span {
    uint64_t id;  // 0: the place is free.
    uint64_t started_ns;
    uint32_t instance;
    uint32_t series;  // Of the same owner.
};

struct metricsd_counts {
    uint64_t updates;
    uint64_t over_series;
    uint64_t over_spans;
    uint64_t bad_names;
    uint64_t abandoned;
};

struct metricsd_owner {
    uint64_t id;  // service_id; 0: the place is free.
    struct metricsd_counts counts;
    struct metricsd_series series[METRICSD_SERIES_EACH];
    struct metricsd_span spans[METRICSD_SPANS_EACH];
};

struct metricsd {
    struct metricsd_counts counts;  // Of all, also of those who have no place.
    uint64_t last_span;
    uint64_t period_ns;    // METRICSD_PERIOD_NS, unless it is set after metricsd_init.
    uint64_t due_ns;       // When the next period ends; UINT64_MAX: nothing is due.
    uint32_t due_count;    // Series.
    uint32_t retain_from;  // The place with which it begins.
    uint64_t periods;
    uint64_t retained;
    uint64_t unretained;
    struct metricsd_owner owners[METRICSD_OWNER_MAX];
};

// Who asks, as the kernel says.
struct metricsd_caller {
    uint64_t id;
    uint32_t instance;
};

// One update of a series.
struct metricsd_change {
    struct metricsd_caller from;
    enum metric_kind kind;  // Not METRIC_SPAN.
    struct wire_bytes name;
    uint64_t value;
    uint64_t at_ns;
};

struct metricsd_page {
    uint32_t next;  // Where the next one begins.
    uint32_t count;
    bool more;
};

void metricsd_init(struct metricsd *metricsd);

// Adds to a counter, sets a gauge, or observes a value. *sum is the series' sum then.
// WIRE_OVERLOAD: no place for one more series; WIRE_TOO_LARGE, WIRE_MALFORMED: the name.
WARN_UNUSED enum wire_status metricsd_update(struct metricsd *metricsd,
                                             const struct metricsd_change *change, uint64_t *sum);

// Starts a span, *span. As metricsd_update; WIRE_OVERLOAD also: too many under way. One of an
// instance before, or one that is too old, makes room, and is counted.
WARN_UNUSED enum wire_status metricsd_start(struct metricsd *metricsd, struct metricsd_caller from,
                                            struct wire_bytes name, uint64_t now_ns,
                                            uint64_t *span);

// Ends a span and observes how long it took, *took_ns. WIRE_ABSENT: it is not under way, or is
// another's.
WARN_UNUSED enum wire_status metricsd_stop(struct metricsd *metricsd, struct metricsd_caller from,
                                           uint64_t span, uint64_t now_ns, uint64_t *took_ns);

// Null: it has no series.
WARN_UNUSED const struct metricsd_owner *metricsd_owner_find(const struct metricsd *metricsd,
                                                             uint64_t id);
uint32_t metricsd_series_count(const struct metricsd_owner *owner);
uint32_t metricsd_span_count(const struct metricsd_owner *owner);

// Writes one series to `out`. WIRE_ABSENT: there is none.
WARN_UNUSED enum wire_status metricsd_read(const struct metricsd *metricsd, uint64_t owner,
                                           uint8_t kind, struct wire_bytes name,
                                           struct wire_writer *out);

// Writes series from the place `from` on, each whole: until `out` is full, or all are there, or
// `looks` places were looked at.
struct metricsd_page metricsd_put_page(const struct metricsd *metricsd, uint32_t from,
                                       uint32_t looks, struct wire_writer *out);

// When a period ends, or UINT64_MAX.
uint64_t metricsd_next_deadline(const struct metricsd *metricsd);

// The way through the series of a period; begins as zeros.
struct metricsd_sweep {
    uint32_t looked;
    uint32_t count;
    uint32_t place;  // Of the series that was told last.
};

// A period has ended. The next series of it, without its buckets; it points into the struct. False:
// nothing more is due, or it is METRICSD_RETAIN_MAX. metricsd_kept says of the last one that it is
// in the journal; what is not stays due.
WARN_UNUSED bool metricsd_sweep_next(const struct metricsd *metricsd, struct metricsd_sweep *sweep,
                                     struct metric_record *out);
void metricsd_kept(struct metricsd *metricsd, const struct metricsd_sweep *sweep);

// The next period begins where the sweep stopped.
void metricsd_end_period(struct metricsd *metricsd, const struct metricsd_sweep *sweep,
                         uint64_t now_ns);

#ifdef __cplusplus
}
#endif
