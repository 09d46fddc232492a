// services/selftest/cases_disk.c: the disk of virtioblkd as one who may call it has it: what is
// written is read again, what is refused changes nothing, and a driver that ends says what it may
// have lost. testing/disk has the rest.
#include <string.h>

#include "ipc/block_client.h"
#include "ipc/wire/block_wire.h"
#include "services/selftest/caller.h"
#include "services/selftest/cases.h"
#include "services/selftest/slots.h"

enum {
    SECTOR = 512,
    // The last of the disk: the journal of statefsd uses the first 31,760 (services/statefsd).
    OWN_SECTORS = 512,
    JOURNAL_SECTORS = 31760,
    WINDOW_BYTES = 65536,
    HALF = WINDOW_BYTES / 2,
};

struct disk_user {
    struct caller caller;
    struct block_client disk;
    uint64_t first;  // Of its sectors.
};

static struct deadline patience(void) {
    return (struct deadline){.ns = selftest_patience()};
}

static bool expect(const struct disk_user *user, const char *what, uint64_t got, uint64_t wanted) {
    return selftest_expect(user->caller.selftest, what, got, wanted);
}

static bool disk_user_begin(struct selftest *selftest, struct disk_user *user) {
    if (!caller_begin(selftest, &user->caller)) {
        return false;
    }
    block_client_init(&user->disk, &user->caller.client, service_id_named("virtioblkd"),
                      slot_at(SELFTEST_SLOT_FACTORY));
    if (!expect(user, "opening the disk", block_open(&user->disk, WINDOW_BYTES, patience()),
                BLOCK_OK) ||
        !expect(user, "bytes of a sector", user->disk.disk.sector_bytes, SECTOR) ||
        !expect(user, "that the journal leaves some",
                user->disk.disk.sectors >= JOURNAL_SECTORS + OWN_SECTORS, true)) {
        return false;
    }
    user->first = user->disk.disk.sectors - OWN_SECTORS;
    return true;
}

static bool disk_user_end(struct disk_user *user) {
    block_close(&user->disk);
    return caller_end(&user->caller);
}

static void fill(struct disk_user *user, uint32_t bytes, uint32_t seed) {
    for (uint32_t i = 0; i < bytes; i++) {
        user->disk.window.bytes[i] = (uint8_t)(seed * 31 + i + i / SECTOR * 7);
    }
}

static bool writes(struct disk_user *user, uint32_t bytes, uint32_t seed) {
    fill(user, bytes, seed);
    return expect(user, "write",
                  block_write(&user->disk, user->first, bytes / SECTOR, 0, patience()), BLOCK_OK);
}

static bool reads(struct disk_user *user, uint32_t bytes, uint32_t seed) {
    uint8_t *window = user->disk.window.bytes;
    fill(user, bytes, seed);
    memset(window + HALF, 0xee, bytes);
    return expect(user, "read",
                  block_read(&user->disk, user->first, bytes / SECTOR, HALF, patience()),
                  BLOCK_OK) &&
           expect(user, "bytes as they were written", memcmp(window, window + HALF, bytes) == 0,
                  true);
}

static bool flushes(struct disk_user *user, enum block_result wanted) {
    return expect(user, "flush", block_flush(&user->disk, patience()), wanted);
}

static bool asks(struct disk_user *user, struct block_message *message, enum wire_status wanted) {
    struct ipc_outcome outcome = caller_ask(&user->caller, "virtioblkd", &block_rows, message);
    return expect(user, "asking virtioblkd", outcome.error, IPC_OK) &&
           expect(user, "its status", message->header.status, wanted);
}

static bool get_stats(struct disk_user *user, struct block_message *stats) {
    *stats = (struct block_message){.header = {.op = BLOCK_OP_STATS}};
    return asks(user, stats, WIRE_OK);
}

bool case_disk_read_write(struct selftest *selftest) {
    struct disk_user user;
    return disk_user_begin(selftest, &user) && writes(&user, HALF, 1) && reads(&user, HALF, 1) &&
           writes(&user, SECTOR, 2) && reads(&user, SECTOR, 2) && disk_user_end(&user);
}

// A journal's step in one call: the record, a barrier, what says that it counts, and a flush.
bool case_disk_barrier(struct selftest *selftest) {
    struct block_message before;
    struct block_message after;
    struct disk_user user;
    if (!disk_user_begin(selftest, &user)) {
        return false;
    }
    struct block_item items[] = {
        {.op = BLOCK_WRITE, .sector = user.first, .count = 8},
        {.op = BLOCK_FLUSH},
        {.op = BLOCK_WRITE, .sector = user.first + 8, .count = 1, .offset = 8 * SECTOR},
        {.op = BLOCK_FLUSH}};
    fill(&user, 9 * SECTOR, 3);
    return get_stats(&user, &before) &&
           expect(&user, "with barriers",
                  block_run(&user.disk, items, ARRAY_LEN(items), patience()), BLOCK_OK) &&
           expect(&user, "unflushed", user.disk.unflushed, 0) && get_stats(&user, &after) &&
           expect(&user, "flushes", after.flushes - before.flushes, 2) &&
           expect(&user, "calls", after.submissions - before.submissions, 1) &&
           reads(&user, 9 * SECTOR, 3) && disk_user_end(&user);
}

// A wrong item, and beside it one that would write: neither is begun.
static bool refused(struct disk_user *user, struct block_item wrong, enum block_result result) {
    struct block_item items[] = {{.op = BLOCK_WRITE, .sector = user->first, .count = 1}, wrong};
    struct block_message before;
    struct block_message after;
    return writes(user, SECTOR, 4) && get_stats(user, &before) &&
           expect(user, "a wrong item", block_run(&user->disk, items, 2, patience()), result) &&
           expect(user, "the other one", items[0].result, BLOCK_NOT_DONE) &&
           get_stats(user, &after) && expect(user, "requests", after.requests, before.requests) &&
           reads(user, SECTOR, 4);
}

bool case_disk_reject_range(struct selftest *selftest) {
    struct disk_user user;
    if (!disk_user_begin(selftest, &user)) {
        return false;
    }
    const uint64_t end = user.disk.disk.sectors;
    return refused(&user, (struct block_item){.op = BLOCK_READ, .sector = end, .count = 1},
                   BLOCK_BAD_RANGE) &&
           refused(&user, (struct block_item){.op = BLOCK_WRITE, .sector = end - 1, .count = 2},
                   BLOCK_BAD_RANGE) &&
           refused(&user, (struct block_item){.op = BLOCK_READ, .count = 1, .offset = WINDOW_BYTES},
                   BLOCK_BAD_WINDOW) &&
           disk_user_end(&user);
}

// Data travels in the window only: a request that brings some in its frame is none.
bool case_disk_reject_inline(struct selftest *selftest) {
    uint8_t bytes[BLOCK_ITEM_WIRE_BYTES + 128];
    struct wire_writer writer = wire_writer_of(bytes, sizeof(bytes));
    struct block_message before;
    struct block_message after;
    struct disk_user user;
    if (!disk_user_begin(selftest, &user) || !writes(&user, SECTOR, 5)) {
        return false;
    }
    const struct block_item item = {.op = BLOCK_WRITE, .sector = user.first, .count = 1};
    memset(bytes, 0xee, sizeof(bytes));
    block_item_put(&writer, &item);
    struct block_message message = {.header = {.op = BLOCK_OP_SUBMIT},
                                    .channel = user.disk.channel,
                                    .items = {.data = bytes, .count = sizeof(bytes)}};
    return get_stats(&user, &before) && asks(&user, &message, WIRE_MALFORMED) &&
           get_stats(&user, &after) && expect(&user, "requests", after.requests, before.requests) &&
           reads(&user, SECTOR, 5) && disk_user_end(&user);
}

// A channel that this client did not open: another's, or nobody's.
bool case_disk_reject_foreign_window(struct selftest *selftest) {
    static const uint8_t items[BLOCK_ITEM_WIRE_BYTES] = {BLOCK_FLUSH};
    struct disk_user user;
    bool good = disk_user_begin(selftest, &user) && writes(&user, SECTOR, 6);
    // statefsd opened one of those before.
    for (uint32_t channel = user.disk.channel - 1; channel > 0 && good; channel--) {
        struct block_message message = {.header = {.op = BLOCK_OP_SUBMIT},
                                        .channel = channel,
                                        .items = {.data = items, .count = sizeof(items)}};
        good = asks(&user, &message, WIRE_ABSENT);
    }
    return good && reads(&user, SECTOR, 6) && flushes(&user, BLOCK_OK) && disk_user_end(&user);
}

bool case_disk_reject_denied(struct selftest *selftest) {
    struct caller caller;
    return caller_begin(selftest, &caller) && caller_sees_denial(&caller, "virtioblkd") &&
           caller_end(&caller);
}

// The next instance resets the device. What was written and not flushed is read there still, and
// no flush says that it is durable.
bool case_disk_rebound(struct selftest *selftest) {
    struct disk_user user;
    if (!disk_user_begin(selftest, &user) || !writes(&user, HALF, 7) ||
        !caller_sees_restart(&user.caller, "virtioblkd")) {
        return false;
    }
    const uint64_t opened = user.disk.opened;
    return reads(&user, HALF, 7) && expect(&user, "opened", user.disk.opened, opened + 1) &&
           flushes(&user, BLOCK_LOST) && writes(&user, HALF, 8) && flushes(&user, BLOCK_OK) &&
           reads(&user, HALF, 8) && disk_user_end(&user);
}
