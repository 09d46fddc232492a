// services/statefsd/internal.h: what the journal's files share: writing superblocks and batches.
// Units, ownership and blocking as in statefs.h; STATE_FAILED where the disk failed or kept losing
// what was written.
#pragma once

#include "services/statefsd/statefs.h"

#ifdef __cplusplus
extern "C" {
#endif

static inline bool planted(const struct statefs *fs, enum state_plant plant) {
    return fs->config.plant == plant;
}

// Makes the superblock durable in both places, one after the other: the later one has the higher
// sequence, and the other was durable before. After STATE_OK it is the one that counts.
WARN_UNUSED enum state_status state_write_super(struct statefs *fs, const struct state_super *next);

// The first time after a mount: begins a new epoch.
WARN_UNUSED enum state_status state_begin_epoch(struct statefs *fs);

// Whatever was written and not flushed may be gone: a compaction starts over.
void state_note_lost(struct statefs *fs);

// The same batch for the new region, if there is one. Not flushed.
void state_mirror(struct statefs *fs, const uint8_t *payload, uint32_t payload_bytes);

// After a commit: begins a compaction where one is needed, says what is due.
void state_plan_compaction(struct statefs *fs);

#ifdef __cplusplus
}
#endif
