// testing/bench/bench.c: instructions of the hot paths, from user code to user code, stubs
// included.
//
// measure.h says how a figure is taken.
#include "testing/bench/bench.h"
#include "ipc/frame.h"
#include "ipc/ready.h"
#include "runtime/main.h"
#include "testing/bench/measure.h"

struct bench {
    struct runtime *runtime;
    uint64_t deadline_ns;
    uint32_t payload_bytes;
    struct slot door;    // Of peer.
    struct slot spare;   // What the next round gives away.
    enum status status;  // The first thing that went wrong.
};

static ALWAYS_INLINE void expect(struct bench *bench, enum status status) {
    if (status != STATUS_OK) {
        bench->status = status;
    }
}

static ALWAYS_INLINE void round_nothing(void *of) {
    (void)of;
}

static ALWAYS_INLINE void round_null_syscall(void *of) {
    (void)of;
    (void)sys_clock_get();
}

static ALWAYS_INLINE void round_yield(void *of) {
    (void)of;
    sys_yield();
}

static ALWAYS_INLINE void round_notify(void *of) {
    struct bench *bench = of;
    expect(bench, sys_ipc_notify(slot_at(SLOT_ENDPOINT)));
}

static ALWAYS_INLINE void round_poll(void *of) {
    struct bench *bench = of;
    enum status status = sys_ipc_recv(slot_at(SLOT_ENDPOINT), 0).status;
    expect(bench, status == STATUS_WOULD_BLOCK ? STATUS_OK : STATUS_BAD_ARG);
}

static ALWAYS_INLINE void round_call_reply(void *of) {
    struct bench *bench = of;
    frame_finish(&bench->runtime->page->call_out, 0, bench->payload_bytes);
    expect(bench, sys_ipc_call(slot_at(SLOT_ECHO), bench->deadline_ns).status);
}

// The woken one runs, and waits again.
static ALWAYS_INLINE void round_notify_wake(void *of) {
    struct bench *bench = of;
    expect(bench, sys_ipc_notify(bench->door));
    sys_yield();
}

static ALWAYS_INLINE void round_send_recv(void *of) {
    struct bench *bench = of;
    frame_finish(&bench->runtime->page->call_out, 0, 64);
    expect(bench, sys_ipc_send(slot_at(SLOT_ENDPOINT), 0).status);
    expect(bench, sys_ipc_recv(slot_at(SLOT_ENDPOINT), 0).status);
}

static void prepare_cap_move(void *of) {
    struct bench *bench = of;
    frame_finish(&bench->runtime->page->call_out, PEER_FREE, 0);
    expect(bench, sys_ipc_call(bench->door, bench->deadline_ns).status);
    struct slot_result made = sys_cap_clone(slot_at(SLOT_ECHO), RIGHT_CALL);
    expect(bench, made.status);
    bench->spare = made.slot;
}

static ALWAYS_INLINE void move_cap(struct bench *bench, enum peer_type type) {
    struct message_area *out = &bench->runtime->page->call_out;
    frame_finish(out, (uint16_t)type, 0);
    out->header.flags = FRAME_CAP_MOVE;
    out->meta.slot = (uint32_t)bench->spare.value;
    expect(bench, sys_ipc_call(bench->door, bench->deadline_ns).status);
}

static ALWAYS_INLINE void round_cap_move(void *of) {
    move_cap(of, PEER_KEEP);
}

static ALWAYS_INLINE void round_cap_move_close(void *of) {
    move_cap(of, PEER_TAKE);
}

static ALWAYS_INLINE void round_reply_dropped(void *of) {
    struct bench *bench = of;
    frame_finish(&bench->runtime->page->call_out, PEER_DROP, 0);
    enum status status = sys_ipc_call(bench->door, bench->deadline_ns).status;
    expect(bench, status == STATUS_PEER_CLOSED ? STATUS_OK : STATUS_BAD_ARG);
}

static void print(struct bench *bench, const char *name, struct figure figure, uint64_t reading) {
    print_figure(bench->runtime, name, figure, reading);
}

// What a call or reply costs that is not the common one.
static void run_others(struct bench *bench, uint64_t reading) {
    print(bench, "notify_wake", measure(bench, round_notify_wake), reading);
    print(bench, "send_recv_64B", measure(bench, round_send_recv), reading);
    print(bench, "call_cap_move", measure_prepared(bench, prepare_cap_move, round_cap_move),
          reading);
    print(bench, "call_cap_move_close",
          measure_prepared(bench, prepare_cap_move, round_cap_move_close), reading);
    print(bench, "reply_dropped", measure(bench, round_reply_dropped), reading);
}

// The same call with events recorded: each round records two, into a ring that has overwritten
// itself by then.
static void run_traced(struct bench *bench, uint64_t reading) {
    expect(bench, sys_kernel_stats(slot_at(SLOT_STATS), STATS_TRACE_SET, 1, 0).status);
    bench->payload_bytes = 64;
    print(bench, "call_reply_64B_traced", measure(bench, round_call_reply), reading);
    expect(bench, sys_kernel_stats(slot_at(SLOT_STATS), STATS_TRACE_SET, 0, 0).status);
}

// A device has one holder, who maps it once: one round.
static void run_map(struct bench *bench, uint64_t reading) {
    uint64_t begin = counter_instructions();
    struct map_result got = sys_mmio_map(slot_at(SLOT_DEVICE));
    uint64_t spent = counter_instructions() - begin;
    expect(bench, got.arena != 0 ? got.status : STATUS_NO_SPACE);
    print(bench, "mmio_map_65_pages",
          (struct figure){.least = spent, .sum = spent, .first = spent, .rounds = 1}, reading);
}

static void run(struct bench *bench) {
    uint64_t reading = measure(bench, round_nothing).least;
    print(bench, "null_syscall", measure(bench, round_null_syscall), reading);
    print(bench, "yield", measure(bench, round_yield), reading);
    print(bench, "poll_nothing", measure(bench, round_poll), reading);
    print(bench, "notify_nobody_waiting", measure(bench, round_notify), reading);
    static const struct {
        const char *name;
        uint32_t bytes;
    } calls[] = {{"call_reply_0B", 0},
                 {"call_reply_32B", 32},
                 {"call_reply_64B", 64},
                 {"call_reply_512B", 512}};
    for (uint32_t i = 0; i < ARRAY_LEN(calls); i++) {
        bench->payload_bytes = calls[i].bytes;
        print(bench, calls[i].name, measure(bench, round_call_reply), reading);
    }
    run_others(bench, reading);
    run_traced(bench, reading);
    run_map(bench, reading);
}

static enum status find_door(struct bench *bench) {
    struct message_page *page = bench->runtime->page;
    frame_finish(&page->call_out, PEER_DOOR, 0);
    page->call_out.header.flags = FRAME_TAKE_CAP;
    enum status status = sys_ipc_call(slot_at(SLOT_PEER), bench->deadline_ns).status;
    bench->door = slot_at(page->reply_in.meta.slot);
    return status;
}

int service_main(struct runtime *runtime) {
    struct bench bench = {.runtime = runtime, .status = STATUS_OK};
    bench.deadline_ns = sys_clock_get() + BENCH_PATIENCE_NS;
    if (ipc_ready(runtime) != STATUS_OK || find_door(&bench) != STATUS_OK) {
        return 1;
    }
    run(&bench);
    if (bench.status != STATUS_OK) {
        log_line(runtime, "bench: a round failed: %s", status_name(bench.status));
        return 1;
    }
    marker_text(runtime, MARKER_BENCH_END);
    return 0;
}
