// testing/bench/depth.c: how many system calls thirty-two small reads at once take, of the client
// and of virtioblkd together, as a kernel tells that is built to (//kernel:kernel_syscalls). It is
// no place to count instructions: block.c does.
//
// It holds a promise: at most one for eight reads.
#include <string.h>

#include "ipc/ready.h"
#include "kernel/abi/syscall.h"
#include "runtime/main.h"
#include "testing/bench/bench.h"
#include "testing/bench/disk.h"
#include "testing/bench/measure.h"

enum {
    DEPTH_ROUNDS = 64,
    READS_A_CALL = 8,
};

struct depth {
    struct bench_disk of;
    uint64_t next;  // Event of this hart.
};

static void trace(struct depth *depth, uint32_t on) {
    depth->of.failures +=
        sys_kernel_stats(slot_at(SLOT_STATS), STATS_TRACE_SET, on, 0).status != STATUS_OK;
}

// All that was made since the last time, but what turns tracing off. Ends: tracing is off.
static uint64_t calls_made(struct depth *depth) {
    uint64_t calls = 0;
    struct stats_result got;
    do {
        got = sys_kernel_stats(slot_at(SLOT_STATS), STATS_TRACE_READ, 0, depth->next);
        for (uint64_t i = 0; i < got.count; i++) {
            struct trace_event event;
            memcpy(&event, &depth->of.runtime->page->stats[i * sizeof(event) / sizeof(uint64_t)],
                   sizeof(event));
            if (event.kind == EVENT_SYSCALL && event.type != SYSCALL_KERNEL_STATS) {
                calls += event.sequence;
            }
        }
        depth->next = got.next;
    } while (got.status == STATUS_OK && got.count != 0);
    depth->of.failures += got.status != STATUS_OK;
    return calls;
}

static struct figure count(struct depth *depth) {
    struct figure figure = {.least = UINT64_MAX, .rounds = DEPTH_ROUNDS};
    for (uint32_t i = 0; i <= DEPTH_ROUNDS; i++) {
        (void)calls_made(depth);
        trace(depth, 1);
        bench_disk_reads(&depth->of);
        trace(depth, 0);
        const uint64_t calls = calls_made(depth);
        if (i == 0) {
            figure.first = calls;
            continue;
        }
        figure.least = calls < figure.least ? calls : figure.least;
        figure.sum += calls;
        depth->of.failures += calls == 0 || calls * READS_A_CALL > BLOCK_ITEMS_MAX;
    }
    return figure;
}

int service_main(struct runtime *runtime) {
    struct depth depth = {.next = 0};
    if (ipc_ready(runtime) != STATUS_OK ||
        !bench_disk_opens(&depth.of, runtime, (uint64_t)BLOCK_ITEMS_MAX * BENCH_SMALL)) {
        return 1;
    }
    trace(&depth, 0);
    print_figure(runtime, "block_calls_of_32_reads", count(&depth), 0);
    if (depth.of.failures != 0) {
        log_line(runtime, "bench: %u failed, or over one system call for eight reads",
                 depth.of.failures);
        return 1;
    }
    marker_text(runtime, MARKER_BENCH_END);
    return 0;
}
