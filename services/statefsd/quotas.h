// services/statefsd/quotas.h: what each service may keep: `keep` lines of the image's manifest, as
// tools/mkimage writes them into the image, and as statefsd reads them.
//
// A service without a line has an equal part of what the lines leave of the pools; a space is kept
// for each line (statefs_stage), so of the others there are as many as there are parts. So all
// quotas together are no more than the pools, and nobody shuts out who has a line.
// Units:     entries; bytes of keys and values.
// Ownership: the caller owns the struct.
// Blocking:  never.
// Errors:    state_quotas_read refuses bytes that are not exactly such a table; nothing is changed.
#pragma once

#include "services/statefsd/table.h"

#ifdef __cplusplus
extern "C" {
#endif

#define STATE_QUOTAS_NAME "keep"  // Of the file in the image.

enum {
    STATE_QUOTA_ROWS_MAX = STATE_SPACES_MAX - 1,
    STATE_QUOTA_REST_BYTES = 4096,  // Of who has no line.
};

// A row of the file. Little-endian; rising by service_id.
struct state_quota_row {
    uint64_t service_id;
    uint32_t entries;
    uint32_t bytes;
};
BASE_STATIC_ASSERT(sizeof(struct state_quota_row) == 16, "frozen");

struct state_quotas {
    uint32_t count;
    struct state_quota rows[STATE_SPACES_MAX];  // The last is for who has no line.
};

// Of an image without lines.
void state_quotas_none(struct state_quotas *quotas);

WARN_UNUSED bool state_quotas_read(const void *bytes, uint64_t count, struct state_quotas *out);

#ifdef __cplusplus
}
#endif
