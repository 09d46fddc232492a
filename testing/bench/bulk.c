// testing/bench/bulk.c: what bulk costs: the first transfer, from making the window to the answer,
// and a later one over the open window, whose bytes the sender has written before. Without reuse
// (ipc/reuse.h) the later one makes its window too.
//
// Beside the figures it holds a promise: with reuse, a later transfer costs the same at 4 KiB and
// at 16 MiB.
#include <string.h>

#include "ipc/bulk_window.h"
#include "ipc/frame.h"
#include "ipc/reuse.h"
#include "testing/bench/bench.h"
#include "testing/bench/client.h"
#include "testing/bench/measure.h"

enum { FIRST_ROUNDS = 16 };

struct bulk {
    struct runtime *runtime;
    uint64_t deadline_ns;
    uint64_t size;
    uint32_t failures;
    struct sink_use use;
    struct bulk_window window;
};

static ALWAYS_INLINE void round_nothing(void *of) {
    (void)of;
}

// Asks the sink; what it answers, 0 if it failed.
static ALWAYS_INLINE uint64_t ask(struct bulk *bulk, enum sink_type type, uint32_t bytes,
                                  struct slot carried) {
    struct message_page *page = bulk->runtime->page;
    uint64_t answer = 0;
    frame_finish(&page->call_out, (uint16_t)type, bytes);
    frame_carry(&page->call_out, carried);
    enum status status = sys_ipc_call(slot_at(SLOT_ECHO), bulk->deadline_ns).status;
    memcpy(&answer, page->reply_in.payload, sizeof(answer));
    bulk->failures += status != STATUS_OK || answer == 0;
    return answer;
}

static void prepare_first(void *of) {
    struct bulk *bulk = of;
    (void)ask(bulk, SINK_CLOSE, 0, slot_at(CAP_SLOT_NONE));
    bulk_window_close(&bulk->window);
}

static ALWAYS_INLINE void round_use(void *of) {
    struct bulk *bulk = of;
    memcpy(bulk->runtime->page->call_out.payload, &bulk->use, sizeof(bulk->use));
    (void)ask(bulk, SINK_USE, sizeof(bulk->use), slot_at(CAP_SLOT_NONE));
}

static void round_first(void *of) {
    struct bulk *bulk = of;
    struct slot shared = slot_at(CAP_SLOT_NONE);
    bulk->failures +=
        bulk_window_create(&bulk->window, slot_at(SLOT_MEMORY), bulk->size) != BULK_OK;
    bulk->failures += bulk_window_share(&bulk->window, &shared) != BULK_OK;
    bulk->use = (struct sink_use){.channel = (uint32_t)ask(bulk, SINK_OPEN, 0, shared),
                                  .range = {.offset = 0, .bytes = bulk->size}};
    round_use(of);
}

static ALWAYS_INLINE void round_again(void *of) {
    struct bulk *bulk = of;
    if (IPC_REUSE) {
        round_use(of);
    } else {
        bulk_window_close(&bulk->window);
        round_first(of);
    }
}

// The least cost of a later transfer.
static uint64_t run_size(struct bulk *bulk, uint64_t size, const char *first, const char *again) {
    bulk->size = size;
    uint64_t reading = measure(bulk, round_nothing).least;
    struct figure made = measure_rounds(bulk, prepare_first, round_first, FIRST_ROUNDS);
    struct figure later =
        measure_rounds(bulk, prepare_nothing, round_again, IPC_REUSE ? ROUNDS : FIRST_ROUNDS);
    print_figure(bulk->runtime, first, made, reading);
    print_figure(bulk->runtime, again, later, reading);
    return later.least;
}

bool bench_bulk(struct runtime *runtime) {
    struct bulk bulk = {.runtime = runtime, .deadline_ns = sys_clock_get() + BENCH_PATIENCE_NS};
    uint64_t small = run_size(&bulk, 4096, "bulk_4KiB_first", "bulk_4KiB_again");
    uint64_t large = run_size(&bulk, SINK_BYTES_MAX, "bulk_16MiB_first", "bulk_16MiB_again");
    bool held = bulk.failures == 0 && (!IPC_REUSE || small == large);
    if (!held) {
        log_line(runtime,
                 "bench: %u transfers failed; a later one costs %lu at 4 KiB, %lu at 16 MiB",
                 bulk.failures, small, large);
    }
    return held;
}
