// services/metricsd/metricsd.c: see metricsd.h.
#include "services/metricsd/metricsd.h"

#include <string.h>

void metricsd_init(struct metricsd *metricsd) {
    memset(metricsd, 0, sizeof(*metricsd));
    metricsd->period_ns = METRICSD_PERIOD_NS;
    metricsd->due_ns = UINT64_MAX;
}

static uint64_t sum_of(uint64_t one, uint64_t other) {
    return other <= UINT64_MAX - one ? one + other : UINT64_MAX;
}

static struct metricsd_owner *find_owner(struct metricsd *metricsd, uint64_t id) {
    for (uint32_t i = 0; i < METRICSD_OWNER_MAX; i++) {
        if (metricsd->owners[i].id == id) {
            return &metricsd->owners[i];
        }
    }
    return 0;
}

// Its place; a new one if it has none. Null: there is none left.
static struct metricsd_owner *owner_of(struct metricsd *metricsd, uint64_t id) {
    struct metricsd_owner *owner = find_owner(metricsd, id);
    owner = owner ? owner : find_owner(metricsd, 0);
    if (owner) {
        owner->id = id;
    }
    return owner;
}

const struct metricsd_owner *metricsd_owner_find(const struct metricsd *metricsd, uint64_t id) {
    for (uint32_t i = 0; i < METRICSD_OWNER_MAX; i++) {
        if (id != 0 && metricsd->owners[i].id == id) {
            return &metricsd->owners[i];
        }
    }
    return 0;
}

uint32_t metricsd_series_count(const struct metricsd_owner *owner) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < METRICSD_SERIES_EACH; i++) {
        count += owner->series[i].name_bytes != 0;
    }
    return count;
}

uint32_t metricsd_span_count(const struct metricsd_owner *owner) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < METRICSD_SPANS_EACH; i++) {
        count += owner->spans[i].id != 0;
    }
    return count;
}

static enum wire_status check_name(struct wire_bytes name) {
    if (name.count > METRIC_NAME_MAX) {
        return WIRE_TOO_LARGE;
    }
    for (uint32_t i = 0; i < name.count; i++) {
        uint8_t c = name.data[i];
        bool good =
            (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
        if (!good) {
            return WIRE_MALFORMED;
        }
    }
    return name.count != 0 ? WIRE_OK : WIRE_MALFORMED;
}

static bool is_named(const struct metricsd_series *series, uint8_t kind, struct wire_bytes name) {
    return series->name_bytes == name.count && series->kind == kind &&
           memcmp(series->name, name.data, name.count) == 0;
}

// The series of that name; a new one if there is none. Null: its owner has as many as it may.
static struct metricsd_series *series_of(struct metricsd_owner *owner, enum metric_kind kind,
                                         struct wire_bytes name) {
    struct metricsd_series *free = 0;
    for (uint32_t i = 0; i < METRICSD_SERIES_EACH; i++) {
        struct metricsd_series *one = &owner->series[i];
        if (is_named(one, (uint8_t)kind, name)) {
            return one;
        }
        free = free || one->name_bytes != 0 ? free : one;
    }
    if (free) {
        free->kind = (uint8_t)kind;
        free->name_bytes = (uint8_t)name.count;
        memcpy(free->name, name.data, name.count);
    }
    return free;
}

// The series that a request names. Null: *status says why, and it is counted.
static struct metricsd_series *find_series(struct metricsd *metricsd, uint64_t id,
                                           enum metric_kind kind, struct wire_bytes name,
                                           enum wire_status *status) {
    struct metricsd_owner *owner = find_owner(metricsd, id);
    *status = check_name(name);
    if (*status != WIRE_OK) {
        metricsd->counts.bad_names++;
        if (owner) {
            owner->counts.bad_names++;
        }
        return 0;
    }
    owner = owner_of(metricsd, id);
    struct metricsd_series *series = owner ? series_of(owner, kind, name) : 0;
    if (!series) {
        *status = WIRE_OVERLOAD;
        metricsd->counts.over_series++;
        if (owner) {
            owner->counts.over_series++;
        }
    }
    return series;
}

static void observe(struct metricsd_series *series, uint64_t value) {
    bool first = series->count == 0;
    series->least = first || value < series->least ? value : series->least;
    series->most = first || value > series->most ? value : series->most;
    series->last = value;
    series->count++;
    series->sum = series->kind == METRIC_GAUGE ? value : sum_of(series->sum, value);
    if (series->kind == METRIC_HISTOGRAM || series->kind == METRIC_SPAN) {
        uint32_t *bucket = &series->buckets[metric_bucket_of(value)];
        *bucket += *bucket != UINT32_MAX;
    }
}

// One more value, which is due for the journal from now on.
static void update(struct metricsd *metricsd, struct metricsd_owner *owner,
                   struct metricsd_series *series, uint64_t value, uint64_t now_ns) {
    observe(series, value);
    owner->counts.updates++;
    metricsd->counts.updates++;
    metricsd->due_count += !series->due;
    series->due = true;
    if (metricsd->due_ns == UINT64_MAX) {
        metricsd->due_ns = now_ns + metricsd->period_ns;
    }
}

enum wire_status metricsd_update(struct metricsd *metricsd, const struct metricsd_change *change,
                                 uint64_t *sum) {
    enum wire_status status;
    struct metricsd_series *series =
        find_series(metricsd, change->from.id, change->kind, change->name, &status);
    if (series) {
        update(metricsd, find_owner(metricsd, change->from.id), series, change->value,
               change->at_ns);
        *sum = series->sum;
    }
    return status;
}

// A place for one more span: a free one, else that of another instance, else one that is too old.
static struct metricsd_span *span_place(struct metricsd_owner *owner, uint32_t instance,
                                        uint64_t now_ns) {
    struct metricsd_span *spans = owner->spans;
    for (uint32_t i = 0; i < METRICSD_SPANS_EACH; i++) {
        if (spans[i].id == 0) {
            return &spans[i];
        }
    }
    for (uint32_t i = 0; i < METRICSD_SPANS_EACH; i++) {
        if (spans[i].instance != instance || now_ns - spans[i].started_ns > METRICSD_SPAN_NS_MAX) {
            return &spans[i];
        }
    }
    return 0;
}

enum wire_status metricsd_start(struct metricsd *metricsd, struct metricsd_caller from,
                                struct wire_bytes name, uint64_t now_ns, uint64_t *span) {
    enum wire_status status;
    const struct metricsd_series *series =
        find_series(metricsd, from.id, METRIC_SPAN, name, &status);
    if (!series) {
        return status;
    }
    struct metricsd_owner *owner = find_owner(metricsd, from.id);
    struct metricsd_span *place = span_place(owner, from.instance, now_ns);
    if (!place) {
        owner->counts.over_spans++;
        metricsd->counts.over_spans++;
        return WIRE_OVERLOAD;
    }
    owner->counts.abandoned += place->id != 0;
    metricsd->counts.abandoned += place->id != 0;
    metricsd->last_span++;
    *place = (struct metricsd_span){.id = metricsd->last_span,
                                    .started_ns = now_ns,
                                    .instance = from.instance,
                                    .series = (uint32_t)(series - owner->series)};
    *span = metricsd->last_span;
    return WIRE_OK;
}

enum wire_status metricsd_stop(struct metricsd *metricsd, struct metricsd_caller from,
                               uint64_t span, uint64_t now_ns, uint64_t *took_ns) {
    struct metricsd_owner *owner = find_owner(metricsd, from.id);
    for (uint32_t i = 0; owner && i < METRICSD_SPANS_EACH; i++) {
        struct metricsd_span *one = &owner->spans[i];
        if (span != 0 && one->id == span && one->instance == from.instance) {
            *took_ns = now_ns - one->started_ns;
            one->id = 0;
            update(metricsd, owner, &owner->series[one->series], *took_ns, now_ns);
            return WIRE_OK;
        }
    }
    return WIRE_ABSENT;
}

// The series without its buckets.
static struct metric_record record_of(const struct metricsd_owner *owner,
                                      const struct metricsd_series *series) {
    return (struct metric_record){.owner = owner->id,
                                  .kind = series->kind,
                                  .name = {.data = series->name, .count = series->name_bytes},
                                  .count = series->count,
                                  .sum = series->sum,
                                  .least = series->least,
                                  .most = series->most,
                                  .last = series->last};
}

static bool put(struct wire_writer *out, const struct metricsd_owner *owner,
                const struct metricsd_series *series) {
    uint8_t bytes[sizeof(series->buckets)];
    struct wire_writer buckets = wire_writer_of(bytes, sizeof(bytes));
    struct metric_record record = record_of(owner, series);
    for (uint32_t i = 0; i < METRIC_BUCKETS; i++) {
        wire_put_u32(&buckets, series->buckets[i]);
        record.buckets.count = series->buckets[i] != 0 ? buckets.count : record.buckets.count;
    }
    record.buckets.data = bytes;
    return metric_record_put(out, &record);
}

enum wire_status metricsd_read(const struct metricsd *metricsd, uint64_t id, uint8_t kind,
                               struct wire_bytes name, struct wire_writer *out) {
    const struct metricsd_owner *owner = metricsd_owner_find(metricsd, id);
    for (uint32_t i = 0; owner && name.count != 0 && i < METRICSD_SERIES_EACH; i++) {
        if (is_named(&owner->series[i], kind, name)) {
            return put(out, owner, &owner->series[i]) ? WIRE_OK : WIRE_TOO_LARGE;
        }
    }
    return WIRE_ABSENT;
}

struct metricsd_page metricsd_put_page(const struct metricsd *metricsd, uint32_t from,
                                       uint32_t looks, struct wire_writer *out) {
    struct metricsd_page page = {.next = METRICSD_PLACE_MAX};
    for (uint32_t place = from; place < METRICSD_PLACE_MAX; place++) {
        const struct metricsd_owner *owner = &metricsd->owners[place / METRICSD_SERIES_EACH];
        const struct metricsd_series *series = &owner->series[place % METRICSD_SERIES_EACH];
        bool there = series->name_bytes != 0;
        if (place - from == looks || (there && !put(out, owner, series))) {
            page.next = place;
            page.more = true;
            break;
        }
        page.count += there;
    }
    return page;
}

uint64_t metricsd_next_deadline(const struct metricsd *metricsd) {
    return metricsd->due_ns;
}

static struct metricsd_series *series_at(struct metricsd *metricsd, uint32_t place) {
    return &metricsd->owners[place / METRICSD_SERIES_EACH].series[place % METRICSD_SERIES_EACH];
}

bool metricsd_sweep_next(const struct metricsd *metricsd, struct metricsd_sweep *sweep,
                         struct metric_record *out) {
    while (sweep->looked < METRICSD_PLACE_MAX && sweep->count < METRICSD_RETAIN_MAX) {
        sweep->place = (metricsd->retain_from + sweep->looked) % METRICSD_PLACE_MAX;
        sweep->looked++;
        const struct metricsd_owner *owner = &metricsd->owners[sweep->place / METRICSD_SERIES_EACH];
        const struct metricsd_series *series = &owner->series[sweep->place % METRICSD_SERIES_EACH];
        if (series->due) {
            sweep->count++;
            *out = record_of(owner, series);
            return true;
        }
    }
    return false;
}

void metricsd_kept(struct metricsd *metricsd, const struct metricsd_sweep *sweep) {
    struct metricsd_series *series = series_at(metricsd, sweep->place);
    metricsd->due_count -= series->due;
    series->due = false;
    metricsd->retained++;
}

void metricsd_end_period(struct metricsd *metricsd, const struct metricsd_sweep *sweep,
                         uint64_t now_ns) {
    metricsd->periods++;
    metricsd->retain_from = (metricsd->retain_from + sweep->looked) % METRICSD_PLACE_MAX;
    metricsd->due_ns = metricsd->due_count != 0 ? now_ns + metricsd->period_ns : UINT64_MAX;
}
