// services/logd/logd.c: see logd.h.
#include "services/logd/logd.h"

#include <string.h>

#define NS_PER_RECORD (UINT64_C(1000000000) / LOGD_PER_SECOND)

void logd_init(struct logd *logd) {
    memset(logd, 0, sizeof(*logd));
    logd->next = 1;
}

static struct logd_rate *rate_of(struct logd *logd, uint64_t sender, uint64_t now_ns) {
    struct logd_rate *oldest = &logd->rates[0];
    for (uint32_t i = 0; i < LOGD_SENDER_MAX; i++) {
        struct logd_rate *one = &logd->rates[i];
        if (one->sender == sender) {
            return one;
        }
        oldest = one->sender == 0 || (oldest->sender != 0 && one->refilled_ns < oldest->refilled_ns)
                     ? one
                     : oldest;
    }
    *oldest = (struct logd_rate){.sender = sender, .refilled_ns = now_ns, .left = LOGD_BURST};
    return oldest;
}

static bool within_rate(struct logd *logd, uint64_t sender, uint64_t now_ns) {
    struct logd_rate *rate = rate_of(logd, sender, now_ns);
    uint64_t earned = (now_ns - rate->refilled_ns) / NS_PER_RECORD;
    if (earned >= LOGD_BURST) {
        rate->left = LOGD_BURST;
        rate->refilled_ns = now_ns;
    } else {
        rate->left += (uint32_t)earned;
        rate->left = rate->left < LOGD_BURST ? rate->left : LOGD_BURST;
        rate->refilled_ns += earned * NS_PER_RECORD;
    }
    if (rate->left == 0) {
        return false;
    }
    rate->left--;
    return true;
}

uint64_t logd_first(const struct logd *logd) {
    return logd->next > LOGD_RECORD_MAX ? logd->next - LOGD_RECORD_MAX : 1;
}

static void keep(struct logd_kept *place, const struct log_record *record) {
    place->at_ns = record->at_ns;
    place->sender = record->sender;
    place->level = record->level;
    place->scope_bytes = (uint8_t)record->scope.count;
    place->text_bytes = (uint8_t)record->text.count;
    memcpy(place->scope, record->scope.data, record->scope.count);
    memcpy(place->text, record->text.data, record->text.count);
}

enum wire_status logd_append(struct logd *logd, struct log_record *record) {
    if (record->level >= LOG_LEVEL_COUNT) {
        return WIRE_MALFORMED;
    }
    if (record->scope.count > LOG_SCOPE_MAX || record->text.count > LOG_TEXT_MAX) {
        logd->over_size++;
        return WIRE_TOO_LARGE;
    }
    if (!within_rate(logd, record->sender, record->at_ns)) {
        logd->over_rate++;
        return WIRE_OVERLOAD;
    }
    record->sequence = logd->next;
    logd->overwritten += logd->next > LOGD_RECORD_MAX;
    keep(&logd->records[logd->next % LOGD_RECORD_MAX], record);
    logd->next++;
    return WIRE_OK;
}

static bool is_wanted(const struct logd_kept *kept, const struct logd_wanted *wanted) {
    return kept->level >= wanted->least_level &&
           (wanted->scope.count == 0 ||
            (wanted->scope.count == kept->scope_bytes &&
             memcmp(wanted->scope.data, kept->scope, kept->scope_bytes) == 0));
}

bool logd_find(const struct logd *logd, const struct logd_wanted *wanted, struct log_record *out) {
    uint64_t first = logd_first(logd);
    uint64_t from = wanted->from > first ? wanted->from : first;
    for (uint64_t sequence = from; sequence < logd->next; sequence++) {  // Once a record.
        const struct logd_kept *kept = &logd->records[sequence % LOGD_RECORD_MAX];
        if (is_wanted(kept, wanted)) {
            *out = (struct log_record){.sequence = sequence,
                                       .at_ns = kept->at_ns,
                                       .sender = kept->sender,
                                       .level = kept->level,
                                       .scope = {.data = kept->scope, .count = kept->scope_bytes},
                                       .text = {.data = kept->text, .count = kept->text_bytes}};
            return true;
        }
    }
    return false;
}
