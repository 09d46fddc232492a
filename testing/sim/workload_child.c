// testing/sim/workload_child.c: making tasks, for those programs that do.
#include <string.h>

#include "kernel/abi/identity.h"
#include "testing/sim/workload_state.h"

void workload_close(struct slot *slot) {
    if (slot->value != 0) {
        enum status status = sys_cap_close(*slot);
        workload_expect(status == STATUS_OK, "a slot cannot be closed", status);
        slot->value = 0;
    }
}

bool workload_made(enum status status, const char *what) {
    workload_expect(status == STATUS_OK || status == STATUS_NO_SPACE, what, status);
    return status == STATUS_OK;
}

// Small enough that all fit, and that a client which keeps making memory is refused before memory
// is used up.
static struct task_limits limits_of(const char *name) {
    struct task_limits limits = {
        .pages = 40, .tasks = 0, .endpoints = 0, .vmos = 0, .slots = CLIENT_SLOT_COUNT};
    if (strcmp(name, "client") == 0) {
        limits.pages = 90;
        limits.vmos = 4;
    } else if (strcmp(name, "manager") == 0) {
        limits.pages = 240;
        limits.tasks = 3;
        limits.vmos = 8;
    }
    return limits;
}

void workload_change_class(struct slot task) {
    if (!workload_now->classes) {
        return;
    }
    enum qos qos = (enum qos)(QOS_IDLE + sim_user_random(QOS_COUNT - 1));
    enum status status = sys_set_qos(task, qos);
    workload_add(&workload_now->class_changes, status == STATUS_OK);
    bool fits = status == STATUS_OK || (status == STATUS_DENIED && qos > QOS_IDLE) ||
                (status == STATUS_BUSY && task.value != CAP_SLOT_NONE);
    workload_expect(fits, "set_qos gave another status", status);
}

// Managers stay at NORMAL, and may give nobody more.
static enum qos ceiling_of(const char *name) {
    bool any = workload_now->classes && strcmp(name, "manager") != 0;
    return any ? (enum qos)sim_user_random(QOS_COUNT) : QOS_DEFAULT;
}

// Some may use a part of their hart only: less than they would.
static uint32_t cpu_of(const char *name) {
    bool any = workload_now->classes && strcmp(name, "manager") != 0 && sim_user_random(4) == 0;
    return any ? 1 + sim_user_random(TASK_SHARE_CPU_MAX / 2) : 0;
}

bool workload_create(struct slot factory, struct slot image, const char *name, struct slot *task) {
    uint64_t offset = 0;
    uint64_t bytes = 0;
    bool found = sim_program_find(name, &offset, &bytes);
    workload_expect(found, "no such program", 0);
    struct task_plan plan = {limits_of(name), ceiling_of(name), {cpu_of(name), 0}};
    struct task_result made = sys_task_create_as(factory, service_id_of(name, strlen(name)), plan);
    if (made.status == STATUS_DENIED && factory.value == MANAGER_SLOT_FACTORY) {
        return false;
    }
    if (!workload_made(made.status, "task_create gave another status")) {
        return false;
    }
    *task = made.slot;
    return workload_made(sys_task_load(made.slot, image, offset, bytes).status,
                         "task_load gave another status");
}

// A hart that has not come up yet is refused.
void workload_start(struct slot task, uint64_t argument) {
    uint32_t hart_count = sim_hart_count();
    uint32_t hart = sim_user_random(2 * hart_count);
    enum status status = hart < hart_count ? sys_task_start(task, argument, hart) : STATUS_BAD_ARG;
    if (status == STATUS_BAD_ARG) {
        status = sys_task_start(task, argument, TASK_HART_ANY);
    }
    workload_expect(status == STATUS_OK, "task_start failed", status);
    workload_count(&workload_now->tasks_started);
}
