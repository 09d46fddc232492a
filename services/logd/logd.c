// services/logd/logd.c: see logd.h.
#include "services/logd/logd.h"

#include <string.h>

#include "ipc/plant.h"
#include "kernel/abi/task.h"

#define NS_PER_RECORD (UINT64_C(1000000000) / LOGD_PER_SECOND)

void logd_init(struct logd *logd) {
    memset(logd, 0, sizeof(*logd));
    logd_order_init(&logd->order);
    logd->next = 1;
}

const struct logd_sender *logd_sender_find(const struct logd *logd, uint64_t id) {
    for (uint32_t i = 0; i < LOGD_SENDER_MAX; i++) {
        if (id != 0 && logd->senders[i].id == id) {
            return &logd->senders[i];
        }
    }
    return 0;
}

// The sender's place; a new one is free, or that of who has not sent for longest.
static struct logd_sender *sender_of(struct logd *logd, uint64_t id, uint64_t now_ns) {
    struct logd_sender *oldest = &logd->senders[0];
    for (uint32_t i = 0; i < LOGD_SENDER_MAX; i++) {
        struct logd_sender *one = &logd->senders[i];
        if (one->id == id) {
            one->sent_ns = now_ns;
            return one;
        }
        if (one->id == 0 || (oldest->id != 0 && one->sent_ns < oldest->sent_ns)) {
            oldest = one;
        }
    }
    logd->forgotten += oldest->id != 0;
    *oldest = (struct logd_sender){
        .id = id, .sent_ns = now_ns, .refilled_ns = now_ns, .left = LOGD_BURST};
    return oldest;
}

static bool within_rate(struct logd_sender *sender, uint64_t now_ns) {
    uint64_t earned = (now_ns - sender->refilled_ns) / NS_PER_RECORD;
    if (earned >= LOGD_BURST) {
        sender->left = LOGD_BURST;
        sender->refilled_ns = now_ns;
    } else {
        sender->left += (uint32_t)earned;
        sender->left = sender->left < LOGD_BURST ? sender->left : LOGD_BURST;
        sender->refilled_ns += earned * NS_PER_RECORD;
    }
    if (sender->left == 0) {
        return false;
    }
    sender->left--;
    return true;
}

// The record that stands there in the order.
static const struct logd_kept *kept_at(const struct logd *logd, uint32_t at) {
    return &logd->records[logd_order_at(&logd->order, at)];
}

uint64_t logd_first(const struct logd *logd) {
    return logd->order.count != 0 ? kept_at(logd, 0)->sequence : logd->next;
}

// Where in the order the first record stands that is not before `from`.
static uint32_t find_from(const struct logd *logd, uint64_t from) {
    uint32_t low = 0;
    uint32_t high = logd->order.count;
    while (low < high) {  // Halves at each step.
        uint32_t middle = low + (high - low) / 2;
        if (kept_at(logd, middle)->sequence < from) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

// The place of the sender's next record, which is the last in the order from now on. The oldest of
// a sender that has its share makes room, or else of all, once the journal is full.
static struct logd_kept *make_room(struct logd *logd, uint64_t sender) {
    uint32_t oldest = 0;
    if (logd_order_count_of(&logd->order, sender, &oldest) < LOGD_SHARE_MAX) {
        if (logd->order.count < LOGD_RECORD_MAX) {
            return &logd->records[logd_order_add(&logd->order, sender)];
        }
        oldest = logd_order_at(&logd->order, 0);
    }
    logd_order_give(&logd->order, oldest, sender);
    logd->overwritten++;
    return &logd->records[oldest];
}

static void keep(struct logd_kept *place, const struct log_record *record) {
    place->sequence = record->sequence;
    place->at_ns = record->at_ns;
    place->sender = record->sender;
    place->kind = record->kind;
    place->level = record->level;
    place->scope_bytes = (uint8_t)record->scope.count;
    place->text_bytes = (uint8_t)record->text.count;
    memcpy(place->scope, record->scope.data, record->scope.count);
    memcpy(place->text, record->text.data, record->text.count);
}

enum wire_status logd_append(struct logd *logd, struct log_record *record) {
    if (record->level >= LOG_LEVEL_COUNT || record->kind == LOG_KIND_ANY ||
        record->kind >= LOG_KIND_COUNT) {
        return WIRE_MALFORMED;
    }
    struct logd_sender *sender = sender_of(logd, record->sender, record->at_ns);
    if (record->scope.count > LOG_SCOPE_MAX || record->text.count > LOG_TEXT_MAX) {
        sender->counts.over_size++;
        logd->counts.over_size++;
        return WIRE_TOO_LARGE;
    }
    if (!within_rate(sender, record->at_ns)) {
        sender->counts.over_rate++;
        logd->counts.over_rate++;
        return WIRE_OVERLOAD;
    }
    record->sequence = logd->next;
    if (plant_fires(PLANT_FORGET_RECORD)) {
        logd->next++;
        return WIRE_OK;
    }
    keep(make_room(logd, record->sender), record);
    sender->counts.appended++;
    logd->counts.appended++;
    logd->next++;
    return WIRE_OK;
}

enum wire_status logd_append_crash(struct logd *logd, struct log_record *record,
                                   const struct log_crash *crash) {
    static const uint8_t scope[] = {'c', 'r', 'a', 's', 'h'};
    // execd tells of programs, and of nobody else.
    bool of_program = (crash->subject & SERVICE_ID_TOP_BIT) != 0;
    if (record->sender != service_id_named("init").value &&
        (record->sender != service_id_named("execd").value || !of_program)) {
        return WIRE_DENIED;
    }
    if (crash->reason == EXIT_NONE || crash->reason >= EXIT_REASON_COUNT) {
        return WIRE_MALFORMED;
    }
    uint8_t text[LOG_CRASH_BYTES];
    log_crash_put(text, crash);
    record->kind = LOG_KIND_CRASH;
    record->level = crash->reason >= EXIT_FAULT_READ ? LOG_ERROR : LOG_WARNING;
    record->scope = (struct wire_bytes){.data = scope, .count = sizeof(scope)};
    record->text = (struct wire_bytes){.data = text, .count = sizeof(text)};
    enum wire_status status = logd_append(logd, record);
    record->text = (struct wire_bytes){.count = 0};  // It does not outlive this function.
    return status;
}

enum wire_status logd_wanted_check(const struct logd_wanted *wanted) {
    bool good = wanted->kind < LOG_KIND_COUNT && wanted->least_level < LOG_LEVEL_COUNT &&
                wanted->scope.count <= LOG_SCOPE_MAX &&
                (wanted->until == 0 || wanted->from <= wanted->until);
    return good ? WIRE_OK : WIRE_MALFORMED;
}

static bool is_wanted(const struct logd_kept *kept, const struct logd_wanted *wanted) {
    return kept->level >= wanted->least_level &&
           (wanted->kind == LOG_KIND_ANY || wanted->kind == kept->kind) &&
           (wanted->scope.count == 0 ||
            (wanted->scope.count == kept->scope_bytes &&
             memcmp(wanted->scope.data, kept->scope, kept->scope_bytes) == 0));
}

static bool put(struct wire_writer *out, const struct logd_kept *kept) {
    const struct log_record record = {.sequence = kept->sequence,
                                      .at_ns = kept->at_ns,
                                      .sender = kept->sender,
                                      .kind = kept->kind,
                                      .level = kept->level,
                                      .scope = {.data = kept->scope, .count = kept->scope_bytes},
                                      .text = {.data = kept->text, .count = kept->text_bytes}};
    return log_record_put(out, &record);
}

struct logd_page logd_read(const struct logd *logd, const struct logd_wanted *wanted,
                           uint32_t looks, struct wire_writer *out) {
    uint64_t end = wanted->until != 0 && wanted->until < logd->next ? wanted->until : logd->next;
    struct logd_page page = {.next = end};
    uint32_t first = find_from(logd, wanted->from);
    for (uint32_t i = first; i < logd->order.count; i++) {
        const struct logd_kept *kept = kept_at(logd, i);
        if (kept->sequence >= end) {
            break;
        }
        if (i - first == looks || (is_wanted(kept, wanted) && !put(out, kept))) {
            page.next = kept->sequence;
            page.more = true;
            break;
        }
        page.count += is_wanted(kept, wanted);
    }
    return page;
}
