// services/console/commands_kernel.c: what the kernel tells: tasks, harts, events, capabilities.
#include <string.h>

#include "ipc/wire/server_wire.h"
#include "kernel/abi/task.h"
#include "runtime/stack.h"
#include "services/console/shell.h"

static struct stats_result ask(struct shell *shell, enum stats_what what, uint64_t index,
                               uint64_t from) {
    struct stats_result got = sys_kernel_stats(slot_at(SHELL_SLOT_STATS), what, index, from);
    if (got.status != STATUS_OK) {
        print_line(&shell->print, "the kernel answers: %s", status_name(got.status));
    }
    return got;
}

// Record `i` of the last answer; `bytes` is the size of one.
static void record(const struct shell *shell, uint64_t i, void *out, size_t bytes) {
    memcpy(out, (const uint8_t *)shell->runtime->page->stats + i * bytes, bytes);
}

typedef void task_taker(struct shell *shell, const struct stats_task *task, uint64_t now_ns);

static bool each_task(struct shell *shell, task_taker *take, uint64_t now_ns) {
    uint64_t index = 0;
    do {
        struct stats_result got = ask(shell, STATS_TASKS, index, 0);
        if (got.status != STATUS_OK) {
            return false;
        }
        struct stats_task tasks[STATS_TASK_MAX];  // Printing may change the page.
        for (uint64_t i = 0; i < got.count && i < STATS_TASK_MAX; i++) {
            record(shell, i, &tasks[i], sizeof(tasks[i]));
        }
        for (uint64_t i = 0; i < got.count && i < STATS_TASK_MAX; i++) {
            take(shell, &tasks[i], now_ns);
        }
        index = got.next > index ? got.next : 0;
    } while (index != 0);
    return true;
}

static void remember(struct shell *shell, const struct stats_task *task, uint64_t now_ns) {
    (void)now_ns;
    instances_add(&shell->instances, task);
}

// A service says it itself, if policy lets us ask and it waits for somebody who does.
static uint32_t stack_of(struct shell *shell, const struct stats_task *task) {
    const bool is_service = (task->service_id & SERVICE_ID_TOP_BIT) == 0;
    const char *name = is_service ? names_of(&shell->names, task->service_id) : 0;
    struct server_message counts = {.header = {.op = SERVER_OP_COUNTS}};
    struct ipc_outcome outcome;
    if (task->instance == shell->runtime->instance) {
        return runtime_stack_used();
    }
    bool waits = task->state == TASK_LIVE && task->wait == STATS_WAIT_RECEIVE;
    bool asked = name && waits &&
                 shell_try(shell, name, &server_rows, &counts, &outcome) == IPC_OK;
    return asked && counts.header.status == WIRE_OK ? counts.stack_used : 0;
}

static void show_task(struct shell *shell, const struct stats_task *task, uint64_t now_ns) {
    const struct task_cost cost = {.now_ns = now_ns, .stack_used = stack_of(shell, task)};
    figures_task(&shell->print, &shell->names, &shell->instances, task, &cost);
}

bool shell_instances(struct shell *shell) {
    shell_learn_programs(shell);
    shell->instances.count = 0;
    return each_task(shell, remember, 0);
}

void shell_ps(struct shell *shell) {
    if (!shell_instances(shell)) {
        return;
    }
    figures_task_head(&shell->print);
    (void)each_task(shell, show_task, sys_clock_get());
}

void shell_caps(struct shell *shell) {
    figures_cap_head(&shell->print);
    for (uint32_t slot = CAP_SLOT_NONE + 1; slot < CAP_SLOT_COUNT; slot++) {
        struct query_result found = sys_cap_query(slot_at(slot));
        if (found.status == STATUS_OK) {
            figures_cap(&shell->print, slot, &found);
        }
    }
}

static bool read_system(struct shell *shell, struct stats_system *system) {
    struct stats_result got = ask(shell, STATS_SYSTEM, 0, 0);
    record(shell, 0, system, sizeof(*system));
    return got.status == STATUS_OK;
}

// The harts of the machine, as many as one answer holds.
static uint64_t read_harts(struct shell *shell, struct stats_hart harts[STATS_HART_MAX]) {
    struct stats_result got = ask(shell, STATS_HARTS, 0, 0);
    uint64_t count = got.status != STATUS_OK ? 0 : got.count;
    for (uint64_t i = 0; i < count && i < STATS_HART_MAX; i++) {
        record(shell, i, &harts[i], sizeof(harts[i]));
    }
    return count < STATS_HART_MAX ? count : STATS_HART_MAX;
}

void shell_machine(struct shell *shell) {
    struct stats_system system;
    struct stats_hart harts[STATS_HART_MAX];
    if (!read_system(shell, &system)) {
        return;
    }
    figures_system(&shell->print, &system);
    uint64_t count = read_harts(shell, harts);
    figures_hart_head(&shell->print);
    for (uint64_t i = 0; i < count; i++) {
        figures_hart(&shell->print, &harts[i]);
    }
}

// Keeps the latest `wanted` events by time, the earliest first.
static void keep_event(struct shell *shell, const struct trace_event *event, uint32_t wanted) {
    uint32_t place = shell->event_count;
    while (place > 0 && shell->events[place - 1].time_ns > event->time_ns) {
        place--;
    }
    if (shell->event_count < wanted) {
        memmove(&shell->events[place + 1], &shell->events[place],
                (shell->event_count - place) * sizeof(*event));
        shell->events[place] = *event;
        shell->event_count++;
    } else if (place > 0) {  // The earliest makes room.
        memmove(&shell->events[0], &shell->events[1], (place - 1) * sizeof(*event));
        shell->events[place - 1] = *event;
    }
}

// The last `wanted` events of a hart whose next one gets the number `end`.
static bool read_events(struct shell *shell, uint32_t hart, uint64_t end, uint32_t wanted) {
    uint64_t from = end > wanted ? end - wanted : 0;
    while (from < end) {  // Rises with each answer.
        struct stats_result got = ask(shell, STATS_TRACE_READ, hart, from);
        if (got.status != STATUS_OK) {
            return false;
        }
        for (uint64_t i = 0; i < got.count && i < STATS_EVENT_MAX; i++) {
            struct trace_event event;
            record(shell, i, &event, sizeof(event));
            keep_event(shell, &event, wanted);
        }
        from = got.next > from ? got.next : end;
    }
    return true;
}

static void show_events(struct shell *shell, uint32_t wanted) {
    struct stats_hart harts[STATS_HART_MAX];
    uint64_t count = read_harts(shell, harts);
    shell->event_count = 0;
    for (uint64_t i = 0; i < count; i++) {
        if (!read_events(shell, harts[i].index, harts[i].events, wanted)) {
            return;
        }
    }
    if (!shell_instances(shell)) {
        return;
    }
    print_line(&shell->print, "        US HART KIND    TASK            PEER            FRAME");
    for (uint32_t i = 0; i < shell->event_count; i++) {
        figures_event(&shell->print, &shell->names, &shell->instances, &shell->events[i]);
    }
}

void shell_trace(struct shell *shell) {
    enum { USUAL = 20 };
    const char *verb = shell->words.at[1];
    bool has_count = shell->words.count == 3;
    uint64_t wanted = USUAL;
    if (strcmp(verb, "show") == 0) {
        if (has_count && (!words_number(shell->words.at[2], &wanted) || wanted == 0 ||
                          wanted > SHELL_EVENT_MAX)) {
            print_line(&shell->print, "a count is 1 to %u", (uint32_t)SHELL_EVENT_MAX);
            return;
        }
        show_events(shell, (uint32_t)wanted);
        return;
    }
    bool on = strcmp(verb, "on") == 0;
    if ((!on && strcmp(verb, "off") != 0) || has_count) {
        print_line(&shell->print, "usage: trace on|off|show [COUNT]");
        return;
    }
    struct stats_result was = ask(shell, STATS_TRACE_SET, on ? 1 : 0, 0);
    if (was.status == STATUS_OK) {
        print_line(&shell->print, "trace %s, was %s", on ? "on" : "off",
                   was.count != 0 ? "on" : "off");
    }
}
