// services/statefsd/window_disk.c: see window_disk.h.
#include "services/statefsd/window_disk.h"

#include <string.h>

#include "ipc/plant.h"

static struct deadline patience(void) {
    return (struct deadline){sys_clock_get() + BLOCK_PATIENCE_NS};
}

static uint8_t *place(const struct window_disk *state, uint32_t index) {
    return (uint8_t *)state->client->window.bytes + (uint64_t)index * WINDOW_DISK_PLACE_BYTES;
}

static enum block_result reopen(struct window_disk *state) {
    return block_open(state->client, WINDOW_DISK_BYTES, patience());
}

// Of the last two nothing was done.
static bool may_run_again(enum block_result result) {
    return result == BLOCK_LOST || result == BLOCK_FAILED || result == BLOCK_UNKNOWN ||
           result == BLOCK_NOT_DONE || result == BLOCK_BUSY;
}

// What was collected, in one call. Whatever became of it, it is not collected any more.
static enum disk_status run(struct window_disk *state) {
    enum block_result result = BLOCK_OK;
    if (state->count > 0) {
        result = block_run(state->client, state->items, state->count, patience());
    }
    state->count = 0;
    if (result == BLOCK_OK || plant_fires(PLANT_FORGET_LOST)) {
        return DISK_OK;
    }
    if (result == BLOCK_CUT_OFF || result == BLOCK_CLOSED) {
        result = reopen(state);
        return result == BLOCK_OK || result == BLOCK_BUSY ? DISK_LOST : DISK_FAILED;
    }
    return may_run_again(result) ? DISK_LOST : DISK_FAILED;
}

static enum disk_status disk_write(void *context, uint64_t sector, uint32_t count,
                                   const uint8_t *bytes) {
    struct window_disk *state = context;
    state->ahead_count = 0;
    if (state->count == WINDOW_DISK_PLACES - 1) {  // One is for the flush.
        enum disk_status status = run(state);
        if (status == DISK_FAILED) {
            return status;
        }
        state->lost = state->lost || status == DISK_LOST;
    }
    memcpy(place(state, state->count), bytes, (uint64_t)count * DISK_SECTOR_BYTES);
    state->items[state->count] =
        (struct block_item){.sector = sector,
                            .offset = state->count * WINDOW_DISK_PLACE_BYTES,
                            .count = (uint16_t)count,
                            .op = BLOCK_WRITE};
    state->count++;
    return DISK_OK;
}

static enum disk_status disk_flush(void *context) {
    struct window_disk *state = context;
    state->items[state->count] = (struct block_item){.op = BLOCK_FLUSH};
    state->count++;
    enum disk_status status = run(state);
    if (status == DISK_OK && state->lost) {
        status = DISK_LOST;
    }
    state->lost = false;
    return status;
}

static enum block_result fetch(struct window_disk *state, uint64_t sector, uint32_t count) {
    state->ahead_count = 0;
    enum block_result result =
        block_read(state->client, sector, count, WINDOW_DISK_AHEAD_AT, patience());
    if (result == BLOCK_OK) {
        state->ahead_first = sector;
        state->ahead_count = count;
    }
    return result;
}

static bool is_ahead(const struct window_disk *state, uint64_t sector, uint32_t count) {
    return sector >= state->ahead_first &&
           sector + count <= state->ahead_first + state->ahead_count;
}

// What a sector further on cannot say does not matter here: then only what is asked for.
static enum block_result fetch_ahead(struct window_disk *state, uint64_t sector, uint32_t count) {
    const uint64_t left = state->client->disk.sectors - sector;
    const uint32_t most =
        left < WINDOW_DISK_AHEAD_SECTORS ? (uint32_t)left : WINDOW_DISK_AHEAD_SECTORS;
    enum block_result result = fetch(state, sector, most);
    if (result == BLOCK_FAILED) {
        result = fetch(state, sector, count);
    }
    if (result != BLOCK_OK && reopen(state) == BLOCK_OK) {
        result = fetch(state, sector, count);
    }
    return result;
}

static enum disk_status disk_read(void *context, uint64_t sector, uint32_t count, uint8_t *bytes) {
    struct window_disk *state = context;
    enum disk_status status = run(state);  // What is read is what was written.
    if (status == DISK_FAILED) {
        return status;
    }
    state->lost = state->lost || status == DISK_LOST;
    if (sector > state->client->disk.sectors || count > state->client->disk.sectors - sector ||
        (!is_ahead(state, sector, count) && fetch_ahead(state, sector, count) != BLOCK_OK)) {
        return DISK_FAILED;
    }
    const uint8_t *from = state->client->window.bytes + WINDOW_DISK_AHEAD_AT +
                          (sector - state->ahead_first) * DISK_SECTOR_BYTES;
    memcpy(bytes, from, (uint64_t)count * DISK_SECTOR_BYTES);
    return DISK_OK;
}

enum block_result window_disk_open(struct window_disk *state, struct block_client *client,
                                   struct disk *disk) {
    *state = (struct window_disk){.client = client};
    enum block_result result = reopen(state);
    if (result != BLOCK_OK) {
        return result;
    }
    if (client->disk.sector_bytes != DISK_SECTOR_BYTES || client->disk.read_only) {
        return BLOCK_BAD_ITEM;
    }
    *disk = (struct disk){.context = state,
                          .sectors = client->disk.sectors,
                          .read = disk_read,
                          .write = disk_write,
                          .flush = disk_flush};
    return BLOCK_OK;
}
