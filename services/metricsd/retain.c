// services/metricsd/retain.c: see retain.h.
#include "services/metricsd/retain.h"

#include <string.h>

#include "ipc/ask.h"
#include "ipc/log_record.h"
#include "ipc/wire/log_wire.h"
#include "runtime/format.h"

static void put_text(struct format_buffer *buffer, const struct metric_record *record) {
    static const char *const kinds[METRIC_KIND_COUNT] = {
        [METRIC_COUNTER] = "counter",
        [METRIC_GAUGE] = "gauge",
        [METRIC_HISTOGRAM] = "histogram",
        [METRIC_SPAN] = "span",
    };
    char name[METRIC_NAME_MAX + 1] = {0};
    memcpy(name, record->name.data, record->name.count);
    format_append(buffer, "%lx %s %s count %lu sum %lu least %lu most %lu", record->owner,
                  kinds[record->kind], name, record->count, record->sum, record->least,
                  record->most);
}

// True: it is in the journal.
static bool append(struct ipc_client *client, const struct metric_record *record,
                   uint64_t deadline_ns) {
    static const uint8_t scope[] = {'m', 'e', 't', 'r', 'i', 'c', 's'};
    char text[LOG_TEXT_MAX];
    struct format_buffer buffer = {.text = text, .capacity = sizeof(text)};
    put_text(&buffer, record);
    struct log_message message = {
        .header = {.op = LOG_OP_APPEND},
        .level = LOG_INFO,
        .scope = {.data = scope, .count = sizeof(scope)},
        .text = {.data = (const uint8_t *)buffer.text, .count = buffer.count}};
    const struct ipc_question question = {
        .target = service_id_named("logd"), .protocol = &log_rows, .deadline = {.ns = deadline_ns}};
    struct ipc_outcome outcome = ipc_ask(client, &question, &message);
    return outcome.error == IPC_OK && message.header.status == WIRE_OK;
}

void retain_period(struct metricsd *metricsd, struct ipc_client *client, uint64_t now_ns) {
    struct metricsd_sweep sweep = {.looked = 0};
    struct metric_record record;
    // Of each record a question of its own.
    while (metricsd_sweep_next(metricsd, &sweep, &record)) {  // METRICSD_RETAIN_MAX times.
        if (!append(client, &record, now_ns + RETAIN_NS_MAX)) {
            metricsd->unretained++;
            break;  // The others would fare no better, and wait as long.
        }
        metricsd_kept(metricsd, &sweep);
    }
    metricsd_end_period(metricsd, &sweep, now_ns);
}
