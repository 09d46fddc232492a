// testing/bench/block.c: what a disk costs through virtioblkd: a MiB read and written, thirty-two
// small reads at once, and a flush. Instructions of all on this hart: client, kernel, service.
//
// Without reuse (ipc/reuse.h) each round makes, shares and maps its window anew.
//
// Beside the figures it holds a promise: with 32 requests out at most one interrupt and one bell
// for eight.
#include "ipc/block_client.h"
#include "ipc/ready.h"
#include "ipc/resolver.h"
#include "ipc/reuse.h"
#include "ipc/wire/block_wire.h"
#include "runtime/main.h"
#include "testing/bench/bench.h"
#include "testing/bench/measure.h"

enum {
    BLOCK_ROUNDS = 64,
    MIB = 1 << 20,
    SECTOR = 512,
    SMALL = 4096,
};

struct block {
    struct runtime *runtime;
    struct ipc_resolver resolver;
    struct ipc_client ipc;
    struct block_client disk;
    struct deadline deadline;
    uint32_t failures;
};

static ALWAYS_INLINE void round_nothing(void *of) {
    (void)of;
}

// Nothing with reuse: the window of before serves on.
static void renew_window(struct block *block) {
    if (!IPC_REUSE) {
        block_close(&block->disk);
        block->failures += block_open(&block->disk, MIB, block->deadline) != BLOCK_OK;
    }
}

static void round_read(void *of) {
    struct block *block = of;
    renew_window(block);
    block->failures += block_read(&block->disk, 0, MIB / SECTOR, 0, block->deadline) != BLOCK_OK;
}

static void round_write(void *of) {
    struct block *block = of;
    renew_window(block);
    block->failures += block_write(&block->disk, 0, MIB / SECTOR, 0, block->deadline) != BLOCK_OK;
}

static void round_flush(void *of) {
    struct block *block = of;
    block->failures += block_flush(&block->disk, block->deadline) != BLOCK_OK;
}

static void round_small(void *of) {
    struct block *block = of;
    renew_window(block);
    struct block_item items[BLOCK_ITEMS_MAX];
    for (uint32_t i = 0; i < BLOCK_ITEMS_MAX; i++) {
        items[i] = (struct block_item){.sector = (uint64_t)i * 64,
                                       .offset = i * SMALL,
                                       .count = SMALL / SECTOR,
                                       .op = BLOCK_READ};
    }
    block->failures += block_run(&block->disk, items, BLOCK_ITEMS_MAX, block->deadline) != BLOCK_OK;
}

static void figure(struct block *block, const char *name, bench_round *round) {
    uint64_t reading = measure(block, round_nothing).least;
    print_figure(block->runtime, name, measure_rounds(block, prepare_nothing, round, BLOCK_ROUNDS),
                 reading);
}

static bool opens(struct block *block) {
    ipc_resolver_init(&block->resolver, block->runtime, SLOT_SAMGRD);
    ipc_client_init(&block->ipc, block->runtime, ipc_resolver_ask, &block->resolver,
                    slot_at(CAP_SLOT_NONE));
    block_client_init(&block->disk, &block->ipc, service_id_named("virtioblkd"),
                      slot_at(SLOT_MEMORY));
    return block_open(&block->disk, MIB, block->deadline) == BLOCK_OK;
}

static bool get_stats(struct block *block, struct block_message *stats) {
    *stats = (struct block_message){.header = {.op = BLOCK_OP_STATS}};
    const struct ipc_question question = {.target = block->disk.target,
                                          .protocol = &block_rows,
                                          .deadline = block->deadline,
                                          .carried = slot_at(CAP_SLOT_NONE)};
    return ipc_ask(&block->ipc, &question, stats).error == IPC_OK;
}

// At depth 32. (Large requests are fewer, for the arena holds three of the largest.)
static bool keeps_promise(struct block *block) {
    struct block_message before = {.requests = 0};
    struct block_message after = {.requests = 0};
    bool got = get_stats(block, &before);
    figure(block, "block_read_32_of_4KiB", round_small);
    got = got && get_stats(block, &after);
    uint64_t requests = after.requests - before.requests;
    uint64_t interrupts = after.interrupts - before.interrupts;
    uint64_t bells = after.bells - before.bells;
    log_line(block->runtime, "bench: %lu requests, %lu interrupts, %lu bells, %u deep", requests,
             interrupts, bells, after.deepest);
    return got && after.deepest == BLOCK_ITEMS_MAX && interrupts * 8 <= requests &&
           bells * 8 <= requests;
}

int service_main(struct runtime *runtime) {
    struct block block = {.runtime = runtime,
                          .deadline = {.ns = sys_clock_get() + BENCH_PATIENCE_NS}};
    if (ipc_ready(runtime) != STATUS_OK || !opens(&block)) {
        return 1;
    }
    figure(&block, "block_write_1MiB", round_write);
    figure(&block, "block_read_1MiB", round_read);
    bool kept = keeps_promise(&block);
    figure(&block, "block_flush", round_flush);
    if (block.failures != 0 || !kept) {
        log_line(runtime, "bench: %u failed, or over one interrupt or bell for eight requests",
                 block.failures);
        return 1;
    }
    marker_text(runtime, MARKER_BENCH_END);
    return 0;
}
