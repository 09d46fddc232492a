// testing/disk/disk.c: a client of virtioblkd and the ladder that it climbs: what is written is
// read again, what is refused changes nothing, what fails is told, and a service that ends in
// between is found again.
//
// The manifest's argument says which disk there is: one that works, one that cannot be written, one
// with the errors of images/disk_faults.conf, or one that is too slow.
#include <string.h>

#include "images/markers.h"
#include "ipc/block_client.h"
#include "ipc/bulk_sealed.h"
#include "ipc/frame.h"
#include "ipc/ready.h"
#include "ipc/resolver.h"
#include "ipc/wire/block_wire.h"
#include "ipc/wire/init_wire.h"
#include "runtime/main.h"

enum {
    SLOT_FACTORY = 4,   // VMOs and endpoints.
    SLOT_OPERATOR = 9,  // To init, with the badge of who ends services.

    DISK_WORKS = 1,
    DISK_READ_ONLY = 2,
    DISK_FAULTS = 3,
    DISK_SLOW = 4,

    SECTOR = 512,
    SECTORS = 8 * 2048,  // Of images/BUILD.bazel: 8 MiB.
    WINDOW = 1 << 20,
    HALF = WINDOW / 2,
    // images/disk_faults.conf: the first flush fails too.
    FAULT_READ = 3000,
    FAULT_WRITE = 3100,
};

#define PATIENCE_NS UINT64_C(60000000000)
#define RECOVERY_NS UINT64_C(2500000000)

struct disk_test {
    struct runtime *runtime;
    struct ipc_resolver resolver;
    struct ipc_client ipc;
    struct block_client disk;
    uint32_t argument;
};

static struct deadline patience(void) {
    return (struct deadline){.ns = sys_clock_get() + PATIENCE_NS};
}

static bool expect(const struct disk_test *test, const char *what, uint64_t got, uint64_t wanted) {
    if (got == wanted) {
        return true;
    }
    log_line(test->runtime, "disk: %s: got %lu, expected %lu", what, got, wanted);
    return false;
}

static bool expect_ok(const struct disk_test *test, const char *what, enum block_result got) {
    return expect(test, what, got, BLOCK_OK);
}

static struct block_item item_of(enum block_action op, uint64_t sector, uint16_t count,
                                 uint32_t offset) {
    return (struct block_item){
        .sector = sector, .offset = offset, .count = count, .op = (uint8_t)op};
}

// Differs from sector to sector and from seed to seed.
static void fill(uint8_t *bytes, uint32_t count, uint32_t seed) {
    for (uint32_t i = 0; i < count; i++) {
        bytes[i] = (uint8_t)(seed * 31 + i + i / SECTOR * 7);
    }
}

static bool reads(struct disk_test *test, uint64_t sector, uint32_t bytes, uint32_t seed) {
    uint8_t *window = test->disk.window.bytes;
    fill(window, bytes, seed);
    memset(window + HALF, 0xee, bytes);
    return expect_ok(test, "read",
                     block_read(&test->disk, sector, bytes / SECTOR, HALF, patience())) &&
           expect(test, "bytes as they were written", memcmp(window, window + HALF, bytes) == 0,
                  true);
}

static enum block_result writes(struct disk_test *test, uint64_t sector, uint32_t bytes,
                                uint32_t seed) {
    fill(test->disk.window.bytes, bytes, seed);
    return block_write(&test->disk, sector, bytes / SECTOR, 0, patience());
}

static bool get_stats(struct disk_test *test, struct block_message *stats) {
    *stats = (struct block_message){.header = {.op = BLOCK_OP_STATS}};
    const struct ipc_question question = {.target = test->disk.target,
                                          .protocol = &block_rows,
                                          .deadline = patience(),
                                          .carried = slot_at(CAP_SLOT_NONE)};
    return expect(test, "asking for counts", ipc_ask(&test->ipc, &question, stats).error, IPC_OK) &&
           expect(test, "their status", stats->header.status, WIRE_OK);
}

static bool case_open(struct disk_test *test) {
    const struct block_disk *disk = &test->disk.disk;
    return expect_ok(test, "open", block_open(&test->disk, WINDOW, patience())) &&
           expect(test, "sectors", disk->sectors, SECTORS) &&
           expect(test, "bytes of one", disk->sector_bytes, SECTOR) &&
           expect(test, "read-only", disk->read_only, test->argument == DISK_READ_ONLY);
}

static bool case_read_write(struct disk_test *test) {
    static const uint32_t sizes[] = {SECTOR, 4096, 5 * SECTOR, 65536, HALF};
    uint64_t sector = 0;
    for (uint32_t i = 0; i < ARRAY_LEN(sizes); i++) {
        if (!expect_ok(test, "write", writes(test, sector, sizes[i], i))) {
            return false;
        }
        sector += sizes[i] / SECTOR;
    }
    sector = 0;
    for (uint32_t i = 0; i < ARRAY_LEN(sizes); i++) {
        if (!reads(test, sector, sizes[i], i)) {
            return false;
        }
        sector += sizes[i] / SECTOR;
    }
    return expect_ok(test, "the last sector", writes(test, SECTORS - 1, SECTOR, 77)) &&
           reads(test, SECTORS - 1, SECTOR, 77);
}

// A journal's step in one call: the record, a barrier, what says that it counts, and a flush.
static bool case_flush(struct disk_test *test) {
    struct block_item items[] = {item_of(BLOCK_WRITE, 4000, 8, 0), item_of(BLOCK_FLUSH, 0, 0, 0),
                                 item_of(BLOCK_WRITE, 4008, 1, 4096),
                                 item_of(BLOCK_FLUSH, 0, 0, 0)};
    struct block_message before;
    struct block_message after;
    fill(test->disk.window.bytes, 9 * SECTOR, 5);
    return get_stats(test, &before) &&
           expect_ok(test, "with barriers",
                     block_run(&test->disk, items, ARRAY_LEN(items), patience())) &&
           expect_ok(test, "flush", block_flush(&test->disk, patience())) &&
           expect(test, "unflushed", test->disk.unflushed, 0) && get_stats(test, &after) &&
           expect(test, "flushes", after.flushes - before.flushes, 3) &&
           expect(test, "calls", after.submissions - before.submissions, 2) &&
           reads(test, 4000, 9 * SECTOR, 5);
}

// One refused item, and beside it one that would write.
static bool refused(struct disk_test *test, struct block_item wrong, enum block_result result) {
    struct block_item items[] = {item_of(BLOCK_WRITE, 5000, 1, 0), wrong};
    struct block_message before;
    struct block_message after;
    fill(test->disk.window.bytes, SECTOR, 6);
    return get_stats(test, &before) &&
           expect(test, "a wrong item", block_run(&test->disk, items, 2, patience()), result) &&
           expect(test, "the other one", items[0].result, BLOCK_NOT_DONE) &&
           get_stats(test, &after) && expect(test, "requests", after.requests, before.requests) &&
           expect(test, "refused", after.refused, before.refused + 1);
}

static bool case_reject_range(struct disk_test *test) {
    return refused(test, item_of(BLOCK_READ, SECTORS, 1, 0), BLOCK_BAD_RANGE) &&
           refused(test, item_of(BLOCK_WRITE, SECTORS - 1, 2, 0), BLOCK_BAD_RANGE) &&
           refused(test, item_of(BLOCK_WRITE, UINT64_MAX, 128, 0), BLOCK_BAD_RANGE);
}

static bool case_reject_window(struct disk_test *test) {
    return refused(test, item_of(BLOCK_READ, 0, 1, WINDOW), BLOCK_BAD_WINDOW) &&
           refused(test, item_of(BLOCK_WRITE, 0, 2, WINDOW - SECTOR), BLOCK_BAD_WINDOW);
}

static bool case_reject_misaligned(struct disk_test *test) {
    return refused(test, item_of(BLOCK_READ, 0, 1, 8), BLOCK_MISALIGNED) &&
           refused(test, item_of(BLOCK_READ, 0, 129, 0), BLOCK_BAD_ITEM) &&
           refused(test, item_of(BLOCK_FLUSH, 1, 0, 0), BLOCK_BAD_ITEM);
}

// An operation that block_client.h would not send.
static bool asks_raw(struct disk_test *test, struct block_message *message, struct slot carried,
                     enum wire_status status) {
    const struct ipc_question question = {.target = test->disk.target,
                                          .protocol = &block_rows,
                                          .deadline = patience(),
                                          .carried = carried};
    return expect(test, "asking", ipc_ask(&test->ipc, &question, message).error, IPC_OK) &&
           expect(test, "status", message->header.status, status);
}

// A channel that nobody has opened here, items that are none, and windows that are none.
static bool case_reject_foreign_window(struct disk_test *test) {
    const uint8_t items[BLOCK_ITEM_WIRE_BYTES] = {BLOCK_FLUSH};
    struct block_message foreign = {.header = {.op = BLOCK_OP_SUBMIT},
                                    .channel = test->disk.channel + 1,
                                    .items = {.data = items, .count = sizeof(items)}};
    struct block_message cut = {.header = {.op = BLOCK_OP_SUBMIT},
                                .channel = test->disk.channel,
                                .items = {.data = items, .count = sizeof(items) - 1}};
    struct block_message none = {.header = {.op = BLOCK_OP_OPEN}};
    return asks_raw(test, &foreign, slot_at(CAP_SLOT_NONE), WIRE_ABSENT) &&
           asks_raw(test, &cut, slot_at(CAP_SLOT_NONE), WIRE_MALFORMED) &&
           asks_raw(test, &none, slot_at(CAP_SLOT_NONE), WIRE_MALFORMED) &&
           expect_ok(test, "the own window", block_flush(&test->disk, patience()));
}

// Sealed memory, and memory that may only be read: nothing could be read into it.
static bool case_reject_sealed_window(struct disk_test *test) {
    struct block_message sealed = {.header = {.op = BLOCK_OP_OPEN}};
    struct block_message shared = {.header = {.op = BLOCK_OP_OPEN}};
    struct bulk_window window;
    struct slot sent = slot_at(CAP_SLOT_NONE);
    bool good = expect(test, "a window",
                       bulk_window_create(&window, slot_at(SLOT_FACTORY), PAGE_BYTES), BULK_OK) &&
                expect(test, "to read", bulk_window_share(&window, &sent), BULK_OK) &&
                asks_raw(test, &shared, sent, WIRE_MALFORMED) &&
                expect(test, "sealing", bulk_seal(&window, &sent), BULK_OK) &&
                asks_raw(test, &sealed, sent, WIRE_MALFORMED);
    // The channel of before went with the attempt.
    return good && expect_ok(test, "after that", writes(test, 0, SECTOR, 0)) &&
           expect(test, "opened", test->disk.opened, 2) &&
           expect_ok(test, "flush", block_flush(&test->disk, patience()));
}

// What the items have written, from the window's second half on.
static bool reads_all(struct disk_test *test, struct block_item *items) {
    uint8_t *window = test->disk.window.bytes;
    for (uint32_t i = 0; i < BLOCK_ITEMS_MAX; i++) {
        items[i].op = BLOCK_READ;
        items[i].offset += HALF;
    }
    memset(window + HALF, 0xee, BLOCK_ITEMS_MAX * 4096);
    return expect_ok(test, "many reads",
                     block_run(&test->disk, items, BLOCK_ITEMS_MAX, patience())) &&
           expect(test, "bytes as they were written",
                  memcmp(window, window + HALF, BLOCK_ITEMS_MAX * 4096) == 0, true);
}

// Thirty-two at once are one call, and at most one interrupt and one bell for eight.
static bool case_many_in_flight(struct disk_test *test) {
    struct block_item items[BLOCK_ITEMS_MAX];
    struct block_message before;
    struct block_message after;
    for (uint32_t i = 0; i < BLOCK_ITEMS_MAX; i++) {
        items[i] = item_of(BLOCK_WRITE, 6000 + i * 64, 8, i * 4096);
    }
    fill(test->disk.window.bytes, BLOCK_ITEMS_MAX * 4096, 9);
    if (!get_stats(test, &before) ||
        !expect_ok(test, "many", block_run(&test->disk, items, BLOCK_ITEMS_MAX, patience())) ||
        !get_stats(test, &after)) {
        return false;
    }
    uint64_t interrupts = after.interrupts - before.interrupts;
    log_line(test->runtime, "disk: 32 requests: %lu interrupts, %lu bells, %u deep", interrupts,
             after.bells - before.bells, after.deepest);
    return expect(test, "requests", after.requests - before.requests, BLOCK_ITEMS_MAX) &&
           expect(test, "calls", after.submissions - before.submissions, 1) &&
           expect(test, "deepest", after.deepest, BLOCK_ITEMS_MAX) &&
           expect(test, "at most one interrupt for eight", interrupts <= BLOCK_ITEMS_MAX / 8,
                  true) &&
           expect(test, "bells", after.bells - before.bells, 1) && reads_all(test, items);
}

static bool end_service(struct disk_test *test) {
    struct message_page *page = test->runtime->page;
    struct init_message message = {.header = {.op = INIT_OP_END},
                                   .service = test->disk.target.value};
    frame_finish(&page->call_out, WIRE_PROTOCOL_INIT,
                 init_encode(WIRE_REQUEST, &message, page->call_out.payload,
                             sizeof(page->call_out.payload)));
    return expect(test, "asking init to end it",
                  sys_ipc_call(slot_at(SLOT_OPERATOR), patience().ns).status, STATUS_OK) &&
           expect(
               test, "the answer",
               init_decode(WIRE_REPLY, page->reply_in.payload, page->reply_in.header.len, &message),
               WIRE_OK) &&
           expect(test, "its status", message.header.status, WIRE_OK);
}

// The next instance resets the device; a write that was not flushed before that is not flushed
// after it, and the client is told.
static bool case_rebound(struct disk_test *test) {
    uint64_t opened = test->disk.opened;
    return expect_ok(test, "write", writes(test, 7000, HALF, 11)) && end_service(test) &&
           reads(test, 7000, HALF, 11) && expect(test, "opened", test->disk.opened, opened + 1) &&
           expect(test, "flush", block_flush(&test->disk, patience()), BLOCK_LOST) &&
           expect_ok(test, "write again", writes(test, 7000, HALF, 12)) &&
           expect_ok(test, "flush", block_flush(&test->disk, patience())) &&
           reads(test, 7000, HALF, 12);
}

static bool case_reject_read_only(struct disk_test *test) {
    struct block_item items[] = {item_of(BLOCK_READ, 0, 1, 0), item_of(BLOCK_WRITE, 1, 1, 0)};
    return expect(test, "write", writes(test, 0, SECTOR, 1), BLOCK_READ_ONLY) &&
           expect(test, "both", block_run(&test->disk, items, 2, patience()), BLOCK_READ_ONLY) &&
           expect(test, "the read", items[0].result, BLOCK_NOT_DONE) &&
           expect_ok(test, "read", block_read(&test->disk, 0, 8, 0, patience())) &&
           expect_ok(test, "flush", block_flush(&test->disk, patience()));
}

static bool case_read_failed(struct disk_test *test) {
    memset(test->disk.window.bytes, 0xee, SECTOR);
    return expect(test, "read", block_read(&test->disk, FAULT_READ, 1, 0, patience()),
                  BLOCK_FAILED) &&
           expect(test, "bytes", test->disk.window.bytes[0], 0xee) &&
           expect_ok(test, "its neighbour",
                     block_read(&test->disk, FAULT_READ + 1, 1, 0, patience()));
}

// Nothing past the barrier is begun.
static bool case_write_failed(struct disk_test *test) {
    struct block_item items[] = {item_of(BLOCK_WRITE, 20, 1, 0),
                                 item_of(BLOCK_WRITE, FAULT_WRITE, 1, 0),
                                 item_of(BLOCK_FLUSH, 0, 0, 0), item_of(BLOCK_WRITE, 21, 1, 0)};
    fill(test->disk.window.bytes, SECTOR, 3);
    if (!expect(test, "write", block_run(&test->disk, items, ARRAY_LEN(items), patience()),
                BLOCK_FAILED) ||
        !expect(test, "the good one", items[0].result, BLOCK_OK) ||
        !expect(test, "the bad one", items[1].result, BLOCK_FAILED) ||
        !expect(test, "the flush", items[2].result, BLOCK_NOT_DONE) ||
        !expect(test, "behind it", items[3].result, BLOCK_NOT_DONE)) {
        return false;
    }
    memset(test->disk.window.bytes, 0xee, SECTOR);
    return expect_ok(test, "read", block_read(&test->disk, 21, 1, 0, patience())) &&
           expect(test, "what was not begun", test->disk.window.bytes[0], 0);
}

// The device's next flush is OK; ours is not, for it does not say what became of the write.
static bool case_flush_failed(struct disk_test *test) {
    return expect_ok(test, "write", writes(test, 10, SECTOR, 4)) &&
           expect(test, "flush", block_flush(&test->disk, patience()), BLOCK_FAILED) &&
           expect(test, "flush", block_flush(&test->disk, patience()), BLOCK_LOST) &&
           expect_ok(test, "write again", writes(test, 10, SECTOR, 4)) &&
           expect_ok(test, "flush", block_flush(&test->disk, patience())) &&
           reads(test, 10, SECTOR, 4);
}

// 32 at once take longer than the driver waits: the device is reset. What was acknowledged before
// that may be lost, for all that is known. Then it has time to recover.
static bool case_time_out(struct disk_test *test) {
    struct block_item items[BLOCK_ITEMS_MAX];
    struct block_message before;
    struct block_message after;
    for (uint32_t i = 0; i < BLOCK_ITEMS_MAX; i++) {
        items[i] = item_of(BLOCK_READ, i * 64, 1, i * SECTOR);  // Apart: QEMU merges neighbours.
    }
    if (!expect_ok(test, "write", writes(test, 10, SECTOR, 4)) || !get_stats(test, &before) ||
        !expect(test, "many", block_run(&test->disk, items, BLOCK_ITEMS_MAX, patience()),
                BLOCK_UNKNOWN) ||
        !get_stats(test, &after)) {
        return false;
    }
    log_line(test->runtime, "disk: 32 requests: %lu without an answer",
             after.unknown - before.unknown);
    struct recv_result waited = sys_ipc_recv(test->ipc.pause, sys_clock_get() + RECOVERY_NS);
    return expect(test, "waiting", waited.status, STATUS_TIMED_OUT) &&
           expect(test, "a new epoch", after.epoch > before.epoch, true) &&
           expect(test, "some came in time", after.unknown - before.unknown < 32, true) &&
           expect(test, "flush", block_flush(&test->disk, patience()), BLOCK_LOST) &&
           expect_ok(test, "write again", writes(test, 10, SECTOR, 4)) &&
           expect_ok(test, "flush", block_flush(&test->disk, patience())) &&
           reads(test, 10, SECTOR, 4);
}

struct rung {
    uint32_t argument;
    const char *marker;
    bool (*run)(struct disk_test *test);
};

static const struct rung rungs[] = {
    {DISK_WORKS, MARKER_DISK_OPEN, case_open},
    {DISK_WORKS, MARKER_DISK_READ_WRITE, case_read_write},
    {DISK_WORKS, MARKER_DISK_FLUSH, case_flush},
    {DISK_WORKS, MARKER_DISK_REJECT_RANGE, case_reject_range},
    {DISK_WORKS, MARKER_DISK_REJECT_WINDOW, case_reject_window},
    {DISK_WORKS, MARKER_DISK_REJECT_MISALIGNED, case_reject_misaligned},
    {DISK_WORKS, MARKER_DISK_REJECT_FOREIGN_WINDOW, case_reject_foreign_window},
    {DISK_WORKS, MARKER_DISK_REJECT_SEALED_WINDOW, case_reject_sealed_window},
    {DISK_WORKS, MARKER_DISK_MANY_IN_FLIGHT, case_many_in_flight},
    {DISK_WORKS, MARKER_DISK_REBOUND, case_rebound},
    {DISK_READ_ONLY, MARKER_DISK_OPEN, case_open},
    {DISK_READ_ONLY, MARKER_DISK_REJECT_READ_ONLY, case_reject_read_only},
    {DISK_SLOW, MARKER_DISK_OPEN, case_open},
    {DISK_SLOW, MARKER_DISK_TIME_OUT, case_time_out},
    {DISK_FAULTS, MARKER_DISK_OPEN, case_open},
    {DISK_FAULTS, MARKER_DISK_READ_FAILED, case_read_failed},
    {DISK_FAULTS, MARKER_DISK_WRITE_FAILED, case_write_failed},
    {DISK_FAULTS, MARKER_DISK_FLUSH_FAILED, case_flush_failed},
};

int service_main(struct runtime *runtime) {
    struct disk_test test = {.runtime = runtime, .argument = runtime_argument(runtime)};
    struct slot_result pause = sys_endpoint_create(slot_at(SLOT_FACTORY));
    ipc_resolver_init(&test.resolver, runtime, SLOT_SAMGRD);
    ipc_client_init(&test.ipc, runtime, ipc_resolver_ask, &test.resolver, pause.slot);
    block_client_init(&test.disk, &test.ipc, service_id_named("virtioblkd"), slot_at(SLOT_FACTORY));
    if (pause.status != STATUS_OK || ipc_ready(runtime) != STATUS_OK) {
        return 1;
    }
    for (uint32_t i = 0; i < ARRAY_LEN(rungs); i++) {
        if (rungs[i].argument != test.argument) {
            continue;
        }
        if (!rungs[i].run(&test)) {
            log_line(runtime, "disk: no '%s'", rungs[i].marker);
            return 1;
        }
        marker_text(runtime, rungs[i].marker);
    }
    block_close(&test.disk);
    marker_text(runtime, MARKER_DISK_END);
    return 0;
}
