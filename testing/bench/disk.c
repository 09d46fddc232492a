// testing/bench/disk.c: see disk.h.
#include "testing/bench/disk.h"

#include "testing/bench/bench.h"

bool bench_disk_opens(struct bench_disk *of, struct runtime *runtime, uint64_t bytes) {
    *of = (struct bench_disk){.runtime = runtime,
                              .deadline = {.ns = sys_clock_get() + BENCH_PATIENCE_NS}};
    ipc_resolver_init(&of->resolver, runtime, SLOT_SAMGRD);
    ipc_client_init(&of->ipc, runtime, ipc_resolver_ask, &of->resolver, slot_at(CAP_SLOT_NONE));
    block_client_init(&of->disk, &of->ipc, service_id_named("virtioblkd"), slot_at(SLOT_MEMORY));
    return block_open(&of->disk, bytes, of->deadline) == BLOCK_OK;
}

void bench_disk_reads(struct bench_disk *of) {
    struct block_item items[BLOCK_ITEMS_MAX];
    for (uint32_t i = 0; i < BLOCK_ITEMS_MAX; i++) {
        items[i] = (struct block_item){.sector = (uint64_t)i * 64,
                                       .offset = i * BENCH_SMALL,
                                       .count = BENCH_SMALL / BENCH_SECTOR,
                                       .op = BLOCK_READ};
    }
    of->failures += block_run(&of->disk, items, BLOCK_ITEMS_MAX, of->deadline) != BLOCK_OK;
}
