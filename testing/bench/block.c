// testing/bench/block.c: what a disk costs through virtioblkd: a MiB read and written, thirty-two
// small reads at once, and a flush. Instructions of all on this hart: client, kernel, service.
//
// Without reuse (ipc/reuse.h) each round makes, shares and maps its window anew.
//
// Beside the figures it holds a promise: with 32 requests out at most one interrupt and one bell
// for eight.
#include "ipc/ready.h"
#include "ipc/reuse.h"
#include "ipc/wire/block_wire.h"
#include "runtime/main.h"
#include "testing/bench/bench.h"
#include "testing/bench/disk.h"
#include "testing/bench/measure.h"

enum {
    BLOCK_ROUNDS = 64,
    MIB = 1 << 20,
};

static ALWAYS_INLINE void round_nothing(void *of) {
    (void)of;
}

// Nothing with reuse: the window of before serves on.
static void renew_window(struct bench_disk *block) {
    if (!IPC_REUSE) {
        block_close(&block->disk);
        block->failures += block_open(&block->disk, MIB, block->deadline) != BLOCK_OK;
    }
}

static void round_read(void *of) {
    struct bench_disk *block = of;
    renew_window(block);
    block->failures +=
        block_read(&block->disk, 0, MIB / BENCH_SECTOR, 0, block->deadline) != BLOCK_OK;
}

static void round_write(void *of) {
    struct bench_disk *block = of;
    renew_window(block);
    block->failures +=
        block_write(&block->disk, 0, MIB / BENCH_SECTOR, 0, block->deadline) != BLOCK_OK;
}

static void round_flush(void *of) {
    struct bench_disk *block = of;
    block->failures += block_flush(&block->disk, block->deadline) != BLOCK_OK;
}

static void round_small(void *of) {
    struct bench_disk *block = of;
    renew_window(block);
    bench_disk_reads(block);
}

static void figure(struct bench_disk *block, const char *name, bench_round *round) {
    uint64_t reading = measure(block, round_nothing).least;
    print_figure(block->runtime, name, measure_rounds(block, prepare_nothing, round, BLOCK_ROUNDS),
                 reading);
}

static bool get_stats(struct bench_disk *block, struct block_message *stats) {
    *stats = (struct block_message){.header = {.op = BLOCK_OP_STATS}};
    const struct ipc_question question = {.target = block->disk.target,
                                          .protocol = &block_rows,
                                          .deadline = block->deadline,
                                          .carried = slot_at(CAP_SLOT_NONE)};
    return ipc_ask(&block->ipc, &question, stats).error == IPC_OK;
}

// At depth 32. (Large requests are fewer, for the arena holds three of the largest.)
static bool keeps_promise(struct bench_disk *block) {
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
    struct bench_disk block;
    if (ipc_ready(runtime) != STATUS_OK || !bench_disk_opens(&block, runtime, MIB)) {
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
