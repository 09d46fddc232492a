// services/statefsd/quotas.c: see quotas.h.
#include "services/statefsd/quotas.h"

#include <string.h>

// One more row than those that are there: of what they leave.
static void put_rest(struct state_quotas *quotas, uint32_t entries) {
    const uint32_t others = STATE_SPACES_MAX - quotas->count;
    quotas->rows[quotas->count++] = (struct state_quota){
        .entries = (STATE_ENTRIES_MAX - entries) / others, .bytes = STATE_QUOTA_REST_BYTES};
}

void state_quotas_none(struct state_quotas *quotas) {
    quotas->count = 0;
    put_rest(quotas, 0);
}

bool state_quotas_read(const void *bytes, uint64_t count, struct state_quotas *out) {
    struct state_quotas read = {.count = 0};
    const uint64_t rows = count / sizeof(struct state_quota_row);
    uint32_t entries = 0;
    uint64_t last = 0;
    if (rows == 0 || rows > STATE_QUOTA_ROWS_MAX || count % sizeof(struct state_quota_row) != 0) {
        return false;
    }
    for (uint64_t i = 0; i < rows; i++) {
        struct state_quota_row row;
        memcpy(&row, (const uint8_t *)bytes + i * sizeof(row), sizeof(row));
        if (row.service_id <= last || row.entries > STATE_ENTRIES_MAX - entries) {
            return false;
        }
        last = row.service_id;
        entries += row.entries;
        read.rows[read.count++] = (struct state_quota){
            .space = row.service_id, .entries = row.entries, .bytes = row.bytes};
    }
    put_rest(&read, entries);
    *out = read;
    return true;
}
