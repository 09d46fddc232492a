// testing/bench/crowd.c: what the hot paths cost with 2, with 20 and with 200 tasks present, each
// asleep until its own deadline in the queue of one endpoint; with as many capabilities in the own
// table and as many more endpoints as there is room for. The image fails when a figure grows with
// them by over 2 %.
#include <string.h>

#include "ipc/frame.h"
#include "ipc/ready.h"
#include "kernel/abi/boot_image.h"
#include "kernel/abi/layout.h"
#include "runtime/main.h"
#include "testing/bench/bench.h"
#include "testing/bench/measure.h"

enum {
    ENDPOINTS_MAX = 100,  // Of the machine's 128.
    CLONES_MAX = 40,      // Of the own table's 63.
    PERCENT_MAX = 102,
    TIMER_NS = 20000,
    FIGURE_COUNT = 7,
    STEP_COUNT = 3,
};

#define SLEEP_NS UINT64_C(80000000000)  // Longer than all rounds take.

struct crowd {
    struct runtime *runtime;
    const struct boot_image_entry *member;
    enum status status;  // The first thing that went wrong.
    uint64_t deadline_ns;
    uint64_t timer_ns;
    struct slot hole;  // Where nobody receives, so that who calls there sleeps.
    uint32_t present;
    uint32_t clones;
    uint64_t reading;
};

static ALWAYS_INLINE void expect(struct crowd *crowd, enum status status) {
    if (status != STATUS_OK) {
        crowd->status = status;
    }
}

static const struct boot_image_entry *find_member(void) {
    static const char name[] = "member";
    const struct boot_image_header *image =
        (const struct boot_image_header *)(uintptr_t)USER_BOOT_IMAGE;
    const struct boot_image_entry *entries = (const struct boot_image_entry *)(image + 1);
    for (uint32_t i = 0; i < image->entry_count; i++) {
        if (memcmp(entries[i].name, name, sizeof(name)) == 0) {
            return &entries[i];
        }
    }
    return 0;
}

// A member is made, gets what it holds, and is started; with its last capability closed it goes on.
static struct slot start(struct crowd *crowd, uint64_t argument) {
    const struct task_limits limits = {.pages = 24, .slots = 8};
    struct task_result made =
        sys_task_create_limited(slot_at(SLOT_CROWD_FACTORY), crowd->member->service_id, limits);
    expect(crowd, made.status);
    expect(crowd, sys_task_grant(made.slot, crowd->hole, SLOT_HOLE, RIGHT_CALL));
    expect(crowd, sys_task_load(made.slot, slot_at(SLOT_CROWD_IMAGE), crowd->member->offset,
                                crowd->member->bytes)
                      .status);
    if (argument != MEMBER_ENDS && crowd->present < ENDPOINTS_MAX) {
        struct slot_result endpoint = sys_endpoint_create(slot_at(SLOT_CROWD_FACTORY));
        expect(crowd, endpoint.status);
        expect(crowd, sys_task_grant(made.slot, endpoint.slot, SLOT_ENDPOINT, RIGHT_RECV));
        expect(crowd, sys_cap_close(endpoint.slot));
    }
    expect(crowd, sys_task_start(made.slot, argument, 0));
    return made.slot;
}

static void grow(struct crowd *crowd, uint32_t count) {
    for (; crowd->present < count; crowd->present++) {
        struct slot task = start(crowd, sys_clock_get() + SLEEP_NS);
        expect(crowd, sys_cap_close(task));
        sys_yield();  // It runs until it sleeps.
        if (crowd->clones < CLONES_MAX) {
            expect(crowd, sys_cap_clone(slot_at(SLOT_CONSOLE), RIGHT_WRITE).status);
            crowd->clones++;
        }
    }
}

static ALWAYS_INLINE void round_nothing(void *of) {
    (void)of;
}

static ALWAYS_INLINE void round_call(void *of) {
    struct crowd *crowd = of;
    frame_finish(&crowd->runtime->page->call_out, 0, 64);
    expect(crowd, sys_ipc_call(slot_at(SLOT_ECHO), crowd->deadline_ns).status);
}

static ALWAYS_INLINE void round_notify(void *of) {
    struct crowd *crowd = of;
    expect(crowd, sys_ipc_notify(slot_at(SLOT_ENDPOINT)));
}

static void prepare_timer(void *of) {
    struct crowd *crowd = of;
    status_ignore(sys_ipc_recv(slot_at(SLOT_ENDPOINT), 0).status, "what the last round left");
    crowd->timer_ns = sys_clock_get() + TIMER_NS;
}

static ALWAYS_INLINE void round_timer(void *of) {
    struct crowd *crowd = of;
    expect(crowd, sys_timer_set(slot_at(SLOT_ENDPOINT), crowd->timer_ns).status);
    expect(crowd, sys_ipc_recv(slot_at(SLOT_ENDPOINT), crowd->deadline_ns).status);
}

// Made, loaded, started, ended, reclaimed, and its end read.
static void round_life(void *of) {
    struct crowd *crowd = of;
    struct slot task = start(crowd, MEMBER_ENDS);
    enum task_state state = TASK_NEW;
    while (state != TASK_DEAD && crowd->status == STATUS_OK) {  // Until the deadline.
        expect(crowd, sys_ipc_recv(slot_at(SLOT_ENDPOINT), crowd->deadline_ns).status);
        state = task_query_state(sys_cap_query(task).value);
    }
    expect(crowd, sys_cap_close(task));
}

static ALWAYS_INLINE void round_clone(void *of) {
    struct crowd *crowd = of;
    struct slot_result made = sys_cap_clone(slot_at(SLOT_ECHO), RIGHT_CALL);
    expect(crowd, made.status);
    expect(crowd, sys_cap_close(made.slot));
}

static ALWAYS_INLINE void round_endpoint(void *of) {
    struct crowd *crowd = of;
    struct slot_result made = sys_endpoint_create(slot_at(SLOT_CROWD_FACTORY));
    expect(crowd, made.status);
    expect(crowd, sys_cap_close(made.slot));
}

// The first of those whose calls wait in the queue is served, and calls again.
static ALWAYS_INLINE void round_serve(void *of) {
    struct crowd *crowd = of;
    struct recv_result got = sys_ipc_recv(crowd->hole, 0);
    expect(crowd, got.status);
    frame_finish(&crowd->runtime->page->reply_out, 0, 0);
    expect(crowd, sys_ipc_reply(got.reply));
    sys_yield();
}

static void measure_all(struct crowd *crowd, struct figure *out) {
    out[0] = measure(crowd, round_call);
    out[1] = measure(crowd, round_notify);
    out[2] = measure_prepared(crowd, prepare_timer, round_timer);
    out[3] = measure(crowd, round_life);
    out[4] = measure(crowd, round_clone);
    out[5] = measure(crowd, round_endpoint);
    out[6] = measure(crowd, round_serve);
}

static const char *const names[STEP_COUNT][FIGURE_COUNT] = {
    {"call", "notify", "timer_set_expire", "task_lifecycle", "cap_clone_close",
     "endpoint_create_close", "serve_queued"},
    {"call_at_20", "notify_at_20", "timer_set_expire_at_20", "task_lifecycle_at_20",
     "cap_clone_close_at_20", "endpoint_create_close_at_20", "serve_queued_at_20"},
    {"call_at_200", "notify_at_200", "timer_set_expire_at_200", "task_lifecycle_at_200",
     "cap_clone_close_at_200", "endpoint_create_close_at_200", "serve_queued_at_200"},
};

static bool grew(const struct crowd *crowd, const char *name, struct figure few,
                 struct figure many) {
    bool over = (many.least - crowd->reading) * 100 > (few.least - crowd->reading) * PERCENT_MAX ||
                (figure_mean(many) - crowd->reading) * 100 >
                    (figure_mean(few) - crowd->reading) * PERCENT_MAX;
    if (over) {
        log_line(crowd->runtime, "crowd: %s grows", name);
    }
    return over;
}

// Everybody that was started is asleep in the queue: each of these calls is one of them.
static bool all_slept(struct crowd *crowd) {
    for (uint32_t i = 0; i < crowd->present; i++) {
        struct recv_result got = sys_ipc_recv(crowd->hole, 0);
        if (got.received != RECEIVED_CALL || sys_reply_close(got.reply) != STATUS_OK) {
            log_line(crowd->runtime, "crowd: %u of %u slept", (unsigned)i,
                     (unsigned)crowd->present);
            return false;
        }
    }
    return true;
}

static bool run(struct crowd *crowd) {
    static const uint32_t steps[STEP_COUNT] = {2, 20, 200};
    struct figure figures[STEP_COUNT][FIGURE_COUNT];
    bool good = true;
    crowd->reading = measure(crowd, round_nothing).least;
    for (uint32_t step = 0; step < STEP_COUNT; step++) {
        grow(crowd, steps[step]);
        measure_all(crowd, figures[step]);
        for (uint32_t i = 0; i < FIGURE_COUNT; i++) {
            print_figure(crowd->runtime, names[step][i], figures[step][i], crowd->reading);
            good = !grew(crowd, names[step][i], figures[0][i], figures[step][i]) && good;
        }
    }
    return good && all_slept(crowd);
}

int service_main(struct runtime *runtime) {
    struct crowd crowd = {.runtime = runtime, .status = STATUS_OK, .member = find_member()};
    crowd.deadline_ns = sys_clock_get() + BENCH_PATIENCE_NS;
    struct slot_result hole = sys_endpoint_create(slot_at(SLOT_CROWD_FACTORY));
    crowd.hole = hole.slot;
    if (ipc_ready(runtime) != STATUS_OK || !crowd.member || hole.status != STATUS_OK ||
        !run(&crowd)) {
        return 1;
    }
    if (crowd.status != STATUS_OK) {
        log_line(runtime, "crowd: a round failed: %s", status_name(crowd.status));
        return 1;
    }
    marker_text(runtime, MARKER_BENCH_END);
    return 0;
}
