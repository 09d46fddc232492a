// services/console/figures.h: what the kernel and services tell of themselves, as lines: tasks, the
// machine, events, counts, the capabilities and routes of the console itself.
// Units:     those of kernel/abi/stats.h; milliseconds, microseconds and per cent in the lines.
// Ownership: everything is read, nothing kept.
// Blocking:  never.
#pragma once

#include "ipc/client.h"
#include "ipc/wire/server_wire.h"
#include "kernel/abi/stats.h"
#include "services/console/names.h"
#include "services/console/print.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { FIGURES_TASK_MAX = 256 };

// Which instance is whose.
struct instances {
    uint32_t count;
    uint32_t instance[FIGURES_TASK_MAX];
    uint64_t service_id[FIGURES_TASK_MAX];
};

// More than there is room for are left out.
void instances_add(struct instances *instances, const struct stats_task *task);

// What to say of an instance: its service's name, or #NUMBER.
void figures_instance(struct print *print, const struct names *names,
                      const struct instances *instances, uint32_t instance);

// What the kernel does not tell of a task.
struct task_cost {
    uint64_t now_ns;      // What its share of the time is of.
    uint32_t stack_used;  // 0: unknown.
};

void figures_task_head(struct print *print);
void figures_task(struct print *print, const struct names *names, const struct instances *instances,
                  const struct stats_task *task, const struct task_cost *cost);

void figures_system(struct print *print, const struct stats_system *system);
void figures_hart_head(struct print *print);
void figures_hart(struct print *print, const struct stats_hart *hart);

void figures_event(struct print *print, const struct names *names,
                   const struct instances *instances, const struct trace_event *event);

// A message of COUNTS, OPERATION or CLIENT that was answered with OK.
void figures_counts(struct print *print, const struct server_message *counts);
void figures_stack(struct print *print, const struct server_message *counts);
void figures_operation_head(struct print *print);
void figures_operation(struct print *print, const char *name,
                       const struct server_message *operation);
void figures_client(struct print *print, const struct server_message *client);

void figures_cap_head(struct print *print);
void figures_cap(struct print *print, uint32_t slot, const struct query_result *found);

void figures_route_head(struct print *print);
void figures_route(struct print *print, const struct names *names, const struct route *route);
// What routes and calls went through.
void figures_steps_head(struct print *print);
void figures_step(struct print *print, const struct names *names,
                  const struct route_trace_record *record);

// Words for enum ipc_error and enum ipc_served; "?" for others.
const char *figures_error_name(uint32_t error);
const char *figures_served_name(uint32_t served);

// How the console's own calls were served.
void figures_outcomes(struct print *print, const struct ipc_stats *stats);

#ifdef __cplusplus
}
#endif
