// testing/sim/workload_watcher.c: reads statistics, turns tracing on and off, and asks for audits,
// while all others go on; knows what can be true of what it is told.
#include <string.h>

#include "kernel/abi/identity.h"
#include "kernel/abi/stats.h"
#include "testing/sim/workload_state.h"

enum {
    ROUNDS_MAX = 24,
    NS_ROUND = 20000,
    HART_MAX = 8,
    KEPT_MAX = HART_MAX * 128,
    CALLER_MAX = 256,
    INSTANCES_MAX = 1 << 20,
};

// A caller of whose calls something was seen since tracing is on.
struct caller {
    uint32_t instance;
    bool waits;
    uint64_t sequence;  // Of its last call.
};

// Too much for a fiber's stack. One watcher at a time uses it, from the beginning.
static struct {
    uint32_t instance;
    uint32_t harts;
    struct stats_hart before[HART_MAX];
    uint64_t begun_ns;        // Since when tracing is on.
    uint64_t from[HART_MAX];  // What is read next of each hart.
    bool whole;               // Nothing was lost since then.
    uint32_t kept;
    struct trace_event events[KEPT_MAX];
    uint32_t callers_seen;
    struct caller callers[CALLER_MAX];
} watch;

static struct stats_result ask(enum stats_what what, uint64_t index, uint64_t from) {
    struct stats_result got = sys_kernel_stats(slot_at(WATCHER_SLOT_STATS), what, index, from);
    workload_expect(got.status == STATUS_OK || (what == STATS_AUDIT && got.status == STATUS_BUSY),
                    "kernel_stats gave another status", got.status);
    return got;
}

static void look_at_system(const struct message_page *page) {
    struct stats_system system;
    (void)ask(STATS_SYSTEM, 0, 0);
    memcpy(&system, page->stats, sizeof(system));
    const struct stats_pool *pools[] = {&system.pages, &system.tasks, &system.endpoints,
                                        &system.vmos, &system.grants};
    for (uint32_t i = 0; i < ARRAY_LEN(pools); i++) {
        workload_expect(pools[i]->free <= pools[i]->total, "more is free than there is",
                        pools[i]->free);
    }
    workload_expect(system.hart_count == watch.harts && system.instances >= watch.instance,
                    "the statistics know another system", system.instances);
    workload_expect(system.now_ns <= sys_clock_get(), "statistics of the future", system.now_ns);
}

// Each count is the same or more, and no more time has been spent than there was.
static void look_at_harts(const struct message_page *page) {
    struct stats_result got = ask(STATS_HARTS, 0, 0);
    workload_expect(got.count == watch.harts, "statistics of another number of harts", got.count);
    for (uint32_t i = 0; i < watch.harts; i++) {
        struct stats_hart now;
        memcpy(&now, &page->stats[i * sizeof(now) / 8], sizeof(now));
        const uint64_t *older = &watch.before[i].busy_ns;
        const uint64_t *newer = &now.busy_ns;
        const uint32_t counts = offsetof(struct stats_hart, index) / sizeof(uint64_t);
        for (uint32_t word = 0; word < counts; word++) {
            workload_expect(newer[word] >= older[word], "a count of a hart went back", word);
        }
        workload_expect(now.index == i, "statistics of another hart", now.index);
        workload_expect(now.idle_ns <= sys_clock_get(), "a hart idled for longer than there was",
                        now.idle_ns);
        watch.before[i] = now;
    }
}

static bool is_known(uint64_t service_id) {
    for (uint32_t i = 0; i < WORKLOAD_PROGRAM_COUNT; i++) {
        const char *name = workload_programs[i].name;
        if (service_id == service_id_of(name, strlen(name))) {
            return true;
        }
    }
    return false;
}

static void look_at_task(const struct stats_task *task) {
    workload_expect(is_known(task->service_id), "statistics of an unknown service",
                    task->service_id);
    workload_expect(task->instance != 0 && task->instance < INSTANCES_MAX,
                    "statistics of no instance", task->instance);
    workload_expect(task->state > TASK_FREE && task->state <= TASK_DEAD &&
                        task->wait < STATS_WAIT_COUNT && task->exit_reason < EXIT_REASON_COUNT,
                    "a task is in no state that there is", task->state);
    workload_expect(task->slots_used <= task->slots && task->slots < CAP_SLOT_COUNT,
                    "a task holds more than it may", task->slots_used);
    workload_expect(task->hart < watch.harts || task->hart == 255, "a task lives on no hart",
                    task->hart);
    workload_expect(task->replies <= REPLY_SLOT_COUNT, "a task owes too many answers",
                    task->replies);
}

static void look_at_tasks(const struct message_page *page) {
    uint32_t found_self = 0;
    uint64_t index = 0;
    do {
        struct stats_result got = ask(STATS_TASKS, index, 0);
        for (uint64_t i = 0; i < got.count; i++) {
            struct stats_task task;
            memcpy(&task, &page->stats[i * sizeof(task) / 8], sizeof(task));
            look_at_task(&task);
            bool self = task.instance == watch.instance;
            found_self += self;
            workload_expect(!self || (task.state == TASK_LIVE && task.wait == STATS_WAIT_NONE &&
                                      task.slots_used == 1),
                            "a task is told something else of itself", task.state);
        }
        workload_expect(got.next == 0 || got.next > index, "tasks come in no order", got.next);
        index = got.next;
    } while (index != 0);
    workload_expect(found_self == 1, "a task is not among the tasks", found_self);
}

static void keep(const struct trace_event *event, uint64_t end_ns) {
    bool inside = event->time_ns >= watch.begun_ns && event->time_ns < end_ns;
    if (!inside || watch.kept == KEPT_MAX) {
        watch.whole = watch.whole && watch.kept < KEPT_MAX;
        return;
    }
    uint32_t place = watch.kept++;
    for (; place > 0 && watch.events[place - 1].time_ns > event->time_ns; place--) {
        watch.events[place] = watch.events[place - 1];
    }
    watch.events[place] = *event;
}

// What one hart has recorded since it was last looked at: each event whole, in the order of time.
static void read_hart(const struct message_page *page, uint32_t hart, uint64_t end_ns) {
    uint64_t last_ns = 0;
    struct stats_result got;
    do {
        got = ask(STATS_TRACE_READ, hart, watch.from[hart]);
        watch.whole = watch.whole && got.lost == 0;
        for (uint64_t i = 0; i < got.count; i++) {
            struct trace_event event;
            memcpy(&event, &page->stats[i * sizeof(event) / 8], sizeof(event));
            workload_expect(
                event.kind > EVENT_NONE && event.kind < EVENT_KIND_COUNT && event.hart == hart,
                "an event is none", event.kind);
            workload_expect(event.time_ns > last_ns, "events are not in the order of time",
                            event.time_ns);
            workload_expect(event.task < INSTANCES_MAX && event.peer < INSTANCES_MAX,
                            "an event names no instance", event.task);
            last_ns = event.time_ns;
            keep(&event, end_ns);
        }
        watch.from[hart] = got.next;
    } while (got.count == STATS_EVENT_MAX);
}

static struct caller *find_caller(uint32_t instance) {
    for (uint32_t i = 0; i < watch.callers_seen; i++) {
        if (watch.callers[i].instance == instance) {
            return &watch.callers[i];
        }
    }
    return 0;
}

static void see_call(const struct trace_event *event) {
    struct caller *caller = find_caller(event->task);
    if (!caller) {
        if (watch.callers_seen == CALLER_MAX) {
            return;
        }
        caller = &watch.callers[watch.callers_seen++];
        *caller = (struct caller){.instance = event->task};
    }
    workload_expect(!caller->waits, "a call begins while its task waits for an answer",
                    event->task);
    workload_expect(event->sequence > caller->sequence, "the sequences of calls do not grow",
                    event->sequence);
    caller->waits = true;
    caller->sequence = event->sequence;
    workload_count(&workload_now->events_paired);
}

// The wait of a call is over: it is that of the last call seen, or began before tracing did.
static void see_end(uint32_t instance, uint64_t sequence, bool may_be_other) {
    struct caller *caller = find_caller(instance);
    if (!caller) {
        return;
    }
    bool fits = caller->waits && caller->sequence == sequence;
    workload_expect(fits || may_be_other, "an answer belongs to no call", sequence);
    caller->waits = fits ? false : caller->waits;
}

static void pair_events(void) {
    watch.callers_seen = 0;
    for (uint32_t i = 0; i < watch.kept; i++) {
        const struct trace_event *event = &watch.events[i];
        if (event->kind == EVENT_CALL) {
            see_call(event);
        } else if ((event->kind == EVENT_REPLY || event->kind == EVENT_DROP) &&
                   (event->sequence & ASYNC_SEQUENCE_BIT) == 0) {
            see_end(event->peer, event->sequence, false);
        } else if (event->kind == EVENT_LEAVE) {
            see_end(event->task, event->sequence, true);  // It may have been in a queue.
        }
    }
}

// Tracing is on from a moment that is known on, and everything from then on is looked at.
static void begin_tracing(const struct message_page *page) {
    look_at_harts(page);
    for (uint32_t i = 0; i < watch.harts; i++) {
        watch.from[i] = watch.before[i].events;
    }
    watch.whole = true;
    watch.kept = 0;
    (void)ask(STATS_TRACE_SET, 1, 0);
    watch.begun_ns = sys_clock_get();
}

static void end_tracing(const struct message_page *page) {
    uint64_t end_ns = sys_clock_get();
    if (sim_user_random(2) == 0) {
        (void)ask(STATS_TRACE_SET, 0, 0);
    }
    for (uint32_t i = 0; i < watch.harts; i++) {
        read_hart(page, i, end_ns);
    }
    if (watch.whole) {
        pair_events();
    }
}

// The oldest events that are still there, while more come.
static void read_oldest(const struct message_page *page) {
    for (uint32_t i = 0; i < watch.harts; i++) {
        watch.from[i] = 0;
        read_hart(page, i, 0);
    }
}

static void audit(void) {
    struct stats_result got = ask(STATS_AUDIT, 0, 0);
    workload_add(&workload_now->audits, got.status == STATUS_OK);
    workload_add(&workload_now->audit_findings, got.count);
}

void workload_watcher(struct message_page *page, uint64_t argument, uint32_t instance) {
    memset(&watch, 0, sizeof(watch));
    watch.instance = instance;
    watch.harts = (uint32_t)argument;
    for (uint32_t round = 0; round < ROUNDS_MAX; round++) {
        switch (sim_user_random(8)) {
            case 0:
                look_at_system(page);
                break;
            case 1:
                look_at_harts(page);
                break;
            case 2:
            case 3:
                look_at_tasks(page);
                break;
            case 4:
                read_oldest(page);
                break;
            case 5:
                audit();
                break;
            default:
                begin_tracing(page);
                sim_user_work(sim_user_random(NS_ROUND));
                sys_yield();
                end_tracing(page);
                break;
        }
        sim_user_work(sim_user_random(NS_ROUND));
        sys_yield();
    }
}
