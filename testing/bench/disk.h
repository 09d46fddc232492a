// testing/bench/disk.h: a client of virtioblkd as the benchmarks have one, and the thirty-two small
// reads that both of them measure.
//
// Units:     bytes; sectors of BENCH_SECTOR.
// Ownership: the caller owns the struct, whose runtime outlives it.
// Blocking:  until virtioblkd answers, at most until `deadline`.
// Errors:    bench_disk_opens: false. What fails later counts in `failures`.
#pragma once

#include "ipc/block_client.h"
#include "ipc/resolver.h"

enum {
    BENCH_SECTOR = 512,
    BENCH_SMALL = 4096,  // Of each of the thirty-two.
};

struct bench_disk {
    struct runtime *runtime;
    struct ipc_resolver resolver;
    struct ipc_client ipc;
    struct block_client disk;
    struct deadline deadline;
    uint32_t failures;
};

// A window of `bytes`.
bool bench_disk_opens(struct bench_disk *of, struct runtime *runtime, uint64_t bytes);

// BLOCK_ITEMS_MAX of BENCH_SMALL in one call, each from another place of the disk.
void bench_disk_reads(struct bench_disk *of);
