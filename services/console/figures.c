// services/console/figures.c: see figures.h: tasks, the machine and events.
#include "services/console/figures.h"

#include "kernel/abi/task.h"
#include "services/console/message.h"

#define NS_PER_US UINT64_C(1000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)

// Where the columns of tasks begin, or end where numbers stand in them.
enum {
    TASK_INSTANCE = 22,
    TASK_STATE = 24,
    TASK_PEER = 34,
    TASK_CPU = 58,
    TASK_SHARE = 65,
    TASK_OWES = 71,
    TASK_PAGES = 79,
    TASK_GIVEN = 86,
    TASK_SLOTS = 93,
    TASK_HART = 99,
    TASK_STACK = 107,
};

// And of harts.
enum {
    HART_BUSY = 14,
    HART_IDLE = 24,
    HART_SHARE = 31,
    HART_SWITCHES = 42,
    HART_PREEMPTED = 53,
    HART_IPIS = 62,
    HART_INTERRUPTS = 74,
    HART_FAULTS = 82,
    HART_SPINS = 92,
    HART_REFUSED = 102,
};

void instances_add(struct instances *instances, const struct stats_task *task) {
    if (instances->count < FIGURES_TASK_MAX) {
        instances->instance[instances->count] = task->instance;
        instances->service_id[instances->count++] = task->service_id;
    }
}

static void put_service(struct print *print, const struct names *names, uint64_t service_id) {
    const char *name = names_of(names, service_id);
    if (name) {
        print_add(print, "%s%s", names_mark(service_id), name);
    } else {
        print_add(print, "%#lx", (unsigned long)service_id);
    }
}

void figures_instance(struct print *print, const struct names *names,
                      const struct instances *instances, uint32_t instance) {
    for (uint32_t i = 0; i < instances->count; i++) {
        if (instances->instance[i] == instance) {
            put_service(print, names, instances->service_id[i]);
            return;
        }
    }
    print_add(print, "#%u", instance);
}

static const char *state_text(const struct stats_task *task) {
    static const char *const waits[] = {[STATS_WAIT_NONE] = "runs",
                                        [STATS_WAIT_RECEIVE] = "receives",
                                        [STATS_WAIT_QUEUE] = "queued",
                                        [STATS_WAIT_REPLY] = "calls",
                                        [STATS_WAIT_HARTS] = "revokes"};
    static const char *const states[] = {
        [TASK_FREE] = "free", [TASK_NEW] = "new",     [TASK_LOADED] = "loaded",
        [TASK_LIVE] = "live", [TASK_DYING] = "dying", [TASK_DEAD] = "dead"};
    if (task->state == TASK_LIVE && task->wait < STATS_WAIT_COUNT) {
        return waits[task->wait];
    }
    return task->state < sizeof(states) / sizeof(states[0]) ? states[task->state] : "?";
}

static void heading(struct print *print, uint32_t column, const char *text) {
    uint32_t letters = (uint32_t)__builtin_strlen(text);
    print_column(print, column - letters);
    print_add(print, "%s", text);
}

void figures_task_head(struct print *print) {
    print_add(print, "NAME");
    heading(print, TASK_INSTANCE, "#");
    print_column(print, TASK_STATE);
    print_add(print, "STATE");
    print_column(print, TASK_PEER);
    print_add(print, "WAITS ON");
    heading(print, TASK_CPU, "CPU MS");
    heading(print, TASK_SHARE, "%");
    heading(print, TASK_OWES, "OWES");
    heading(print, TASK_PAGES, "PAGES");
    heading(print, TASK_GIVEN, "OF");
    heading(print, TASK_SLOTS, "SLOTS");
    heading(print, TASK_HART, "HART");
    heading(print, TASK_STACK, "STACK");
    print_end(print);
}

void figures_task(struct print *print, const struct names *names, const struct instances *instances,
                  const struct stats_task *task, const struct task_cost *cost) {
    put_service(print, names, task->service_id);
    print_number(print, TASK_INSTANCE, task->instance);
    print_column(print, TASK_STATE);
    print_add(print, "%s", state_text(task));
    print_column(print, TASK_PEER);
    if (task->peer != 0) {
        figures_instance(print, names, instances, task->peer);
    } else if (task->state == TASK_DEAD) {
        print_add(print, "(%s)", exit_reason_name(task->exit_reason));
    }
    print_share(print, TASK_CPU, task->run_ns / (NS_PER_MS / 10));
    print_share(print, TASK_SHARE, task->run_ns / (cost->now_ns / 1000 + 1));
    print_number(print, TASK_OWES, task->replies);
    print_number(print, TASK_PAGES, task->pages_given - task->pages_left);
    print_number(print, TASK_GIVEN, task->pages_given);
    print_number(print, TASK_SLOTS, task->slots_used);
    if (task->hart != UINT8_MAX) {
        print_number(print, TASK_HART, task->hart);
    }
    if (cost->stack_used != 0) {
        print_number(print, TASK_STACK, cost->stack_used);
    }
    print_end(print);
}

static void pool(struct print *print, const char *what, const struct stats_pool *of) {
    print_add(print, "%s", what);
    print_number(print, 22, of->total - of->free);
    print_add(print, " of %u", of->total);
    print_end(print);
}

void figures_system(struct print *print, const struct stats_system *system) {
    print_add(print, "up");
    print_share(print, 22, system->now_ns / (NS_PER_S / 10));
    print_line(print, " s, %u harts, %u tasks made, trace %s", system->hart_count,
               system->instances, system->tracing != 0 ? "on" : "off");
    pool(print, "pages", &system->pages);
    pool(print, "tasks", &system->tasks);
    pool(print, "endpoints", &system->endpoints);
    pool(print, "vmos", &system->vmos);
    pool(print, "grants", &system->grants);
}

void figures_hart_head(struct print *print) {
    print_add(print, "HART");
    heading(print, HART_BUSY, "BUSY MS");
    heading(print, HART_IDLE, "IDLE MS");
    heading(print, HART_SHARE, "BUSY %");
    heading(print, HART_SWITCHES, "SWITCHES");
    heading(print, HART_PREEMPTED, "PREEMPTED");
    heading(print, HART_IPIS, "IPIS");
    heading(print, HART_INTERRUPTS, "INTERRUPTS");
    heading(print, HART_FAULTS, "FAULTS");
    heading(print, HART_SPINS, "SPINS");
    heading(print, HART_REFUSED, "REFUSED");
    print_end(print);
}

void figures_hart(struct print *print, const struct stats_hart *hart) {
    uint64_t all_ns = hart->busy_ns + hart->idle_ns;
    print_add(print, "%u%s", hart->index, hart->online == 1 ? "" : " off");
    print_number(print, HART_BUSY, hart->busy_ns / NS_PER_MS);
    print_number(print, HART_IDLE, hart->idle_ns / NS_PER_MS);
    print_share(print, HART_SHARE, hart->busy_ns / (all_ns / 1000 + 1));
    print_number(print, HART_SWITCHES, hart->switches);
    print_number(print, HART_PREEMPTED, hart->preemptions);
    print_number(print, HART_IPIS, hart->ipis_taken);
    print_number(print, HART_INTERRUPTS, hart->interrupts);
    print_number(print, HART_FAULTS, hart->faults);
    print_number(print, HART_SPINS, hart->lock_spins);
    print_number(print, HART_REFUSED, hart->refused_sends);
    print_end(print);
}

void figures_event(struct print *print, const struct names *names,
                   const struct instances *instances, const struct trace_event *event) {
    enum { TIME = 14, HART = 16, KIND = 19, TASK = 28, PEER = 44, REST = 60 };
    print_number(print, TIME, event->time_ns / NS_PER_US);
    print_column(print, HART);
    print_add(print, "h%u", event->hart);
    print_column(print, KIND);
    print_add(print, "%s", event_kind_name(event->kind));
    print_column(print, TASK);
    figures_instance(print, names, instances, event->task);
    print_column(print, PEER);
    if (event->peer != 0) {
        figures_instance(print, names, instances, event->peer);
    }
    print_column(print, REST);
    if (event->bytes != 0) {
        message_show_type(event->type, print);
        print_add(print, ", %u bytes ", event->bytes);
    }
    if (event->sequence != 0) {
        print_add(print, "sequence %lu", (unsigned long)event->sequence);
    }
    print_end(print);
}
